"""What the office tells of itself: two months to oversight, one number to the station, in steps and once a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from records.comparing.counts import OFFICE_NAMES, CountName, CountsReport, GuestsReport, decode_counts, decode_guests
from records.comparing.mail import LetterKind, Outcome, Role, open_letter, parse_letter, verify_letter
from screening.errors import LineBroken
from screening.process import OfficeProcess
from screening.store.handles import add_counts
from service.audit.care import LogCare
from tests.records.comparing import world
from tests.screening.bureau import Bureau, PassingRelay, decide, find_listed, find_stranger
from tests.screening.test_outcomes import report, send


def read_posted(bureau: Bureau) -> list[CountsReport]:
    letters = [parse_letter(each) for each in bureau.relay.posted]
    for each in letters:
        assert (each.sender, each.receiver, each.kind) == (Role.OFFICE, Role.OVERSIGHT, LetterKind.OFFICE_COUNTS)
        verify_letter(each, world.OFFICE.key.public)
    return [decode_counts(open_letter(each, world.OVERSIGHT_BOX)) for each in letters]


def test_office_tells_two_months_once_a_day_in_steps_and_only_numbers(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    bureau.compare(find_listed(0), *(find_stranger(n) for n in range(5)))
    send(bureau, report(bureau, Outcome.CONFIRMED, 1))
    assert bureau.office.tell_oversight()
    assert not bureau.office.tell_oversight()
    now, before = read_posted(bureau)
    assert {each.name for each in now.counts} == OFFICE_NAMES
    told = {each.name: each.n for each in now.counts}
    # One alert, and one decision that was forgotten: some, but few.
    assert (told[CountName.COMPARED], told[CountName.ALERTED], told[CountName.DECISIONS_DELETED]) == (5, None, None)
    assert {each.n for each in before.counts} == {0}
    assert not any(each.court or each.act for each in now.counts)
    bureau.turned.turn(timedelta(days=2).total_seconds())
    bureau.office.handles.forget_old(0)
    assert bureau.office.tell_oversight()
    later = {each.name: each.n for each in read_posted(bureau)[2].counts}
    assert later[CountName.HANDLES_DELETED] == 5


def test_what_the_relay_does_not_take_is_told_at_the_next_round(bureau: Bureau) -> None:
    with bureau.office.store.writing() as connection:
        add_counts(connection, bureau.office.clock.day, {"missed": 12})
    bureau.relay.is_away = True
    with pytest.raises(LineBroken):
        bureau.office.tell_oversight()
    bureau.relay.is_away = False
    assert bureau.office.tell_oversight()
    assert {each.name: each.n for each in read_posted(bureau)[0].counts}[CountName.COMPARED] == 10


def compare_many(bureau: Bureau, n: int) -> None:
    with bureau.office.store.writing() as connection:
        add_counts(connection, bureau.office.clock.day, {"missed": n - 30, "cleared": 30, "closed-before": 400})


def read_guests(bureau: Bureau) -> GuestsReport:
    letter = parse_letter(bureau.relay.posted[-1])
    assert (letter.sender, letter.receiver, letter.kind) == (Role.OFFICE, Role.STATION, LetterKind.GUESTS)
    verify_letter(letter, world.OFFICE.key.public)
    return decode_guests(open_letter(letter, world.STATION_BOX))


def test_station_is_told_one_number_of_the_month_before_and_each_day_the_same(bureau: Bureau) -> None:
    compare_many(bureau, 2018)
    this, next_month = f"{bureau.turned.now:%Y-%m}", datetime(2026, 12, 1, 0, 0, 30, tzinfo=UTC)
    assert bureau.office.tell_station()
    assert not bureau.office.tell_station()
    assert read_guests(bureau).month < this, "of a month that goes on two letters would tell what a day was"
    bureau.turned.turn((next_month - bureau.turned.now).total_seconds())
    for _ in range(2):
        compare_many(bureau, 5000)  # of the new month
        assert bureau.office.tell_station()
        assert read_guests(bureau) == GuestsReport(this, 2015)
        bureau.turned.turn(timedelta(days=1).total_seconds())


def test_too_few_guests_are_not_told_to_the_station(bureau: Bureau) -> None:
    compare_many(bureau, 999)
    bureau.turned.turn(timedelta(days=30).total_seconds())
    assert bureau.office.tell_station()
    assert read_guests(bureau).compared is None


def test_box_of_oversight_that_is_full_keeps_no_letter_from_the_station(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[bytes] = []

    def post(letter: bytes) -> None:
        if parse_letter(letter).receiver is Role.OVERSIGHT:
            raise LineBroken("429")
        taken.append(letter)

    monkeypatch.setattr(PassingRelay, "post_letter", lambda _, letter: post(letter))
    process = OfficeProcess(bureau.office, LogCare(bureau.office.audit, bureau.folder, 300, 366, bureau.folder))
    for _ in range(2):
        with pytest.raises(LineBroken):
            process._tell()
    assert len(taken) == 1
