"""The desk as a process of its own, killed: what it had permitted is stopped, and its key was nowhere but in it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import urllib3

from oversight.comparing.desk.control import ask_desk
from records.comparing.annex import load_annex, sign_annex
from records.comparing.permits import load_permit, load_stop
from records.comparing.requests import HEADER, sign_request
from records.comparing.texts import write_bytes
from records.root import load_root, sign_root
from service.settings import write_settings
from tests.oversight.comparing.desk_world import make_batch, permit_over_socket, write_desk_keys
from tests.records import samples
from tests.records.comparing import world

RELAY = world.make_signer("demo/relay")
NOW = datetime.now(UTC).replace(microsecond=0)
_PROGRAM = "from commands.comparing.desk import desk; desk()"


def prepare(folder: Path) -> Path:
    """Write root, annex, keys and settings as of now, and return the settings' path."""
    root = samples.replace(samples.make_root(), valid_from=NOW - timedelta(days=1), valid_until=NOW + timedelta(60))
    note = sign_root(root, world.ROOT)
    loaded = load_root(note, world.ROOT.verifier, NOW)
    annex = world.make_annex(
        root_digest=loaded.digest, valid_from=NOW - timedelta(hours=1), valid_until=NOW + timedelta(days=2)
    )
    (folder / "root.note").write_text(note, encoding="utf-8")
    (folder / "annex.note").write_text(sign_annex(annex, world.ROOT), encoding="utf-8")
    write_desk_keys(folder / "desk")
    write_settings(
        folder / "desk.toml",
        {
            "address": "127.0.0.1", "port": 0, "folder": folder / "desk", "root": folder / "root.note",
            "root_verifier": world.ROOT.verifier.to_text(), "annex": folder / "annex.note",
            "relay_key": write_bytes(RELAY.key.public.data),
        },
    )  # fmt: skip
    return folder / "desk.toml"


@contextmanager
def run(settings: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `kjt desk serve`; yields the process and its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, "serve", "--settings", str(settings)], stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            told = re.search(r"http://\S+:\d+", process.stdout.readline())
            assert told is not None
            yield process, told[0]
        finally:
            process.kill()


def ask(address: str, method: str, path: str, body: bytes = b"") -> urllib3.BaseHTTPResponse:
    headers = {HEADER: sign_request("relay", method, path, body, datetime.now(UTC), RELAY.key)} if body else {}
    with urllib3.PoolManager(retries=False) as pool:
        return pool.request(method, address + path, body=body or None, headers=headers, timeout=20.0)


def test_a_desk_that_was_killed_stops_what_it_had_permitted(tmp_path: Path) -> None:
    settings = prepare(tmp_path)
    root = load_root((tmp_path / "root.note").read_text("utf-8"), world.ROOT.verifier, NOW)
    annex = load_annex((tmp_path / "annex.note").read_text("utf-8"), world.ROOT.verifier, root, NOW)
    handle = bytes(range(16))
    with run(settings) as (process, address):
        assert ask(address, "GET", "/v1/state").json() == {"permit": "", "stop": ""}
        number = permit_over_socket(tmp_path / "desk")
        assert ask(address, "POST", "/v1/evaluate", make_batch(number, handle)).status == 200
        process.send_signal(signal.SIGKILL)
        process.wait()
    written = b"".join(path.read_bytes() for path in (tmp_path / "desk").iterdir() if path.is_file())
    assert handle not in written
    assert handle.hex().encode() not in written
    with run(settings) as (process, address):
        state = ask(address, "GET", "/v1/state").json()
        assert load_stop(state["stop"], annex).permit == load_permit(state["permit"], annex).number == number
        assert ask(address, "POST", "/v1/evaluate", make_batch(number, bytes(16))).status == 409
        (day,) = ask_desk(tmp_path / "desk", {"command": "counts"}).values()
        assert 1 <= day["evaluated"] <= 32
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
