"""The terminal's one SQLite file: schema, transactions, and what a full disk looks like."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

from terminal.codes import ProblemCode
from terminal.errors import NotSaved, StoreDamaged, StoreRefused
from terminal.keys import sync_folder

SCHEMA_VERSION = 2
_SQLITE_FULL = 13
# SQLITE_ERROR (here: a table is not there), SQLITE_CORRUPT, SQLITE_NOTADB (sqlite.org/rescode.html)
_DAMAGES = {1, 11, 26}
_SCHEMA = """
CREATE TABLE terminal (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id BLOB NOT NULL,
    generation INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,         -- of this generation; numbers have no gaps and are never used again
    acknowledged_through INTEGER NOT NULL,  -- what central last said of this generation
    last_number INTEGER NOT NULL            -- the running number given to the latest stay
) STRICT;
CREATE TABLE outbox (
    generation INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('record', 'void')),
    event TEXT NOT NULL,                    -- EventKind, or '' of a void
    stay TEXT NOT NULL,
    envelope BLOB NOT NULL,
    digest BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'refused')),
    boot TEXT NOT NULL,                     -- the moment from which the age counts (clock.Stamp)
    boottime_s REAL NOT NULL,
    wall_s REAL NOT NULL,
    age_s REAL NOT NULL,                    -- what it had waited at that moment
    receipt BLOB,
    delivered_s REAL,                       -- wall clock, for deleting
    refusal BLOB,
    PRIMARY KEY (generation, sequence, kind)
) STRICT;
CREATE INDEX outbox_open ON outbox (generation, sequence) WHERE state <> 'delivered';
CREATE INDEX outbox_stay ON outbox (stay);
CREATE TABLE house (
    stay TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    room TEXT NOT NULL,
    arrived_s INTEGER NOT NULL,
    planned_departure TEXT NOT NULL,
    departed_s INTEGER,
    slot INTEGER NOT NULL UNIQUE,
    salt BLOB NOT NULL,
    sealed BLOB NOT NULL,
    acknowledgement TEXT,                   -- text of the check-in's receipt; of earlier versions its number alone
    check_out_waits INTEGER NOT NULL,       -- 1: noted while the guest could not be read, and not sealed yet
    told_s INTEGER                          -- since when the screen says that the guest should have left
) STRICT;
CREATE TABLE house_key (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    public BLOB NOT NULL,
    proof BLOB NOT NULL,                    -- by the local secret: nobody else has put this key here
    is_stand_in INTEGER NOT NULL,           -- 1: until central's share has come for the first time
    card BLOB,                              -- the reading half under the recovery card's code
    card_made_s INTEGER
) STRICT;
"""

# Beside the tables above, empty where nothing is delivered to a receiving service: an older file just gets them.
_DELIVERY_SCHEMA = """
CREATE TABLE IF NOT EXISTS delivery (
    number INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    stay TEXT NOT NULL,
    party TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('arrival', 'correction', 'annulment', 'departure')),
    state TEXT NOT NULL CHECK (state IN (
        'waiting', 'sending', 'pending', 'accepted', 'refused', 'unverified', 'handed_in', 'withdrawn')),
    ready_s REAL NOT NULL,                  -- wall clock; not sent before
    due_s REAL NOT NULL,                    -- wall clock; the law's deadline
    attempts INTEGER NOT NULL DEFAULT 0,
    sent_s REAL,
    settled_s REAL,
    handle TEXT NOT NULL DEFAULT '',        -- the service's name of it
    code TEXT NOT NULL DEFAULT '',          -- of a refusal
    about TEXT NOT NULL DEFAULT '',         -- of a refusal: which field
    sealed BLOB                             -- what left, and what the service said: under the stay's key
) STRICT;
CREATE INDEX IF NOT EXISTS delivery_open ON delivery (number)
    WHERE state NOT IN ('accepted', 'handed_in', 'withdrawn');
CREATE INDEX IF NOT EXISTS outbox_left ON outbox (generation, sequence, stay, delivered_s)
    WHERE state = 'delivered' AND event IN ('check_in', 'correct');
CREATE INDEX IF NOT EXISTS outbox_cancelled ON outbox (stay) WHERE event = 'cancel';
CREATE INDEX IF NOT EXISTS delivery_stay ON delivery (stay);
CREATE TABLE IF NOT EXISTS kept (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    kept_s REAL NOT NULL,
    until_s REAL,                           -- deleted then; NULL: never by itself
    sealed BLOB NOT NULL,                   -- to the house key
    PRIMARY KEY (kind, name)
) STRICT;
CREATE TABLE IF NOT EXISTS house_key_before (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    public BLOB NOT NULL,                   -- made by the secret of another machine, or of this one before it broke
    card BLOB NOT NULL,                     -- its reading half under the recovery card's code
    card_made_s INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS notices (
    number INTEGER PRIMARY KEY,
    data BLOB NOT NULL,                     -- as central signed it
    seen_s REAL                             -- wall clock; NULL: nobody at the counter has read it
) STRICT;
CREATE TABLE IF NOT EXISTS service_tables (
    destination TEXT PRIMARY KEY,
    fetched_s REAL NOT NULL,
    data BLOB NOT NULL                      -- the service's public tables of codes
) STRICT;
"""

# The engine ships no types; a connection is used inside `transaction` only.
Connection = Any


class Database:
    """One file, one connection, one thread in it at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Run statements that are committed together, on disk when the block has ended.

        Raises: NotSaved when the disk refuses; then nothing was changed.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except sqlite.Error as error:
                self._roll_back()
                raise NotSaved(_find_problem(error)) from None
            except BaseException:
                self._roll_back()
                raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Run queries. Raises: NotSaved when the disk refuses."""
        with self._lock:
            try:
                yield self._connection
            except sqlite.Error as error:
                raise NotSaved(_find_problem(error)) from None

    def close(self) -> None:
        """Close the file; waits for a transaction under way."""
        with self._lock:
            self._connection.close()

    def _roll_back(self) -> None:
        # SQLite may have rolled back by itself, as it does when the disk is full.
        with suppress(sqlite.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def open_database(path: Path, terminal: bytes) -> Database:
    """Open the terminal's database, or make it; also on a full disk.

    Raises: StoreDamaged where its pages do not fit together, StoreRefused for anything else.
    Cost: reads the whole file, 0.1 s for 10,000 records.
    """
    is_new = not path.exists()
    try:
        database = _open(path, terminal)
    except sqlite.Error as error:
        if _is_damage(error):
            raise StoreDamaged("form") from None
        # A full disk has no room for the file in which several processes share the log; who is alone needs none.
        try:
            database = _open(path, terminal, is_alone=True)
        except sqlite.Error as error:
            raise StoreRefused("disk full" if _is_full(error) else "form") from None
    if is_new:
        sync_folder(path.parent)
    return database


def _open(path: Path, terminal: bytes, *, is_alone: bool = False) -> Database:
    connection = sqlite.connect(str(path), isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        path.chmod(0o600)
        if is_alone:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        _prepare_schema(connection, terminal)
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise StoreDamaged("pages")
    except BaseException:
        connection.close()
        raise
    return Database(connection)


def _is_full(error: sqlite.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == _SQLITE_FULL


def _find_problem(error: sqlite.Error) -> ProblemCode:
    if _is_full(error):
        return ProblemCode.DISK_FULL
    return ProblemCode.DATABASE_DAMAGED if _is_damage(error) else ProblemCode.NOT_SAVED


def _is_damage(error: sqlite.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGES


def _prepare_schema(connection: Connection, terminal: bytes) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        # In one transaction, the version included: a start that was cut short leaves nothing behind.
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
    elif version != SCHEMA_VERSION:
        raise StoreRefused("made by another version of this program")
    connection.executescript(f"BEGIN IMMEDIATE; {_DELIVERY_SCHEMA} COMMIT;")
    connection.execute("INSERT OR IGNORE INTO terminal VALUES (1, ?, 1, 0, 0, 0)", (terminal,))
    (owner,) = connection.execute("SELECT id FROM terminal").fetchone()
    if owner != terminal:
        raise StoreRefused("another terminal's")
