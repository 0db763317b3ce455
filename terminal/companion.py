"""What may run beside a counter of the demonstration: a part of another distribution, found by its entry point.

Registration ships no companion and needs none. A real root file never loads one, installed or not: whoever stands
beside the counter can read the guests in house.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

import structlog

from records.notes import NoteVerifier
from records.root import RootFile
from records.stays import Venue
from records.suite import SigningKey
from terminal.clock import Clock
from terminal.store import HouseRecord, HouseRow

GROUP = "kuaijietong.terminal"
NAME = "comparing"


class Companion(Protocol):
    """A thread of its own beside the counter. Nothing it does may delay or fail a registration."""

    def start(self) -> None:
        """Begin to work."""

    def stop(self) -> None:
        """Stop, and close what was opened."""

    def wake(self) -> None:
        """A guest was saved or left, or a receipt came: look again at who is in house. Returns at once."""

    def describe(self) -> Mapping[str, str]:
        """Return the sentence of the guest notice about comparison as it stands now, by language (zh, en)."""


@dataclass(frozen=True, slots=True)
class CompanionContext:
    """What a companion is given of its terminal."""

    terminal: bytes
    venue: Venue
    find_signing: Callable[[], SigningKey] = field(repr=False)  # the key to sign with now: it renews itself
    data: Path  # the terminal's folder
    root: RootFile
    root_verifier: NoteVerifier
    clock: Clock
    zone: tzinfo | None  # the venue's; None is the machine's own
    list_house: Callable[[], list[tuple[HouseRow, HouseRecord | None]]] = field(repr=False)
    find_clock_offset_s: Callable[[], int | None]  # against central, None before the first answer


class NoCompanion:
    """What stands beside every counter that is not the demonstration's: nothing."""

    def start(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""

    def wake(self) -> None:
        """Do nothing."""

    def describe(self) -> Mapping[str, str]:
        """Say nothing; the notice's own sentence is that nothing is compared."""
        return {}


def find_companion(context: CompanionContext) -> Companion:
    """Return the companion that is installed, for a terminal of the demonstration; nothing for every other."""
    if context.root.is_demonstration:
        for found in entry_points(group=GROUP, name=NAME):
            try:
                made: Companion = found.load()(context)
            except Exception as error:  # of another version, or half installed: guests are registered all the same
                structlog.get_logger().error("companion not started", error=type(error).__name__)
            else:
                return made
    return NoCompanion()
