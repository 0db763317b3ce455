"""Guests' requests: the published vectors, and what is refused."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from records.errors import BadSignature, CannotOpen, MalformedBytes
from records.notes import NoteSigner
from records.privacy_key import PrivacyKeyNote, PrivacySecretKey, load_privacy_key, sign_privacy_key
from records.requests import (
    GuestRequest,
    PostedRequest,
    RequestKind,
    SealedRequest,
    decode_request,
    derive_answer_key,
    derive_request_id,
    encode_request,
    open_answer,
    open_request,
    post_request,
    seal_answer,
    seal_request,
)
from records.suite import SigningKey
from tests.records.make_vectors import FOLDER, RECEIVED_AT
from tests.records.request_vectors import ANSWER, KEY, SALT, SLIP_KEY, make_requests

VECTORS: dict[str, Any] = json.loads((FOLDER / "requests.json").read_text("utf-8"))
REQUEST, ANSWER_KEY = derive_request_id(SLIP_KEY, 1), derive_answer_key(SLIP_KEY, 1)
ASKED = GuestRequest(RequestKind.OBJECT, "zh", "我有异议", ANSWER_KEY)
NOTICE = NoteSigner("test/oversight/notice", SigningKey.from_bytes(b"\x07" * 32))


def test_vectors_open_and_what_is_deterministic_comes_out_the_same() -> None:
    made = make_requests()
    assert VECTORS["derived"] == made["derived"]
    assert VECTORS["answer"] == made["answer"]
    assert VECTORS["request"]["mark"] == made["request"]["mark"]
    key = VECTORS["privacy_key"]
    secret = PrivacySecretKey.from_bytes(bytes.fromhex(key["secret_key"] + key["browser_secret_key"]))
    sealed = SealedRequest.from_bytes(bytes.fromhex(VECTORS["request"]["passed_on"]))
    opened = open_request(sealed, secret)
    assert [opened.kind, opened.language, opened.text] == [VECTORS["request"][n] for n in ("kind", "language", "text")]
    posted = PostedRequest.from_bytes(bytes.fromhex(VECTORS["request"]["posted"]))
    assert open_request(seal_request(posted, secret.public), secret) == opened
    assert open_answer(bytes.fromhex(VECTORS["answer"]["sealed"]), REQUEST, opened.answer_key) == ANSWER


def test_every_request_has_one_size_and_every_answer_another() -> None:
    texts = ["a", "汉" * 1000, "😀" * 1000, '"' * 1000]
    posted = {len(post_request(replace(ASKED, text=each), REQUEST, KEY.public).to_bytes()) for each in texts}
    assert len(posted) == 1
    answers = {len(seal_answer(replace(ANSWER, text=each * 2), REQUEST, ANSWER_KEY)) for each in texts}
    assert len(answers) == 1


@pytest.mark.parametrize("text", ["", " \n ", "x" * 1001, "a\x00", "a\x1b[2J", "\ud800"])
def test_text_that_says_nothing_too_much_or_hides_something_is_refused(text: str) -> None:
    with pytest.raises(MalformedBytes):
        encode_request(replace(ASKED, text=text))


def test_record_that_does_not_fit_is_refused() -> None:
    with pytest.raises(MalformedBytes):
        encode_request(replace(ASKED, record="x" * 16384))


@pytest.mark.parametrize("number", [0, 5, -1])
def test_a_stay_has_four_requests(number: int) -> None:
    with pytest.raises(MalformedBytes):
        derive_request_id(SLIP_KEY, number)


def test_padding_must_be_zeros_and_the_form_the_one_that_is_written() -> None:
    padded = bytearray(encode_request(ASKED))
    padded[-1] = 1
    for spoiled in (bytes(padded), b"", bytes(16384), b"\xff" * 16384, encode_request(ASKED)[:-1]):
        with pytest.raises(MalformedBytes):
            decode_request(spoiled)


def test_a_request_opens_under_its_own_id_and_mark_alone() -> None:
    sealed = seal_request(post_request(ASKED, REQUEST, KEY.public), KEY.public)
    assert open_request(sealed, KEY) == ASKED
    other = derive_request_id(SLIP_KEY, 2)
    for spoiled in (
        replace(sealed, request=other),
        replace(sealed, mark=bytes(16)),
        replace(sealed, outer=bytes(17601)),
    ):
        with pytest.raises(CannotOpen):
            open_request(spoiled, KEY)


def test_an_answer_opens_for_its_own_request_and_key_alone() -> None:
    sealed = seal_answer(ANSWER, REQUEST, ANSWER_KEY, lambda _: SALT)
    assert seal_answer(ANSWER, REQUEST, ANSWER_KEY) != sealed, "each answer has a salt of its own"
    for data, request, key in (
        (sealed, derive_request_id(SLIP_KEY, 2), ANSWER_KEY),
        (sealed, REQUEST, derive_answer_key(SLIP_KEY, 2)),
        (sealed[:-1] + bytes([sealed[-1] ^ 1]), REQUEST, ANSWER_KEY),
    ):
        with pytest.raises(CannotOpen):
            open_answer(data, request, key)
    with pytest.raises(MalformedBytes):
        open_answer(sealed[:-1], REQUEST, ANSWER_KEY)


def test_privacy_key_is_oversights_for_its_place_and_time() -> None:
    note = PrivacyKeyNote("demo", KEY.public, RECEIVED_AT, RECEIVED_AT + timedelta(days=400))
    text = sign_privacy_key(note, NOTICE)
    assert load_privacy_key(text, NOTICE.verifier, "demo", RECEIVED_AT) == note
    for jurisdiction, days in (("icao", 0), ("demo", -1), ("demo", 401)):
        with pytest.raises(MalformedBytes):
            load_privacy_key(text, NOTICE.verifier, jurisdiction, RECEIVED_AT + timedelta(days=days))
    other = NoteSigner(NOTICE.name, SigningKey.from_bytes(b"\x08" * 32))
    with pytest.raises(BadSignature):
        load_privacy_key(text, other.verifier, "demo", RECEIVED_AT)
