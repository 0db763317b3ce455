"""What the station tells oversight of itself: counts of two months, once a day, and nothing small."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from records.comparing.counts import ACT_NAMES, STATION_NAMES, CountName, CountsReport, decode_acts, decode_counts
from records.comparing.mail import LetterKind, Outcome, open_letter, parse_letter, verify_letter
from station.boards.figures import Figures, Kind
from station.boards.telling import sum_figures, tell_oversight
from station.store.figures import add_figures
from station.store.papers import START, list_letters
from tests.records.comparing import world
from tests.station.small_station import SmallStation
from tests.station.test_boards import work


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStation]:
    small = SmallStation(tmp_path)
    yield small
    small.close()


def read_letters(small: SmallStation) -> list[CountsReport]:
    with small.station.book.store.reading() as connection:
        letters = [parse_letter(each.body) for each in list_letters(connection, START, 100)]
    found = [each for each in letters if each.kind is LetterKind.COUNTS]
    for each in found:
        verify_letter(each, world.STATION.key.public)
    return [decode_counts(open_letter(each, world.OVERSIGHT_BOX)) for each in found]


def tell(small: SmallStation) -> bool:
    return tell_oversight(small.station.book, small.station.post, small.station.pages.clock)


def test_two_months_are_told_once_a_day_and_small_counts_are_not(small: SmallStation) -> None:
    month = f"{small.station.pages.clock():%Y-%m}"
    with small.station.book.store.writing() as connection:
        for n, outcome in ((12, "confirmed"), (3, "other-person")):
            for _ in range(n):
                add_figures(connection, month, "yunxi", [f"ended\x1f{outcome}", "accepted\x1f1"])
    assert tell(small)
    assert not tell(small)
    before, now = sorted(read_letters(small), key=lambda each: each.month)
    told = {each.name: each.n for each in now.counts if not each.court}
    assert (now.month, told[CountName.CONFIRMED], told[CountName.OTHER_PERSON]) == (month, 10, None)
    assert (told[CountName.ENDED], told[CountName.WITHIN_ONE_MINUTE], told[CountName.LATER]) == (15, 15, 0)
    assert {each.n for each in before.counts} == {0}


def test_times_and_courts_are_summed_as_the_boards_have_them() -> None:
    counts: Counter[tuple[str, ...]] = Counter({
        (Kind.ENDED, "confirmed"): 8, (Kind.ENDED, "withdrawn"): 2, (Kind.JUDGED, "A", "exact", "right"): 5,
        (Kind.JUDGED, "A", "strong", "false"): 2, (Kind.ACCEPTED, "2"): 4, (Kind.ACCEPTED, "3"): 1,
        (Kind.ACCEPTED, "4"): 1, (Kind.ACCEPTED, "5"): 3,
    })  # fmt: skip
    found = sum_figures(Figures(counts))
    assert found[CountName.ENDED, "", None] == 10
    by_time = (CountName.WITHIN_ONE_MINUTE, CountName.WITHIN_THREE_MINUTES, CountName.LATER, CountName.NOBODY)
    assert [found[name, "", None] for name in by_time] == [4, 2, 3, 1]
    assert (found[CountName.CONFIRMED, "A", None], found[CountName.OTHER_PERSON, "A", None]) == (5, 2)


def test_courts_with_long_names_are_left_out_and_the_rest_is_told(small: SmallStation) -> None:
    month, courts = f"{small.station.pages.clock():%Y-%m}", ["法" * 59 + str(n) for n in range(8)]
    with small.station.book.store.writing() as connection:
        for _ in range(5):
            names = [f"judged\x1f{court}\x1fexact\x1fright" for court in courts]
            add_figures(connection, month, "yunxi", ["ended\x1fconfirmed", *names])
    assert tell(small)
    (now,) = [each for each in read_letters(small) if each.month == month]
    assert {each.name: each.n for each in now.counts}[CountName.CONFIRMED] == 5
    assert not any(each.court for each in now.counts)


def test_what_becomes_of_alerts_is_told_by_court_and_act_with_what_was_deleted(small: SmallStation) -> None:
    work(small, Outcome.CONFIRMED, 6)
    work(small, Outcome.DECISION_WRONG, 5)
    small.station.quieting.go_round()
    small.now += timedelta(days=1, minutes=1)
    small.station.keeper.forget_due()  # those that were confirmed stay for a month
    small.station.quieting.go_round()
    assert tell(small)
    with small.station.book.store.reading() as connection:
        letters = [parse_letter(each.body) for each in list_letters(connection, START, 200)]
    (acts,) = [
        decode_acts(open_letter(each, world.OVERSIGHT_BOX)) for each in letters if each.kind is LetterKind.ACT_COUNTS
    ]
    assert (acts.month, acts.court) == (f"{small.now:%Y-%m}", world.COURT)
    ((act, numbers),) = acts.acts.items()
    told = dict(zip(ACT_NAMES, numbers, strict=True))
    assert act is world.make_decision().act
    assert (told[CountName.RAISED], told[CountName.ENDED], told[CountName.CONFIRMED]) == (10, 10, 5)
    assert (told[CountName.OTHER_PERSON], told[CountName.ALERTS_DELETED]) == (5, 5)
    (now,) = [each for each in read_letters(small) if each.month == acts.month]
    of_all = {each.name: each.n for each in now.counts if not each.court}
    assert (of_all[CountName.RAISED], of_all[CountName.ALERTS_DELETED]) == (10, 5)
    assert {each.name for each in now.counts} <= STATION_NAMES


def test_day_keys_that_were_destroyed_are_counted() -> None:
    counts: Counter[tuple[str, ...]] = Counter({(Kind.DELETED, "day-key"): 7, (Kind.DELETED, "alert"): 9})
    found = sum_figures(Figures(counts))
    assert (found[CountName.DAY_KEYS_DELETED, "", None], found[CountName.ALERTS_DELETED, "", None]) == (7, 9)
