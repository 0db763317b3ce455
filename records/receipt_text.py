"""A receipt as a line of text, for paper and QR codes (FORMAT.md, "Answers")."""

from __future__ import annotations

import base64
import binascii

from records.errors import MalformedBytes
from records.receipt import Receipt, parse_receipt
from records.suite import Verifier

# Upper case and digits alone: a QR code then takes a third less room, and a person can type it.
PREFIX = "KJR1-"


def write_receipt_text(data: bytes) -> str:
    """Return the bytes of a receipt as text: a prefix, and base32 (RFC 4648) without padding."""
    return PREFIX + base64.b32encode(data).decode().rstrip("=")


def read_receipt_bytes(text: str) -> bytes:
    """Return the bytes that `write_receipt_text` wrote; spaces, line breaks and case do not matter.

    Nothing is verified yet. Raises: MalformedBytes("receipt").
    """
    line = "".join(text.split()).upper()
    digits = line.removeprefix(PREFIX)
    if digits == line:
        raise MalformedBytes("receipt")
    try:
        return base64.b32decode(digits + "=" * (-len(digits) % 8))
    except (binascii.Error, ValueError):
        raise MalformedBytes("receipt") from None


def parse_receipt_text(text: str, key: Verifier) -> Receipt:
    """Parse and verify a receipt's text. Raises: MalformedBytes("receipt"), BadSignature."""
    return parse_receipt(read_receipt_bytes(text), key)
