"""Data objects, commands and answers as bytes, and the plain channel that collects what comes in pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.channel import PlainChannel
from drivers.errors import ChipDamaged
from drivers.proto.apdu import Command, parse_answer, parse_command
from drivers.proto.tlv import Tlv, encode_tlv, parse_all, parse_header, parse_map, parse_one

TAGS = [0x30, 0x61, 0x5F1F, 0x7F49, 0x7F61, 0x5F8101]


@pytest.mark.parametrize(
    ("data", "objects"),
    [
        ("", []),
        ("8000", [(0x80, "")]),
        ("6103800101", [(0x61, "800101")]),
        ("5F1F0141", [(0x5F1F, "41")]),
        ("7F490153", [(0x7F49, "53")]),
        ("8201018202FFFF", [(0x82, "01"), (0x82, "FFFF")]),
        # More length bytes than are needed are allowed, and some chips write them.
        ("80810101", [(0x80, "01")]),
        ("8082000101", [(0x80, "01")]),
    ],
)
def test_data_objects_are_taken_apart(data: str, objects: list[tuple[int, str]]) -> None:
    assert parse_all(bytes.fromhex(data)) == tuple(Tlv(tag, bytes.fromhex(value)) for tag, value in objects)


@pytest.mark.parametrize(
    "data",
    [
        "80", "8001", "800201", "8080", "80840000000101", "8083FFFFFF", "5F", "5F81", "5F818101", "00", "0000",
        "FF", "8081", "808201", "7F",
    ],
)  # fmt: skip
def test_what_is_no_data_object_is_damage(data: str) -> None:
    with pytest.raises(ChipDamaged):
        parse_all(bytes.fromhex(data if len(data) % 2 == 0 else data + "0"))


@given(st.lists(st.tuples(st.sampled_from(TAGS), st.binary(max_size=300)), max_size=5))
def test_objects_are_read_as_they_were_written(items: list[tuple[int, bytes]]) -> None:
    data = b"".join(encode_tlv(tag, value) for tag, value in items)
    assert parse_all(data) == tuple(Tlv(tag, value) for tag, value in items)


@given(st.binary(max_size=80))
def test_any_bytes_are_objects_or_damage(data: bytes) -> None:
    for parse in (parse_all, parse_map, parse_header):
        try:
            parse(data)
        except ChipDamaged:
            continue


def test_header_tells_a_length_before_the_value_is_there() -> None:
    header = parse_header(bytes.fromhex("75823A98"))
    assert (header.tag, header.start, header.length, header.total) == (0x75, 4, 15000, 15004)


def test_object_of_another_tag_or_beside_others_is_damage() -> None:
    assert parse_one(bytes.fromhex("800101"), 0x80) == b"\x01"
    for data in ("810101", "800101800101", ""):
        with pytest.raises(ChipDamaged):
            parse_one(bytes.fromhex(data), 0x80)


def test_tag_that_stands_twice_is_damage_in_a_map() -> None:
    with pytest.raises(ChipDamaged):
        parse_map(bytes.fromhex("800101800102"))


def test_value_too_long_for_any_file_is_not_written() -> None:
    with pytest.raises(ValueError, match="too long"):
        encode_tlv(0x80, bytes(1 << 24))


@pytest.mark.parametrize(
    ("command", "encoded"),
    [
        (Command(0x00, 0xA4, 0x02, 0x0C), "00A4020C"),
        (Command(0x00, 0xA4, 0x02, 0x0C, b"\x01\x1e"), "00A4020C02011E"),
        (Command(0x00, 0x84, 0, 0, le=8), "0084000008"),
        (Command(0x00, 0xB0, 0, 0, le=256), "00B0000000"),
        (Command(0x10, 0x86, 0, 0, b"\x7c\x00", 256), "10860000027C0000"),
        (Command(0x00, 0xB0, 0, 0, le=257), "00B00000000101"),
        (Command(0x00, 0xB0, 0, 0, le=65536), "00B00000000000"),
        (Command(0x00, 0xB1, 0, 0, b"\x54\x00", 65536), "00B10000000002540000" + "00"),
        (Command(0x00, 0x86, 0, 0, bytes(256)), "00860000" + "000100" + "00" * 256),
    ],
)
def test_commands_are_written_and_read(command: Command, encoded: str) -> None:
    assert command.encode().hex().upper() == encoded
    assert parse_command(bytes.fromhex(encoded)) == command


@pytest.mark.parametrize("data", ["", "00A402", "00A4020C020", "00A4020C0201", "00A4020C02011E0000", "00B000000001"])
def test_lengths_that_do_not_add_up_are_damage(data: str) -> None:
    with pytest.raises(ChipDamaged):
        parse_command(bytes.fromhex(data if len(data) % 2 == 0 else data + "0"))


@pytest.mark.parametrize("command", [Command(0, 0, 0, 0, bytes(65536)), Command(0, 0, 0, 0, le=65537)])
def test_command_longer_than_any_is_not_written(command: Command) -> None:
    with pytest.raises(ValueError, match="so long"):
        command.encode()


@pytest.mark.parametrize("data", [b"", b"\x90"])
def test_answer_without_a_status_word_is_damage(data: bytes) -> None:
    with pytest.raises(ChipDamaged):
        parse_answer(data)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_command_or_damage(data: bytes) -> None:
    try:
        command = parse_command(data)
    except ChipDamaged:
        return
    assert parse_command(command.encode()) == command


class Scripted:
    """A transport that expects commands and gives answers, in hexadecimal."""

    def __init__(self, *exchanges: tuple[str, str], is_extended: bool = False) -> None:
        self.max_command_bytes = self.max_answer_bytes = 65544 if is_extended else 258
        self._exchanges = list(exchanges)

    def transmit(self, apdu: bytes) -> bytes:
        wanted, answer = self._exchanges.pop(0)
        assert apdu.hex().upper() == wanted
        return bytes.fromhex(answer)

    def is_card_there(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing is held."""


def test_answer_in_pieces_is_collected_and_counted() -> None:
    channel = PlainChannel(Scripted(("00B0000000", "01026102"), ("00C0000002", "03046100"), ("00C0000000", "059000")))
    answer = channel.send(Command(0, 0xB0, 0, 0, le=256))
    assert (answer.data, answer.sw) == (bytes([1, 2, 3, 4, 5]), 0x9000)
    assert (channel.traffic.apdus, channel.traffic.sent_bytes, channel.traffic.received_bytes) == (3, 15, 11)


def test_length_that_the_card_names_is_used() -> None:
    channel = PlainChannel(Scripted(("00B0000000", "6C02"), ("00B0000002", "01029000")))
    assert channel.send(Command(0, 0xB0, 0, 0, le=256)).data == b"\x01\x02"


def test_long_command_is_sent_in_links_where_only_short_ones_pass() -> None:
    data = bytes(range(256)) + b"\x01\x02"
    links = [
        ("10860000FF" + data[:255].hex().upper(), "9000"),
        ("0086000003" + data[255:].hex().upper() + "00", "9000"),
    ]
    assert PlainChannel(Scripted(*links)).send(Command(0, 0x86, 0, 0, data, 256)).is_ok
    whole = ("00860000000102" + data.hex().upper() + "0100", "9000")
    assert PlainChannel(Scripted(whole, is_extended=True)).send(Command(0, 0x86, 0, 0, data, 256)).is_ok


def test_link_that_the_card_refuses_is_told() -> None:
    channel = PlainChannel(Scripted(("10860000FF" + "00" * 255, "6884")))
    with pytest.raises(ChipDamaged):
        channel.send(Command(0, 0x86, 0, 0, bytes(300)))


def test_card_that_never_ends_is_not_listened_to_for_ever() -> None:
    class Endless(Scripted):
        def transmit(self, apdu: bytes) -> bytes:
            return b"\x01\x61\x01"

    with pytest.raises(ChipDamaged):
        PlainChannel(Endless()).send(Command(0, 0xB0, 0, 0, le=256))


def test_card_that_says_more_than_any_answer_holds_is_not_listened_to() -> None:
    class Chatty(Scripted):
        said = 0

        def transmit(self, apdu: bytes) -> bytes:
            self.said += 1
            return bytes(60_000) + b"\x61\x00"

    chatty = Chatty()
    with pytest.raises(ChipDamaged):
        PlainChannel(chatty).send(Command(0, 0xB0, 0, 0, le=256))
    assert chatty.said == 2
