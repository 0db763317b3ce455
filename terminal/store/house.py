"""The house store: the guests in house, each sealed to the house key and to a key of their stay alone.

The stay's key lies in the erasable file, outside the database: once it is overwritten, neither deleted
pages nor backups of the database say anything more. While the house key is closed, guests are added and leave
as always; only who they are cannot be read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec

from records import suite
from records.erasable import ErasableKeys
from records.errors import CannotOpen, KeyFileRefused
from records.profile import ProfileField
from records.receipt import Receipt, recall_receipt
from records.receipt_text import PREFIX, read_receipt_bytes
from records.stays import AwareTime, EventKind, Guest, Stay, Venue
from records.suite import HybridPublicKey, HybridSecretKey, make_context
from terminal.codes import ProblemCode
from terminal.errors import NotSaved
from terminal.store.database import Connection, Database
from terminal.store.house_key import HouseKey
from terminal.store.key_file import open_key_file

SLOTS = 2048
HIGHEST_NUMBER = 999
_SALT_BYTES = 16
# Whoever was never checked out is forgotten so long after the planned departure, and told for so long before.
FORGET_AFTER = timedelta(days=7)
TOLD_FOR = timedelta(days=1)
_COLUMNS = "stay, number, room, arrived_s, planned_departure, departed_s, acknowledgement, check_out_waits, told_s"
_IS_STUCK = "(departed_s IS NULL OR check_out_waits = 1)"
_IS_RECEIPTED = (
    "NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.stay = house.stay AND state <> 'delivered')"
    " AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.stay = house.stay"
    " AND state NOT IN ('accepted', 'handed_in', 'withdrawn'))"
)


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
    # Where there is a destination: what was asked beyond the document, and the booking the guest came with.
    answers: dict[ProfileField, str] = field(default_factory=dict, repr=False)
    party: str = ""
    # The law has let the guest's data go: the name and the room are left, for the counter's own list.
    is_reduced: bool = False


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
    receipt: Receipt | None  # of the check-in, once received; an earlier version kept its number alone
    check_out_waits: bool  # noted while the guest could not be read, and not sealed yet
    told_at: datetime | None  # since when the screen says that the guest should have left


class HouseStore:
    """The guests in house. `add`, `update` and `mark_departed` belong into the transaction that fills the outbox."""

    def __init__(self, database: Database, keys: ErasableKeys, key: HouseKey, terminal: bytes) -> None:
        self._database, self._keys, self._terminal = database, keys, terminal
        self.key = key
        # What else is sealed to an earlier key, and sealed anew with the guests.
        self.on_recovered: Callable[[Connection, HybridSecretKey], None] = lambda _connection, _secret: None
        # A full disk must not keep the counter from starting; the uploader tries the first of them again.
        for tidy in (self.forget_departed, self.release_unused):
            with suppress(NotSaved):
                tidy()

    def add(self, connection: Connection, stay: str, record: HouseRecord) -> int:
        """Keep a guest. Return the stay's running number. Raises: NotSaved(HOUSE_FULL) and others."""
        number = _choose_number(connection)
        # A slot may be empty and not free: of a guest whose key was lost with a damaged file.
        taken = {each for (each,) in connection.execute("SELECT slot FROM house")}
        slot, salt = self._keys.find_empty(spare=taken), os.urandom(_SALT_BYTES)
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
            "INSERT INTO house VALUES (?, ?, ?, ?, ?, NULL, ?, ?, ?, NULL, 0, NULL)",
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

    def mark_departed(
        self, connection: Connection, stay: str, departed_at: datetime, *, check_out_waits: bool = False
    ) -> None:
        """Take note that a guest has left or never stayed; the stay is forgotten once all of it is receipted.

        `check_out_waits` where the event that says so cannot be sealed yet; a later call takes it back.
        """
        connection.execute(
            "UPDATE house SET departed_s = ?, check_out_waits = ? WHERE stay = ?",
            (int(departed_at.timestamp()), int(check_out_waits), stay),
        )

    def take_share(self, share: bytes, known: Mapping[str, HouseRecord]) -> bool:
        """Open the house key with central's share, and seal everything anew where it was sealed to another key.

        `known` are stays that are in memory: they need not be opened. What cannot be opened stays as it is, and opens
        again should the share it was sealed with come back. Return False, and change nothing, where it is another
        share than that of a closed list which a recovery card could still open. Raises: NotSaved.
        """
        secret = self.key.derive(share)
        if self.key.open_with(secret):
            return True
        if not self.key.is_open and self.key.find_card_day() is not None and self.list_rows():
            return False
        with self._database.transaction() as connection:
            for stay, slot, salt, sealed in connection.execute("SELECT stay, slot, salt, sealed FROM house").fetchall():
                record = known.get(stay) or self._open(stay, slot, salt, sealed)
                slot_key, fresh = self._keys.read(slot), os.urandom(_SALT_BYTES)
                if record is not None and slot_key is not None:
                    connection.execute(
                        "UPDATE house SET salt = ?, sealed = ? WHERE stay = ?",
                        (fresh, self._seal(stay, record, slot_key, fresh, secret.public), stay),
                    )
            self.key.replace(connection, secret)
        self.key.settle(secret)
        return True

    def unlock(self, code: bytes) -> bool:
        """Open with a recovery card's code what is closed. Return whether the code is good. Raises: NotSaved."""
        if not self.key.has_before:
            return self.key.open_with_card(code)
        secret = self.key.recover_before(code)
        if secret is not None:
            self._recover(secret)
        return secret is not None

    def _recover(self, secret: HybridSecretKey) -> None:
        """Seal to the present key whoever is sealed to an earlier one."""
        with self._database.transaction() as connection:
            for stay, slot, salt, sealed in connection.execute("SELECT stay, slot, salt, sealed FROM house").fetchall():
                record = self._open(stay, slot, salt, sealed, secret)
                slot_key, fresh = self._keys.read(slot), os.urandom(_SALT_BYTES)
                if record is not None and slot_key is not None:
                    connection.execute(
                        "UPDATE house SET salt = ?, sealed = ? WHERE stay = ?",
                        (fresh, self._seal(stay, record, slot_key, fresh), stay),
                    )
            self.on_recovered(connection, secret)
            self.key.drop_before(connection)
        self.key.destroy_card()

    def give_up_before(self) -> None:
        """Let go of whoever is sealed to the key of an earlier secret: nobody has its card. Raises: NotSaved."""
        with self._database.transaction() as connection:
            self.key.drop_before(connection)
        self.key.destroy_card()

    def seal_beside(self, stay: str, record: HouseRecord, data: bytes) -> bytes:
        """Seal what belongs to a stay and lies beside it: it opens with the stay's key and record, and goes with them.

        Raises: NotSaved.
        """
        salt = os.urandom(_SALT_BYTES)
        with self._database.reading() as connection:
            key = self._derive_beside(connection, stay, record, salt)
        if key is None:
            raise NotSaved
        return salt + suite.encrypt_once(key, data, self._context(stay))

    def open_beside(self, stay: str, record: HouseRecord, sealed: bytes) -> bytes | None:
        """Open what `seal_beside` made, None where the stay's key is gone."""
        with self._database.reading() as connection:
            key = self._derive_beside(connection, stay, record, sealed[:_SALT_BYTES])
        try:
            return None if key is None else suite.decrypt_once(key, sealed[_SALT_BYTES:], self._context(stay))
        except CannotOpen:
            return None

    def _derive_beside(self, connection: Connection, stay: str, record: HouseRecord, salt: bytes) -> bytes | None:
        row = connection.execute("SELECT slot FROM house WHERE stay = ?", (stay,)).fetchone()
        slot_key = None if row is None else self._keys.read(row[0])
        # The slip key is in the sealed record alone: without the house key this stays closed too.
        info = make_context("beside the house store", self._terminal, bytes.fromhex(stay))
        return None if slot_key is None else suite.derive_key(slot_key + record.slip_key, salt, info)

    def list_rows(self) -> list[HouseRow]:
        """Return all stays, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM house ORDER BY arrived_s, rowid").fetchall()
        return [_read_row(*row) for row in rows]

    def count_keyless(self) -> int:
        """Return how many stays have no key of their own any more: nobody can read them again."""
        with self._database.reading() as connection:
            slots = [slot for (slot,) in connection.execute("SELECT slot FROM house")]
        return len(set(slots).difference(self._keys.list_live()))

    def open_all(self) -> dict[str, HouseRecord]:
        """Return every stay that can be opened; the others' keys are gone or not there yet."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT stay, slot, salt, sealed FROM house").fetchall()
        opened = ((stay, self._open(stay, slot, salt, sealed)) for stay, slot, salt, sealed in rows)
        return {stay: record for stay, record in opened if record is not None}

    def forget_departed(self) -> list[str]:
        """Forget the stays that have left and have nothing more to send. Return their ids. Raises: NotSaved."""
        with self._database.transaction() as connection:
            return self._forget(connection, f"departed_s IS NOT NULL AND check_out_waits = 0 AND {_IS_RECEIPTED}")

    def forget_overdue(self, now: datetime, today: date) -> list[str]:
        """Forget whoever was never checked out, a week after the planned departure, all sent and the owner told.

        Takes note of who is overdue: the screen tells them from then on, for a day at the least, whatever the clock
        does. A check-out that could not be sealed until then is given up. Return the stays that are gone. `now` is
        aware, `today` the venue's date. Raises: NotSaved.
        """
        now_s = int(now.timestamp())
        with self._database.transaction() as connection:
            day = today.isoformat()
            connection.execute("UPDATE house SET told_s = NULL WHERE planned_departure >= ?", (day,))
            connection.execute(
                f"UPDATE house SET told_s = ? WHERE told_s IS NULL AND planned_departure < ? AND {_IS_STUCK}",
                (now_s, day),
            )
            return self._forget(
                connection,
                f"told_s <= ? AND planned_departure <= ? AND {_IS_STUCK} AND {_IS_RECEIPTED}",
                (now_s - int(TOLD_FOR.total_seconds()), (today - FORGET_AFTER).isoformat()),
            )

    def _forget(self, connection: Connection, condition: str, values: tuple[object, ...] = ()) -> list[str]:
        rows = connection.execute(f"SELECT stay, slot FROM house WHERE {condition}", values).fetchall()
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

    def _seal(
        self, stay: str, record: HouseRecord, slot_key: bytes, salt: bytes, public: HybridPublicKey | None = None
    ) -> bytes:
        inner = (public or self.key.public).seal(msgspec.json.encode(record), self._context(stay))
        # The salt gives each version of a stay a key of its own, as `encrypt_once` demands.
        return suite.encrypt_once(suite.derive_key(slot_key, salt, self._context(stay)), inner, self._context(stay))

    def _open(
        self, stay: str, slot: int, salt: bytes, sealed: bytes, secret: HybridSecretKey | None = None
    ) -> HouseRecord | None:
        slot_key = self._keys.read(slot)
        if slot_key is None:
            return None
        try:
            key = suite.derive_key(slot_key, salt, self._context(stay))
            inner = suite.decrypt_once(key, sealed, self._context(stay))
            context = self._context(stay)
            opened = self.key.open(inner, context) if secret is None else secret.open(inner, context)
            return msgspec.json.decode(opened, type=HouseRecord)
        except (CannotOpen, msgspec.MsgspecError, ValueError):
            return None

    def _context(self, stay: str) -> bytes:
        return make_context("house store", self._terminal, bytes.fromhex(stay))


def open_house(database: Database, path: Path, key: HouseKey, terminal: bytes, *, any_file_system: bool) -> HouseStore:
    """Open the house store with its key file at `path`, or make it. Raises: StoreRefused, NotSaved."""
    return HouseStore(database, open_key_file(path, SLOTS, any_file_system=any_file_system), key, terminal)


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
    check_out_waits: int,
    told_s: int | None,
) -> HouseRow:
    is_whole = (acknowledgement or "").startswith(PREFIX)
    receipt = recall_receipt(read_receipt_bytes(acknowledgement)) if acknowledgement and is_whole else None
    return HouseRow(
        stay,
        number,
        room,
        datetime.fromtimestamp(arrived_s, UTC),
        date.fromisoformat(planned_departure),
        _read_time(departed_s),
        acknowledgement if receipt is None else receipt.acknowledgement,
        receipt,
        bool(check_out_waits),
        _read_time(told_s),
    )


def _read_time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
