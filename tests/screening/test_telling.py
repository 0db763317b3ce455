"""What the office tells oversight of itself: counts of two months, once a day, in steps, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from records.comparing.counts import OFFICE_NAMES, CountName, CountsReport, decode_counts
from records.comparing.mail import LetterKind, Outcome, Role, open_letter, parse_letter, verify_letter
from screening.errors import LineBroken
from screening.store.handles import add_counts
from tests.records.comparing import world
from tests.screening.bureau import Bureau, decide, find_listed, find_stranger
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
