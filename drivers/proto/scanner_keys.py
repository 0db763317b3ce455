"""From the keys that a scanner presses to the text that it means, by tables of our own. Pure.

The host's keyboard layout has no say: what counts is the country that the *scanner* is set to, and the numbers of its
keys (<linux/input-event-codes.h>). Printed lines know capitals, digits and `<` alone; every other character becomes
`?`, which ends a line like any other character that cannot stand in one, so that none is silently left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from drivers.proto.input_events import KEY_DOWN, KEY_UP, EventType, InputEvent, Lost

UNKNOWN = "?"

KEY_ENTER, KEY_TAB, KEY_SPACE, KEY_COMMA, KEY_102ND, KEY_KPENTER = 28, 15, 57, 51, 86, 96
KEY_LEFTSHIFT, KEY_RIGHTSHIFT, KEY_CAPSLOCK, KEY_NUMLOCK, KEY_SCROLLLOCK = 42, 54, 58, 69, 70
KEY_LEFTALT, KEY_LEFTCTRL, KEY_RIGHTCTRL, KEY_C = 56, 29, 97, 46
_SHIFTS, _CONTROLS = {KEY_LEFTSHIFT, KEY_RIGHTSHIFT}, {KEY_LEFTCTRL, KEY_RIGHTCTRL}
_SILENT = _SHIFTS | _CONTROLS | {KEY_LEFTALT, KEY_CAPSLOCK, KEY_NUMLOCK, KEY_SCROLLLOCK, 100, 125, 126}

_ROWS = (16, "QWERTYUIOP"), (30, "ASDFGHJKL"), (44, "ZXCVBNM")
_LETTERS = {first + n: letter for first, row in _ROWS for n, letter in enumerate(row)}
_DIGITS = {2 + n: digit for n, digit in enumerate("1234567890")}
_KEYPAD = {71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0"}
_ENDS = {KEY_ENTER: "\n", KEY_KPENTER: "\n", KEY_TAB: "\t", KEY_SPACE: " "}

# Scanners press one key after another within some thousandths of a second.
HAND_S = 0.1


class KeyboardLayout(StrEnum):
    """The country a scanner is set to, as far as it matters for printed lines."""

    US = "us"
    DE = "de"  # Y and Z exchanged
    FR = "fr"  # A and Q, Z and W exchanged, M beside L, digits with shift


_MOVED: dict[KeyboardLayout, dict[int, str]] = {
    KeyboardLayout.US: {},
    KeyboardLayout.DE: {21: "Z", 44: "Y"},
    KeyboardLayout.FR: {16: "A", 30: "Q", 17: "Z", 44: "W", 39: "M", 50: UNKNOWN},
}


class KeyTyper:
    """Follows the keys of one scanner. Never raises."""

    def __init__(self, layout: KeyboardLayout) -> None:
        self._layout = layout
        self._letters = _LETTERS | _MOVED[layout]
        self._held: set[int] = set()
        self._code = ""  # digits typed on the keypad while Alt is held
        self._control_at_s = 0.0
        # Set once Ctrl was held for a while and C pressed: no scanner does that, whatever somebody makes it scan.
        self.saw_hand = False

    def feed(self, events: Iterable[InputEvent | Lost]) -> str:
        """Return the characters that these events type.

        Case is not told: shift and caps lock change no letter, since printed lines have capitals alone. Repeats of a
        key that is held are left out. Where events were lost nothing is known to be held any more.
        """
        return "".join(self._take(event) for event in events)

    def _take(self, event: InputEvent | Lost) -> str:
        if isinstance(event, Lost):
            self._held.clear()
            self._code = ""
            return UNKNOWN
        if event.type != EventType.KEY:
            return ""
        if event.value == KEY_UP:
            self._held.discard(event.code)
            return self._end_code() if event.code == KEY_LEFTALT else ""
        if event.value != KEY_DOWN:
            return ""
        self._held.add(event.code)
        if event.code in _CONTROLS:
            self._control_at_s = event.at_s
        elif event.code == KEY_C and self._held & _CONTROLS and event.at_s - self._control_at_s >= HAND_S:
            self.saw_hand = True
        return self._press(event.code)

    def _press(self, key: int) -> str:
        if key in _SILENT:
            return ""
        if KEY_LEFTALT in self._held and key in _KEYPAD:
            self._code = (self._code + _KEYPAD[key])[-4:]
            return ""
        if self._held & _CONTROLS:
            # Some scanners send control characters so: Ctrl+M is a line end, Ctrl+B the start of a text.
            letter = self._letters.get(key, UNKNOWN)
            return chr(ord(letter) & 0x1F) if letter != UNKNOWN else UNKNOWN
        return self._find_character(key, is_shifted=bool(self._held & _SHIFTS))

    def _find_character(self, key: int, *, is_shifted: bool) -> str:
        if key in self._letters:
            return self._letters[key]
        if key in _DIGITS:
            # Without shift a French one types characters there that stand in no printed line.
            return _DIGITS[key] if is_shifted is (self._layout is KeyboardLayout.FR) else UNKNOWN
        if key == KEY_102ND:
            return UNKNOWN if is_shifted else "<"
        if key == KEY_COMMA:
            return "<" if is_shifted and self._layout is KeyboardLayout.US else UNKNOWN
        return (_KEYPAD | _ENDS).get(key, UNKNOWN)

    def _end_code(self) -> str:
        """Return the character whose number was typed with Alt held, as scanners do that fit every layout."""
        code, self._code = self._code, ""
        if not code:
            return ""
        return chr(int(code)).upper() if int(code) < 0x80 else UNKNOWN
