"""The house share: the published vectors, held against records/ and the second implementation, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from records.errors import BadSignature, CannotOpen, MalformedBytes, RecordsError
from records.house_share import (
    REPLY_BYTES,
    REQUEST_BYTES,
    ShareRequest,
    open_share,
    parse_share_request,
    seal_share,
    sign_share_request,
    verify_share_request,
)
from records.suite import HybridSecretKey, SigningKey
from tests.records import samples, second
from tests.records.make_vectors import make_house_share
from tests.records.test_vectors import NAMES, SECOND_NAMES, load

VECTORS = load("house_share.json")
SEED, RECEIPT_SEED = (bytes.fromhex(VECTORS[f"{name}_secret_key"]) for name in ("terminal", "receipt"))
KEY, RECEIPT_KEY = SigningKey.from_bytes(SEED), SigningKey.from_bytes(RECEIPT_SEED)
REPLY_KEY = HybridSecretKey.from_bytes(bytes.fromhex(VECTORS["reply_key"]["secret_key"]))
REQUEST, REPLY = (bytes.fromhex(VECTORS[name]["data"]) for name in ("request", "reply"))
SHARE = bytes.fromhex(VECTORS["reply"]["share"])
NOW = datetime.fromtimestamp(VECTORS["request"]["sent_at"], UTC)


def test_request_agrees_in_both_directions() -> None:
    vector = VECTORS["request"]
    signed = parse_share_request(REQUEST)
    verify_share_request(signed, KEY.public)
    assert (signed.request.terminal.hex(), signed.request.sent_at) == (vector["terminal"], NOW)
    assert (signed.digest.hex(), signed.request.reply_key) == (vector["digest"], REPLY_KEY.public)
    assert sign_share_request(signed.request, KEY) == signed
    theirs = second.read_share_request(REQUEST, KEY.public.data)
    assert theirs == (signed.request.terminal, vector["sent_at"], REPLY_KEY.public.data)
    assert second.write_share_request(*theirs, SEED) == REQUEST


def test_reply_opens_for_both_and_each_opens_the_others() -> None:
    signed = parse_share_request(REQUEST)
    assert open_share(REPLY, signed, REPLY_KEY, RECEIPT_KEY.public) == SHARE
    theirs = second.read_share(REPLY, REQUEST, REPLY_KEY.data, RECEIPT_KEY.public.data)
    assert theirs == (SHARE, VECTORS["reply"]["released_at"])
    made = second.write_share(SHARE, REQUEST, 1_800_000_000, RECEIPT_SEED)
    assert open_share(made, signed, REPLY_KEY, RECEIPT_KEY.public) == SHARE
    ours = seal_share(SHARE, signed, NOW, RECEIPT_KEY)
    assert second.read_share(ours, REQUEST, REPLY_KEY.data, RECEIPT_KEY.public.data)[0] == SHARE
    assert (len(REQUEST), len(ours)) == (REQUEST_BYTES, REPLY_BYTES) == (1316, 1276)


def test_file_is_what_the_generator_makes_but_for_what_is_sealed() -> None:
    made = make_house_share()
    assert {name: made[name] for name in made if name not in ("reply", "cases")} == {
        name: VECTORS[name] for name in VECTORS if name not in ("reply", "cases")
    }
    assert [each["comment"] for each in made["cases"]] == [each["comment"] for each in VECTORS["cases"]]


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda each: f"{each['of']}: {each['comment']}")
def test_spoiled_bytes_are_refused_for_their_reason(case: dict[str, Any]) -> None:
    is_request = case["of"] == "request"
    data = bytearray(REQUEST if is_request else REPLY)
    if case["length"] is not None:
        data = bytearray(bytes(data)[: case["length"]].ljust(case["length"], b"\0"))
    for offset, value in case["edits"]:
        data[offset : offset + len(value) // 2] = bytes.fromhex(value)
    if case["sign_again"]:
        label, seed = ("house share request", SEED) if is_request else ("house share", RECEIPT_SEED)
        data[-64:] = second.sign(seed, second.ctx(label, bytes(data[:-64])))
    with pytest.raises(RecordsError) as caught:
        (read_request if is_request else read_reply)(bytes(data))
    assert type(caught.value) is NAMES[case["expect"]]
    with pytest.raises(SECOND_NAMES[case["expect"]]):
        (they_read_request if is_request else they_read_reply)(bytes(data))


def read_request(data: bytes) -> None:
    verify_share_request(parse_share_request(data), KEY.public)


def read_reply(data: bytes) -> None:
    open_share(data, parse_share_request(REQUEST), REPLY_KEY, RECEIPT_KEY.public)


def they_read_request(data: bytes) -> None:
    second.read_share_request(data, KEY.public.data)


def they_read_reply(data: bytes) -> None:
    second.read_share(data, REQUEST, REPLY_KEY.data, RECEIPT_KEY.public.data)


def test_reply_opens_with_the_key_of_its_request_alone() -> None:
    other = HybridSecretKey.from_bytes(samples.make_bytes("another reply key", 96))
    with pytest.raises(CannotOpen):
        open_share(REPLY, parse_share_request(REQUEST), other, RECEIPT_KEY.public)


def test_signature_of_another_format_is_no_signature_of_a_request() -> None:
    body = REQUEST[:-64]
    with pytest.raises(BadSignature):
        verify_share_request(parse_share_request(body + KEY.sign(second.ctx("heartbeat", body))), KEY.public)


def test_what_would_be_refused_is_never_signed() -> None:
    good = ShareRequest(samples.TERMINAL, KEY.public.key_id, NOW, REPLY_KEY.public)
    for spoiled in (replace(good, terminal=b"x"), replace(good, terminal_key=b"x"), replace(good, terminal=bytes(16))):
        with pytest.raises(MalformedBytes):
            sign_share_request(spoiled, KEY)
    with pytest.raises(MalformedBytes):
        seal_share(b"short", sign_share_request(good, KEY), NOW, RECEIPT_KEY)


def test_share_shows_in_no_repr() -> None:
    assert SHARE.hex() not in repr(parse_share_request(REQUEST))
