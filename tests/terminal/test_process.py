"""The terminal as a whole: what it refuses to start with, what it leaves on disk, and how it ends."""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
import urllib3
import waitress.buffers
from flask import Flask

from drivers.csca_folder import write_certificates
from drivers.document_chip import Part
from drivers.parse import parse_document
from drivers.proto.certificates import Certificate
from drivers.proto.csca import CscaStore
from drivers.sim.emrtd_issuer import Wish, make_country
from drivers.sim.scripted import CardsReader, read_specimen
from records.documents import PersonName
from records.errors import NotForDemonstration, RecordsError, RootRefused
from records.receipt import RefusalReason
from records.receipt_text import parse_receipt_text
from records.root import RootKind
from terminal.clock import read_machine_clock
from terminal.counter import listener as listener_module
from terminal.errors import SettingsRefused, StoreRefused
from terminal.keys import CredentialsStore, FileSecretStore
from terminal.logs import configure_logging
from terminal.opening import DATABASE_FILE, choose_secret_store
from terminal.process import open_terminal, run_terminal
from terminal.screen.guard import MAX_BODY_BYTES
from terminal.serving import serve_screen
from terminal.settings import TerminalSettings
from terminal.state import CounterService, Delivery, MachineState
from terminal.store import HOUSE_KEY_FILE, KEY_FILE
from tests.terminal.kit import RECEIPT_KEY, SHARE, make_guest, make_root, make_settings, sign_test_root
from tests.terminal.stand_in_central import StandIn

MARK_NAME = "赵钱孙李标记者"


def find_free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(is_true: Callable[[], Any], timeout_s: float = 8.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (value := is_true()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return value


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> CardsReader:
    """The reader that the terminal is going to open, in the test's hand."""
    reader = CardsReader()
    monkeypatch.setattr("terminal.opening.open_reader", lambda _, **__: reader)
    return reader


def pass_one_guest(counter: CounterService, reader: CardsReader) -> str:
    """Register one guest, let them leave, and return their stay."""
    reader.put("wang")
    (pending,) = wait_until(lambda: counter.state().pending)
    done = counter.check_in(pending.id, "101", 2)
    wait_until(lambda: counter.state().house[0].delivery is Delivery.RECEIVED)
    return done.stay


def test_guest_goes_from_card_to_receipt_and_is_forgotten_after_leaving(
    tmp_path: Path, central: StandIn, reader: CardsReader
) -> None:
    with open_terminal(make_settings(tmp_path, central=central.url), read_machine_clock()) as parts:
        stay = pass_one_guest(parts.counter, reader)
        state = parts.counter.state()
        assert state.queue.online
        receipt = parse_receipt_text(state.house[0].receipt, RECEIPT_KEY.public)  # what an inspector verifies
        assert (receipt.acknowledgement, receipt.received_at) == (
            state.house[0].acknowledgement,
            state.house[0].received_at,
        )
        assert state.machine == MachineState()
        parts.counter.check_out([stay])
        wait_until(lambda: parts.counter.state().departed_waiting == () and not parts.counter.state().house)
        wait_until(lambda: parts.counter._desk._opened == {})
    assert len(central.records) == 2
    assert not parts.uploader._thread.is_alive()


@pytest.mark.usefixtures("quick_stretching")
def test_terminal_starts_over_a_damaged_database_and_says_so_until_it_is_read(
    tmp_path: Path, central: StandIn, reader: CardsReader
) -> None:
    settings = make_settings(tmp_path, central=central.url)
    with open_terminal(settings, read_machine_clock()) as parts:
        pass_one_guest(parts.counter, reader)
    (settings.data / DATABASE_FILE).write_bytes(b"no database" * 1000)
    for suffix in ("-wal", "-shm"):
        (settings.data / (DATABASE_FILE + suffix)).unlink(missing_ok=True)
    with open_terminal(settings, read_machine_clock()) as parts:
        assert parts.counter.state().machine.set_aside_at is not None
        parts.counter._desk.check_in(make_guest(7), "101", 1)
        parts.uploader.wake()
        wait_until(lambda: parts.counter.state().house[0].delivery is Delivery.RECEIVED)
    with open_terminal(settings, read_machine_clock()) as parts:
        assert parts.counter.state().machine.set_aside_at is not None  # a restart is no reading
        parts.counter.accept_notice()
        assert parts.counter.state().machine.set_aside_at is None
    assert list((settings.data / "set-aside").glob("*/terminal.sqlite"))


@pytest.mark.usefixtures("quick_stretching")
def test_terminal_starts_over_damaged_key_files_and_registers_at_once(
    tmp_path: Path, central: StandIn, reader: CardsReader
) -> None:
    settings = make_settings(tmp_path, central=central.url)
    with open_terminal(settings, read_machine_clock()) as parts:
        pass_one_guest(parts.counter, reader)
    for name in (KEY_FILE, HOUSE_KEY_FILE):
        (settings.data / name).write_bytes(b"no keys")
    with open_terminal(settings, read_machine_clock()) as parts:
        assert parts.counter.state().machine.key_damages
        parts.counter._desk.check_in(make_guest(7), "101", 1)
        parts.uploader.wake()
        wait_until(lambda: parts.counter.state().house[-1].delivery is Delivery.RECEIVED)
        parts.counter.accept_notice()
        assert parts.counter.state().machine.key_damages == ()
    assert {path.name for path in (settings.data / "set-aside").glob("*/*.keys")} == {KEY_FILE, HOUSE_KEY_FILE}


def marked_forms(*texts: str) -> Iterator[bytes]:
    """Yield every form in which a text could lie on a disk."""
    for text in texts:
        for plain in (text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be"), text.encode("gb18030")):
            yield plain
            yield plain.hex().encode()
            yield plain.hex().upper().encode()
            for shift in range(3):
                # Inside a longer string base64 shifts; the middle of each form is what stays.
                encoded = base64.b64encode(b"\0" * shift + plain)
                yield encoded[4:-4] if len(encoded) > 12 else encoded
        yield msgspec.json.encode(text).strip(b'"')
        yield text.encode("ascii", "backslashreplace")


@pytest.mark.usefixtures("quick_stretching")
def test_no_plaintext_of_a_guest_is_on_the_disk_or_in_a_log(
    tmp_path: Path,
    central: StandIn,
    reader: CardsReader,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure_logging("debug")
    document = replace(parse_document(read_specimen("wang")), names=(PersonName(MARK_NAME),), address="标记路 77 号")
    monkeypatch.setattr(listener_module, "parse_document", lambda _: document)
    settings, seen = make_settings(tmp_path, central=central.url), []
    with open_terminal(settings, read_machine_clock()) as parts:
        stay = pass_one_guest(parts.counter, reader)
        key = parts.counter._desk.house.key
        wait_until(lambda: not key.is_stand_in)
        slip_key, house_key = parts.counter.slip(stay).slip_key, key.derive(SHARE)
        assert key.public == house_key.public
        seen.append(read_all(settings.data))  # in house, database open, write-ahead log in use
        parts.counter.check_out([stay])
        wait_until(lambda: parts.counter.state().queue.waiting == 0)
        seen.append(read_all(settings.data))
    seen.append(read_all(settings.data))
    seen.append({"log": "".join(capfd.readouterr()).encode()})
    assert {path.split(".")[-1] for path in seen[0]} >= {"sqlite", "sqlite-wal", "keys", "secret"}
    assert b"uploaded" in seen[3]["log"]
    texts = (MARK_NAME, document.number, document.birth_date.isoformat(), "标记路 77 号")
    secrets = (slip_key, SHARE, house_key.data[:32], house_key.data[-32:])
    forms = [*marked_forms(*texts), *secrets, *(each.hex().encode() for each in secrets)]
    forms += [base64.b64encode(each)[:20] for each in secrets]
    found = [(path, form) for files in seen for path, data in files.items() for form in forms if form in data]
    assert not found


def test_revoked_machine_that_is_started_again_says_so_and_names_nobody(
    tmp_path: Path, central: StandIn, reader: CardsReader
) -> None:
    settings = make_settings(tmp_path, central=central.url)
    with open_terminal(settings, read_machine_clock()) as parts:
        pass_one_guest(parts.counter, reader)
        wait_until(lambda: parts.counter.state().lock.can_make_card)
        central.share = RefusalReason.TERMINAL_REVOKED
        assert parts.counter.state().house[0].name is not None, "what is open stays open until it is switched off"
    with open_terminal(settings, read_machine_clock()) as parts:
        state = wait_until(lambda: (found := parts.counter.state()).lock.problem and found)
        assert (state.lock.problem, state.lock.is_locked) == ("terminal_revoked", True)
        assert (state.house[0].name, state.house[0].room) == (None, "101")
    central.share = SHARE
    with open_terminal(settings, read_machine_clock()) as parts:
        wait_until(lambda: parts.counter.state().house[0].name is not None)


def read_all(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_server_of_the_screen_writes_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guests in house fill a long answer; beyond its limits the server would put it on the disk."""
    spilt = []
    monkeypatch.setattr(waitress.buffers, "TempfileBasedBuffer", lambda *_: spilt.append(True) or BytesIO())
    app, settings = Flask("test"), make_settings(tmp_path, port=find_free_port())
    app.post("/")(lambda: "余" * 10_000_000)
    with serve_screen(app, settings):
        pool = urllib3.PoolManager(retries=False)
        assert len(pool.request("POST", settings.origin, body=b"x" * MAX_BODY_BYTES).data) == 30_000_000
        assert pool.request("POST", settings.origin, body=b"x" * (MAX_BODY_BYTES + 1)).status == 413
        pool.clear()
    assert not spilt


def test_search_for_plaintext_would_find_it() -> None:
    for form in (MARK_NAME.encode(), MARK_NAME.encode("utf-16-le"), MARK_NAME.encode().hex().encode()):
        assert form in set(marked_forms(MARK_NAME))
    for lead in (b"", b"x", b"xy"):
        text = base64.b64encode(b'{"name":"' + lead + MARK_NAME.encode() + b'"}')
        assert any(form in text for form in marked_forms(MARK_NAME))


@pytest.mark.parametrize(
    "changes",
    [
        {"reader": "sam:/dev/ttyUSB0"},
        {"central": "https://central.example/"},
        {"address": "192.0.2.1"},
    ],
    ids=["real reader", "central elsewhere", "own address elsewhere"],
)
def test_demonstration_does_not_start_with_anything_real(tmp_path: Path, changes: dict[str, str]) -> None:
    settings = make_settings(tmp_path, **changes)
    with pytest.raises(RecordsError) as caught:
        run_terminal(settings, threading.Event())
    assert isinstance(caught.value, (NotForDemonstration, RootRefused))
    assert not settings.data.exists()


def test_chips_are_examined_with_the_certificates_of_the_folder(
    tmp_path: Path, central: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores: list[CscaStore] = []

    def note_store(url: str, *, parts: frozenset[Part], store: CscaStore, **_: object) -> CardsReader:
        assert parts == {Part.PHOTO}
        stores.append(store)
        return CardsReader()

    monkeypatch.setattr("terminal.opening.open_reader", note_store)
    folder = tmp_path / "countries"
    write_certificates(folder, [Certificate(make_country(Wish(name="Atlantis CSCA")).authority.certificate)])
    for chosen in (None, folder):
        settings = make_settings(tmp_path, central=central.url, country_certificates=chosen)
        with open_terminal(settings, read_machine_clock()):
            pass
    assert [len(store) for store in stores] == [0, 1]


@pytest.mark.parametrize("made", [True, False], ids=["empty", "missing"])
def test_folder_without_a_certificate_is_refused(tmp_path: Path, made: bool) -> None:
    folder = tmp_path / "countries"
    if made:
        folder.mkdir()
    with pytest.raises(SettingsRefused, match="country_certificates"):
        run_terminal(make_settings(tmp_path, country_certificates=folder), threading.Event())


def test_second_terminal_on_one_folder_is_refused(tmp_path: Path, central: StandIn, reader: CardsReader) -> None:
    settings = make_settings(tmp_path, central=central.url)
    first, second = (open_terminal(settings, read_machine_clock()) for _ in range(2))
    with first, pytest.raises(StoreRefused, match="in use"), second:
        pytest.fail("it opened")
    with open_terminal(settings, read_machine_clock()):
        assert (settings.data / "terminal.lock").stat().st_mode & 0o077 == 0


def test_secrets_in_files_are_for_the_demonstration_only(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    settings.root_file.write_text(sign_test_root(make_root(RootKind.REGISTRATION)), encoding="utf-8")
    with pytest.raises(NotForDemonstration):
        run_terminal(settings, threading.Event())
    assert not list(settings.data.iterdir())


def test_secrets_of_a_real_terminal_come_from_the_service_manager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for kind, store in ((RootKind.REGISTRATION, CredentialsStore), (RootKind.EPHEMERAL, FileSecretStore)):
        root = make_root(kind)
        assert isinstance(choose_secret_store(settings.data, is_demonstration=root.is_demonstration), store)


def test_screen_is_served_on_loopback_and_ends_when_told(tmp_path: Path, central: StandIn) -> None:
    settings = make_settings(tmp_path, central=central.url, port=find_free_port())
    stop = threading.Event()
    thread = threading.Thread(target=run_terminal, args=(settings, stop))
    thread.start()
    pool = urllib3.PoolManager(retries=urllib3.Retry(20, backoff_factor=0.05))
    assert pool.request("GET", settings.origin + "/health").data == b"ok\n"
    assert pool.request("GET", settings.origin + "/").status == 200
    waiting = threading.Thread(target=lambda: pool.request("GET", settings.origin + "/state?since=1000", retries=False))
    waiting.start()
    time.sleep(0.1)
    begin = time.monotonic()
    stop.set()
    thread.join(10.0)
    assert not thread.is_alive()
    assert time.monotonic() - begin < 3.0
    waiting.join(5.0)
    pool.clear()
    with closing(socket.socket()) as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", settings.port))


def write_settings(path: Path, settings: TerminalSettings) -> None:
    values = {name: getattr(settings, name) for name in TerminalSettings.__dataclass_fields__}
    lines = [f"{name} = {msgspec.json.encode(_plain(value)).decode()}" for name, value in values.items() if value]
    path.write_text("\n".join(lines), encoding="utf-8")


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def test_command_ends_cleanly_on_sigterm_and_says_what_is_wrong(tmp_path: Path, central: StandIn) -> None:
    settings = make_settings(tmp_path, central=central.url, port=find_free_port())
    write_settings(tmp_path / "terminal.toml", settings)
    command = [sys.executable, "-m", "commands", "terminal", "--settings", str(tmp_path / "terminal.toml")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2])
    pool = urllib3.PoolManager(retries=urllib3.Retry(40, backoff_factor=0.05))
    assert pool.request("GET", settings.origin + "/health").status == 200
    pool.clear()
    os.kill(process.pid, signal.SIGTERM)
    _, log = process.communicate(timeout=10)
    assert process.returncode == 0
    assert b'"stopped"' in log
    assert not list(settings.data.glob("*-wal"))
    settings.root_file.write_text("not a root\n")
    refused = subprocess.run(command, capture_output=True, cwd=Path(__file__).parents[2], timeout=20, check=False)
    assert refused.returncode == 1
    assert b"root file cannot be used" in refused.stderr
