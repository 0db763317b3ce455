"""The seam between chip protocols and whatever carries their bytes: PC/SC, a simulator, a recording.

What lies under it (`drivers.io`, `drivers.sim`) implements these Protocols; nothing above opens or waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from drivers.errors import ReaderError


class CardTransport(Protocol):
    """A card lying in a slot, connected and powered, until it is closed or lifted."""

    @property
    def max_command_bytes(self) -> int:
        """The longest command the reader passes on, header included: 261 where it knows short length alone."""

    @property
    def max_answer_bytes(self) -> int:
        """The longest answer the reader passes on, status word included: 258 where it knows short length alone."""

    def transmit(self, apdu: bytes) -> bytes:
        """Send one command and return the card's answer, status word at its end.

        Raises: CardRemoved once the card is gone, CardMute when it does not answer within the transport's own
        limit, CardReset when another program reset it, DamagedFrame for an answer that is none, ReaderGone,
        ReaderBusy.
        """

    def is_card_there(self) -> bool:
        """Tell whether the card still lies there, without talking to it; asked while its key is waited for."""

    def close(self) -> None:
        """Let go of the card. Never raises; may be called more than once."""


@dataclass(frozen=True, slots=True)
class SlotUp:
    """The slot can be used. `model` names the device."""

    model: str


@dataclass(frozen=True, slots=True)
class SlotDown:
    """The slot cannot be used; it is tried again."""

    error: ReaderError


@dataclass(frozen=True, slots=True)
class CardPut:
    """A card lies in the slot."""

    transport: CardTransport


@dataclass(frozen=True, slots=True)
class CardRefused:
    """A card lies in the slot and cannot be talked to (a bad answer to reset, a card without a chip of ours)."""

    error: ReaderError


@dataclass(frozen=True, slots=True)
class CardLifted:
    """No card lies in the slot any more."""


SlotEvent = SlotUp | SlotDown | CardPut | CardRefused | CardLifted


class CardSlot(Protocol):
    """One slot of a reader of chips, watched: `drivers.chip_reader.ChipReader` makes a `Reader` of it.

    The order of events: SlotUp ((CardPut | CardRefused) CardLifted)* SlotDown …, with SlotDown possible at any point.
    """

    def events(self) -> Iterator[SlotEvent]:
        """Yield what happens at the slot, blocking in between; end within 0.5 s after `close()`.

        A card lifted while it is being read raises CardRemoved in `transmit`, and CardLifted is the next event.
        """

    def close(self) -> None:
        """End `events()`. From any thread, any number of times."""
