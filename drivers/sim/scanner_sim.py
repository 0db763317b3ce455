"""A scanner of printed lines, simulated: the keys it presses as the kernel's bytes, or the characters on its line."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from enum import StrEnum

from drivers.proto.input_events import (
    KEY_DOWN,
    KEY_REPEAT,
    KEY_UP,
    SYN_DROPPED,
    SYN_REPORT,
    EventType,
    InputEvent,
    encode_event,
)
from drivers.proto.scanner_keys import KeyboardLayout
from drivers.sim.sam_sim import Segment

# Numbers of keys and what they type, by country; from <linux/input-event-codes.h> and the countries' keyboards, and
# not from the driver's own table, so that the one checks the other.
_ROWS: dict[KeyboardLayout, tuple[str, str, str]] = {
    KeyboardLayout.US: ("QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM"),
    KeyboardLayout.DE: ("QWERTZUIOP", "ASDFGHJKL", "YXCVBNM"),
    KeyboardLayout.FR: ("AZERTYUIOP", "QSDFGHJKLM", "WXCVBN"),
}
_FILLER_KEYS = {KeyboardLayout.US: (51, True), KeyboardLayout.DE: (86, False), KeyboardLayout.FR: (86, False)}
_SHIFT, _ALT, _ENTER, _CTRL, _C = 42, 56, 28, 29, 46
_NOW_S = 1_800_000_000.25  # of a clock that stands still: keys come at once
_KEYPAD = (82, 79, 80, 81, 75, 76, 77, 71, 72, 73)
_MSC_SCAN = 4
_SLOW_S = 0.3  # before every eighth character; far slower than any scanner is set to


class ScanFault(StrEnum):
    """What may go wrong with one scan."""

    TORN = "torn"  # the second half never comes
    GARBAGE = "garbage"  # bytes before it that mean nothing
    DROPPED = "dropped"  # the kernel's queue ran over on the way
    REPEATED = "repeated"  # the kernel repeats each key as one that is held
    SLOW = "slow"
    NO_END = "no_end"  # no line ends
    ALT_CODES = "alt_codes"  # each character by its number, typed on the keypad with Alt held
    BURST = "burst"  # the same document twice without a pause
    HAND = "hand"  # no scan at all: somebody holds Ctrl and presses C


class SimulatedScanner:
    """One scanner. Scans may be asked for from any thread while another one draws what it sends."""

    def __init__(self, *, layout: KeyboardLayout | None) -> None:
        """With `layout` it types like a keyboard of that country; with None it sends characters on a serial line."""
        self._layout = layout
        self._lock = threading.Lock()
        self._waiting: deque[Segment] = deque()

    def scan(self, text: str, fault: ScanFault | None = None) -> None:
        """Scan printed lines, a newline between them."""
        end = "" if fault is ScanFault.NO_END else "\r"
        text = text.replace("\n", end) + end
        if fault is ScanFault.BURST:
            text += text
        if fault is ScanFault.TORN:
            text = text[: len(text) // 2]
        segments = list(self._send(text, fault))
        with self._lock:
            self._waiting += segments

    def draw(self) -> list[Segment]:
        """Return what is to be sent now."""
        with self._lock:
            segments = list(self._waiting)
            self._waiting.clear()
        return segments

    def _send(self, text: str, fault: ScanFault | None) -> Iterator[Segment]:
        if fault is ScanFault.HAND:
            held = _press(_CTRL, "down") + _press(_C, at_s=_NOW_S + 0.3) + _press(_CTRL, "up", at_s=_NOW_S + 0.3)
            yield Segment(held if self._layout else b"\x03")
            return
        if fault is ScanFault.GARBAGE:
            yield Segment(b"\xff" * 37)
        for place, character in enumerate(text):
            if fault is ScanFault.DROPPED and place == len(text) // 3:
                yield Segment(self._drop())
            is_late = fault is ScanFault.SLOW and place % 8 == 7
            yield Segment(self._encode(character, fault), _SLOW_S if is_late else 0.0)

    def _encode(self, character: str, fault: ScanFault | None) -> bytes:
        if self._layout is None:
            return character.encode("ascii")
        if fault is ScanFault.ALT_CODES and character != "\r":
            digits = b"".join(_press(_KEYPAD[int(digit)]) for digit in f"{ord(character):03d}")
            return _press(_ALT, "down") + digits + _press(_ALT, "up")
        key, is_shifted = _find_key(self._layout, character)
        pressed = _press(key, "repeated" if fault is ScanFault.REPEATED else "")
        return _press(_SHIFT, "down") + pressed + _press(_SHIFT, "up") if is_shifted else pressed

    def _drop(self) -> bytes:
        """Return the kernel's word that events are missing, with what is left of them; on a line, a NUL."""
        if self._layout is None:
            return b"\0"
        left = (InputEvent(EventType.SYN, SYN_DROPPED, 0), InputEvent(EventType.KEY, 30, KEY_DOWN))
        return b"".join(encode_event(event) for event in (*left, InputEvent(EventType.SYN, SYN_REPORT, 0)))


def _find_key(layout: KeyboardLayout, character: str) -> tuple[int, bool]:
    """Return the key that types the character on that country's keyboard, and whether with shift."""
    if character == "\r":
        return _ENTER, False
    if character == "<":
        return _FILLER_KEYS[layout]
    if character.isdigit():
        return 2 + "1234567890".index(character), layout is KeyboardLayout.FR
    for first, row in zip((16, 30, 44), _ROWS[layout], strict=True):
        if character in row:
            return first + row.index(character), True
    raise ValueError("printed lines have capitals, digits and fillers")


def _press(key: int, how: str = "", at_s: float = _NOW_S) -> bytes:
    """Return the bytes of a key pressed and released, or only "down" or "up", or "repeated" in between."""
    values = {"down": [KEY_DOWN], "up": [KEY_UP], "repeated": [KEY_DOWN, KEY_REPEAT, KEY_REPEAT, KEY_UP]}
    events = []
    for value in values.get(how, [KEY_DOWN, KEY_UP]):
        if value != KEY_REPEAT:
            events.append(InputEvent(EventType.MSC, _MSC_SCAN, key, at_s))
        events += [InputEvent(EventType.KEY, key, value, at_s), InputEvent(EventType.SYN, SYN_REPORT, 0, at_s)]
    return b"".join(encode_event(event) for event in events)
