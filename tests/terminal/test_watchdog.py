"""The service manager hears from a counter that answers, and from no other."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from terminal.setup.installation import Installation
from terminal.setup.process import run_setup
from terminal.watchdog import ServiceManager, ask_screen, find_service_manager, wait_watched
from tests.central.test_processes import find_port
from tests.terminal.kit import make_settings


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(10)
        yield listening


def test_counter_that_answers_is_heard_until_it_stops(ear: socket.socket) -> None:
    stop = threading.Event()
    manager = ServiceManager(ear.getsockname(), 0.01)
    thread = threading.Thread(target=wait_watched, args=(stop, manager, lambda: True))
    thread.start()
    assert [ear.recv(64) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
    stop.set()
    heard = b""
    while heard != b"STOPPING=1":
        heard = ear.recv(64)
        assert heard in (b"WATCHDOG=1", b"STOPPING=1")
    thread.join(10)
    assert not thread.is_alive()


def test_counter_that_hangs_falls_silent(ear: socket.socket) -> None:
    stop, asked = threading.Event(), 0

    def hang() -> bool:
        nonlocal asked
        asked += 1
        if asked == 3:
            stop.set()
        return False

    wait_watched(stop, ServiceManager(ear.getsockname(), 0.01), hang)
    assert [ear.recv(64) for _ in range(2)] == [b"READY=1", b"STOPPING=1"]


def test_set_up_that_leads_on_to_the_counter_is_no_end(ear: socket.socket) -> None:
    over = threading.Event()
    over.set()
    wait_watched(over, ServiceManager(ear.getsockname(), 0.01), lambda: True, lambda: False)
    assert ear.recv(64) == b"READY=1"
    ear.settimeout(0)
    with pytest.raises(BlockingIOError):
        ear.recv(64)


def test_nobody_to_tell_is_no_error(tmp_path: Path) -> None:
    ServiceManager(str(tmp_path / "gone"), None).tell("READY=1")
    stop = threading.Event()
    stop.set()
    wait_watched(stop, None, lambda: False)


def test_abstract_socket_is_found_by_its_at_sign() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0kjt-test-watchdog")
        listening.settimeout(10)
        ServiceManager("@kjt-test-watchdog", None).tell("READY=1")
        assert listening.recv(64) == b"READY=1"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"NOTIFY_SOCKET": "/run/x"}, ServiceManager("/run/x", None)),
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "30000000"}, ServiceManager("/run/x", 15.0)),
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "noise"}, ServiceManager("/run/x", None)),
    ],
)
def test_service_manager_is_found_by_its_variables(environment: dict[str, str], expected: ServiceManager) -> None:
    assert find_service_manager(environment) == expected


def test_screen_that_is_not_there_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert not ask_screen(f"http://127.0.0.1:{port}")


def test_set_up_that_waits_for_its_owner_is_heard_and_so_not_ended(
    ear: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", ear.getsockname())
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    settings = make_settings(tmp_path)
    installation = Installation(
        data=settings.data, root=settings.root, root_verifier=settings.root_verifier, central=settings.central,
        port=find_port(),
    )  # fmt: skip
    stop = threading.Event()
    thread = threading.Thread(target=run_setup, args=(installation, stop))
    thread.start()
    try:
        heard = [ear.recv(64) for _ in range(2)]
    finally:
        stop.set()
        thread.join(20)
    assert heard == [b"READY=1", b"WATCHDOG=1"]
