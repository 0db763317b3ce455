"""The table of terminals, as the database cuts it: held against a slow oracle in plain Python."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from central.fleet.coarse import WAITS_AFTER_S, coarsen_age
from central.fleet.states import FleetState, SeenTerminal, list_fleet, make_seen
from central.fleet.troubles import LIMITS, Trouble, find_troubles, make_bounds
from central.store import Store
from central.store.areas import EVERYTHING
from central.store.fleet import load_slots, write_heartbeats
from central.store.inspection import measure_database
from central.store.schema import security_events
from central.store.terminal_pages import (
    Show,
    SortBy,
    Wanted,
    count_fleet,
    find_terminal,
    find_terminals,
    list_security_events,
)
from central.store.terminals import Terminal, TerminalState, change_state, write_terminal
from records.heartbeat import ReaderCode
from tests.central.town import OTHER_TERMINAL, START, TERMINAL, Town, new_key

NOW = START
AGES = (0, 60, 90, 91, 100, 599, 600, 601, 5000)


def fill(store: Store, chance: random.Random, count: int = 300) -> None:
    """Write terminals in every state, with figures around each limit."""
    key, now_s = new_key().public, int(NOW.timestamp())
    latest = []
    with store.writing() as connection:
        for _ in range(count):
            terminal = Terminal(chance.randbytes(16), bytes([chance.randrange(40)]) * 16, key)
            write_terminal(connection, terminal)
            if chance.random() < 0.15:
                state = chance.choice([TerminalState.SUSPENDED, TerminalState.REVOKED, TerminalState.REPLACED])
                change_state(connection, terminal.id, state, among={TerminalState.ACTIVE})
            if chance.random() < 0.1:
                continue
            oldest_s = chance.choice([0, 0, 0, 10, LIMITS.stuck_after_s - 1, LIMITS.stuck_after_s, 90_000])
            received_at = now_s - chance.choice(AGES)
            latest.append(
                {"terminal": terminal.id, "sent_at": received_at, "received_at": received_at,
                 "version": chance.choice(["0.1.0", "0.2.0-rc1"]), "reader": chance.choice([1, 1, 1, 2]),
                 "queue": chance.randrange(1, 500) if oldest_s else 0, "oldest_s": oldest_s,
                 "clock_offset_s": chance.choice([None, 0, 59, 60, -60, -300]),
                 "free_disk_mib": chance.choice([LIMITS.few_free_mib - 1, LIMITS.few_free_mib, 90_000])}
            )  # fmt: skip
        write_heartbeats(connection, latest, [])


@pytest.fixture
def fleet(town: Town) -> list[SeenTerminal]:
    fill(town.parts.store, random.Random(7))
    return list_fleet(town.parts.store, NOW)


def is_shown(seen: SeenTerminal, show: Show) -> bool:
    if show is Show.TROUBLED:
        return bool(find_troubles(seen))
    if show is Show.REVOKED and seen.state is FleetState.REPLACED:
        return True
    return show is Show.ALL or seen.state.value == show.value


def find(town: Town, **wanted: Any) -> tuple[list[SeenTerminal], int]:
    with town.parts.store.reading() as connection:
        rows, total = find_terminals(connection, Wanted(**wanted), make_bounds(NOW), EVERYTHING)
    return [make_seen(row, NOW) for row in rows], total


def test_database_and_python_agree_on_the_state_of_every_terminal(town: Town, fleet: list[SeenTerminal]) -> None:
    for show in Show:
        expected = {seen.terminal for seen in fleet if is_shown(seen, show)}
        rows, total = find(town, show=show, most=1000)
        assert {seen.terminal for seen in rows} == expected
        assert total == len(expected) > 0


def test_fraction_of_a_second_makes_no_difference_between_the_two(town: Town, fleet: list[SeenTerminal]) -> None:
    for shift in (timedelta(microseconds=1), timedelta(microseconds=999_999)):
        now = NOW + shift
        with town.parts.store.reading() as connection:
            counts = count_fleet(connection, make_bounds(now), EVERYTHING)
        states = [seen.state for seen in list_fleet(town.parts.store, now)]
        assert counts.silent == states.count(FleetState.SILENT)
        assert counts.late == states.count(FleetState.LATE)


def test_counts_are_those_of_the_table(town: Town, fleet: list[SeenTerminal]) -> None:
    with town.parts.store.reading() as connection:
        counts = count_fleet(connection, make_bounds(NOW), EVERYTHING)
    for show in Show:
        assert getattr(counts, show.value) == sum(is_shown(seen, show) for seen in fleet)
    assert counts.all == counts.active + counts.late + counts.silent + counts.suspended + counts.revoked
    shut_out = (FleetState.SUSPENDED, FleetState.REVOKED, FleetState.REPLACED)
    living = [seen for seen in fleet if seen.state not in shut_out and (seen.oldest_s or 0) >= WAITS_AFTER_S]
    assert counts.largest_queue == max(seen.queue or 0 for seen in living)
    assert counts.oldest_s == max(seen.oldest_s or 0 for seen in living)


def test_record_on_its_way_changes_no_figure_and_no_order(town: Town) -> None:
    beat = {"sent_at": 1, "received_at": int(NOW.timestamp()), "version": "1", "reader": 1, "clock_offset_s": 0,
            "free_disk_mib": 9999}  # fmt: skip
    waits = {TERMINAL: (1, WAITS_AFTER_S - 1), OTHER_TERMINAL: (0, 0)}
    with town.parts.store.writing() as connection:
        for terminal, (queue, oldest_s) in waits.items():
            write_heartbeats(connection, [{**beat, "terminal": terminal, "queue": queue, "oldest_s": oldest_s}], [])
        counts = count_fleet(connection, make_bounds(NOW), EVERYTHING)
    assert (counts.largest_queue, counts.oldest_s) == (0, 0)
    # By id alone, whichever way it is sorted.
    for is_descending in (False, True):
        rows, _ = find(town, sort=SortBy.OLDEST, is_descending=is_descending)
        assert [seen.terminal for seen in rows] == [TERMINAL.hex(), OTHER_TERMINAL.hex()]


def test_order_by_age_has_the_steps_in_which_it_is_shown(town: Town) -> None:
    ages = [0, 299, 300, 899, 900, 1799, 3599, 3600, 7199, 7200, 90_000, 90_001]
    key, now_s = new_key().public, int(NOW.timestamp())
    same = {"sent_at": now_s, "received_at": now_s, "version": "1", "reader": 1, "queue": 3, "clock_offset_s": 0}
    with town.parts.store.writing() as connection:
        for number, age_s in enumerate(ages):
            # Within a step the ids run against the ages.
            terminal = Terminal(bytes([250 - number]) * 16, bytes(16), key)
            write_terminal(connection, terminal)
            beat = {"terminal": terminal.id, **same, "oldest_s": age_s, "free_disk_mib": 90_000}
            write_heartbeats(connection, [beat], [])
    rows, _ = find(town, sort=SortBy.OLDEST)
    shown = [(coarsen_age(seen.oldest_s), seen.terminal) for seen in rows if seen.oldest_s is not None]
    assert len(shown) == len(ages)
    assert shown == sorted(shown)


def test_empty_fleet_has_counts_of_nothing(town: Town) -> None:
    with town.parts.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM terminals")
        counts = count_fleet(connection, make_bounds(NOW), EVERYTHING)
        assert find_terminals(connection, Wanted(), make_bounds(NOW), EVERYTHING) == ([], 0)
    assert counts.all == counts.troubled == counts.largest_queue == 0


def test_pages_together_are_the_whole_in_one_order(town: Town, fleet: list[SeenTerminal]) -> None:
    for sort, is_descending in itertools.product(SortBy, (False, True)):
        order: dict[str, Any] = {"sort": sort, "is_descending": is_descending}
        whole, total = find(town, **order, most=1000)
        pages = [seen for first in range(0, total, 70) for seen in find(town, **order, first=first, most=70)[0]]
        assert pages == whole
        assert {seen.terminal for seen in whole} == {seen.terminal for seen in fleet}


def test_most_urgent_terminal_comes_first(town: Town, fleet: list[SeenTerminal]) -> None:
    rows, _ = find(town, most=1000)
    order = [Trouble.SILENT, Trouble.NEVER_HEARD, *list(Trouble)[2:]]

    def rank(seen: SeenTerminal) -> int:
        troubles = find_troubles(seen)
        if troubles:
            return order.index(troubles[0])
        last = {FleetState.SUSPENDED: 12, FleetState.REVOKED: 13, FleetState.REPLACED: 13}
        return {FleetState.LATE: 10, FleetState.ACTIVE: 11, **last}[seen.state]

    assert [rank(seen) for seen in rows] == sorted(rank(seen) for seen in fleet)
    silent = [seen.last_seen_at for seen in rows if find_troubles(seen) == (Trouble.SILENT,)]
    assert silent == sorted(each for each in silent if each)


def test_never_heard_is_last_in_every_other_order(town: Town, fleet: list[SeenTerminal]) -> None:
    for is_descending in (False, True):
        rows, _ = find(town, sort=SortBy.HEARD, is_descending=is_descending, most=1000)
        heard = [seen.last_seen_at is not None for seen in rows]
        assert heard == sorted(heard, reverse=True)


def test_text_finds_ids_and_versions_as_people_copy_them(town: Town, fleet: list[SeenTerminal]) -> None:
    one = fleet[17]
    for text in (one.terminal, one.terminal[:9], one.terminal.upper(), f" {one.terminal[:4]} {one.terminal[4:]} ",
                 f"{one.terminal[:4]}…{one.terminal[-4:]}"):  # fmt: skip
        assert one.terminal in {seen.terminal for seen in find(town, text=text, most=1000)[0]}
    assert {seen.venue for seen in find(town, text=one.venue, most=1000)[0]} == {one.venue}
    assert {seen.version for seen in find(town, text="0.2.0-RC", most=1000)[0]} == {"0.2.0-rc1"}
    assert find(town, text="%")[1] == find(town, text="_")[1] == find(town, text="'; --")[1] == 0


def test_one_terminal_is_found_by_its_id(town: Town) -> None:
    with town.parts.store.reading() as connection:
        row = find_terminal(connection, TERMINAL)
        assert row is not None
        assert (row.terminal, row.received_at) == (TERMINAL, None)
        assert find_terminal(connection, bytes(16)) is None


def test_slots_of_one_terminal_are_found_among_those_of_others(town: Town) -> None:
    figures = {"beats": 5, "reader_down": 0, "queue": 0, "oldest_s": 0, "clock_offset_s": 0, "free_disk_mib": 9}
    slots = [{"slot": slot, "terminal": bytes([n]) * 16, **figures} for slot in range(10, 16) for n in range(3)]
    with town.parts.store.writing() as connection:
        write_heartbeats(connection, [], slots)
        found = load_slots(connection, bytes([1]) * 16, 11, 14)
    assert [(row.slot, row.terminal) for row in found] == [(slot, bytes([1]) * 16) for slot in range(11, 15)]


def test_security_events_are_told_newest_first_of_one_or_of_all(town: Town) -> None:
    row = {"kind": "sequence conflict", "generation": 1, "sequence": 5}
    with town.parts.store.writing() as connection:
        for seen_at, number in ((10, 1), (20, 2), (30, 1), (40, 2)):
            connection.execute(security_events.insert(), {**row, "terminal": bytes([number]) * 16, "seen_at": seen_at})
        assert [each.seen_at for each in list_security_events(connection, 15, 2, EVERYTHING)] == [40, 30]
        assert [each.seen_at for each in list_security_events(connection, 0, 9, EVERYTHING, bytes([1]) * 16)] == [
            30,
            10,
        ]


def test_size_of_the_database_grows_with_what_is_in_it(town: Town) -> None:
    with town.parts.store.reading() as connection:
        before = measure_database(connection)
    with town.parts.store.writing() as connection:
        key = new_key().public
        for number in range(3000):
            write_terminal(connection, Terminal(number.to_bytes(16), bytes(16), key))
    with town.parts.store.reading() as connection:
        assert measure_database(connection) > before > 10_000


def test_silent_terminal_has_one_trouble_and_a_revoked_one_none() -> None:
    seen = SeenTerminal(
        "", "", FleetState.SILENT, datetime(2026, 1, 1, tzinfo=UTC), "1", ReaderCode.DOWN, 9, 99_999, 999, 0
    )
    assert find_troubles(seen) == (Trouble.SILENT,)
