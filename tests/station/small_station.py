"""A station for tests: its data in a folder, its clock in their hand, a relay in memory, officers who are signed in."""

import asyncio
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from flask import Flask
from flask.testing import FlaskClient
from msgspec import structs

from records.comparing.alerts import seal_block
from records.comparing.annex import sign_annex
from records.comparing.passing_keys import sign_passing_key
from records.comparing.people import ComparedPerson
from records.comparing.permits import sign_permit
from records.comparing.places import Place, seal_place
from records.comparing.relay_wire import Comparing, SealedAlert, WaitingLetter
from service.accounts import Standing
from service.accounts.key_ceremonies import find_relying_party
from service.accounts.one_time_codes import STEP_S, compute_code
from service.pages.cookies import Cookies
from station.clock import Counter
from station.console.app import make_app
from station.console.parts import ConsoleParts
from station.console.stream import STREAM_PATH
from station.errors import RelayUnreachable
from station.keys import publish_day_key
from station.parts import Station, open_station
from station.roles import Role
from station.settings import StationSettings
from station.stations import Roster
from tests.records.comparing import guest, world
from tests.records.comparing.guest import HANDLE, PERMIT, VENUE
from tests.records.comparing.world import NOW, digest
from tests.service.small_service import WEAK
from tests.service.soft_key import SoftKey

PASSWORD = "a lantern beside the old mill"
OFFICER, OTHER_OFFICER, SUPERVISOR, AUDITOR = "lin", "mori", "okafor", "vesna"
DISTRICT_OFFICER = "dora"  # of the supervising station, where there is one
ROLES = {
    OFFICER: (Role.DUTY_OFFICER,), OTHER_OFFICER: (Role.DUTY_OFFICER,), SUPERVISOR: (Role.SUPERVISOR,),
    AUDITOR: (Role.AUDITOR,), DISTRICT_OFFICER: (Role.DUTY_OFFICER,),
}  # fmt: skip
PERMIT_NOTE = sign_permit(PERMIT, world.LIST, world.PERMIT)


@dataclass
class FakeRelay:
    """What the station asks of a relay, in memory; `is_down` makes it unreachable."""

    rows: dict[int, SealedAlert] = field(default_factory=dict)
    letters: dict[int, bytes] = field(default_factory=dict)  # to the station
    posted: list[bytes] = field(default_factory=list)
    told: Comparing = field(default_factory=lambda: Comparing("", PERMIT_NOTE, "", b"", b""))
    is_down: bool = False

    def read_comparing(self) -> Comparing:
        self._answer()
        return self.told

    def publish_day_key(self, key: bytes) -> None:
        self._answer()
        self.told = structs.replace(self.told, day_key=key)

    def fetch_alerts(self, wait_s: float) -> list[SealedAlert]:
        self._answer()
        return list(self.rows.values())

    def acknowledge_alerts(self, ids: Collection[int]) -> None:
        self._answer()
        for each in ids:
            self.rows.pop(each, None)

    def post_letter(self, body: bytes) -> None:
        self._answer()
        self.posted.append(body)

    def fetch_letters(self) -> list[WaitingLetter]:
        self._answer()
        return [WaitingLetter(number, body) for number, body in self.letters.items()]

    def acknowledge_letters(self, ids: Collection[int]) -> None:
        self._answer()
        for each in ids:
            self.letters.pop(each, None)

    def close(self) -> None:
        self.is_down = True

    def _answer(self) -> None:
        if self.is_down:
            raise RelayUnreachable


@dataclass
class SmallStation:
    """A station in a folder."""

    folder: Path
    now: datetime = NOW
    origin: str = "http://localhost"
    stations: Path | None = None
    database: str = ""  # else a SQLite file
    relay: FakeRelay = field(default_factory=FakeRelay)
    station: Station = field(init=False)
    leapt: timedelta = timedelta()  # by how much the clock was set, rather than time passed
    machine: str = "first start"
    _count: int = 0

    def __post_init__(self) -> None:
        self.write_files()
        self.open()

    @property
    def settings(self) -> StationSettings:
        return StationSettings(
            data=self.folder / "station", address="127.0.0.1", port=1, relay="http://127.0.0.1:1",
            root=self.folder / "root.note", root_verifier=world.ROOT.verifier.to_text(),
            annex=self.folder / "annex.note", origin=self.origin, any_file_system=True, stations=self.stations,
            database=self.database,
        )  # fmt: skip

    def write_files(self) -> None:
        note, _ = world.make_root()
        (self.folder / "root.note").write_text(note, encoding="utf-8")
        (self.folder / "annex.note").write_text(sign_annex(world.make_annex(), world.ROOT), encoding="utf-8")
        keys = self.settings.signing_key.parent
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, data in (
            (self.settings.signing_key, world.STATION.name.encode() + b"\n" + world.STATION.key.data),
            (self.settings.box_key, world.STATION_BOX.data),
        ):
            path.write_bytes(data)
            path.chmod(0o600)

    def open(self) -> None:
        """Open everything, as a start of the process does; the station knows the permit."""
        counter = Counter(lambda: (self.now - self.leapt).timestamp(), self.machine)
        self.station = open_station(self.settings, lambda: self.now, WEAK, counter)
        self.station.book.release_unused()
        self.station.keeping.renew()
        self.hear()

    def reopen(self) -> None:
        self.station.close()
        self.open()

    def close(self) -> None:
        self.station.close()

    def wait(self, **length: float) -> None:
        self.now += timedelta(**length)

    def leap(self, **length: float) -> None:
        """Set the machine's clock: no time passes."""
        self.wait(**length)
        self.leapt += timedelta(**length)

    def hear(self, **changes: Any) -> None:
        passing = sign_passing_key(12, self.now, world.make_box("passing key").public, world.OFFICE.key)
        self.relay.told = structs.replace(self.relay.told, **{"passing_key": passing, **changes})
        self.station.receiver.hear(self.relay.told)

    def make_row(
        self, handle: bytes = HANDLE, person: ComparedPerson = guest.PERSON, place: Place | None = None, **changes: Any
    ) -> SealedAlert:
        """Return an alert as the relay brings it."""
        publish_day_key(self.station.day_keys, self.now.date(), world.STATION.key)
        key = self.station.day_keys.ensure(self.now.date()).public
        wanted = {name: changes.pop(name) for name in list(changes) if name not in SealedAlert.__struct_fields__}
        block = seal_block(guest.make_block(person, **wanted), key, handle, 12)
        sealed_place = seal_place(place or guest.place_for(person), key, handle, 12)
        self._count += 1
        row = SealedAlert(
            self._count, digest(f"tag {self._count}"), handle, key.key_id, key.key_id, 12, block, sealed_place, VENUE
        )
        return structs.replace(row, **changes)

    def raise_alert(self, number: int = 1, **changes: Any) -> str:
        """Have an alert come; returns its id, hexadecimal."""
        before = {row.id for row in self.station.book.list_open()}
        self.station.receiver.take([self.make_row(handle=digest(f"handle {number}")[:16], **changes)])
        (fresh,) = {row.id for row in self.station.book.list_open()} - before
        return fresh.hex()

    def raise_alert_only(self, number: int) -> None:
        """Have an alert come, from any thread."""
        snapshot = self.station.book.open(self.station.book.list_open()[0])
        self.station.book.raise_alert(digest(f"mark {number}"), snapshot)

    def make_flask(self) -> Flask:
        parts = self.station
        app = make_app(
            ConsoleParts(
                parts.book,
                parts.pages,
                parts.board.find,
                parts.post.report_outcome,
                parts.seconds,
                parts.confirming,
                parts.clock,
            )
        )
        app.testing = False  # an error is a page here, too
        return app

    def open_client(self, name: str = OFFICER, app: Flask | None = None) -> FlaskClient:
        client = (app or self.make_flask()).test_client()
        client.set_cookie(self.cookie, self.open_session(name), domain="localhost")
        return client

    def put(self, name: str, code: str) -> None:
        """Put an officer at a station."""
        Roster(self.station.store, self.station.book.stations).put(name, code)

    def give_password(self, name: str) -> tuple[str, str]:
        """Give an account a password and a second factor; returns the password, and the code of this moment."""
        accounts = self.station.pages.accounts
        if accounts.find(name) is None:
            accounts.add(name, ROLES[name], by="test", language="en")
        else:
            accounts.reset(name, by="test")
        accounts.set_password(name, PASSWORD)
        pending = accounts.make_factor(name)
        secret, now = accounts.show_factor(name, pending), int(self.now.timestamp())
        accounts.confirm_second_factor(name, pending, compute_code(secret, now - STEP_S))
        return PASSWORD, compute_code(secret, now)

    def give_key(self, name: str) -> SoftKey:
        """Give an account a password and a security key, and no other second factor."""
        accounts, relying, key = self.station.pages.accounts, find_relying_party(self.origin), SoftKey()
        if accounts.find(name) is None:
            accounts.add(name, ROLES[name], by="test", language="en")
        accounts.reset(name, by="test")
        accounts.set_password(name, PASSWORD)
        assert relying is not None
        challenge = digest(f"key of {name}")
        made = key.create(accounts.keys.ask_for_new(relying, challenge, name, "station"), origin=self.origin)
        accounts.keys.add(name, relying, challenge, made, "desk")
        return key

    def open_session(self, name: str, language: str = "en") -> str:
        accounts = self.station.pages.accounts
        if accounts.find(name) is None:
            accounts.add(name, ROLES[name], by="test", language=language)
        accounts.set_language(name, language)
        return self.station.pages.sessions.open(name, Standing.FULL)

    @property
    def cookie(self) -> str:
        return Cookies("station", False).name_cookie("session")

    def list_acts(self) -> list[tuple[str, str, str]]:
        """Who did what to what, from the audit log, the oldest first."""
        log = self.station.audit
        return [(each.actor, each.act, each.subject) for each in log.read("test", 0, log.count())]


def change_place(**changes: Any) -> Place:
    """Return the sample's place with other values."""
    return replace(guest.place_for(), **changes)


@dataclass
class Served:
    """A station behind a real server, who asked for its stream, and a way to break every line."""

    small: SmallStation
    origin: str
    server: uvicorn.Server
    loop: asyncio.AbstractEventLoop | None = None
    asked: list[dict[str, str]] = field(default_factory=list)  # headers of each request for the stream, and its query
    is_silent: bool = False  # the stream is taken, and nothing ever comes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.loop = asyncio.get_running_loop()
        if scope["type"] == "http" and scope["path"] == STREAM_PATH:
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            self.asked.append({**headers, "query": scope["query_string"].decode()})
            while self.is_silent:
                await asyncio.sleep(0.05)
        await self.small.station.app(scope, receive, send)

    def break_lines(self) -> None:
        """Cut every connection, as a cable or a proxy does."""
        assert self.loop is not None

        def cut() -> None:
            for connection in list(self.server.server_state.connections):
                connection.transport.abort()  # type: ignore[union-attr]

        self.loop.call_soon_threadsafe(cut)


@contextmanager
def serve(make: Callable[[str], SmallStation]) -> Iterator[Served]:
    """Serve a station with uvicorn on loopback; its origin is known only when the port is."""
    config = uvicorn.Config(
        _not_yet, host="127.0.0.1", port=0, lifespan="on", log_config=None, access_log=False, ws="none",
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    listening = config.bind_socket()
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(config)
    served = Served(make(origin), origin, server)
    config.app = served
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started and thread.is_alive():
            threading.Event().wait(0.01)
        yield served
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
        served.small.close()


async def _not_yet(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError
