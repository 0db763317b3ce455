"""What the companion remembers of each stay: handle, permit, tries, and whether it is over. No person is in it.

A stay gets its row once, when it is first seen; a row that is settled never opens again. If the file is lost, its
stays are too old to be given a handle anew, and so are never compared.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

LEDGER_FAULTS = (sqlite.Error, OSError)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS stays (
    stay TEXT PRIMARY KEY,
    handle BLOB NOT NULL,
    permit INTEGER NOT NULL,                -- number of the permit in force at check-in, 0 for none
    permit_digest BLOB NOT NULL,            -- of its signed note: another note under the number is another permit
    tries INTEGER NOT NULL,
    settled TEXT NOT NULL                   -- why it is over, '' while it is open
) STRICT;
CREATE TABLE IF NOT EXISTS highest (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL,
    digest BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS stopped (permit INTEGER PRIMARY KEY) STRICT;
"""


class Settled(StrEnum):
    """Why a stay is over for the companion: for good."""

    SETTLED = "settled"  # the relay said so: hit or miss, nobody here knows
    NO_PERMIT = "no permit"  # at check-in
    OTHER_PERMIT = "other permit"  # than at check-in is in force
    STOPPED = "stopped"
    LATE = "late"  # seen or ready too late after check-in
    LEFT = "left"
    NEVER = "never"  # a minor, a typed document, none, or a kind that is not compared
    GIVEN_UP = "given up"  # after the last try, or refused by the desk


@dataclass(frozen=True, slots=True)
class StayRow:
    """One stay."""

    stay: str
    handle: bytes
    permit: int
    permit_digest: bytes
    tries: int
    settled: str


class Ledger:
    """The file `comparing.db`. Every change is on disk before it returns. Any thread may use it."""

    def __init__(self, path: Path) -> None:
        # The write-ahead log gets the mode of the database.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._connection = sqlite.connect(str(path), isolation_level=None, check_same_thread=False)
        self._lock = threading.RLock()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def list_all(self) -> dict[str, StayRow]:
        """Return every row by its stay."""
        with self._lock:
            found = self._connection.execute("SELECT stay, handle, permit, permit_digest, tries, settled FROM stays")
            return {row[0]: StayRow(*row) for row in found.fetchall()}

    def add(self, stay: str, handle: bytes, permit: int, digest: bytes, settled: str = "") -> None:
        """Give a stay its row; one that has a row keeps it."""
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO stays VALUES (?, ?, ?, ?, 0, ?) ON CONFLICT DO NOTHING",
                (stay, handle, permit, digest, settled),
            )

    def count_try(self, stay: str, most: int) -> bool:
        """Count one more try before it is made; False where there were `most`, or the stay is settled."""
        with self._writing() as connection:
            statement = "UPDATE stays SET tries = tries + 1 WHERE stay = ? AND settled = '' AND tries < ?"
            return bool(connection.execute(statement, (stay, most)).rowcount == 1)

    def settle(self, stay: str, why: Settled) -> None:
        """End a stay for good; the first reason stays."""
        with self._writing() as connection:
            connection.execute("UPDATE stays SET settled = ? WHERE stay = ? AND settled = ''", (str(why), stay))

    def keep_only(self, present: Collection[str]) -> None:
        """Forget the stays that have left the house store."""
        gone = [(stay,) for stay in self.list_all() if stay not in present]
        if gone:
            with self._writing() as connection:
                connection.executemany("DELETE FROM stays WHERE stay = ?", gone)

    def raise_highest(self, name: str, value: int, digest: bytes = b"") -> bool:
        """Take a value that is as high as any before, under its digest; False for a lower one, or another digest."""
        with self._writing() as connection:
            row = connection.execute("SELECT value, digest FROM highest WHERE name = ?", (name,)).fetchone()
            if row is not None and (row[0] > value or (row[0] == value and bytes(row[1]) != digest)):
                return False
            connection.execute(
                "INSERT INTO highest VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value,"
                " digest = excluded.digest",
                (name, value, digest),
            )
        return True

    def find_highest(self, name: str) -> int:
        """Return the highest value, 0 before the first."""
        with self._lock:
            row = self._connection.execute("SELECT value FROM highest WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])

    def note_stop(self, permit: int) -> None:
        """Take note of a stop for ever: whoever withholds it later takes nothing back."""
        with self._writing() as connection:
            connection.execute("INSERT INTO stopped VALUES (?) ON CONFLICT DO NOTHING", (permit,))

    def is_stopped(self, permit: int) -> bool:
        """Tell whether a stop of this permit was ever seen."""
        with self._lock:
            row = self._connection.execute("SELECT 1 FROM stopped WHERE permit = ?", (permit,)).fetchone()
        return row is not None

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def open_ledger(path: Path) -> Ledger:
    """Open the file; one that is damaged is thrown away, and with it the handles of all that are in house.

    Raises: OSError and sqlite.Error where a new one cannot be made either.
    """
    try:
        return Ledger(path)
    except sqlite.DatabaseError:
        for each in (path, *path.parent.glob(f"{path.name}-*")):
            each.unlink(missing_ok=True)
        return Ledger(path)
