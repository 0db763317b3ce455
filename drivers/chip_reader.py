"""The reader of electronic documents: a watched slot, a key that somebody gives, and the chip that it opens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic

from drivers.card import CardLifted, CardPut, CardRefused, CardSlot, CardTransport, SlotDown, SlotUp
from drivers.document_chip import Examiner, Part, read_in_steps
from drivers.errors import CardMute, CardRemoved, ChipDamaged, KeyNotGiven, ReaderClosed, ReaderError
from drivers.proto.access_key import AccessKey, parse_access_key
from drivers.reader import (
    DocumentFailed,
    DocumentPresent,
    DocumentRead,
    DocumentRemoved,
    Face,
    KeyNeeded,
    RawDocument,
    ReaderDown,
    ReaderEvent,
    ReaderUp,
)

_LOOK_S = 0.1
KEY_WAIT_S = 180.0
# A slow chip with a large face takes a quarter of it. Without a limit a hostile one could answer for ever.
READ_LIMIT_S = 60.0


class ChipReader:
    """A `drivers.reader.KeyedReader` over one slot."""

    def __init__(
        self,
        url: str,
        slot: CardSlot,
        examiner: Examiner,
        *,
        is_simulated: bool,
        parts: frozenset[Part] = frozenset(),
        key_wait_s: float = KEY_WAIT_S,
        read_limit_s: float = READ_LIMIT_S,
        draw_face: Callable[[bytes], Face | None] = lambda _image: None,
    ) -> None:
        """`parts` says what is read beside the printed lines; `draw_face` makes what can be shown of a chip's image."""
        self._draw_face, self._read_limit_s = draw_face, read_limit_s
        self.url = url
        self.is_simulated = is_simulated
        self.examiner = examiner
        self._slot, self._parts, self._key_wait_s = slot, parts, key_wait_s
        self._changed = threading.Condition()
        self._is_closed = False
        self._awaits_key = False
        self._key: AccessKey | None = None

    @property
    def awaits_key(self) -> bool:
        """True between `KeyNeeded` and the key."""
        with self._changed:
            return self._awaits_key

    def give_key(self, text: str) -> None:
        """Give the key to the chip that waits; see `drivers.reader.KeyedReader`. Raises: KeyUnusable."""
        key = parse_access_key(text)
        with self._changed:
            if self._awaits_key:
                self._awaits_key, self._key = False, key
                self._changed.notify_all()

    def close(self) -> None:
        """End `events()`, after the command that is under way at a chip."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._slot.close()

    def events(self) -> Iterator[ReaderEvent]:
        """Yield what happens at the reader; see `drivers.reader.Reader.events`."""
        if self._is_closed:
            return
        for happened in self._slot.events():
            match happened:
                case SlotUp(model):
                    yield ReaderUp(model)
                case SlotDown(error):
                    yield ReaderDown(error)
                case CardRefused(error):
                    yield DocumentPresent()
                    yield DocumentFailed(error)
                case CardLifted():
                    yield DocumentRemoved()
                case CardPut(transport):
                    yield DocumentPresent()
                    yield from self._read(transport)

    def _read(self, transport: CardTransport) -> Iterator[ReaderEvent]:
        """Ask for the key and read. Everything that goes wrong is an event."""
        with self._changed:
            self._awaits_key = True
        try:
            yield KeyNeeded()
            key = self._wait_for_key(transport)
            if key is None:
                return
            stoppable = _StoppableTransport(transport, lambda: self._is_closed, monotonic() + self._read_limit_s)
            steps = read_in_steps(stoppable, key, self.examiner, self._parts)
            while True:
                try:
                    yield next(steps)
                except StopIteration as done:
                    yield DocumentRead(self._show_face(done.value.raw))
                    return
        except ReaderClosed:
            return
        except ReaderError as error:
            yield DocumentFailed(error)
        except Exception as error:
            # What nobody thought of is that chip's fault alone: the reader must take the next one.
            yield DocumentFailed(ChipDamaged(type(error).__name__))
        finally:
            transport.close()
            with self._changed:
                self._awaits_key, self._key = False, None

    def _show_face(self, raw: RawDocument) -> RawDocument:
        """Put what can be shown in place of what lay on the chip."""
        return replace(raw, photo=b"", face=self._draw_face(raw.photo)) if raw.photo else raw

    def _wait_for_key(self, transport: CardTransport) -> AccessKey | None:
        """Return the key, None once the reader is closed. Raises: CardRemoved, KeyNotGiven."""
        deadline = monotonic() + self._key_wait_s
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._key is not None or self._is_closed, _LOOK_S)
                if self._is_closed:
                    return None
                if self._key is not None:
                    return self._key
            if not transport.is_card_there():
                raise CardRemoved
            if monotonic() > deadline:
                raise KeyNotGiven


class _StoppableTransport:
    """A card's transport that ends a reading between two commands: when it is stopped, or has taken too long."""

    def __init__(self, transport: CardTransport, is_stopped: Callable[[], bool], deadline: float) -> None:
        self._transport, self._is_stopped, self._deadline = transport, is_stopped, deadline
        self.max_command_bytes, self.max_answer_bytes = transport.max_command_bytes, transport.max_answer_bytes

    def transmit(self, apdu: bytes) -> bytes:
        """Send one command. Raises: ReaderClosed once stopped, CardMute in the end, and what the transport raises."""
        if self._is_stopped():
            raise ReaderClosed
        if monotonic() > self._deadline:
            raise CardMute
        return self._transport.transmit(apdu)

    def is_card_there(self) -> bool:
        """Tell whether the card still lies there."""
        return self._transport.is_card_there()

    def close(self) -> None:
        """Let go of the card."""
        self._transport.close()
