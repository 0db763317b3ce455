"""PACE with a chip that does not play by the rules: bad points, echoed keys, wrong proofs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.errors import AccessDenied, ChipDamaged, ChipRefused, LastTryLeft
from drivers.proto.access_key import make_mrz_key
from drivers.proto.apdu import Answer, Command, Sw
from drivers.proto.chip_cipher import Suite
from drivers.proto.ec_points import find_curve, name_curve
from drivers.proto.pace import find_pace, open_by_pace
from drivers.proto.tlv import encode_tlv, parse_map, parse_one
from drivers.sim.card_access import CardPace, PaceOffer
from tests.drivers.chips import deal_bytes

KEY = make_mrz_key("T22000129", "640812", "101031")
OFFER = PaceOffer(Suite.AES_128)
ORDER = OFFER.curve.order
Twist = Callable[[Command, Answer], Answer]


class TwistedChip:
    """The card's side of PACE as a channel; `twist` changes its answers."""

    def __init__(self, twist: Twist) -> None:
        self._twist = twist
        scalars = iter([5, 7])
        self._pace = CardPace(OFFER, KEY, None, deal_bytes("11" * 16), lambda _order: next(scalars))

    def find_room(self) -> int:
        return 256

    def send(self, command: Command) -> Answer:
        if command.ins == 0x22:
            return self._twist(command, self._pace.choose(command.data))
        return self._twist(command, self._pace.authenticate(command)[0])


def open_twisted(twist: Twist) -> None:
    info = find_pace(OFFER.build_card_access())
    assert info is not None
    scalars = iter([3, 4])
    open_by_pace(TwistedChip(twist), info, KEY, lambda _order: next(scalars), bytes)


def replace_object(tag: int, value: bytes) -> Twist:
    def twist(command: Command, answer: Answer) -> Answer:
        if answer.data and tag in parse_map(parse_one(answer.data, 0x7C)):
            return Answer(encode_tlv(0x7C, encode_tlv(tag, value)), Sw.OK)
        return answer

    return twist


def test_chip_that_plays_by_the_rules_opens() -> None:
    open_twisted(lambda _command, answer: answer)


OFF_CURVE = b"\x04" + bytes(31) + b"\x01" + bytes(31) + b"\x01"
BAD_POINTS = [b"", b"\x00", OFF_CURVE, b"\x04" + bytes(64), b"\x04" + b"\xff" * 64, b"\x02" + bytes(32), bytes(65)]


@pytest.mark.parametrize("point", BAD_POINTS, ids=range(len(BAD_POINTS)))
@pytest.mark.parametrize("tag", [0x82, 0x84])
def test_point_that_is_not_on_the_curve_is_damage(tag: int, point: bytes) -> None:
    with pytest.raises(ChipDamaged):
        open_twisted(replace_object(tag, point))


@pytest.mark.parametrize("tag", [0x82, 0x84])
def test_chip_that_echoes_our_key_is_damage(tag: int) -> None:
    def echo(command: Command, answer: Answer) -> Answer:
        sent = parse_map(parse_one(command.data, 0x7C)) if command.ins == 0x86 else {}
        return Answer(encode_tlv(0x7C, encode_tlv(tag, sent[tag - 1])), Sw.OK) if tag - 1 in sent else answer

    with pytest.raises(ChipDamaged):
        open_twisted(echo)


@pytest.mark.parametrize("token", [b"", bytes(8)])
def test_chip_that_does_not_prove_the_key_is_damage(token: bytes) -> None:
    with pytest.raises(ChipDamaged):
        open_twisted(replace_object(0x86, token))


@pytest.mark.parametrize("nonce", [b"", bytes(8), bytes(15), bytes(17), bytes(48)])
def test_nonce_of_another_length_is_damage(nonce: bytes) -> None:
    with pytest.raises(ChipDamaged):
        open_twisted(replace_object(0x80, nonce))


@pytest.mark.parametrize("sw", [0x6300, 0x63C2, 0x6982, 0x6988])
def test_refusal_of_the_last_step_means_that_the_key_is_wrong(sw: int) -> None:
    with pytest.raises(AccessDenied):
        open_twisted(lambda command, answer: Answer(b"", sw) if command.cla == 0 and command.ins == 0x86 else answer)


@pytest.mark.parametrize("ins", [0x22, 0x86])
def test_other_refusals_are_told_with_their_status_word(ins: int) -> None:
    with pytest.raises(ChipRefused) as refused:
        open_twisted(lambda command, answer: Answer(b"", 0x6F00) if command.ins == ins else answer)
    assert refused.value.sw == 0x6F00


def test_chip_that_counts_its_tries_opens_all_the_same() -> None:
    open_twisted(lambda command, answer: Answer(b"", 0x63C2) if command.ins == 0x22 else answer)


@pytest.mark.parametrize("sw", [0x63C1, 0x63C0])
def test_last_try_that_a_chip_allows_is_left_to_its_holder(sw: int) -> None:
    asked = []

    def warn(command: Command, answer: Answer) -> Answer:
        asked.append(command.ins)
        return Answer(b"", sw) if command.ins == 0x22 else answer

    with pytest.raises(LastTryLeft):
        open_twisted(warn)
    assert asked == [0x22]


def test_nonce_of_two_blocks_is_taken_as_the_chip_wishes() -> None:
    curve, shift = OFFER.curve, OFFER.curve.multiply(5)
    # The number is reduced by the order of the group, as the standard's map has it.
    assert curve.move_generator(ORDER + 7, shift).generator == curve.move_generator(7, shift).generator


def test_generator_that_maps_to_infinity_is_damage() -> None:
    curve = OFFER.curve
    with pytest.raises(ChipDamaged):
        curve.move_generator(5, curve.multiply(ORDER - 5))


@pytest.mark.parametrize("parameter_id", [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18])
def test_every_curve_is_known_by_its_numbers(parameter_id: int) -> None:
    curve = find_curve(parameter_id)
    assert curve is not None
    point, shape = curve.generator, curve.generator.curve()
    p, a, b = int(shape.p()), int(shape.a()) % int(shape.p()), int(shape.b())
    x, y = int(point.x()), int(point.y())
    assert name_curve(p, a, b, x, y, curve.order) == curve.name
    assert name_curve(p, a, b, x, None, curve.order, is_odd=y % 2 == 1) == curve.name
    assert name_curve(p, a, b, x, None, curve.order, is_odd=y % 2 == 0) is None
    others = [(p + 2, a, b, x, y), (p, a + 1, b, x, y), (p, a, b + 1, x, y), (p, a, b, x + 1, y), (p, a, b, x, y + 1)]
    assert [name_curve(*numbers, curve.order) for numbers in others] == [None] * 5
    assert name_curve(p, a, b, x, y, curve.order + 2) is None
