"""Shows on stderr how far a run is, where it takes more than a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def track(values: Iterable[T], count: int, name: str) -> Iterator[T]:
    """Yield the values; after a second and then each second, say how many went by."""
    told = time.monotonic()
    is_shown = False
    for number, value in enumerate(values, 1):
        yield value
        now = time.monotonic()
        if now - told >= 1:
            told, is_shown = now, True
            print(f"\r{name}: {number} of {count or '?'} ", end="", file=sys.stderr, flush=True)
    if is_shown:
        print(f"\r{name}: done{' ' * 24}", file=sys.stderr)
