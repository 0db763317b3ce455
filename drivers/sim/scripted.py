"""Readers without a line: one that tests and the terminal drive by method, one that plays a script."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

from drivers.errors import ERROR_CODES, UnsupportedReader, make_error
from drivers.proto.sam_text import TEXT_BYTES, decode_text
from drivers.reader import (
    DocumentFailed,
    DocumentPresent,
    DocumentRead,
    DocumentRemoved,
    Progress,
    RawDocument,
    ReaderDown,
    ReaderEvent,
    ReaderUp,
)
from drivers.sim.specimens import SPECIMENS, build_card

_MODEL = "simulated"


def read_specimen(specimen_id: str) -> RawDocument:
    """Return what a reader takes from that specimen. Raises: KeyError for an unknown one."""
    card = build_card(SPECIMENS[specimen_id])
    layout, fields = decode_text(card[:TEXT_BYTES])
    return RawDocument(layout, fields, photo=card[TEXT_BYTES:])


class _Tray:
    """Which events follow from what happens to a reader; keeps their order as `drivers.reader` promises it."""

    def __init__(self) -> None:
        self._is_up = True
        self._has_card = False

    def put(self, specimen_id: str) -> list[ReaderEvent]:
        raw = read_specimen(specimen_id)
        return self._place([Progress(1, 2), Progress(2, 2), DocumentRead(raw)])

    def fail(self, code: str) -> list[ReaderEvent]:
        return self._place([DocumentFailed(make_error(code))])

    def remove(self) -> list[ReaderEvent]:
        had_card, self._has_card = self._has_card, False
        return [DocumentRemoved()] if had_card else []

    def go_down(self, code: str) -> list[ReaderEvent]:
        error = make_error(code)
        self._is_up = self._has_card = False
        return [ReaderDown(error)]

    def come_up(self) -> list[ReaderEvent]:
        was_up, self._is_up = self._is_up, True
        return [] if was_up else [ReaderUp(_MODEL)]

    def _place(self, outcome: list[ReaderEvent]) -> list[ReaderEvent]:
        """Return the events of placing a document: the one before is lifted; a dead reader sees nothing."""
        if not self._is_up:
            return []
        events: list[ReaderEvent] = [*self.remove(), DocumentPresent(), *outcome]
        self._has_card = True
        return events


class CardsReader:
    """The reader `sim:cards`: whoever holds it puts specimens on it. Methods may be called from any thread."""

    def __init__(self, url: str = "sim:cards") -> None:
        self.url = url
        self.is_simulated = True
        self._tray = _Tray()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._queue: SimpleQueue[ReaderEvent | None] = SimpleQueue()
        self._queue.put(ReaderUp(_MODEL))

    def put(self, specimen_id: str) -> None:
        """Put a specimen on the reader, in place of any other. Raises: KeyError for an unknown one."""
        with self._lock:
            self._tell(self._tray.put(specimen_id))

    def fail(self, code: str) -> None:
        """Put a document on the reader that fails with the error of that code. Raises: KeyError."""
        with self._lock:
            self._tell(self._tray.fail(code))

    def remove(self) -> None:
        """Lift the document; nothing happens where there is none."""
        with self._lock:
            self._tell(self._tray.remove())

    def go_down(self, code: str = "reader_gone") -> None:
        """Let the reader fail with the error of that code. Raises: KeyError."""
        with self._lock:
            self._tell(self._tray.go_down(code))

    def come_up(self) -> None:
        """Let the reader work again."""
        with self._lock:
            self._tell(self._tray.come_up())

    def events(self) -> Iterator[ReaderEvent]:
        """Yield what happens at the reader; see `drivers.reader.Reader.events`."""
        while not self._closed.is_set() and (event := self._queue.get()) is not None:
            yield event
            del event

    def close(self) -> None:
        """End `events()` at once."""
        self._closed.set()
        self._queue.put(None)

    def _tell(self, events: list[ReaderEvent]) -> None:
        for event in events:
            self._queue.put(event)


class ScriptedReader:
    """The reader `sim:script:PATH`: plays a file once, then stays as it is until closed.

    One JSON object a line: {"wait_ms": 200}, {"put": "wang"}, {"remove": true}, {"fail": "card_removed"},
    {"down": "reader_gone"}, {"up": true}. Empty lines are passed over.
    """

    def __init__(self, url: str, path: Path) -> None:
        """Read and check the whole script. Raises: UnsupportedReader, which names the line."""
        self.url = url
        self.is_simulated = True
        self._steps = _load_script(url, path)
        self._stop = threading.Event()

    def events(self) -> Iterator[ReaderEvent]:
        """Yield what the script says; see `drivers.reader.Reader.events`."""
        if self._stop.is_set():
            return
        yield ReaderUp(_MODEL)
        tray = _Tray()
        for action, value in self._steps:
            if action == "wait_ms":
                self._stop.wait(float(value) / 1000)
            for event in _play_step(tray, action, value):
                if self._stop.is_set():
                    return
                yield event
                del event
        self._stop.wait()

    def close(self) -> None:
        """End `events()` at once."""
        self._stop.set()


def _play_step(tray: _Tray, action: str, value: str) -> list[ReaderEvent]:
    match action:
        case "put":
            return tray.put(value)
        case "fail":
            return tray.fail(value)
        case "down":
            return tray.go_down(value)
        case "remove":
            return tray.remove()
        case "up":
            return tray.come_up()
        case _:
            return []


def _load_script(url: str, path: Path) -> list[tuple[str, str]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        raise UnsupportedReader(url, "The script of the simulated reader cannot be read.") from None
    steps = [(number, _parse_step(line)) for number, line in enumerate(lines, 1) if line.strip()]
    for number, step in steps:
        if step is None:
            raise UnsupportedReader(
                url, f"The script of the simulated reader has a step it cannot play: line {number}."
            )
    return [step for _, step in steps if step is not None]


def _parse_step(line: str) -> tuple[str, str] | None:
    """Return (action, value) of a line, or None when it is no step."""
    try:
        ((action, value),) = json.loads(line).items()
    except (ValueError, AttributeError, RecursionError):
        return None
    match action:
        case "wait_ms":
            good = type(value) is int and 0 <= value <= 3_600_000
        case "put":
            good = isinstance(value, str) and value in SPECIMENS
        case "fail" | "down":
            good = isinstance(value, str) and value in ERROR_CODES
        case "remove" | "up":
            good = value is True
        case _:
            good = False
    return (action, str(value)) if good else None
