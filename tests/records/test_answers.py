"""Receipts, refusals, deliveries and slips."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.delivery import (
    MAX_DELIVERY_BYTES,
    MAX_ITEMS,
    Answer,
    Item,
    Reply,
    decode_delivery,
    decode_reply,
    encode_delivery,
    encode_reply,
)
from records.envelope import MAX_ENVELOPE_BYTES
from records.errors import BadSignature, MalformedBytes, RecordsError
from records.receipt import (
    RECEIPT_BYTES,
    REFUSAL_BYTES,
    RefusalReason,
    parse_receipt,
    parse_refusal,
    sign_receipt,
    sign_refusal,
)
from records.slip import derive_stay_tag, make_slip, parse_link
from records.suite import make_context
from tests.records.samples import (
    GUEST_PAGE,
    RECEIPT_KEY,
    SLIP_KEY,
    TERMINAL,
    TERMINAL_KEY,
    make_bytes,
    make_envelope,
    make_void,
)

AT = datetime(2026, 11, 21, 14, 5, 30, tzinfo=UTC)
DIGEST = make_bytes("digest", 32)
RECEIPT = sign_receipt(TERMINAL, 1, 7, DIGEST, AT, RECEIPT_KEY)
REFUSAL = sign_refusal(DIGEST, RefusalReason.MALFORMED, AT, RECEIPT_KEY)
PUBLIC = RECEIPT_KEY.public


def test_receipt_and_refusal_come_back_as_they_were_signed() -> None:
    assert (len(RECEIPT.data), len(REFUSAL.data)) == (RECEIPT_BYTES, REFUSAL_BYTES)
    assert (RECEIPT.terminal, RECEIPT.generation, RECEIPT.sequence, RECEIPT.digest) == (TERMINAL, 1, 7, DIGEST)
    assert (REFUSAL.digest, REFUSAL.reason, REFUSAL.refused_at) == (DIGEST, RefusalReason.MALFORMED, AT)
    assert RECEIPT.received_at == AT


def test_same_receipt_is_the_same_bytes() -> None:
    assert sign_receipt(TERMINAL, 1, 7, DIGEST, AT, RECEIPT_KEY) == RECEIPT


@given(st.integers(0, RECEIPT_BYTES - 1), st.integers(1, 255))
def test_changed_receipt_is_refused(place: int, change: int) -> None:
    data = bytearray(RECEIPT.data)
    data[place] ^= change
    with pytest.raises(RecordsError):
        parse_receipt(bytes(data), PUBLIC)


@given(st.integers(0, REFUSAL_BYTES - 1), st.integers(1, 255))
def test_changed_refusal_is_refused(place: int, change: int) -> None:
    data = bytearray(REFUSAL.data)
    data[place] ^= change
    with pytest.raises(RecordsError):
        parse_refusal(bytes(data), PUBLIC)


@given(st.binary(max_size=200))
def test_random_bytes_are_no_answer(data: bytes) -> None:
    for each in (data, b"KRC1" + data, b"KRF1" + data):
        with pytest.raises(RecordsError):
            parse_receipt(each, PUBLIC)
        with pytest.raises(RecordsError):
            parse_refusal(each, PUBLIC)


def test_only_central_signs_answers() -> None:
    with pytest.raises(BadSignature):
        parse_receipt(RECEIPT.data, TERMINAL_KEY.public)
    with pytest.raises(BadSignature):
        parse_refusal(REFUSAL.data, TERMINAL_KEY.public)


@pytest.mark.parametrize("seconds", [253_402_300_800, 2**63, 2**64 - 1])
def test_signed_answer_with_an_impossible_time_is_malformed(seconds: int) -> None:
    receipt = RECEIPT.data[:64] + seconds.to_bytes(8, "big")
    with pytest.raises(MalformedBytes):
        parse_receipt(receipt + RECEIPT_KEY.sign(make_context("receipt") + receipt), PUBLIC)
    refusal = REFUSAL.data[:38] + seconds.to_bytes(8, "big")
    with pytest.raises(MalformedBytes):
        parse_refusal(refusal + RECEIPT_KEY.sign(make_context("refusal") + refusal), PUBLIC)


def test_signed_refusal_for_an_unknown_reason_is_malformed() -> None:
    body = REFUSAL.data[:36] + b"\x00\x07" + REFUSAL.data[38:46]
    with pytest.raises(MalformedBytes):
        parse_refusal(body + RECEIPT_KEY.sign(make_context("refusal") + body), PUBLIC)


def test_only_the_standing_of_a_terminal_can_be_mended() -> None:
    mendable = {reason for reason in RefusalReason if reason.concerns_terminal}
    standing = {RefusalReason.TERMINAL_REVOKED, RefusalReason.TERMINAL_SUSPENDED}
    assert mendable == {RefusalReason.UNKNOWN_TERMINAL, RefusalReason.WRONG_TIME, *standing}


def test_acknowledgement_is_short_enough_to_read_aloud() -> None:
    assert len(RECEIPT.acknowledgement) == 19
    assert RECEIPT.acknowledgement.replace("-", "") == RECEIPT.data[72:80].hex().upper()


ITEMS = st.lists(
    st.builds(Item, st.integers(0, 2**32 - 1), st.binary(max_size=60)), min_size=1, max_size=MAX_ITEMS
)  # fmt: skip


@given(ITEMS)
def test_delivery_comes_back_item_by_item(items: list[Item]) -> None:
    assert decode_delivery(encode_delivery(items)) == items


@given(ITEMS, st.data())
def test_cut_or_lengthened_delivery_is_malformed(items: list[Item], data: st.DataObject) -> None:
    body = encode_delivery(items)
    with pytest.raises(MalformedBytes):
        decode_delivery(body[: data.draw(st.integers(0, len(body) - 1))])
    with pytest.raises(MalformedBytes):
        decode_delivery(body + b"\0")


@given(st.binary(max_size=400))
def test_random_bytes_are_a_delivery_only_if_they_encode_to_themselves(data: bytes) -> None:
    for body in (data, b"KRB1" + data, b"KRB1\0\1" + data):
        try:
            items = decode_delivery(body)
        except MalformedBytes:
            continue
        assert encode_delivery(items) == body


@pytest.mark.parametrize("count", [0, MAX_ITEMS + 1])
def test_delivery_has_one_to_fifty_items(count: int) -> None:
    with pytest.raises(MalformedBytes):
        encode_delivery([Item(0, b"")] * count)
    with pytest.raises(MalformedBytes):
        decode_delivery(b"KRB1" + count.to_bytes(2, "big") + bytes(8) * count)


def test_fifty_of_the_longest_envelopes_fit_into_a_delivery() -> None:
    assert len(encode_delivery([Item(0, bytes(MAX_ENVELOPE_BYTES))] * MAX_ITEMS)) <= MAX_DELIVERY_BYTES


def test_reply_comes_back_and_unknown_members_are_ignored() -> None:
    reply = Reply((Answer(receipt="cg=="), Answer(refusal="cg=="), Answer()), 1, 7, "00" * 32)
    assert decode_reply(encode_reply(reply)) == reply
    assert decode_reply(json.dumps({**json.loads(encode_reply(reply)), "later": [1]}).encode()) == reply


@given(st.binary(max_size=200))
def test_random_bytes_are_no_reply(data: bytes) -> None:
    with pytest.raises(MalformedBytes):
        decode_reply(data)


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b"null",
        b'{"x":' + b"[" * 100_000,
        b'{"answers":{},"generation":1,"acknowledged_through":1,"root_digest":""}',
        b'{"answers":[{"receipt":1}],"generation":1,"acknowledged_through":1,"root_digest":""}',
        b'{"answers":[],"generation":"1","acknowledged_through":1,"root_digest":""}',
        b'{"answers":[],"generation":' + b"9" * 5000 + b',"acknowledged_through":1,"root_digest":""}',
    ],
)
def test_reply_of_another_form_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedBytes):
        decode_reply(data)


def test_slip_is_read_from_its_link() -> None:
    slip = make_slip(SLIP_KEY, TERMINAL_KEY.public.data, GUEST_PAGE)
    assert parse_link(slip.link) == slip
    assert make_slip(SLIP_KEY, TERMINAL_KEY.public.data, GUEST_PAGE + "#old").link == slip.link


def test_slip_key_stands_in_the_fragment_only_and_not_in_the_repr() -> None:
    slip = make_slip(SLIP_KEY, TERMINAL_KEY.public.data, GUEST_PAGE)
    address, fragment = slip.link.split("#")
    assert address == GUEST_PAGE
    assert fragment.split(".")[1] not in address + repr(slip)
    assert repr(SLIP_KEY)[2:-1] not in repr(slip)


def test_stay_tag_tells_central_neither_slip_key_nor_guest() -> None:
    assert derive_stay_tag(SLIP_KEY) not in make_void().data
    assert SLIP_KEY not in make_envelope().data
    assert derive_stay_tag(SLIP_KEY) in make_envelope().data


@pytest.mark.parametrize("length", [0, 15, 17, 32])
def test_slip_key_has_sixteen_bytes(length: int) -> None:
    with pytest.raises(MalformedBytes):
        make_slip(bytes(length), TERMINAL_KEY.public.data, GUEST_PAGE)


KEY_TEXT = "A" * 22


@pytest.mark.parametrize(
    "link",
    [
        "",
        GUEST_PAGE,
        "http://[",
        "//\u2100x#v1.a.b",
        f"{GUEST_PAGE}#v2.{KEY_TEXT}.{KEY_TEXT}",
        f"{GUEST_PAGE}#v1.{KEY_TEXT}",
        f"{GUEST_PAGE}#v1.{KEY_TEXT}.{KEY_TEXT}.",
        f"{GUEST_PAGE}#v1.{KEY_TEXT}.{KEY_TEXT[:-1]}B",  # loose last bits
        f"{GUEST_PAGE}#v1.{KEY_TEXT}.{'+' + KEY_TEXT[1:]}",  # the other alphabet
        f"{GUEST_PAGE}#v1.{KEY_TEXT}.{KEY_TEXT}==",
        f"{GUEST_PAGE}#v1.{KEY_TEXT}A.{KEY_TEXT}",
        f"{GUEST_PAGE}#v1.{'é' * 22}.{KEY_TEXT}",
    ],
)
def test_link_of_another_form_is_malformed(link: str) -> None:
    with pytest.raises(MalformedBytes):
        parse_link(link)


@given(st.text() | st.text().map(lambda text: f"{GUEST_PAGE}#v1.{KEY_TEXT}.{text}"))
def test_any_text_as_a_link_is_a_slip_or_malformed(link: str) -> None:
    try:
        slip = parse_link(link)
    except MalformedBytes:
        return
    assert slip.link.endswith(link.split("#")[1])
