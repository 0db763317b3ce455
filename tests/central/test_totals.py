"""The fleet in totals: what is kept of it, and what is not."""

import random
from typing import Any

import pytest

from central.fleet.coarse import coarsen_age, coarsen_queue
from central.fleet.received import ReceivedTally
from central.ingest.accept import commit_deliveries, prepare_delivery
from central.ingest.app import make_app
from central.ingest.senders import Senders
from central.store.fleet import SLOT_S, write_heartbeats
from central.store.terminals import Terminal, revoke_terminal, write_terminal
from central.store.totals import (
    FEWEST_HOUSES,
    KEEP_SLOTS,
    SLOTS_PER_DAY,
    FleetSlot,
    SecondCopy,
    add_received,
    load_fleet_slots,
    load_keeper_pass,
    sum_up_fleet,
)
from records.delivery import Item
from tests.central.town import OTHER_KEY, OTHER_TERMINAL, START, TERMINAL, Town, make_envelope, make_void, new_key

NOW = int(START.timestamp()) // SLOT_S * SLOT_S + 60
SLOT = NOW // SLOT_S - 1  # the last finished one


def make_slot(number: int, slot: int = SLOT, **changes: Any) -> dict[str, Any]:
    figures = {"beats": 5, "reader_down": 0, "queue": 0, "oldest_s": 0, "clock_offset_s": 0, "free_disk_mib": 900}
    return {"slot": slot, "terminal": bytes([number]) * 16, **figures, **changes}


def add_terminals(town: Town, count: int, *, houses: int | None = None) -> None:
    """Make terminals 1 to `count`, each in a house of its own unless there are fewer houses."""
    key = new_key().public
    with town.parts.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM terminals")
        connection.exec_driver_sql("DELETE FROM fleet_slots")
        for number in range(1, count + 1):
            house = (number - 1) % (houses or count) + 1
            write_terminal(connection, Terminal(bytes([number]) * 16, bytes([100 + house]) * 16, key))


def sum_up(town: Town, slots: list[dict[str, Any]], records: dict[int, int], now: int = NOW) -> list[FleetSlot]:
    with town.parts.store.writing() as connection:
        write_heartbeats(connection, [], slots)
        add_received(connection, records)
        sum_up_fleet(connection, now)
        return load_fleet_slots(connection, 0)


def test_five_minutes_of_the_fleet_become_one_row(town: Town) -> None:
    add_terminals(town, 7)
    slots = [make_slot(number) for number in range(1, 6)]
    slots[0].update(queue=3, oldest_s=10_000)
    slots[1].update(queue=9, oldest_s=400)
    (row,) = sum_up(town, slots, {SLOT: 12})
    assert row == FleetSlot(SLOT, heard=5, silent=2, queue=20, oldest_s=7200, records=12)


def test_total_of_fewer_than_five_houses_is_not_kept_anywhere(town: Town) -> None:
    add_terminals(town, 9, houses=FEWEST_HOUSES - 1)
    (row,) = sum_up(town, [make_slot(number) for number in range(1, 10)], {SLOT: 12})
    assert (row.heard, row.records) == (9, None)
    assert town.dump()["received"] == []


def test_houses_that_are_silent_or_revoked_hide_nobody(town: Town) -> None:
    add_terminals(town, 8)
    with town.parts.store.writing() as connection:
        for number in (1, 2):
            revoke_terminal(connection, bytes([number]) * 16)
    (row,) = sum_up(town, [make_slot(number) for number in range(1, 7)], {SLOT: 12})
    assert (row.heard, row.silent, row.records) == (4, 2, None)


def test_what_is_on_its_way_for_less_than_five_minutes_is_not_counted(town: Town) -> None:
    add_terminals(town, 6)
    slots = [make_slot(number, queue=1, oldest_s=299) for number in range(1, 7)]
    (row,) = sum_up(town, slots, {})
    assert (row.queue, row.oldest_s, row.records) == (0, 0, 0)


def test_slots_without_any_heartbeat_count_as_silence_once_there_was_one(town: Town) -> None:
    add_terminals(town, 2)
    rows = sum_up(town, [make_slot(1, SLOT - 3), make_slot(2, SLOT - 3)], {})
    assert [(row.slot, row.heard, row.silent) for row in rows] == [
        (SLOT - 3, 2, 0), (SLOT - 2, 0, 2), (SLOT - 1, 0, 2), (SLOT, 0, 2),
    ]  # fmt: skip
    with town.parts.store.writing() as connection:
        assert sum_up_fleet(connection, NOW) == 0
        assert sum_up_fleet(connection, NOW + 3 * SLOT_S) == 3


def test_slot_is_summed_up_only_when_ingest_has_certainly_written_it(town: Town) -> None:
    add_terminals(town, 6)
    end = (SLOT + 1) * SLOT_S
    with town.parts.store.writing() as connection:
        sum_up_fleet(connection, end + 29)
        assert [row.slot for row in load_fleet_slots(connection, 0)] == [SLOT - 1]
        sum_up_fleet(connection, end + 30)
        assert [row.slot for row in load_fleet_slots(connection, 0)] == [SLOT - 1, SLOT]


def test_totals_go_back_a_day_at_most_and_are_kept_for_two(town: Town) -> None:
    add_terminals(town, 1)
    assert len(sum_up(town, [make_slot(1, SLOT - 2 * SLOTS_PER_DAY)], {})) == 1
    assert len(sum_up(town, [], {}, NOW + 7 * 86_400)) == SLOTS_PER_DAY
    later = NOW + 7 * 86_400
    for _ in range(3):
        later += 86_400
        rows = sum_up(town, [], {}, later)
    assert len(rows) == KEEP_SLOTS


def test_tally_counts_what_is_new_and_kept_of_all_terminals_together(town: Town) -> None:
    tally = ReceivedTally(town.parts.store)
    town.client = make_app(town.parts, lambda: town.now, received=tally).test_client()
    first, second = make_envelope(1), make_envelope(2)
    town.deliver(first, second, make_void(3))
    town.deliver(first)  # again: the same record
    theirs = {"terminal": OTHER_TERMINAL, "terminal_key": OTHER_KEY.public.key_id, "key": OTHER_KEY}
    town.deliver(make_envelope(1, **theirs), make_envelope(2, key=new_key()))
    assert town.dump()["received"] == []
    assert (tally.flush(), tally.flush()) == (3, 0)
    town.deliver(make_envelope(4))
    tally.flush()
    assert town.dump()["received"] == [(int(START.timestamp()) // SLOT_S, 4)]


def test_delivery_says_how_many_of_its_records_were_new(town: Town) -> None:
    envelope = make_envelope(1)
    items = [Item(0, each.data) for each in (envelope, make_envelope(2), make_void(3))]
    for kept in (2, 0):
        (outcome,) = commit_deliveries([prepare_delivery(town.parts, Senders(town.parts.store), items, town.now)])
        assert outcome.kept == kept


def test_keeper_tells_until_when_there_are_keys(town: Town) -> None:
    with town.parts.store.reading() as connection:
        done = load_keeper_pass(connection)
    assert done is not None
    today = int(START.timestamp()) // 86_400
    assert (done.passed_at, done.keys_until, done.second_copy) == (int(START.timestamp()), today + 8, SecondCopy.NONE)


@pytest.mark.parametrize(
    ("queue", "oldest_s", "shown"),
    [(0, 0, 0), (1, 299, 0), (1, 300, 10), (10, 300, 10), (11, 300, 20), (21, 300, 50), (51, 300, 100),
     (101, 300, 200), (201, 300, 500), (999, 300, 1000), (1001, 300, 2000)],
)  # fmt: skip
def test_queue_is_given_as_the_next_step_above(queue: int, oldest_s: int, shown: int) -> None:
    assert coarsen_queue(queue, oldest_s) == shown


def test_age_is_given_in_quarters_and_then_hours_and_never_more_than_it_is() -> None:
    assert [coarsen_age(each) for each in (0, 299, 300, 899, 900, 3599, 3600, 7199, 90_000)] == [
        0, 0, 300, 300, 900, 2700, 3600, 3600, 90_000,
    ]  # fmt: skip
    for _ in range(200):
        age = random.randrange(10**6)
        assert coarsen_age(age) <= age
        assert coarsen_age(age) % 300 == 0


def test_revoked_terminal_is_no_longer_counted_as_silent(town: Town) -> None:
    with town.parts.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM fleet_slots")
        revoke_terminal(connection, TERMINAL)
    (row,) = sum_up(town, [], {})
    assert row.silent == 1
