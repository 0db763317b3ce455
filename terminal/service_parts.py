"""What telling a receiving service works on: shared by the thread that delivers and the counter's own view of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from records.errors import CannotOpen
from terminal.desk import Desk
from terminal.destinations.line import Line
from terminal.destinations.tables import Tables, decode_tables
from terminal.destinations.terms import Credentials, Destination
from terminal.store import DeliveryQueue, DeliveryRow, HouseRecord, KeptKind, KeptStore
from terminal.store.service_tables import read_tables

CREDENTIALS_NAME = "credentials"


class Told(msgspec.Struct, frozen=True):
    """What is sealed beside a stay: the bytes as they left, and what the service said of them."""

    data: bytes
    words: str = ""
    proof: bytes = b""


@dataclass(slots=True)
class ServiceParts:
    """What delivering works on. One for a process, shared with the counter's own view of it."""

    desk: Desk
    destination: Destination
    queue: DeliveryQueue
    kept: KeptStore
    line: Line = field(repr=False)
    tables: Tables = field(default_factory=Tables, repr=False)
    tables_at: datetime | None = None

    def load_tables(self) -> None:
        """Take the tables that were kept."""
        found = read_tables(self.desk.database, self.destination.id)
        if found is not None:
            self.tables, self.tables_at = decode_tables(found[0]), found[1]

    def find_credentials(self) -> Credentials | None:
        """Return the venue's credentials. Raises: CannotOpen while the house key is closed."""
        try:
            data = self.kept.get(KeptKind.CREDENTIALS, CREDENTIALS_NAME)
        except CannotOpen:
            if not self.desk.house.key.is_open:
                raise
            return None  # sealed by the secret of another machine: somebody types them again, or the card
        return None if data is None else msgspec.json.decode(data, type=Credentials)

    def open_told(self, row: DeliveryRow, record: HouseRecord) -> Told | None:
        """Return what was sent of a row, None where nothing was or it cannot be opened."""
        data = self.desk.house.open_beside(row.stay, record, row.sealed) if row.sealed else None
        return None if data is None else msgspec.json.decode(data, type=Told)

    def seal_told(self, stay: str, record: HouseRecord, told: Told) -> bytes:
        """Seal what is or was sent of a row. Raises: NotSaved."""
        return self.desk.house.seal_beside(stay, record, msgspec.json.encode(told))
