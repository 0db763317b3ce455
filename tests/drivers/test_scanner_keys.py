"""From the kernel's bytes to text: torn and garbled streams, keys of three countries, shift, repeats, Alt codes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.proto.input_events import EVENT_BYTES, EventDecoder, EventType, InputEvent, Lost, encode_event
from drivers.proto.scanner_keys import UNKNOWN, KeyboardLayout, KeyTyper
from drivers.sim.mrz_specimens import PRINTED_SPECIMENS
from drivers.sim.scanner_sim import ScanFault, SimulatedScanner

LINES = PRINTED_SPECIMENS["eriksson"].text
TYPED = LINES + "\n"
EVERYTHING = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"
DOWN, UP, REPEAT = 1, 0, 2
LEFT_SHIFT, RIGHT_SHIFT, CAPS, CTRL = 42, 54, 58, 29


def record(text: str, layout: KeyboardLayout = KeyboardLayout.US, fault: ScanFault | None = None) -> bytes:
    scanner = SimulatedScanner(layout=layout)
    scanner.scan(text, fault)
    return b"".join(segment.data for segment in scanner.draw())


def type_bytes(data: bytes, layout: KeyboardLayout = KeyboardLayout.US, piece_bytes: int = 0) -> str:
    decoder, typer = EventDecoder(), KeyTyper(layout)
    size = piece_bytes or len(data) or 1
    return "".join(typer.feed(decoder.feed(data[at : at + size])) for at in range(0, len(data), size))


def type_keys(*keys: tuple[int, int], layout: KeyboardLayout = KeyboardLayout.US) -> str:
    return KeyTyper(layout).feed(InputEvent(EventType.KEY, code, value) for code, value in keys)


def test_event_lies_in_the_stream_as_the_kernel_writes_it() -> None:
    data = struct.pack("@llHHi", 1_800_000_000, 250_000, 1, 51, 1)
    assert len(data) == EVENT_BYTES
    assert EventDecoder().feed(data) == [InputEvent(1, 51, 1)]
    assert EventDecoder().feed(data)[0].at_s == 1_800_000_000.25
    assert encode_event(InputEvent(1, 51, 1, 1_800_000_000.25)) == data


@pytest.mark.parametrize("layout", KeyboardLayout)
@pytest.mark.parametrize("piece_bytes", [0, 1, 7, EVENT_BYTES])
def test_lines_arrive_whole_in_pieces_of_any_size(layout: KeyboardLayout, piece_bytes: int) -> None:
    assert type_bytes(record(LINES, layout), layout, piece_bytes) == TYPED


@pytest.mark.parametrize("layout", KeyboardLayout)
def test_every_character_of_printed_lines_can_be_typed(layout: KeyboardLayout) -> None:
    assert type_bytes(record(EVERYTHING, layout), layout) == EVERYTHING + "\n"


@pytest.mark.parametrize("layout", KeyboardLayout)
@pytest.mark.parametrize("fault", [ScanFault.REPEATED, ScanFault.ALT_CODES])
def test_repeats_and_codes_type_the_same(layout: KeyboardLayout, fault: ScanFault) -> None:
    assert type_bytes(record(LINES, layout, fault), layout) == TYPED


def test_scanner_of_another_country_is_never_read_as_something_else() -> None:
    # Read by the wrong table fillers are missing, so that no line comes out whole.
    assert "<" not in type_bytes(record(LINES, KeyboardLayout.US), KeyboardLayout.DE)
    assert "0" not in type_bytes(record("0000", KeyboardLayout.FR), KeyboardLayout.US)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ([(16, DOWN)], "Q"),
        ([(LEFT_SHIFT, DOWN), (16, DOWN), (16, UP), (LEFT_SHIFT, UP)], "Q"),
        ([(CAPS, DOWN), (CAPS, UP), (16, DOWN)], "Q"),
        ([(RIGHT_SHIFT, DOWN), (51, DOWN)], "<"),
        ([(LEFT_SHIFT, DOWN), (RIGHT_SHIFT, DOWN), (LEFT_SHIFT, UP), (51, DOWN)], "<"),
        ([(51, DOWN)], UNKNOWN),
        ([(86, DOWN)], "<"),
        ([(LEFT_SHIFT, DOWN), (86, DOWN)], UNKNOWN),
        ([(LEFT_SHIFT, DOWN), (2, DOWN)], UNKNOWN),
        ([(82, DOWN), (79, DOWN)], "01"),
        ([(2, DOWN), (2, REPEAT), (2, REPEAT), (2, UP), (2, DOWN)], "11"),
        ([(28, DOWN), (96, DOWN), (15, DOWN), (57, DOWN)], "\n\n\t "),
        ([(CTRL, DOWN), (50, DOWN), (50, UP), (CTRL, UP), (50, DOWN)], "\rM"),
        ([(CTRL, DOWN), (46, DOWN)], "\x03"),
        ([(59, DOWN), (700, DOWN)], UNKNOWN * 2),
        ([(16, UP), (LEFT_SHIFT, UP)], ""),
        ([(56, DOWN), (56, UP)], ""),
        ([(56, DOWN), (80, DOWN), (79, DOWN), (79, UP), (79, DOWN), (56, UP)], UNKNOWN),
        ([(56, DOWN), (72, DOWN), (79, DOWN), (56, UP)], "Q"),
    ],
)
def test_keys_type(keys: list[tuple[int, int]], text: str) -> None:
    assert type_keys(*keys) == text


@pytest.mark.parametrize(("held_s", "is_hand"), [(0.008, False), (0.09, False), (0.2, True)])
@pytest.mark.parametrize("control", [29, 97])
def test_hand_is_told_from_a_scanner_by_how_long_it_holds_ctrl(held_s: float, is_hand: bool, control: int) -> None:
    """A barcode can hold Ctrl+C too: whoever shows one must not be able to switch the scanner off."""
    typer = KeyTyper(KeyboardLayout.US)
    events = [InputEvent(1, control, DOWN, 7.0), InputEvent(1, 46, DOWN, 7.0 + held_s), InputEvent(1, 46, UP, 9.0)]
    assert typer.feed(events) == "\x03"
    assert typer.saw_hand is is_hand
    assert typer.feed([InputEvent(1, control, UP, 9.0), InputEvent(1, 46, DOWN, 11.0)]) == "C"


def test_other_kinds_of_event_type_nothing() -> None:
    events = [InputEvent(EventType.MSC, 4, 458_756), InputEvent(0x11, 1, 1), InputEvent(EventType.SYN, 0, 0)]
    assert KeyTyper(KeyboardLayout.US).feed(events) == ""


def test_events_the_kernel_lost_end_the_line() -> None:
    typed = type_bytes(record(LINES, fault=ScanFault.DROPPED))
    # What stood between the kernel's word and the next report is left out, and a mark stands in its place.
    assert typed == TYPED[:30] + UNKNOWN + TYPED[30:]


def test_shift_that_was_held_when_events_were_lost_is_forgotten() -> None:
    typer = KeyTyper(KeyboardLayout.US)
    assert typer.feed([InputEvent(EventType.KEY, LEFT_SHIFT, DOWN), Lost(), InputEvent(EventType.KEY, 2, DOWN)]) == "?1"


@pytest.mark.parametrize("garbage", [b"\xff" * 37, b"\xaa" * 3, b"\x01\x00\x20\x4e" * 9])
def test_garbage_before_a_line_is_passed_over(garbage: bytes) -> None:
    assert type_bytes(garbage + record(LINES)).endswith(TYPED[1:])


def test_torn_event_waits_for_its_rest() -> None:
    decoder = EventDecoder()
    data = encode_event(InputEvent(1, 16, 1))
    assert decoder.feed(data[:-1]) == []
    assert decoder.feed(data[-1:]) == [InputEvent(1, 16, 1)]


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_any_bytes_are_decoded_and_typed_and_little_is_held(pieces: list[bytes]) -> None:
    decoder, typer = EventDecoder(), KeyTyper(KeyboardLayout.US)
    for piece in pieces:
        typed = typer.feed(decoder.feed(piece))
        assert set(typed) <= {chr(code) for code in range(0x80)}
    assert len(decoder._buffer) < EVENT_BYTES
