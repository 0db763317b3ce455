"""The envelope: a header that central can read, a sealed part that it cannot, and the terminal's signature.

FORMAT.md, "Envelope". The bytes are signed as they are and never encoded again.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from records import suite
from records.errors import BadSignature, MalformedBytes
from records.part import PartScope, RecordPart
from records.stays import StayEvent
from records.suite import SigningKey, VerifyKey, make_context

MAGIC = b"KRE1"
_HEADER = struct.Struct(">4sB16sIQ16s16s16s8s8s8sQI")
HEADER_BYTES = _HEADER.size
MAX_ENVELOPE_BYTES = 32 * 1024
NO_ID = bytes(suite.ID_BYTES)
# What a signed 64-bit column of a database can hold.
MAX_SEQUENCE = 2**63 - 1


class EnvelopeKind(IntEnum):
    """What an envelope carries."""

    RECORD = 1
    VOID = 2  # header only: closes a sequence number whose envelope was refused


@dataclass(frozen=True, slots=True)
class Header:
    """What central can read of an envelope: no personal data. Ids are raw bytes."""

    kind: EnvelopeKind
    terminal: bytes
    generation: int
    sequence: int
    record: bytes
    replaces: bytes  # record deleted when this one is accepted, or NO_ID
    stay_tag: bytes  # NO_ID in a void
    terminal_key: bytes  # key id
    court_key: bytes  # key id
    oversight_key: bytes  # key id
    captured_at: datetime  # aware UTC, whole seconds

    @property
    def scope(self) -> PartScope:
        """What the record part of this header is bound to."""
        return PartScope(self.terminal, self.record)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A parsed envelope and the exact bytes it came from."""

    header: Header
    part: RecordPart | None = field(repr=False)
    data: bytes = field(repr=False)
    digest: bytes = field(init=False)  # SHA-256 of the whole envelope
    part_digest: bytes = field(init=False)  # SHA-256 of the record part alone; the same in every generation

    def __post_init__(self) -> None:
        # Once: central asks for them several times, while other envelopes wait.
        body = self.data[HEADER_BYTES : -suite.SIGNATURE_BYTES]
        object.__setattr__(self, "digest", hashlib.sha256(self.data).digest())
        object.__setattr__(self, "part_digest", hashlib.sha256(body).digest())


def sign_envelope(header: Header, part: RecordPart | None, key: SigningKey) -> Envelope:
    """Return the signed envelope of a part (None for a void).

    Raises: MalformedBytes for a header that `parse_envelope` would refuse.
    """
    body = b"" if part is None else part.to_bytes()
    signed = _pack_header(header, len(body)) + body
    # Parsed again, so that nothing is ever signed that the other side must refuse.
    return parse_envelope(signed + key.sign(make_context("envelope") + signed))


def parse_envelope(data: bytes) -> Envelope:
    """Take an envelope to pieces without checking the signature.

    Raises: MalformedBytes naming what is wrong: length, magic, kind, sequence, captured_at, ids, record part.
    """
    if not HEADER_BYTES + suite.SIGNATURE_BYTES <= len(data) <= MAX_ENVELOPE_BYTES:
        raise MalformedBytes("length")
    header, part_length = _unpack_header(data[:HEADER_BYTES])
    body = data[HEADER_BYTES : -suite.SIGNATURE_BYTES]
    if len(body) != part_length:
        raise MalformedBytes("length")
    if header.kind is EnvelopeKind.VOID:
        # A void that names a record to replace would delete it and put nothing in its place.
        if header.replaces != NO_ID or header.stay_tag != NO_ID:
            raise MalformedBytes("ids")
        if body:
            raise MalformedBytes("record part")
        return Envelope(header, None, bytes(data))
    if NO_ID in (header.record, header.stay_tag) or header.replaces == header.record:
        raise MalformedBytes("ids")
    return Envelope(header, RecordPart.from_bytes(body), bytes(data))


def verify_envelope(envelope: Envelope, key: VerifyKey) -> None:
    """Check the terminal's signature and that the header names this key. Raises: BadSignature."""
    if envelope.header.terminal_key != key.key_id:
        raise BadSignature
    signed, signature = envelope.data[: -suite.SIGNATURE_BYTES], envelope.data[-suite.SIGNATURE_BYTES :]
    key.verify(make_context("envelope") + signed, signature)


def check_event(header: Header, event: StayEvent) -> None:
    """Check that an opened event says what its header says: record, record replaced, time.

    Whoever opens a record calls it: central cannot compare the two. Raises: MalformedBytes("stay event").
    """
    ids = (event.record, event.replaces) == (header.record.hex(), _write_id(header.replaces))
    if not ids or int(event.captured_at.timestamp()) != int(header.captured_at.timestamp()):
        raise MalformedBytes("stay event")


def _write_id(record: bytes) -> str:
    return "" if record == NO_ID else record.hex()


def _pack_header(header: Header, part_length: int) -> bytes:
    ids = (header.terminal, header.record, header.replaces, header.stay_tag)
    keys = (header.terminal_key, header.court_key, header.oversight_key)
    # struct would pad or cut them without a word.
    if any(len(each) != suite.ID_BYTES for each in ids) or any(len(each) != suite.KEY_ID_BYTES for each in keys):
        raise MalformedBytes("ids")
    return _HEADER.pack(
        MAGIC, header.kind, header.terminal, header.generation, header.sequence, header.record, header.replaces,
        header.stay_tag, header.terminal_key, header.court_key, header.oversight_key,
        int(header.captured_at.timestamp()), part_length,
    )  # fmt: skip


def _unpack_header(data: bytes) -> tuple[Header, int]:
    (
        magic, kind, terminal, generation, sequence, record, replaces,
        stay_tag, terminal_key, court_key, oversight_key, seconds, part_length,
    ) = _HEADER.unpack(data)  # fmt: skip
    if magic != MAGIC:
        raise MalformedBytes("magic")
    if kind not in set(EnvelopeKind):
        raise MalformedBytes("kind")
    if not 1 <= sequence <= MAX_SEQUENCE:
        raise MalformedBytes("sequence")
    header = Header(
        EnvelopeKind(kind), terminal, generation, sequence, record, replaces,
        stay_tag, terminal_key, court_key, oversight_key, suite.read_time(seconds, "captured_at"),
    )  # fmt: skip
    return header, part_length
