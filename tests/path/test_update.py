"""A counter's program is replaced by a signed release and back, by real processes; its guests stay."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from commands.release import build_wheel
from records.log_keys import LogVerifier
from records.release import OFFER_PATH, WHEEL_PATH, SignedRelease, encode_offer
from terminal.keys import LOCAL_SECRET, SIGNING_SECRET, FileSecretStore
from terminal.link import HttpLink
from terminal.settings import TerminalSettings
from terminal.store.database import SCHEMA_VERSION
from terminal.updates.folder import ReleaseFolder
from terminal.updates.machine import CentralReleases, SystemdTerminal
from terminal.updates.updating import Installed, Outcome, TrustedKeys, Updater
from terminal.version import find_version
from tests.terminal.kit import KEYS, TERMINAL, Kit, make_guest, make_root, make_settings, sign_test_root
from tests.terminal.updates.releases import LOG_SIGNER, PACKAGES, RELEASER, make_release, publish

ROOT = Path(__file__).parents[2]
BROKEN = b"raise SystemExit('this release does not start')\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The wheel of this very source."""
    return build_wheel(ROOT, tmp_path_factory.mktemp("dist")).read_bytes()


def change_wheel(wheel: bytes, version: str, changed: dict[str, bytes] | None = None) -> bytes:
    """Return the wheel as it might be of a later version."""
    found, buffer = find_version(), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(wheel)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            data = (changed or {}).get(name, old.read(name))
            if name.endswith("/METADATA"):
                data = data.replace(f"Version: {found}".encode(), f"Version: {version}".encode())
            new.writestr(name.replace(f"-{found}.dist-info", f"-{version}.dist-info"), data)
    return buffer.getvalue()


@dataclass
class Shelf:
    """What the stand-in for central offers."""

    signed: SignedRelease | None = None
    wheel: bytes = b""
    url: str = ""


@contextmanager
def serve_shelf() -> Iterator[Shelf]:
    shelf = Shelf()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == OFFER_PATH + TERMINAL.hex():
                body = encode_offer(shelf.signed)
            elif self.path.startswith(WHEEL_PATH):
                body = shelf.wheel
            else:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    shelf.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield shelf
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Unit:
    """The terminal as the service manager would run it, under whatever release the link names."""

    settings: Path
    updates: Path
    running: subprocess.Popen[bytes] | None = field(default=None)

    def restart(self) -> None:
        self.stop()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(self.updates / "current"), str(ROOT)])}
        command = [sys.executable, "-P", "-m", "commands", "terminal", "--settings", str(self.settings)]
        self.running = subprocess.Popen(command, env=environment, cwd="/", stderr=subprocess.DEVNULL)

    def stop(self) -> None:
        if self.running is not None:
            self.running.terminate()
            self.running.wait(20)


def write_terminal(folder: Path) -> TerminalSettings:
    """Make a terminal with two guests in house, and its settings file."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = make_settings(folder, port=port, reader="sim:sam:/nonexistent")
    now = datetime.now(UTC)
    root = make_root(valid_from=now - timedelta(days=1), valid_until=now + timedelta(days=30))
    (folder / "root.note").write_text(sign_test_root(root), encoding="utf-8")
    settings.data.mkdir()
    secrets = FileSecretStore(settings.data)
    secrets.write(SIGNING_SECRET, KEYS.signing.data)
    secrets.write(LOCAL_SECRET, KEYS.local)
    kit = Kit(settings.data, root=root)
    for index in (1, 2):
        kit.desk.check_in(make_guest(index), "101", 1)
    kit.close()
    told = {
        name: getattr(settings, name) for name in ("data", "root", "root_verifier", "central", "reader", "terminal")
    }
    told |= {name: getattr(settings, name) for name in ("venue_id", "venue_name", "venue_kind", "rooms", "time_zone")}
    lines = [f'{name} = "{value}"' for name, value in told.items()]
    (folder / "terminal.toml").write_text("\n".join([*lines, f"port = {port}"]), encoding="utf-8")
    return settings


def test_counter_is_updated_and_taken_back_with_its_guests_in_house(tmp_path: Path, wheel: bytes) -> None:
    settings = write_terminal(tmp_path)
    unit = Unit(tmp_path / "terminal.toml", tmp_path / "updates")
    folder, link_keys = (
        ReleaseFolder(tmp_path / "updates"),
        TrustedKeys(RELEASER.verifier, LogVerifier((LOG_SIGNER.verifier,))),
    )
    with serve_shelf() as shelf:
        link = HttpLink(shelf.url)
        machine = SystemdTerminal(settings.origin, unit.restart)
        installed = Installed(find_version(), PACKAGES, SCHEMA_VERSION)
        updater = Updater(folder, link_keys, installed, CentralReleases(link, TERMINAL), machine, 30.0)

        def offer(version: str, changed: dict[str, bytes] | None = None) -> None:
            shelf.wheel = change_wheel(wheel, version, changed)
            shelf.signed = publish(make_release(version, shelf.wheel, store=SCHEMA_VERSION), tmp_path / "log")

        try:
            unit.restart()
            assert machine.wait_for(find_version(), 30.0)
            assert updater.step() is Outcome.NOTHING_NEW
            offer("9.0.0")
            assert updater.step() is Outcome.UPDATED
            assert machine.wait_for("9.0.0", 1.0)
            offer("9.1.0", {"terminal/process.py": BROKEN})
            assert replace(updater, start_timeout_s=3.0).step() is Outcome.WENT_BACK
            assert machine.wait_for("9.0.0", 30.0)
        finally:
            unit.stop()
            link.close()
    kit = Kit(settings.data)
    assert len(kit.house.open_all()) == 2
    assert len(kit.outbox.list_waiting()) == 2
    kit.close()
