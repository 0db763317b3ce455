"""Nobody alone: court's key, oversight's key and the document number open a record together, and only together."""

import itertools
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from records import suite
from records.envelope import Envelope, sign_envelope
from records.errors import CannotOpen
from records.part import (
    ORDER_WRAP_BYTES,
    RecordPart,
    _seal_order_wrap,
    has_mark,
    open_as_guest,
    open_mark_key,
    open_with_order,
    pad_plaintext,
    strip_court_layer,
)
from records.slip import derive_guest_key
from records.stays import StayEvent, encode_event
from records.suite import HybridSecretKey
from tests.oversight.world import (
    COURT,
    HOUSE,
    NUMBER,
    OTHER_HOUSE,
    OTHER_NUMBER,
    OVERSIGHT,
    RECEIPTS,
    TERMINAL,
    find_stay,
    make_event,
    make_guest,
    make_header,
    parse_record,
)

HOLDERS = ("court", "oversight", "number")
COMBINATIONS = [held for size in range(4) for held in itertools.combinations(HOLDERS, size)]
# Central's own secrets, as keys of either kind: they must be as useless as any other bytes.
CENTRALS_KEY = HybridSecretKey.from_bytes(RECEIPTS.data * 3)


def try_everything(envelope: Envelope, held: tuple[str, ...]) -> Iterator[StayEvent]:
    """Yield what can be opened with the envelope, all central has, and what is held."""
    part, scope = envelope.part, envelope.header.scope
    assert part is not None
    outer_keys = [CENTRALS_KEY, *([COURT] if "court" in held else []), *([OVERSIGHT] if "oversight" in held else [])]
    numbers = [NUMBER] if "number" in held else [OTHER_NUMBER, ""]
    sealed_keys = [part.order_wrap[offset:] for offset in (0, 32, 1200, 2336)]
    for key in outer_keys:
        try:
            sealed_keys.append(strip_court_layer(part, scope, key).sealed_key)
        except CannotOpen:
            continue
    for sealed_key, key, number in itertools.product(sealed_keys, outer_keys, numbers):
        try:
            yield open_with_order(part, scope, sealed_key, key, number)
        except CannotOpen:
            continue
    for number in numbers:
        # A number alone is not the guest: the slip key is missing, and the tag that central knows is not it.
        try:
            yield open_as_guest(part, scope, derive_guest_key(envelope.header.stay_tag, number))
        except CannotOpen:
            continue


@pytest.mark.parametrize("held", COMBINATIONS, ids=lambda held: " and ".join(held) or "central alone")
def test_record_opens_with_all_three_and_with_nothing_less(held: tuple[str, ...]) -> None:
    stay = find_stay("ordered")
    opened = list(try_everything(parse_record(stay.envelopes[0]), held))
    assert opened == ([stay.events[0]] if len(held) == len(HOLDERS) else [])


def test_what_central_holds_shows_nothing_of_the_guest() -> None:
    event = find_stay("ordered").events[0]
    data = b"".join(find_stay("ordered").envelopes)
    for text in (event.guest.names[0].text, NUMBER, event.venue.name, event.stay.room, event.venue.id):
        assert text.encode() not in data
    assert bytes.fromhex(event.venue.id) not in data


def test_guest_without_a_number_has_a_wrap_of_the_same_size_that_no_order_opens() -> None:
    with_number = parse_record(find_stay("ordered").envelopes[0])
    without = parse_record(find_stay("no number").envelopes[0])
    assert len(without.part.order_wrap) == len(with_number.part.order_wrap) == ORDER_WRAP_BYTES
    assert len(without.data) == len(with_number.data)
    layer = strip_court_layer(without.part, without.header.scope, COURT)
    for guess in (find_stay("no number").secret, NUMBER, ""):
        with pytest.raises(CannotOpen):
            open_with_order(without.part, without.header.scope, layer.sealed_key, OVERSIGHT, guess)


def seal_two_faced(event: StayEvent) -> Envelope:
    """A part whose commitment is to one event key, while the wraps and the content are under another."""
    slip_key = b"\x77" * 16
    header = make_header(event, slip_key, 1)
    guest_key = derive_guest_key(slip_key, NUMBER)
    scope, shown, hidden = header.scope, b"\x01" * 32, b"\x02" * 32
    commitment = suite.derive_key(shown, scope.record, scope.context("commitment"))
    wrap_key = suite.derive_key(guest_key, scope.record, scope.context("guest wrap key", commitment))
    content_key = suite.derive_key(hidden, scope.record, scope.context("content key"))
    part = RecordPart(
        commitment,
        suite.encrypt_once(wrap_key, hidden, scope.context("guest wrap")),
        _seal_order_wrap(event, hidden, commitment, scope, COURT.public, OVERSIGHT.public, os.urandom),
        suite.encrypt_once(content_key, pad_plaintext(encode_event(event)), scope.context("content", commitment)),
    )
    return sign_envelope(header, part, TERMINAL)


def test_part_that_another_event_key_decrypts_is_refused() -> None:
    event = make_event(make_guest(), b"\x09" * 16)
    envelope = seal_two_faced(event)
    part, scope = envelope.part, envelope.header.scope
    assert part is not None
    # The doctored content really is readable under the key in the wraps; only the commitment says no.
    content_key = suite.derive_key(b"\x02" * 32, scope.record, scope.context("content key"))
    plain = suite.decrypt_once(content_key, part.content, scope.context("content", part.commitment))
    assert encode_event(event) in plain
    with pytest.raises(CannotOpen):
        open_with_order(part, scope, strip_court_layer(part, scope, COURT).sealed_key, OVERSIGHT, NUMBER)
    with pytest.raises(CannotOpen):
        open_as_guest(part, scope, derive_guest_key(b"\x77" * 16, NUMBER))


def test_mark_finds_the_ordered_number_in_the_ordered_house_on_the_ordered_days_only() -> None:
    event, envelope = find_stay("ordered").events[0], parse_record(find_stay("ordered").envelopes[0])
    scope, layer = envelope.header.scope, strip_court_layer(envelope.part, envelope.header.scope, COURT)
    mark_key = open_mark_key(layer.mark_box, scope, OVERSIGHT)
    day, venue = event.captured_at.date(), bytes.fromhex(HOUSE.id)

    def finds(key: bytes = mark_key, **other: Any) -> bool:
        return has_mark(layer.mark, scope, key, **{"number": NUMBER, "venue": venue, "days": (day,), **other})

    assert finds()
    assert finds(days=(day - timedelta(days=1), day))
    assert not finds(number=OTHER_NUMBER)
    assert not finds(venue=bytes.fromhex(OTHER_HOUSE.id))
    assert not finds(days=(day - timedelta(days=1), day + timedelta(days=1)))
    # What the court and central have together: everything but the key of the mark.
    assert not finds(key=layer.mark_box[:32])
    with pytest.raises(CannotOpen):
        open_mark_key(layer.mark_box, scope, COURT)


def test_what_the_court_passes_on_is_bound_to_its_record() -> None:
    ordered, other = (parse_record(find_stay(name).envelopes[0]) for name in ("ordered", "other guest"))
    layer = strip_court_layer(ordered.part, ordered.header.scope, COURT)
    with pytest.raises(CannotOpen):
        open_with_order(other.part, other.header.scope, layer.sealed_key, OVERSIGHT, NUMBER)
