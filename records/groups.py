"""Random bits as groups of six digits, for people who type them: the recovery card and the one-time code.

Digits alone, because a counter may have nothing but ten keys on its screen. Each group is sixteen bits times eleven:
a wrong digit, or two neighbours exchanged, makes a number that eleven does not divide, so the screen can say which
group was mistyped.
"""

from __future__ import annotations

from records.errors import MalformedBytes

GROUP_DIGITS = 6
GROUP_BYTES = 2
CHECK = 11
_GROUP_VALUES = 2 ** (8 * GROUP_BYTES)
LARGEST_GROUP = (_GROUP_VALUES - 1) * CHECK


def write_groups(data: bytes) -> tuple[str, ...]:
    """Return the groups of an even number of bytes, as they are shown and typed."""
    values = (int.from_bytes(data[at : at + GROUP_BYTES], "big") for at in range(0, len(data), GROUP_BYTES))
    return tuple(f"{value * CHECK:0{GROUP_DIGITS}}" for value in values)


def read_groups(groups: list[str], count: int) -> bytes:
    """Return the bytes of so many typed groups; spaces in them do not matter. Raises: MalformedBytes("group")."""
    values = [_read_group("".join(group.split())) for group in groups]
    if len(values) != count:
        raise MalformedBytes("group")
    return b"".join(value.to_bytes(GROUP_BYTES, "big") for value in values)


def _read_group(group: str) -> int:
    if len(group) != GROUP_DIGITS or not (group.isascii() and group.isdigit()):
        raise MalformedBytes("group")
    value, rest = divmod(int(group), CHECK)
    if rest or value >= _GROUP_VALUES:
        raise MalformedBytes("group")
    return value
