"""The station as a process of its own, beside a relay that checks every signature: started, killed, started again."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import urllib3
from click.testing import CliRunner, Result

from commands.comparing.station import station as station_command
from records.comparing import relay_wire as wire
from records.comparing.alerts import seal_block
from records.comparing.annex import load_annex, sign_annex
from records.comparing.decisions import load_decision, sign_decision
from records.comparing.lists import build_tree
from records.comparing.permits import sign_permit
from records.comparing.places import seal_place
from records.comparing.requests import HEADER, check_request
from records.comparing.station_keys import parse_day_key
from records.root import RootKind, load_root, sign_root
from service.settings import load_settings, write_settings
from station.keys import load_signer
from station.settings import StationSettings
from station.store import open_store
from station.store.alerts import list_alerts
from tests.records import samples
from tests.records.comparing import guest, world
from tests.records.comparing.world import digest
from tests.station.small_station import change_place

ROOT = Path(__file__).resolve().parent.parent.parent
AGENT = urllib3.PoolManager(retries=False, timeout=5)


@dataclass
class StandIn:
    """A relay that holds rows until they are acknowledged."""

    rows: list[wire.SealedAlert] = field(default_factory=list)
    letters: list[wire.WaitingLetter] = field(default_factory=list)
    day_keys: list[bytes] = field(default_factory=list)
    permit: str = ""

    def answer(self, path: str, body: bytes) -> bytes:
        if path == wire.COMPARING_PATH:
            return msgspec.json.encode(wire.Comparing("", self.permit, "", b"", b""))
        if path == wire.STATION_KEY_PATH:
            self.day_keys.append(body)
        if path == wire.STATION_ALERTS_PATH:
            if not self.rows:
                time.sleep(0.05)
            return msgspec.json.encode(self.rows)
        if path == wire.STATION_ACKNOWLEDGE_PATH:
            gone = msgspec.json.decode(body, type=wire.Acknowledged).ids
            for row in [row for row in self.rows if row.id in gone]:
                with suppress(ValueError):  # acknowledged twice, at once
                    self.rows.remove(row)
        if path == wire.MAIL_FETCH_PATH:
            return msgspec.json.encode(self.letters)
        return b"ok"


@contextmanager
def run_relay(relay: StandIn) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            now, keys = datetime.now(UTC), (world.STATION.key.public,)
            assert check_request(self.headers[HEADER], self.command, self.path, body, now, lambda _: keys) == "station"
            data = relay.answer(self.path, body)
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def run_station(settings: Path, port: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", "from commands.comparing.station import station; station()"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [*command, "serve", "--settings", str(settings), *(("--port", str(port)) if port else ())],
        cwd=settings.parent, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(is_so: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while not is_so():
        assert process.poll() is None, process.communicate()[1].decode()
        assert time.monotonic() < until
        time.sleep(0.02)


def is_healthy(settings: StationSettings) -> bool:
    try:
        return AGENT.request("GET", f"{settings.origin}/health").status == 200
    except urllib3.exceptions.HTTPError:
        return False


def find_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Today:
    """Root, annex, decision and permit that are in force by the real clock, which a process reads."""

    folder: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __post_init__(self) -> None:
        hour, day, today = timedelta(hours=1), timedelta(days=1), self.now.date()
        plain = replace(samples.make_root(RootKind.EPHEMERAL), valid_from=self.now - day, valid_until=self.now + day)
        self.root = sign_root(plain, world.ROOT)
        root = load_root(self.root, world.ROOT.verifier, self.now)
        span = {"valid_from": self.now - hour, "valid_until": self.now + day}
        self.annex = sign_annex(world.make_annex(root_digest=root.digest, **span), world.ROOT)
        annex = load_annex(self.annex, world.ROOT.verifier, root, self.now)
        decided = world.make_decision(decided_on=today - 9 * day, valid_until=today + 90 * day)
        self.note = sign_decision(decided, world.FIRST_JUDGE, world.SECOND_JUDGE)
        leaf = load_decision(self.note, annex, today).leaf
        self.tree = build_tree([leaf, *(digest(f"other {number}") for number in range(4))])
        self.proof = self.tree.prove(leaf)
        permit = replace(
            guest.PERMIT, list_root=self.tree.root, valid_from=self.now - hour, valid_until=self.now + hour
        )
        self.permit = sign_permit(permit, world.LIST, world.PERMIT)

    def make_row(self, day_key: bytes, number: int = 1, handle: bytes = guest.HANDLE) -> wire.SealedAlert:
        """Return an alert sealed to the key that the station left at the relay."""
        key = parse_day_key(day_key, world.STATION.key.public)
        index, proof = self.proof
        block = guest.make_block(decision_note=self.note, leaf_index=index, proof=proof)
        place = change_place(checked_in_at=self.now - timedelta(minutes=9), compared_at=self.now - timedelta(minutes=8))
        return wire.SealedAlert(
            number, digest("tag"), handle, key.key_id, key.key_id, 12, seal_block(block, key.key, handle, 12),
            seal_place(place, key.key, handle, 12), guest.VENUE,
        )  # fmt: skip

    def write(self, relay: str, database: str = "") -> Path:
        """Write the files of an installation; returns that of its settings."""
        (self.folder / "root.note").write_text(self.root, encoding="utf-8")
        (self.folder / "annex.note").write_text(self.annex, encoding="utf-8")
        path = self.folder / "station.toml"
        values = {
            "data": self.folder / "station", "address": "127.0.0.1", "port": find_port(), "relay": relay,
            "root": self.folder / "root.note", "root_verifier": world.ROOT.verifier.to_text(),
            "annex": self.folder / "annex.note", "any_file_system": True,
            "database": database,
        }  # fmt: skip
        write_settings(path, values)
        settings = load_settings(path, StationSettings)
        keys = settings.signing_key.parent
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, data in (
            (settings.signing_key, world.STATION.name.encode() + b"\n" + world.STATION.key.data),
            (settings.box_key, world.STATION_BOX.data),
        ):
            file.write_bytes(data)
            file.chmod(0o600)
        return path


def test_killed_station_loses_no_alert_and_raises_none_twice(tmp_path: Path) -> None:
    today, relay = Today(tmp_path), StandIn()
    relay.permit = today.permit
    with run_relay(relay) as url:
        path = today.write(url)
        settings = load_settings(path, StationSettings)
        with run_station(path) as process:
            wait_until(lambda: is_healthy(settings) and relay.day_keys, process)
            row = today.make_row(relay.day_keys[0])
            relay.rows.append(row)
            wait_until(lambda: not relay.rows, process)
            process.send_signal(signal.SIGKILL)
            process.wait()
        relay.rows.append(row)  # its acknowledgement was lost
        with run_station(path) as process:
            wait_until(lambda: not relay.rows, process)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) in (0, -signal.SIGTERM)
    store = open_store(settings.database)
    with store.reading() as connection:
        assert len(list_alerts(connection, {"raised", "escalated"})) == 1
    store.close()
    assert set(relay.day_keys) == {relay.day_keys[0]}, "one key for the day, also after a kill"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(station_command, arguments)


def test_commands_make_keys_and_accounts_and_refuse_what_is_not_there(tmp_path: Path) -> None:
    today = Today(tmp_path)
    path = today.write("http://127.0.0.1:9")
    settings = load_settings(path, StationSettings)
    settings.signing_key.unlink()
    settings.box_key.unlink()
    assert "kjt station keys" in run("serve", "--settings", str(path)).output
    made = run("keys", "--settings", str(path), "--name", "demo/station", "--out", str(tmp_path / "public"))
    assert made.exit_code == 0, made.output
    assert load_signer(settings.signing_key).verifier.to_text() in (tmp_path / "public").read_text()
    assert "annex" not in run("keys", "--settings", str(path), "--name", "x", "--out", str(tmp_path / "p")).output
    added = run("accounts", "add", "lin", "--role", "duty officer", "--settings", str(path))
    assert "One-time password of lin" in added.output
    assert "lin  尚未登录 not yet signed in  duty officer" in run("accounts", "list", "--settings", str(path)).output
    assert run("accounts", "disable", "lin", "--settings", str(path)).exit_code == 0
    assert run("accounts", "enable", "nobody-here", "--settings", str(path)).exit_code == 1
    assert run("accounts", "reset", "lin", "--settings", str(path)).exit_code == 0
    exported = run("export-log", "--settings", str(path), "--out", str(tmp_path / "log.tar"))
    assert [line.split("+")[0] for line in exported.output.splitlines()] == ["demo/station/audit"] * 2
    away = path.read_text().replace("http://127.0.0.1:9", "http://relay.example.org")
    path.write_text(away)
    refused = run("serve", "--settings", str(path))
    assert (refused.exit_code, "Traceback" in refused.output) == (1, False)
