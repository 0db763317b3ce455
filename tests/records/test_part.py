"""The record part: what it is bound to, its padding, its commitment."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import suite
from records.errors import CannotOpen, MalformedBytes
from records.part import (
    MAX_PAD_STEPS,
    PAD_STEP_BYTES,
    PartScope,
    RecordPart,
    has_mark,
    open_as_guest,
    open_mark_key,
    open_with_order,
    pad_plaintext,
    seal_part,
    strip_court_layer,
    unpad_plaintext,
)
from records.stays import StayEvent
from tests.records import samples
from tests.records.samples import CAPTURED_AT, COURT, OVERSIGHT, RECORD, RESIDENT, TERMINAL, VENUE

SCOPE = PartScope(TERMINAL, RECORD)
OTHER = bytes(15) + b"\x01"
MOVED = [PartScope(OTHER, RECORD), PartScope(TERMINAL, OTHER), PartScope(RECORD, TERMINAL)]


def seal(event: StayEvent, scope: PartScope = SCOPE) -> RecordPart:
    return seal_part(event, scope, court=COURT.public, oversight=OVERSIGHT.public, guest_key=samples.guest_key())


def test_guest_opens_what_was_sealed() -> None:
    assert open_as_guest(samples.seal_once(), SCOPE, samples.guest_key()) == samples.make_event()


@pytest.mark.parametrize("scope", MOVED, ids=["another terminal", "another record", "swapped"])
def test_part_opens_only_under_its_own_terminal_and_record(scope: PartScope) -> None:
    with pytest.raises(CannotOpen):
        open_as_guest(samples.seal_once(), scope, samples.guest_key())
    with pytest.raises(CannotOpen):
        strip_court_layer(samples.seal_once(), scope, COURT)
    stripped = strip_court_layer(samples.seal_once(), SCOPE, COURT)
    with pytest.raises(CannotOpen):
        open_with_order(samples.seal_once(), scope, stripped.sealed_key, OVERSIGHT, RESIDENT.number)


def test_pieces_of_two_parts_do_not_fit_together() -> None:
    ours, theirs = samples.seal_once(), seal(samples.make_event())
    for mixed in (
        replace(ours, commitment=theirs.commitment),
        replace(ours, guest_wrap=theirs.guest_wrap),
        replace(ours, content=theirs.content),
        replace(ours, commitment=theirs.commitment, content=theirs.content),
    ):
        with pytest.raises(CannotOpen):
            open_as_guest(mixed, SCOPE, samples.guest_key())


def test_second_key_to_the_same_content_is_refused_by_the_commitment() -> None:
    """Whoever could make AES-GCM open under two keys would still have to answer for one commitment."""
    part, context = samples.seal_once(), SCOPE.context("guest wrap")
    wrap_key = suite.derive_key(samples.guest_key(), RECORD, SCOPE.context("guest wrap key", part.commitment))
    forged = replace(part, guest_wrap=suite.encrypt_once(wrap_key, os.urandom(32), context))
    with pytest.raises(CannotOpen):
        open_as_guest(forged, SCOPE, samples.guest_key())


def test_sealing_twice_gives_other_bytes_everywhere() -> None:
    ours, theirs = samples.seal_once(), seal(samples.make_event())
    assert ours.commitment != theirs.commitment
    assert ours.guest_wrap != theirs.guest_wrap
    assert ours.order_wrap != theirs.order_wrap
    assert ours.content != theirs.content


def test_guest_without_number_has_a_part_of_the_same_size() -> None:
    assert len(samples.seal_once(samples.CHILD).to_bytes()) == len(samples.seal_once().to_bytes())


@pytest.mark.parametrize(
    "event",
    [
        replace(samples.make_event(), record=OTHER.hex()),
        replace(samples.make_event(), record=""),
        replace(samples.make_event(), venue=replace(samples.make_event().venue, id="the inn")),
        replace(samples.make_event(), venue=replace(samples.make_event().venue, id=VENUE.hex().upper())),
        replace(samples.make_event(), profile="x" * 16 * 1024),
    ],
    ids=["another record", "no record", "no venue", "upper case", "too long"],
)
def test_event_that_nobody_could_open_is_not_sealed(event: StayEvent) -> None:
    with pytest.raises(MalformedBytes):
        seal(event)


def test_mark_says_number_house_and_day() -> None:
    layer = strip_court_layer(samples.seal_once(), SCOPE, COURT)
    mark_key = open_mark_key(layer.mark_box, SCOPE, OVERSIGHT)
    day = CAPTURED_AT.date()
    told = {"number": "990101900307851", "venue": VENUE, "days": [day]}
    assert has_mark(layer.mark, SCOPE, mark_key, **told)
    for other in ({"number": "L898902C3"}, {"venue": OTHER}, {"days": [day + timedelta(days=1)]}, {"days": []}):
        assert not has_mark(layer.mark, SCOPE, mark_key, **{**told, **other})


def test_wraps_of_two_sealings_under_one_record_id_have_different_keys() -> None:
    """AES-GCM with a fixed nonce is safe for one message a key only, even if a record id came twice."""
    ours, theirs = samples.seal_once(), seal(samples.make_event())
    keys = [
        suite.derive_key(samples.guest_key(), RECORD, SCOPE.context("guest wrap key", part.commitment))
        for part in (ours, theirs)
    ]
    assert keys[0] != keys[1]
    for key, part in zip(keys, (ours, theirs), strict=True):
        suite.decrypt_once(key, part.guest_wrap, SCOPE.context("guest wrap"))


def test_order_opens_with_either_form_of_the_number() -> None:
    stripped = strip_court_layer(samples.seal_once(), SCOPE, COURT)
    event = open_with_order(samples.seal_once(), SCOPE, stripped.sealed_key, OVERSIGHT, "990101 900307 851")
    assert event == samples.make_event()


@given(st.binary(max_size=3000))
def test_padding_comes_off_again(data: bytes) -> None:
    padded = pad_plaintext(data)
    assert len(padded) % PAD_STEP_BYTES == 0
    assert len(data) + 4 <= len(padded) < len(data) + 4 + PAD_STEP_BYTES
    assert unpad_plaintext(padded) == data


def test_padding_ends_at_sixteen_steps() -> None:
    longest = bytes(MAX_PAD_STEPS * PAD_STEP_BYTES - 4)
    assert unpad_plaintext(pad_plaintext(longest)) == longest
    with pytest.raises(MalformedBytes):
        pad_plaintext(longest + b"\0")


@pytest.mark.parametrize(
    "padded", [b"", b"\0\0\0", b"\0\0\0\1", b"\xff" * 8, b"\0\0\0\1ab", b"\0\0\0\0" + bytes(3) + b"a"]
)
def test_false_padding_is_malformed(padded: bytes) -> None:
    with pytest.raises(MalformedBytes):
        unpad_plaintext(padded)


@given(st.binary(max_size=9000))
def test_random_bytes_are_a_part_only_by_their_length(data: bytes) -> None:
    try:
        part = RecordPart.from_bytes(data)
    except MalformedBytes:
        assert (len(data) - 2448) % 1024 or not 1 <= (len(data) - 2448) // 1024 <= 16
    else:
        assert part.to_bytes() == data
        with pytest.raises(CannotOpen):
            open_as_guest(part, SCOPE, samples.guest_key())


def test_hybrid_key_of_low_order_or_wrong_length_is_refused() -> None:
    good = COURT.public.data
    for bad in (
        good[:1184] + bytes(32),
        good[:1184] + b"\x01" + bytes(31),
        b"\xff" * 1216,
        good[:-1],
        good + b"\0",
        b"",
    ):
        with pytest.raises(MalformedBytes):
            suite.HybridPublicKey.from_bytes(bad)


def test_repr_of_keys_and_pieces_shows_no_secret() -> None:
    shown = repr(
        [COURT, samples.TERMINAL_KEY, samples.seal_once(), strip_court_layer(samples.seal_once(), SCOPE, COURT)]
    )
    for secret in (COURT.data, samples.TERMINAL_KEY.data, samples.seal_once().guest_wrap):
        assert repr(secret)[2:20] not in shown
        assert secret.hex()[:20] not in shown


@given(st.binary(max_size=2400))
def test_random_bytes_open_for_no_hybrid_key(data: bytes) -> None:
    with pytest.raises(CannotOpen):
        COURT.open(data, b"")
