"""Comparisons on their way: memory only, bounded, handed on once a second and shuffled (docs/threat-model.md).

The way of one comparison, and no other:

    waiting    handed in by a terminal
    handed on  a tick gave it to the office, in a batch
    answered   the office answered the whole batch
    settled    the next tick committed the batch's alerts, and then told its terminals, all of them alike

Whatever goes wrong on the way ends with `Outcome.LATER`, and the terminal tries again.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, TypeVar

import structlog

from central.relay.errors import AnswersRefused, HandleTaken, NotCommitted, RelayFull
from central.relay.store import AlertRow
from records.comparing.answers import Answer, AnswerState

TICK_S = 1.0
# After the tick began. Longer than any commit should take: what a commit with alerts takes longer than one without
# does not show in the moment at which the terminals are told.
RELEASE_AFTER_S = 0.25
# What is not answered by then is tried again by its terminal.
LIFETIME_S = 10.0
MAX_WAITING = 4096  # 5 kB each
MAX_OF_TERMINAL = 64
MAX_BATCH = 1024
# Some ticks and a large batch; with the station's own asking less than the ten seconds in which it must be said.
OFFICE_SILENT_AFTER_S = 5.0

log = structlog.get_logger()

_RANDOM = random.SystemRandom()

T = TypeVar("T")


class Outcome(Enum):
    """What a terminal is told. A hit and a miss are the same one."""

    SETTLED = auto()
    SEAL_AGAIN = auto()
    LATER = auto()


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is passed on of a comparison, and what stays here until there is an alert."""

    handle: bytes
    terminal: bytes
    venue: bytes
    permit: int
    passing_key_id: bytes
    part: bytes = field(repr=False)
    place_key_id: bytes
    place: bytes = field(repr=False)
    digest: bytes  # of the whole comparison: tells a second delivery from another comparison under the same handle


@dataclass(slots=True, eq=False)
class _Waiting:
    parcel: Parcel
    since_s: float
    told: asyncio.Future[Outcome]


@dataclass(slots=True, eq=False)
class _Batch:
    members: dict[bytes, _Waiting]
    handed_on_s: float
    answers: Sequence[Answer] = ()
    committed: asyncio.Future[None] | None = None


class Passage:
    """The comparisons on their way. All of it runs in one event loop; nothing of it is ever written."""

    def __init__(
        self,
        commit: Callable[[list[AlertRow]], Awaitable[None]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        shuffle: Callable[[list[Any]], None] = _RANDOM.shuffle,
    ) -> None:
        """`commit` returns once the alerts are on the disk; it is called on every tick, with or without alerts."""
        self._commit, self._monotonic, self._sleep, self._shuffle = commit, monotonic, sleep, shuffle
        self._all: dict[bytes, _Waiting] = {}
        self._of_terminal: Counter[bytes] = Counter()
        self._waiting: list[_Waiting] = []
        self._batches: list[_Batch] = []
        self._wanted: list[asyncio.Future[list[Parcel]]] = []
        self._heard_s = -OFFICE_SILENT_AFTER_S

    @property
    def on_their_way(self) -> int:
        """How many comparisons are in memory."""
        return len(self._all)

    def is_office_silent(self) -> bool:
        """Tell whether the office neither waits for a batch nor was heard in the last seconds: it asks on every tick.

        Yes or no only: for how long would tell how long a batch took it.
        """
        return not self._wanted and self._monotonic() - self._heard_s >= OFFICE_SILENT_AFTER_S

    async def pass_on(self, parcel: Parcel) -> Outcome:
        """Take a comparison, and return what its terminal is to be told, on the tick that settles it.

        The same bytes again wait for the same tick. Raises: RelayFull, HandleTaken.
        """
        present = self._all.get(parcel.handle)
        if present is None:
            if len(self._all) >= MAX_WAITING or self._of_terminal[parcel.terminal] >= MAX_OF_TERMINAL:
                raise RelayFull
            present = _Waiting(parcel, self._monotonic(), asyncio.get_running_loop().create_future())
            self._all[parcel.handle] = present
            self._of_terminal[parcel.terminal] += 1
            self._waiting.append(present)
        elif present.parcel.digest != parcel.digest:
            raise HandleTaken
        # A terminal that goes away must not take the answer from one that delivers the same bytes again.
        return await asyncio.shield(present.told)

    async def fetch_batch(self) -> list[Parcel]:
        """Return, at the next tick, what has come since the last one, in random order; often nothing."""
        wanted: asyncio.Future[list[Parcel]] = asyncio.get_running_loop().create_future()
        self._wanted.append(wanted)
        try:
            return await wanted
        finally:
            # A line that broke must not be handed a batch later.
            if wanted in self._wanted:
                self._wanted.remove(wanted)
            self._heard_s = self._monotonic()

    async def answer(self, answers: Sequence[Answer]) -> None:
        """Take the answers of one whole batch; returns once a tick has committed its alerts.

        Raises: AnswersRefused when a handle is missing, added or doubled, NotCommitted.
        """
        self._heard_s = self._monotonic()
        handles = {each.handle for each in answers}
        batch = next((each for each in self._batches if each.members.keys() == handles), None)
        if batch is None or len(answers) != len(handles):
            raise AnswersRefused
        if batch.committed is None:
            batch.answers = tuple(answers)
            batch.committed = asyncio.get_running_loop().create_future()
        elif batch.answers != tuple(answers):
            raise AnswersRefused
        await asyncio.shield(batch.committed)

    async def run(self) -> None:
        """Tick once a second until it is cancelled."""
        next_s = self._monotonic() + TICK_S
        while True:
            await self._sleep(max(0.0, next_s - self._monotonic()))
            try:
                await self.tick()
            except Exception as error:  # a passage that stands still would keep everybody waiting
                log.error("tick_failed", error=type(error).__name__)
            next_s = max(next_s + TICK_S, self._monotonic())

    async def tick(self) -> None:
        """Hand the next batch on, commit the alerts of those answered, then tell all of their terminals."""
        began_s = self._monotonic()
        self._let_go_of_old(began_s)
        self._hand_on(began_s)
        done = [each for each in self._batches if each.committed is not None]
        try:
            # On every tick, so that neither the disk nor the clock says whether there was an alert.
            await self._commit([row for batch in done for row in _make_rows(batch)])
        except Exception:  # whatever the database has: nobody is settled
            self._give_up(done)
            return
        for batch in done:
            _tell(batch.committed, None)
        await self._sleep(max(0.0, began_s + RELEASE_AFTER_S - self._monotonic()))
        self._settle(done)

    def _hand_on(self, now_s: float) -> None:
        """Give what waits to the office, if it asked; otherwise it waits on."""
        asking = [each for each in self._wanted if not each.done()]
        self._wanted.clear()
        if not asking:
            return
        chosen, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
        self._shuffle(chosen)
        if chosen:
            self._batches.append(_Batch({each.parcel.handle: each for each in chosen}, now_s))
        # To the latest: an office that began anew has left its former question behind.
        asking[-1].set_result([each.parcel for each in chosen])
        for other in asking[:-1]:
            other.set_result([])

    def _settle(self, batches: list[_Batch]) -> None:
        ended = [
            (
                batch.members[answer.handle],
                Outcome.SEAL_AGAIN if answer.state is AnswerState.SEAL_AGAIN else Outcome.SETTLED,
            )
            for batch in batches
            for answer in batch.answers
        ]
        # Not in the order of the answers: which of them come first must not depend on what they say.
        self._shuffle(ended)
        for waiting, outcome in ended:
            self._end(waiting, outcome)
        self._batches = [each for each in self._batches if each not in batches]

    def _give_up(self, batches: list[_Batch]) -> None:
        for batch in batches:
            if batch.committed is not None and not batch.committed.done():
                batch.committed.set_exception(NotCommitted())
                batch.committed.exception()  # looked at: the office may have gone
            for waiting in batch.members.values():
                self._end(waiting, Outcome.LATER)
        self._batches = [each for each in self._batches if each not in batches]

    def _let_go_of_old(self, now_s: float) -> None:
        old = [b for b in self._batches if b.committed is None and now_s - b.handed_on_s >= LIFETIME_S]
        self._give_up(old)
        for waiting in [each for each in self._waiting if now_s - each.since_s >= LIFETIME_S]:
            self._waiting.remove(waiting)
            self._end(waiting, Outcome.LATER)

    def _end(self, waiting: _Waiting, outcome: Outcome) -> None:
        del self._all[waiting.parcel.handle]
        self._of_terminal[waiting.parcel.terminal] -= 1
        if not self._of_terminal[waiting.parcel.terminal]:
            del self._of_terminal[waiting.parcel.terminal]
        _tell(waiting.told, outcome)


def _tell(future: asyncio.Future[T] | None, value: T) -> None:
    if future is not None and not future.done():
        future.set_result(value)


def _make_rows(batch: _Batch) -> list[AlertRow]:
    return [
        AlertRow(
            answer.alert_tag, answer.handle, answer.day_key_id, parcel.place_key_id, parcel.permit,
            answer.block, parcel.place, parcel.venue,
        )
        for answer in batch.answers
        if answer.is_hit
        for parcel in (batch.members[answer.handle].parcel,)
    ]  # fmt: skip
