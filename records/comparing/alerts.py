"""The block of an alert: everything that lets the station decide for itself whether to believe it (FORMAT.md, "Alert").

The office proposes; what the station accepts, `alert_rules` says, from the signatures of court and oversight.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import struct
from dataclasses import dataclass, field
from enum import IntEnum

import msgspec

from records.comparing.decisions import MAX_NOTE_BYTES
from records.comparing.padding import is_plain
from records.comparing.people import PERSON_BYTES
from records.errors import CannotOpen, MalformedBytes
from records.suite import HybridPublicKey, HybridSecretKey, make_context

BLOCK_BYTES = 6998  # so that an answer is 8 KiB
TOKEN_BYTES = 32
HASH_BYTES = 32
MAX_PROOF = 15  # 20,000 decisions
MAX_REASONS = 12
MAX_REASON_BYTES = 2370
_MAX_FEATURE_CHARACTERS = 40
_MAX_TEXT_CHARACTERS = 120
_SCORE_STEPS = 10_000
_Reasons = tuple[tuple[str, str, float, str, str], ...]
_HEAD = struct.Struct(f">IIIBH{TOKEN_BYTES}s{PERSON_BYTES}sBHH")


class AlertVerdict(IntEnum):
    """How well the guest fits; a third verdict, cleared, never leaves the office."""

    EXACT = 1  # the same number, and nothing contradicts
    STRONG = 2  # one slip, and by weight name and birth date together agree

    @property
    def word(self) -> str:
        """`exact` or `strong`."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class AlertReason:
    """What one feature says, in plain words."""

    feature: str
    grade: str
    weight_bits: float
    text_zh: str = field(repr=False)
    text_en: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AlertBlock:
    """An alert as the office seals it for the station."""

    person: bytes = field(repr=False)  # encoded, 1 KiB: the very bytes that the terminal sealed
    verdict: AlertVerdict
    score: float  # 0 to 1, four decimals
    reasons: tuple[AlertReason, ...] = field(repr=False)
    decision_note: str = field(repr=False)  # with both signatures
    permit: int
    leaf_index: int
    leaf_count: int
    proof: tuple[bytes, ...] = field(repr=False)
    token: bytes = field(repr=False)  # by which the office can suppress this pair, if the station says: another person


def compute_alert_tag(key: bytes, handle: bytes, leaf: bytes) -> bytes:
    """Return what makes an alert unique: HMAC-SHA256 of handle and decision, under a key of the office's own."""
    return hmac.new(key, make_context("alert tag", handle, leaf), hashlib.sha256).digest()


def encode_block(block: AlertBlock) -> bytes:
    """Return the block, always of one size. Raises: MalformedBytes("block") for what does not fit."""
    _check(block)
    try:
        reasons = msgspec.json.encode([_list_reason(reason) for reason in block.reasons])
        note = block.decision_note.encode()
        head = _HEAD.pack(
            block.permit, block.leaf_index, block.leaf_count, block.verdict, round(block.score * _SCORE_STEPS),
            block.token, block.person, len(block.proof), len(note), len(reasons),
        )  # fmt: skip
    except (struct.error, ValueError):
        raise MalformedBytes("block") from None
    data = head + b"".join(block.proof) + note + reasons
    if len(reasons) > MAX_REASON_BYTES or len(data) > BLOCK_BYTES:
        raise MalformedBytes("block")
    return data.ljust(BLOCK_BYTES, b"\x00")


def decode_block(data: bytes) -> AlertBlock:
    """Read what `encode_block` made, in that one form. Raises: MalformedBytes("block")."""
    if len(data) != BLOCK_BYTES:
        raise MalformedBytes("block")
    permit, index, count, verdict, score, token, person, hashes, note_bytes, reason_bytes = _HEAD.unpack(
        data[: _HEAD.size]
    )
    note_at = _HEAD.size + hashes * HASH_BYTES
    reasons_at = note_at + note_bytes
    end = reasons_at + reason_bytes
    if hashes > MAX_PROOF or note_bytes > MAX_NOTE_BYTES or reason_bytes > MAX_REASON_BYTES or end > BLOCK_BYTES:
        raise MalformedBytes("block")
    try:
        block = AlertBlock(
            person, AlertVerdict(verdict), score / _SCORE_STEPS,
            tuple(AlertReason(*each) for each in msgspec.json.decode(data[reasons_at:end], type=_Reasons)),
            data[note_at:reasons_at].decode(), permit, index, count,
            tuple(data[at : at + HASH_BYTES] for at in range(_HEAD.size, note_at, HASH_BYTES)), token,
        )  # fmt: skip
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise MalformedBytes("block") from None  # its reason would quote the person
    if encode_block(block) != data:
        raise MalformedBytes("block")
    return block


def seal_bytes(encoded: bytes, day_key: HybridPublicKey, handle: bytes, permit: int) -> bytes:
    """Seal an encoded block, or as many zeros, to the station's key of the day."""
    return day_key.seal(encoded, _bind(day_key, handle, permit))


def seal_block(block: AlertBlock, day_key: HybridPublicKey, handle: bytes, permit: int) -> bytes:
    """Seal a block for one handle. Raises: MalformedBytes("block"), also when it names another permit."""
    if block.permit != permit:
        raise MalformedBytes("block")
    return seal_bytes(encode_block(block), day_key, handle, permit)


def open_block(sealed: bytes, day_key: HybridSecretKey, handle: bytes, permit: int) -> AlertBlock:
    """Open a block. Raises: CannotOpen, MalformedBytes("block"), also for the nothing of a miss."""
    block = decode_block(day_key.open(sealed, _bind(day_key.public, handle, permit)))
    if block.permit != permit:
        raise CannotOpen("block")
    return block


def _list_reason(reason: AlertReason) -> tuple[str, str, float, str, str]:
    return reason.feature, reason.grade, float(reason.weight_bits), reason.text_zh, reason.text_en


def _bind(key: HybridPublicKey, handle: bytes, permit: int) -> bytes:
    return make_context("alert block", key.key_id, handle, permit.to_bytes(4, "big"))


def _check(block: AlertBlock) -> None:
    sizes = (len(block.person), len(block.token), {len(each) for each in block.proof} - {HASH_BYTES})
    if sizes != (PERSON_BYTES, TOKEN_BYTES, set()) or len(block.proof) > MAX_PROOF:
        raise MalformedBytes("block")
    if not 0 <= block.score <= 1 or not 0 < len(block.reasons) <= MAX_REASONS:
        raise MalformedBytes("block")
    if not all(math.isfinite(reason.weight_bits) for reason in block.reasons):
        raise MalformedBytes("block")
    for reason in block.reasons:
        words = (reason.feature, reason.grade), (reason.text_zh, reason.text_en)
        is_short = all(is_plain(word, _MAX_FEATURE_CHARACTERS) for word in words[0])
        if not is_short or not all(is_plain(word, _MAX_TEXT_CHARACTERS) for word in words[1]):
            raise MalformedBytes("block")
