"""Several readers of one counter as one: a chip's reader and the scanner that tells it the chip's key, say."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

from drivers.errors import KeyUnusable, ReaderError, ReaderRefused
from drivers.reader import (
    DocumentFailed,
    DocumentPresent,
    DocumentRead,
    DocumentRemoved,
    KeyedReader,
    KeyNeeded,
    Layout,
    Reader,
    ReaderDown,
    ReaderEvent,
    ReaderUp,
)
from drivers.scanner_reader import ScannerReader


class ReaderGroup:
    """A `KeyedReader` of all its parts.

    Documents come one after another, with two exceptions: one that was read may still lie on its part when the next
    comes on another, and while a chip waits for its key, documents of other parts are read; `KeyNeeded` is then told
    again. Printed lines that are scanned while a chip waits are its key, and no document.

    A part that fails is told as `ReaderDown` once no document lies there. The others go on: a document on one of them
    is framed by `ReaderUp` and, when it left, `ReaderDown`. So is a part whose program met a fault of its own.
    """

    def __init__(self, url: str, parts: Sequence[Reader]) -> None:
        self.url = url
        # One real part makes the whole real: the demonstration must not take it.
        self.is_simulated = all(part.is_simulated for part in parts)
        self._parts = tuple(parts)
        self._queue: SimpleQueue[tuple[int, ReaderEvent] | None] = SimpleQueue()
        self._closed = threading.Event()

    @property
    def awaits_key(self) -> bool:
        """True while a chip on one of the parts waits for its key."""
        return self._find_waiting() is not None

    def give_key(self, text: str) -> None:
        """Give a key to the chip that waits; nothing happens where none does. Raises: KeyUnusable."""
        if waiting := self._find_waiting():
            waiting.give_key(text)

    def is_scanner(self, number: int) -> bool:
        """Tell whether a part, counted from 0, reads printed lines."""
        return isinstance(self._parts[number], ScannerReader)

    def close(self) -> None:
        """End `events()` of the whole and of each part."""
        self._closed.set()
        for part in self._parts:
            part.close()
        self._queue.put(None)

    def events(self) -> Iterator[ReaderEvent]:
        """Yield what happens at any part; see `drivers.reader.Reader.events`."""
        if self._closed.is_set():
            return
        pumps = [
            threading.Thread(target=self._pump, args=(number, part), name="reader-part", daemon=True)
            for number, part in enumerate(self._parts)
        ]
        for pump in pumps:
            pump.start()
        merging = _Merging(self, len(self._parts))
        try:
            while not self._closed.is_set() and (taken := self._queue.get()) is not None:
                for event in merging.take(*taken):
                    yield event
                    # Between two guests nothing here may still hold the one before.
                    del event
                del taken
        finally:
            self.close()
            for pump in pumps:
                pump.join(1.0)
            # Whoever keeps the group must not keep a guest with it.
            with suppress(Empty):
                while True:
                    self._queue.get_nowait()

    def _pump(self, number: int, part: Reader) -> None:
        try:
            for event in part.events():
                self._queue.put((number, event))
                del event
        except Exception:
            # What one part met must neither hold up the others, in the middle of its document, nor be quoted: it may
            # say what was read. The part does not come back by itself.
            self._queue.put((number, ReaderDown(ReaderRefused())))

    def _find_waiting(self) -> KeyedReader | None:
        return next((part for part in self._parts if isinstance(part, KeyedReader) and part.awaits_key), None)


class _Merging:
    """One order of events out of those of all parts."""

    def __init__(self, group: ReaderGroup, count: int) -> None:
        self._group, self._count = group, count
        self._models: dict[int, str] = {}
        self._errors: dict[int, ReaderError] = {}
        self._told: str | None = None  # the code of the error that was told last, "" for up, None at first
        self._present: set[int] = set()
        self._open: set[int] = set()  # documents present, neither read nor failed yet
        self._busy: int | None = None  # the part whose document is being read, no key waited for
        self._asking: int | None = None  # the part whose chip asked for a key last, while it is open
        self._held: list[tuple[int, ReaderEvent]] = []
        # A scan's first event waits for its second: only that tells whether it is a key.
        self._unsaid: dict[int, DocumentPresent] = {}

    def take(self, number: int, event: ReaderEvent) -> Iterator[ReaderEvent]:
        """Take the next event of a part; yield what is now to be told."""
        self._held.append((number, event))
        del event
        while (at := self._find_next()) is not None:
            yield from self._tell(*self._held.pop(at))
            if not self._present:
                yield from self._settle()

    def _find_next(self) -> int | None:
        """Return the first held event that may be told now: while a document is being read, only its own."""
        if self._busy is None and self._asking is not None and not self._group.awaits_key:
            self._busy = self._asking  # it has its key now
        return next((n for n, (part, _) in enumerate(self._held) if self._busy in (None, part)), None)

    def _tell(self, number: int, event: ReaderEvent) -> Iterator[ReaderEvent]:
        match event:
            case ReaderUp(model):
                self._models[number] = model
                self._errors.pop(number, None)
            case ReaderDown(error):
                self._models.pop(number, None)
                self._errors[number] = error
                yield from self._end_document(number, error)
            case DocumentPresent():
                self._unsaid[number] = event
                self._busy = number
                if not self._group.is_scanner(number):
                    yield from self._begin(number)
            case DocumentRead(raw) if raw.layout is Layout.ICAO_LINES and self._group.awaits_key:
                self._unsaid.pop(number, None)
                self._busy = None
                with suppress(KeyUnusable):  # the chip then still waits
                    self._group.give_key(raw.fields["text"])
            case DocumentRemoved():
                yield from self._remove(number)
            case _:
                yield from self._begin(number)
                yield event
                self._note_progress(number, event)

    def _note_progress(self, number: int, event: ReaderEvent) -> None:
        is_over = isinstance(event, (DocumentRead, DocumentFailed))
        if is_over:
            self._open.discard(number)
        if isinstance(event, KeyNeeded):
            self._asking = number
        elif self._asking == number:
            self._asking = None
        self._busy = None if is_over or isinstance(event, KeyNeeded) else number

    def _begin(self, number: int) -> Iterator[ReaderEvent]:
        if (present := self._unsaid.pop(number, None)) is None:
            return
        if self._told != "":
            self._told = ""
            yield ReaderUp(self._models.get(number, ""))
        self._present.add(number)
        self._open.add(number)
        yield present

    def _end_document(self, number: int, error: ReaderError) -> Iterator[ReaderEvent]:
        """Tell that the document of a part that failed is gone, with the part."""
        if self._unsaid.pop(number, None) or number in self._open:
            self._busy = None if self._busy == number else self._busy
        if number in self._open:
            self._note_progress(number, DocumentFailed(error))
            yield DocumentFailed(error)
        yield from self._remove(number)

    def _remove(self, number: int) -> Iterator[ReaderEvent]:
        if number not in self._present:
            return  # a scan that was a key
        self._present.discard(number)
        yield DocumentRemoved()
        if self._group.awaits_key:
            yield KeyNeeded()

    def _settle(self) -> Iterator[ReaderEvent]:
        """Tell how the whole is, where that is new and every part has said how it is."""
        error = next(iter(self._errors.values()), None)
        code = error.code if error else ""
        if code == self._told or len(self._models) + len(self._errors) < self._count:
            return
        self._told = code
        yield ReaderDown(error) if error else ReaderUp(" + ".join(self._models[n] for n in sorted(self._models)))
