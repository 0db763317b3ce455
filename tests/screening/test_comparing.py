"""Comparing: what is found, what a miss and a hit look like, and that nobody is compared twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from matcher.verdict import Reason, Verdict
from records.comparing.alert_rules import verify_alert
from records.comparing.alerts import AlertVerdict, compute_alert_tag, open_block
from records.comparing.answers import AnswerState
from records.comparing.decisions import ListedDocument, ListedName
from records.comparing.people import ComparedName, ComparedPerson, decode_person
from records.comparing.places import open_place
from records.documents import DocumentKind
from records.errors import CannotOpen, MalformedBytes
from screening import worker
from screening.errors import LineBroken
from screening.store.handles import load_counts
from tests.records.comparing import world
from tests.screening.bureau import DAY_SECRET, Bureau, decide, describe, find_listed, find_stranger


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
    # Lost on the way back only: the station knows the second one by its tag.
    assert first.alert_tag == compute_alert_tag(bureau.office.keys.alert_tags, sealed.handle, bureau.decisions[0].leaf)
    assert not bureau.compare(sealed)[0].is_hit


def misread(person: ComparedPerson, **changes: object) -> ComparedPerson:
    """The same person with one digit of the number read wrongly."""
    number = person.number[:15] + ("3" if person.number[15] != "3" else "4") + person.number[16:]
    return replace(person, number=number, **changes)  # type: ignore[arg-type]


def test_one_slip_is_an_alert_only_where_name_and_birth_date_agree(bureau: Bureau) -> None:
    permit = bureau.put_in_force(decide())
    near, other = misread(find_listed(1)), misread(find_listed(1), names=(ComparedName("唐古拉", "唐", "古拉"),))
    sealed = bureau.seal(near)
    hit, miss = bureau.compare(sealed, other)
    assert (hit.is_hit, miss.is_hit) == (True, False)
    block = open_block(hit.block, DAY_SECRET, hit.handle, permit.number)
    place = open_place(sealed.place, DAY_SECRET, hit.handle, permit.number)
    assert block.verdict is AlertVerdict.STRONG
    now = bureau.turned.now
    assert verify_alert(block, place, bureau.annex, {permit.number: permit}, withdrawn=(), now=now)
    # Both were opened, and of both nothing stays but a count.
    kept = bureau.read_files()
    assert not any(text.encode() in kept for text in (near.number, "唐古拉"))
    with bureau.office.store.reading() as connection:
        counts = load_counts(connection, bureau.turned.as_clock().day)
    assert counts == {"alerted": 1, "cleared": 1}


def test_a_guest_near_two_decisions_is_one_alert_the_strongest(bureau: Bureau) -> None:
    first = decide(1)[0]
    twin = world.sign_and_load(
        **{
            **describe(0),
            "number": "(2026) Demo twin",
            "names": (ListedName(full="何安然"),),
            "documents": (ListedDocument(DocumentKind.TEMPORARY_CARD, "CHN", first.documents[0].number),),
        }
    )
    bureau.put_in_force([first, twin])
    (answer,) = bureau.compare(find_listed(0))
    block = open_block(answer.block, DAY_SECRET, answer.handle, bureau.office.days.permit)
    assert block.decision_note == first.note


def test_alert_that_cannot_be_written_down_is_that_ones_loss_and_tells_nobody(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that failed because of a hit in it would be told "later", again and again, and so tell of the hit."""
    bureau.put_in_force(decide())
    reason = Reason("name", "same", 9.0, "长" * 121, "long " * 30)
    monkeypatch.setattr(worker, "compare_person", lambda *_: Verdict("exact", 0.9, (reason,)))
    hit, miss = bureau.compare(find_listed(0), find_stranger())
    assert [(each.is_hit, each.state) for each in (hit, miss)] == [(False, AnswerState.DONE)] * 2
    with bureau.office.store.reading() as connection:
        assert load_counts(connection, bureau.office.clock.day)["unreadable"] == 1
