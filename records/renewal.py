"""Key renewal: a terminal's signing key hands over to the next one (FORMAT.md, "Key renewal").

The old key signs the new one, and the new one signs back. So the message is at once a request to central and the proof
by which a guest's page that knows one of the two keys believes the other.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from records import suite
from records.errors import BadSignature, MalformedBytes
from records.suite import SigningKey, Verifier, VerifyKey, make_context

RENEWAL_PATH = "/v1/key-renewals"
CONTENT_TYPE = "application/vnd.kuaijietong.key-renewal"
# How long a key is meant to sign, and how long before its end a terminal begins to renew it.
KEY_LASTS = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)
MAX_NUMBER = 2**32 - 1
_RENEWAL_MAGIC, _CONFIRMATION_MAGIC, _ANSWER_MAGIC = b"KNR1", b"KNC1", b"KNA1"
_RENEWAL = struct.Struct(">4s16sI32s32sQ")
_CONFIRMATION = struct.Struct(">4s16s32s")
_ANSWER = struct.Struct(">4s32sQ")
RENEWAL_BYTES = _RENEWAL.size + 2 * suite.SIGNATURE_BYTES
CONFIRMATION_BYTES = _CONFIRMATION.size + suite.SIGNATURE_BYTES
ANSWER_BYTES = _ANSWER.size + suite.SIGNATURE_BYTES


@dataclass(frozen=True, slots=True)
class KeyRenewal:
    """That one key of a terminal follows another; both have signed. Verified when it was read."""

    terminal: bytes
    number: int  # of the new key; a terminal is enrolled with number 1
    old: VerifyKey
    new: VerifyKey
    made_at: datetime  # aware UTC, whole seconds, by the terminal's clock
    data: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the whole message."""
        return hashlib.sha256(self.data).digest()


@dataclass(frozen=True, slots=True)
class KeyConfirmation:
    """That a terminal signs with its new key from now on. Its signature is not checked yet."""

    terminal: bytes
    renewal: bytes  # digest
    data: bytes = field(repr=False)


def sign_renewal(terminal: bytes, number: int, old: SigningKey, new: SigningKey, made_at: datetime) -> KeyRenewal:
    """Return the renewal of a key by the next one. Raises: MalformedBytes("renewal")."""
    body = _RENEWAL.pack(
        _RENEWAL_MAGIC, terminal, number, old.public.data, new.public.data, int(made_at.timestamp())
    )  # fmt: skip
    signed = body + old.sign(make_context("key renewal") + body)
    return open_renewal(signed + new.sign(make_context("key renewal proof") + signed))


def open_renewal(data: bytes) -> KeyRenewal:
    """Parse a renewal and check both signatures. Raises: MalformedBytes("renewal"), BadSignature."""
    if len(data) != RENEWAL_BYTES or data[:4] != _RENEWAL_MAGIC:
        raise MalformedBytes("renewal")
    body, signed = data[: _RENEWAL.size], data[: -suite.SIGNATURE_BYTES]
    _, terminal, number, old, new, seconds = _RENEWAL.unpack(body)
    if terminal == bytes(suite.ID_BYTES) or number < 2 or old == new:
        raise MalformedBytes("renewal")
    made_at = suite.read_time(seconds, "renewal")
    renewal = KeyRenewal(terminal, number, VerifyKey.from_bytes(old), VerifyKey.from_bytes(new), made_at, bytes(data))
    renewal.old.verify(make_context("key renewal") + body, signed[_RENEWAL.size :])
    renewal.new.verify(make_context("key renewal proof") + signed, data[-suite.SIGNATURE_BYTES :])
    return renewal


def sign_confirmation(renewal: KeyRenewal, new: SigningKey) -> KeyConfirmation:
    """Return the confirmation of a renewal, by the new key alone."""
    body = _CONFIRMATION.pack(_CONFIRMATION_MAGIC, renewal.terminal, renewal.digest)
    return parse_confirmation(body + new.sign(make_context("key renewal confirmation") + body))


def parse_confirmation(data: bytes) -> KeyConfirmation:
    """Parse a confirmation. Raises: MalformedBytes("confirmation")."""
    if len(data) != CONFIRMATION_BYTES or data[:4] != _CONFIRMATION_MAGIC:
        raise MalformedBytes("confirmation")
    _, terminal, digest = _CONFIRMATION.unpack(data[: _CONFIRMATION.size])
    return KeyConfirmation(terminal, digest, bytes(data))


def verify_confirmation(confirmation: KeyConfirmation, renewal: KeyRenewal) -> None:
    """Check that a confirmation is of this renewal and by its new key. Raises: BadSignature."""
    if (confirmation.terminal, confirmation.renewal) != (renewal.terminal, renewal.digest):
        raise BadSignature
    body, signature = confirmation.data[: _CONFIRMATION.size], confirmation.data[_CONFIRMATION.size :]
    renewal.new.verify(make_context("key renewal confirmation") + body, signature)


def sign_renewal_answer(request: bytes, answered_at: datetime, key: SigningKey) -> bytes:
    """Return central's word that it has taken a renewal, or a confirmation; `request` is its bytes."""
    body = _ANSWER.pack(_ANSWER_MAGIC, hashlib.sha256(request).digest(), int(answered_at.timestamp()))
    return body + key.sign(make_context("key renewal answer") + body)


def check_renewal_answer(data: bytes, request: bytes, key: Verifier) -> None:
    """Check that central has taken exactly this request. Raises: MalformedBytes("answer"), BadSignature."""
    if len(data) != ANSWER_BYTES or data[:4] != _ANSWER_MAGIC:
        raise MalformedBytes("answer")
    body = data[: _ANSWER.size]
    key.verify(make_context("key renewal answer") + body, data[_ANSWER.size :])
    _, digest, seconds = _ANSWER.unpack(body)
    suite.read_time(seconds, "answer")
    if digest != hashlib.sha256(request).digest():
        raise BadSignature


def find_keys(known: VerifyKey, renewals: list[KeyRenewal], terminal: bytes) -> dict[bytes, VerifyKey]:
    """Return the keys of a terminal that follow from one that is known, by key id: later ones and earlier ones."""
    found = {known.key_id: known}
    for _ in renewals:
        for each in renewals:
            if each.terminal == terminal and {each.old.key_id, each.new.key_id} & found.keys():
                found |= {key.key_id: key for key in (each.old, each.new)}
    return found
