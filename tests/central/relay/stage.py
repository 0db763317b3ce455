"""A relay as its own process, with central's tables, a desk and terminals around it, all by the machine's clock."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec

from central.store import seed_terminal
from records.comparing import oprf, tags
from records.comparing.annex import Annex, load_annex, sign_annex
from records.comparing.comparison import Comparison, parse_comparison, seal_comparison
from records.comparing.passing_keys import parse_passing_key
from records.comparing.people import ComparedPerson
from records.comparing.permits import Permit, load_permit, sign_permit
from records.comparing.places import make_place
from records.comparing.relay_wire import BLIND_PATH, COMPARE_PATH, COMPARING_PATH, Comparing
from records.comparing.requests import HEADER, sign_request
from records.comparing.station_keys import parse_day_key, sign_day_key
from records.root import load_root, sign_root
from records.suite import HybridSecretKey, SigningKey
from screening.clock import Clock
from screening.lines import RelayLine
from service.settings import write_settings
from tests.records import samples
from tests.records.comparing import world

PROJECT = Path(__file__).resolve().parents[3]
TERMINAL, VENUE = bytes.fromhex("c1" * 16), bytes.fromhex("d1" * 16)
PERMIT_NUMBER = 21
# The real command, only its second is shorter.
TICK_S = 0.4
QUICK = f"from central.relay import parts, passage; passage.TICK_S, passage.RELEASE_AFTER_S = {TICK_S}, 0.1\n"
QUICK += "parts.STATE_INTERVAL_S = 0.2\n"
RELAY = QUICK + "from commands.comparing.relay import relay; relay()"


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Desk:
    """Evaluates for whoever asks, and remembers what it was asked and with which headers."""

    annex: Annex
    secret: bytes = field(default_factory=oprf.make_secret)
    permit: str = ""
    asked: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    def allow(self, root: bytes = bytes(32), decisions: int = 1, number: int = PERMIT_NUMBER) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        made = Permit(
            self.annex.jurisdiction, number, now - timedelta(minutes=5), now + timedelta(hours=5), 1, root,
            decisions, oprf.public(self.secret), 5000,
        )  # fmt: skip
        self.permit = sign_permit(made, world.LIST, world.PERMIT)

    def evaluate(self, body: bytes) -> bytes:
        evaluated, proof = oprf.evaluate(self.secret, tags.split_elements(body[20:]))
        return tags.join_elements(evaluated) + proof


@contextmanager
def serve_desk(desk: Desk) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(msgspec.json.encode({"permit": desk.permit, "stop": ""}))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            desk.asked.append((body, dict(self.headers.items())))
            self._answer(desk.evaluate(body))

        def _answer(self, data: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: who asked is in `asked`."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Nothing: a relay that was killed leaves its line behind."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    desk.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(slots=True)
class Stage:
    """Folder, keys and addresses; `run` starts a relay."""

    folder: Path
    annex: Annex
    desk: Desk
    port: int
    terminal_key: SigningKey
    day_secret: HybridSecretKey
    # By handle: a terminal keeps what the desk gave it, which evaluates one batch for a handle.
    outputs: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)

    @property
    def settings(self) -> Path:
        return self.folder / "relay.toml"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def office(self) -> RelayLine:
        return RelayLine(self.url, world.OFFICE.key, Clock())

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def wait_for(self, count: int) -> None:
        """Wait until so many comparisons are on their way."""
        deadline = time.monotonic() + 20
        while self.ask("GET", "/health")[1] != f"ok, {count} on their way".encode():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def ask_as(self, party: str, key: SigningKey, path: str, body: bytes = b"") -> tuple[int, bytes]:
        return self.ask("POST", path, body, **{HEADER: sign_request(party, "POST", path, body, datetime.now(UTC), key)})

    def ask_as_station(self, path: str, body: bytes = b"") -> tuple[int, bytes]:
        return self.ask_as("station", world.STATION.key, path, body)

    def leave_day_key(self) -> None:
        key = sign_day_key(datetime.now(UTC).date(), self.day_secret.public, world.STATION.key)
        assert self.ask_as_station("/v1/station/key", key)[0] == 200

    def read_comparing(self) -> Comparing:
        status, data = self.ask("GET", COMPARING_PATH)
        assert status == 200
        return msgspec.json.decode(data, type=Comparing)

    def use_desk(self, port: int) -> None:
        """Let the relay ask a real desk instead."""
        text = self.settings.read_text(encoding="utf-8")
        self.settings.write_text(re.sub(r"^desk = .*$", f'desk = "http://127.0.0.1:{port}"', text, flags=re.M))

    def find_permit(self) -> Permit:
        """Wait until terminals are told of a permit."""
        deadline = time.monotonic() + 20
        while not (note := self.read_comparing().permit):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return load_permit(note, self.annex)

    def blind(self, person: ComparedPerson, handle: bytes) -> tuple[bytes, ...]:
        """Ask the desk through the relay, as a terminal does."""
        blinded, permit = tags.blind_number(person.kind, person.number), self.find_permit()
        body = handle + permit.number.to_bytes(4, "big") + tags.join_elements(blinded.elements)
        status, data = self.ask_as(f"terminal:{TERMINAL.hex()}", self.terminal_key, BLIND_PATH, body)
        assert status == 200, status
        elements, proof = data[: -oprf.PROOF_BYTES], data[-oprf.PROOF_BYTES :]
        return tags.finish(blinded, tags.split_elements(elements), proof, permit.evaluation_key)

    def seal(self, person: ComparedPerson, handle: bytes = b"", **changes: object) -> Comparison:
        told, now, handle = self.read_comparing(), datetime.now(UTC), handle or os.urandom(16)
        place = make_place(
            person, venue=VENUE, venue_name="云溪客栈", address="云溪路 1 号", room="203",
            checked_in_at=now - timedelta(minutes=10), compared_at=now, planned_departure=now.date(),
            terminal=TERMINAL, salt=os.urandom(32),
        )  # fmt: skip
        usual = {
            "handle": handle, "permit": self.find_permit().number, "terminal": TERMINAL,
            "signing_key": self.terminal_key,
            "passing_key": parse_passing_key(told.passing_key, self.annex.office_key.key),
            "day_key": parse_day_key(told.day_key, self.annex.station_key.key),
        }  # fmt: skip
        outputs = self.outputs[handle] = self.outputs.get(handle) or self.blind(person, handle)
        return parse_comparison(seal_comparison(person, outputs, place, **{**usual, **changes}))  # type: ignore[arg-type]

    def compare(self, comparison: Comparison) -> tuple[int, bytes]:
        return self.ask("POST", COMPARE_PATH, comparison.data)

    @contextmanager
    def run(self, program: str = RELAY, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / "relay.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", program, "--settings", str(self.settings)],
                cwd=PROJECT, stdout=log, stderr=log, env={**os.environ, **environment},
            )  # fmt: skip
        try:
            self._wait_ready(process)
            yield process
        finally:
            process.kill()
            process.wait()

    def _wait_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if self.ask("GET", "/health")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError((self.folder / "relay.log").read_text(encoding="utf-8"))


def write_annex(folder: Path) -> Annex:
    """Write a root file and an annex that are good now."""
    now = datetime.now(UTC).replace(microsecond=0)
    start, end = now - timedelta(days=1), now + timedelta(days=20)
    root_note = sign_root(replace(samples.make_root(), valid_from=start, valid_until=end), world.ROOT)
    root = load_root(root_note, world.ROOT.verifier, now)
    note = sign_annex(world.make_annex(root_digest=root.digest, valid_from=start, valid_until=end), world.ROOT)
    (folder / "root.note").write_text(root_note, encoding="utf-8")
    (folder / "annex.note").write_text(note, encoding="utf-8")
    return load_annex(note, world.ROOT.verifier, root, now)


@contextmanager
def build_stage(folder: Path, **settings: str | int) -> Iterator[Stage]:
    """Write everything a relay needs, and serve its desk."""
    folder.mkdir(parents=True)
    annex = write_annex(folder)
    desk = Desk(annex)
    desk.allow()
    key = SigningKey.from_bytes(os.urandom(32))
    seed_terminal(folder / "central.db", terminal=TERMINAL, venue=VENUE, public_key=key.public.data)
    with serve_desk(desk):
        stage = Stage(folder, annex, desk, find_port(), key, HybridSecretKey.from_bytes(os.urandom(96)))
        usual: dict[str, str | int | bool | Path | None] = {
            "data": folder / "relay", "address": "127.0.0.1", "port": stage.port,
            "central_database": f"sqlite:///{folder / 'central.db'}", "root": folder / "root.note",
            "root_verifier": world.ROOT.verifier.to_text(), "annex": folder / "annex.note",
            "desk": f"http://127.0.0.1:{desk.port}",
        }  # fmt: skip
        write_settings(stage.settings, {**usual, **settings})
        yield stage
