"""BAC with a chip that does not play by the rules, and files that are not what they claim to be."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from drivers.channel import PlainChannel
from drivers.document_chip import DocumentChip
from drivers.errors import AccessDenied, ChipDamaged, ChipRefused
from drivers.proto.access_key import make_mrz_key
from drivers.proto.apdu import Answer, Command
from drivers.proto.bac import open_by_bac
from drivers.proto.chip_cipher import Suite, compute_mac, decrypt_blocks, derive_key_pair, encrypt_blocks
from drivers.proto.lds import LdsFile
from drivers.sim.card_access import CardBac
from drivers.sim.emrtd_card import CardContent
from tests.drivers.chips import connect

KEY = make_mrz_key("L898902C", "690806", "940623")
ENCRYPTING, CODES = derive_key_pair(Suite.TDES, KEY.seed)


class TwistedChip:
    """The card's side of BAC as a channel; `twist` changes its answers."""

    def __init__(self, twist: Callable[[int, Answer], Answer]) -> None:
        self._bac, self._twist = CardBac(KEY, os.urandom), twist

    def find_room(self) -> int:
        return 256

    def send(self, command: Command) -> Answer:
        answer = self._bac.make_challenge() if command.ins == 0x84 else self._bac.authenticate(command.data)[0]
        return self._twist(command.ins, answer)


def open_twisted(twist: Callable[[int, Answer], Answer]) -> None:
    open_by_bac(TwistedChip(twist), KEY, os.urandom)


def change_reply(change: Callable[[bytes], bytes]) -> Callable[[int, Answer], Answer]:
    """Let a chip that knows the key answer something else under it."""

    def twist(ins: int, answer: Answer) -> Answer:
        if ins != 0x82:
            return answer
        secret = encrypt_blocks(
            Suite.TDES, ENCRYPTING, change(decrypt_blocks(Suite.TDES, ENCRYPTING, answer.data[:32]))
        )
        return Answer(secret + compute_mac(Suite.TDES, CODES, secret), answer.sw)

    return twist


def test_chip_that_plays_by_the_rules_opens() -> None:
    open_twisted(change_reply(lambda opened: opened))


@pytest.mark.parametrize("place", [0, 7, 8, 15])
def test_reply_to_another_question_is_damage(place: int) -> None:
    with pytest.raises(ChipDamaged):
        open_twisted(change_reply(lambda opened: opened[:place] + bytes([opened[place] ^ 1]) + opened[place + 1 :]))


@pytest.mark.parametrize("place", [0, 31, 32, 39])
def test_garbled_reply_is_damage(place: int) -> None:
    def garble(ins: int, answer: Answer) -> Answer:
        data = answer.data
        return Answer(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], answer.sw) if ins == 0x82 else answer

    with pytest.raises(ChipDamaged):
        open_twisted(garble)


@pytest.mark.parametrize("ins", [0x84, 0x82])
def test_answer_of_another_length_is_damage(ins: int) -> None:
    with pytest.raises(ChipDamaged):
        open_twisted(lambda asked, answer: Answer(answer.data + b"\x00", answer.sw) if asked == ins else answer)


@pytest.mark.parametrize(
    ("ins", "sw", "error"),
    [
        (0x82, 0x6300, AccessDenied),
        (0x82, 0x6988, AccessDenied),
        (0x82, 0x6F00, ChipRefused),
        (0x84, 0x6D00, ChipRefused),
    ],
)
def test_refusals_are_told_apart(ins: int, sw: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        open_twisted(lambda asked, answer: Answer(b"", sw) if asked == ins else answer)


@pytest.mark.parametrize(
    "content",
    [
        bytes.fromhex("3000"),  # another object than the file begins with
        bytes.fromhex("3183FFFFFF00"),  # longer than any file
        bytes.fromhex("310500"),  # shorter than it says
        b"",
    ],
)
def test_file_that_is_not_what_it_claims_to_be_is_damage(content: bytes) -> None:
    transport = connect(CardContent({0x011C: content}, KEY))
    with pytest.raises(ChipDamaged):
        DocumentChip(PlainChannel(transport)).read_file(LdsFile.CARD_ACCESS)


@pytest.mark.parametrize("size", [(1 << 17) + 1, 1 << 20, (1 << 24) - 1])
def test_file_that_claims_to_be_larger_than_its_kind_is_not_read(size: int) -> None:
    content = b"\x31\x83" + size.to_bytes(3, "big") + bytes(100_000)
    channel = PlainChannel(connect(CardContent({0x011C: content}, KEY)))
    with pytest.raises(ChipDamaged):
        DocumentChip(channel).read_file(LdsFile.CARD_ACCESS)
    assert channel.traffic.apdus == 1


def test_file_longer_than_any_is_not_read_to_its_end() -> None:
    channel = PlainChannel(connect(CardContent({0x011C: bytes.fromhex("3183200000") + bytes(200_000)}, KEY)))
    with pytest.raises(ChipDamaged):
        DocumentChip(channel).read_file(LdsFile.CARD_ACCESS)
    assert channel.traffic.apdus == 1
