"""What a party of the town has on its disk: files, keys, and what is sealed; and trying each key on all that is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite3

from central.keys import PeriodKeys, unlock_record
from records.comparing.alerts import open_block
from records.comparing.places import open_place
from records.envelope import parse_envelope
from records.errors import CannotOpen, MalformedBytes
from records.part import open_as_guest, strip_court_layer
from records.suite import HYBRID_SECRET_BYTES, KEY_BYTES, HybridSecretKey, derive_key, make_context


@dataclass(frozen=True, slots=True)
class Sealed:
    """Something sealed that lies on a disk, and the ways in which a key may open it."""

    name: str
    with_secret: Callable[[bytes], object] | None
    with_hybrid: tuple[Callable[[HybridSecretKey], object], ...] = ()


@dataclass(slots=True)
class Secrets:
    """All bytes in the key files of some folders that may be a key."""

    short: set[bytes] = field(default_factory=set, repr=False)
    hybrid: list[HybridSecretKey] = field(default_factory=list, repr=False)


def list_files(*places: Path) -> Iterator[Path]:
    """Return the files that some places are, and those below them."""
    for place in places:
        yield from (path for path in ([place] if place.is_file() else place.rglob("*")) if path.is_file())


def gather_secrets(*places: Path) -> Secrets:
    """Return what may be a key in the key files of these places: each length of bytes, wherever it begins."""
    found = Secrets()
    long: set[bytes] = set()
    for path in list_files(*places):
        if path.suffix not in (".key", ".keys", ".secret"):
            continue
        data = path.read_bytes()
        step = 1 if len(data) <= 1024 else KEY_BYTES  # a file of slots
        found.short |= {data[at : at + KEY_BYTES] for at in range(0, len(data) - KEY_BYTES + 1, step)}
        if len(data) <= 1024:
            long |= {data[at : at + HYBRID_SECRET_BYTES] for at in range(len(data) - HYBRID_SECRET_BYTES + 1)}
    found.short.discard(bytes(KEY_BYTES))
    # As the station makes its key of the day from a seed.
    day = datetime.now(UTC).date().toordinal()
    context = make_context("key of the day", day.to_bytes(4, "big"))
    long |= {derive_key(each, b"", context, HYBRID_SECRET_BYTES) for each in found.short}
    found.hybrid = [HybridSecretKey.from_bytes(each) for each in long]
    return found


def list_records(central: Path) -> list[Sealed]:
    """Return every record part that central has, its own lock taken off with its own keys."""
    keys = PeriodKeys(central / "keys" / "period.keys")
    columns = "terminal, record, digest, expiry_day, locked"
    found = []
    for terminal, record, digest, day, locked in read_rows(central / "central.db", f"SELECT {columns} FROM records"):
        key = keys.read(day)
        assert key is not None
        envelope = parse_envelope(unlock_record(key, terminal, record, digest, locked))
        assert envelope.part is not None
        found.append(
            Sealed(
                "record",
                partial(open_as_guest, envelope.part, envelope.header.scope),
                (partial(strip_court_layer, envelope.part, envelope.header.scope),),
            )
        )
    return found


def list_alerts(relay: Path) -> list[Sealed]:
    """Return every block and place that the relay has."""
    rows = read_rows(relay / "relay.db", "SELECT handle, permit, block, place FROM alerts")
    found = []
    for handle, permit, block, place in rows:
        found.append(Sealed("alert", None, (partial(_swap, open_block, block, handle, permit),)))
        found.append(Sealed("place", None, (partial(_swap, open_place, place, handle, permit),)))
    return found


def _swap(way: Callable[..., object], sealed: bytes, handle: bytes, permit: int, key: HybridSecretKey) -> object:
    return way(sealed, key, handle, permit)


def try_all(sealed: Iterable[Sealed], secrets: Secrets) -> list[tuple[str, object]]:
    """Try every key on everything; return what opened: its name and what was in it."""
    opened: list[tuple[str, object]] = []
    for each in sealed:
        ways = [partial(way, key) for way in each.with_hybrid for key in secrets.hybrid]
        if each.with_secret is not None:
            ways += [partial(each.with_secret, key) for key in secrets.short]
        for way in ways:
            try:
                opened.append((each.name, way()))
            except (CannotOpen, MalformedBytes):
                continue
    return opened


def find_longest_cells(database: Path) -> dict[str, int]:
    """Return the most bytes of a cell, for each column of bytes of a database."""
    found: dict[str, int] = {}
    for (table,) in read_rows(database, "SELECT name FROM sqlite_master WHERE type = 'table'"):
        for column in read_rows(database, f"PRAGMA table_info('{table}')"):
            query = f"SELECT max(length({column[1]})) FROM {table} WHERE typeof({column[1]}) = 'blob'"
            found[f"{table}.{column[1]}"] = read_rows(database, query)[0][0] or 0
    return found


def read_rows(database: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a database that somebody else is writing to."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return list(connection.execute(query, values).fetchall())
    finally:
        connection.close()
