"""Secure messaging in all four suites: what is garbled never opens, and a session that ended stays so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.errors import ChipDamaged, ChipRefused
from drivers.proto.apdu import Answer, Command, Sw
from drivers.proto.chip_cipher import Suite, derive_key_pair, pad, unpad
from drivers.proto.secure_messaging import SecureChannel, SessionKeys, unwrap_answer, wrap_command
from drivers.proto.tlv import encode_tlv
from drivers.sim.card_messaging import CardSession

READ = Command(0x00, 0xB0, 0x00, 0x00, le=200)


class Card:
    """The card's half, as a channel; `garble` may change what it answers."""

    def __init__(self, suite: Suite, said: Answer, room: int = 256) -> None:
        self.session = CardSession(suite, *derive_key_pair(suite, b"test"))
        self.said, self.room = said, room
        self.heard: list[Command] = []

    def find_room(self) -> int:
        return self.room

    def send(self, command: Command) -> Answer:
        self.heard.append(self.session.open_command(command))
        return self.garble(self.session.wrap_answer(self.said, is_odd=command.ins % 2 == 1))

    def garble(self, answer: Answer) -> Answer:
        return answer


def open_channel(card: Card, suite: Suite) -> SecureChannel:
    return SecureChannel(card, SessionKeys(suite, *derive_key_pair(suite, b"test")))


@pytest.mark.parametrize("suite", Suite)
@pytest.mark.parametrize(
    "command",
    [READ, Command(0, 0xA4, 4, 0x0C, bytes(7)), Command(0, 0xB1, 0, 0, b"\x54\x01\x00", 200), Command(0, 0x84, 0, 0)],
)
def test_both_sides_understand_each_other(suite: Suite, command: Command) -> None:
    card = Card(suite, Answer(b"content", Sw.OK))
    channel = open_channel(card, suite)
    for _ in range(3):
        assert channel.send(command) == Answer(b"content", Sw.OK)
    assert card.heard == [command] * 3


@pytest.mark.parametrize("suite", Suite)
@pytest.mark.parametrize("room", [256, 2048, 65536])
def test_longest_answer_fits_into_the_room(suite: Suite, room: int) -> None:
    card = Card(suite, Answer(b"", Sw.OK), room)
    longest = open_channel(card, suite).find_room()
    wrapped = card.session.wrap_answer(Answer(bytes(longest), Sw.OK))
    assert len(wrapped.data) <= room
    # And no more than a block of it is given away.
    assert len(wrapped.data) > room - 2 * suite.block_bytes - 8


@pytest.mark.parametrize("suite", Suite)
def test_error_under_secure_messaging_leaves_the_session_open(suite: Suite) -> None:
    card = Card(suite, Answer(b"", Sw.FILE_NOT_FOUND))
    channel = open_channel(card, suite)
    assert channel.send(READ).sw == Sw.FILE_NOT_FOUND
    card.said = Answer(b"x", Sw.OK)
    assert channel.send(READ).data == b"x"


def test_error_in_the_open_ends_the_session() -> None:
    class Refusing(Card):
        def garble(self, answer: Answer) -> Answer:
            return Answer(b"", Sw.SM_OBJECTS_WRONG)

    channel = open_channel(Refusing(Suite.AES_128, Answer(b"", Sw.OK)), Suite.AES_128)
    assert channel.send(READ).sw == Sw.SM_OBJECTS_WRONG
    assert channel.suite is None
    with pytest.raises(ChipRefused):
        channel.send(READ)


@pytest.mark.parametrize("suite", Suite)
@pytest.mark.parametrize("place", range(0, 40, 3))
def test_garbled_answer_is_damage_and_ends_the_session(suite: Suite, place: int) -> None:
    class Garbling(Card):
        def garble(self, answer: Answer) -> Answer:
            at = place % len(answer.data)
            return Answer(answer.data[:at] + bytes([answer.data[at] ^ 1]) + answer.data[at + 1 :], answer.sw)

    channel = open_channel(Garbling(suite, Answer(b"content", Sw.OK)), suite)
    with pytest.raises(ChipDamaged):
        channel.send(READ)
    with pytest.raises(ChipRefused):
        channel.send(READ)


def test_answer_that_was_given_before_is_damage() -> None:
    card = Card(Suite.AES_256, Answer(b"content", Sw.OK))
    keys = SessionKeys(Suite.AES_256, *derive_key_pair(Suite.AES_256, b"test"))
    first = card.send(wrap_command(keys, READ))
    unwrap_answer(keys, first)
    wrap_command(keys, READ)
    with pytest.raises(ChipDamaged):
        unwrap_answer(keys, first)


def test_object_behind_the_code_is_damage() -> None:
    card = Card(Suite.AES_128, Answer(b"content", Sw.OK))
    keys = SessionKeys(Suite.AES_128, *derive_key_pair(Suite.AES_128, b"test"))
    answer = card.send(wrap_command(keys, READ))
    with pytest.raises(ChipDamaged):
        unwrap_answer(keys, Answer(answer.data + encode_tlv(0x80, b""), answer.sw))


@given(data=st.binary(max_size=80), suite=st.sampled_from(Suite))
@settings(deadline=None)
def test_nobody_without_the_keys_is_understood(data: bytes, suite: Suite) -> None:
    keys = SessionKeys(suite, *derive_key_pair(suite, b"test"))
    with pytest.raises(ChipDamaged):
        unwrap_answer(keys, Answer(data, Sw.OK))


@given(data=st.binary(max_size=40), block=st.sampled_from([8, 16]))
def test_padding_comes_off_as_it_went_on(data: bytes, block: int) -> None:
    padded = pad(data, block)
    assert len(padded) % block == 0
    assert unpad(padded) == data


@pytest.mark.parametrize("data", [b"", b"\x00\x00", b"\x01\x00"])
def test_what_is_not_padded_is_told(data: bytes) -> None:
    assert unpad(data) is None


def test_keys_are_not_shown() -> None:
    keys = SessionKeys(Suite.AES_128, b"secretsecretsecr", b"secretsecretsecr", 7)
    assert repr(keys) == "SessionKeys(suite=<Suite.AES_128: ('AES-128', 16, 16)>)"
