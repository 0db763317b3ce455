"""Trying the readers that are there with a sample card. What a card says is thrown away: that it was read counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog

from drivers.discovery import FoundReader
from drivers.errors import ReaderError
from drivers.reader import (
    DocumentFailed,
    DocumentPresent,
    DocumentRead,
    KeyNeeded,
    Progress,
    Reader,
    ReaderDown,
    ReaderEvent,
    ReaderUp,
)

LOOK_AGAIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Trial:
    """How far the test of one reader has come."""

    found: FoundReader
    state: str = "trying"  # trying, ready, reading, failed or down
    works: bool = False  # a card was read, or a chip has asked for its key
    problem: str = ""  # code of a `drivers` error


@dataclass(slots=True)
class ReaderBench:
    """Opens every reader that is there, and looks for more, from `start` to `stop`."""

    find: Callable[[], list[FoundReader]]
    open: Callable[[str], Reader]
    on_change: Callable[[], None] = lambda: None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _trials: dict[str, Trial] = field(default_factory=dict)
    _open_readers: list[Reader] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to look."""
        self._spawn(self._look)

    def stop(self) -> None:
        """Close every reader, so that the terminal itself can open the chosen one. Waits for that."""
        self._stopping.set()
        with self._lock:
            readers, threads = list(self._open_readers), list(self._threads)
        for each in readers:
            each.close()
        for thread in threads:
            thread.join(2.0)

    def list_trials(self) -> list[Trial]:
        """Return the readers, those that work first."""
        with self._lock:
            return sorted(self._trials.values(), key=lambda each: (not each.works, each.found.url))

    def _look(self) -> None:
        while not self._stopping.is_set():
            for found in self.find():
                with self._lock:
                    is_new = found.url not in self._trials and not self._stopping.is_set()
                    if is_new:
                        self._trials[found.url] = Trial(found)
                if is_new:
                    self._try(found)
            self._stopping.wait(LOOK_AGAIN_S)

    def _try(self, found: FoundReader) -> None:
        try:
            reader = self.open(found.url)
        except ReaderError as error:
            self._note(found.url, state="down", problem=error.code)
            return
        with self._lock:
            if self._stopping.is_set():
                return
            self._open_readers.append(reader)
        self._spawn(lambda: self._follow(found.url, reader))

    def _follow(self, url: str, reader: Reader) -> None:
        try:
            for event in reader.events():
                self._take(url, event)
                del event  # it may hold a document
        except Exception as error:
            structlog.get_logger().error("reader under test stopped", error=type(error).__name__)
            self._note(url, state="down", problem="reader_stopped")

    def _take(self, url: str, event: ReaderEvent) -> None:
        match event:
            case ReaderUp(model):
                with self._lock:
                    found = replace(self._trials[url].found, model=model)
                self._note(url, found=found, state="ready", problem="")
            case ReaderDown(error):
                self._note(url, state="down", problem=error.code)
            case DocumentPresent() | Progress():
                self._note(url, state="reading", problem="")
            case DocumentRead() | KeyNeeded():
                self._note(url, state="ready", works=True, problem="")
            case DocumentFailed(error):
                self._note(url, state="failed", problem=error.code)

    def _note(self, url: str, **changes: object) -> None:
        with self._lock:
            before = self._trials[url]
            self._trials[url] = replace(before, **changes)  # type: ignore[arg-type]
        self.on_change()

    def _spawn(self, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name="reader bench", daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()
