"""The passage: one tick for all, the same end for a hit and a miss, alerts on the disk before anybody is told."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest

from central.relay.errors import AnswersRefused, HandleTaken, NotCommitted, RelayFull
from central.relay.passage import (
    LIFETIME_S,
    MAX_BATCH,
    MAX_OF_TERMINAL,
    MAX_WAITING,
    OFFICE_SILENT_AFTER_S,
    RELEASE_AFTER_S,
    Outcome,
    Parcel,
    Passage,
)
from central.relay.store import AlertRow
from records.comparing.answers import Answer, AnswerState
from tests.central.relay.loop import let_run, run


@dataclass(slots=True)
class Stage:
    """A passage whose clock and disk are in the test's hand. `log` tells what happened, in order."""

    now_s: float = 100.0
    log: list[str] = field(default_factory=list)
    rows: list[AlertRow] = field(default_factory=list)
    commit_takes_s: float = 0.0
    fails: bool = False

    def make(self) -> Passage:
        return Passage(self._commit, monotonic=lambda: self.now_s, sleep=self._sleep)

    async def _commit(self, rows: list[AlertRow]) -> None:
        self.now_s += self.commit_takes_s
        if self.fails:
            raise OSError
        self.rows += rows
        self.log.append(f"committed {len(rows)}")

    async def _sleep(self, seconds: float) -> None:
        self.now_s += seconds
        await let_run()


def make_parcel(terminal: bytes = b"t" * 16) -> Parcel:
    return Parcel(
        os.urandom(16), terminal, b"v" * 16, 12, b"k" * 8, os.urandom(32), b"d" * 8, os.urandom(32), os.urandom(32)
    )


def make_answer(parcel: Parcel, *, is_hit: bool = False, state: AnswerState = AnswerState.DONE) -> Answer:
    return Answer(parcel.handle, state, is_hit, os.urandom(32), b"d" * 8, os.urandom(64))


async def hand_in(passage: Passage, *parcels: Parcel) -> list[asyncio.Task[Outcome]]:
    tasks = [asyncio.create_task(passage.pass_on(each)) for each in parcels]
    await let_run()
    return tasks


async def fetch(passage: Passage) -> list[Parcel]:
    task = asyncio.create_task(passage.fetch_batch())
    await let_run()
    await passage.tick()
    return await task


def test_a_hit_and_a_miss_are_settled_in_one_tick_after_the_commit() -> None:
    async def scene() -> None:
        stage = Stage(commit_takes_s=0.1)
        passage = stage.make()
        parcels = [make_parcel() for _ in range(3)]
        told = await hand_in(passage, *parcels)
        for task in told:
            task.add_done_callback(lambda _: stage.log.append(f"told at {stage.now_s:.2f}"))
        assert {each.handle for each in await fetch(passage)} == {each.handle for each in parcels}
        stage.log.clear()
        stage.now_s = 200.0
        office = asyncio.create_task(
            passage.answer([make_answer(each, is_hit=n == 1) for n, each in enumerate(parcels)])
        )
        await let_run()
        assert not any(task.done() for task in told)
        await passage.tick()
        await office
        assert [await task for task in told] == [Outcome.SETTLED] * 3
        await let_run()
        # One moment, which does not depend on how long the commit took.
        assert stage.log == ["committed 1", *[f"told at {200 + RELEASE_AFTER_S:.2f}"] * 3]
        assert [row.handle for row in stage.rows] == [parcels[1].handle]
        assert (stage.rows[0].place, stage.rows[0].venue) == (parcels[1].place, parcels[1].venue)
        assert passage.on_their_way == 0

    run(scene())


@pytest.mark.parametrize("hits", [0, 3])
def test_the_moment_is_the_same_whether_there_were_hits(hits: int) -> None:
    async def scene() -> float:
        # A commit of alerts takes longer than one of none.
        stage = Stage(commit_takes_s=0.01 + 0.05 * hits)
        passage = stage.make()
        parcels = [make_parcel() for _ in range(3)]
        told = await hand_in(passage, *parcels)
        await fetch(passage)
        stage.now_s = 200.0
        office = asyncio.create_task(
            passage.answer([make_answer(each, is_hit=n < hits) for n, each in enumerate(parcels)])
        )
        await let_run()
        await passage.tick()
        await asyncio.gather(office, *told)
        return stage.now_s

    assert run(scene()) == 200.0 + RELEASE_AFTER_S


def test_every_tick_commits_also_without_alerts() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.make().tick()
        assert stage.log == ["committed 0"]

    run(scene())


def test_when_the_disk_fails_nobody_is_settled() -> None:
    async def scene() -> None:
        stage = Stage()
        passage = stage.make()
        parcels = [make_parcel(), make_parcel()]
        told = await hand_in(passage, *parcels)
        await fetch(passage)
        office = asyncio.create_task(passage.answer([make_answer(each, is_hit=True) for each in parcels]))
        await let_run()
        stage.fails = True
        await passage.tick()
        assert [await task for task in told] == [Outcome.LATER] * 2
        with pytest.raises(NotCommitted):
            await office

    run(scene())


def test_answers_must_be_those_of_one_whole_batch() -> None:
    async def scene() -> None:
        passage = Stage().make()
        parcels = [make_parcel() for _ in range(3)]
        await hand_in(passage, *parcels)
        await fetch(passage)
        right = [make_answer(each) for each in parcels]
        for wrong in (right[:2], [*right, make_answer(make_parcel())], [*right, right[0]], [], right[:2] + right[:1]):
            with pytest.raises(AnswersRefused):
                await passage.answer(wrong)

    run(scene())


def test_a_second_word_about_a_batch_does_not_count() -> None:
    async def scene() -> None:
        stage = Stage()
        passage = stage.make()
        parcel = make_parcel()
        await hand_in(passage, parcel)
        await fetch(passage)
        first = asyncio.create_task(passage.answer([make_answer(parcel)]))
        await let_run()
        with pytest.raises(AnswersRefused):
            await passage.answer([make_answer(parcel, is_hit=True)])
        await passage.tick()
        await first
        assert stage.rows == []

    run(scene())


def test_seal_again_is_told_on_the_tick_too() -> None:
    async def scene() -> None:
        passage = Stage().make()
        parcels = [make_parcel(), make_parcel()]
        told = await hand_in(passage, *parcels)
        await fetch(passage)
        again = make_answer(parcels[0], state=AnswerState.SEAL_AGAIN)
        office = asyncio.create_task(passage.answer([again, make_answer(parcels[1])]))
        await let_run()
        await passage.tick()
        await office
        assert [await task for task in told] == [Outcome.SEAL_AGAIN, Outcome.SETTLED]

    run(scene())


def test_the_same_bytes_again_wait_for_the_same_tick_and_others_do_not_take_the_handle() -> None:
    async def scene() -> None:
        passage = Stage().make()
        parcel = make_parcel()
        first, second = await hand_in(passage, parcel, parcel)
        with pytest.raises(HandleTaken):
            await passage.pass_on(replace(parcel, digest=bytes(32)))
        assert passage.on_their_way == 1
        first.cancel()  # its terminal went away
        await fetch(passage)
        office = asyncio.create_task(passage.answer([make_answer(parcel)]))
        await let_run()
        await passage.tick()
        await office
        assert await second is Outcome.SETTLED

    run(scene())


def test_a_silent_office_keeps_nobody_waiting_for_ever() -> None:
    async def scene() -> None:
        stage = Stage()
        passage = stage.make()
        handed_on, waiting = make_parcel(), make_parcel()
        told = await hand_in(passage, handed_on)
        await fetch(passage)
        told += await hand_in(passage, waiting)
        stage.now_s += LIFETIME_S
        await passage.tick()
        assert [await task for task in told] == [Outcome.LATER] * 2
        assert passage.on_their_way == 0

    run(scene())


def test_memory_is_bounded_and_one_terminal_cannot_fill_it() -> None:
    async def scene() -> None:
        passage = Stage().make()
        tasks = await hand_in(passage, *(make_parcel() for _ in range(MAX_OF_TERMINAL)))
        with pytest.raises(RelayFull):
            await passage.pass_on(make_parcel())
        others = [make_parcel(os.urandom(16)) for _ in range(MAX_WAITING - MAX_OF_TERMINAL)]
        tasks += await hand_in(passage, *others)
        with pytest.raises(RelayFull):
            await passage.pass_on(make_parcel(os.urandom(16)))
        assert len(await fetch(passage)) == MAX_BATCH
        for task in tasks:
            task.cancel()

    run(scene())


def test_the_order_of_a_batch_and_of_its_end_is_no_order_of_arrival() -> None:
    async def scene() -> tuple[int, int]:
        stage = Stage()
        passage = stage.make()
        parcels = [make_parcel(os.urandom(16)) for _ in range(20)]
        ended: list[bytes] = []
        tasks = await hand_in(passage, *parcels)
        for task, parcel in zip(tasks, parcels, strict=True):
            task.add_done_callback(lambda _, handle=parcel.handle: ended.append(handle))
        batch = await fetch(passage)
        office = asyncio.create_task(passage.answer([make_answer(each, is_hit=each is parcels[0]) for each in batch]))
        await let_run()
        await passage.tick()
        await asyncio.gather(office, *tasks)
        hit = parcels[0].handle
        return [each.handle for each in batch].index(hit), ended.index(hit)

    found = [run(scene()) for _ in range(40)]
    # A fair shuffle puts the first of 20 into one place more than 14 times of 40 once in 10**8 trials.
    for places in zip(*found, strict=True):
        assert max(Counter(places).values()) <= 14


def test_a_batch_is_given_once_however_many_ask() -> None:
    async def scene() -> None:
        passage = Stage().make()
        await hand_in(passage, make_parcel())
        asking = [asyncio.create_task(passage.fetch_batch()) for _ in range(3)]
        await let_run()
        await passage.tick()
        # The latest: whoever asked before may be gone without a word.
        assert [len(each) for each in await asyncio.gather(*asking)] == [0, 0, 1]

    run(scene())


def test_a_line_that_broke_is_given_no_batch() -> None:
    async def scene() -> None:
        passage = Stage().make()
        await hand_in(passage, make_parcel())
        gone = asyncio.create_task(passage.fetch_batch())
        await let_run()
        gone.cancel()
        await let_run()
        await passage.tick()
        assert len(await fetch(passage)) == 1

    run(scene())


def test_office_that_asks_for_nothing_is_silent_after_some_seconds_and_not_before() -> None:
    stage = Stage()

    async def work() -> None:
        passage = stage.make()
        assert passage.is_office_silent(), "it has never asked"
        asked = asyncio.create_task(passage.fetch_batch())
        await let_run()
        stage.now_s += 60
        assert not passage.is_office_silent(), "it waits for the tick"
        await passage.tick()
        await asked
        stage.now_s += OFFICE_SILENT_AFTER_S - 0.5
        assert not passage.is_office_silent()
        with pytest.raises(AnswersRefused):
            await passage.answer([make_answer(make_parcel())])
        stage.now_s += OFFICE_SILENT_AFTER_S - 0.5
        assert not passage.is_office_silent(), "it has brought answers"
        stage.now_s += 1
        assert passage.is_office_silent()

    run(work())
