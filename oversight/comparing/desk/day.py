"""A permit with the key of its day, which is in memory alone; and what is told of what is permitted."""

from __future__ import annotations

from dataclasses import dataclass, field

from records.comparing.permits import Permit


@dataclass(slots=True)
class Day:
    """A permit, drafted or in force. `secret` is overwritten when it ends."""

    permit: Permit
    secret: bytearray = field(repr=False)
    leaves: frozenset[bytes] = field(repr=False)
    # Handle to the digest of its one batch, and how often that batch came again. Random bytes, in memory alone.
    handles: dict[bytes, tuple[bytes, int]] = field(default_factory=dict, repr=False)

    def erase(self) -> None:
        """Forget the key. Python may have copies; this process ends them, and nothing was ever written."""
        self.secret[:] = bytes(len(self.secret))
        self.handles.clear()


@dataclass(frozen=True, slots=True)
class Standing:
    """What is permitted now."""

    permit: str  # the newest permit's note, in force or not
    stop: str  # the note of its stop
    is_on: bool
    compared: int  # under the permit in force
    compared_today: int
    newest_list: int  # the number of the newest list that a permit named
    acts: int  # permits and stops so far: whoever agrees to a permit says how many there were
    is_stopped_by_person: bool  # then two people go on
    is_put_back: bool  # and nobody stopped it: the book is older than what a relay remembers
