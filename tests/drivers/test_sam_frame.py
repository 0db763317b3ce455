"""Frames of the SAM protocol, as tables of bytes and under generated noise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import DamagedFrame
from drivers.proto import sam_frame
from drivers.proto.sam_frame import MAX_LEN, PREAMBLE, FrameDecoder, encode_frame, parse_reply

# Requests as public descriptions print them.
REQUESTS = [
    (sam_frame.RESET, "AA AA AA 96 69 00 03 10 FF EC"),
    (sam_frame.STATUS, "AA AA AA 96 69 00 03 11 FF ED"),
    (sam_frame.SAM_ID, "AA AA AA 96 69 00 03 12 FF EE"),
    (sam_frame.FIND, "AA AA AA 96 69 00 03 20 01 22"),
    (sam_frame.SELECT, "AA AA AA 96 69 00 03 20 02 21"),
    (sam_frame.READ_BASE, "AA AA AA 96 69 00 03 30 01 32"),
]
FOUND = bytes.fromhex("AA AA AA 96 69 00 08 00 00 9F 00 00 00 00 97")
FOUND_BODY = bytes.fromhex("00 00 9F 00 00 00 00")
NO_CARD = bytes.fromhex("AA AA AA 96 69 00 04 00 00 80 84")
FALSE_PREAMBLE = PREAMBLE + bytes.fromhex("0FA0")
HUGE = PREAMBLE + bytes.fromhex("FFFF")
TINY = PREAMBLE + bytes.fromhex("0001")


@pytest.mark.parametrize(("body", "frame"), REQUESTS)
def test_request_is_encoded_as_published(body: bytes, frame: str) -> None:
    assert encode_frame(body) == bytes.fromhex(frame)


@pytest.mark.parametrize(
    ("stream", "bodies"),
    [
        (FOUND, [FOUND_BODY]),
        (FOUND + NO_CARD, [FOUND_BODY, bytes.fromhex("000080")]),
        (b"\x00\xff\xaa\xaa" + FOUND, [FOUND_BODY]),
        (b"\xaa" + FOUND, [FOUND_BODY]),
        (b"\xaa\xaa\xaa\xaa\xaa" + FOUND, [FOUND_BODY]),
        (PREAMBLE[:4] + FOUND, [FOUND_BODY]),
        (HUGE + FOUND, [FOUND_BODY]),
        (TINY + FOUND, [FOUND_BODY]),
        (FOUND[:-1] + b"\x00" + NO_CARD, [bytes.fromhex("000080")]),
        # A false preamble whose frame ends, with a wrong checksum, inside the real one.
        (PREAMBLE + b"\x00\x0e" + FOUND, [FOUND_BODY]),
        (FOUND[:-1], []),
        (b"\xaa" * 5000, []),
        (b"", []),
    ],
)
@pytest.mark.parametrize("piece_bytes", [1, 2, 3, 7, 6000])
def test_decoder_finds_the_frames(stream: bytes, bodies: list[bytes], piece_bytes: int) -> None:
    decoder = FrameDecoder()
    pieces = [stream[at : at + piece_bytes] for at in range(0, len(stream), piece_bytes)]
    assert [body for piece in pieces for body in decoder.feed(piece)] == bodies


def test_bad_checksum_is_counted() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(FOUND[:-1] + b"\x00") == []
    assert decoder.damaged == 1


def test_reply_behind_a_false_preamble_is_taken_once_the_line_is_quiet() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(FALSE_PREAMBLE + FOUND) == []
    assert decoder.take_overlapped() == [FOUND_BODY]
    assert not decoder.awaits_rest


def test_quiet_line_takes_nothing_from_a_frame_that_is_still_coming() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(FOUND[:9]) == []
    assert decoder.awaits_rest
    assert decoder.take_overlapped() == []
    assert decoder.feed(FOUND[9:]) == [FOUND_BODY]


def test_frame_inside_a_frame_is_data() -> None:
    outer = encode_frame(bytes.fromhex("000090") + FOUND)
    decoder = FrameDecoder()
    assert [body for at in range(len(outer)) for body in decoder.feed(outer[at : at + 1])] == [
        bytes.fromhex("000090") + FOUND
    ]


def test_body_that_no_frame_can_hold_is_refused() -> None:
    encode_frame(bytes(MAX_LEN - 1))
    with pytest.raises(ValueError, match="at most"):
        encode_frame(bytes(MAX_LEN))


def test_reply_without_status_is_damaged() -> None:
    with pytest.raises(DamagedFrame):
        parse_reply(b"\x00\x00")


def test_reply_shows_its_status_and_no_data() -> None:
    assert repr(parse_reply(bytes.fromhex("000090") + b"secret")) == "Reply(status=b'\\x00\\x00\\x90')"


NOISE = st.lists(st.sampled_from([b"\xaa", b"\x96", b"\x69", PREAMBLE, HUGE, FALSE_PREAMBLE, b"\x00", b"\x03"])).map(
    b"".join
)


@given(st.lists(st.binary(max_size=64) | NOISE))
def test_decoder_never_raises_and_holds_little(pieces: list[bytes]) -> None:
    decoder = FrameDecoder()
    for piece in pieces:
        decoder.feed(piece)
        decoder.take_overlapped()
        assert len(decoder._buffer) <= len(PREAMBLE) + 2 + MAX_LEN


@given(st.binary(min_size=3, max_size=300), st.binary(max_size=30), st.integers(1, 40))
def test_frame_survives_noise_and_splitting(body: bytes, noise: bytes, piece_bytes: int) -> None:
    decoder = FrameDecoder()
    stream = noise + encode_frame(body)
    bodies = [
        found for at in range(0, len(stream), piece_bytes) for found in decoder.feed(stream[at : at + piece_bytes])
    ]
    assert body in bodies + decoder.take_overlapped()


@given(st.binary(min_size=3, max_size=300), st.data())
def test_frame_with_one_byte_changed_is_never_taken(body: bytes, data: st.DataObject) -> None:
    frame = bytearray(encode_frame(body))
    at = data.draw(st.integers(0, len(frame) - 1))
    frame[at] ^= data.draw(st.integers(1, 255))
    decoder = FrameDecoder()
    assert body not in decoder.feed(bytes(frame)) + decoder.take_overlapped()
