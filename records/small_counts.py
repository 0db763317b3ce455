"""Small counts: the one rule by which they are left out, of every page, file and letter with figures."""

from __future__ import annotations

FEWEST = 5


def hide_small(count: int) -> int | None:
    """Return a count, None where it is small enough to point at somebody; nothing at all points at nobody."""
    return None if 0 < count < FEWEST else count
