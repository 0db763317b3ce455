"""What the screen waits on: one version that counts up with each change, and what belongs to no single guest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from terminal.state import ReaderState


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands on the board. `failure` says why the last document was not taken."""

    version: int
    failure: str | None
    reader: ReaderState


class Board:
    """The counter's one lock for everything in memory that the screen shows. Used from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._version, self._is_closing = 1, False
        self._failure: str | None = None
        self._reader = ReaderState("down")

    @property
    def is_closing(self) -> bool:
        """Whether the counter is being stopped."""
        return self._is_closing

    @property
    def reader(self) -> ReaderState:
        """The reader's state as it is shown."""
        return self._reader

    @contextmanager
    def look(self) -> Iterator[Shown]:
        """Hold the lock; nothing changes meanwhile."""
        with self._changed:
            yield Shown(self._version, self._failure, self._reader)

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the lock, then tell everybody who waits that something is new."""
        with self._changed:
            yield
            self._version += 1
            self._changed.notify_all()

    def note_change(self) -> None:
        """Tell everybody who waits that something is new."""
        with self.change():
            pass

    def show_failure(self, failure: str | None) -> None:
        """Say why the last document was not taken, or None."""
        with self.change():
            self._failure = failure

    def show_reader(self, state: ReaderState) -> None:
        """Show another state of the reader; what was said of the last document stays."""
        with self.change():
            self._reader = state

    def show_reading(self, state: ReaderState, failure: str | None) -> None:
        """Show the reader's state together with what became of its document."""
        with self.change():
            self._failure, self._reader = failure, state

    def wait_for_change(self, version: int, timeout_s: float) -> int:
        """Return the present version, as soon as it differs from `version` or after the time-out."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version or self._is_closing, timeout_s)
            return self._version

    def close(self) -> None:
        """Let go of everybody who waits."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
