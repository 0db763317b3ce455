"""Keys that a party makes anew and signs: one layout for station keys of the day and passing keys of the office."""

from __future__ import annotations

import struct

from records.errors import BadSignature, MalformedBytes
from records.suite import (
    HYBRID_PUBLIC_BYTES,
    SIGNATURE_BYTES,
    HybridPublicKey,
    SigningKey,
    VerifyKey,
    make_context,
)

_HEADER = struct.Struct(">IQ")
SIGNED_KEY_BYTES = _HEADER.size + HYBRID_PUBLIC_BYTES + SIGNATURE_BYTES


def sign_key(label: str, number: int, seconds: int, key: HybridPublicKey, signing_key: SigningKey) -> bytes:
    """Return a number of 32 bits, seconds, a public key and the signature over them under `label`."""
    body = _HEADER.pack(number, seconds) + key.data
    return body + signing_key.sign(make_context(label, body))


def parse_key(label: str, data: bytes, verify_key: VerifyKey) -> tuple[int, int, HybridPublicKey]:
    """Read what `sign_key` made. Raises: MalformedBytes("signed key"), BadSignature, MalformedBytes("public key")."""
    if len(data) != SIGNED_KEY_BYTES:
        raise MalformedBytes("signed key")
    body, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    try:
        verify_key.verify(make_context(label, body), signature)
    except BadSignature:
        raise BadSignature("signed key") from None
    number, seconds = _HEADER.unpack(body[: _HEADER.size])
    return number, seconds, HybridPublicKey.from_bytes(body[_HEADER.size :])
