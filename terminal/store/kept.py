"""What the terminal keeps for itself, sealed to the house key: the venue's credentials and the service's receipts.

Not guests: those lie in the house store, each under a key of its own that can be destroyed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from records.errors import CannotOpen
from records.suite import HybridSecretKey, make_context
from terminal.store.database import Connection, Database
from terminal.store.house_key import HouseKey


class KeptKind(StrEnum):
    """What may be kept."""

    CREDENTIALS = "credentials"
    RECEIPT = "receipt"  # of the service, for a day
    REGISTRATION = "registration"  # what was sent of one guest, only where the law says that the house keeps it


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """One thing that is kept; what it says is opened by itself."""

    kind: KeptKind
    name: str  # of a receipt its day and file name; no guest data
    media_type: str
    kept_at: datetime
    until: datetime | None  # deleted then; None: as long as the terminal


class KeptStore:
    """The kept things of one terminal."""

    def __init__(self, database: Database, key: HouseKey, terminal: bytes) -> None:
        self._database, self._key, self._terminal = database, key, terminal

    def put(
        self,
        connection: Connection,
        kind: KeptKind,
        name: str,
        data: bytes,
        *,
        now: datetime,
        until: datetime | None = None,
        media_type: str = "",
    ) -> None:
        """Keep something under its kind and name, in place of what was there."""
        sealed = self._key.public.seal(data, self._context(kind, name))
        connection.execute(
            "INSERT OR REPLACE INTO kept (kind, name, media_type, kept_s, until_s, sealed) VALUES (?, ?, ?, ?, ?, ?)",
            (kind, name, media_type, now.timestamp(), None if until is None else until.timestamp(), sealed),
        )

    def get(self, kind: KeptKind, name: str) -> bytes | None:
        """Return what is kept, None where there is nothing. Raises: CannotOpen while the house key is closed."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT sealed FROM kept WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        return None if row is None else self._key.open(row[0], self._context(kind, name))

    def list_entries(self, kind: KeptKind, limit: int = -1) -> list[KeptEntry]:
        """Return what is kept of a kind, newest first; the newest `limit`, where it is not negative."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT kind, name, media_type, kept_s, until_s FROM kept WHERE kind = ?"
                " ORDER BY kept_s DESC, name LIMIT ?",
                (kind, limit),
            ).fetchall()
        return [
            KeptEntry(KeptKind(each), name, media_type, _moment(kept_s), None if until_s is None else _moment(until_s))
            for each, name, media_type, kept_s, until_s in rows
        ]

    def follow(self, stay: str, until: datetime) -> None:
        """Keep what was told of a stay until another moment. Raises: NotSaved."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE kept SET until_s = ? WHERE kind = ? AND until_s <> ?"
                " AND name IN (SELECT reference FROM delivery WHERE stay = ?)",
                (until.timestamp(), KeptKind.REGISTRATION, until.timestamp(), stay),
            )

    def delete_due(self, now: datetime) -> int:
        """Forget what the law lets go. Return how many. Raises: NotSaved."""
        with self._database.transaction() as connection:
            deleted = connection.execute("DELETE FROM kept WHERE until_s <= ?", (now.timestamp(),))
        return int(deleted.rowcount)

    def recover(self, connection: Connection, secret: HybridSecretKey) -> None:
        """Seal to the present key what an earlier one opens, in the transaction of `HouseStore.recover`."""
        rows = connection.execute("SELECT kind, name, sealed FROM kept").fetchall()
        for kind, name, sealed in rows:
            context = self._context(KeptKind(kind), name)
            try:
                data = secret.open(sealed, context)
            except CannotOpen:
                continue  # kept since
            sealed_anew = self._key.public.seal(data, context)
            connection.execute("UPDATE kept SET sealed = ? WHERE kind = ? AND name = ?", (sealed_anew, kind, name))

    def _context(self, kind: KeptKind, name: str) -> bytes:
        return make_context("kept", self._terminal, kind.encode(), b"\x00", name.encode())


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
