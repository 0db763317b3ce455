"""What the tests of the drivers share: a running simulator, and a watcher that waits for events."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import Any, TypeVar

from drivers.discovery import open_reader
from drivers.proto.scanner_keys import KeyboardLayout
from drivers.reader import Progress, Reader, ReaderEvent
from drivers.sam_module import SamTimings
from drivers.scanner_reader import ScannerTimings
from drivers.sim import run_scanner, run_simulator, send_control
from drivers.sim.scanner_sim import ScanFault, SimulatedScanner

FAST = SamTimings(poll_s=0.01, reply_s=0.3, read_s=0.4, backoff_first_s=0.02, backoff_limit_s=0.05)
QUICK = ScannerTimings(whole_s=0.1, lost_s=0.3, backoff_first_s=0.02, backoff_limit_s=0.05)
WAIT_S = 5.0

Event = TypeVar("Event", bound=ReaderEvent)


class RunningSimulator:
    """A simulated serial reader in threads of this process."""

    def __init__(
        self, folder: Path, *, must_lift: bool = False, baud: int | None = None, is_strict: bool = False
    ) -> None:
        folder.mkdir()
        self.link = folder / "tty"
        self.control = folder / "control"
        self.url = f"sim:sam:{self.link}"
        self._stop = threading.Event()
        ready = threading.Event()
        self._thread = threading.Thread(
            target=run_simulator,
            args=(self.link, self.control),
            kwargs={
                "must_lift": must_lift,
                "baud": baud,
                "is_strict": is_strict,
                "stop": self._stop,
                "on_ready": ready.set,
            },
        )
        self._thread.start()
        assert ready.wait(WAIT_S)

    def send(self, command: str, **members: Any) -> dict[str, Any]:
        return send_control(self.control, {"command": command, **members})

    def open(self, timings: SamTimings = FAST) -> Reader:
        return open_reader(self.url, timings=timings)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()


class RunningScanner:
    """A simulated scanner in threads of this process: one that types, or (without a layout) one on a serial line."""

    def __init__(self, folder: Path, layout: KeyboardLayout | None = KeyboardLayout.US) -> None:
        folder.mkdir()
        self.link = folder / "tty"
        self.control = folder / "control"
        self.url = f"sim:wedge:{self.link}?layout={layout}" if layout else f"sim:scan:{self.link}"
        self._scanner = SimulatedScanner(layout=layout)
        self._stop = threading.Event()
        ready = threading.Event()
        self._thread = threading.Thread(
            target=run_scanner,
            args=(self.link, self.control, self._scanner),
            kwargs={"stop": self._stop, "on_ready": ready.set},
        )
        self._thread.start()
        assert ready.wait(WAIT_S)

    def scan(self, text: str, fault: ScanFault | None = None) -> None:
        self._scanner.scan(text, fault)

    def send(self, command: str, **members: Any) -> dict[str, Any]:
        return send_control(self.control, {"command": command, **members})

    def open(self, timings: ScannerTimings = QUICK) -> Reader:
        return open_reader(self.url, scanner_timings=timings)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()


class Watcher:
    """Takes a reader's events in a thread of its own; keeps all it took in `seen`, progress left out."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.seen: list[ReaderEvent] = []
        self._queue: Queue[ReaderEvent] = Queue()
        self.thread = threading.Thread(target=self._take)
        self.thread.start()

    def _take(self) -> None:
        for event in self.reader.events():
            self._queue.put(event)

    def expect(self, kind: type[Event], timeout_s: float = WAIT_S) -> Event:
        """Return the next event of that kind; fail when it does not come."""
        while True:
            try:
                event = self._queue.get(timeout=timeout_s)
            except Empty:
                raise AssertionError(f"no {kind.__name__} came, only {self.names()}") from None
            if not isinstance(event, Progress):
                self.seen.append(event)
            if isinstance(event, kind):
                return event

    def expect_nothing(self, wait_s: float) -> None:
        try:
            event = self._queue.get(timeout=wait_s)
        except Empty:
            return
        raise AssertionError(f"unexpected {event}")

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.seen]


@contextmanager
def watch_reader(reader: Reader) -> Iterator[Watcher]:
    watcher = Watcher(reader)
    try:
        yield watcher
    finally:
        reader.close()
        watcher.thread.join(WAIT_S)
        assert not watcher.thread.is_alive()
