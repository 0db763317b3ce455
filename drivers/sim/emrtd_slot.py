"""A virtual slot for virtual cards, which whoever holds it puts, lifts and breaks. `drivers.card.CardSlot`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from enum import StrEnum
from queue import Empty, SimpleQueue

from drivers.card import CardLifted, CardPut, CardRefused, SlotDown, SlotEvent, SlotUp
from drivers.errors import CardMute, CardRemoved, CardUnreadable, DamagedFrame, ReaderGone
from drivers.sim.emrtd_card import CardContent, VirtualCard
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS, build_chip

_MODEL = "simulated chip reader"
_LOOK_S = 0.1
_SLOW_S = 0.05
# What a good reader with extended length passes on.
_LONG = 65544
_SHORT = 261


class ChipFault(StrEnum):
    """What can go wrong between reader and chip."""

    REMOVED = "removed"  # lifted at the command
    MUTE = "mute"  # no answer
    SLOW = "slow"  # every answer takes 50 ms
    CORRUPT = "corrupt"  # one bit of an answer is wrong
    EMPTY = "empty"  # an answer without a byte
    BAD_ATR = "bad_atr"  # no answer to reset that can be understood: the card cannot be talked to at all


class SimulatedTransport:
    """The connection to a virtual card. `drivers.card.CardTransport`."""

    def __init__(self, card: VirtualCard, *, is_extended: bool = True) -> None:
        self.max_command_bytes = _LONG if is_extended else _SHORT
        self.max_answer_bytes = _LONG if is_extended else _SHORT - 3
        self.log: list[tuple[bytes, bytes]] | None = None  # a list here takes every command and its answer
        self._card = card
        self._gone = threading.Event()
        self._fault: ChipFault | None = None
        self._good_commands = 0
        card.reset()

    def set_fault(self, fault: ChipFault | None, after: int = 0) -> None:
        """Let `fault` happen once `after` more commands went well."""
        self._fault, self._good_commands = fault, after

    @property
    def fault(self) -> ChipFault | None:
        """The fault that happens, or is going to."""
        return self._fault

    def reset(self) -> None:
        """Let the card forget everything that was said."""
        self._card.reset()

    def lift(self) -> None:
        """Take the card away."""
        self._gone.set()

    def wait_for_lift(self, timeout_s: float) -> bool:
        """Wait until the card is taken away, or no longer; return whether it is."""
        return self._gone.wait(timeout_s)

    def is_card_there(self) -> bool:
        """Tell whether the card was not lifted yet."""
        return not self._gone.is_set()

    def transmit(self, apdu: bytes) -> bytes:
        """Send one command to the card. Raises: CardRemoved, CardMute, DamagedFrame."""
        fault = self._find_fault()
        if fault is ChipFault.REMOVED:
            self.lift()
        if fault is ChipFault.SLOW:
            self._gone.wait(_SLOW_S)
        if self._gone.is_set():
            raise CardRemoved
        if fault is ChipFault.MUTE:
            raise CardMute
        if fault is ChipFault.EMPTY:
            raise DamagedFrame
        answer = self._card.answer(apdu)
        if fault is ChipFault.CORRUPT and len(answer) > 2:
            # In front of the status word, where a line would garble it unseen.
            answer = answer[:-3] + bytes([answer[-3] ^ 1]) + answer[-2:]
        if self.log is not None:
            self.log.append((apdu, answer))
        return answer

    def close(self) -> None:
        """Let go of the card."""

    def _find_fault(self) -> ChipFault | None:
        if self._good_commands > 0:
            self._good_commands -= 1
            return None
        return self._fault


class SimulatedSlot:
    """One slot. Methods may be called from any thread."""

    def __init__(self) -> None:
        self.card_id: str | None = None
        self.fault: ChipFault | None = None
        self._lock = threading.Lock()
        self._queue: SimpleQueue[SlotEvent | None] = SimpleQueue()
        self._queue.put(SlotUp(_MODEL))
        self._transport: SimulatedTransport | None = None
        self._is_plugged = True
        self._is_closed = threading.Event()

    @property
    def transport(self) -> SimulatedTransport | None:
        """The connection to the card that lies there."""
        return self._transport

    def put(self, specimen_id: str) -> None:
        """Put a specimen in, in place of any other. Raises: KeyError for an unknown one."""
        self.put_card(build_chip(CHIP_SPECIMENS[specimen_id]), specimen_id)

    def put_card(self, content: CardContent, card_id: str = "") -> None:
        """Put any card in, in place of any other; a slot without a cable sees nothing."""
        with self._lock:
            if not self._is_plugged:
                return
            if self._transport is not None:
                self._lift()
            self._transport = SimulatedTransport(VirtualCard(content))
            self._transport.set_fault(self.fault)
            self.card_id = card_id
            is_bad = self.fault is ChipFault.BAD_ATR
            self._queue.put(CardRefused(CardUnreadable()) if is_bad else CardPut(self._transport))

    def remove(self) -> None:
        """Lift the card; a fault that came with it ends."""
        with self._lock:
            self._lift()

    def set_plugged(self, is_plugged: bool) -> None:
        """Pull or put back the cable; a card that lies there goes with it."""
        with self._lock:
            if is_plugged != self._is_plugged:
                self._is_plugged = is_plugged
                self._lift()
                self._queue.put(SlotUp(_MODEL) if is_plugged else SlotDown(ReaderGone()))

    def set_fault(self, fault: ChipFault | None) -> None:
        """Let the card that lies there, or the next one, have this fault until it is lifted; None for none."""
        with self._lock:
            self.fault = fault
            if self._transport is not None:
                self._transport.set_fault(fault)

    def events(self) -> Iterator[SlotEvent]:
        """Yield what happens at the slot; see `drivers.card.CardSlot`."""
        while not self._is_closed.is_set():
            try:
                event = self._queue.get(timeout=_LOOK_S)
            except Empty:
                # A card that its own fault lifted lies nowhere any more.
                if self._transport is not None and not self._transport.is_card_there():
                    self.remove()
                continue
            if event is None:
                return
            yield event
            del event

    def close(self) -> None:
        """End `events()` at once."""
        self._is_closed.set()
        self._queue.put(None)

    def _lift(self) -> None:
        if self._transport is not None:
            self._transport.lift()
            self._transport = self.card_id = self.fault = None
            self._queue.put(CardLifted())
