"""The house store: the guests in house, each sealed to the house key and to a key of their stay alone.

The stay's key lies in the erasable file, outside the database: once it is overwritten, neither deleted
pages nor backups of the database say anything more.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from records import suite
from records.erasable import ErasableKeys, require_overwriting
from records.errors import CannotOpen, KeyFileRefused
from records.stays import AwareTime, EventKind, Guest, Stay, Venue
from records.suite import HybridSecretKey, make_context
from terminal.codes import ProblemCode
from terminal.errors import NotSaved, StoreRefused
from terminal.store.database import Connection, Database

SLOTS = 2048
HIGHEST_NUMBER = 999
_SALT_BYTES = 16
_COLUMNS = "stay, number, room, arrived_s, planned_departure, departed_s, acknowledgement"


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event of the stay that no later one has replaced, and the stay as it stood then."""

    record: str  # record id, hexadecimal
    event: EventKind
    stay: Stay = field(repr=False)
    captured_at: AwareTime  # UTC


@dataclass(frozen=True, slots=True)
class HouseRecord:
    """What is sealed of a guest in house: all that later events of the stay need."""

    guest: Guest = field(repr=False)
    stay: Stay = field(repr=False)
    venue: Venue
    slip_key: bytes = field(repr=False)
    events: tuple[HeldEvent, ...] = ()  # in the order of their numbers; all hold the guest as above


@dataclass(frozen=True, slots=True)
class HouseRow:
    """What can be read of a stay without any key."""

    stay: str  # stay id, 32 hexadecimal digits
    number: int
    room: str
    arrived_at: datetime  # aware UTC
    planned_departure: date
    departed_at: datetime | None
    acknowledgement: str | None


class HouseStore:
    """The guests in house. `add`, `update` and `mark_departed` belong into the transaction that fills the outbox."""

    def __init__(self, database: Database, keys: ErasableKeys, house: HybridSecretKey, terminal: bytes) -> None:
        self._database, self._keys, self._house, self._terminal = database, keys, house, terminal
        # A full disk must not keep the counter from starting; the uploader tries the first of them again.
        for tidy in (self.forget_departed, self.release_unused):
            with suppress(NotSaved):
                tidy()

    def add(self, connection: Connection, stay: str, record: HouseRecord) -> int:
        """Keep a guest. Return the stay's running number. Raises: NotSaved(HOUSE_FULL) and others."""
        number = _choose_number(connection)
        slot, salt = self._keys.find_empty(), os.urandom(_SALT_BYTES)
        if slot is None:
            raise NotSaved(ProblemCode.HOUSE_FULL)
        slot_key = os.urandom(suite.KEY_BYTES)
        try:
            # On disk before the row: a row whose key is lost would be a guest without a name.
            self._keys.write(slot, slot_key)
        except (OSError, KeyFileRefused):
            raise NotSaved from None
        sealed = self._seal(stay, record, slot_key, salt)
        connection.execute(
            "INSERT INTO house VALUES (?, ?, ?, ?, ?, NULL, ?, ?, ?, NULL)",
            (
                stay, number, record.stay.room, int(record.stay.arrived_at.timestamp()),
                record.stay.planned_departure.isoformat(), slot, salt, sealed,
            ),
        )  # fmt: skip
        return number

    def update(self, connection: Connection, stay: str, record: HouseRecord) -> None:
        """Keep a stay as it now stands, under the same key and a new salt. Raises: NotSaved."""
        (slot,) = connection.execute("SELECT slot FROM house WHERE stay = ?", (stay,)).fetchone()
        slot_key, salt = self._keys.read(slot), os.urandom(_SALT_BYTES)
        if slot_key is None:
            raise NotSaved
        connection.execute(
            "UPDATE house SET room = ?, planned_departure = ?, salt = ?, sealed = ? WHERE stay = ?",
            (
                record.stay.room, record.stay.planned_departure.isoformat(), salt,
                self._seal(stay, record, slot_key, salt), stay,
            ),
        )  # fmt: skip

    def mark_departed(self, connection: Connection, stay: str, departed_at: datetime) -> None:
        """Take note that a guest has left or never stayed; the stay is forgotten once all of it is receipted."""
        connection.execute("UPDATE house SET departed_s = ? WHERE stay = ?", (int(departed_at.timestamp()), stay))

    def list_rows(self) -> list[HouseRow]:
        """Return all stays, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM house ORDER BY arrived_s, rowid").fetchall()
        return [_read_row(*row) for row in rows]

    def open_all(self) -> dict[str, HouseRecord]:
        """Return every stay that can be opened; the others' keys are gone or not there yet."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT stay, slot, salt, sealed FROM house").fetchall()
        opened = ((stay, self._open(stay, slot, salt, sealed)) for stay, slot, salt, sealed in rows)
        return {stay: record for stay, record in opened if record is not None}

    def forget_departed(self) -> list[str]:
        """Forget the stays that have left and have nothing more to send. Return their ids. Raises: NotSaved."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT stay, slot FROM house WHERE departed_s IS NOT NULL AND NOT EXISTS"
                " (SELECT 1 FROM outbox WHERE outbox.stay = house.stay AND state <> 'delivered')"
            ).fetchall()
            # The key first: if we are cut short now, the row is found again and holds nothing.
            self._release(slot for _, slot in rows)
            connection.executemany("DELETE FROM house WHERE stay = ?", [(stay,) for stay, _ in rows])
        return [stay for stay, _ in rows]

    def release_unused(self) -> None:
        """Free the slots that no stay uses: of check-ins that were not committed. Raises: NotSaved."""
        with self._database.transaction() as connection:
            used = {slot for (slot,) in connection.execute("SELECT slot FROM house")}
            self._release(slot for slot in self._keys.list_live() if slot not in used)

    def _release(self, slots: Iterable[int]) -> None:
        try:
            for slot in slots:
                self._keys.release(slot)
        except OSError:
            raise NotSaved from None

    def _seal(self, stay: str, record: HouseRecord, slot_key: bytes, salt: bytes) -> bytes:
        inner = self._house.public.seal(msgspec.json.encode(record), self._context(stay))
        # The salt gives each version of a stay a key of its own, as `encrypt_once` demands.
        return suite.encrypt_once(suite.derive_key(slot_key, salt, self._context(stay)), inner, self._context(stay))

    def _open(self, stay: str, slot: int, salt: bytes, sealed: bytes) -> HouseRecord | None:
        slot_key = self._keys.read(slot)
        if slot_key is None:
            return None
        try:
            key = suite.derive_key(slot_key, salt, self._context(stay))
            inner = suite.decrypt_once(key, sealed, self._context(stay))
            return msgspec.json.decode(self._house.open(inner, self._context(stay)), type=HouseRecord)
        except (CannotOpen, msgspec.MsgspecError, ValueError):
            return None

    def _context(self, stay: str) -> bytes:
        return make_context("house store", self._terminal, bytes.fromhex(stay))


def open_house(
    database: Database, path: Path, house: HybridSecretKey, terminal: bytes, *, any_file_system: bool
) -> HouseStore:
    """Open the house store with its key file at `path`, or make it. Raises: StoreRefused, NotSaved.

    `any_file_system` is for the demonstration, which may run where overwritten blocks are kept.
    """
    try:
        if path.exists():
            if not any_file_system:
                require_overwriting(path.parent)  # the file may have been moved or restored
            keys = ErasableKeys.load(path)
        else:
            keys = ErasableKeys.create(path, 0, SLOTS, any_file_system=any_file_system)
    except KeyFileRefused as error:
        raise StoreRefused(f"key file: {error.field}") from None
    return HouseStore(database, keys, house, terminal)


def _choose_number(connection: Connection) -> int:
    """Return the next running number that nobody in house has."""
    (number,) = connection.execute("SELECT last_number FROM terminal").fetchone()
    taken = {each for (each,) in connection.execute("SELECT number FROM house")}
    while True:
        # With more stays than numbers, two may share one: it only tells apart who shares a room.
        number = number % HIGHEST_NUMBER + 1
        if number not in taken or len(taken) >= HIGHEST_NUMBER:
            break
    connection.execute("UPDATE terminal SET last_number = ?", (number,))
    return int(number)


def _read_row(
    stay: str,
    number: int,
    room: str,
    arrived_s: int,
    planned_departure: str,
    departed_s: int | None,
    acknowledgement: str | None,
) -> HouseRow:
    return HouseRow(
        stay,
        number,
        room,
        datetime.fromtimestamp(arrived_s, UTC),
        date.fromisoformat(planned_departure),
        None if departed_s is None else datetime.fromtimestamp(departed_s, UTC),
        acknowledgement,
    )
