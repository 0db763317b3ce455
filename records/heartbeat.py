"""The heartbeat: a terminal tells central every minute that it is alive (FORMAT.md, "Heartbeat").

It says how the machine is, and nothing of whom it serves: no count of guests or rooms, and a reader that is
reading a card is told as one that is ready.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

import msgspec

from records import suite
from records.errors import BadSignature, MalformedBytes
from records.suite import SigningKey, VerifyKey, make_context

MAGIC = b"KHB2"
EARLIER_MAGIC = b"KHB1"  # the same without the numbers of notice and settings; still taken, never made
HEARTBEAT_PATH = "/v1/heartbeats"
CONTENT_TYPE = "application/vnd.kuaijietong.heartbeat"
INTERVAL_S = 60
TOLERANCE_S = 600  # a heartbeat further than this from central's clock, either way, is refused
VERSION_BYTES = 16
_BODY = struct.Struct(">4s16s8sQ16sBIIiIQI")
_LATER_BYTES = 12  # what KHB1 does not have
BODY_BYTES = _BODY.size
HEARTBEAT_BYTES = BODY_BYTES + suite.SIGNATURE_BYTES
EARLIER_BYTES = HEARTBEAT_BYTES - _LATER_BYTES
HEARTBEAT_LENGTHS = frozenset({HEARTBEAT_BYTES, EARLIER_BYTES})
_UNKNOWN_OFFSET = -(2**31)
_MOST = 2**32 - 1


class ReaderCode(IntEnum):
    """The state of the card reader, as far as a heartbeat tells it."""

    READY = 1  # also while it reads: at which minute a guest stands at the counter is nobody's business
    DOWN = 2


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a terminal tells of itself."""

    terminal: bytes
    terminal_key: bytes  # key id
    sent_at: datetime  # aware UTC, whole seconds, by the terminal's clock
    version: str  # of the software: printable ASCII without spaces, 1 to 16 characters
    reader: ReaderCode
    queue: int  # envelopes without a receipt
    oldest_s: int  # how long the oldest of them has waited
    clock_offset_s: int | None  # terminal's clock less central's, as last seen; None: not seen yet
    free_disk_mib: int
    notice_seen: int = 0  # the highest number of a notice by central that somebody has read; 0 for none
    settings: int = 0  # number of the remote settings in force; 0 where none ever came


@dataclass(frozen=True, slots=True)
class SignedHeartbeat:
    """A parsed heartbeat and the exact bytes it came from."""

    heartbeat: Heartbeat
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HeartbeatReply:
    """Central's answer, of any status. Not signed: a hint for a person who looks at a clock."""

    time: int  # central's, seconds since 1970
    error: str = ""  # a plain sentence where the heartbeat was refused
    settings: int = 0  # the number of remote settings that the terminal has not confirmed; 0 for none
    notices: tuple[str, ...] = ()  # base64 of signed notices for this terminal (records.service_notice)


def sign_heartbeat(heartbeat: Heartbeat, key: SigningKey) -> SignedHeartbeat:
    """Return the signed heartbeat; figures beyond their field are cut to the largest.

    Raises: MalformedBytes for one that `parse_heartbeat` would refuse.
    """
    body = _pack(heartbeat)
    return parse_heartbeat(body + key.sign(make_context("heartbeat") + body))


def parse_heartbeat(data: bytes) -> SignedHeartbeat:
    """Take a heartbeat to pieces without checking the signature.

    Raises: MalformedBytes naming what is wrong: length, magic, ids, sent_at, version, reader, oldest.
    """
    (
        terminal, terminal_key, seconds, version, reader, queue, oldest_s, offset_s, free_disk_mib, notice_seen,
        settings,
    ) = _unpack(data)  # fmt: skip
    if terminal == bytes(suite.ID_BYTES):
        raise MalformedBytes("ids")
    if reader not in set(ReaderCode):
        raise MalformedBytes("reader")
    if oldest_s and not queue:
        raise MalformedBytes("oldest")
    heartbeat = Heartbeat(
        terminal, terminal_key, suite.read_time(seconds, "sent_at"), _read_version(version), ReaderCode(reader),
        queue, oldest_s, None if offset_s == _UNKNOWN_OFFSET else offset_s, free_disk_mib, notice_seen, settings,
    )  # fmt: skip
    return SignedHeartbeat(heartbeat, bytes(data))


def verify_heartbeat(signed: SignedHeartbeat, key: VerifyKey) -> None:
    """Check the terminal's signature and that the heartbeat names this key. Raises: BadSignature."""
    if signed.heartbeat.terminal_key != key.key_id:
        raise BadSignature
    body, signature = signed.data[: -suite.SIGNATURE_BYTES], signed.data[-suite.SIGNATURE_BYTES :]
    key.verify(make_context("heartbeat") + body, signature)


def encode_heartbeat_reply(reply: HeartbeatReply) -> bytes:
    """Return the reply as JSON."""
    return msgspec.json.encode(reply)


def decode_heartbeat_reply(data: bytes) -> HeartbeatReply:
    """Parse a reply. Raises: MalformedBytes("reply")."""
    try:
        return msgspec.json.decode(data, type=HeartbeatReply)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise MalformedBytes("reply") from None


def _unpack(data: bytes) -> tuple[Any, ...]:
    """Return the fields behind the magic; an earlier program's heartbeat names neither notice nor settings."""
    if len(data) not in HEARTBEAT_LENGTHS:
        raise MalformedBytes("length")
    body = data[: -suite.SIGNATURE_BYTES].ljust(BODY_BYTES, b"\0")
    magic, *fields = _BODY.unpack(body)
    if magic != (MAGIC if len(data) == HEARTBEAT_BYTES else EARLIER_MAGIC):
        raise MalformedBytes("magic")
    suite.read_time(fields[-2], "notice")  # numbers of notices are as large as a time
    return tuple(fields)


def _pack(heartbeat: Heartbeat) -> bytes:
    # struct would pad or cut them without a word.
    if len(heartbeat.terminal) != suite.ID_BYTES or len(heartbeat.terminal_key) != suite.KEY_ID_BYTES:
        raise MalformedBytes("ids")
    if not heartbeat.version.isascii() or len(heartbeat.version) > VERSION_BYTES:
        raise MalformedBytes("version")
    offset_s = _UNKNOWN_OFFSET if heartbeat.clock_offset_s is None else heartbeat.clock_offset_s
    return _BODY.pack(
        MAGIC, heartbeat.terminal, heartbeat.terminal_key, int(heartbeat.sent_at.timestamp()),
        heartbeat.version.encode("ascii"), heartbeat.reader, min(heartbeat.queue, _MOST),
        min(heartbeat.oldest_s, _MOST), max(_UNKNOWN_OFFSET, min(offset_s, 2**31 - 1)),
        min(heartbeat.free_disk_mib, _MOST), heartbeat.notice_seen, heartbeat.settings,
    )  # fmt: skip


def _read_version(data: bytes) -> str:
    # Printable without a space: it is shown in a table on somebody's terminal.
    text, zeros = data.rstrip(b"\0"), len(data) - len(data.rstrip(b"\0"))
    if not text or any(not 0x21 <= byte <= 0x7E for byte in text) or zeros != data.count(0):
        raise MalformedBytes("version")
    return text.decode("ascii")
