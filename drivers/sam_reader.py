"""The serial resident-card reader: polls its SAM module, reads each card once, survives unplugging."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

from drivers.errors import (
    CardRemoved,
    CardUnreadable,
    DamagedFrame,
    ReaderClosed,
    ReaderError,
    ReaderGone,
    ReaderRefused,
    ReaderTimeout,
)
from drivers.photo_decoder import PhotoDecoder, decode_photo
from drivers.reader import (
    DocumentFailed,
    DocumentPresent,
    DocumentRead,
    DocumentRemoved,
    Layout,
    Progress,
    RawDocument,
    ReaderDown,
    ReaderEvent,
    ReaderUp,
)
from drivers.sam_module import SamModule, SamTimings, Transport

# One garbled reply is weather; so many in a row mean that the reader itself is in trouble.
_FAILURES_TO_DOWN = 3


class SamReader:
    """A reader that speaks the SAM protocol over a line that `open_transport` opens, again after each loss."""

    def __init__(
        self,
        url: str,
        open_transport: Callable[[], Transport],
        *,
        is_simulated: bool,
        timings: SamTimings | None = None,
        decoder: PhotoDecoder | None = None,
    ) -> None:
        self.url = url
        self.is_simulated = is_simulated
        self._open_transport = open_transport
        self._timings = timings or SamTimings()
        self._decoder = decoder
        self._stop = threading.Event()

    def close(self) -> None:
        """End `events()`, within a twentieth of a second where the line is well."""
        self._stop.set()

    def events(self) -> Iterator[ReaderEvent]:
        """Yield what happens at the reader; see `drivers.reader.Reader.events`."""
        backoff_s = self._timings.backoff_first_s
        told = ""
        while not self._stop.is_set():
            try:
                for event in self._watch_line():
                    told, backoff_s = "", self._timings.backoff_first_s
                    yield event
                    # Between two guests nothing here may still hold the one before.
                    del event
            except ReaderClosed:
                return
            except ReaderError as error:
                if error.code != told:
                    told = error.code
                    yield ReaderDown(error)
            self._stop.wait(backoff_s)
            backoff_s = min(backoff_s * 2, self._timings.backoff_limit_s)

    def _watch_line(self) -> Iterator[ReaderEvent]:
        """Open the line and yield what happens on it. Raises: ReaderError when the reader is lost."""
        transport = self._open_transport()
        try:
            module = SamModule(transport, self._timings, self._stop.is_set)
            module.check_status()
            yield ReaderUp(f"SAM {module.read_id()}")
            yield from self._watch_cards(module)
        finally:
            transport.close()

    def _watch_cards(self, module: SamModule) -> Iterator[ReaderEvent]:
        """Look for cards and read each once.

        Whether a card that was read is found again before it is lifted differs between modules, so presence
        is what find says: where a card that still lies there is found again it is left alone, and where it
        is not, the next find can only mean that a card was placed anew.
        """
        present = False
        failures = 0
        while not self._stop.is_set():
            try:
                found = module.find_card()
                failures = 0
            except (DamagedFrame, ReaderTimeout, ReaderRefused):
                failures += 1
                if failures == _FAILURES_TO_DOWN:
                    raise
                continue
            if found and not present:
                present = yield from self._read_card(module)
            elif present and not found:
                present = False
                yield DocumentRemoved()
            self._stop.wait(self._timings.poll_s)

    def _read_card(self, module: SamModule) -> Generator[ReaderEvent, None, bool]:
        """Read the card that was found; return whether it still lies there.

        Raises: ReaderGone and ReaderClosed, everything else is an event.
        """
        yield DocumentPresent()
        try:
            module.select_card()
            yield Progress(1, 2)
            raw = _add_new_address(module, _read_twice(module))
            raw = replace(raw, photo=decode_photo(self._decoder, raw.photo))
            yield Progress(2, 2)
        except (ReaderGone, ReaderClosed):
            raise
        except CardUnreadable as error:
            # The status words do not tell a card that was taken away from one that cannot be read.
            if _is_card_gone(module):
                yield DocumentFailed(CardRemoved())
                yield DocumentRemoved()
                return False
            yield DocumentFailed(error)
        except ReaderError as error:
            yield DocumentFailed(error)
        else:
            yield DocumentRead(raw)
        return True


def _read_twice(module: SamModule) -> RawDocument:
    """Read the selected card, once more when the reply arrived damaged: the card still lies there."""
    try:
        return module.read_base()
    except DamagedFrame:
        return module.read_base()


def _add_new_address(module: SamModule, raw: RawDocument) -> RawDocument:
    """Put the address that was written later in place of the printed one, where a resident card has any.

    Whatever goes wrong there leaves the card as it was read: not every module knows the command.
    """
    if raw.layout is not Layout.SAM_RESIDENT:
        return raw
    try:
        address = module.read_new_address()
    except (CardUnreadable, DamagedFrame, ReaderTimeout):
        return raw
    return replace(raw, fields={**raw.fields, "address": address}) if address else raw


def _is_card_gone(module: SamModule) -> bool:
    try:
        return not module.find_card()
    except (DamagedFrame, ReaderTimeout, ReaderRefused):
        return False
