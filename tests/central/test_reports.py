"""The report tells of no single house, whoever compares days, sums and reports."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.keys import count_days
from central.reports import load_report, write_report
from central.store.reports import ROUNDED_TO, ReportDay, hide_few
from central.store.schema import records
from central.store.totals import FEWEST_HOUSES
from tests.central.town import START, Town

HOUSES = st.lists(st.integers(1, 400), max_size=12)


@given(by_house=HOUSES)
def test_figure_is_shown_only_where_it_is_nobodys_own(by_house: list[int]) -> None:
    shown = hide_few(by_house)
    if shown is None:
        assert len(by_house) < FEWEST_HOUSES or max(by_house) * 2 > sum(by_house)
    else:
        assert len(by_house) >= FEWEST_HOUSES
        assert shown % ROUNDED_TO == 0
        assert abs(shown - sum(by_house)) <= ROUNDED_TO / 2


@given(by_house=HOUSES.filter(lambda each: len(each) >= FEWEST_HOUSES))
def test_no_one_house_can_be_told_from_the_figure(by_house: list[int]) -> None:
    """Whoever knows the figure, and that no house has more than half of it, knows of none that it was there."""
    shown = hide_few(by_house)
    if shown is not None:
        assert max(by_house) * 2 <= shown + ROUNDED_TO


def fill_day(town: Town, days_ago: int, by_house: dict[int, int], *, late_s: int = 20) -> None:
    """Keep records of some houses, received at noon of a day."""
    day = count_days((START - timedelta(days=days_ago)).date())
    at = day * 86_400 + 43_200
    rows: list[dict[str, object]] = []
    for house, count in by_house.items():
        for number in range(count):
            name = bytes([house, days_ago + 9]) + number.to_bytes(14, "big")
            rows.append({
                "terminal": bytes([house]) * 16, "record": name, "generation": 1, "sequence": number,
                "venue": bytes([house]) * 16, "stay_tag": name, "digest": name * 2, "part_digest": name * 2,
                "captured_at": at - late_s, "received_at": at,
                "expiry_day": day + town.parts.profile.retention_days + 1, "locked": b"sealed",
            })  # fmt: skip
    with town.parts.store.writing() as connection:
        if rows:
            connection.execute(records.insert(), rows)


def read_day(town: Town, days_ago: int) -> ReportDay:
    """What the report says of a day, counted from the beginning of the test."""
    day = count_days((START - timedelta(days=days_ago)).date())
    return next(each for each in load_report(town.parts.store, town.now, 60).days if each.day == day)


def test_keeper_counts_days_that_are_over_and_never_again(town: Town) -> None:
    fill_day(town, 0, dict.fromkeys(range(1, 7), 40))
    town.keep()
    town.pass_days(1)
    town.keep()
    found = read_day(town, 0)
    assert (found.received, found.within_minute, found.within_day) == (240, 100, 100)
    # What arrives for that day afterwards, or is replaced, changes nothing that was told.
    fill_day(town, 0, {9: 100})
    town.keep()
    assert read_day(town, 0) == found


@pytest.mark.parametrize("by_house", [dict.fromkeys(range(1, 5), 40), {1: 400, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1}, {}])
def test_day_of_few_houses_or_of_one_large_one_is_hidden(sqlite_town: Town, by_house: dict[int, int]) -> None:
    town = sqlite_town
    fill_day(town, 0, by_house)
    fill_day(town, -1, dict.fromkeys(range(1, 7), 50))
    town.pass_days(2)
    town.keep()
    assert read_day(town, 0).received is None
    report = load_report(town.parts.store, town.now)
    # The sum is that of the days shown: without them nothing is left.
    assert report.received == read_day(town, -1).received == 300


def test_shares_need_enough_records_and_come_in_steps(sqlite_town: Town) -> None:
    town = sqlite_town
    fill_day(town, -1, dict.fromkeys(range(1, 7), 10))
    fill_day(town, 0, dict.fromkeys(range(1, 7), 40))
    fill_day(town, 0, dict.fromkeys(range(11, 16), 4), late_s=7200)
    town.pass_days(2)
    town.keep()
    few, many = read_day(town, -1), read_day(town, 0)
    assert (few.received, few.within_minute) == (60, None)
    assert (many.within_minute, many.within_hour, many.within_day) == (90, 90, 100)


def test_deletions_are_counted_in_the_same_way(town: Town) -> None:
    keeps = town.parts.profile.retention_days
    fill_day(town, 1, dict.fromkeys(range(1, 7), 11))
    fill_day(town, 0, dict.fromkeys(range(1, 4), 30))
    town.pass_days(keeps)
    assert town.keep().records_deleted == 66
    town.pass_days(1)
    assert town.keep().records_deleted == 90
    town.pass_days(1)
    town.keep()
    assert read_day(town, -keeps).deleted == 70
    assert read_day(town, -keeps - 1).deleted is None


def test_file_has_a_line_a_day_and_no_house(sqlite_town: Town) -> None:
    town = sqlite_town
    fill_day(town, 0, dict.fromkeys(range(1, 7), 40))
    town.pass_days(1)
    town.keep()
    lines = "".join(write_report(load_report(town.parts.store, town.now, 3))).splitlines()
    assert lines[0].lstrip("\ufeff") == "day,received,within_minute,within_hour,within_day,deleted"
    assert lines[-1] == "2026-03-10,240,100,100,100,"
    assert len(lines) == 4
