"""What the station accepts, and everything that a hostile office or relay might send it instead."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from records.comparing.acts import Act
from records.comparing.alert_rules import is_same_number, is_within_one_slip, shares_kind, verify_alert
from records.comparing.alerts import (
    BLOCK_BYTES,
    AlertBlock,
    AlertReason,
    AlertVerdict,
    compute_alert_tag,
    decode_block,
    encode_block,
    open_block,
    seal_block,
)
from records.comparing.answers import make_miss
from records.comparing.decisions import ListedDocument, draft_text, sign_decision
from records.comparing.errors import AlertFault, AlertRefused, DecisionFault
from records.comparing.lists import build_tree
from records.comparing.people import ComparedPerson, encode_person
from records.comparing.permits import Permit, Stop
from records.comparing.places import Place
from records.documents import DocumentKind, HowRead
from records.errors import CannotOpen, MalformedBytes
from records.notes import sign_note
from tests.records.comparing import guest, world
from tests.records.comparing.guest import DECISION, HANDLE, PERMIT, PERSON
from tests.records.comparing.world import NOW, digest

ANNEX = world.load_sample_annex()
BLOCK = guest.make_block()
PLACE = guest.place_for()


def check(block: AlertBlock = BLOCK, place: Place = PLACE, permit: Permit = PERMIT, **more: Any) -> object:
    usual = {"withdrawn": (), "now": NOW}
    return verify_alert(block, place, ANNEX, {permit.number: permit}, **{**usual, **more})


def fault(*values: Any, **more: Any) -> AlertFault:
    with pytest.raises(AlertRefused) as caught:
        check(*values, **more)
    return caught.value.fault


def of(person: ComparedPerson, **changes: Any) -> tuple[AlertBlock, Place]:
    """Return block and place of another guest, as a hostile office and counter together would make them."""
    return guest.make_block(person, **changes), guest.place_for(person)


def test_an_alert_that_holds_gives_its_decision() -> None:
    assert check() == DECISION
    assert check(replace(BLOCK, verdict=AlertVerdict.STRONG)) == DECISION


def test_an_alert_under_an_unknown_permit_is_refused() -> None:
    assert fault(permit=replace(PERMIT, number=11)) is AlertFault.PERMIT


@pytest.mark.parametrize(
    "changes",
    [{"valid_from": NOW}, {"valid_until": NOW - timedelta(minutes=9)}],
    ids=["not yet in force", "expired"],
)
def test_a_guest_compared_when_the_permit_was_not_in_force_is_refused(changes: dict[str, Any]) -> None:
    assert fault(permit=replace(PERMIT, **changes)) is AlertFault.PERMIT_TIME


def test_a_guest_compared_after_the_stop_is_refused() -> None:
    before, after = (Stop("demo", 12, PLACE.compared_at + timedelta(seconds=s)) for s in (-1, 1))
    assert fault(stops=(before,)) is AlertFault.STOPPED
    assert check(stops=(after, replace(before, permit=11))) == DECISION


def test_a_guest_compared_in_time_to_come_is_refused() -> None:
    assert fault(now=PLACE.compared_at - timedelta(minutes=3)) is AlertFault.CLOCK


@pytest.mark.parametrize("late", [timedelta(hours=24), timedelta(seconds=-1)])
def test_a_guest_compared_a_day_after_the_check_in_or_before_it_is_refused(late: timedelta) -> None:
    place = replace(PLACE, checked_in_at=PLACE.compared_at - late)
    assert fault(place=place) is AlertFault.CHECK_IN


def test_a_decision_outside_the_permits_list_is_refused() -> None:
    other = build_tree([digest("only other ones")])
    outside = replace(PERMIT, list_root=other.root, decisions=1)
    assert fault(permit=outside) is AlertFault.INCLUSION
    for changes in (
        {"leaf_index": BLOCK.leaf_index + 1},
        {"leaf_count": 6},
        {"proof": BLOCK.proof[:-1]},
        {"proof": ()},
    ):
        assert fault(replace(BLOCK, **changes)) is AlertFault.INCLUSION


def test_a_decision_that_two_judges_signed_but_oversight_did_not_see_is_refused() -> None:
    unseen = world.sign_and_load(number="(2026) Demo 18")
    assert fault(replace(BLOCK, decision_note=unseen.note)) is AlertFault.INCLUSION


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        (draft_text(world.make_decision()), DecisionFault.FORM),
        (sign_note(draft_text(world.make_decision()), world.FIRST_JUDGE), DecisionFault.SIGNATURES),
        (sign_note(draft_text(world.make_decision()), world.FIRST_JUDGE, world.OFFICE), DecisionFault.FOREIGN_KEY),
        (DECISION.note.replace("小明", "大明"), DecisionFault.CHANGED),
    ],
)
def test_a_decision_that_two_court_keys_did_not_sign_is_refused(note: str, expected: DecisionFault) -> None:
    with pytest.raises(AlertRefused) as caught:
        check(replace(BLOCK, decision_note=note))
    assert (caught.value.fault, caught.value.decision) == (AlertFault.DECISION, expected)


def test_an_expired_decision_is_refused() -> None:
    # A permit that outlived the decision: as of the day it is shown, it is over.
    with pytest.raises(AlertRefused) as caught:
        check(now=NOW + timedelta(days=365))
    assert caught.value.decision is DecisionFault.EXPIRED


def test_a_withdrawn_decision_is_refused() -> None:
    assert fault(withdrawn={DECISION.leaf}) is AlertFault.WITHDRAWN


def test_a_listed_persons_data_over_another_guest_is_refused() -> None:
    # The office puts the listed person where the counter sealed a stranger: the digest in the place tells.
    stranger = replace(PERSON, number=world.make_number(PERSON.born, sequence=55))
    assert fault(place=guest.place_for(stranger)) is AlertFault.PERSON
    assert fault(replace(BLOCK, person=bytes(1024))) is AlertFault.PERSON


def test_a_relay_that_puts_another_guests_place_beside_an_alert_is_refused() -> None:
    assert fault(place=replace(PLACE, salt=bytes(32))) is AlertFault.PERSON


def test_a_stranger_whose_number_is_not_within_one_slip_is_refused() -> None:
    assert fault(*of(replace(PERSON, number=world.make_number(PERSON.born, sequence=55)))) is AlertFault.DOCUMENT


def test_the_same_number_on_another_kind_or_of_another_state_is_refused() -> None:
    listed = DECISION.documents[1]
    other_kind = replace(PERSON, kind=DocumentKind.IDENTITY_CARD_FOREIGN, issuing_state="UTO", number=listed.number)
    assert fault(*of(other_kind)) is AlertFault.DOCUMENT
    other_state = replace(PERSON, kind=DocumentKind.PASSPORT, issuing_state="GBR", number=listed.number)
    assert fault(*of(other_state)) is AlertFault.NOT_A_SPECIMEN
    assert not is_within_one_slip(listed, other_state)
    assert is_same_number(listed, replace(other_state, issuing_state="UTO"))


def test_a_guest_who_is_no_specimen_is_refused() -> None:
    real = replace(PERSON, number="00" + PERSON.number[2:])
    assert fault(*of(real)) is AlertFault.NOT_A_SPECIMEN


def test_a_minor_is_refused() -> None:
    born = date(2008, 11, 23)
    assert fault(*of(replace(PERSON, birth_date=born.isoformat()))) is AlertFault.MINOR


def test_a_typed_document_is_refused() -> None:
    assert fault(*of(replace(PERSON, how_read=HowRead.TYPED))) is AlertFault.HOW_READ


def test_exact_is_said_of_the_same_number_alone() -> None:
    slipped = replace(PERSON, number=PERSON.number[:-1] + ("1" if PERSON.number[-1] != "1" else "2"))
    assert fault(*of(slipped)) is AlertFault.VERDICT
    assert check(*of(slipped, verdict=AlertVerdict.STRONG)) == DECISION


def test_a_temporary_card_has_the_number_of_the_resident_card() -> None:
    assert shares_kind(DocumentKind.RESIDENT_CARD, DocumentKind.TEMPORARY_CARD)
    assert not shares_kind(DocumentKind.RESIDENT_CARD, DocumentKind.PASSPORT)
    assert check(*of(replace(PERSON, kind=DocumentKind.TEMPORARY_CARD))) == DECISION
    short = ListedDocument(DocumentKind.PASSPORT, "UTO", "L89")
    assert not is_within_one_slip(short, replace(PERSON, kind=DocumentKind.PASSPORT, issuing_state="UTO", number="L89"))


def test_a_block_comes_back_and_is_always_of_one_size() -> None:
    reasons = tuple(AlertReason("name", "same", -1.5, "字" * 30, "x" * 30) for _ in range(12))
    names = tuple(replace(DECISION.names[0], full="字" * 79 + last) for last in "甲乙丙丁戊")
    longest = sign_decision(
        world.make_decision(names=names, act=Act.ESCAPE_FROM_CUSTODY, escaped_from=Act.TORTURE, number="号" * 60),
        world.FIRST_JUDGE, world.SECOND_JUDGE,
    )  # fmt: skip
    full = replace(BLOCK, reasons=reasons, decision_note=longest, proof=tuple(digest(str(n)) for n in range(15)))
    for block in (BLOCK, full):
        assert len(encode_block(block)) == BLOCK_BYTES
        assert decode_block(encode_block(block)) == block


@pytest.mark.parametrize(
    "changes",
    [
        {"person": b"x"},
        {"token": b"x"},
        {"proof": (b"x",)},
        {"proof": (bytes(32),) * 16},
        {"score": 1.5},
        {"score": float("nan")},
        {"permit": 2**32},
        {"reasons": ()},
        {"reasons": (guest.REASON,) * 13},
        {"reasons": (replace(guest.REASON, text_en="x" * 121),)},
        {"reasons": (replace(guest.REASON, text_zh="\u202e"),)},
        {"reasons": (replace(guest.REASON, weight_bits=float("inf")),)},
        {"reasons": tuple(replace(guest.REASON, text_zh="字" * 120) for _ in range(12))},
        {"decision_note": "x" * 6000},
        {"decision_note": "\udc80"},
    ],
)
def test_a_block_that_does_not_fit_is_not_made(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedBytes, match="block"):
        encode_block(replace(BLOCK, **changes))


def test_every_changed_byte_of_a_sealed_block_is_noticed() -> None:
    sealed = seal_block(BLOCK, guest.DAY_SECRET.public, HANDLE, 12)
    assert open_block(sealed, guest.DAY_SECRET, HANDLE, 12) == BLOCK
    for at in range(0, len(sealed), 301):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(CannotOpen):
            open_block(bytes(changed), guest.DAY_SECRET, HANDLE, 12)


def test_a_block_moved_to_another_handle_or_permit_does_not_open() -> None:
    sealed = seal_block(BLOCK, guest.DAY_SECRET.public, HANDLE, 12)
    for handle, permit in ((bytes(range(16)), 12), (HANDLE, 13)):
        with pytest.raises(CannotOpen):
            open_block(sealed, guest.DAY_SECRET, handle, permit)
    with pytest.raises(MalformedBytes):
        seal_block(BLOCK, guest.DAY_SECRET.public, HANDLE, 13)


def test_the_nothing_of_a_miss_is_no_block() -> None:
    miss = make_miss(HANDLE, 12, guest.DAY_SECRET.public)
    with pytest.raises(MalformedBytes):
        open_block(miss.block, guest.DAY_SECRET, HANDLE, 12)


def test_changed_bytes_of_an_open_block_never_raise_anything_else() -> None:
    data = encode_block(BLOCK)
    for at in [*range(0, 60), *range(1085, BLOCK_BYTES, 17)]:
        changed = bytearray(data)
        changed[at] ^= 0x41
        try:
            decode_block(bytes(changed))
        except MalformedBytes:
            continue
        with pytest.raises(AlertRefused):
            check(decode_block(bytes(changed)), permit=replace(PERMIT, number=99))


def test_an_alert_tag_is_of_one_handle_and_one_decision() -> None:
    key = bytes(32)
    tag = compute_alert_tag(key, HANDLE, DECISION.leaf)
    assert tag == compute_alert_tag(key, HANDLE, DECISION.leaf)
    assert len({tag, compute_alert_tag(key, bytes(16), DECISION.leaf), compute_alert_tag(key, HANDLE, bytes(32))}) == 3


def test_a_block_carries_the_exact_bytes_of_the_person() -> None:
    assert BLOCK.person == encode_person(PERSON)
