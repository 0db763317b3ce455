"""Letters between the parties: sealed to the receiver, signed by the sender, all of one size (FORMAT.md, "Mail")."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum

from records.comparing import texts
from records.comparing.annex import MAX_LABEL_CHARACTERS
from records.comparing.decision_rules import MAX_NUMBER_CHARACTERS
from records.comparing.errors import AlertFault, DecisionFault
from records.comparing.padding import decode_padded, encode_padded
from records.errors import BadSignature, MalformedBytes
from records.suite import (
    HPKE_OVERHEAD_BYTES,
    SIGNATURE_BYTES,
    HybridPublicKey,
    HybridSecretKey,
    MessageSigner,
    VerifyKey,
    make_context,
)

MAGIC = b"KRM1"
LETTER_BYTES = 4096
_HEADER = struct.Struct(">4sBBB8s8s")
SEALED_BYTES = LETTER_BYTES - _HEADER.size - SIGNATURE_BYTES
CONTENT_BYTES = SEALED_BYTES - HPKE_OVERHEAD_BYTES
_TOKEN_BYTES = 32
_LEAF_BYTES = 32


class Role(IntEnum):
    """Who writes or reads a letter. Which court it is, the key id tells."""

    OFFICE = 1
    STATION = 2
    COURT = 3
    OVERSIGHT = 4


class LetterKind(IntEnum):
    """What a letter is about."""

    OUTCOME = 1
    WITHDRAWAL = 2
    REFUSAL_REPORT = 3
    COUNTS = 4  # of a month: records/comparing/counts.py
    SUPPRESSION = 5
    QUIET = 6
    REVIEW = 7
    ACT_COUNTS = 8  # of a month, a court's, by act
    OFFICE_COUNTS = 9  # of a month. A kind of its own, so that no writer's letters stand between the other's
    GUESTS = 10  # how many were compared in a month that is over


# Who may write what to whom; nothing else is a letter.
_ALLOWED = frozenset(
    {
        (Role.STATION, Role.OFFICE, LetterKind.OUTCOME),
        (Role.STATION, Role.COURT, LetterKind.OUTCOME),
        (Role.COURT, Role.OFFICE, LetterKind.WITHDRAWAL),
        (Role.COURT, Role.STATION, LetterKind.WITHDRAWAL),
        (Role.STATION, Role.OVERSIGHT, LetterKind.REFUSAL_REPORT),
        (Role.STATION, Role.OFFICE, LetterKind.SUPPRESSION),
        (Role.STATION, Role.OFFICE, LetterKind.QUIET),
        (Role.STATION, Role.COURT, LetterKind.QUIET),
        (Role.STATION, Role.OVERSIGHT, LetterKind.QUIET),
        (Role.COURT, Role.OFFICE, LetterKind.REVIEW),
        (Role.COURT, Role.STATION, LetterKind.REVIEW),
        (Role.STATION, Role.OVERSIGHT, LetterKind.COUNTS),
        (Role.STATION, Role.OVERSIGHT, LetterKind.ACT_COUNTS),
        (Role.OFFICE, Role.OVERSIGHT, LetterKind.OFFICE_COUNTS),
        (Role.OFFICE, Role.STATION, LetterKind.GUESTS),
    }
)


class Outcome(StrEnum):
    """How an alert ended."""

    CONFIRMED = "confirmed"
    OTHER_PERSON = "other-person"
    IDENTITY_MISUSED = "identity-misused"
    DECISION_WRONG = "decision-wrong"
    COULD_NOT_BE_FOUND = "could-not-be-found"


@dataclass(frozen=True, slots=True)
class OutcomeReport:
    """What the station tells office and court when it closes an alert: no guest, no house, no time of day."""

    leaf: bytes
    decision: str  # the court's file number
    outcome: Outcome
    alert_tag: bytes
    day: date


@dataclass(frozen=True, slots=True)
class SuppressionProposal:
    """What two officers of the station say to the office: this guest is not the person of this decision."""

    leaf: bytes
    alert_tag: bytes
    token: bytes = field(repr=False)  # as it stood in the alert: a keyed hash, no place and no time


@dataclass(frozen=True, slots=True)
class QuietNotice:
    """What the station tells office, court and oversight when a decision, or a court's list, goes quiet."""

    court: str
    leaf: bytes | None  # of the decision; None where all of the court's are quiet
    decision: str  # its file number, or ""
    number: int  # of this court's notice, from 1; 0 for a decision, which only ends
    false: int  # alerts about somebody else, among …
    closed: int  # … so many that were closed; 0 for a decision
    day: date


@dataclass(frozen=True, slots=True)
class RefusalReport:
    """What the station tells oversight of an alert that it refused: which check, of which permit, on which day."""

    fault: AlertFault
    decision_fault: DecisionFault | None
    permit: int
    day: date


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter taken to pieces; its signature is checked by `verify_letter`."""

    sender: Role
    receiver: Role
    kind: LetterKind
    sender_key_id: bytes
    box_id: bytes  # which box it is sealed to
    sealed: bytes = field(repr=False)
    data: bytes = field(repr=False)


def seal_letter(
    kind: LetterKind, sender: Role, receiver: Role, content: bytes, *, box: HybridPublicKey, key: MessageSigner
) -> bytes:
    """Return a signed letter. Raises: MalformedBytes("letter") for one that nobody may write, or too long."""
    if (sender, receiver, kind) not in _ALLOWED or len(content) != CONTENT_BYTES:
        raise MalformedBytes("letter")
    head = _HEADER.pack(MAGIC, sender, receiver, kind, key.public.key_id, box.key_id)
    signed = head + box.seal(content, make_context("letter", head))
    return signed + key.sign(make_context("letter", signed))


def parse_letter(data: bytes) -> Letter:
    """Take a letter to pieces. Raises: MalformedBytes("letter")."""
    if len(data) != LETTER_BYTES:
        raise MalformedBytes("letter")
    magic, sender, receiver, kind, key_id, box_id = _HEADER.unpack(data[: _HEADER.size])
    try:
        route = Role(sender), Role(receiver), LetterKind(kind)
    except ValueError:
        raise MalformedBytes("letter") from None
    if magic != MAGIC or route not in _ALLOWED:
        raise MalformedBytes("letter")
    return Letter(*route, key_id, box_id, bytes(data[_HEADER.size : -SIGNATURE_BYTES]), bytes(data))


def name_letter(data: bytes) -> dict[str, str]:
    """Return kind and sender of a letter as its head says them, for a log; "?" where it says none. No content."""
    try:
        letter = parse_letter(data)
    except MalformedBytes:
        return {"kind": "?", "sender": "?"}
    return {"kind": letter.kind.name, "sender": letter.sender.name}


def verify_letter(letter: Letter, key: VerifyKey) -> None:
    """Check the sender's signature. Raises: BadSignature."""
    if letter.sender_key_id != key.key_id:
        raise BadSignature("letter")
    signed, signature = letter.data[:-SIGNATURE_BYTES], letter.data[-SIGNATURE_BYTES:]
    try:
        key.verify(make_context("letter", signed), signature)
    except BadSignature:
        raise BadSignature("letter") from None


def open_letter(letter: Letter, box: HybridSecretKey) -> bytes:
    """Open a letter whose signature was checked. Raises: CannotOpen, MalformedBytes("letter")."""
    content = box.open(letter.sealed, make_context("letter", letter.data[: _HEADER.size]))
    if len(content) != CONTENT_BYTES:
        raise MalformedBytes("letter")
    return content


def encode_outcome(report: OutcomeReport) -> bytes:
    """Return a letter's content. Raises: MalformedBytes("outcome")."""
    _check_outcome(report)
    return encode_padded(report, CONTENT_BYTES, "outcome")


def decode_outcome(content: bytes) -> OutcomeReport:
    """Read what `encode_outcome` made. Raises: MalformedBytes("outcome")."""
    report = decode_padded(content, CONTENT_BYTES, OutcomeReport, "outcome")
    _check_outcome(report)
    return report


def encode_refusal(report: RefusalReport) -> bytes:
    """Return a letter's content. Raises: MalformedBytes("refusal")."""
    return encode_padded(report, CONTENT_BYTES, "refusal")


def decode_refusal(content: bytes) -> RefusalReport:
    """Read what `encode_refusal` made. Raises: MalformedBytes("refusal")."""
    return decode_padded(content, CONTENT_BYTES, RefusalReport, "refusal")


def encode_proposal(proposal: SuppressionProposal) -> bytes:
    """Return a letter's content. Raises: MalformedBytes("suppression")."""
    _check_proposal(proposal)
    return encode_padded(proposal, CONTENT_BYTES, "suppression")


def decode_proposal(content: bytes) -> SuppressionProposal:
    """Read what `encode_proposal` made. Raises: MalformedBytes("suppression")."""
    proposal = decode_padded(content, CONTENT_BYTES, SuppressionProposal, "suppression")
    _check_proposal(proposal)
    return proposal


def encode_quiet(notice: QuietNotice) -> bytes:
    """Return a letter's content. Raises: MalformedBytes("quiet")."""
    _check_quiet(notice)
    return encode_padded(notice, CONTENT_BYTES, "quiet")


def decode_quiet(content: bytes) -> QuietNotice:
    """Read what `encode_quiet` made. Raises: MalformedBytes("quiet")."""
    notice = decode_padded(content, CONTENT_BYTES, QuietNotice, "quiet")
    _check_quiet(notice)
    return notice


def encode_note(note: str) -> bytes:
    """Return a signed note as a letter's content: a withdrawal, or a review. Raises: MalformedBytes("withdrawal")."""
    return encode_padded(note, CONTENT_BYTES, "withdrawal")


def decode_note(content: bytes) -> str:
    """Read what `encode_note` made; whose it is, the note's own loader checks. Raises: MalformedBytes."""
    return decode_padded(content, CONTENT_BYTES, str, "withdrawal")


def _check_outcome(report: OutcomeReport) -> None:
    sizes = len(report.leaf), len(report.alert_tag)
    if sizes != (_LEAF_BYTES, _LEAF_BYTES) or not texts.is_label(report.decision, MAX_NUMBER_CHARACTERS):
        raise MalformedBytes("outcome")


def _check_proposal(proposal: SuppressionProposal) -> None:
    if (len(proposal.leaf), len(proposal.alert_tag), len(proposal.token)) != (_LEAF_BYTES, _LEAF_BYTES, _TOKEN_BYTES):
        raise MalformedBytes("suppression")


def _check_quiet(notice: QuietNotice) -> None:
    """Check that it is about one decision by leaf and number, or about a court by the number of its notice."""
    is_one = notice.leaf is not None
    fits = texts.is_label(notice.decision, MAX_NUMBER_CHARACTERS) if is_one else notice.decision == ""
    fits = fits and len(notice.leaf or bytes(_LEAF_BYTES)) == _LEAF_BYTES and (notice.number == 0) == is_one
    if not fits or not texts.is_label(notice.court, MAX_LABEL_CHARACTERS) or not _are_counts(notice):
        raise MalformedBytes("quiet")


def _are_counts(notice: QuietNotice) -> bool:
    return all(0 <= each <= texts.MAX_U32 for each in (notice.number, notice.false, notice.closed))
