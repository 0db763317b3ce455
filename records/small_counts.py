"""Small counts: the one rule by which they are left out, of every page, file, letter and command with figures."""

from __future__ import annotations

FEWEST = 5
HIDDEN = f"<{FEWEST}"


def hide_small(count: int) -> int | None:
    """Return a count, None where it is small enough to point at somebody; nothing at all points at nobody."""
    return None if 0 < count < FEWEST else count


def round_count(count: int) -> int | None:
    """Return a count in steps of five, None for a small one: so that two sums tell no small one by their difference."""
    told = hide_small(count)
    return None if told is None else told // FEWEST * FEWEST


def write_count(told: int | None) -> str:
    """Return a count as `hide_small` or `round_count` left it, in characters."""
    return HIDDEN if told is None else str(told)
