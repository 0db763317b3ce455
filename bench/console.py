"""The console's pages, 10,000 terminals and venues, a million records: `python -m bench.console` (`--records N`).

The application itself without a server, signed in, on SQLite in a folder of its own, the audit log's commit included.
Baselines in the same run: a plain SELECT of one page's worth of terminals, and the page about oneself, which has
session, words and template but no fleet.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from central.console.app import make_app, make_parts
from central.console.roles import Role
from central.settings import CentralSettings
from central.store import Store, open_store
from central.store.areas import EVERYTHING, WHOLE, write_scope
from central.store.fleet import SLOT_S
from central.store.gaps import update_gaps
from central.store.schema import audit_tables, heartbeat_slots, heartbeats, place_tables, records, runs, terminals
from central.store.totals import KeeperPass, SecondCopy, sum_up_fleet, write_keeper_pass
from central.venue_import import VenueImport
from central.venues import VenueBook
from records.suite import SigningKey
from service.accounts import Standing
from service.accounts.passwords import Strength
from service.pages.cookies import Cookies

TERMINALS = 10_000
SLOTS = 288
ENTRIES = 200_000  # of the audit log
RECORD_BYTES = 4_200  # one check-in, sealed
_CHUNK = 20_000
areas, venues = place_tables.areas, place_tables.venues


def insert_many(store: Store, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    """Insert rows, many in each transaction."""
    chunk: list[dict[str, Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            _insert(store, table, chunk)
            chunk = []
    _insert(store, table, chunk)


def _insert(store: Store, table: Any, chunk: list[dict[str, Any]]) -> None:
    if chunk:
        with store.writing() as connection:
            connection.execute(table.insert(), chunk)


def make_areas() -> Iterator[dict[str, Any]]:
    """Return ten districts of ten stations each."""
    for district in range(10):
        id_ = bytes([1, district]) + bytes(14)
        yield {"id": id_, "parent": WHOLE, "kind": "district", "name": f"District {district}"}
        for station in range(10):
            name = f"Station {district}.{station}"
            yield {"id": bytes([2, district, station]) + bytes(13), "parent": id_, "kind": "station", "name": name}


def make_venues(houses: list[bytes], now_s: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Return a venue for each house, spread over the stations and over half a degree."""
    for number, house in enumerate(houses):
        yield {"id": house, "licence": f"LIC-{number:06}", "kind": "hotel", "name": f"Inn {number}",
               "address": f"{number} Harbour Road", "latitude": 31_000_000 + chance.randrange(500_000),
               "longitude": 121_000_000 + chance.randrange(500_000), "rooms": 20,
               "station": bytes([2, number % 10, number // 10 % 10]) + bytes(13), "is_closed": False,
               "changed_at": now_s}  # fmt: skip


def make_list(count: int) -> bytes:
    """Return a file of new venues."""
    head = "licence,kind,name,address,latitude,longitude,rooms,station\n"
    rows = (f"NEW-{n:06},hotel,New {n},{n} Quay,31.2,121.4,9,Station {n % 10}.{n // 10 % 10}\n" for n in range(count))
    return (head + "".join(rows)).encode()


def make_beats(ids: list[bytes], now_s: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Return a last heartbeat for most terminals; one in twenty is in trouble."""
    for terminal in ids:
        is_troubled = chance.random() < 0.05
        at = now_s - (chance.randrange(700, 90_000) if is_troubled else chance.randrange(80))
        yield {"terminal": terminal, "sent_at": at, "received_at": at, "version": "0.1.0",
               "reader": 1, "queue": 0, "oldest_s": 0, "clock_offset_s": chance.randrange(-3, 3),
               "free_disk_mib": 50_000}  # fmt: skip


def make_slots(ids: list[bytes], last: int) -> Iterator[dict[str, Any]]:
    """Return a day of five minutes of every terminal."""
    told = {"beats": 5, "reader_down": 0, "queue": 0, "oldest_s": 0, "clock_offset_s": 1, "free_disk_mib": 50_000}
    for slot in range(last - SLOTS + 1, last + 1):
        yield from ({"slot": slot, "terminal": terminal, **told} for terminal in ids)


def make_records(ids: list[bytes], count: int, now_s: int) -> Iterator[dict[str, Any]]:
    """Return kept records. Nothing in them is looked at by anybody here."""
    filling = os.urandom(RECORD_BYTES)
    for number in range(count):
        name = number.to_bytes(16, "big")
        at = now_s - number % (30 * 86_400)
        yield {"terminal": ids[number % len(ids)], "record": name, "generation": 1, "sequence": number + 1,
               "venue": ids[number % len(ids)], "stay_tag": name, "digest": name * 2, "part_digest": name * 2,
               "captured_at": at, "received_at": at, "expiry_day": at // 86_400 + 31, "locked": filling}  # fmt: skip


def make_entries(now_s: int) -> Iterator[dict[str, Any]]:
    """Return the text of a year's audit log: looks, and the keeper's daily work."""
    for number in range(ENTRIES):
        act, subject = ("look at terminals", "")
        if number % 500 == 0:
            act, subject = "destroy period keys", "days 20000 to 20000, 1 keys"
        yield {"number": number - ENTRIES, "time": now_s - ENTRIES + number, "actor": f"person{number % 40}",
               "act": act, "subject": subject, "salt": bytes(16)}  # fmt: skip


def fill(store: Store, *, count: int, now: datetime) -> list[bytes]:
    """Make the fleet, its day and what it sent; returns the terminals."""
    chance, now_s = random.Random(1), int(now.timestamp())
    ids = [chance.randbytes(16) for _ in range(TERMINALS)]
    key = SigningKey.from_bytes(bytes(32)).public.data
    rows = ({"id": each, "venue": chance.randbytes(16), "public_key": key, "state": "active"} for each in ids)
    insert_many(store, terminals, rows)
    insert_many(store, areas, make_areas())
    with store.reading() as connection:
        houses = [row.venue for row in connection.execute(select(terminals.c.venue))]
    insert_many(store, venues, make_venues(houses, now_s, chance))
    insert_many(store, heartbeats, make_beats(ids, now_s, chance))
    insert_many(store, heartbeat_slots, make_slots(ids, now_s // SLOT_S - 1))
    insert_many(store, records, make_records(ids, count, now_s))
    insert_many(store, runs, ({"terminal": each, "generation": 1, "first": 1, "last": 100} for each in ids))
    insert_many(store, audit_tables.entries, make_entries(now_s))
    with store.writing() as connection:
        began = time.monotonic()
        summed = sum_up_fleet(connection, now_s)
        print(f"keeper sums {summed} slots up: {(time.monotonic() - began) / max(1, summed) * 1000:.1f} ms each")
        began = time.monotonic()
        update_gaps(connection, now_s)
        print(f"keeper looks for gaps: {(time.monotonic() - began) * 1000:.1f} ms")
        write_keeper_pass(connection, KeeperPass(now_s, now_s // 86_400 + 8, SecondCopy.HERE))
    return ids


def time_all(name: str, ask: Callable[[], object], times: int = 30) -> float:
    """Print and return the median of some runs, in milliseconds."""
    ask()
    took, busy = [], time.process_time()
    for _ in range(times):
        began = time.perf_counter()
        ask()
        took.append((time.perf_counter() - began) * 1000)
    busy_ms = (time.process_time() - busy) * 1000 / times
    took.sort()
    middle, late = statistics.median(took), took[int(times * 0.95) - 1]
    print(f"{name:<52}p50 {middle:6.1f} ms   p95 {late:6.1f} ms   most {took[-1]:.1f} ms   cpu {busy_ms:.1f} ms")
    return middle


def ask_page(client: FlaskClient, path: str) -> Callable[[], object]:
    """Return what asks for a page and fails unless it is shown."""

    def ask() -> object:
        answer = client.get(path)
        assert answer.status_code == 200, answer.status
        return answer

    return ask


def run(folder: Path, count: int) -> None:
    """Fill a database and time each page."""
    now = datetime.now(UTC)
    settings = CentralSettings(
        folder, "127.0.0.1", 8701, folder / "root.note", "none", console_origin="http://localhost"
    )
    store = open_store(settings.database)
    began = time.monotonic()
    ids = fill(store, count=count, now=now)
    size = sum(path.stat().st_size for path in folder.glob("central.db*"))
    print(f"{TERMINALS} terminals, {count} records, {size / 1e9:.2f} GB, filled in {time.monotonic() - began:.0f} s")
    parts = make_parts(settings, store, lambda: now, Strength(memory_kib=8, passes=1))
    parts.accounts.add("bench", list(Role), by="bench")
    with store.writing() as connection:
        write_scope(connection, "bench", WHOLE)
    client = make_app(parts, settings, store).test_client()
    client.set_cookie(
        Cookies(parts.name, parts.is_https).name_cookie("session"), parts.sessions.open("bench", Standing.FULL)
    )

    def select_page() -> object:
        with store.reading() as connection:
            return connection.execute(select(terminals.c.id, terminals.c.venue).limit(100)).all()

    time_all("baseline: plain SELECT of 100 terminals", select_page)
    baseline = time_all("baseline: own account, no fleet", ask_page(client, "/account"))
    book = VenueBook(store, parts.audit, lambda: now)
    pages = list_pages(ids)
    for name, path in pages.items():
        print(f"    {time_all(name, ask_page(client, path)) / baseline:.1f} × own account")
    with store.writing() as connection:
        write_scope(connection, "bench", bytes([1, 3]) + bytes(14))
    for name, path in pages.items():
        if name not in ("audit log", "releases", "one terminal, its day"):  # two are for the whole alone
            print(f"    {time_all('one district: ' + name, ask_page(client, path), 15) / baseline:.1f} × own account")
    time_import(book)
    store.close()


def list_pages(ids: list[bytes]) -> dict[str, str]:
    """Return the pages to be asked for, by what they are."""
    return {
        "overview": "/",
        "terminals, by urgency": "/terminals",
        "terminals, last page": "/terminals?page=100",
        "terminals, by venue": "/terminals?sort=venue",
        "terminals, part of a venue's name": "/terminals?text=Inn+77",
        "terminals, by free disk, descending": "/terminals?sort=disk&down=1",
        "terminals, part of an id": f"/terminals?text={ids[5000].hex()[3:9]}",
        "terminals, silent only": "/terminals?show=silent",
        "one terminal, its day": f"/terminals/{ids[77].hex()}",
        "audit log": "/audit-log",
        "venues": "/venues",
        "venues, last page": "/venues?page=200",
        "venues, part of a name": "/venues?text=Inn+77",
        "map of all venues": "/map",
        "areas": "/areas",
        "accounts": "/accounts",
        "new terminals": "/enrolments",
        "releases": "/releases",
        "report": "/report",
        "retention": "/retention",
    }


def time_import(book: VenueBook) -> None:
    """Print how long a list of 10,000 new venues takes to be checked and taken."""
    imports = VenueImport(book)
    began = time.perf_counter()
    _, draft = imports.check("bench", EVERYTHING, make_list(TERMINALS))
    checked = time.perf_counter()
    imports.take("bench", EVERYTHING, draft or b"")
    print(f"a list of {TERMINALS} venues: checked {checked - began:.1f} s, taken {time.perf_counter() - checked:.1f} s")


def main() -> None:
    """Run with the options of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the database is made; default: a temporary folder")
    chosen = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        run(Path(folder), chosen.records)
    print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
