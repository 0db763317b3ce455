"""The scanner of printed lines as a reader: a zone in what it sends is a document that came and went."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Protocol

from drivers.errors import NotScanner, ReaderError
from drivers.io.serial_line import SerialLine
from drivers.io.wedge import InputDevice
from drivers.proto.input_events import EventDecoder
from drivers.proto.mrz_stream import MrzCollector, find_mrz
from drivers.proto.scanner_keys import KeyboardLayout, KeyTyper
from drivers.reader import (
    DocumentFailed,
    DocumentPresent,
    DocumentRead,
    DocumentRemoved,
    Layout,
    RawDocument,
    ReaderDown,
    ReaderEvent,
    ReaderUp,
)


class TextSource(Protocol):
    """What a scanner sends, as text, from an open device."""

    def receive(self) -> str:
        """Return what has come, "" when nothing comes within a few hundredths of a second.

        Raises: ReaderGone; NotScanner where a hand is at the device.
        """

    def close(self) -> None:
        """Give the device back. Never raises."""


@dataclass(frozen=True, slots=True)
class ScannerTimings:
    """How patient a scanner's reader is; seconds."""

    whole_s: float = 0.2  # silence after which lines that are whole need no line end …
    lost_s: float = 1.5  # … and what is no zone yet becomes none
    backoff_first_s: float = 0.25  # before the device is tried again, doubled each time …
    backoff_limit_s: float = 2.0  # … up to this


class KeySource:
    """The text of an input device that presses keys."""

    def __init__(self, device: InputDevice, layout: KeyboardLayout) -> None:
        self._device = device
        self._decoder, self._typer = EventDecoder(), KeyTyper(layout)

    def receive(self) -> str:
        """Return what was typed. Raises: ReaderGone; NotScanner once a hand held Ctrl and pressed C."""
        text = self._typer.feed(self._decoder.feed(self._device.receive()))
        # Whoever was made to take their own keyboard for the scanner must be able to get it back.
        if self._typer.saw_hand:
            raise NotScanner
        return text

    def close(self) -> None:
        """Give the device back."""
        self._device.close()


class LineSource:
    """The text of a scanner on a serial line."""

    def __init__(self, line: SerialLine) -> None:
        self._line = line

    def receive(self) -> str:
        """Return what was sent; a byte that is no ASCII ends a line as any other character does."""
        return self._line.receive().decode("latin-1")

    def close(self) -> None:
        """Give the line back."""
        self._line.close()


class ScannerReader:
    """A `drivers.reader.Reader` over what `open_source` opens, again after each loss.

    A scan has no duration: its document is present, read (or failed) and removed in one go.
    """

    def __init__(
        self,
        url: str,
        model: str,
        open_source: Callable[[], TextSource],
        *,
        is_simulated: bool,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        timings: ScannerTimings | None = None,
    ) -> None:
        """`clock` settles the centuries where nobody else does; `model` names the device."""
        self.url, self.is_simulated = url, is_simulated
        self._model, self._open_source, self._clock = model, open_source, clock
        self._timings = timings or ScannerTimings()
        self._stop = threading.Event()

    def close(self) -> None:
        """End `events()`, within a twentieth of a second."""
        self._stop.set()

    def events(self) -> Iterator[ReaderEvent]:
        """Yield what happens at the scanner; see `drivers.reader.Reader.events`."""
        backoff_s = self._timings.backoff_first_s
        told = ""
        while not self._stop.is_set():
            try:
                for event in self._watch_source():
                    told, backoff_s = "", self._timings.backoff_first_s
                    yield event
                    # Between two guests nothing here may still hold the one before.
                    del event
            except NotScanner as error:
                yield ReaderDown(error)
                self._stop.wait()  # never taken again by itself: somebody types there
                return
            except ReaderError as error:
                if error.code != told:
                    told = error.code
                    yield ReaderDown(error)
            self._stop.wait(backoff_s)
            backoff_s = min(backoff_s * 2, self._timings.backoff_limit_s)

    def _watch_source(self) -> Iterator[ReaderEvent]:
        """Open the device and yield what comes. Raises: ReaderError when it is lost."""
        source = self._open_source()
        try:
            yield ReaderUp(self._model)
            collector = MrzCollector()
            heard_at = monotonic()
            while not self._stop.is_set():
                text = source.receive()
                zones = collector.feed(text)
                if text:
                    heard_at = monotonic()
                else:
                    zones += self._end_in_silence(collector, monotonic() - heard_at)
                while zones:
                    yield from self._tell(zones.pop(0))
        finally:
            source.close()

    def _end_in_silence(self, collector: MrzCollector, silent_s: float) -> list[str]:
        if silent_s > self._timings.lost_s or (silent_s > self._timings.whole_s and collector.holds_zone()):
            return collector.flush()
        return []

    def _tell(self, zone: str) -> Iterator[ReaderEvent]:
        yield DocumentPresent()
        try:
            repaired = find_mrz(zone).repaired
        except ReaderError as error:
            yield DocumentFailed(error)
        else:
            fields = {"text": zone, "read_on": self._clock().date().isoformat(), "repaired": " ".join(repaired)}
            yield DocumentRead(RawDocument(Layout.ICAO_LINES, fields))
        yield DocumentRemoved()
