"""Notices by central: the published vectors in both implementations, and that none can carry a message of its own."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from records.errors import BadSignature, MalformedBytes, RecordsError
from records.service_notice import (
    LASTS,
    NOTICE_BYTES,
    NoticeField,
    NoticeKind,
    ServiceNotice,
    parse_service_notice,
    recall_service_notice,
    sign_service_notice,
)
from records.suite import SigningKey
from tests.records import samples, second
from tests.records.test_vectors import NAMES, SECOND_NAMES, load

VECTORS = load("service_notices.json")
SEED = bytes.fromhex(VECTORS["receipt_secret_key"])
KEY = SigningKey.from_bytes(SEED)
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
NOTICE = ServiceNotice(samples.TERMINAL, 7, NOW, NOW + timedelta(days=3), NoticeKind.PLEASE_CALL)


@pytest.mark.parametrize("vector", VECTORS["notices"], ids=lambda each: each["comment"])
def test_notice_agrees_in_both_directions(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["data"])
    signed = parse_service_notice(data, KEY.public)
    assert sign_service_notice(signed.notice, KEY) == signed == recall_service_notice(data)
    names = ("number", "issued", "expires", "kind", "field", "moment", "minutes")
    theirs = {name: vector[name] for name in names} | {
        name: bytes.fromhex(vector[name]) for name in ("terminal", "record")
    }
    assert second.read_service_notice(data, KEY.public.data) == theirs
    assert second.write_service_notice(theirs, SEED) == data
    found = signed.notice
    assert (found.terminal, found.record) == (theirs["terminal"], theirs["record"])
    assert (found.number, found.kind, found.field, found.minutes) == tuple(
        vector[name] for name in ("number", "kind", "field", "minutes")
    )
    assert found.issued_at == datetime.fromtimestamp(vector["issued"], UTC)
    assert found.expires_at == datetime.fromtimestamp(vector["expires"], UTC)
    assert (0 if found.moment is None else int(found.moment.timestamp())) == vector["moment"]


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda each: each["comment"])
def test_spoiled_notice_is_refused_for_its_reason(case: dict[str, Any]) -> None:
    data = bytearray.fromhex(VECTORS["notices"][0]["data"])
    if case["length"] is not None:
        data = bytearray(bytes(data)[: case["length"]].ljust(case["length"], b"\0"))
    for offset, value in case["edits"]:
        data[offset : offset + len(value) // 2] = bytes.fromhex(value)
    if case["sign_again"]:
        data[-64:] = second.sign(SEED, second.ctx("service notice", bytes(data[:-64])))
    with pytest.raises(RecordsError) as caught:
        parse_service_notice(bytes(data), KEY.public)
    assert type(caught.value) is NAMES[case["expect"]]
    with pytest.raises(SECOND_NAMES[case["expect"]]):
        second.read_service_notice(bytes(data), KEY.public.data)


def test_every_kind_has_a_vector() -> None:
    assert {vector["kind"] for vector in VECTORS["notices"]} == set(NoticeKind)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": NoticeKind.FIELD_WRONG},
        {"field": NoticeField.NAME},
        {"record": b"r" * 16},
        {"kind": NoticeKind.READER_WRONG, "record": b"r" * 16},
        {"minutes": 15},
        {"moment": NOW},
        {"kind": NoticeKind.LICENCE_ENDS},
        {"kind": NoticeKind.LICENCE_ENDS, "moment": NOW},
        {"kind": NoticeKind.MAINTENANCE, "moment": NOW, "minutes": 7},
        {"expires_at": NOW},
        {"expires_at": NOW + LASTS + timedelta(seconds=1)},
        {"number": 0},
        {"number": 2**64},
        {"terminal": bytes(16)},
        {"terminal": b"short"},
    ],
)
def test_notice_that_says_more_or_less_than_its_kind_is_never_signed(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedBytes):
        sign_service_notice(replace(NOTICE, **change), KEY)


def test_nobody_else_can_make_one_and_a_receipt_is_none() -> None:
    data = sign_service_notice(NOTICE, KEY).data
    body = data[:-64]
    with pytest.raises(BadSignature):
        parse_service_notice(data, SigningKey.from_bytes(bytes(32)).public)
    with pytest.raises(BadSignature):
        parse_service_notice(body + second.sign(SEED, second.ctx("receipt", body)), KEY.public)


def test_there_is_no_room_for_words() -> None:
    # Every field is an id, a number from a closed list, or a time in steps: none of them is text.
    assert {each.type for each in fields(ServiceNotice)} == {
        "bytes", "int", "datetime", "datetime | None", "NoticeKind", "NoticeField",
    }  # fmt: skip
    assert NOTICE_BYTES == 140
