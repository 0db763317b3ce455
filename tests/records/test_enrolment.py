"""Enrolment: the published vectors, held against records/ and the second implementation, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.enrolment import (
    CODE_BYTES,
    MOST_ANSWER_BYTES,
    REQUEST_BYTES,
    EnrolmentAnswer,
    EnrolmentStatus,
    HouseDetails,
    derive_code_key,
    open_enrolment_answer,
    parse_enrolment_request,
    read_code,
    sign_enrolment_answer,
    sign_enrolment_request,
    spell_fingerprint,
    verify_enrolment_request,
    write_code,
)
from records.errors import BadSignature, MalformedBytes, RecordsError
from records.suite import SigningKey
from tests.records import samples, second
from tests.records.test_vectors import NAMES, SECOND_NAMES, load

VECTORS = load("enrolment.json")
CODE, REQUEST = bytes.fromhex(VECTORS["code"]), bytes.fromhex(VECTORS["request"]["data"])
KEY = SigningKey.from_bytes(bytes.fromhex(VECTORS["terminal_secret_key"]))
RECEIPT_KEY = SigningKey.from_bytes(bytes.fromhex(VECTORS["receipt_secret_key"]))
SIGNED = parse_enrolment_request(REQUEST)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_code_and_request_agree_in_both_directions() -> None:
    assert write_code(CODE) == tuple(VECTORS["groups"])
    assert read_code(VECTORS["groups"]) == second.read_code(VECTORS["groups"]) == CODE
    code_key = derive_code_key(CODE)
    assert (code_key.public.data.hex(), code_key.data) == (VECTORS["code_public_key"], second.code_seed(CODE))
    verify_enrolment_request(SIGNED)
    assert sign_enrolment_request(SIGNED.request, KEY, code_key) == SIGNED
    theirs = second.read_enrolment(REQUEST)
    assert (theirs["terminal"], theirs["made_at"]) == (samples.TERMINAL, VECTORS["request"]["made_at"])
    assert second.write_enrolment(theirs, KEY.data, CODE) == REQUEST
    assert len(REQUEST) == REQUEST_BYTES == 284


@pytest.mark.parametrize("language", ["en", "zh"])
def test_words_agree_and_cover_both_keys_and_the_root(language: str) -> None:
    name = {"en": "english.txt", "zh": "chinese.txt"}[language]
    words = (resources.files("records") / "words" / name).read_text("utf-8").split()
    expected = VECTORS["words"][language]
    assert len(set(words)) == 2048
    assert list(spell_fingerprint(SIGNED.request, language)) == expected
    assert second.spell(REQUEST, words, len(expected)) == expected
    assert len(expected) * 11 >= 60
    other = SigningKey.from_bytes(b"\7" * 32).public
    changes: list[dict[str, Any]] = [
        {"terminal": b"\7" * 16}, {"terminal_key": other}, {"receipt_key": other.data}, {"root_digest": b"\7" * 32},
    ]  # fmt: skip
    spelt = {spell_fingerprint(replace(SIGNED.request, **each), language) for each in changes}
    assert len(spelt) == 4
    assert tuple(expected) not in spelt


@pytest.mark.parametrize("vector", VECTORS["answers"], ids=lambda each: each["comment"])
def test_answer_agrees(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["data"])
    opened = open_enrolment_answer(data, SIGNED, RECEIPT_KEY.public)
    assert opened.status == vector["status"]
    status, at, venue, house = second.read_enrolment_answer(data, REQUEST, RECEIPT_KEY.public.data)
    assert (status, at, venue) == (opened.status, int(opened.answered_at.timestamp()), opened.venue)
    assert house == {"name": opened.house.name, "address": opened.house.address, "kind": opened.house.kind}


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda each: each["comment"])
def test_spoiled_request_is_refused_for_its_reason(case: dict[str, Any]) -> None:
    data = bytearray(REQUEST[: case["length"]])
    for offset, value in case["edits"]:
        data[offset : offset + len(value) // 2] = bytes.fromhex(value)
    if case["sign_again"]:
        data[156:220] = second.sign(KEY.data, second.ctx("enrolment request", bytes(data[:156])))
        data[220:] = second.sign(second.code_seed(CODE), second.ctx("enrolment code proof", bytes(data[:220])))
    with pytest.raises(RecordsError) as caught:
        verify_enrolment_request(parse_enrolment_request(bytes(data)))
    assert type(caught.value) is NAMES[case["expect"]]
    with pytest.raises(SECOND_NAMES[case["expect"]]):
        second.read_enrolment(bytes(data))


def test_whoever_hears_a_request_cannot_sign_another_key_into_it() -> None:
    """A phisher on the line has every byte of it, and a terminal key of their own."""
    own = SigningKey.from_bytes(b"\5" * 32)
    theirs = replace(SIGNED.request, terminal_key=own.public)
    with pytest.raises(BadSignature):
        sign_enrolment_request(theirs, own, SigningKey.from_bytes(b"\6" * 32))
    forged = sign_enrolment_request(theirs, own, derive_code_key(CODE)).data[:220] + REQUEST[220:]
    with pytest.raises(BadSignature):
        verify_enrolment_request(parse_enrolment_request(forged))


def test_answer_to_another_request_and_a_changed_one_are_refused() -> None:
    answer = bytes.fromhex(VECTORS["answers"][0]["data"])
    other = sign_enrolment_request(replace(SIGNED.request, made_at=NOW), KEY, derive_code_key(CODE))
    with pytest.raises(BadSignature):
        open_enrolment_answer(answer, other, RECEIPT_KEY.public)
    for at in range(len(answer)):
        with pytest.raises(RecordsError):
            open_enrolment_answer(answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1 :], SIGNED, RECEIPT_KEY.public)
    for data in (b"", answer[:-1], answer + b"\0", bytes(MOST_ANSWER_BYTES + 1)):
        with pytest.raises(RecordsError):
            open_enrolment_answer(data, SIGNED, RECEIPT_KEY.public)


def test_house_of_a_kind_that_there_is_not_is_no_answer() -> None:
    home = HouseDetails("A home", "", "private_home")
    signed = sign_enrolment_answer(
        EnrolmentAnswer(SIGNED.digest, EnrolmentStatus.WAITING, NOW, bytes(16), home), RECEIPT_KEY
    )
    with pytest.raises(MalformedBytes):
        open_enrolment_answer(signed, SIGNED, RECEIPT_KEY.public)
    too_long = HouseDetails("A house", "x" * 3000, "hotel")
    with pytest.raises(MalformedBytes):
        sign_enrolment_answer(EnrolmentAnswer(b"", EnrolmentStatus.WAITING, NOW, bytes(16), too_long), RECEIPT_KEY)


@given(code=st.binary(min_size=CODE_BYTES, max_size=CODE_BYTES), at=st.integers(0, 41), digit=st.integers(0, 9))
def test_every_single_wrong_digit_is_noticed(code: bytes, at: int, digit: int) -> None:
    groups = write_code(code)
    assert read_code([f" {each[:3]} {each[3:]}" for each in groups]) == code
    typed = list("".join(groups))
    typed[at] = str(digit)
    wrong = ["".join(typed[n : n + 6]) for n in range(0, 42, 6)]
    if tuple(wrong) != groups:
        with pytest.raises(MalformedBytes):
            read_code(wrong)
