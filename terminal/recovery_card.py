"""The recovery card's code: 128 random bits as eight groups of six digits.

Digits alone, because a counter may have nothing but ten keys on its screen. Each group is sixteen bits times eleven:
a wrong digit, or two neighbours exchanged, makes a number that eleven does not divide, so the screen can say which
group was mistyped.
"""

from __future__ import annotations

from terminal.codes import ProblemCode
from terminal.errors import NotTaken

CODE_BYTES = 16
GROUPS = 8
GROUP_DIGITS = 6
CHECK = 11
_GROUP_VALUES = 2**16
LARGEST_GROUP = (_GROUP_VALUES - 1) * CHECK
# For so long a new card waits to be shown, once.
CARD_WAITS_S = 180.0


def write_code(code: bytes) -> tuple[str, ...]:
    """Return the groups of a code of 16 bytes, as they are printed."""
    values = (int.from_bytes(code[at : at + 2], "big") for at in range(0, CODE_BYTES, 2))
    return tuple(f"{value * CHECK:0{GROUP_DIGITS}}" for value in values)


def read_code(groups: list[str]) -> bytes:
    """Return the code of typed groups; spaces in them do not matter. Raises: NotTaken(CARD_MISTYPED)."""
    values = [_read_group("".join(group.split())) for group in groups]
    if len(values) != GROUPS:
        raise NotTaken(ProblemCode.CARD_MISTYPED)
    return b"".join(value.to_bytes(2, "big") for value in values)


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


def _read_group(group: str) -> int:
    if len(group) != GROUP_DIGITS or not (group.isascii() and group.isdigit()):
        raise NotTaken(ProblemCode.CARD_MISTYPED)
    value, rest = divmod(int(group), CHECK)
    if rest or value >= _GROUP_VALUES:
        raise NotTaken(ProblemCode.CARD_MISTYPED)
    return value
