"""Commands to a chip and its answers (ISO/IEC 7816-4): short and extended length, both directions. Pure.

`ApduChannel` is the seam of everything above: the plain channel is one, secure messaging over it another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from drivers.errors import ChipDamaged

MAX_SHORT_LE = 256
MAX_EXTENDED_LE = 65536
MAX_SHORT_DATA = 255
MAX_EXTENDED_DATA = 65535


class Sw(IntEnum):
    """Status words that somebody here acts upon."""

    OK = 0x9000
    END_OF_FILE = 0x6282
    AUTHENTICATION_FAILED = 0x6300
    WRONG_LENGTH = 0x6700
    SECURITY_NOT_SATISFIED = 0x6982
    METHOD_BLOCKED = 0x6983
    DATA_INVALID = 0x6984
    CONDITIONS_NOT_SATISFIED = 0x6985
    SM_OBJECTS_MISSING = 0x6987
    SM_OBJECTS_WRONG = 0x6988
    WRONG_DATA = 0x6A80
    FUNCTION_NOT_SUPPORTED = 0x6A81
    FILE_NOT_FOUND = 0x6A82
    WRONG_PARAMETERS = 0x6A86
    WRONG_OFFSET = 0x6B00
    INSTRUCTION_UNKNOWN = 0x6D00
    CLASS_UNKNOWN = 0x6E00


@dataclass(frozen=True, slots=True)
class Command:
    """A command. `le` is the greatest number of bytes wanted back, 0 for none."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = field(default=b"", repr=False)
    le: int = 0

    @property
    def header(self) -> bytes:
        """The four bytes in front."""
        return bytes([self.cla, self.ins, self.p1, self.p2])

    @property
    def is_extended(self) -> bool:
        """True where only the extended form can say it."""
        return len(self.data) > MAX_SHORT_DATA or self.le > MAX_SHORT_LE

    def encode(self) -> bytes:
        """Return the bytes, short where that is enough. Raises: ValueError where even the extended form is not."""
        if len(self.data) > MAX_EXTENDED_DATA or not 0 <= self.le <= MAX_EXTENDED_LE:
            raise ValueError("no command is so long")
        if not self.is_extended:
            lc = bytes([len(self.data)]) if self.data else b""
            le = bytes([self.le % MAX_SHORT_LE]) if self.le else b""
            return self.header + lc + self.data + le
        lc = len(self.data).to_bytes(2, "big") if self.data else b""
        le = (self.le % MAX_EXTENDED_LE).to_bytes(2, "big") if self.le else b""
        return self.header + b"\x00" + lc + self.data + le


@dataclass(frozen=True, slots=True)
class Answer:
    """A chip's answer."""

    data: bytes = field(repr=False)
    sw: int

    @property
    def is_ok(self) -> bool:
        """True for 9000 and nothing else."""
        return self.sw == Sw.OK

    def encode(self) -> bytes:
        """Return the bytes."""
        return self.data + self.sw.to_bytes(2, "big")


class ApduChannel(Protocol):
    """Something that carries commands to a chip; see `drivers.channel` and `drivers.proto.secure_messaging`."""

    def send(self, command: Command) -> Answer:
        """Return the chip's whole answer. Raises: CardRemoved, CardMute, ChipDamaged and what the line raises."""

    def find_room(self) -> int:
        """Return how many bytes one answer can carry at most."""


def parse_answer(data: bytes) -> Answer:
    """Split an answer as it came. Raises: ChipDamaged when it has no status word."""
    if len(data) < 2:
        raise ChipDamaged("answer")
    return Answer(data[:-2], int.from_bytes(data[-2:], "big"))


def parse_command(data: bytes) -> Command:
    """Parse a command as the card sees it. Raises: ChipDamaged when its lengths do not add up."""
    if len(data) < 4:
        raise ChipDamaged("command")
    header, body = data[:4], data[4:]
    if len(body) > 1 and body[0] == 0:
        content, le = _split_extended(body[1:])
    else:
        content, le = _split_short(body)
    cla, ins, p1, p2 = header
    return Command(cla, ins, p1, p2, content, le)


def _split_short(body: bytes) -> tuple[bytes, int]:
    if not body:
        return b"", 0
    if len(body) == 1:
        return b"", body[0] or MAX_SHORT_LE
    end = 1 + body[0]
    if len(body) == end:
        return body[1:], 0
    if len(body) == end + 1:
        return body[1:end], body[end] or MAX_SHORT_LE
    raise ChipDamaged("command")


def _split_extended(body: bytes) -> tuple[bytes, int]:
    if len(body) < 2:
        raise ChipDamaged("command")
    number = int.from_bytes(body[:2], "big")
    if len(body) == 2:
        return b"", number or MAX_EXTENDED_LE
    end = 2 + number
    if number and len(body) == end:
        return body[2:], 0
    if number and len(body) == end + 2:
        return body[2:end], int.from_bytes(body[end:], "big") or MAX_EXTENDED_LE
    raise ChipDamaged("command")
