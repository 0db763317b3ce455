"""A simulated serial reader on a pty, a private PC/SC daemon, and a watcher of events, for the tests of the drivers."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from drivers.proto.scanner_keys import KeyboardLayout
from tests.conftest import PCSC_FOLDER
from tests.drivers.pcscd import PrivateDaemon, find_missing
from tests.drivers.watching import RunningScanner, RunningSimulator, Watcher, watch_reader


@pytest.fixture
def start_simulator(tmp_path: Path) -> Iterator[Callable[..., RunningSimulator]]:
    """Start simulators, told as `RunningSimulator` is; all are stopped afterwards."""
    running: list[RunningSimulator] = []

    def start(**how: Any) -> RunningSimulator:
        simulator = RunningSimulator(tmp_path / f"r{len(running)}", **how)
        running.append(simulator)
        return simulator

    yield start
    for simulator in running:
        simulator.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "simulator-control"]


@pytest.fixture
def simulator(start_simulator: Callable[..., RunningSimulator]) -> RunningSimulator:
    """One simulator that finds a card again while it lies there."""
    return start_simulator()


@pytest.fixture
def start_scanner(tmp_path: Path) -> Iterator[Callable[..., RunningScanner]]:
    """Start simulated scanners; all are stopped afterwards."""
    running: list[RunningScanner] = []

    def start(layout: KeyboardLayout | None = KeyboardLayout.US) -> RunningScanner:
        running.append(RunningScanner(tmp_path / f"s{len(running)}", layout))
        return running[-1]

    yield start
    for scanner in running:
        scanner.stop()


@pytest.fixture
def watch() -> Iterator[Callable[..., Watcher]]:
    """Watch readers; all are closed afterwards."""
    with ExitStack() as stack:
        yield lambda reader: stack.enter_context(watch_reader(reader))


@pytest.fixture(scope="session")
def running_pcscd() -> Iterator[PrivateDaemon]:
    """One real pcscd with virtual readers. Skips where it cannot be had, except in CI, which skips nothing."""
    if reason := find_missing():
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    PCSC_FOLDER.mkdir(mode=0o700)
    try:
        daemon = PrivateDaemon(PCSC_FOLDER)
        try:
            yield daemon
        finally:
            daemon.close()
    finally:
        shutil.rmtree(PCSC_FOLDER)


@pytest.fixture
def pcscd(running_pcscd: PrivateDaemon) -> Iterator[PrivateDaemon]:
    """The daemon, running, with empty slots."""
    running_pcscd.clear()
    yield running_pcscd
    for slot in running_pcscd.slots.values():
        slot.remove()
    left = [thread.name for thread in threading.enumerate() if thread.name in ("pcsc-card", "pcsc-watch")]
    assert not left, left
