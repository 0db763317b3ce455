"""Coverage-guided fuzzing of resident-card readers' frames and texts: `python -m bench.fuzz_sam [SECONDS]` (60).

A third of the inputs are free bytes, a third replies with some bytes exchanged, noise before and cut, fed in pieces; a
third are whole readings whose texts are exchanged at random. Nothing may raise but a typed error; a frame that was put
in whole must come out; what is decoded must hold no ethnicity and no fingerprint; a document or a typed error follows.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["drivers.proto.sam_frame", "drivers.proto.sam_text", "drivers.parse"]):
    from drivers.errors import ReaderError
    from drivers.parse import parse_document
    from drivers.proto.sam_frame import MAX_LEN, FrameDecoder, encode_frame, parse_reply
    from drivers.proto.sam_text import decode_new_address, decode_reading

from drivers.sim.specimens import SPECIMENS, build_card
from records.errors import InvalidDocument

HEAD = bytes.fromhex("01000400")
HEAD_WITH_PRINTS = bytes.fromhex("010004000400")
# Where a resident's ethnicity lies, as a mark that no other field can come to hold by itself.
ETHNICITY_AT, ETHNICITY = 32, "\ue0ee\ue0ef".encode("utf-16-le")
PRINTS = "\ue0f0".encode("utf-16-le") * 512
FORBIDDEN = ("\ue0ee", "\ue0ef", "\ue0f0")


def mark_card(card: bytes) -> bytes:
    return card[:ETHNICITY_AT] + ETHNICITY + card[ETHNICITY_AT + 4 :]


RESIDENTS = [mark_card(build_card(card)) for card in SPECIMENS.values() if card.layout == "sam.resident"]
OTHERS = [build_card(card) for card in SPECIMENS.values() if card.layout != "sam.resident"]
CARDS = [*RESIDENTS, *OTHERS]
REPLIES = [encode_frame(b"\x00\x00\x90" + HEAD + card) for card in CARDS]


def draw_piece(provider: atheris.FuzzedDataProvider, samples: list[bytes]) -> bytearray:
    data = bytearray(samples[provider.ConsumeIntInRange(0, len(samples) - 1)])
    for _ in range(provider.ConsumeIntInRange(0, 6)):
        data[provider.ConsumeIntInRange(0, len(data) - 1)] = provider.ConsumeIntInRange(0, 255)
    return data


def feed(decoder: FrameDecoder, data: bytes, size: int) -> list[bytes]:
    bodies = [body for at in range(0, len(data), size) for body in decoder.feed(data[at : at + size])]
    assert len(decoder._buffer) <= MAX_LEN + 7 + size
    return bodies + decoder.take_overlapped()


def try_stream(provider: atheris.FuzzedDataProvider) -> None:
    noise = bytes(provider.ConsumeBytes(60))
    whole = encode_frame(bytes((0, 0, 0x9F)))
    data = bytes(draw_piece(provider, REPLIES)) if provider.ConsumeBool() else bytes(provider.ConsumeBytes(600))
    size = provider.ConsumeIntInRange(1, 700)
    decoder = FrameDecoder()
    for body in feed(decoder, noise + data[: provider.ConsumeIntInRange(0, len(data))], size):
        try:
            try_reading(parse_reply(body).data)
        except ReaderError:
            continue
    # Whatever came before: once the line is quiet, a new decoder finds the next reply.
    assert feed(FrameDecoder(), whole, size) == [bytes((0, 0, 0x9F))]


def try_reading(data: bytes) -> None:
    for decode in (decode_reading, decode_new_address):
        try:
            found = decode(data)
        except ReaderError:
            continue
        if isinstance(found, str):
            found.encode("utf-8")  # no half of a surrogate pair is left
            continue
        text = "".join(found.fields.values())
        text.encode("utf-8")
        try:
            parse_document(found)
        except (ReaderError, InvalidDocument):
            continue


def try_card(provider: atheris.FuzzedDataProvider) -> None:
    """Exchange characters of a resident's text, ethnicity excepted: it must never come out."""
    card = bytearray(RESIDENTS[provider.ConsumeIntInRange(0, len(RESIDENTS) - 1)])
    for _ in range(provider.ConsumeIntInRange(1, 8)):
        at, unit = provider.ConsumeIntInRange(0, 123), provider.ConsumeIntInRange(0, 0xFFFF)
        if unit not in (0xE0EE, 0xE0EF, 0xE0F0) and not ETHNICITY_AT <= 2 * at < ETHNICITY_AT + 4:
            card[2 * at : 2 * at + 2] = unit.to_bytes(2, "little")
    data = HEAD_WITH_PRINTS + card + PRINTS if provider.ConsumeBool() else HEAD + bytes(card)
    raw = decode_reading(data)
    shown = "".join(raw.fields.values())
    assert not [mark for mark in FORBIDDEN if mark in shown]
    assert raw.photo == bytes(1024)
    try_reading(data)


def try_bytes(raw: bytes) -> None:
    provider = atheris.FuzzedDataProvider(raw)
    match provider.ConsumeIntInRange(0, 2):
        case 0:
            try_reading(bytes(provider.ConsumeBytes(1400)))
        case 1:
            try_stream(provider)
        case _:
            try_card(provider)


def main() -> None:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=2048", "-len_control=0"], try_bytes)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
