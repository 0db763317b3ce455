"""A permit with the key of its day, which is in memory alone."""

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
