"""Every HTTP application there is, built from its real parts: a new one is one more line in APPS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
from flask import Flask

from central.console.roles import Role
from central.fleet.heartbeats import HeartbeatBook
from central.ingest.app import _HEADERS as INGEST_HEADERS
from central.ingest.app import make_app
from central.store.areas import AreaKind
from drivers.mrz_document import ScannedDocument
from drivers.sim.scripted import CardsReader
from oversight.page.app import SECURITY_HEADERS
from oversight.page.relay import HeldStay
from records import suite
from records.delivery import DELIVERY_PATH, STAYS_PATH, Item, encode_delivery
from records.heartbeat import HEARTBEAT_PATH
from service.accounts import Standing
from service.pages.guard import SECURITY_HEADERS as PAGES_HEADERS
from station.roles import Role as StationRole
from terminal.counter import Counter
from terminal.errors import Unreachable
from terminal.screen import app as screen_app
from terminal.screen.guard import _HEADERS as SCREEN_HEADERS
from terminal.screen.guard import TOKEN_HEADER
from terminal.screen.setup import make_setup_screen
from tests.central.console.small_fleet import COOKIE, SmallFleet, make_id, make_troubled
from tests.central.test_enrolment import Office
from tests.central.test_fleet import make_beat
from tests.central.town import START, Town, build_town, make_envelope
from tests.oversight.world import make_page
from tests.station.small_station import SmallStation
from tests.terminal.conftest import _stretch_quickly
from tests.terminal.kit import Kit, make_document
from tests.terminal.screen.small_counter import SmallCards, SmallCounter
from tests.terminal.test_setup import Counter as FreshCounter
from tests.terminal.test_setup import Line

SCREEN_ORIGIN = "http://127.0.0.1:8471"
NO_STAY = msgspec.json.encode({"stay_tag": "0" * 32})
Form = dict[str, str]


@dataclass(frozen=True, slots=True)
class TriedApp:
    """An application under fire, and what is known of it."""

    app: Flask
    statuses: frozenset[int]  # every one that it may answer with
    types: frozenset[str]  # content types, without parameters
    headers: dict[str, str]  # that go on every answer
    look: Callable[[], Any]  # everything that a refused request must leave as it is
    own_headers: dict[str, str] = field(default_factory=dict)  # without which nothing is let in
    bodies: dict[str, tuple[bytes, ...]] = field(default_factory=dict)  # good ones, by path
    forms: dict[str, Form] = field(default_factory=dict)  # good ones, by path
    renew: Callable[[], dict[str, str]] = dict  # more of its own headers, made anew where a request has ended them
    sets_cookies: bool = False
    values: tuple[str, ...] = ()  # ids and the like that mean something in paths, queries and forms


@contextmanager
def build_ingest(folder: Path) -> Iterator[TriedApp]:
    """Central's ingest over a real database."""
    town = build_town(folder / "town")
    book = HeartbeatBook(town.parts.store)
    known = make_envelope(1)
    town.deliver(known)
    deliveries = [
        encode_delivery([Item(0, make_envelope(2).data)]),
        encode_delivery([Item(n, make_envelope(n).data) for n in range(3, 8)]),
        encode_delivery([Item(0, known.data)]),
    ]
    yield TriedApp(
        make_app(town.parts, lambda: town.now, book=book),
        frozenset({200, 400, 403, 404, 405, 409, 413, 429}),
        frozenset({"application/json", "text/plain"}),
        INGEST_HEADERS,
        lambda: (town.dump(), book.waiting),
        bodies={
            DELIVERY_PATH: tuple(deliveries),
            HEARTBEAT_PATH: (make_beat(), make_beat(sent_at=START + timedelta(seconds=60))),
            STAYS_PATH: (msgspec.json.encode({"stay_tag": known.header.stay_tag.hex()}), NO_STAY),
        },
    )  # fmt: skip
    town.parts.store.close()


@contextmanager
def build_guest_page(folder: Path) -> Iterator[TriedApp]:
    """The guest page, whose relay asks a real ingest."""
    town = build_town(folder / "town")
    known = make_envelope(1)
    town.deliver(known)
    (folder / "notices").mkdir()
    yield TriedApp(
        make_page(lambda tag: _ask(town, tag), folder / "notices", burst=10**9),
        frozenset({200, 400, 404, 405, 413}),
        frozenset({"application/json", "text/html", "text/css", "text/javascript", "text/plain"}),
        SECURITY_HEADERS,
        town.dump,
        bodies={"/relay/stays": (msgspec.json.encode({"stay_tag": known.header.stay_tag.hex()}),)},
    )
    town.parts.store.close()


def _ask(town: Town, stay_tag: bytes) -> HeldStay:
    answer = town.client.post(STAYS_PATH, json={"stay_tag": stay_tag.hex()})
    return msgspec.json.decode(answer.data, type=HeldStay)


@contextmanager
def build_screen(folder: Path) -> Iterator[TriedApp]:
    """The counter's screen over a real counter, with one guest in house and one who waits."""
    with (
        patch.object(suite, "stretch_number", _stretch_quickly),
        patch.object(suite, "stretch_guest_secret", _stretch_quickly),
        patch.object(screen_app, "WAIT_S", 0.01),
    ):
        kit = Kit(folder)
        counter = Counter(kit.desk, CardsReader())
        counter.start()
        for index in (1, 2):
            counter._arrivals.take_document(
                lambda index=index: ScannedDocument(make_document(index), is_number_repaired=False)
            )
        first, second = counter.state().pending
        stay = counter.check_in(first.id, "101", 1).stay
        app = screen_app.make_screen(counter, demo_cards=SmallCards(SmallCounter()), own_origin=SCREEN_ORIGIN)
        own = {"Host": "127.0.0.1:8471", "Sec-Fetch-Site": "same-origin", "Origin": SCREEN_ORIGIN}
        page = app.test_client().get("/", headers=own).text
        token = page.split('data-token="')[1].split('"')[0]
        yield TriedApp(
            app,
            frozenset({200, 303, 304, 400, 403, 404, 405, 413, 416, 421}),
            frozenset({"application/json", "text/html", "text/css", "text/javascript", "text/plain"}),
            SCREEN_HEADERS,
            lambda: (_show(counter), kit.outbox.list_waiting()),
            {**own, TOKEN_HEADER: token},
            forms=_make_forms(stay, second.id),
            values=(stay, second.id, "101", "screen.js", "house", "stay", f"{stay},{'0' * 32}"),
        )
        counter.stop()
        kit.close()


@contextmanager
def build_console(folder: Path) -> Iterator[TriedApp]:
    """The administrators' console with every kind of trouble, signed in as somebody who may see all of it."""
    town = build_town(folder / "town")
    fleet = SmallFleet(town)
    make_troubled(fleet, 8)
    issued = fleet.issue_code()
    fleet.use_code(issued)
    station = fleet.add_area("Station", kind=AreaKind.STATION)
    fleet.add_venue(103, station)
    # Who is disabled or reset on the way; whoever asks stays.
    fleet.sign_in(Role.AUDITOR, name="berta")
    origin = "http://console.test"
    app = fleet.make_app(origin)
    own = {"Host": "console.test", "Sec-Fetch-Site": "same-origin", "Origin": origin}
    sessions, tokens = fleet.make_parts(origin).sessions, [fleet.sign_in(*Role)]

    def find_session() -> str:
        # Signing out is one of the routes.
        if sessions.find(tokens[0]) is None:
            tokens[0] = fleet.sign_in(*Role)
        return tokens[0]

    yield TriedApp(
        app,
        frozenset({200, 303, 304, 400, 403, 404, 405, 409, 413, 415, 416, 421, 422, 429}),
        frozenset(
            {
                "application/json",
                "text/html",
                "text/css",
                "text/javascript",
                "text/plain",
                "text/csv",
                "image/svg+xml",
            }
        ),
        PAGES_HEADERS,
        lambda: town.dump()["terminals"],
        own,
        renew=lambda: {"Cookie": f"{COOKIE}={find_session()}"},
        sets_cookies=True,
        forms={
            "/language": {"language": "zh"},
            f"/terminals/{make_id(103).hex()}/settle-event": {"event": "1", "finding": "other"},
            "/venues/new": {
                "licence": "LIC-0777",
                "kind": "hotel",
                "name": "Inn",
                "address": "1 Quay",
                "rooms": "3",
                "station": station.hex(),
            },
            "/areas": {"kind": "station", "name": "Second", "parent": "00" * 16},
            "/accounts/new": {"name": "carl", "role": "auditor", "area": "00" * 16},
        },
        values=(
            make_id(103).hex(),
            make_id(103, "house").hex(),
            station.hex(),
            "berta",
            issued.enrolment.hex(),
            "tabler.css",
            "silent",
            "zh",
        ),
    )
    town.parts.store.close()


@contextmanager
def build_setup(folder: Path) -> Iterator[TriedApp]:
    """The set-up's screen of a terminal whose owner has chosen the language, and whose line is cut."""
    office = Office(build_town(folder / "town"))
    counter = FreshCounter(folder / "terminal", Line(office, Unreachable("test")))
    counter.folder.mkdir()
    wizard = counter.start()
    wizard.choose_language("en")
    app = make_setup_screen(wizard, demo_cards=SmallCards(SmallCounter()), own_origin=SCREEN_ORIGIN)
    own = {"Host": "127.0.0.1:8471", "Sec-Fetch-Site": "same-origin", "Origin": SCREEN_ORIGIN}
    token = app.test_client().get("/", headers=own).text.split('data-token="')[1].split('"')[0]
    yield TriedApp(
        app,
        frozenset({200, 304, 400, 403, 404, 405, 413, 416, 421}),
        frozenset({"application/json", "text/html", "text/css", "text/javascript", "text/plain"}),
        SCREEN_HEADERS,
        lambda: wizard.state,
        {**own, TOKEN_HEADER: token},
        forms={
            "/setup/language": {"language": "zh"},
            "/setup/code": {"group": "000000"},
            "/setup/reader": {"reader": "sim:cards"},
            "/setup/rooms": {"rooms": "101-112"},
            "/demo/put": {"card": "adult"},
        },
        values=("setup.js", "sim:cards"),
    )
    wizard.stop()
    office.store.close()


@contextmanager
def build_station(folder: Path) -> Iterator[TriedApp]:
    """The officers' pages of a station, with one alert, signed in as somebody who may see everything."""
    folder.mkdir(exist_ok=True)
    small = SmallStation(folder, origin="http://localhost")
    alert = small.raise_alert()
    everybody = "everybody"
    small.station.pages.accounts.add(everybody, list(StationRole), by="test", language="en")
    tokens = [small.station.pages.sessions.open(everybody, Standing.FULL)]

    def find_session() -> str:
        # Signing out is one of the routes.
        if small.station.pages.sessions.find(tokens[0]) is None:
            tokens[0] = small.station.pages.sessions.open(everybody, Standing.FULL)
        return tokens[0]

    yield TriedApp(
        small.make_flask(),
        frozenset({200, 204, 303, 304, 400, 403, 404, 405, 409, 413, 415, 416, 421, 422, 429}),
        frozenset(
            {"application/json", "text/html", "text/css", "text/csv", "text/javascript", "text/plain", "image/svg+xml"}
        ),
        PAGES_HEADERS,
        lambda: [(row.state, row.holder, row.outcome) for row in small.station.book.list_open()],
        {"Host": "localhost", "Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        renew=lambda: {"Cookie": f"{small.cookie}={find_session()}"},
        sets_cookies=True,
        forms={"/language": {"language": "zh"}, f"/alerts/{alert}/close": {"outcome": "confirmed"}},
        values=(alert, "station.css", "zh"),
    )
    small.close()


def _make_forms(stay: str, pending: str) -> dict[str, Form]:
    about = {"stay": stay}
    return {
        "/check-in": {"pending": pending, "room": "102", "nights": "2", "join": "1"},
        "/discard": {"pending": pending},
        "/dismiss": {},
        "/check-out": {"stays": stay},
        "/undo": about,
        "/move": {**about, "room": "102", "join": "1"},
        "/extend": {**about, "first": "2026-11-25", "nights": "3"},
        "/correct": {**about, "room": "102"},
        "/cancel": {**about, "reason": "mistake"},
        "/send-again": about,
        "/scan": {"text": "P<UTOERIKSSON<<ANNA<MARIA"},
        "/demo/put": {"card": "adult"},
        "/demo/remove": {},
    }


def _show(counter: Counter) -> list[Any]:
    # Without the age of the queue, which time changes.
    state = counter.state()
    return [getattr(state, name) for name in state.__slots__ if name != "queue"]


APPS: dict[str, Callable[[Path], Any]] = {
    "central ingest": build_ingest,
    "guest page": build_guest_page,
    "counter's screen": build_screen,
    "central console": build_console,
    "set-up": build_setup,
    "station": build_station,
}
