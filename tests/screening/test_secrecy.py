"""What the office cannot do: open who is not listed with all it has, keep anybody, tell a house by its inputs."""

from __future__ import annotations

import itertools
import os

import msgspec
import pytest

from records.comparing.comparison import open_part, unlock_person_bytes
from records.comparing.people import encode_person
from records.errors import CannotOpen
from tests.screening.bureau import TERMINAL, VENUE, Bureau, decide, find_listed, find_stranger, hand_on

GUESTS = 200


def test_with_everything_in_memory_a_stranger_cannot_be_opened(bureau: Bureau) -> None:
    bureau.put_in_force(decide(20))
    stranger, listed = bureau.seal(find_stranger()), bureau.seal(find_listed(3))
    opened_by = {}
    with bureau.office.days.holding() as day:
        outputs = [bytes(day.index._outputs[at : at + 64]) for at in range(0, len(day.index._outputs), 64)]
        for sealed in (stranger, listed):
            key = day.passing.find(sealed.passing_key_id)
            assert key is not None
            opened = open_part(sealed.part, sealed.handle, sealed.permit, key)
            hits = 0
            # Every output that the office has, on every lock, tags or not.
            for output, place in itertools.product(outputs, range(24)):
                try:
                    unlock_person_bytes(opened, place, output, sealed.handle)
                    hits += 1
                except CannotOpen:
                    pass
            opened_by[sealed.handle] = hits
    assert opened_by[stranger.handle] == 0
    assert opened_by[listed.handle] > 0  # so this test can fail


def test_after_a_day_no_byte_on_the_disk_is_of_a_guest(bureau: Bureau) -> None:
    bureau.put_in_force(decide(5))
    guests = [find_stranger(n) for n in range(GUESTS - 3)] + [find_listed(n) for n in (0, 2, 4)]
    sealed = [bureau.seal(each) for each in guests]
    answers = bureau.compare(*sealed)
    assert sum(each.is_hit for each in answers) == 3
    bureau.office.handles.forget_old(bureau.office.days.permit)
    kept = bureau.read_files()
    # Decisions name listed persons; of everybody else nothing is there, in no form.
    for guest, comparison in zip(guests[:-3], sealed[:-3], strict=True):
        forms = [guest.number, guest.names[0].full, guest.number[6:14]]
        needles = [each.encode(code) for each in forms for code in ("utf-8", "utf-16-le")]
        needles += [
            encode_person(guest)[:64],
            comparison.handle,
            comparison.handle.hex().encode(),
            comparison.part[:32],
        ]
        assert [n for n, needle in enumerate(needles) if needle in kept] == []
    with bureau.office.days.holding() as day:
        passing = [key.data[:32] for _, key in day.passing._keys.values()]
        outputs = [bytes(day.index._outputs[:64]), bytes(day.index._outputs[-64:])]
    assert passing
    assert not any(each in kept for each in (*passing, *outputs, TERMINAL, VENUE))
    for comparison in sealed:
        assert comparison.place[:32] not in kept


def test_once_the_passing_keys_are_gone_nobody_can_be_opened(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    sealed = bureau.seal(find_listed(0))
    bureau.turned.turn(299)
    bureau.office.watch_desk()
    bureau.office.keep_up()
    with bureau.office.days.holding() as day:
        assert day.passing.find(sealed.passing_key_id) is not None
    bureau.turned.turn(2)
    with bureau.office.days.holding() as day:
        assert day.passing.find(sealed.passing_key_id) is None
        others = [key for _, key in day.passing._keys.values()]
    for key in (*others, bureau.office.keys.box):
        with pytest.raises(CannotOpen):
            open_part(sealed.part, sealed.handle, sealed.permit, key)


def test_the_offices_input_has_no_field_and_no_size_of_a_house(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    sealed = [bureau.seal(each) for each in (find_listed(0), find_stranger(), find_stranger(1))]
    inputs = [hand_on(each) for each in sealed]
    assert hand_on(sealed[0]).__struct_fields__ == ("handle", "permit", "passing_key_id", "part")
    assert len({len(msgspec.json.encode(each)) for each in inputs}) == 1
    assert len({(each.permit, each.passing_key_id) for each in inputs}) == 1
    assert all(TERMINAL not in msgspec.json.encode(each) for each in inputs)
    with bureau.office.days.holding() as day:
        key = day.passing.find(sealed[0].passing_key_id)
        assert key is not None
        plain = [open_part(each.part, each.handle, each.permit, key) for each in sealed]
    assert not any(TERMINAL in each.sealed_person or VENUE in each.sealed_person for each in plain)
    assert len({len(each.sealed_person) for each in plain}) == 1


def test_a_part_cannot_be_put_under_another_handle_or_permit(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    sealed = bureau.seal(find_listed(0))
    moved = hand_on(sealed)
    bureau.relay.waiting.append(msgspec.structs.replace(moved, handle=os.urandom(16)))
    bureau.office.pass_batch()
    assert [each.is_hit for each in bureau.relay.answers] == [False]
