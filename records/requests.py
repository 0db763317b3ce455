"""A guest's request to the privacy officer, and the answer (FORMAT.md, "Guests' requests").

Both are found and opened with the slip alone. All requests have one size, and all answers another.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal

import msgspec

from records import browser_seal, suite
from records.errors import CannotOpen, MalformedBytes
from records.privacy_key import PrivacyPublicKey, PrivacySecretKey
from records.slip import SLIP_KEY_BYTES
from records.suite import GCM_TAG_BYTES, HPKE_OVERHEAD_BYTES, ID_BYTES, KEY_BYTES, KEY_ID_BYTES, make_context

MOST_REQUESTS = 4  # of one stay: the ids of all are asked for at once
MOST_CHARACTERS = 1000
MOST_ANSWER_CHARACTERS = 2000
MARK_BYTES = 16
PLAIN_BYTES = 16 * 1024
INNER_BYTES = PLAIN_BYTES + browser_seal.OVERHEAD_BYTES
POSTED_BYTES = ID_BYTES + MARK_BYTES + INNER_BYTES
SEALED_BYTES = ID_BYTES + MARK_BYTES + KEY_ID_BYTES + INNER_BYTES + HPKE_OVERHEAD_BYTES
SALT_BYTES = 16
_ANSWER_PLAIN_BYTES = 16 * 1024
ANSWER_BYTES = SALT_BYTES + _ANSWER_PLAIN_BYTES + GCM_TAG_BYTES
_LENGTH_BYTES = 4


class RequestKind(StrEnum):
    """What a guest asks."""

    KEPT = "kept"  # what is kept of me
    WRONG = "wrong"  # that is wrong
    OBJECT = "object"  # I object, or something else


Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class GuestRequest:
    """What a guest wrote, and the key under which the answer is to be sealed."""

    kind: RequestKind
    language: Language
    text: str = field(repr=False)
    answer_key: bytes = field(repr=False)
    record: str = field(default="", repr=False)  # JSON of the record as the page showed it, only if the guest wished


@dataclass(frozen=True, slots=True)
class Answer:
    """What the privacy officer answers."""

    text: str = field(repr=False)
    is_correction: bool  # shown beside the record, as a note to the stay
    answered_on: date


@dataclass(frozen=True, slots=True)
class PostedRequest:
    """What the browser sends to the page: who holds no privacy key reads none of it."""

    request: bytes  # its id
    mark: bytes
    inner: bytes

    def to_bytes(self) -> bytes:
        """Return the body that the browser sends."""
        return self.request + self.mark + self.inner

    @classmethod
    def from_bytes(cls, data: bytes) -> PostedRequest:
        """Read a body. Raises: MalformedBytes("request")."""
        if len(data) != POSTED_BYTES:
            raise MalformedBytes("request")
        return cls(data[:ID_BYTES], data[ID_BYTES : ID_BYTES + MARK_BYTES], data[ID_BYTES + MARK_BYTES :])


@dataclass(frozen=True, slots=True)
class SealedRequest:
    """What the page passes on and the privacy officer keeps: sealed once more, by the suite KRE1."""

    request: bytes
    mark: bytes
    key_id: bytes
    outer: bytes

    def to_bytes(self) -> bytes:
        """Return the body that the page sends."""
        return self.request + self.mark + self.key_id + self.outer

    @classmethod
    def from_bytes(cls, data: bytes) -> SealedRequest:
        """Read a body. Raises: MalformedBytes("request")."""
        if len(data) != SEALED_BYTES:
            raise MalformedBytes("request")
        mark_at, key_at = ID_BYTES, ID_BYTES + MARK_BYTES
        outer_at = key_at + KEY_ID_BYTES
        return cls(data[:mark_at], data[mark_at:key_at], data[key_at:outer_at], data[outer_at:])


def derive_request_id(slip_key: bytes, number: int) -> bytes:
    """Return the 16-byte id of a stay's request; numbers run from 1 to 4. Raises: MalformedBytes."""
    return suite.derive_key(_check(slip_key), b"", make_context("request id", _encode_number(number)), ID_BYTES)


def derive_answer_key(slip_key: bytes, number: int) -> bytes:
    """Return the key under which the answer to a request is sealed. Raises: MalformedBytes."""
    return suite.derive_key(_check(slip_key), b"", make_context("answer key", _encode_number(number)))


def encode_request(request: GuestRequest) -> bytes:
    """Return a request as it is sealed: JSON, padded to 16 KiB. Raises: MalformedBytes("request")."""
    _check_request(request)
    return _pad(msgspec.json.encode(request), PLAIN_BYTES)


def decode_request(padded: bytes) -> GuestRequest:
    """Parse what was sealed. Raises: MalformedBytes("request")."""
    try:
        request = msgspec.json.decode(_unpad(padded, PLAIN_BYTES), type=GuestRequest)
    except (msgspec.MsgspecError, ValueError):
        raise MalformedBytes("request") from None  # its reason would quote the guest
    _check_request(request)
    return request


def mark_request(answer_key: bytes, request: bytes, padded: bytes) -> bytes:
    """Return what tells two texts under one id apart, and nothing else without the answer key."""
    return suite.derive_key(
        answer_key, request, make_context("request mark", hashlib.sha256(padded).digest()), MARK_BYTES
    )


def post_request(request: GuestRequest, request_id: bytes, key: PrivacyPublicKey) -> PostedRequest:
    """Seal a request as the guest's browser does. Raises: MalformedBytes("request")."""
    padded = encode_request(request)
    inner = key.browser.seal(padded, make_context("request", request_id))
    return PostedRequest(request_id, mark_request(request.answer_key, request_id, padded), inner)


def seal_request(posted: PostedRequest, key: PrivacyPublicKey) -> SealedRequest:
    """Seal what a browser sent once more, as the page does: what is recorded today must hold for decades."""
    outer = key.hybrid.seal(posted.inner, make_context("request on its way", posted.request))
    return SealedRequest(posted.request, posted.mark, key.hybrid.key_id, outer)


def open_request(sealed: SealedRequest, key: PrivacySecretKey) -> GuestRequest:
    """Open both layers. Raises: CannotOpen, MalformedBytes("request")."""
    inner = key.hybrid.open(sealed.outer, make_context("request on its way", sealed.request))
    padded = key.browser.open(inner, make_context("request", sealed.request))
    request = decode_request(padded)
    if not hmac.compare_digest(mark_request(request.answer_key, sealed.request, padded), sealed.mark):
        raise CannotOpen
    return request


def seal_answer(
    answer: Answer, request: bytes, answer_key: bytes, random_bytes: Callable[[int], bytes] = os.urandom
) -> bytes:
    """Seal an answer for the holder of the slip; always the same size. Raises: MalformedBytes("answer")."""
    if not _is_plain(answer.text, MOST_ANSWER_CHARACTERS):
        raise MalformedBytes("answer")
    salt = random_bytes(SALT_BYTES)
    padded = _pad(msgspec.json.encode(answer), _ANSWER_PLAIN_BYTES)
    # A key of its own for each sealing: the constant nonce then never meets another text.
    key = suite.derive_key(answer_key, salt, make_context("answer content key", request))
    return salt + suite.encrypt_once(key, padded, make_context("answer", request))


def open_answer(sealed: bytes, request: bytes, answer_key: bytes) -> Answer:
    """Open what `seal_answer` made. Raises: CannotOpen, MalformedBytes("answer")."""
    if len(sealed) != ANSWER_BYTES:
        raise MalformedBytes("answer")
    key = suite.derive_key(answer_key, sealed[:SALT_BYTES], make_context("answer content key", request))
    padded = suite.decrypt_once(key, sealed[SALT_BYTES:], make_context("answer", request))
    try:
        return msgspec.json.decode(_unpad(padded, _ANSWER_PLAIN_BYTES), type=Answer)
    except (msgspec.MsgspecError, ValueError):
        raise MalformedBytes("answer") from None


def _check(slip_key: bytes) -> bytes:
    if len(slip_key) != SLIP_KEY_BYTES:
        raise MalformedBytes("slip")
    return slip_key


def _encode_number(number: int) -> bytes:
    if not 1 <= number <= MOST_REQUESTS:
        raise MalformedBytes("request")
    return bytes([number])


def _check_request(request: GuestRequest) -> None:
    if not _is_plain(request.text, MOST_CHARACTERS) or len(request.answer_key) != KEY_BYTES:
        raise MalformedBytes("request")


def _is_plain(text: str, most: int) -> bool:
    """Tell whether a text says something, is not too long, and has no character that only a machine sees."""
    hidden = any(unicodedata.category(each) in ("Cc", "Cs") for each in text if each != "\n")
    return bool(text.strip()) and len(text) <= most and not hidden


def _pad(data: bytes, size: int) -> bytes:
    if len(data) + _LENGTH_BYTES > size:
        raise MalformedBytes("request")
    return (len(data).to_bytes(_LENGTH_BYTES, "big") + data).ljust(size, b"\x00")


def _unpad(padded: bytes, size: int) -> bytes:
    end = _LENGTH_BYTES + int.from_bytes(padded[:_LENGTH_BYTES], "big")
    if len(padded) != size or end > size or any(padded[end:]):
        raise ValueError
    return padded[_LENGTH_BYTES:end]
