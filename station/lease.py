"""Which of several processes keeps house: fetches, escalates, ends, forgets and destroys, while all of them show pages.

One row of the database says who. Its holder counts it up each second; whoever sees the count stand still for
`LEASE_S` takes it, so that a process that was killed, hangs, or lost its database is followed by another. No clock of
the day is asked, and no two machines' clocks are compared: each process measures with its own monotonic one. A holder
believes that it is one for less time than the others wait, counted from before it asked.

Everything that is done under a lease is also right when two do it at once, for a moment: whoever was held up in the
middle of an act cannot be called back.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Protocol

from records.suite import ID_BYTES
from station.store import Store
from station.store.keeping import KeepingRow, leave_keeping, load_keeping, renew_keeping, take_keeping

RENEW_EACH_S = 1.0
LEASE_S = 5.0
_BELIEVED_S = 4.0
# Nobody keeps house: said by the banner. Longer than it takes another process to follow.
SILENT_AFTER_S = 7.0


class Keeping(Protocol):
    """Whether this process keeps house. Any thread may ask."""

    def holds(self) -> bool:
        """Tell whether this process may do now what one alone does."""

    def is_silent(self) -> bool:
        """Tell whether nobody has kept house for too long, as far as this process can see."""

    def has_room(self) -> bool:
        """Tell whether whoever keeps house takes new alerts."""

    def renew(self, *, may_hold: bool = True, has_room: bool = True) -> None:
        """Go on, or follow whoever does not; without `may_hold` only look. Raises: StoreError."""

    def leave(self) -> None:
        """Stop for good: another process follows at once. Raises: StoreError."""


class Alone:
    """One process has the database and the folder to itself, by `claim_station`: nothing is to be agreed upon."""

    def __init__(self) -> None:
        self._has_room = True

    def holds(self) -> bool:
        """Tell that it does."""
        return True

    def is_silent(self) -> bool:
        """Tell that it is not."""
        return False

    def has_room(self) -> bool:
        """Tell what was said last."""
        return self._has_room

    def renew(self, *, may_hold: bool = True, has_room: bool = True) -> None:  # noqa: ARG002 - nobody would follow
        """Note whether there is room."""
        self._has_room = has_room

    def leave(self) -> None:
        """Do nothing."""


class Lease:
    """This process's part in it."""

    def __init__(self, store: Store, monotonic: Callable[[], float]) -> None:
        self._store, self._monotonic = store, monotonic
        self._name = os.urandom(ID_BYTES)
        self._lock = threading.Lock()
        self._held_until_s = -1.0
        self._has_left = False
        self._seen = KeepingRow()
        self._moved_at_s = monotonic()

    def holds(self) -> bool:
        """Tell whether this process may do now what one alone does."""
        with self._lock:
            return self._monotonic() < self._held_until_s

    def is_silent(self) -> bool:
        """Tell whether the count has stood still for longer than a takeover lasts, or cannot be read."""
        with self._lock:
            return self._monotonic() - self._moved_at_s > SILENT_AFTER_S

    def has_room(self) -> bool:
        """Tell whether whoever keeps house takes new alerts."""
        with self._lock:
            return self._seen.has_room

    def renew(self, *, may_hold: bool = True, has_room: bool = True) -> None:
        """Go on, or follow whoever does not; without `may_hold` only look. Raises: StoreError."""
        began_s, may_hold = self._monotonic(), may_hold and not self._has_left
        if may_hold and self._is_mine():
            with self._store.writing() as connection:
                turn = renew_keeping(connection, self._name, has_room=has_room)
            if turn is not None:
                self._note(KeepingRow(self._name, turn, has_room), began_s)
                return
        with self._store.reading() as connection:
            found = load_keeping(connection)
        is_due = self._note(found, held_from_s=None)
        if not (may_hold and is_due) or self._has_left:
            return
        with self._store.writing() as connection:
            is_taken = take_keeping(connection, self._name, found)
        if is_taken:
            self._note(KeepingRow(self._name, found.turn + 1, found.has_room), began_s)

    def leave(self) -> None:
        """Stop for good: another process follows at once. Raises: StoreError."""
        with self._lock:
            self._has_left, self._held_until_s = True, -1.0
        with self._store.writing() as connection:
            leave_keeping(connection, self._name)

    def _is_mine(self) -> bool:
        with self._lock:
            return self._seen.holder == self._name

    def _note(self, found: KeepingRow, held_from_s: float | None) -> bool:
        """Take what was seen just now; tell whether it is free, or has stood still for so long that it is."""
        with self._lock:
            if (found.holder, found.turn) != (self._seen.holder, self._seen.turn):
                self._moved_at_s = self._monotonic()
            self._seen = found
            self._held_until_s = -1.0
            if held_from_s is not None and not self._has_left:
                self._held_until_s = held_from_s + _BELIEVED_S
            return not found.holder or self._monotonic() - self._moved_at_s >= LEASE_S
