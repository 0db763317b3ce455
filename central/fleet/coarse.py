"""What waits at a terminal, in steps so coarse that they do not tell who came to a house, or when.

What is on its way for less than five minutes is nobody's business. A number is given as the next step above it,
an age in quarters of an hour and then in whole hours.
"""

from __future__ import annotations

WAITS_AFTER_S = 300
QUARTER_S, HOUR_S = 900, 3600


def coarsen_queue(queue: int, oldest_s: int) -> int:
    """Return a number that at most so many wait; 0 for what is on its way."""
    return coarsen_count(queue) if oldest_s >= WAITS_AFTER_S else 0


def coarsen_count(count: int) -> int:
    """Return the next step that is not below a number: 0, 10, 20, 50, 100, 200, 500 and so on."""
    if count <= 0:
        return 0
    step = 10
    while True:
        for factor in (1, 2, 5):
            if count <= factor * step:
                return factor * step
        step *= 10


def coarsen_age(oldest_s: int) -> int:
    """Return the age in seconds, rounded down: 0, five minutes, quarters of an hour, from one hour on whole hours."""
    if oldest_s < WAITS_AFTER_S:
        return 0
    if oldest_s < HOUR_S:
        return max(WAITS_AFTER_S, oldest_s // QUARTER_S * QUARTER_S)
    return oldest_s // HOUR_S * HOUR_S
