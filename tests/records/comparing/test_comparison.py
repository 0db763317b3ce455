"""Tags, people, places, comparisons and answers: who can open what, and that sizes tell nothing."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.comparing import oprf, tags
from records.comparing.answers import ANSWER_BYTES, AnswerState, make_hit, make_miss, parse_answer, split_answers
from records.comparing.comparison import (
    COMPARISON_BYTES,
    open_part,
    parse_comparison,
    seal_comparison,
    unlock_person,
    unlock_person_bytes,
    verify_comparison,
)
from records.comparing.errors import CannotCompare, ProofRefused
from records.comparing.passing_keys import PassingKey, parse_passing_key, sign_passing_key
from records.comparing.people import ComparedName, ComparedPerson, decode_person, digest_person, encode_person
from records.comparing.places import open_place
from records.comparing.slips import tag_strings
from records.comparing.station_keys import parse_day_key, sign_day_key
from records.documents import DocumentKind
from records.errors import BadSignature, CannotOpen, MalformedBytes, RecordsError
from tests.records.comparing import guest, world
from tests.records.comparing.guest import HANDLE, PASSING_SECRET, PERSON, SEALED
from tests.records.comparing.world import NOW, digest

OUTPUTS = guest.find_outputs()
PARSED = parse_comparison(SEALED)
OPENED = open_part(PARSED.part, HANDLE, 12, PASSING_SECRET)
LISTED = [oprf.evaluate_openly(guest.SECRET, value) for value in tags.list_inputs(PERSON.kind, PERSON.number)]
STRANGER = replace(PERSON, number=world.make_number(PERSON.born, sequence=55))


def test_terminal_and_desk_find_the_same_outputs_of_a_number() -> None:
    assert set(LISTED) < set(OUTPUTS)
    assert len(OUTPUTS) == len(set(OUTPUTS)) == 24


def test_what_travels_to_the_desk_is_never_the_same_twice() -> None:
    one, two = (tags.blind_number(PERSON.kind, PERSON.number) for _ in range(2))
    assert set(one.elements).isdisjoint(two.elements)
    assert tags.split_elements(tags.join_elements(one.elements)) == list(one.elements)


def test_the_place_of_a_string_among_the_24_tells_nothing() -> None:
    full = tags.list_inputs(PERSON.kind, PERSON.number)[0]
    places = {tags.blind_number(PERSON.kind, PERSON.number).inputs.index(full) for _ in range(12)}
    assert len(places) > 1


@pytest.mark.parametrize("number", ["", "1234", "A" * 24])
def test_a_number_too_short_or_too_long_is_not_compared(number: str) -> None:
    with pytest.raises(CannotCompare):
        tags.blind_number("414", number)


def test_a_desk_that_cheats_gives_no_tags() -> None:
    blinded = tags.blind_number(PERSON.kind, PERSON.number)
    evaluated, proof = oprf.evaluate(oprf.make_secret(), blinded.elements)
    with pytest.raises(ProofRefused):
        tags.finish(blinded, evaluated, proof, oprf.public(guest.SECRET))


def test_tags_of_another_days_key_are_other_tags() -> None:
    value = tags.list_inputs(PERSON.kind, PERSON.number)[0]
    other = oprf.evaluate_openly(oprf.make_secret(), value)
    assert tags.derive_tag(other) != tags.derive_tag(LISTED[0])


def test_an_office_with_the_number_in_a_decision_opens_the_person() -> None:
    index = OPENED.tags.index(tags.derive_tag(LISTED[0]))
    assert unlock_person(OPENED, index, LISTED[0], HANDLE) == PERSON
    assert unlock_person_bytes(OPENED, index, LISTED[0], HANDLE) == encode_person(PERSON)


def test_one_slip_is_enough_to_open() -> None:
    slipped = PERSON.number[:6] + PERSON.number[7:]
    listed = [oprf.evaluate_openly(guest.SECRET, value) for value in tags.list_inputs("x02", slipped)]
    (output,) = (each for each in listed if tags.derive_tag(each) in OPENED.tags)
    index = OPENED.tags.index(tags.derive_tag(output))
    assert unlock_person(OPENED, index, output, HANDLE) == PERSON


def test_an_office_without_the_number_finds_nothing_and_opens_nothing() -> None:
    listed = [oprf.evaluate_openly(guest.SECRET, value) for value in tags.list_inputs(STRANGER.kind, STRANGER.number)]
    assert {tags.derive_tag(output) for output in listed}.isdisjoint(OPENED.tags)
    for index in range(24):
        for output in listed:
            with pytest.raises(CannotOpen):
                unlock_person(OPENED, index, output, HANDLE)


def test_an_equal_output_of_another_handle_opens_nothing() -> None:
    index = OPENED.tags.index(tags.derive_tag(LISTED[0]))
    with pytest.raises(CannotOpen):
        unlock_person(OPENED, index, LISTED[0], bytes(range(16)))


def test_a_retry_locks_with_other_keys() -> None:
    again = open_part(parse_comparison(guest.seal()).part, HANDLE, 12, PASSING_SECRET)
    assert again.salt != OPENED.salt
    assert sorted(again.tags) == sorted(OPENED.tags)
    assert {lock for _, lock in again.pairs}.isdisjoint(lock for _, lock in OPENED.pairs)


@pytest.mark.parametrize(("handle", "permit"), [(bytes(range(16)), 12), (HANDLE, 13)])
def test_a_part_or_place_moved_to_another_handle_or_permit_does_not_open(handle: bytes, permit: int) -> None:
    with pytest.raises(CannotOpen):
        open_part(PARSED.part, handle, permit, PASSING_SECRET)
    with pytest.raises(CannotOpen):
        open_place(PARSED.place, guest.DAY_SECRET, handle, permit)


def test_office_and_station_cannot_open_each_others_part() -> None:
    with pytest.raises(CannotOpen):
        open_part(PARSED.part, HANDLE, 12, guest.DAY_SECRET)
    with pytest.raises(CannotOpen):
        open_place(PARSED.place, PASSING_SECRET, HANDLE, 12)


def test_the_station_opens_the_place_and_sees_whose_it_is() -> None:
    place = open_place(PARSED.place, guest.DAY_SECRET, HANDLE, 12)
    assert place == guest.place_for()
    assert place.is_of(encode_person(PERSON))
    assert not place.is_of(encode_person(STRANGER))


def test_a_comparison_is_signed_by_its_terminal() -> None:
    verify_comparison(PARSED, guest.TERMINAL_KEY.public)
    with pytest.raises(BadSignature):
        verify_comparison(PARSED, world.OFFICE.key.public)


def test_every_changed_byte_of_a_comparison_is_noticed() -> None:
    for at in range(0, COMPARISON_BYTES, 97):
        changed = bytearray(SEALED)
        changed[at] ^= 1
        with pytest.raises(RecordsError):
            verify_comparison(parse_comparison(bytes(changed)), guest.TERMINAL_KEY.public)


@pytest.mark.parametrize("data", [b"", SEALED[:-1], SEALED + b"\x00", b"KRE1" + SEALED[4:]])
def test_a_comparison_of_another_form_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedBytes):
        parse_comparison(data)


def test_every_comparison_has_one_size() -> None:
    long = tuple(ComparedName(surname="Ж" * 40, given="字" * 20) for _ in range(4))
    assert len(guest.seal(replace(PERSON, names=long))) == len(SEALED) == COMPARISON_BYTES


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"outputs": OUTPUTS[:23]}, "outputs"),
    ({"outputs": (*OUTPUTS[:23], b"x")}, "outputs"),
    ({"place": guest.place_for(STRANGER)}, "place"),
    ({"terminal": bytes(range(16))}, "place"),
    ({"permit": 13}, "permit"),
    ({"handle": bytes(16)}, "ids"),
    ({"handle": b"x"}, "ids"),
]


@pytest.mark.parametrize(("changes", "field"), WRONG)
def test_a_comparison_that_fits_nowhere_is_not_sealed(changes: dict[str, Any], field: str) -> None:
    usual: dict[str, Any] = {
        "outputs": OUTPUTS, "place": guest.place_for(), "handle": HANDLE, "permit": 12,
        "passing_key": guest.PASSING_KEY, "day_key": guest.DAY_KEY,
        "terminal": guest.TERMINAL, "signing_key": guest.TERMINAL_KEY,
    }  # fmt: skip
    with pytest.raises(MalformedBytes, match=field):
        seal_comparison(PERSON, **{**usual, **changes})


def test_a_person_has_no_field_for_a_place_and_a_place_none_for_a_person() -> None:
    assert {each.name for each in fields(ComparedPerson)} == {
        "names", "kind", "issuing_state", "number", "birth_date", "sex", "how_read", "chip",
    }  # fmt: skip
    assert {each.name for each in fields(type(guest.place_for()))} == {
        "venue", "venue_name", "address", "room", "checked_in_at", "compared_at", "planned_departure", "terminal",
        "salt", "person_digest",
    }  # fmt: skip


NAMES = st.text(st.characters(categories=["L", "M"]), min_size=1, max_size=20).filter(str.isprintable)


@given(full=NAMES, surname=NAMES, number=st.text("0123456789ABCX", min_size=5, max_size=23))
def test_a_person_comes_back_from_one_kibibyte(full: str, surname: str, number: str) -> None:
    person = replace(PERSON, names=(ComparedName(full, surname),), kind=DocumentKind.PASSPORT, number=number)
    encoded = encode_person(person)
    assert len(encoded) == 1024
    assert decode_person(encoded) == person


@pytest.mark.parametrize(
    "changes",
    [
        {"names": ()},
        {"names": (ComparedName(),)},
        {"names": (ComparedName("x\ny"),)},
        {"names": tuple(ComparedName("字" * 120, "字" * 120) for _ in range(2))},
        {"birth_date": "1990"},
        {"birth_date": "19900307"},
        {"number": "1" * 33},
    ],
)
def test_a_person_that_is_none_is_not_encoded(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedBytes, match="person"):
        encode_person(replace(PERSON, **changes))


def test_a_person_has_one_form() -> None:
    encoded = encode_person(PERSON)
    text = encoded[2:].rstrip(b"\x00")
    for other in (text[:-1] + b',"nationality":"UTO"}', b" " + text, text[:-1] + b',"sex":"1"}'):
        with pytest.raises(MalformedBytes):
            decode_person((len(other).to_bytes(2, "big") + other).ljust(1024, b"\x00"))
    for data in (encoded[:-1], encoded[:-1] + b"x", b"\xff" * 1024, bytes(1024)):
        with pytest.raises(MalformedBytes):
            decode_person(data)


def test_a_digest_needs_its_salt() -> None:
    encoded = encode_person(PERSON)
    assert digest_person(bytes(32), encoded) != digest_person(guest.SALT, encoded)
    for salt, data in ((b"", encoded), (guest.SALT, b"")):
        with pytest.raises(MalformedBytes):
            digest_person(salt, data)


def test_a_house_with_a_long_or_strange_name_is_still_compared() -> None:
    usual = guest.place_for()
    from records.comparing.places import encode_place, make_place

    place = make_place(
        PERSON, venue=usual.venue, venue_name="𠮷" * 90 + "\n", address="Ж\u202e" * 90, room="字" * 50,
        checked_in_at=usual.checked_in_at, compared_at=usual.compared_at, planned_departure=usual.planned_departure,
        terminal=usual.terminal, salt=usual.salt,
    )  # fmt: skip
    assert len(encode_place(place)) == 1024
    assert "\u202e" not in place.address


def test_a_day_key_is_the_stations() -> None:
    data = sign_day_key(NOW.date(), guest.DAY_SECRET.public, world.STATION.key)
    key = parse_day_key(data, world.STATION.key.public)
    assert key == guest.DAY_KEY
    assert key.is_of(NOW)
    assert not key.is_of(NOW + timedelta(days=1))
    with pytest.raises(BadSignature):
        parse_day_key(data, world.OFFICE.key.public)
    for at in range(0, len(data), 61):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises(RecordsError):
            parse_day_key(bytes(changed), world.STATION.key.public)


def test_a_passing_key_is_the_offices_and_passes() -> None:
    data = sign_passing_key(12, guest.PASSING_KEY.made_at, PASSING_SECRET.public, world.OFFICE.key)
    key = parse_passing_key(data, world.OFFICE.key.public)
    assert key == guest.PASSING_KEY
    assert key.is_fresh(key.made_at + timedelta(minutes=4, seconds=59))
    assert not key.is_fresh(key.made_at + timedelta(minutes=5))
    assert not key.is_fresh(key.made_at - timedelta(minutes=3))
    with pytest.raises(BadSignature):
        parse_passing_key(data, world.STATION.key.public)


def test_a_day_key_is_no_passing_key() -> None:
    # Even where one party held both signing keys.
    data = sign_day_key(NOW.date(), guest.DAY_SECRET.public, world.OFFICE.key)
    with pytest.raises(BadSignature):
        parse_passing_key(data, world.OFFICE.key.public)
    assert isinstance(guest.PASSING_KEY, PassingKey)


def test_a_hit_and_a_miss_have_one_size_and_come_back() -> None:
    hit = make_hit(HANDLE, digest("tag"), guest.make_block(), guest.DAY_SECRET.public)
    miss = make_miss(HANDLE, 12, guest.DAY_SECRET.public)
    again = make_miss(HANDLE, 12, guest.DAY_SECRET.public, AnswerState.SEAL_AGAIN)
    for answer in (hit, miss, again):
        assert len(answer.to_bytes()) == ANSWER_BYTES == 8192
        assert parse_answer(answer.to_bytes()) == answer
    assert split_answers(hit.to_bytes() + miss.to_bytes()) == [hit, miss]
    assert len(hit.block) == len(miss.block)


def test_an_answer_of_another_form_is_refused() -> None:
    data = make_miss(HANDLE, 12, guest.DAY_SECRET.public, AnswerState.SEAL_AGAIN).to_bytes()
    hit_of_nothing = data[:17] + b"\x01" + data[18:]
    for wrong in (data[:-1], data + b"\x00", data[:16] + b"\x02" + data[17:], hit_of_nothing, b""):
        with pytest.raises(MalformedBytes):
            parse_answer(wrong)
    with pytest.raises(MalformedBytes):
        split_answers(data + b"\x00")


def test_nothing_personal_is_in_a_repr() -> None:
    hit = make_hit(HANDLE, digest("tag"), guest.make_block(), guest.DAY_SECRET.public)
    for value in (
        PERSON,
        guest.place_for(),
        PARSED,
        OPENED,
        guest.make_block(),
        hit,
        tags.blind_number("414", "ABCDE12"),
    ):
        assert not any(word in repr(value) for word in ("王", "1990", PERSON.number, "云溪", "203", "ABCDE12"))


def test_strings_are_shared_exactly_by_numbers_within_one_slip() -> None:
    strings = set(tag_strings(PERSON.kind, PERSON.number))
    assert strings.isdisjoint(tag_strings(STRANGER.kind, STRANGER.number))
