"""The real PC/SC daemon for tests, private (tests/drivers/pcscd_room.py), with four readers of two slots each by vpcd.

Clients find it by PCSCLITE_CSOCK_NAME, which tests/conftest.py sets for all tests: none reaches this machine's daemon.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from time import monotonic, sleep

from drivers.errors import CardServiceGone
from drivers.io.pcsc import CardService, SlotState, is_available, list_slots
from drivers.sim.emrtd_slot import SimulatedSlot
from drivers.sim.vpcd_line import VpcdLine

# As the daemon makes their names of the readers' and the slots' numbers.
_READERS = "ABCD"
SLOTS = tuple(f"Test PCD {letter} 00 {slot:02d}" for letter in _READERS for slot in range(2))
PACKAGES = "pcscd, vsmartcard-vpcd, libpcsclite-dev, gcc, swig and python3-dev"
WAIT_S = 15.0
_PORT = 35963


def find_missing() -> str:
    """Return why the tests cannot run here, "" where they can."""
    if not is_available():
        return f"pyscard is not built: ./kjt test builds it with the Debian packages {PACKAGES}"
    if find_binaries() is None:
        return f"pcscd or vpcd is missing: ./kjt test unpacks them from the Debian packages {PACKAGES}"
    tried = subprocess.run([*_enter_room(), "mount", "-t", "tmpfs", "none", "/run"], capture_output=True)
    return "" if tried.returncode == 0 else "a private pcscd needs namespaces, which this machine refuses"


def find_binaries() -> tuple[Path, Path] | None:
    """Return daemon and driver: those that ./kjt test unpacked, which nothing else on the machine ever starts."""
    root = Path(sys.prefix) / "pcscd"
    daemon, driver = root / "usr/sbin/pcscd", root / "usr/lib/pcsc/drivers/serial/libifdvpcd.so"
    return (daemon, driver) if daemon.exists() and driver.exists() else None


def _enter_room() -> list[str]:
    return ["unshare", "--mount", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]


class PrivateDaemon:
    """pcscd with four readers of two slots; starts and stops as a test wishes."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the one whose run/pcscd.comm PCSCLITE_CSOCK_NAME names."""
        binaries = find_binaries()
        assert binaries is not None
        for name in ("run", "conf", "none"):
            (folder / name).mkdir(exist_ok=True)
        for number, letter in enumerate(_READERS):
            # A copy each: loaded once, the driver knows two slots in all.
            driver = shutil.copy(binaries[1], folder / f"driver-{letter}.so")
            port = _PORT + 2 * number
            (folder / "conf" / f"vpcd-{letter}").write_text(
                f'FRIENDLYNAME "Test PCD {letter}"\nDEVICENAME /dev/null:{port}\nLIBPATH {driver}\nCHANNELID {port}\n'
            )
        self._log = folder / "log"
        self._is_running = False
        self._orders = threading.Lock()
        self._incoming, theirs = socket.socketpair()
        room = Path(__file__).with_name("pcscd_room.py")
        with theirs:
            self._room = subprocess.Popen(
                [*_enter_room(), sys.executable, room, folder, binaries[0], str(theirs.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                text=True,
            )
        assert self._read_answer() == "ok"
        self.slots = {name: SimulatedSlot() for name in SLOTS}
        self._lines = [
            VpcdLine(slot, partial(self._connect, _PORT + number)) for number, slot in enumerate(self.slots.values())
        ]

    def start(self) -> None:
        """Start the daemon unless it runs, and wait until it has its readers."""
        if self._is_running:
            return
        self._order("start")
        self._is_running = True
        until = monotonic() + WAIT_S
        while not set(SLOTS) <= set(_list_readers()):
            assert monotonic() < until, f"pcscd has no reader: {self._log.read_text(errors='replace')}"
            sleep(0.02)

    def stop(self) -> None:
        """Stop the daemon, as a service manager does."""
        self._order("stop")
        self._is_running = False

    def clear(self) -> None:
        """Take away what a test left: cards and faults; the daemon runs afterwards."""
        for slot in self.slots.values():
            slot.set_fault(None)
            slot.remove()
        self.start()
        wait_for_cards()

    def close(self) -> None:
        """End everything."""
        for line in self._lines:
            line.close()
        assert self._room.stdin is not None
        assert self._room.stdout is not None
        self._room.stdin.close()
        self._room.wait(WAIT_S)
        self._room.stdout.close()
        self._incoming.close()

    def _connect(self, port: int) -> socket.socket:
        with self._orders:
            if self._say(f"connect {port}") != "ok":
                raise ConnectionRefusedError
            _, descriptors, _, _ = socket.recv_fds(self._incoming, 1, 1)
            return socket.socket(fileno=descriptors[0])

    def _order(self, order: str) -> None:
        with self._orders:
            assert self._say(order) == "ok"

    def _say(self, order: str) -> str:
        assert self._room.stdin is not None
        self._room.stdin.write(f"{order}\n")
        self._room.stdin.flush()
        return self._read_answer()

    def _read_answer(self) -> str:
        assert self._room.stdout is not None
        return self._room.stdout.readline().strip()


def wait_for_cards(*slots: str) -> None:
    """Wait until the daemon sees cards in these slots and in no other."""
    service = CardService()
    try:
        until = monotonic() + WAIT_S
        known = {name: SlotState() for name in SLOTS}
        while True:
            known = service.wait_for_change(known, 0.2)
            if all(state.has_card == (name in slots) for name, state in known.items()):
                return
            assert monotonic() < until, "the daemon does not see what lies there"
    finally:
        service.close()


def _list_readers() -> tuple[str, ...]:
    try:
        return list_slots()
    except CardServiceGone:
        return ()
