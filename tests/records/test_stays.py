"""Stay events as JSON."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.documents import PersonName
from records.errors import MalformedBytes
from records.stays import decode_event, encode_event, guest_secret, order_number
from tests.records.samples import CHILD, MARK, PASSPORT, RESIDENT, make_event, make_guest

EVENT = json.loads(encode_event(make_event()))


def change(path: str, value: Any) -> bytes:
    """Return the sample event with one member set, or left out where `value` is ...."""
    event = json.loads(json.dumps(EVENT))
    *folders, last = path.split("/")
    place = event
    for each in folders:
        place = place[int(each)] if isinstance(place, list) else place[each]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(event).encode()


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.datetimes(timezones=st.just(UTC)), st.dates())
def test_event_is_the_same_after_encoding_and_decoding(name: str, moment: datetime, day: date) -> None:
    event = make_event()
    event = replace(
        event,
        captured_at=moment,
        guest=replace(event.guest, names=(PersonName(name), *event.guest.names), birth_date=day),
        stay=replace(event.stay, departed_at=moment, room=name),
    )
    assert decode_event(encode_event(event)) == event


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("ethnicity", MARK),
        ("guest/ethnicity", MARK),
        ("guest/religion", MARK),
        ("guest/document/valid_until", "2040-01-01"),
        ("guest/names/0/region", MARK),
        ("venue/kind", "private home"),
        ("stay/earlier", []),
    ],
)
def test_member_that_the_format_does_not_name_is_refused(path: str, value: Any) -> None:
    with pytest.raises(MalformedBytes):
        decode_event(change(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("record", ...),
        ("event", "peek"),
        ("guest/sex", "3"),
        ("guest/sex", 1),
        ("guest/birth_date", "1990-02-31"),
        ("guest/document/kind", "119"),
        ("guest/document/chip", True),
        ("guest/names", MARK),
        ("stay/arrived_at", "2026-11-21T14:05:09"),
        ("captured_at", "2026-11-21T14:05:09"),
        ("captured_at", 1),
        ("stay/departed_at", MARK),
        ("guest", None),
    ],
)
def test_missing_or_wrong_member_is_refused_without_its_value(path: str, value: Any) -> None:
    with pytest.raises(MalformedBytes) as caught:
        decode_event(change(path, value))
    error = caught.value
    assert MARK not in f"{error} {error!r} {error.args}"
    assert "王" not in f"{error} {error!r} {error.args}"
    assert error.__suppress_context__


@given(st.binary())
def test_random_bytes_are_malformed(data: bytes) -> None:
    with pytest.raises(MalformedBytes):
        decode_event(data)


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"x":' + b"[" * 100_000, b'{"x":' * 100_000])
def test_deep_nesting_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedBytes):
        decode_event(data)


def test_name_without_a_utf8_form_is_refused_without_the_name() -> None:
    event = make_event(replace(PASSPORT, names=(PersonName(MARK + "\ud800"),)))
    with pytest.raises(MalformedBytes) as caught:
        encode_event(event)
    assert MARK not in str(caught.value)


def test_guest_types_the_number_or_else_the_birth_date() -> None:
    assert guest_secret(make_guest(RESIDENT)) == RESIDENT.number
    assert guest_secret(make_guest(CHILD)) == "20190203"
    assert guest_secret(make_guest(replace(CHILD, birth_date=date(999, 1, 2)))) == "09990102"


def test_order_names_both_forms_of_one_number_alike() -> None:
    short = make_guest(replace(RESIDENT, number="990101900307851"))
    assert order_number(short) == order_number(make_guest(RESIDENT)) == RESIDENT.number
    # The guest types what is printed on the card.
    assert guest_secret(short) == "990101900307851"
    assert order_number(make_guest(CHILD)) is None
