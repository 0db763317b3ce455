"""A fleet for the console's tests: terminals that are well and others that are not, a day of their heartbeats, and
accounts that are signed in."""

import hashlib
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.serving import make_server

from central.audit import open_audit
from central.console.app import make_app, make_parts
from central.console.roles import Role
from central.enrolment import EnrolmentBook, House, IssuedCode, take_request
from central.settings import CentralSettings
from central.store import Store
from central.store.areas import WHOLE, AreaKind, AreaRow, insert_area, write_scope
from central.store.deliveries import add_counts
from central.store.fleet import SLOT_S, write_heartbeats
from central.store.schema import fleet_slots, security_events, terminals
from central.store.terminals import Terminal, revoke_terminal, write_terminal
from central.store.totals import KeeperPass, SecondCopy, add_received, sum_up_fleet, write_keeper_pass
from central.store.venues import insert_venues
from central.two_people import TwoPeople
from central.venue_rules import VenueFields
from records.enrolment import (
    EnrolmentRequest,
    EnrolmentStatus,
    HouseDetails,
    SignedEnrolmentRequest,
    derive_code_key,
    read_code,
    sign_enrolment_request,
)
from records.profile import VenueKind
from service.accounts import Standing
from service.pages import PageParts
from tests.central.town import START, Town, new_key
from tests.service.small_service import WEAK

WELL: dict[str, Any] = {
    "version": "0.1.0", "reader": 1, "queue": 0, "oldest_s": 0, "clock_offset_s": 0, "free_disk_mib": 52_000,
}  # fmt: skip
COOKIE = "kjt-central-console-session"
_KEY = new_key().public
_ENROLLED = new_key()


def make_id(number: int, use: str = "terminal") -> bytes:
    """An id as an installation has them: random to look at, the same in each run."""
    return hashlib.sha256(f"{use} {number}".encode()).digest()[:16]


@dataclass(slots=True)
class SmallFleet:
    """Central's database with a fleet in it, and its console."""

    town: Town
    now: datetime = START
    settings: CentralSettings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = self.town.settings
        with self.store.writing() as connection:
            for table in (terminals, fleet_slots):
                connection.execute(table.delete())

    @property
    def store(self) -> Store:
        return self.town.parts.store

    @property
    def now_s(self) -> int:
        return int(self.now.timestamp())

    def make_parts(self, origin: str = "http://localhost") -> PageParts:
        settings = replace(self.settings, console_origin=origin)
        return make_parts(settings, self.store, lambda: self.now, WEAK)

    def make_app(self, origin: str = "http://localhost") -> Flask:
        settings = replace(self.settings, console_origin=origin)
        app = make_app(self.make_parts(origin), settings, self.store)
        app.testing = False  # an error is a page here, too
        return app

    def add(self, number: int, *, house: int | None = None, heard_ago_s: int | None = 20, **told: Any) -> bytes:
        """Add a terminal, and its last heartbeat unless it was never heard."""
        terminal = make_id(number)
        with self.store.writing() as connection:
            write_terminal(connection, Terminal(terminal, make_id(number if house is None else house, "house"), _KEY))
            if heard_ago_s is not None:
                at = self.now_s - heard_ago_s
                beat = {"terminal": terminal, "sent_at": at, "received_at": at, **WELL, **told}
                write_heartbeats(connection, [beat], [])
        return terminal

    def revoke(self, terminal: bytes) -> None:
        with self.store.writing() as connection:
            revoke_terminal(connection, terminal)

    def add_event(self, terminal: bytes, ago: timedelta = timedelta(hours=3)) -> None:
        row = {"kind": "sequence conflict", "terminal": terminal, "generation": 1, "sequence": 7}
        with self.store.writing() as connection:
            connection.execute(security_events.insert(), {**row, "seen_at": int((self.now - ago).timestamp())})

    def make_book(self) -> EnrolmentBook:
        """What issues codes and approves, with the accounts of this fleet."""
        parts = self.make_parts()
        return EnrolmentBook(self.store, parts.audit, TwoPeople(self.store), parts.clock)

    def issue_code(self, by: str = "command line", replaces: bytes | None = None, house: int = 900) -> IssuedCode:
        details = HouseDetails("Yunxi Guesthouse", "12 Riverside Lane", "guesthouse")
        return self.make_book().issue(by, House(make_id(house, "house"), details), replaces=replaces)

    def use_code(self, issued: IssuedCode, number: int = 900) -> SignedEnrolmentRequest:
        """Let a new terminal prove that it knows a code."""
        root, code_key = self.town.parts.root, derive_code_key(read_code(list(issued.groups)))
        wanted = EnrolmentRequest(
            make_id(number), _ENROLLED.public, code_key.public, root.receipt_key.data, bytes.fromhex(root.digest),
            self.now.replace(microsecond=0),
        )  # fmt: skip
        signed = sign_enrolment_request(wanted, _ENROLLED, code_key)
        status, _ = take_request(self.store, open_audit(self.store, lambda: self.now), root, signed, self.now)
        assert status is EnrolmentStatus.WAITING
        return signed

    def add_refusals(self, **counts: int) -> None:
        """Count refusals of today by the names of their counters, and twice as many two days ago."""
        today = self.now_s // 86_400
        with self.store.writing() as connection:
            add_counts(connection, today, counts)
            add_counts(connection, today - 2, {name: 2 * count for name, count in counts.items()})

    def let_keeper_pass(
        self, *, ago_s: int = 20, days_ahead: int | None = 8, copy: SecondCopy = SecondCopy.HERE
    ) -> None:
        until = None if days_ahead is None else self.now_s // 86_400 + days_ahead
        with self.store.writing() as connection:
            write_keeper_pass(connection, KeeperPass(self.now_s - ago_s, until, copy))

    def live_a_day(self, count: int, *, trouble_from_h: float | None = None) -> None:
        """Give terminals 0 to `count` a day of heartbeats, and the fleet its totals; some fall silent on the way."""
        last = self.now_s // SLOT_S - 1
        slots, records = [], {}
        for slot in range(last - 287, last + 1):
            hour = datetime.fromtimestamp(slot * SLOT_S, UTC).astimezone().hour
            records[slot] = round(count / 12 * max(0.0, math.sin((hour - 8) / 16 * math.pi)) * (1 + slot % 3))
            ago_h = (last - slot) / 12
            away = count // 8 if trouble_from_h is not None and 1 < ago_h < trouble_from_h else 0
            for number in range(away, count):
                waits = {"queue": 3, "oldest_s": 5400} if away and number % 9 == 0 else {}
                told = {"beats": 5, "reader_down": 0, "queue": 0, "oldest_s": 0, "clock_offset_s": number % 3}
                row = {"slot": slot, "terminal": make_id(number), **told, "free_disk_mib": 52_000 - slot % 288}
                slots.append({**row, **waits})
        with self.store.writing() as connection:
            write_heartbeats(connection, [], slots)
            add_received(connection, records)
            sum_up_fleet(connection, self.now_s)

    def sign_in(self, *roles: Role, language: str = "en", name: str = "anna", area: bytes | None = WHOLE) -> str:
        """Make an account that is signed in with both factors, and sees an area; returns its session's token."""
        parts = self.make_parts()
        if parts.accounts.find(name) is None:
            parts.accounts.add(name, roles, by="command line", language=language)
        if area is not None:
            with self.store.writing() as connection:
                write_scope(connection, name, area)
        parts.accounts.set_language(name, language)
        return parts.sessions.open(name, Standing.FULL, "test")

    def read_acts(self) -> list[tuple[str, str, str]]:
        """Who did what, as the audit log has it."""
        tables = open_audit(self.store, lambda: self.now).tables
        with self.store.reading() as connection:
            rows = connection.execute(tables.entries.select().order_by(tables.entries.c.number))
            return [(row.actor, row.act, row.subject) for row in rows]

    def open_client(
        self, *roles: Role, language: str = "en", name: str = "anna", area: bytes | None = WHOLE
    ) -> FlaskClient:
        """A browser without a window, signed in."""
        client = self.make_app().test_client()
        client.set_cookie(COOKIE, self.sign_in(*roles, language=language, name=name, area=area))
        return client

    def add_area(self, name: str, parent: bytes = WHOLE, kind: AreaKind = AreaKind.DISTRICT) -> bytes:
        """Add a district or station; its id follows from its name."""
        area = hashlib.sha256(name.encode()).digest()[:16]
        with self.store.writing() as connection:
            insert_area(connection, AreaRow(area, parent, kind, name))
        return area

    def add_venue(self, house: int, station: bytes, **told: Any) -> bytes:
        """Register the venue of a house that `add` names."""
        venue = make_id(house, "house")
        described = {"licence": f"LIC-{house:05}", "kind": VenueKind.HOTEL, "name": f"Inn {house}", "rooms": 12,
                     "address": f"{house} Harbour Road", "latitude": 31_000_000 + house * 9_000,
                     "longitude": 121_000_000 + house % 7 * 11_000, "station": station, **told}  # fmt: skip
        with self.store.writing() as connection:
            assert insert_venues(connection, [(venue, VenueFields(**described))], self.now_s)
        return venue


def make_well(fleet: SmallFleet, count: int = 40) -> None:
    """Everything is running."""
    for number in range(count):
        fleet.add(number, heard_ago_s=number % 60)
    fleet.let_keeper_pass()
    fleet.live_a_day(count)


def make_troubled(fleet: SmallFleet, count: int = 40) -> None:
    """Every kind of trouble at once."""
    for number in range(count):
        fleet.add(number, heard_ago_s=number % 60, clock_offset_s=(None, -1, 0, 2)[number % 4])
    fleet.add(100, heard_ago_s=None)
    fleet.add(101, house=3, heard_ago_s=7300, queue=0)
    fleet.add(102, house=4, heard_ago_s=90_000)
    fleet.add(103, heard_ago_s=30, queue=38, oldest_s=25_200)
    fleet.add(104, heard_ago_s=40, reader=2)
    fleet.add(105, heard_ago_s=10, clock_offset_s=-340, free_disk_mib=700)
    fleet.add(106, heard_ago_s=150)
    for number in range(107, 112):
        fleet.add(number, heard_ago_s=4000 + number)
    fleet.revoke(fleet.add(120, heard_ago_s=900_000))
    fleet.add_event(make_id(103))
    fleet.add_refusals(**{
        "refused: unknown_terminal": 3, "refused delivery: truncated delivery": 14, "refused heartbeat: wrong_time": 61,
        "late": 2, "refused: something_new": 1, "keeper passes": 900,
    })  # fmt: skip
    fleet.let_keeper_pass(ago_s=5400, days_ahead=2, copy=SecondCopy.AWAY)
    fleet.live_a_day(count, trouble_from_h=9)


@contextmanager
def serve(fleet: SmallFleet) -> Iterator[str]:
    """Serve the console on loopback; gives its origin."""
    # The origin is known only when the port is: the application is put in afterwards.
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    origin = f"http://127.0.0.1:{server.port}"
    server.app = fleet.make_app(origin)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
