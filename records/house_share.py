"""The house share: what central adds to a terminal's own secret, so that its list of guests in house opens.

FORMAT.md, "House share". A request carries a key made for it alone, and the reply is sealed to that key: a reply
that somebody recorded opens for nobody, also not for whoever has all of the terminal's keys later.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from datetime import datetime

from records import suite
from records.errors import BadSignature, CannotOpen, MalformedBytes
from records.suite import HybridPublicKey, HybridSecretKey, SigningKey, Verifier, VerifyKey, make_context

REQUEST_MAGIC = b"KHQ1"
REPLY_MAGIC = b"KHS1"
HOUSE_SHARE_PATH = "/v1/house-shares"
CONTENT_TYPE = "application/vnd.kuaijietong.house-share"
TOLERANCE_S = 600  # a request further than this from central's clock, either way, is refused
SHARE_BYTES = suite.KEY_BYTES
_REQUEST = struct.Struct(f">4s16s8sQ{suite.HYBRID_PUBLIC_BYTES}s")
_SEALED_BYTES = SHARE_BYTES + suite.HPKE_OVERHEAD_BYTES
_REPLY = struct.Struct(f">4s32sQ{_SEALED_BYTES}s")
REQUEST_BYTES = _REQUEST.size + suite.SIGNATURE_BYTES
REPLY_BYTES = _REPLY.size + suite.SIGNATURE_BYTES


@dataclass(frozen=True, slots=True)
class ShareRequest:
    """What a terminal says when it asks for its share."""

    terminal: bytes
    terminal_key: bytes  # key id
    sent_at: datetime  # aware UTC, whole seconds, by the terminal's clock
    reply_key: HybridPublicKey  # made for this request


@dataclass(frozen=True, slots=True)
class SignedShareRequest:
    """A parsed request and the exact bytes it came from."""

    request: ShareRequest
    data: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the whole request: what reply and refusal are about."""
        return hashlib.sha256(self.data).digest()


def sign_share_request(request: ShareRequest, key: SigningKey) -> SignedShareRequest:
    """Return the signed request. Raises: MalformedBytes for one that `parse_share_request` would refuse."""
    if len(request.terminal) != suite.ID_BYTES or len(request.terminal_key) != suite.KEY_ID_BYTES:
        raise MalformedBytes("ids")  # struct would pad or cut them without a word
    body = _REQUEST.pack(
        REQUEST_MAGIC, request.terminal, request.terminal_key, int(request.sent_at.timestamp()), request.reply_key.data
    )
    return parse_share_request(body + key.sign(make_context("house share request") + body))


def parse_share_request(data: bytes) -> SignedShareRequest:
    """Take a request to pieces without checking the signature.

    Raises: MalformedBytes naming what is wrong: length, magic, ids, sent_at, public key.
    """
    if len(data) != REQUEST_BYTES:
        raise MalformedBytes("length")
    magic, terminal, terminal_key, seconds, reply_key = _REQUEST.unpack(data[: _REQUEST.size])
    if magic != REQUEST_MAGIC:
        raise MalformedBytes("magic")
    if terminal == bytes(suite.ID_BYTES):
        raise MalformedBytes("ids")
    request = ShareRequest(
        terminal, terminal_key, suite.read_time(seconds, "sent_at"), HybridPublicKey.from_bytes(reply_key)
    )
    return SignedShareRequest(request, bytes(data))


def verify_share_request(signed: SignedShareRequest, key: VerifyKey) -> None:
    """Check the terminal's signature and that the request names this key. Raises: BadSignature."""
    if signed.request.terminal_key != key.key_id:
        raise BadSignature
    body = signed.data[: _REQUEST.size]
    key.verify(make_context("house share request") + body, signed.data[_REQUEST.size :])


def seal_share(share: bytes, signed: SignedShareRequest, released_at: datetime, key: SigningKey) -> bytes:
    """Return the reply that carries a share: sealed to the request's own key, signed with the receipt key."""
    if len(share) != SHARE_BYTES:
        raise MalformedBytes("share")
    sealed = signed.request.reply_key.seal(share, _seal_info(signed))
    body = _REPLY.pack(REPLY_MAGIC, signed.digest, int(released_at.timestamp()), sealed)
    return body + key.sign(make_context("house share") + body)


def open_share(data: bytes, signed: SignedShareRequest, reply_key: HybridSecretKey, key: Verifier) -> bytes:
    """Return the share of a reply to exactly this request.

    Raises: MalformedBytes("reply"), BadSignature, CannotOpen (also for the reply to another request).
    """
    if len(data) != REPLY_BYTES or data[:4] != REPLY_MAGIC:
        raise MalformedBytes("reply")
    body = data[: _REPLY.size]
    key.verify(make_context("house share") + body, data[_REPLY.size :])
    _, digest, seconds, sealed = _REPLY.unpack(body)
    suite.read_time(seconds, "reply")
    if digest != signed.digest:
        raise CannotOpen
    return reply_key.open(sealed, _seal_info(signed))


def _seal_info(signed: SignedShareRequest) -> bytes:
    return make_context("house share key", signed.request.terminal, signed.digest)
