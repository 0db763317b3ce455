"""Frames of the serial resident-card readers (SAM_V; GA 450, GA 467, as public descriptions give them).

    AA AA AA 96 69 | LEN (2, big-endian) | body | CHK

LEN counts body and CHK; CHK is the XOR of LEN and body. A request's body is CMD PARA data, a reply's
SW1 SW2 SW3 data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from operator import xor

from drivers.errors import DamagedFrame

PREAMBLE = bytes.fromhex("AAAAAA9669")
# The longest published reply (text, photo, two fingerprints) has LEN 2314; anything far beyond is no frame.
MAX_LEN = 4096
_MIN_LEN = 3  # CMD PARA CHK, the shortest request
_HEAD = len(PREAMBLE) + 2

RESET = bytes.fromhex("10FF")
STATUS = bytes.fromhex("11FF")
SAM_ID = bytes.fromhex("12FF")
FIND = bytes.fromhex("2001")
SELECT = bytes.fromhex("2002")
READ_BASE = bytes.fromhex("3001")
READ_NEW_ADDRESS = bytes.fromhex("3003")
SET_BAUD = 0x60  # followed by the speed's place in `BAUD_CODES`
BAUD_CODES = (115200, 57600, 38400, 19200, 9600)

OK = 0x90
CARD_FOUND = 0x9F
BAD_CHECKSUM = 0x10
UNKNOWN_COMMAND = 0x24
READ_FAILED = 0x41
NO_CARD = 0x80
SELECT_FAILED = 0x81
NO_CONTENT = 0x91


@dataclass(frozen=True, slots=True)
class Reply:
    """The body of a reply. `status` is SW1 SW2 SW3; its `repr` shows no data."""

    status: bytes
    data: bytes = field(repr=False)

    @property
    def code(self) -> int:
        """SW3, which alone tells the outcome."""
        return self.status[2]


def make_baud_command(baud: int) -> bytes:
    """Return the command that sets the module's speed. Raises: ValueError for one that is none of its five."""
    return bytes((SET_BAUD, BAUD_CODES.index(baud)))


def compute_checksum(data: bytes) -> int:
    """Return the XOR of all bytes (0 to 255)."""
    return reduce(xor, data, 0)


def encode_frame(body: bytes) -> bytes:
    """Return the frame around `body`. Raises: ValueError when the body is longer than a frame may be."""
    if len(body) + 1 > MAX_LEN:
        raise ValueError(f"a body has at most {MAX_LEN - 1} bytes")
    counted = (len(body) + 1).to_bytes(2, "big") + body
    return PREAMBLE + counted + bytes([compute_checksum(counted)])


def parse_reply(body: bytes) -> Reply:
    """Split a reply's body into status and data. Raises: DamagedFrame when it has no room for a status."""
    if len(body) < 3:
        raise DamagedFrame
    return Reply(body[:3], body[3:])


class FrameDecoder:
    """Finds frames in what arrives piece by piece, with noise before, between and inside.

    Never raises; holds at most one frame's length and the last piece. A frame whose checksum is wrong is
    counted in `damaged` and searched again from its second byte, since its preamble may have been noise.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.damaged = 0

    @property
    def awaits_rest(self) -> bool:
        """True while a frame has begun and is not whole."""
        return self._buffer.startswith(PREAMBLE)

    def feed(self, piece: bytes) -> list[bytes]:
        """Add what arrived; return the bodies of the frames that are now whole, in order."""
        self._buffer += piece
        bodies: list[bytes] = []
        start = 0
        while (start := self._find_candidate(start)) >= 0:
            end = self._find_end(start)
            if end > len(self._buffer):
                break
            if (body := self._check_frame(start, end)) is not None:
                bodies.append(body)
                start = end
            else:
                self.damaged += 1
                start += 1
        self._drop_before(start)
        return bodies

    def take_overlapped(self) -> list[bytes]:
        """Return whole frames that begin inside one still incomplete; for when the line has gone quiet.

        A false preamble may announce more bytes than ever come and so hide the real reply behind it.
        While bytes still arrive the first candidate is preferred, lest data inside it pass for a frame.
        """
        start = 0
        while (start := self._find_candidate(start + 1)) >= 0:
            end = self._find_end(start)
            if end <= len(self._buffer) and (body := self._check_frame(start, end)) is not None:
                del self._buffer[:end]
                return [body, *self.feed(b"")]
        return []

    def _find_candidate(self, start: int) -> int:
        """Return where the next preamble with a possible LEN begins, as far as can be seen, or -1."""
        while (start := self._buffer.find(PREAMBLE, start)) >= 0:
            head = self._buffer[start + len(PREAMBLE) : start + _HEAD]
            if len(head) < 2 or _MIN_LEN <= int.from_bytes(head, "big") <= MAX_LEN:
                return start
            start += 1
        return -1

    def _find_end(self, start: int) -> int:
        """Return where the frame at `start` ends; beyond the buffer while its head is not whole."""
        head = self._buffer[start + len(PREAMBLE) : start + _HEAD]
        return start + _HEAD + (int.from_bytes(head, "big") if len(head) == 2 else 0)

    def _check_frame(self, start: int, end: int) -> bytes | None:
        """Return the body between head and checksum, or None when the checksum is wrong."""
        counted = bytes(self._buffer[start + len(PREAMBLE) : end])
        return counted[2:-1] if compute_checksum(counted) == 0 else None

    def _drop_before(self, start: int) -> None:
        """Drop what cannot begin a frame: all before `start`, or all but the beginnings of a preamble."""
        if start >= 0:
            del self._buffer[:start]
            return
        kept = next((n for n in range(len(PREAMBLE) - 1, 0, -1) if self._buffer.endswith(PREAMBLE[:n])), 0)
        del self._buffer[: len(self._buffer) - kept]
