"""Letting deliveries that arrive together share one commit.

There is no writer thread to start, to watch and to end: the first request that finds nobody at it commits what is
waiting, its own delivery among it, and hands on to the first of those that came meanwhile.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from central.errors import Busy
from central.ingest.accept import Delivery, Outcome
from central.store import Outage

# Large enough that the commit costs little beside the rest, small enough that nobody waits long for neighbours.
MAX_GROUP = 400
MAX_WAITING = 1000  # envelopes: some 10 MB, and less than half a second's work

Commit = Callable[[Sequence[Delivery]], list[Outcome]]


@dataclass(slots=True)
class _Waiting:
    delivery: Delivery
    turn: threading.Lock = field(default_factory=threading.Lock)  # free once it is answered, or the next to lead
    answer: Outcome | BaseException | None = None

    @property
    def size(self) -> int:
        return len(self.delivery.items)


class GroupedCommits:
    """Commits the deliveries of many threads together. `commit` stores all it is given, or nothing."""

    def __init__(self, commit: Commit, *, max_group: int = MAX_GROUP, max_waiting: int = MAX_WAITING) -> None:
        self._commit, self._max_group, self._max_waiting = commit, max_group, max_waiting
        self._lock = threading.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._size = 0  # envelopes in `_waiting`
        self._is_led = False

    def commit(self, delivery: Delivery) -> Outcome:
        """Return the outcome of a delivery once it is on disk; waits for the commit before it.

        Raises: Busy at once when too much is waiting already; StoreError.
        """
        mine = _Waiting(delivery)
        mine.turn.acquire()  # a plain lock wakes one thread for less than an event does
        with self._lock:
            if self._waiting and self._size + mine.size > self._max_waiting:
                raise Busy
            self._waiting.append(mine)
            self._size += mine.size
            leads = not self._is_led
            self._is_led = True
        if not leads:
            mine.turn.acquire()
        if mine.answer is None:
            self._lead()
        if isinstance(mine.answer, Outcome):
            return mine.answer
        raise mine.answer or RuntimeError

    def _lead(self) -> None:
        group = self._take_group()
        try:
            self._answer(group)
        except BaseException as error:  # an end of the process: nobody may wait for it for ever
            for each in group:
                each.answer = each.answer or error
            raise
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._is_led = following is not None
            # The next one first: it can work while the answers of this group are written.
            for each in ([following] if following else []) + group:
                each.turn.release()

    def _take_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        with self._lock:
            room = self._max_group
            while self._waiting and (not group or self._waiting[0].size <= room):
                group.append(self._waiting.popleft())
                room -= group[-1].size
            self._size -= sum(each.size for each in group)
        return group

    def _answer(self, group: list[_Waiting]) -> None:
        try:
            outcomes = self._commit([each.delivery for each in group])
        except Exception as error:
            if len(group) == 1 or isinstance(error, Outage):
                for each in group:
                    each.answer = error
                return
            # Nothing is stored. One of them is at fault, and the others must not suffer for it.
            for each in group:
                self._answer([each])
            return
        for each, outcome in zip(group, outcomes, strict=True):
            each.answer = outcome
