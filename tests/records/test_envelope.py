"""Envelopes: nothing but RecordsError for any bytes, and no changed byte that still verifies."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.envelope import (
    HEADER_BYTES,
    MAX_ENVELOPE_BYTES,
    MAX_SEQUENCE,
    NO_ID,
    EnvelopeKind,
    Header,
    check_event,
    parse_envelope,
    sign_envelope,
    verify_envelope,
)
from records.errors import BadSignature, MalformedBytes, RecordsError
from records.suite import SigningKey
from tests.records.samples import (
    CAPTURED_AT,
    RECORD,
    TERMINAL_KEY,
    make_bytes,
    make_envelope,
    make_event,
    make_header,
    make_void,
    seal_once,
)


def read(data: bytes) -> None:
    verify_envelope(parse_envelope(data), TERMINAL_KEY.public)


@given(st.binary(max_size=6000))
def test_random_bytes_raise_nothing_but_a_records_error(data: bytes) -> None:
    for each in (data, b"KRE1" + data, b"KRE1\1" + data, make_void().data[:117] + data):
        if each != make_void().data:
            with pytest.raises(RecordsError):
                read(each)


@given(st.data())
def test_changed_envelope_never_verifies(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([make_envelope().data, make_void().data]))
    start = data.draw(st.integers(0, len(whole)) | st.integers(0, HEADER_BYTES))
    end = data.draw(st.integers(start, min(len(whole), start + 40)))
    changed = whole[:start] + data.draw(st.binary(max_size=40)) + whole[end:]
    if changed != whole:
        with pytest.raises(RecordsError):
            read(changed)


def test_signed_envelope_is_what_it_was_made_of() -> None:
    envelope = make_envelope()
    read(envelope.data)
    assert (envelope.header, envelope.part) == (make_header(), seal_once())
    assert parse_envelope(envelope.data) == envelope


def test_part_keeps_its_digest_in_another_generation() -> None:
    again = sign_envelope(replace(make_header(), generation=2, sequence=1), seal_once(), TERMINAL_KEY)
    assert again.part_digest == make_envelope().part_digest
    assert again.digest != make_envelope().digest


def test_other_key_does_not_verify() -> None:
    other = SigningKey.from_bytes(make_bytes("other terminal", 32))
    with pytest.raises(BadSignature):
        verify_envelope(make_envelope(), other.public)
    # Its true signature does not help while the header names another key.
    with pytest.raises(BadSignature):
        verify_envelope(sign_envelope(make_header(), seal_once(), other), other.public)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sequence": 0}, "sequence"),
        ({"sequence": MAX_SEQUENCE + 1}, "sequence"),
        ({"record": NO_ID}, "ids"),
        ({"stay_tag": NO_ID}, "ids"),
        ({"replaces": RECORD}, "ids"),
        ({"terminal": b"short"}, "ids"),
        ({"court_key": bytes(9)}, "ids"),
        ({"kind": EnvelopeKind.VOID}, "ids"),
        ({"kind": EnvelopeKind.VOID, "stay_tag": NO_ID}, "record part"),
    ],
)
def test_header_that_must_be_refused_is_not_signed(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(MalformedBytes) as caught:
        sign_envelope(replace(make_header(), **changes), seal_once(), TERMINAL_KEY)
    assert caught.value.field == field


def test_void_cannot_delete_a_record() -> None:
    with pytest.raises(MalformedBytes):
        sign_envelope(replace(make_void().header, replaces=RECORD), None, TERMINAL_KEY)


def test_record_needs_a_part() -> None:
    with pytest.raises(MalformedBytes):
        sign_envelope(make_header(), None, TERMINAL_KEY)


@pytest.mark.parametrize("seconds", [253_402_300_800, 2**40, 2**63, 2**64 - 1])
def test_time_after_the_year_9999_is_malformed(seconds: int) -> None:
    data = bytearray(make_envelope().data)
    data[105:113] = seconds.to_bytes(8, "big")
    with pytest.raises(MalformedBytes) as caught:
        parse_envelope(bytes(data))
    assert caught.value.field == "captured_at"


def test_last_second_of_the_year_9999_is_a_time() -> None:
    latest = replace(make_header(), captured_at=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert sign_envelope(latest, seal_once(), TERMINAL_KEY).header == latest


def test_longest_envelope_is_read_and_a_longer_one_is_not() -> None:
    longest = b"KRE1".ljust(MAX_ENVELOPE_BYTES, b"\0")
    with pytest.raises(MalformedBytes) as caught:
        parse_envelope(longest)
    assert caught.value.field == "kind"
    with pytest.raises(MalformedBytes) as caught:
        parse_envelope(longest + b"\0")
    assert caught.value.field == "length"


def test_event_says_what_its_header_says() -> None:
    header = make_header()
    check_event(header, replace(make_event(), captured_at=CAPTURED_AT + timedelta(milliseconds=900)))
    replacing = replace(header, replaces=bytes(15) + b"\x01")
    check_event(replacing, replace(make_event(), replaces="00" * 15 + "01"))
    for false_header in (
        replacing,
        replace(header, record=bytes(15) + b"\x01"),
        replace(header, captured_at=CAPTURED_AT + timedelta(seconds=1)),
    ):
        with pytest.raises(MalformedBytes):
            check_event(false_header, make_event())


def test_header_has_no_personal_data() -> None:
    names = set(Header.__dataclass_fields__)
    assert names == {
        "kind", "terminal", "generation", "sequence", "record", "replaces", "stay_tag",
        "terminal_key", "court_key", "oversight_key", "captured_at",
    }  # fmt: skip
