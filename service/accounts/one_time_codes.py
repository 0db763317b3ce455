"""Second factors: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for when it is lost."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import unicodedata
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20
RECOVERY_CODES = 10
_STEPS_AWAY = 1
_RECOVERY_BYTES = 10  # 80 random bits: nothing to stretch, so a plain hash keeps them


def make_secret() -> bytes:
    """Return a new secret for an authenticator app."""
    return os.urandom(SECRET_BYTES)


def compute_code(secret: bytes, seconds: int, *, digits: int = DIGITS) -> str:
    """Return the code of a moment, in seconds since 1970 (RFC 6238 with SHA-1, which every app has)."""
    # SHA-1 as HMAC is not what was broken; apps ignore a wish for another hash.
    return HOTP(secret, digits, SHA1(), enforce_key_length=False).generate(seconds // STEP_S).decode()


def find_step(secret: bytes, code: str, seconds: int) -> int | None:
    """Return the time step that a code belongs to, the present one or one next to it, or None."""
    typed, found = plain_code(code).encode("utf-8", "replace"), None
    for step in range(seconds // STEP_S - _STEPS_AWAY, seconds // STEP_S + _STEPS_AWAY + 1):
        # All are compared, whichever fits: time tells nothing.
        if secrets.compare_digest(compute_code(secret, step * STEP_S).encode(), typed):
            found = step
    return found


def show_secret(secret: bytes) -> str:
    """Return the secret as apps take it by hand, in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def make_address(secret: bytes, *, issuer: str, name: str) -> str:
    """Return the otpauth address that the QR code holds."""
    text = base64.b32encode(secret).decode().rstrip("=")
    label = f"{quote(issuer)}:{quote(name)}"
    return f"otpauth://totp/{label}?secret={text}&issuer={quote(issuer)}&algorithm=SHA1&digits={DIGITS}&period={STEP_S}"


def make_recovery_codes() -> tuple[str, ...]:
    """Return ten codes, each good once."""
    return tuple(_group(base64.b32encode(os.urandom(_RECOVERY_BYTES)).decode().lower()) for _ in range(RECOVERY_CODES))


def digest_recovery_code(code: str, name: str) -> bytes:
    """Return what is kept of a recovery code."""
    return hashlib.sha256(f"recovery code\0{name}\0{plain_code(code)}".encode("utf-8", "replace")).digest()


def _group(text: str) -> str:
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def plain_code(typed: str) -> str:
    """Return a typed code without the spaces and hyphens of its groups, full-width characters as plain ones."""
    return "".join(each for each in unicodedata.normalize("NFKC", typed).lower() if each not in " -")


def is_recovery_code(typed: str) -> bool:
    """Tell whether something typed has the form of a recovery code, and not of an app's."""
    return len(plain_code(typed)) > DIGITS
