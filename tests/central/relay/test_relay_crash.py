"""`kill -9` of the relay at each step: nobody is settled before the alert is on the disk, and it is raised once."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from records.comparing.acts import Act
from records.comparing.comparison import Comparison
from records.comparing.decisions import Decision, load_decision, sign_decision
from records.comparing.lists import DecisionList, build_tree, sign_list
from records.comparing.relay_wire import SealedAlert
from screening.activating import activate_list
from screening.clock import Clock
from screening.errors import LineBroken
from screening.importing import import_list
from screening.office import Office
from screening.reading import NamedNote
from screening.store import open_screening_store
from tests.central.relay.stage import PERMIT_NUMBER, QUICK, Stage, build_stage
from tests.records.comparing import world
from tests.screening import bureau
from tests.screening.bureau import OFFICERS, VERIFIERS, PassingDesk, find_listed, find_stranger

# How many times each step; CONTRIBUTING.md's long runs set it higher.
ROUNDS = int(os.environ.get("KJT_KILLS", "1"))
STEPS = {
    "before the commit": "wrap(RelayParts, '_write_alerts', before=lambda *a: bool(a[1]))",
    "after the commit": "wrap(RelayParts, '_write_alerts', after=lambda *a: bool(a[1]))",
    "before anybody is told": "wrap(Passage, '_settle', before=lambda *a: has_hit(a[1]))",
    "when one was told": "wrap(Passage, '_end', after=lambda *a: True)",
    "after all were told": "wrap(Passage, '_settle', after=lambda *a: has_hit(a[1]))",
}
CRASHING = (
    QUICK
    + """
import os, signal
from central.relay.parts import RelayParts
from central.relay.passage import Passage

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def has_hit(batches):
    return any(answer.is_hit for batch in batches for answer in batch.answers)

def wrap(owner, name, before=lambda *a: False, after=lambda *a: False):
    inner = getattr(owner, name)
    def outer(*arguments):
        if before(*arguments):
            die()
        result = inner(*arguments)
        if after(*arguments):
            die()
        return result
    setattr(owner, name, outer)

{step}
from commands.comparing.relay import relay
relay()
"""
)


def decide_now(stage: Stage, n: int) -> Decision:
    """A decision that is in force whenever the test runs."""
    today = datetime.now(UTC).date()
    days = {"decided_on": today - timedelta(days=9), "valid_until": today + timedelta(days=90), "act": Act.TORTURE}
    made = world.make_decision(**{**bureau.describe(n), **days})
    return load_decision(sign_decision(made, world.FIRST_JUDGE, world.SECOND_JUDGE), stage.annex, today)


@contextmanager
def open_office(stage: Stage, folder: Path, decision: Decision) -> Iterator[Office]:
    """The real office with its real line to the relay; the desk answers without a process."""
    keys = bureau.make_keys(folder / "keys")
    desk = PassingDesk(stage.annex, stage.desk.secret)
    office = Office(
        open_screening_store(folder / "screening.db"), stage.annex, VERIFIERS, keys, stage.office(), desk, Clock(),  # type: ignore[arg-type]
        sleep=lambda _: None,
    )  # fmt: skip
    now = datetime.now(UTC).replace(microsecond=0)
    made = DecisionList(stage.annex.jurisdiction, 1, now, 1, build_tree([decision.leaf]).root)
    named = [NamedNote("a.note", 1, decision.note)]
    import_list(office.store, stage.annex, VERIFIERS, sign_list(made, world.LIST), named, OFFICERS[0], now)
    activate_list(office.store, stage.annex, VERIFIERS, 1, OFFICERS[1], now)
    desk.allow(made, now, PERMIT_NUMBER)
    try:
        office.watch_desk()
        assert office.days.permit == PERMIT_NUMBER
        yield office
    finally:
        office.store.close()
        office.relay.close()


@contextmanager
def comparing(office: Office) -> Iterator[None]:
    """Let the office compare while the block runs, whatever becomes of the relay."""
    stopping = threading.Event()

    def work() -> None:
        while not stopping.is_set():
            try:
                office.pass_batch()
            except LineBroken:
                stopping.wait(0.05)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def count_alerts(stage: Stage) -> int:
    with sqlite3.connect(f"file:{stage.folder / 'relay' / 'relay.db'}?mode=ro", uri=True) as connection:
        return int(connection.execute("SELECT count(*) FROM alerts").fetchone()[0])


def try_once(stage: Stage, comparison: Comparison) -> bool:
    """Tell whether the terminal was told that it is settled."""
    try:
        return stage.compare(comparison) == (200, b"settled")
    except OSError:
        return False


# A sample in CI; all of them with KJT_KILLS set.
SAMPLE = ("before the commit", "when one was told") if "KJT_KILLS" not in os.environ else tuple(STEPS)


@pytest.mark.parametrize("step", SAMPLE)
def test_a_relay_killed_at_any_step_settles_nobody_too_early_and_raises_each_alert_once(
    tmp_path: Path, step: str
) -> None:
    with build_stage(tmp_path / "stage") as stage:
        decision = decide_now(stage, 0)
        with open_office(stage, tmp_path / "office", decision) as office, ThreadPoolExecutor(4) as threads:
            raised: set[bytes] = set()
            for _ in range(ROUNDS):
                raised |= crash_and_retry(stage, office, threads, step)
            assert len(raised) == ROUNDS


def crash_and_retry(stage: Stage, office: Office, threads: ThreadPoolExecutor, step: str) -> set[bytes]:
    guests = [find_listed(0), find_stranger(1), find_stranger(2)]
    with stage.run(CRASHING.replace("{step}", STEPS[step])) as process:
        stage.leave_day_key()
        office.keep_up()
        sealed = [stage.seal(each) for each in guests]
        told = [threads.submit(try_once, stage, each) for each in sealed]
        with comparing(office):
            process.wait(60)
            settled = [each.result() for each in told]
    # Whoever was told that it is settled was told so with the alert on the disk.
    assert count_alerts(stage) == 1 or not any(settled)
    if step == "before the commit":
        assert (settled, count_alerts(stage)) == ([False] * 3, 0)
    with stage.run():
        stage.leave_day_key()
        office.keep_up()
        retried = [stage.seal(guest, each.handle) for guest, each in zip(guests, sealed, strict=True)]
        with comparing(office):
            again = [threads.submit(try_once, stage, each) for each in retried]
            assert all(each.result() for each in again)
        status, data = stage.ask_as_station("/v1/station/alerts")
        alerts = msgspec.json.decode(data, type=list[SealedAlert])
        assert (status, [each.handle for each in alerts]) == (200, [sealed[0].handle])
        stage.ask_as_station("/v1/station/acknowledge", msgspec.json.encode({"ids": [each.id for each in alerts]}))
    return {each.alert_tag for each in alerts}
