"""Once: a handle is claimed on the disk before anything is matched, and closed when its alert is safe.

A closed handle is never compared again; an open one is, since its alert may have been lost. What is kept is a hash of
a random number and the hour, for a day, and as long as its permit is in force.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import Enum, auto

from records.comparing.permits import MAX_VALIDITY
from records.suite import make_context
from screening.clock import Clock
from screening.store import Store
from screening.store.handles import (
    HANDLES_DELETED,
    HandleRow,
    add_counts,
    close_handles,
    count_handles,
    forget_handles,
    load_handles,
    save_handles,
)
from screening.store.permits import find_newest

KEPT_HOURS = 24
# No permit is in force longer after a handle was claimed under it.
LONGEST_HOURS = int(MAX_VALIDITY / timedelta(hours=1)) + 1
MAX_TRIES = 20


class Claim(Enum):
    """What may be done with a handle."""

    OPEN = auto()  # compare it
    CLOSED = auto()  # it was compared, and settled
    BEYOND = auto()  # more than the permit allows, or tried too often


class HandleBook:
    """The handles of the last day, shared by all processes of the office through its database."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def claim(self, handles: Collection[bytes], permit: int, at_most: int) -> dict[bytes, Claim]:
        """Claim handles of a permit; returns once that is on the disk. Raises: StoreError."""
        wanted = {hash_handle(each): each for each in handles}
        with self._store.writing() as connection:
            present = load_handles(connection, wanted)
            left = at_most - count_handles(connection, permit)
            claims: dict[bytes, Claim] = {}
            rows = []
            for hashed, handle in wanted.items():
                row = present.get(hashed)
                if row is None and left > 0:
                    left -= 1
                    row = HandleRow(hashed, permit, self._clock.hour, 0, 0)
                claims[handle] = _judge(row, permit)
                if row is not None and claims[handle] is Claim.OPEN:
                    rows.append(replace(row, tries=row.tries + 1))
            save_handles(connection, rows)
        return claims

    def close(self, handles: Sequence[bytes], counted: Mapping[str, int]) -> None:
        """Let these never be compared again, and add to the day's counts. Raises: StoreError."""
        with self._store.writing() as connection:
            close_handles(connection, [hash_handle(each) for each in handles])
            add_counts(connection, self._clock.day, Counter(counted))

    def forget_old(self, permit: int) -> None:
        """Delete what is a day old and not of the permit in force. Raises: StoreError.

        `permit` 0 is an office without a day, which may be one that begins its day anew: then the newest permit's are
        kept, for as long as that permit can last.
        """
        with self._store.writing() as connection:
            forgotten = forget_handles(connection, self._clock.hour - KEPT_HOURS, permit or find_newest(connection))
            forgotten += forget_handles(connection, self._clock.hour - LONGEST_HOURS, 0)
            add_counts(connection, self._clock.day, {HANDLES_DELETED: forgotten})
        self._store.truncate_log()


def hash_handle(handle: bytes) -> bytes:
    """Return what is kept of a handle."""
    return hashlib.sha256(make_context("claimed handle", handle)).digest()


def _judge(row: HandleRow | None, permit: int) -> Claim:
    if row is None:
        return Claim.BEYOND
    if row.is_closed or row.permit != permit:  # a guest of an earlier permit is not compared under this one
        return Claim.CLOSED
    return Claim.BEYOND if row.tries >= MAX_TRIES else Claim.OPEN
