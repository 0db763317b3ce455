"""Central's two signed answers to an envelope: the receipt and the refusal (FORMAT.md, "Answers")."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from records import suite
from records.errors import MalformedBytes
from records.suite import SigningKey, Verifier, make_context

RECEIPT_MAGIC = b"KRC1"
REFUSAL_MAGIC = b"KRF1"
_RECEIPT = struct.Struct(">4s16sIQ32sQ")
_REFUSAL = struct.Struct(">4s32sHQ")
RECEIPT_BYTES = _RECEIPT.size + suite.SIGNATURE_BYTES
REFUSAL_BYTES = _REFUSAL.size + suite.SIGNATURE_BYTES


class RefusalReason(IntEnum):
    """Why an envelope was refused. From 100 on the fault is the terminal's standing, not the envelope's."""

    MALFORMED = 1
    TOO_LARGE = 2
    BAD_SIGNATURE = 3
    SEQUENCE_CONFLICT = 4  # another envelope has this number: a restored or cloned disk
    RECORD_CONFLICT = 5  # another part has this record id
    WRONG_KEYS = 6  # sealed to disclosure keys that the root file does not name
    UNKNOWN_TERMINAL = 100
    TERMINAL_REVOKED = 101
    TERMINAL_SUSPENDED = 103  # until two administrators lift it
    WRONG_TIME = 102  # of a request for the house share alone: records are accepted however old

    @property
    def concerns_terminal(self) -> bool:
        """True when the same envelope may be accepted later, once an administrator has acted."""
        return self >= 100


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that central holds an envelope; always the same length, and the same bytes for the same envelope."""

    terminal: bytes
    generation: int
    sequence: int
    digest: bytes  # SHA-256 of the whole envelope
    received_at: datetime  # aware UTC, whole seconds
    data: bytes = field(repr=False)

    @property
    def acknowledgement(self) -> str:
        """The number an owner shows to an inspector: the start of the receipt's signature, in groups of four."""
        digits = self.data[-suite.SIGNATURE_BYTES :][:8].hex().upper()
        return "-".join(digits[i : i + 4] for i in range(0, 16, 4))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Central's signed refusal of exactly the bytes with this digest: an envelope, or a request for the house share."""

    digest: bytes
    reason: RefusalReason
    refused_at: datetime  # aware UTC, whole seconds
    data: bytes = field(repr=False)


def sign_receipt(
    terminal: bytes, generation: int, sequence: int, digest: bytes, received_at: datetime, key: SigningKey
) -> Receipt:
    """Return the signed receipt of an envelope."""
    body = _RECEIPT.pack(RECEIPT_MAGIC, terminal, generation, sequence, digest, int(received_at.timestamp()))
    # Not verified: that would cost twice the signing, and central signs thousands a second.
    return _read_receipt(body + key.sign(make_context("receipt") + body))


def parse_receipt(data: bytes, key: Verifier) -> Receipt:
    """Parse and verify a receipt. Raises: MalformedBytes("receipt"), BadSignature."""
    if len(data) != RECEIPT_BYTES or data[:4] != RECEIPT_MAGIC:
        raise MalformedBytes("receipt")
    body, signature = data[: _RECEIPT.size], data[_RECEIPT.size :]
    key.verify(make_context("receipt") + body, signature)
    return _read_receipt(data)


def recall_receipt(data: bytes) -> Receipt:
    """Read a receipt that was verified when it came. Raises: MalformedBytes("receipt")."""
    if len(data) != RECEIPT_BYTES or data[:4] != RECEIPT_MAGIC:
        raise MalformedBytes("receipt")
    return _read_receipt(data)


def sign_refusal(digest: bytes, reason: RefusalReason, refused_at: datetime, key: SigningKey) -> Refusal:
    """Return the signed refusal of the bytes with this SHA-256."""
    body = _REFUSAL.pack(REFUSAL_MAGIC, digest, reason, int(refused_at.timestamp()))
    # Not verified, as for a receipt.
    return _read_refusal(body + key.sign(make_context("refusal") + body))


def parse_refusal(data: bytes, key: Verifier) -> Refusal:
    """Parse and verify a refusal. Raises: MalformedBytes("refusal"), BadSignature."""
    if len(data) != REFUSAL_BYTES or data[:4] != REFUSAL_MAGIC:
        raise MalformedBytes("refusal")
    body, signature = data[: _REFUSAL.size], data[_REFUSAL.size :]
    key.verify(make_context("refusal") + body, signature)
    return _read_refusal(data)


def _read_receipt(data: bytes) -> Receipt:
    _, terminal, generation, sequence, digest, seconds = _RECEIPT.unpack(data[: _RECEIPT.size])
    return Receipt(terminal, generation, sequence, digest, suite.read_time(seconds, "receipt"), bytes(data))


def _read_refusal(data: bytes) -> Refusal:
    _, digest, reason, seconds = _REFUSAL.unpack(data[: _REFUSAL.size])
    if reason not in set(RefusalReason):
        raise MalformedBytes("refusal")
    return Refusal(digest, RefusalReason(reason), suite.read_time(seconds, "refusal"), bytes(data))
