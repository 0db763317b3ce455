"""A card over PC/SC, with a watch on every call: neither SCardTransmit nor SCardConnect knows a time limit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from drivers.errors import CardMute, CardRemoved, CardReset, CardUnreadable, DamagedFrame, ReaderError
from drivers.io.pcsc import CardService, ConnectedCard

# What a command carries beside its data at extended length, and an answer beside its own.
_COMMAND_EXTRA, _ANSWER_EXTRA = 9, 2
_SHORT_COMMAND, _SHORT_ANSWER = 261, 258
# Where reader and driver do not tell: more than any file that is read, and what every daemon passes.
_UNTOLD_DATA = 32_768

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class PcscLimits:
    """How long is waited for what."""

    # A chip may take 4.9 s for one answer (ISO/IEC 14443-4).
    transmit_s: float = 6.0
    connect_s: float = 6.0
    # Programs of a desktop look at a new card, and some hold it alone for as long.
    busy_s: float = 1.5
    # From a failed command to the service's word that the card was lifted: it looks every 0.4 s.
    lift_s: float = 0.8
    look_s: float = 0.2  # how often is looked at readers that come and go
    retry_s: float = 0.5  # between two tries to reach the service
    close_s: float = 0.4


class CardThread:
    """One thread that makes calls which may never return, for callers who do not wait that long.

    After a call that took too long no other is made; the thread ends, with `clean_up`, when that call returns.
    """

    def __init__(self, name: str, clean_up: Callable[[], None]) -> None:
        self._clean_up = clean_up
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._is_ended = False
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def run(self, call: Callable[[], Result], limit_s: float) -> Result:
        """Return what `call` returns. Raises: CardMute after `limit_s`, and what `call` raises."""
        if self._is_ended:
            raise CardMute
        future: Future[Result] = Future()
        self._calls.put((future, call))
        try:
            return future.result(limit_s)
        except TimeoutError:
            self.end(0)
            raise CardMute from None

    def end(self, wait_s: float) -> None:
        """Make no more calls; wait that long for the end of the thread."""
        if not self._is_ended:
            self._is_ended = True
            self._calls.put(None)
        self._thread.join(wait_s)

    def _serve(self) -> None:
        while (item := self._calls.get()) is not None:
            future, call = item
            try:
                future.set_result(call())
            except Exception as error:
                future.set_exception(error)
            # Nothing of a guest stays here between two cards.
            del item, future, call
        self._clean_up()


class PcscTransport:
    """A card in a slot. `drivers.card.CardTransport`."""

    def __init__(self, name: str, wait_for_lift: Callable[[float], bool], limits: PcscLimits) -> None:
        """Connect to the card in slot `name`; `wait_for_lift` waits so long and tells whether the card was lifted.

        Raises: CardRemoved, CardUnreadable, CardMute, ReaderBusy, ReaderGone, CardServiceGone, ReaderForbidden.
        """
        self._wait_for_lift, self._limits = wait_for_lift, limits
        self._service: CardService | None = None
        self._card: ConnectedCard | None = None
        self._is_used = False
        self._thread = CardThread("pcsc-card", self._clean_up)
        try:
            max_data = self._thread.run(partial(self._connect, name), limits.connect_s)
        except ReaderError as error:
            self.close()
            raise self._explain(error) from None
        is_short = max_data is not None and max_data <= _SHORT_COMMAND
        data = _UNTOLD_DATA if max_data is None else max_data
        self.max_command_bytes = _SHORT_COMMAND if is_short else data + _COMMAND_EXTRA
        self.max_answer_bytes = _SHORT_ANSWER if is_short else data + _ANSWER_EXTRA

    def transmit(self, apdu: bytes) -> bytes:
        """Send one command; see `drivers.card.CardTransport.transmit`."""
        try:
            return self._thread.run(partial(self._transmit, apdu), self._limits.transmit_s)
        except ReaderError as error:
            raise self._explain(error) from None

    def is_card_there(self) -> bool:
        """Tell whether the card still lies there, as far as the watch over the slot knows."""
        return not self._wait_for_lift(0)

    def close(self) -> None:
        """Let go of the card; a call that hangs keeps its thread until it returns."""
        self._thread.end(self._limits.close_s)

    def _connect(self, name: str) -> int | None:
        self._service = CardService()
        self._card = self._service.connect(name)
        return self._card.find_max_data()

    def _transmit(self, apdu: bytes) -> bytes:
        assert self._card is not None  # noqa: S101
        is_first, self._is_used = not self._is_used, True
        try:
            return self._card.transmit(apdu)
        except CardReset:
            # Programs of a desktop probe a new card and reset it. Before the first command nothing is lost by that.
            if not is_first:
                raise
        self._card.take_over()
        return self._card.transmit(apdu)

    def _clean_up(self) -> None:
        if self._card is not None:
            self._card.close()
        if self._service is not None:
            self._service.close()

    def _explain(self, error: ReaderError) -> ReaderError:
        """Return what happened: to drivers a card that was lifted is mostly a line that failed."""
        is_vague = isinstance(error, (DamagedFrame, CardUnreadable, CardReset))
        return CardRemoved() if is_vague and self._wait_for_lift(self._limits.lift_s) else error
