"""Slots of PC/SC readers, watched: survives readers that come and go, and the service itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from time import monotonic

from drivers.card import CardLifted, CardPut, CardRefused, SlotDown, SlotEvent, SlotUp
from drivers.errors import CardServiceGone, ReaderBusy, ReaderError, ReaderForbidden, ReaderGone
from drivers.io.pcsc import CardService, SlotState
from drivers.pcsc_card import PcscLimits, PcscTransport

_BUSY_LOOK_S = 0.1
_PAUSE_S = 0.02
# The place of a reader's own key cards, where nobody puts a document.
_NO_SLOT_FOR_DOCUMENTS = " SAM "


@dataclass(frozen=True, slots=True)
class _Placed:
    """A card that came to lie in a slot, until `lifted` is set."""

    slot: str
    lifted: threading.Event


@dataclass(frozen=True, slots=True)
class _Gone:
    placed: _Placed


def choose_slots(names: tuple[str, ...], wanted: str) -> list[str]:
    """Return the slots whose name holds `wanted`, in any case; for "" all that documents are put on."""
    if wanted:
        return [name for name in names if wanted.casefold() in name.casefold()]
    return [name for name in names if _NO_SLOT_FOR_DOCUMENTS not in f" {name.replace('[', ' ').replace(']', ' ')} "]


class PcscSlot:
    """All slots of a name, as one: the card that was placed last counts. `drivers.card.CardSlot`."""

    def __init__(self, wanted: str = "", limits: PcscLimits | None = None) -> None:
        self._limits = limits or PcscLimits()
        self._queue: SimpleQueue[SlotUp | SlotDown | _Placed | _Gone | None] = SimpleQueue()
        self._stop = threading.Event()
        self._watch = _Watch(wanted, self._limits, self._queue, self._stop)

    def events(self) -> Iterator[SlotEvent]:
        """Yield what happens at the slots; see `drivers.card.CardSlot`."""
        if self._stop.is_set():
            return
        thread = threading.Thread(target=self._watch.run, name="pcsc-watch", daemon=True)
        thread.start()
        current: _Placed | None = None
        try:
            while (item := self._queue.get()) is not None:
                match item:
                    case SlotUp() | SlotDown():
                        current = None
                        yield item
                    case _Gone(placed) if placed is current:
                        current = None
                        yield CardLifted()
                    case _Placed():
                        if current is not None:
                            yield CardLifted()
                        current = item
                        yield self._connect(item)
        finally:
            self._stop.set()
            # A daemon that hangs keeps its thread; closing does not wait for it.
            thread.join(self._limits.close_s)

    def close(self) -> None:
        """End `events()`."""
        self._stop.set()
        self._queue.put(None)

    def _connect(self, placed: _Placed) -> CardPut | CardRefused:
        """Connect to the card, also where another program has it for a moment."""
        until = monotonic() + self._limits.busy_s
        while True:
            try:
                return CardPut(PcscTransport(placed.slot, placed.lifted.wait, self._limits))
            except ReaderBusy as error:
                if monotonic() > until or placed.lifted.is_set() or self._stop.wait(_BUSY_LOOK_S):
                    return CardRefused(error)
            except ReaderError as error:
                return CardRefused(error)


class _Watch:
    """Looks at the slots from a thread of its own and tells what changes."""

    def __init__(
        self,
        wanted: str,
        limits: PcscLimits,
        queue: SimpleQueue[SlotUp | SlotDown | _Placed | _Gone | None],
        stop: threading.Event,
    ) -> None:
        self._wanted, self._limits, self._queue, self._stop = wanted, limits, queue, stop
        self._placed: dict[str, _Placed] = {}
        self._told = ""  # the error that was told last, "" while the reader is up

    def run(self) -> None:
        """Watch until stopped, again after each loss of the service."""
        self._told = "nothing yet"
        was_refused = False
        while not self._stop.is_set():
            try:
                service = CardService()
                was_refused = False
                try:
                    self._follow(service)
                finally:
                    service.close()
            except ReaderForbidden as error:
                # A service that ends as it is called looks like one that refuses; only the second time it is one.
                self._go_down(error if was_refused else CardServiceGone())
                was_refused = True
            except ReaderError as error:
                self._go_down(error)
            self._stop.wait(self._limits.retry_s)

    def _follow(self, service: CardService) -> None:
        """Tell what changes at the slots. Raises: CardServiceGone, ReaderForbidden."""
        known: dict[str, SlotState] = {}
        while not self._stop.is_set():
            names = choose_slots(service.list_readers(), self._wanted)
            for name in known.keys() - set(names):
                self._lift(name)
            known = {name: known.get(name, SlotState()) for name in names}
            if not names:
                self._go_down(ReaderGone())
                self._stop.wait(self._limits.look_s)
                continue
            try:
                found = service.wait_for_change(known, self._limits.look_s)
            except ReaderGone:
                # One of them went in between; the names are asked for again.
                self._stop.wait(_BUSY_LOOK_S)
                continue
            if found == known:
                # Time is up; or a driver in trouble, which the service tells again and again without a pause.
                self._stop.wait(_PAUSE_S)
            self._come_up(names[0])
            for name, state in found.items():
                self._compare(name, known[name], state)
            known = found

    def _compare(self, name: str, before: SlotState, after: SlotState) -> None:
        # A card that was exchanged between two looks lies there both times.
        if name in self._placed and (not after.has_card or before.changes != after.changes):
            self._lift(name)
        if after.has_card and name not in self._placed:
            self._placed[name] = _Placed(name, threading.Event())
            self._queue.put(self._placed[name])

    def _lift(self, name: str) -> None:
        if placed := self._placed.pop(name, None):
            placed.lifted.set()
            self._queue.put(_Gone(placed))

    def _come_up(self, model: str) -> None:
        if self._told:
            self._told = ""
            self._queue.put(SlotUp(model))

    def _go_down(self, error: ReaderError) -> None:
        for placed in self._placed.values():
            placed.lifted.set()
        self._placed.clear()
        if self._told != error.code:
            self._told = error.code
            self._queue.put(SlotDown(error))
