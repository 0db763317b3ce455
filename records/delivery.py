"""How envelopes travel over HTTP, and what comes back (FORMAT.md, "Delivery").

A request is a batch, also when it carries one envelope. Each is answered by itself.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from dataclasses import dataclass, field

import msgspec

from records.errors import MalformedBytes

DELIVERY_MAGIC = b"KRB1"
DELIVERY_PATH = "/v1/envelopes"
STAYS_PATH = "/v1/stays"
ROOT_PATH = "/v1/root"
CONTENT_TYPE = "application/vnd.kuaijietong.delivery"
DIGEST_HEADER = "Content-Digest"
MAX_ITEMS = 50
MAX_DELIVERY_BYTES = 2 * 1024 * 1024
_HEAD = struct.Struct(">4sH")
_ITEM = struct.Struct(">II")


@dataclass(frozen=True, slots=True)
class Item:
    """One envelope on its way; `age_s` is how long it has waited, by sums of monotonic time."""

    age_s: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """Central's answer to one item: base64 of a receipt, or of a refusal; the other is empty."""

    receipt: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """Central's reply to a delivery. Only receipts and refusals are signed; the rest are hints."""

    answers: tuple[Answer, ...]
    generation: int
    acknowledged_through: int  # highest sequence up to which none of that generation is missing; 0 for none
    root_digest: str  # SHA-256 of central's root file, hexadecimal


def encode_delivery(items: list[Item]) -> bytes:
    """Return the body of a request with 1 to 50 envelopes."""
    if not 1 <= len(items) <= MAX_ITEMS:
        raise MalformedBytes("items")
    body = [_HEAD.pack(DELIVERY_MAGIC, len(items))]
    for item in items:
        body += (_ITEM.pack(min(item.age_s, 0xFFFFFFFF), len(item.data)), item.data)
    return b"".join(body)


def decode_delivery(body: bytes) -> list[Item]:
    """Parse the body of a request. Raises: MalformedBytes("delivery")."""
    if len(body) < _HEAD.size:
        raise MalformedBytes("delivery")
    magic, count = _HEAD.unpack_from(body)
    if magic != DELIVERY_MAGIC or not 1 <= count <= MAX_ITEMS:
        raise MalformedBytes("delivery")
    items, offset = [], _HEAD.size
    for _ in range(count):
        if len(body) - offset < _ITEM.size:
            raise MalformedBytes("delivery")
        age_s, length = _ITEM.unpack_from(body, offset)
        offset += _ITEM.size
        if len(body) - offset < length:
            raise MalformedBytes("delivery")
        items.append(Item(age_s, body[offset : offset + length]))
        offset += length
    if offset != len(body):
        raise MalformedBytes("delivery")
    return items


def compute_content_digest(body: bytes) -> str:
    """Return the value of the Content-Digest header (RFC 9530) of a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def encode_reply(reply: Reply) -> bytes:
    """Return the reply as JSON."""
    return msgspec.json.encode(reply)


def decode_reply(data: bytes) -> Reply:
    """Parse a reply. Raises: MalformedBytes("reply")."""
    try:
        return msgspec.json.decode(data, type=Reply)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise MalformedBytes("reply") from None
