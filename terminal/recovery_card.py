"""The recovery card's code: 128 random bits as eight groups of six digits (`records.groups`)."""

from __future__ import annotations

from records.errors import MalformedBytes
from records.groups import CHECK, GROUP_DIGITS, LARGEST_GROUP, read_groups, write_groups
from terminal.codes import ProblemCode
from terminal.errors import NotTaken

__all__ = ["CHECK", "CODE_BYTES", "GROUPS", "GROUP_DIGITS", "LARGEST_GROUP", "CardShownOnce", "read_code", "write_code"]
CODE_BYTES = 16
GROUPS = 8
# For so long a new card waits to be shown, once.
CARD_WAITS_S = 180.0


def write_code(code: bytes) -> tuple[str, ...]:
    """Return the groups of a code of 16 bytes, as they are printed."""
    return write_groups(code)


def read_code(groups: list[str]) -> bytes:
    """Return the code of typed groups; spaces in them do not matter. Raises: NotTaken(CARD_MISTYPED)."""
    try:
        return read_groups(groups, GROUPS)
    except MalformedBytes:
        raise NotTaken(ProblemCode.CARD_MISTYPED) from None


class CardShownOnce:
    """The code of a card just made: it waits three minutes to be shown, once. The caller holds the lock."""

    def __init__(self) -> None:
        self._waiting: tuple[bytes, float] | None = None

    def put(self, code: bytes, now_s: float) -> None:
        """Let a code wait."""
        self._waiting = code, now_s

    def take(self, now_s: float) -> tuple[str, ...]:
        """Return the groups of the code that waits, () where there is none or no more."""
        waiting, self._waiting = self._waiting, None
        if waiting is None or now_s - waiting[1] > CARD_WAITS_S:
            return ()
        return write_code(waiting[0])
