"""Comparing: what is found, what a miss and a hit look like, and that nobody is compared twice."""

from __future__ import annotations

import pytest

from records.comparing.alert_rules import verify_alert
from records.comparing.alerts import AlertVerdict, open_block
from records.comparing.answers import AnswerState
from records.comparing.people import decode_person
from records.comparing.places import open_place
from records.errors import CannotOpen, MalformedBytes
from screening.errors import LineBroken
from tests.screening.bureau import DAY_SECRET, Bureau, decide, find_listed, find_stranger


def test_a_listed_person_is_an_alert_that_the_station_accepts(bureau: Bureau) -> None:
    permit = bureau.put_in_force(decide())
    sealed = bureau.seal(find_listed(1))
    (answer,) = bureau.compare(sealed)
    assert answer.is_hit
    block = open_block(answer.block, DAY_SECRET, answer.handle, permit.number)
    place = open_place(sealed.place, DAY_SECRET, answer.handle, permit.number)
    assert (block.verdict, decode_person(block.person)) == (AlertVerdict.EXACT, find_listed(1))
    decision = verify_alert(block, place, bureau.annex, {permit.number: permit}, withdrawn=(), now=bureau.turned.now)
    assert decision == bureau.decisions[1]


def test_a_stranger_is_a_miss_of_the_same_size(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    hit, miss = bureau.compare(find_listed(0), find_stranger())
    assert (hit.is_hit, miss.is_hit) == (True, False)
    assert len(hit.to_bytes()) == len(miss.to_bytes())
    with pytest.raises((CannotOpen, MalformedBytes)):
        open_block(miss.block, DAY_SECRET, miss.handle, 12)


def test_a_settled_handle_is_never_compared_again(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    sealed = bureau.seal(find_listed(0))
    assert bureau.compare(sealed)[0].is_hit
    # The very bytes again, and the same guest sealed anew under the same handle.
    again = bureau.compare(sealed)[0]
    assert (again.is_hit, again.state) == (False, AnswerState.DONE)
    assert not bureau.compare(bureau.seal(find_listed(0), sealed.handle))[0].is_hit


def test_a_handle_whose_alert_was_lost_is_compared_again_with_the_same_tag(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    sealed = bureau.seal(find_listed(0))
    bureau.relay.loses_answers = True
    with pytest.raises(LineBroken):
        bureau.compare(sealed)
    bureau.relay.loses_answers = False
    first = bureau.compare(bureau.seal(find_listed(0), sealed.handle))[0]
    assert first.is_hit
    bureau.relay.answers.clear()
    assert not bureau.compare(sealed)[0].is_hit
