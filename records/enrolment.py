"""Enrolment: how a new terminal proves that it was given a one-time code (FORMAT.md, "Enrolment").

The code itself never travels. It is the seed of a signing key, central keeps the public half alone, and what the
terminal sends is signed by it. So whoever listens, or reads central's database, cannot enrol a terminal of their own,
and nobody on the way can exchange a key.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from functools import cache
from importlib import resources

import msgspec

from records import suite
from records.errors import BadSignature, MalformedBytes
from records.groups import read_groups, write_groups
from records.profile import VenueKind
from records.suite import SigningKey, Verifier, VerifyKey, make_context

REQUEST_MAGIC = b"KEQ1"
ANSWER_MAGIC = b"KEA1"
ENROLMENT_PATH = "/v1/enrolments"
CONTENT_TYPE = "application/vnd.kuaijietong.enrolment"
CODE_BYTES = 14  # 112 random bits, seven groups of six digits
CODE_GROUPS = 7
CODE_LASTS = timedelta(minutes=15)
TOLERANCE_S = 600  # a request made further than this from central's clock, either way, is told so
FINGERPRINT_WORDS = {"en": 6, "zh": 8}  # of eleven bits each; characters that sound alike ask for two more
MOST_DETAILS_BYTES = 2048
_LISTS = {"en": "english.txt", "zh": "chinese.txt"}
_REQUEST = struct.Struct(">4s16s32s32s32s32sQ")
_ANSWER = struct.Struct(">4s32sBQ16sH")
_DIGEST_BYTES = 32
_BITS_PER_WORD = 11
REQUEST_BYTES = _REQUEST.size + 2 * suite.SIGNATURE_BYTES
MOST_ANSWER_BYTES = _ANSWER.size + MOST_DETAILS_BYTES + suite.SIGNATURE_BYTES


class EnrolmentStatus(IntEnum):
    """How far an enrolment has come, as central tells the terminal."""

    WAITING = 1  # the code was right; somebody else has to approve
    ACTIVE = 2
    REFUSED = 3  # by a person, or what was approved has been withdrawn since
    EXPIRED = 4  # the code, or the time in which somebody could approve
    UNKNOWN_CODE = 5
    CODE_USED = 6  # by another terminal
    WRONG_TIME = 7  # the terminal's clock
    WRONG_ROOT = 8  # another root file, or another receipt key, than central's

    @property
    def is_final(self) -> bool:
        """True when asking again with the same request brings nothing."""
        return self is not EnrolmentStatus.WAITING


@dataclass(frozen=True, slots=True)
class EnrolmentRequest:
    """What a terminal says of itself. Ids and keys are raw bytes."""

    terminal: bytes
    terminal_key: VerifyKey
    code_key: VerifyKey  # public half of the key that follows from the code
    receipt_key: bytes  # central's, as the terminal's root file names it
    root_digest: bytes  # SHA-256 of the terminal's root file
    made_at: datetime  # aware UTC, whole seconds, by the terminal's clock


@dataclass(frozen=True, slots=True)
class SignedEnrolmentRequest:
    """A parsed request and the exact bytes it came from."""

    request: EnrolmentRequest
    data: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the whole request: what the answer is about."""
        return hashlib.sha256(self.data).digest()


class HouseDetails(msgspec.Struct, frozen=True):
    """The house a terminal is for, as an administrator wrote it down. Empty where the answer names none."""

    name: str = ""
    address: str = ""
    kind: str = ""  # VenueKind


@dataclass(frozen=True, slots=True)
class EnrolmentAnswer:
    """Central's signed answer."""

    digest: bytes  # of the request
    status: EnrolmentStatus
    answered_at: datetime  # aware UTC, whole seconds
    venue: bytes  # id; sixteen zeros where the answer names no house
    house: HouseDetails


def derive_code_key(code: bytes) -> SigningKey:
    """Return the signing key that follows from a one-time code of 14 bytes. Raises: MalformedBytes("code")."""
    if len(code) != CODE_BYTES:
        raise MalformedBytes("code")
    return SigningKey.from_bytes(suite.derive_key(code, b"", make_context("enrolment code")))


def write_code(code: bytes) -> tuple[str, ...]:
    """Return the groups of a code, as they are shown once."""
    return write_groups(code)


def read_code(groups: list[str]) -> bytes:
    """Return the code of typed groups. Raises: MalformedBytes("group") for one that was never shown."""
    return read_groups(groups, CODE_GROUPS)


def sign_enrolment_request(request: EnrolmentRequest, key: SigningKey, code_key: SigningKey) -> SignedEnrolmentRequest:
    """Return the request, signed with the terminal's key and with the code's. Raises: MalformedBytes, BadSignature."""
    if (key.public, code_key.public) != (request.terminal_key, request.code_key):
        raise BadSignature
    lengths = len(request.terminal), len(request.receipt_key), len(request.root_digest)
    if lengths != (suite.ID_BYTES, suite.KEY_BYTES, _DIGEST_BYTES):
        raise MalformedBytes("ids")  # struct would pad or cut them without a word
    body = _REQUEST.pack(
        REQUEST_MAGIC, request.terminal, request.terminal_key.data, request.code_key.data, request.receipt_key,
        request.root_digest, int(request.made_at.timestamp()),
    )  # fmt: skip
    signed = body + key.sign(make_context("enrolment request") + body)
    return parse_enrolment_request(signed + code_key.sign(make_context("enrolment code proof") + signed))


def parse_enrolment_request(data: bytes) -> SignedEnrolmentRequest:
    """Take a request to pieces without checking the signatures.

    Raises: MalformedBytes naming what is wrong: length, magic, ids, made_at, verify key.
    """
    if len(data) != REQUEST_BYTES:
        raise MalformedBytes("length")
    magic, terminal, key, code_key, receipt_key, root_digest, seconds = _REQUEST.unpack(data[: _REQUEST.size])
    if magic != REQUEST_MAGIC:
        raise MalformedBytes("magic")
    if terminal == bytes(suite.ID_BYTES) or key == code_key:
        raise MalformedBytes("ids")
    request = EnrolmentRequest(
        terminal, VerifyKey.from_bytes(key), VerifyKey.from_bytes(code_key), receipt_key, root_digest,
        suite.read_time(seconds, "made_at"),
    )  # fmt: skip
    return SignedEnrolmentRequest(request, bytes(data))


def verify_enrolment_request(signed: SignedEnrolmentRequest) -> None:
    """Check both signatures. Raises: BadSignature."""
    body, rest = signed.data[: _REQUEST.size], signed.data[_REQUEST.size :]
    by_terminal, by_code = rest[: suite.SIGNATURE_BYTES], rest[suite.SIGNATURE_BYTES :]
    signed.request.terminal_key.verify(make_context("enrolment request") + body, by_terminal)
    signed.request.code_key.verify(make_context("enrolment code proof") + body + by_terminal, by_code)


def sign_enrolment_answer(answer: EnrolmentAnswer, key: SigningKey) -> bytes:
    """Return the answer, signed with the receipt key. Raises: MalformedBytes("details")."""
    details = msgspec.json.encode(answer.house)
    if len(details) > MOST_DETAILS_BYTES or len(answer.venue) != suite.ID_BYTES:
        raise MalformedBytes("details")
    seconds = int(answer.answered_at.timestamp())
    body = _ANSWER.pack(ANSWER_MAGIC, answer.digest, answer.status, seconds, answer.venue, len(details)) + details
    return body + key.sign(make_context("enrolment answer") + body)


def open_enrolment_answer(data: bytes, signed: SignedEnrolmentRequest, key: Verifier) -> EnrolmentAnswer:
    """Return central's answer to exactly this request.

    Raises: MalformedBytes("answer"), BadSignature (also for the answer to another request).
    """
    if not _ANSWER.size + suite.SIGNATURE_BYTES <= len(data) <= MOST_ANSWER_BYTES:
        raise MalformedBytes("answer")
    body = data[: -suite.SIGNATURE_BYTES]
    key.verify(make_context("enrolment answer") + body, data[-suite.SIGNATURE_BYTES :])
    magic, digest, status, seconds, venue, length = _ANSWER.unpack(body[: _ANSWER.size])
    details = body[_ANSWER.size :]
    if magic != ANSWER_MAGIC or status not in set(EnrolmentStatus) or length != len(details):
        raise MalformedBytes("answer")
    if digest != signed.digest:
        raise BadSignature
    return EnrolmentAnswer(
        digest, EnrolmentStatus(status), suite.read_time(seconds, "answer"), venue, _read_details(details)
    )


def spell_fingerprint(request: EnrolmentRequest, language: str) -> tuple[str, ...]:
    """Return the words that both screens show, "en" or "zh": they cover terminal, its key, central's key and root.

    66 bits in English, 88 in Chinese; the words of both stand for the same places in their lists.
    """
    parts = (request.terminal, request.terminal_key.data, request.receipt_key, request.root_digest)
    digest = int.from_bytes(hashlib.sha256(make_context("enrolment fingerprint", *parts)).digest(), "big")
    list_, top = _load_list(language), 8 * _DIGEST_BYTES
    shifts = (top - _BITS_PER_WORD * (n + 1) for n in range(FINGERPRINT_WORDS[language]))
    return tuple(list_[digest >> shift & (2**_BITS_PER_WORD - 1)] for shift in shifts)


def _read_details(data: bytes) -> HouseDetails:
    try:
        details = msgspec.json.decode(data, type=HouseDetails)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise MalformedBytes("answer") from None
    if details.kind and details.kind not in set(VenueKind):
        raise MalformedBytes("answer")
    return details


@cache
def _load_list(language: str) -> tuple[str, ...]:
    text = (resources.files("records") / "words" / _LISTS[language]).read_text("utf-8")
    return tuple(text.split())
