"""Signed requests between the parties: header `Kjt-Signature: PARTY SECONDS BASE64` (FORMAT.md, "Signed request")."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from records.comparing import texts
from records.errors import BadSignature, MalformedBytes
from records.suite import SIGNATURE_BYTES, MessageSigner, VerifyKey, make_context

HEADER = "Kjt-Signature"
MAX_AGE = timedelta(seconds=60)
_PARTY = re.compile(r"office|station|court|oversight|relay|terminal:[0-9a-f]{32}")
_METHOD = re.compile(r"[A-Z]{1,10}")
_SECONDS = re.compile(r"0|[1-9][0-9]{0,11}")


@dataclass(frozen=True, slots=True)
class SignedBy:
    """A header's value, before the signature is checked."""

    party: str  # office, station, court, oversight, relay, or terminal:<32 hexadecimal digits>
    seconds: int
    signature: bytes


def sign_request(party: str, method: str, path: str, body: bytes, now: datetime, key: MessageSigner) -> str:
    """Return the header's value. `path` is the request's target, query included. Raises: MalformedBytes."""
    seconds = int(now.timestamp())
    signature = key.sign(_bind(party, method, path, seconds, body))
    return f"{party} {seconds} {texts.write_bytes(signature)}"


def parse_header(header: str) -> SignedBy:
    """Take a header's value to pieces, to find whose key to check it with. Raises: MalformedBytes("signature")."""
    try:
        party, seconds, encoded = header.split(" ")
        signature = texts.read_bytes(encoded)
    except ValueError:
        raise MalformedBytes("signature") from None
    if not _PARTY.fullmatch(party) or not _SECONDS.fullmatch(seconds) or len(signature) != SIGNATURE_BYTES:
        raise MalformedBytes("signature")
    return SignedBy(party, int(seconds), signature)


def check_request(
    header: str,
    method: str,
    path: str,
    body: bytes,
    now: datetime,
    find_keys: Callable[[str], Collection[VerifyKey]],
) -> str:
    """Return the party that signed a request at most 60 s ago; `find_keys` gives a party's keys, or none.

    The same request may come again within that time: what must happen once, its reader makes sure of. Raises:
    MalformedBytes("signature"), BadSignature("party"), BadSignature("time"), BadSignature("signature").
    """
    signed = parse_header(header)
    keys = find_keys(signed.party)
    if not keys:
        raise BadSignature("party")
    if abs(now.timestamp() - signed.seconds) > MAX_AGE.total_seconds():
        raise BadSignature("time")
    bound = _bind(signed.party, method, path, signed.seconds, body)
    if not any(_is_signed(key, bound, signed.signature) for key in keys):
        raise BadSignature("signature")
    return signed.party


def _is_signed(key: VerifyKey, bound: bytes, signature: bytes) -> bool:
    try:
        key.verify(bound, signature)
    except BadSignature:
        return False
    return True


def _bind(party: str, method: str, path: str, seconds: int, body: bytes) -> bytes:
    if not _PARTY.fullmatch(party) or not _METHOD.fullmatch(method) or not path.isascii() or not path.isprintable():
        raise MalformedBytes("signature")
    # No space can stand in party or method; the path comes last, so that nothing can be moved between them.
    fixed = seconds.to_bytes(8, "big") + hashlib.sha256(body).digest()
    return make_context("signed request", fixed, f"{party} {method} {path}".encode("ascii"))
