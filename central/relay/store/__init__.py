"""The relay's own database: sealed alerts until the station has them, and mail. Comparisons never get here."""

from central.relay.store.alerts import AlertRow, delete_alerts, insert_alerts, list_alerts
from central.relay.store.base import Store, StoreError, open_relay_store
from central.relay.store.mail import LetterRow, delete_letters, insert_letter, list_letters, list_letters_of_kind
from central.relay.store.notices import load_notice, save_notice

__all__ = [
    "AlertRow",
    "LetterRow",
    "Store",
    "StoreError",
    "delete_alerts",
    "delete_letters",
    "insert_alerts",
    "insert_letter",
    "list_alerts",
    "list_letters",
    "list_letters_of_kind",
    "load_notice",
    "open_relay_store",
    "save_notice",
]
