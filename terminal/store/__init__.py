"""What the terminal keeps on disk: one SQLite file with outbox and house store, and two key files beside it.

Nothing in the database can be read without a key: envelopes are sealed to others, guests in house to the
house key and to a key of their stay in the erasable file. Rooms, stay numbers and times stand in the clear.
"""

from terminal.store.database import Connection, Database, open_database
from terminal.store.deliveries import Change, DeliveryQueue, DeliveryRow, DeliveryState
from terminal.store.house import HeldEvent, HouseRecord, HouseRow, HouseStore, open_house
from terminal.store.house_key import HouseKey, open_house_key
from terminal.store.kept import KeptEntry, KeptKind, KeptStore
from terminal.store.key_salvage import HOUSE_KEY_FILE, KEY_FILE, KeyLoss, open_or_salvage_house
from terminal.store.left import LeftProofs
from terminal.store.notices import NoticeStore
from terminal.store.outbox import Outbox, QueueFigures, Refused, StayDelivery, Verdict, Waiting
from terminal.store.set_aside import SetAside, open_or_salvage

__all__ = [
    "HOUSE_KEY_FILE",
    "KEY_FILE",
    "Change",
    "Connection",
    "Database",
    "DeliveryQueue",
    "DeliveryRow",
    "DeliveryState",
    "HeldEvent",
    "HouseKey",
    "HouseRecord",
    "HouseRow",
    "HouseStore",
    "KeptEntry",
    "KeptKind",
    "KeptStore",
    "KeyLoss",
    "LeftProofs",
    "NoticeStore",
    "Outbox",
    "QueueFigures",
    "Refused",
    "SetAside",
    "StayDelivery",
    "Verdict",
    "Waiting",
    "open_database",
    "open_house",
    "open_house_key",
    "open_or_salvage",
    "open_or_salvage_house",
]
