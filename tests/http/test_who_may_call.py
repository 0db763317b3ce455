"""Every route between machines × everybody who may call it: nobody, a stranger, each terminal and each party.

The tables below are written by hand, so that they do not believe the code. A route in none of them fails. Pages that
people sign in to have a matrix of their own (tests/service/role_matrix.py).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from central.relay.allowance import Allowance
from central.relay.app import RelayApp
from central.relay.callers import Callers
from central.relay.desk_line import DeskLine, DeskState
from central.relay.parts import RelayParts
from central.relay.store import open_relay_store
from central.relay.terminals import TerminalBook
from central.store import Store, open_store, seed_terminal
from central.store.terminals import revoke_terminal
from oversight.comparing.desk.app import make_app as make_desk_app
from oversight.redress.intake import make_intake
from oversight.witness.app import make_app as make_witness_app
from records.comparing import oprf, tags
from records.comparing.desk_memory import Remembered
from records.comparing.mail import CONTENT_BYTES, LetterKind, Role, seal_letter
from records.comparing.requests import HEADER, sign_request
from records.suite import SigningKey, make_context
from service.accounts import Standing
from station.roles import Role as StationRole
from tests.http.apps import APPS, TriedApp
from tests.other_thread import run_alone
from tests.oversight.comparing.desk_world import Town, make_batch
from tests.records.comparing import guest, world
from tests.service.role_matrix import list_actors
from tests.station.small_station import SmallStation

REVOKED = b"\x77" * 16
STRANGER_KEY, RELAY_KEY, REVOKED_KEY = (SigningKey.from_bytes(bytes([number]) * 32) for number in (41, 42, 43))
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a key, under a name that is theirs or not; without a key nothing is signed."""

    name: str
    party: str = ""
    key: SigningKey | None = field(default=None, repr=False)

    def sign(self, method: str, path: str, body: bytes) -> dict[str, str]:
        if self.key is None:
            return {}
        return {HEADER: sign_request(self.party, method, path, body, world.NOW, self.key)}


TERMINAL = Caller("terminal", f"terminal:{guest.TERMINAL.hex()}", guest.TERMINAL_KEY)
PARTIES = [
    Caller("office", "office", world.OFFICE.key), Caller("station", "station", world.STATION.key),
    Caller("court", "court", world.FIRST_JUDGE.key), Caller("oversight", "oversight", world.PERMIT.key),
    Caller("oversight's list", "oversight", world.LIST.key), Caller("relay", "relay", RELAY_KEY),
]  # fmt: skip
LIARS = [
    *(Caller(f"stranger as {each.name}", each.party, STRANGER_KEY) for each in (TERMINAL, *PARTIES)),
    *(Caller(f"{each.name} as another", other, each.key) for each in PARTIES for other in ("office", "station", "relay")
      if other != each.party),
    Caller("terminal as the station", "station", guest.TERMINAL_KEY),
    Caller("revoked terminal", f"terminal:{REVOKED.hex()}", REVOKED_KEY),
    Caller("terminal that there is not", f"terminal:{'55' * 16}", STRANGER_KEY),
]  # fmt: skip
CALLERS = [Caller(NOBODY), TERMINAL, *PARTIES, *LIARS]
EVERYBODY = frozenset(each.name for each in CALLERS)
OVERSIGHT = {"oversight", "oversight's list"}

RELAY: dict[tuple[str, str], frozenset[str] | set[str]] = {
    ("GET", "/health"): EVERYBODY,
    ("GET", "/v1/comparing"): EVERYBODY,
    ("POST", "/v1/blind"): {"terminal"},
    # These two carry a signature inside, and it is that which is looked at, whoever brings them (SIGNED_INSIDE).
    ("POST", "/v1/compare"): set(),
    ("POST", "/v1/mail"): set(),
    ("POST", "/v1/office/keys"): {"office"},
    ("POST", "/v1/office/batch"): {"office"},
    ("POST", "/v1/office/answers"): {"office"},
    ("POST", "/v1/station/key"): {"station"},
    ("POST", "/v1/station/alerts"): {"station"},
    ("POST", "/v1/station/acknowledge"): {"station"},
    ("POST", "/v1/mail/fetch"): {"office", "station", "court", *OVERSIGHT},
    ("POST", "/v1/mail/acknowledge"): {"office", "station", "court", *OVERSIGHT},
}
SIGNED_INSIDE = {
    "/v1/compare": (guest.TERMINAL_KEY,),
    "/v1/mail": (world.STATION.key, world.FIRST_JUDGE.key),
}
DESK: dict[tuple[str, str], frozenset[str] | set[str]] = {
    ("GET", "/v1/state"): EVERYBODY,
    ("POST", "/v1/evaluate"): {"relay"},
    ("POST", "/v1/list"): {"office"},
}
# To nobody in particular, who shows and signs nothing: what may answer them with success, and nothing else may.
OPEN: dict[str, set[str]] = {
    # What anybody may know; a stay's tag, an order's count and a wheel's digest are known by who knows them.
    "central ingest": {"/health", "/v1/root", "/v1/orders-count", "/v1/releases/<terminal>"},
    "guest page": {
        "/", "/health", "/profile.json", "/SHA256SUMS", "/page.css",
        *(f"/{name}.js" for name in ("asking", "countries", "event", "opening", "page", "requests", "texts", "words")),
    },
    # Loopback, and whoever sits at the counter: looking takes no token, every act does.
    "counter's screen": {"/", "/health", "/state", "/proof/print"},
    "set-up": {"/", "/health", "/state"},
}  # fmt: skip
# And these answer nobody, each for want of a signature, a tag or a token.
CLOSED: dict[str, set[str]] = {
    "central ingest": {
        "/v1/enrolments", "/v1/envelopes", "/v1/heartbeats", "/v1/house-shares", "/v1/key-renewals", "/v1/stays",
        "/v1/terminal-settings/<terminal>", "/v1/wheels/<digest>",
    },
    "guest page": {"/relay/stays"},
    "counter's screen": {
        "/cancel", "/card", "/card/print", "/check", "/check-in", "/check-out", "/correct", "/demo/put", "/demo/remove",
        "/discard", "/dismiss", "/extend", "/face/<pending>", "/key", "/move", "/notice-read", "/notice-seen",
        "/proof/<stays>/print", "/proof/left/<day>/print", "/scan", "/send-again", "/slip/<stays>/print",
        "/static/<path:filename>", "/type", "/undo", "/unlock",
    },
    "set-up": {
        "/demo/put", "/setup/code", "/setup/drop-code", "/setup/language", "/setup/reader", "/setup/reader-again",
        "/setup/rooms", "/static/<path:filename>",
    },
}  # fmt: skip


class SilentDesk(DeskLine):
    """The desk as the relay hears it: there, and refusing."""

    async def evaluate(self, body: bytes) -> tuple[int, bytes]:
        return 409, b""

    async def read_state(self) -> DeskState | None:
        return DeskState()


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("central") / "central.db"
    for terminal, key in ((guest.TERMINAL, guest.TERMINAL_KEY), (REVOKED, REVOKED_KEY)):
        seed_terminal(path, terminal=terminal, venue=guest.VENUE, public_key=key.public.data)
    store = open_store(path)
    with store.writing() as connection:
        assert revoke_terminal(connection, REVOKED)
    yield store
    store.close()


def make_relay(folder: Path, central: Store) -> RelayApp:
    annex, book = world.load_sample_annex(), TerminalBook(central)
    desk = SilentDesk("http://127.0.0.1:9", RELAY_KEY, lambda: world.NOW)
    parts = RelayParts(
        annex, "", open_relay_store(folder / "relay.db"), central, book, Allowance(10**6, 10**6), desk,
        Callers(annex, book, lambda: world.NOW), lambda: world.NOW,
    )  # fmt: skip
    return RelayApp(parts)


def write_body(caller: Caller, path: str) -> bytes:
    """Return what this caller would send at best: where a body carries a signature, it is theirs."""
    key = caller.key or STRANGER_KEY
    if path == "/v1/compare":
        sealed = guest.SEALED[: -len(key.sign(b""))]
        if caller.name == "revoked terminal":
            sealed = sealed.replace(guest.TERMINAL, REVOKED, 1)
        return sealed + key.sign(make_context("comparison", sealed))
    if path == "/v1/mail":
        kind, sender, receiver, box = LetterKind.OUTCOME, Role.STATION, Role.OFFICE, world.OFFICE_BOX
        if key is world.FIRST_JUDGE.key:
            kind, sender = LetterKind.WITHDRAWAL, Role.COURT
        return seal_letter(kind, sender, receiver, bytes(CONTENT_BYTES), box=box.public, key=key)
    return {
        "/v1/blind": bytes(16 + 4 + tags.TAGS * oprf.ELEMENT_BYTES), "/v1/station/acknowledge": b'{"ids":[]}',
        "/v1/mail/acknowledge": b'{"ids":[]}', "/v1/station/alerts": b'{"wait":0}',
    }.get(path, b"")  # fmt: skip


async def ask_relay(app: RelayApp, method: str, path: str, body: bytes, headers: dict[str, str]) -> int | None:
    """Return the status of an answer; None for one that waits for a tick, which nobody waits for who is refused."""
    status: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    named = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": named}
    asked = asyncio.create_task(cast(Any, app)(scope, receive, send))
    done, _ = await asyncio.wait([asked], timeout=0.3)
    if not done:
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
    return status[0] if status else None


def test_relay_answers_whom_its_table_says(tmp_path: Path, central: Store) -> None:
    app = make_relay(tmp_path, central)
    assert set(app._routes) == set(RELAY)

    async def ask_all() -> list[str]:
        wrong = []
        for (method, path), may in RELAY.items():
            for caller in CALLERS:
                body = write_body(caller, path)
                status = await ask_relay(app, method, path, body, caller.sign(method, path, body))
                is_theirs = caller.key in SIGNED_INSIDE.get(path, ()) and caller.key is not None
                if (status != 403) != (caller.name in may or is_theirs):
                    wrong.append(f"{method} {path} as {caller.name}: {status}")
        return wrong

    assert run_alone(ask_all()) == []
    app._parts.close()


def test_signed_request_is_of_its_own_path_body_and_minute(tmp_path: Path, central: Store) -> None:
    app, station = make_relay(tmp_path, central), PARTIES[1]
    path, body = "/v1/station/acknowledge", b'{"ids":[]}'
    assert run_alone(ask_relay(app, "POST", path, body, station.sign("POST", path, body))) == 200
    for headers in (
        station.sign("POST", "/v1/station/key", body), station.sign("GET", path, body),
        station.sign("POST", path, b'{"ids":[1]}'), {HEADER: "station"}, {HEADER: "\x00"},
    ):  # fmt: skip
        assert run_alone(ask_relay(app, "POST", path, body, headers)) == 403
    app._parts.close()


def test_desk_answers_whom_its_table_says(tmp_path: Path) -> None:
    town = Town(tmp_path / "desk")
    permit = town.permit()
    app = make_desk_app(town.desk, town.annex, RELAY_KEY.public, lambda: world.NOW)
    assert {(method, rule.rule) for rule, method in list_doors(app)} == {
        *DESK, *(("HEAD", path) for method, path in DESK if method == "GET"),
    }  # fmt: skip
    for (method, path), may in DESK.items():
        for caller in CALLERS:
            body = make_batch(permit.number, os.urandom(16)) if path == "/v1/evaluate" else b"[]" * (method == "POST")
            answer = app.test_client().open(path, method=method, data=body, headers=caller.sign(method, path, body))
            assert (answer.status_code == 200) == (caller.name in may), f"{method} {path} as {caller.name}"
            assert answer.status_code in (200, 403)
    # What the relay remembers is heard from the relay alone, and nobody else is told a mark.
    path = f"/v1/state?{Remembered(town.desk.read_mark(), '2026-11-22', 0).to_query()}"
    for caller in CALLERS:
        answer = app.test_client().get(path, headers=caller.sign("GET", path, b""))
        assert (answer.status_code == 200) == (caller.name == "relay"), f"{path} as {caller.name}"


def test_intake_answers_the_guest_page_alone() -> None:
    key = "ab" * 32
    app = make_intake(cast(Any, SimpleNamespace(receive=None)), key)  # whoever is refused reaches no book
    assert {rule.rule for rule, _ in list_doors(app)} == {"/intake/requests", "/intake/states"}
    for rule, method in list_doors(app):
        for shown in (None, "Bearer ", f"Bearer {key[:-1]}", f"bearer {key}", f"Basic {key}", f"Bearer {key} "):
            headers = {} if shown is None else {"Authorization": shown}
            assert app.test_client().open(rule.rule, method=method, headers=headers).status_code == 403
        reached = app.test_client().open(rule.rule, method=method, headers={"Authorization": f"Bearer {key}"})
        assert reached.status_code == 400


def test_witness_has_one_route_beside_its_health() -> None:
    app = make_witness_app(cast(Any, None))
    assert {rule.rule for rule, _ in list_doors(app)} == {"/add-checkpoint", "/health"}


@pytest.mark.parametrize("name", OPEN)
def test_nobody_gets_what_is_not_open_to_everybody(name: str, tmp_path: Path) -> None:
    build: Callable[[Path], Any] = APPS[name]
    with build(tmp_path) as tried:
        assert {rule.rule for rule, _ in list_doors(tried.app)} == OPEN[name] | CLOSED[name]
        before = tried.look()
        client = tried.app.test_client()
        found = [
            f"{method} {rule.rule}: {status}"
            for rule, method in list_doors(tried.app)
            if (status := ask_as_nobody(client, tried, rule, method)) < 300 and rule.rule not in OPEN[name]
        ]
        assert found == []
        assert msgspec.json.encode(str(tried.look())) == msgspec.json.encode(str(before))


def ask_as_nobody(client: FlaskClient, tried: TriedApp, rule: Rule, method: str) -> int:
    """Ask without token, cookie or signature, as a page of somebody else's or a program does."""
    path = rule.rule
    for name in rule.arguments:
        path = path.replace(next(part for part in path.split("/") if name in part), "x")
    host = {name: tried.own_headers[name] for name in ("Host",) if name in tried.own_headers}
    return client.open(path, method=method, data=b"{}" if method == "POST" else None, headers=host).status_code


def list_doors(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every route with each of its methods, without the one that only says which methods there are."""
    for rule in app.url_map.iter_rules():
        yield from ((rule, method) for method in sorted((rule.methods or set()) - {"OPTIONS"}))


def test_stream_of_alerts_is_for_officers_and_supervisors_all_the_way_signed_in(tmp_path: Path) -> None:
    """It is no view of the pages, so their matrix does not have it."""
    small = SmallStation(tmp_path, origin="http://localhost")
    parts, stream = small.station.pages, small.station.app._stream
    may = {str(StationRole.DUTY_OFFICER), str(StationRole.SUPERVISOR)}
    for number, actor in enumerate(list_actors(parts)):
        name, headers = f"actor{number}", {"host": "localhost", "sec-fetch-site": "same-origin"}
        if actor.standing is not None:
            parts.accounts.add(name, [role for role in StationRole if str(role) in actor.roles], by="test")
            headers["cookie"] = f"{small.cookie}={parts.sessions.open(name, actor.standing)}"
        _, viewer = run_alone(stream._admit({"method": "GET"}, headers))
        is_for_them = actor.standing is Standing.FULL and not may.isdisjoint(actor.roles)
        assert (viewer is not None) == is_for_them, actor.name
    small.close()
