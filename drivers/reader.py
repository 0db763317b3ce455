"""The one interface of every reader, its events, and what a reader hands over.

The order of events, which `tests/drivers/test_contract.py` holds every reader to:

    ReaderUp (DocumentPresent [KeyNeeded] Progress* (DocumentRead | DocumentFailed) DocumentRemoved)* ReaderDown …

`ReaderDown` may come at any point and ends what was under way, the document's presence included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

from drivers.errors import ReaderError


class Layout(StrEnum):
    """How what was read is laid out; the value is stable and names the protocol first."""

    SAM_RESIDENT = "sam.resident"
    SAM_PERMIT = "sam.J"  # residence permit for Hong Kong, Macao and Taiwan residents
    SAM_PERMANENT_2017 = "sam.I"
    SAM_PERMANENT_2023 = "sam.Y"
    ICAO_CHIP = "icao.chip"
    ICAO_LINES = "icao.lines"  # printed lines alone, as a scanner sent them


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Face:
    """A face to be compared by eye: in memory, until a room is chosen. Neither stored, sent, logged nor compared here.

    Made by us from points alone, whatever it came from, so that a browser may be given it.
    """

    image: bytes = field(repr=False)
    mime: str  # "image/jpeg" or "image/png"


@dataclass(frozen=True, slots=True)
class RawDocument:
    """What a reader took from a document: the fields we use, as text, not yet understood.

    The bytes they came from are gone by then. What we do not use (ethnicity, fingerprints, the issuing
    office) has no place here, so that nothing downstream can come to depend on it.
    """

    layout: Layout
    fields: Mapping[str, str] = field(repr=False)
    # As it lies on the card, undecoded and never shown; `face` is what can be made of it.
    photo: bytes = field(default=b"", repr=False)
    face: Face | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ReaderUp:
    """The reader answers. `model` names the device, never a document."""

    model: str


@dataclass(frozen=True, slots=True)
class ReaderDown:
    """The reader cannot be used; it is tried again until `close()`. Sent again only when the reason changes."""

    error: ReaderError


@dataclass(frozen=True, slots=True)
class DocumentPresent:
    """A document lies on the reader and is going to be read."""


@dataclass(frozen=True, slots=True)
class KeyNeeded:
    """The chip opens only with a key printed on the document; `KeyedReader.give_key` answers."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Reading has come to `step` of `steps` (1 ≤ step ≤ steps)."""

    step: int
    steps: int


@dataclass(frozen=True, slots=True)
class DocumentRead:
    """The document was read whole. It is not read again before it was removed."""

    raw: RawDocument


@dataclass(frozen=True, slots=True)
class DocumentFailed:
    """The document could not be read; the next try begins when it was removed and placed again."""

    error: ReaderError


@dataclass(frozen=True, slots=True)
class DocumentRemoved:
    """The document is no longer on the reader, as far as the reader can tell."""


ReaderEvent = (
    ReaderUp | ReaderDown | DocumentPresent | KeyNeeded | Progress | DocumentRead | DocumentFailed | DocumentRemoved
)


class Reader(Protocol):
    """A reader, real or simulated."""

    @property
    def url(self) -> str:
        """The URL it was opened by."""

    @property
    def is_simulated(self) -> bool:
        """True only where no real document can be read: the demonstration takes no other reader."""

    def events(self) -> Iterator[ReaderEvent]:
        """Yield what happens at the reader, blocking in between; end within 0.5 s after `close()`.

        For one consumer, once. The device is opened by the first step and closed when the iterator ends.
        Raises nothing of its own: every trouble of the reader is an event.
        """

    def close(self) -> None:
        """End `events()`. May be called from any thread, any number of times, before or after it began."""


@runtime_checkable
class KeyedReader(Reader, Protocol):
    """A reader of chips, which open only with a key that stands on the document: it answers `KeyNeeded`."""

    @property
    def awaits_key(self) -> bool:
        """True between `KeyNeeded` and the key."""

    def give_key(self, text: str) -> None:
        """Give the printed lines or the access number to the chip that waits; nothing happens where none does.

        From any thread. Raises: KeyUnusable when the text is neither; the chip then still waits.
        """
