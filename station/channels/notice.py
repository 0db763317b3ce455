"""What may leave the station about alerts, and what carries it.

A notice goes through other people's machines and lies on locked screens. So its type has no room for a person, a
document, a house or an address, nor for an alert's id or verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from station.errors import StationError


class ChannelFailed(StationError):
    """A notice could not be sent. It is tried again."""

    code = "channel"


@dataclass(frozen=True, slots=True)
class Notice:
    """That alerts wait at a station."""

    level: int  # how often the longest waiting one was called out: 1, 2, …
    station: str  # its code; "" where no station has one
    waiting: int
    oldest_at: datetime  # aware UTC


class Channel(Protocol):
    """One way to somebody. It is used by one thread."""

    @property
    def name(self) -> str:
        """What log lines and the memory of sent notices call it."""

    def send(self, notice: Notice) -> None:
        """Hand a notice over, within seconds. Raises: ChannelFailed."""
