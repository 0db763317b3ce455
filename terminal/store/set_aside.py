"""A damaged database: set aside whole, never deleted, and whatever can be read of it goes into a new one.

What comes over is checked as if a stranger had written it: envelopes by their digest and their own number, the house
key by its proof, guests by their seal and their days by the calendar. A number that is missing afterwards shows at
central as one that never came.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import structlog
from pysqlite3 import dbapi2 as sqlite

from records.envelope import parse_envelope
from records.errors import RecordsError
from records.receipt import recall_receipt
from records.receipt_text import PREFIX, read_receipt_bytes
from terminal.errors import NotSaved, StoreDamaged, StoreRefused, TerminalError
from terminal.keys import sync_folder
from terminal.store.database import Connection, Database, open_database
from terminal.store.house import SLOTS

FOLDER = "set-aside"
_UNREAD = "unread"
_DAY = "%Y%m%dT%H%M%SZ"
_LOGS = ("-wal", "-shm")
# In this order: what is sent counts more than what is shown.
_COLUMNS = {
    "terminal": "only_row, id, generation, last_sequence, acknowledged_through, last_number",
    "outbox": "generation, sequence, kind, event, stay, envelope, digest, state, boot, boottime_s, wall_s, age_s,"
    " receipt, delivered_s, refusal",
    "house_key": "only_row, public, proof, is_stand_in, card, card_made_s",
    "house": "stay, number, room, arrived_s, planned_departure, departed_s, slot, salt, sealed, acknowledgement,"
    " check_out_waits, told_s",
    "delivery": "number, reference, stay, party, action, state, ready_s, due_s, attempts, sent_s, settled_s, handle,"
    " code, about, sealed",
    "house_key_before": "only_row, public, card, card_made_s",
    "kept": "kind, name, media_type, kept_s, until_s, sealed",
    "notices": "number, data, seen_s",
    "service_tables": "destination, fetched_s, data",
}
_ENVELOPE, _DIGEST = 5, 6
_STAY = re.compile(r"[0-9a-f]{32}")
# What lies further from today is no day of a guest in house; the clock of a counter may be wrong by much.
_LONGEST = timedelta(days=3653)


@dataclass(frozen=True, slots=True)
class SetAside:
    """The files that were set aside on one terminal."""

    folder: Path

    def find_unread(self) -> datetime | None:
        """Return when a file was set aside that nobody has read of yet."""
        days = sorted(mark.parent.name for mark in self.folder.glob(f"*/{_UNREAD}"))
        with suppress(IndexError, ValueError):
            return _read_day(days[-1])
        return None

    def list_unread_keys(self) -> tuple[tuple[str, datetime], ...]:
        """Return what damaged key files have led to (`KeyLoss`) and when, of which nobody has read yet."""
        found = []
        for mark in sorted(self.folder.glob(f"*/{_UNREAD}-*")):
            with suppress(ValueError):
                found.append((mark.name.removeprefix(f"{_UNREAD}-"), _read_day(mark.parent.name)))
        return tuple(found)

    def tell(self, loss: str, now: datetime, kept: bytes = b"") -> None:
        """Let the screen say what a damaged key file has led to; `kept` is what lay in the database and is replaced.

        Raises: StoreRefused where the disk does not take it.
        """
        place = self.folder / name_day(now)
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            if kept:
                (place / "house-key.row").write_bytes(kept)
                (place / "house-key.row").chmod(0o600)
                _sync(place / "house-key.row")
            (place / f"{_UNREAD}-{loss}").touch(mode=0o600)
            sync_folder(place)
            sync_folder(self.folder)
        except OSError:
            raise StoreRefused("damaged, and no room to set it aside") from None

    def mark_read(self) -> None:
        """Take note that somebody has read of it. The files stay."""
        for mark in self.folder.glob(f"*/{_UNREAD}*"):
            with suppress(OSError):
                mark.unlink()


def name_day(now: datetime) -> str:
    """Return the name of the folder for what is set aside at a time."""
    return now.strftime(_DAY)


def open_or_salvage(path: Path, terminal: bytes, now: datetime, *, beside: Path) -> Database:
    """Open the terminal's database; where it is damaged, set it aside and go on with what can be read of it.

    `beside` is a file that the same terminal makes later than the database: where it is and the database is not, a
    database was lost. Raises: StoreRefused, also where the disk has no room for the second file.
    """
    _finish(path)
    try:
        if beside.exists() and not (path.exists() and path.stat().st_size):
            raise StoreDamaged("empty")
        return open_database(path, terminal)
    except StoreDamaged as error:
        structlog.get_logger().error("database damaged", what=error.where)
    folder = path.parent / FOLDER / name_day(now)
    try:
        _keep_copy(path, folder)
        _salvage(path, terminal, now)
    except (OSError, sqlite.Error, NotSaved, TerminalError):
        # The file itself is where it was. The terminal is started again at once, and copies would fill the disk.
        shutil.rmtree(folder, ignore_errors=True)
        raise StoreRefused("damaged, and no room to set it aside") from None
    _finish(path)
    return open_database(path, terminal)


def _keep_copy(path: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file in (path, *_find_logs(path)):
        if file.exists():
            shutil.copyfile(file, folder / file.name)
            (folder / file.name).chmod(0o600)
            _sync(folder / file.name)
    (folder / _UNREAD).touch(mode=0o600)
    sync_folder(folder)
    sync_folder(folder.parent)


def _salvage(path: Path, terminal: bytes, now: datetime) -> None:
    """Write what can be read into a file of its own; its last name is given to it once it is whole."""
    fresh = path.with_suffix(".new")
    for file in (fresh, *_find_logs(fresh)):
        file.unlink(missing_ok=True)
    found = _read_tables(path)
    database = open_database(fresh, terminal)
    try:
        with database.transaction() as connection:
            kept = {table: _insert(connection, table, rows, terminal, now) for table, rows in found.items()}
            _raise_sequence(connection)
            _doubt_deliveries(connection)
    finally:
        database.close()  # its log goes into the file itself
    structlog.get_logger().warning("database salvaged", **kept)
    _sync(fresh)
    fresh.replace(path.with_suffix(".ready"))
    sync_folder(path.parent)


def _finish(path: Path) -> None:
    """Put a salvaged file in the damaged one's place; also where a power cut came between."""
    ready = path.with_suffix(".ready")
    if not ready.exists():
        return
    # First the old log: it would be read into the new file.
    for file in _find_logs(path):
        file.unlink(missing_ok=True)
    sync_folder(path.parent)
    ready.replace(path)
    sync_folder(path.parent)


def _read_tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    if not path.exists():
        return {}
    connection = sqlite.connect(str(path), isolation_level=None, timeout=5.0)
    try:
        return {table: _read_rows(connection, table, columns) for table, columns in _COLUMNS.items()}
    finally:
        connection.close()


def _read_rows(connection: Connection, table: str, columns: str) -> list[tuple[object, ...]]:
    """Return the rows before the first damaged page and those after the last one."""
    rows: dict[int, tuple[object, ...]] = {}
    for order in ("ASC", "DESC"):
        with suppress(sqlite.Error, OverflowError, UnicodeDecodeError):
            # Without its indexes: they may be what is damaged.
            query = f"SELECT rowid, {columns} FROM {table} NOT INDEXED ORDER BY rowid {order}"
            for number, *values in connection.execute(query):
                rows[number] = tuple(values)
    return [rows[number] for number in sorted(rows)]


def _insert(connection: Connection, table: str, rows: list[tuple[object, ...]], terminal: bytes, now: datetime) -> int:
    marks = ", ".join("?" * len(_COLUMNS[table].split(",")))
    kept = 0
    for found in rows:
        row: tuple[object, ...] | None = found
        if table == "outbox":
            row = _mend(found, terminal)
        elif table == "house":
            row = _mend_guest(found, now)
        if row is None:
            continue
        if table == "terminal" and row[1] != terminal:
            continue
        with suppress(sqlite.Error):  # of a row that is none
            connection.execute(f"INSERT OR REPLACE INTO {table} ({_COLUMNS[table]}) VALUES ({marks})", row)
            kept += 1
    return kept


def _mend(row: tuple[object, ...], terminal: bytes) -> tuple[object, ...] | None:
    """Return a row of the outbox under the number that its envelope says itself, None where that is not whole.

    Another number would be given to the next one, or would hide the guest whose number it is.
    """
    data = _as_bytes(row[_ENVELOPE])
    try:
        header = parse_envelope(data).header
    except RecordsError:
        return None
    is_whole = header.terminal == terminal and hashlib.sha256(data).digest() == row[_DIGEST]
    return (header.generation, header.sequence, *row[2:]) if is_whole else None


def _mend_guest(row: tuple[object, ...], now: datetime) -> tuple[object, ...] | None:
    """Return a row of the house whose moments and days can be read, None for one that no stay can be.

    Whoever's dates are lost stays in house and should leave today: a guest is told of, and never forgotten, too early.
    """
    stay, number, room, arrived_s, planned, departed_s, slot, *sealed, acknowledgement, waits, told_s = row
    if not isinstance(stay, str) or not _STAY.fullmatch(stay) or not isinstance(slot, int) or not 0 <= slot < SLOTS:
        return None
    latest = int((now + _LONGEST).timestamp())
    if not _is_moment(arrived_s, latest):
        arrived_s = int(now.timestamp())
    if departed_s is not None and not _is_moment(departed_s, latest):
        departed_s = None
    if told_s is not None and not _is_moment(told_s, latest):
        told_s = None
    if not _is_day(planned, now):
        planned, told_s = now.date().isoformat(), None
    if acknowledgement is not None and not _is_acknowledgement(acknowledgement):
        acknowledgement = None
    waits = int(waits == 1)
    return (stay, number, room, arrived_s, planned, departed_s, slot, *sealed, acknowledgement, waits, told_s)


def _is_moment(seconds: object, latest: int) -> bool:
    return isinstance(seconds, int) and 0 <= seconds <= latest


def _is_day(text: object, now: datetime) -> bool:
    try:
        day = date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return False
    return day is not None and day.isoformat() == text and abs(day - now.date()) <= _LONGEST


def _is_acknowledgement(text: object) -> bool:
    if not isinstance(text, str) or not text.startswith(PREFIX):
        return isinstance(text, str)
    try:
        recall_receipt(read_receipt_bytes(text))
    except RecordsError:
        return False
    return True


def _raise_sequence(connection: Connection) -> None:
    """Let no number be given twice that an envelope here already has."""
    last = connection.execute(
        "SELECT generation, sequence FROM outbox ORDER BY generation DESC, sequence DESC LIMIT 1"
    ).fetchone()
    if last is not None:
        connection.execute(
            "UPDATE terminal SET generation = ?, last_sequence = ? WHERE (generation, last_sequence) < (?, ?)",
            (*last, *last),
        )


def _doubt_deliveries(connection: Connection) -> None:
    """Let a person look at what may have been told: the mark that says so may be among what is lost."""
    connection.execute("UPDATE delivery SET state = 'unverified' WHERE state IN ('waiting', 'sending')")


def _read_day(name: str) -> datetime:
    return datetime.strptime(name, _DAY).replace(tzinfo=UTC)


def _as_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _find_logs(path: Path) -> list[Path]:
    return [path.with_name(path.name + end) for end in _LOGS]


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
