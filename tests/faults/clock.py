"""The machine's own clock for a kit whose clock else is turned by hand."""

from __future__ import annotations

from terminal.clock import Clock, read_machine_clock
from tests.terminal.kit import TurnedClock


class RealClock(TurnedClock):
    """A clock that nobody turns."""

    def as_clock(self) -> Clock:
        """Return the machine's clock."""
        return read_machine_clock()
