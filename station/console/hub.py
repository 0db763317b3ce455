"""What all live pages of this process share: the latest changes of alerts, read from the database once for all.

The database is the only truth: a page that was away asks for what came after the last number it saw, and numbers
become visible in their order (`station.store.events`). Being woken is a hint that saves waiting; polling guarantees.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from station.store import Store, StoreError
from station.store.events import EventRow, find_first, find_last, list_events

POLL_S = 0.2
KEPT = 1024  # changes in memory; whoever was away for more of them asks the database
_MOST = 500  # of one answer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CatchUp:
    """What a page has missed; `is_whole` is False where it must read its list anew."""

    events: list[EventRow]
    last: int
    is_whole: bool = True


class EventHub:
    """Reads new changes and wakes whoever waits for them. All but `wake` belongs to one event loop."""

    def __init__(self, store: Store, find_standing: Callable[[], str] = lambda: "") -> None:
        """`find_standing` tells whether comparison is on; the pages hear of a change with the next look."""
        self._store, self._find_standing = store, find_standing
        self._standing = find_standing()
        self.turn = 0  # how often comparison's standing has changed
        self._recent: deque[EventRow] = deque(maxlen=KEPT)
        self._last = 0
        self._changed: asyncio.Condition | None = None
        self._woken: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def wake(self) -> None:
        """Look now and not at the next poll. Any thread may call it, also before the loop runs."""
        loop, woken = self._loop, self._woken
        if loop is not None and woken is not None and not loop.is_closed():
            loop.call_soon_threadsafe(woken.set)

    async def run(self) -> None:
        """Read until cancelled. An outage of the database is waited for; the pages' beats go on meanwhile."""
        self._loop, self._changed, self._woken = asyncio.get_running_loop(), asyncio.Condition(), asyncio.Event()
        is_begun = False
        while True:
            self._woken.clear()
            found: list[EventRow] = []
            try:
                if not is_begun:
                    self._last, is_begun = await asyncio.to_thread(self._read_last), True
                found = await asyncio.to_thread(self._read_after, self._last)
            except StoreError as error:
                log.error("events_unreadable", error=type(error).__name__)
            standing = self._find_standing()
            if found or standing != self._standing:
                async with self._changed:
                    self.turn += standing != self._standing
                    self._standing = standing
                    self._recent.extend(found)
                    self._last = found[-1].number if found else self._last
                    self._changed.notify_all()
            try:
                async with asyncio.timeout(POLL_S):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def catch_up(self, after: int) -> CatchUp:
        """Return what came after a number that a page says it has seen."""
        first = self._recent[0].number if self._recent else self._last + 1
        if first - 1 <= after <= self._last:
            return CatchUp([each for each in self._recent if each.number > after], self._last)
        return await asyncio.to_thread(self._read_back, after)

    async def wait(self, after: int, turn: int, timeout_s: float) -> CatchUp:
        """Return what came after a number, as soon as something does.

        Nothing after the time-out, and where comparison's standing has changed since `turn`.
        """
        if self._changed is not None and self._last <= after:
            try:
                async with asyncio.timeout(timeout_s), self._changed:
                    await self._changed.wait_for(lambda: self._last > after or self.turn != turn)
            except TimeoutError:
                pass
            if self._last <= after:
                return CatchUp([], after)
        return await self.catch_up(after)

    def _read_last(self) -> int:
        with self._store.reading() as connection:
            return find_last(connection)

    def _read_after(self, after: int) -> list[EventRow]:
        with self._store.reading() as connection:
            return list_events(connection, after, _MOST)

    def _read_back(self, after: int) -> CatchUp:
        with self._store.reading() as connection:
            last, first = find_last(connection), find_first(connection)
            # From another database, or so long ago that changes between are forgotten.
            if after > last or after < first - 1:
                return CatchUp([], last, is_whole=False)
            found = list_events(connection, after, _MOST)
        return CatchUp(found, found[-1].number if found else last)
