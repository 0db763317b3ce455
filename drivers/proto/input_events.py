"""Linux input events as they lie in a stream: `struct input_event` of <linux/input.h>. Pure.

struct timeval (two longs) | type (2) | code (2) | value (4, signed)      in the machine's own sizes and order
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum

_EVENT = struct.Struct("@llHHi")
EVENT_BYTES = _EVENT.size
_TYPE_MAX, _CODE_MAX = 0x1F, 0x2FF
_MICROSECONDS = 1_000_000


class EventType(IntEnum):
    """The types of event that matter here."""

    SYN = 0
    KEY = 1
    MSC = 4


SYN_REPORT = 0
SYN_DROPPED = 3  # the kernel's queue ran over: everything up to the next report is incomplete
KEY_UP, KEY_DOWN, KEY_REPEAT = 0, 1, 2


@dataclass(frozen=True, slots=True)
class InputEvent:
    """One event. `type` is an `EventType` or another kernel one, `code` a key's number where that is KEY."""

    type: int
    code: int
    value: int
    at_s: float = field(default=0.0, compare=False)  # by the kernel's clock


@dataclass(frozen=True, slots=True)
class Lost:
    """Some events did not come through: what was typed around here is not whole."""


def encode_event(event: InputEvent) -> bytes:
    """Return the event as the kernel hands it over."""
    seconds, microseconds = divmod(round(event.at_s * _MICROSECONDS), _MICROSECONDS)
    return _EVENT.pack(seconds, microseconds, event.type, event.code, event.value)


class EventDecoder:
    """Finds events in what arrives piece by piece. Never raises; holds less than one event.

    The kernel hands over whole events only. A stream that stands in for it may tear one: bytes that can be no event
    are passed over one by one until some can, and `Lost` says so.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._is_dropping = False

    def feed(self, piece: bytes) -> list[InputEvent | Lost]:
        """Take what arrived; return the events that are now whole, in order."""
        data = self._buffer + piece
        found: list[InputEvent | Lost] = []
        start = 0
        while start + EVENT_BYTES <= len(data):
            seconds, microseconds, kind, code, value = _EVENT.unpack_from(data, start)
            event = InputEvent(kind, code, value, seconds + microseconds / _MICROSECONDS)
            if 0 <= microseconds < _MICROSECONDS and _is_possible(event):
                start += EVENT_BYTES
                found += self._pass_on(event)
                continue
            start += 1
            if not found or found[-1] != Lost():
                found.append(Lost())
        self._buffer = data[start:]
        return found

    def _pass_on(self, event: InputEvent) -> list[InputEvent | Lost]:
        """Leave out what stands between the kernel's word that its queue ran over and the next report."""
        if event.type == EventType.SYN:
            was_dropping, self._is_dropping = self._is_dropping, event.code == SYN_DROPPED
            return [Lost()] if self._is_dropping and not was_dropping else []
        return [] if self._is_dropping else [event]


def _is_possible(event: InputEvent) -> bool:
    if event.type == EventType.KEY:
        return event.code <= _CODE_MAX and event.value in (KEY_UP, KEY_DOWN, KEY_REPEAT)
    return event.type <= _TYPE_MAX and event.code <= _CODE_MAX
