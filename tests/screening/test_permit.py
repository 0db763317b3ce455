"""The permit: without one, and beyond it, nothing is compared; stop and silence leave nothing behind."""

from __future__ import annotations

import gc
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from records.comparing.answers import AnswerState
from records.comparing.permits import Stop, sign_stop
from records.comparing.station_keys import sign_day_key
from records.suite import HybridSecretKey
from screening.day import SILENCE_S, Day
from screening.errors import NoPermit
from screening.index import TagIndex
from screening.office import ANSWER_AFTER_S
from screening.passing import GONE_AFTER_S, NEW_AFTER_S
from tests.records.comparing import world
from tests.screening.bureau import DAY_SECRET, Bureau, decide, find_listed, find_stranger

CLOSE = 1.0


def is_off(bureau: Bureau, why: str) -> bool:
    with pytest.raises(NoPermit):
        bureau.office.pass_batch()
    return (bureau.office.days.permit, bureau.office.days.why_off) == (0, why)


def test_without_a_permit_nothing_is_fetched(bureau: Bureau) -> None:
    bureau.bring_list(decide())
    bureau.office.watch_desk()
    assert is_off(bureau, "no permit")
    bureau.office.keep_up()
    assert bureau.relay.passing_key == b""


def test_a_permit_for_a_list_that_nobody_activated_begins_nothing(bureau: Bureau) -> None:
    made, _ = bureau.bring_list(decide())
    bureau.desk.allow(made, bureau.turned.now)
    bureau.office.watch_desk()
    assert is_off(bureau, "activation")


@pytest.mark.parametrize("hours", [-30, 30])
def test_a_permit_of_another_time_begins_nothing(bureau: Bureau, hours: int) -> None:
    now = bureau.turned.now + timedelta(hours=hours)
    bureau.put_in_force(decide(), valid_from=now, valid_until=now + timedelta(hours=1))
    assert is_off(bureau, "no permit")


def test_a_permit_by_another_key_begins_nothing(bureau: Bureau) -> None:
    bureau.desk.signer = world.make_signer(world.PERMIT.name + "x")
    bureau.put_in_force(decide())
    assert bureau.office.days.permit == 0


def test_a_permit_of_another_root_begins_nothing(bureau: Bureau) -> None:
    bureau.put_in_force(decide(), list_root=bytes(32))
    assert is_off(bureau, "root")


def test_a_decision_that_was_put_into_the_database_is_not_compared(bureau: Bureau) -> None:
    bureau.put_in_force(decide(2))
    smuggled = decide(1, first=7)[0]
    with bureau.office.store.writing() as connection:
        connection.execute(
            text("INSERT INTO decisions VALUES (:leaf, :note)"),
            smuggled.__class__ and {"leaf": smuggled.leaf, "note": smuggled.note},
        )
    begin_anew(bureau)
    assert not bureau.compare(find_listed(7))[0].is_hit
    # And as one of the list's: the root no longer fits, and nothing at all is compared.
    with bureau.office.store.writing() as connection:
        connection.execute(text("INSERT INTO version_leaves VALUES (1, :leaf)"), {"leaf": smuggled.leaf})
    begin_anew(bureau)
    assert is_off(bureau, "root")


def begin_anew(bureau: Bureau) -> None:
    bureau.office.days.end("test")
    bureau.begin()


def test_a_note_that_was_changed_in_the_database_is_left_out(bureau: Bureau) -> None:
    bureau.put_in_force(decide(2))
    with bureau.office.store.writing() as connection:
        connection.execute(text("UPDATE decisions SET note = replace(note, 'armed-robbery', 'torture')"))
    begin_anew(bureau)
    assert not bureau.compare(find_listed(0))[0].is_hit


def test_beyond_the_permits_number_nobody_is_compared(bureau: Bureau) -> None:
    bureau.put_in_force(decide(), max_comparisons=2)
    answers = bureau.compare(find_stranger(1), find_stranger(2), find_listed(0))
    assert not answers[2].is_hit
    assert answers[2].state is AnswerState.DONE
    assert not bureau.compare(find_listed(1))[0].is_hit


def test_two_of_one_handle_in_a_batch_are_one_comparison(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    first = bureau.seal(find_stranger())
    second = bureau.seal(find_listed(0), first.handle)
    for each in (first, second):
        bureau.hand_in(each)
    bureau.office.pass_batch()
    assert [each.is_hit for each in bureau.relay.answers] == [False, False]


def test_a_handle_is_tried_twenty_times_and_no_more(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    sealed = bureau.seal(find_stranger())
    bureau.relay.loses_answers = True
    for _ in range(20):
        bureau.hand_in(sealed)
        with pytest.raises(Exception, match="503"):
            bureau.office.pass_batch()
    bureau.relay.loses_answers = False
    assert not bureau.compare(bureau.seal(find_listed(0), sealed.handle))[0].is_hit


def watch_memory(day: Day) -> tuple[TagIndex, bytearray, list[HybridSecretKey]]:
    return day.index, day.index._outputs, [key for _, key in day.passing._keys.values()]


@pytest.mark.parametrize("how", ["stop", "silence", "expiry"])
def test_what_ends_the_day_leaves_neither_index_nor_keys(bureau: Bureau, how: str) -> None:
    bureau.put_in_force(decide())
    sealed = bureau.seal(find_listed(0))
    with bureau.office.days.holding() as day:
        index, outputs, keys = watch_memory(day)
    assert keys
    assert any(outputs)
    if how == "stop":
        bureau.desk.end(bureau.turned.now)
    elif how == "silence":
        bureau.desk.is_silent = True
        bureau.turned.turn(SILENCE_S - CLOSE)
        bureau.office.watch_desk()
        assert bureau.office.days.permit
        bureau.turned.turn(CLOSE)
    else:
        bureau.turned.turn(20 * 3600)
    bureau.office.watch_desk()
    assert bureau.office.days.permit == 0
    assert not any(outputs)
    assert (len(index), list(index.find([bytes(16)])), day.passing.find(keys[0].public.key_id)) == (0, [], None)
    assert bureau.office.days.why_off == {"stop": "stopped", "silence": "silence", "expiry": "expired"}[how] or how
    identity = id(keys[0])
    keys.clear()
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, HybridSecretKey) and id(each) == identity]
    # What was stopped is not made up for.
    bureau.hand_in(sealed)
    with pytest.raises(NoPermit):
        bureau.office.pass_batch()
    assert bureau.relay.answers == []


def test_silence_ends_the_day_even_where_nobody_looks(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    bureau.hand_in(bureau.seal(find_listed(0)))
    bureau.turned.turn(SILENCE_S)
    assert is_off(bureau, "silence")


def test_a_stop_in_the_middle_of_a_batch_answers_nobody(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    bureau.hand_in(bureau.seal(find_listed(0)))

    def stop() -> None:
        bureau.desk.end(bureau.turned.now)
        bureau.office.watch_desk()

    bureau.relay.on_fetch = stop
    with pytest.raises(NoPermit):
        bureau.office.pass_batch()
    assert bureau.relay.answers == []


def test_a_stopped_permit_never_begins_again(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    bureau.desk.end(bureau.turned.now)
    bureau.office.watch_desk()
    bureau.desk.stop = ""  # somebody on the line takes the stop away
    bureau.office.watch_desk()
    assert is_off(bureau, "older permit")


def test_an_older_permit_never_follows_a_newer_one(bureau: Bureau) -> None:
    permit = bureau.put_in_force(decide())
    made, _ = bureau.bring_list(decide(2, first=20), number=2)
    bureau.put_in_force(decide(2, first=20), number=2)
    assert bureau.office.days.permit == permit.number + 1
    bureau.desk.permit = permit
    for _ in range(2):
        bureau.office.watch_desk()
    assert is_off(bureau, "older permit")
    assert made.number == 2


def test_a_stop_of_a_permit_before_does_not_end_the_one_in_force(bureau: Bureau) -> None:
    bureau.desk.stop = sign_stop(Stop(bureau.annex.jurisdiction, 5, bureau.turned.now), world.PERMIT)
    bureau.put_in_force(decide())
    bureau.office.watch_desk()
    assert bureau.office.days.permit


def test_another_permit_makes_what_was_sealed_before_worthless(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    sealed = bureau.seal(find_listed(0))
    bureau.put_in_force(decide(4), number=2)
    (answer,) = bureau.compare(sealed)
    assert (answer.is_hit, answer.state) == (False, AnswerState.SEAL_AGAIN)
    # The terminal settles by itself; a hostile counter that seals it anew gets nothing either, once it was settled.


def test_a_guest_of_a_permit_before_is_not_compared_under_the_next(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    first = bureau.seal(find_stranger())
    bureau.compare(first)
    bureau.put_in_force(decide(4), number=2)
    assert not bureau.compare(bureau.seal(find_listed(0), first.handle))[0].is_hit


def test_a_passing_key_is_new_after_two_minutes_and_gone_after_five(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    first = bureau.relay.passing_key
    sealed, late = bureau.seal(find_listed(0)), bureau.seal(find_listed(1))
    bureau.turned.turn(NEW_AFTER_S)
    bureau.office.watch_desk()
    bureau.office.keep_up()
    assert bureau.relay.passing_key != first
    assert bureau.compare(sealed)[0].is_hit
    bureau.turned.turn(GONE_AFTER_S - NEW_AFTER_S - ANSWER_AFTER_S)
    bureau.office.watch_desk()
    (answer,) = bureau.compare(late)
    assert (answer.is_hit, answer.state) == (False, AnswerState.SEAL_AGAIN)
    # "Seal again" claimed nothing: sealed to the new key, the same handle is compared.
    bureau.office.keep_up()
    assert bureau.compare(bureau.seal(find_listed(1), late.handle))[0].is_hit


def test_a_relay_that_never_answers_keeps_no_passing_key_alive(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    with bureau.office.days.holding() as day:
        assert day.passing._keys
    bureau.turned.turn(GONE_AFTER_S - CLOSE)
    bureau.office.watch_desk()
    bureau.turned.turn(CLOSE)
    bureau.office.watch_desk()  # the relay's line is not asked
    with bureau.office.days.holding() as day:
        assert not day.passing._keys


def test_an_old_key_of_the_station_is_not_used(bureau: Bureau) -> None:
    old = sign_day_key(bureau.turned.now.date() - timedelta(days=2), DAY_SECRET.public, world.STATION.key)
    bureau.relay.day_key = old
    bureau.put_in_force(decide())
    bureau.hand_in(bureau.seal(find_listed(0)))
    with pytest.raises(NoPermit, match="day key"):
        bureau.office.pass_batch()
    assert bureau.relay.waiting  # nobody was fetched for whom there could be no answer


def test_with_the_annex_everything_ends(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    bureau.office.annex = replace(bureau.annex, valid_until=bureau.turned.now)
    bureau.office.watch_desk()
    assert is_off(bureau, "annex")


def test_handles_of_a_permit_are_kept_while_it_is_in_force_also_when_the_office_begins_anew(bureau: Bureau) -> None:
    now = bureau.turned.now
    bureau.put_in_force(decide(), valid_from=now, valid_until=now + timedelta(hours=36), max_comparisons=1)
    handle = bureau.seal(find_stranger()).handle
    bureau.compare(bureau.seal(find_stranger(), handle))
    bureau.office.days.end("closing")
    bureau.turned.turn(26 * 3600.0)
    bureau.office.handles.forget_old(0)  # before the desk was asked for the first time
    bureau.relay.day_key = sign_day_key(bureau.turned.now.date(), DAY_SECRET.public, world.STATION.key)
    bureau.begin()
    assert bureau.office.days.permit == 12
    assert not bureau.compare(find_listed(0))[0].is_hit, "the permit's one comparison was spent"


def test_handles_are_forgotten_after_a_day_once_their_permit_is_stopped_and_after_a_permits_longest_in_any_case(
    bureau: Bureau,
) -> None:
    bureau.put_in_force(decide())
    bureau.compare(find_stranger())
    bureau.desk.end(bureau.turned.now)
    bureau.office.watch_desk()
    bureau.turned.turn(26 * 3600.0)
    bureau.office.handles.forget_old(0)
    with bureau.office.store.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM handles")) == 0
