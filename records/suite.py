"""The fixed suite KRE1: the few primitives everything sealed is made of (FORMAT.md, "Suite").

It is replaced only as a whole, so nothing here takes an algorithm as an argument.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from records.errors import BadSignature, CannotOpen, MalformedBytes

KEY_BYTES = 32
KEY_ID_BYTES = 8
ID_BYTES = 16
SIGNATURE_BYTES = 64
GCM_TAG_BYTES = 16
WRAPPED_KEY_BYTES = KEY_BYTES + GCM_TAG_BYTES
HPKE_OVERHEAD_BYTES = 1120 + GCM_TAG_BYTES
HYBRID_PUBLIC_BYTES = 1184 + 32
HYBRID_SECRET_BYTES = 64 + 32
ARGON2_MEMORY_KIB = 64 * 1024
ARGON2_PASSES = 3
# One lane: with several, two derivations at once in one process wait for each other for ever (OpenSSL's thread pool).
ARGON2_LANES = 1
PBKDF2_ROUNDS = 600_000
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that common libraries can hold

_HPKE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_PROBE = X25519PrivateKey.from_private_bytes(bytes(32))
# Every AES-GCM key here is derived for one message alone, so the nonce can be constant.
_ZERO_NONCE = bytes(12)


def make_context(label: str, *parts: bytes) -> bytes:
    """Return the string that binds a derivation, sealing or signature to its use: suite, label, parts."""
    return b"KRE1\x00" + label.encode("ascii") + b"\x00" + b"".join(parts)


def compute_key_id(public_key: bytes) -> bytes:
    """Return the 8-byte id of a public key: the start of its SHA-256."""
    return hashlib.sha256(public_key).digest()[:KEY_ID_BYTES]


def derive_key(secret: bytes, salt: bytes, info: bytes, length: int = KEY_BYTES) -> bytes:
    """HKDF-SHA256 (RFC 5869)."""
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def stretch_number(number: str, salt: bytes) -> bytes:
    """Argon2id (RFC 9106, 64 MiB, t=3, p=1) of a number in normal form; slow on purpose."""
    kdf = Argon2id(
        salt=salt, length=KEY_BYTES, iterations=ARGON2_PASSES, lanes=ARGON2_LANES, memory_cost=ARGON2_MEMORY_KIB
    )
    return kdf.derive(number.encode("ascii"))


def stretch_guest_secret(secret: str, salt: bytes) -> bytes:
    """PBKDF2-HMAC-SHA256 with 600,000 rounds: the slow function that browsers have."""
    return PBKDF2HMAC(hashes.SHA256(), KEY_BYTES, salt, PBKDF2_ROUNDS).derive(secret.encode("ascii"))


def encrypt_once(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """AES-256-GCM under a key that encrypts nothing else."""
    return AESGCM(key).encrypt(_ZERO_NONCE, plaintext, context)


def decrypt_once(key: bytes, ciphertext: bytes, context: bytes) -> bytes:
    """Open what `encrypt_once` made. Raises: CannotOpen."""
    try:
        return AESGCM(key).decrypt(_ZERO_NONCE, ciphertext, context)
    except InvalidTag:
        raise CannotOpen from None


def read_time(seconds: int, field_name: str) -> datetime:
    """Return the moment of a count of seconds since 1970. Raises: MalformedBytes(field_name) after the year 9999."""
    if not 0 <= seconds <= _LAST_SECOND:
        raise MalformedBytes(field_name)
    return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True, slots=True)
class HybridPublicKey:
    """A public key of the X25519+ML-KEM-768 hybrid (HPKE KEM 0x647A)."""

    data: bytes  # ML-KEM-768 encapsulation key (1184) and X25519 public key (32)
    key: MLKEM768X25519PublicKey = field(repr=False, compare=False)

    @classmethod
    def from_bytes(cls, data: bytes) -> HybridPublicKey:
        """Load a public key. Raises: MalformedBytes("public key")."""
        if len(data) != HYBRID_PUBLIC_BYTES:
            raise MalformedBytes("public key")
        try:
            mlkem = MLKEM768PublicKey.from_public_bytes(data[:1184])
            x25519 = X25519PublicKey.from_public_bytes(data[1184:])
            # A point of low order loads, and would fail only when a guest stands at the counter.
            _PROBE.exchange(x25519)
        except ValueError:
            raise MalformedBytes("public key") from None
        return cls(bytes(data), MLKEM768X25519PublicKey(mlkem, x25519))

    @property
    def key_id(self) -> bytes:
        """The 8-byte id of this key."""
        return compute_key_id(self.data)

    def seal(self, plaintext: bytes, info: bytes) -> bytes:
        """HPKE base mode, one message: encapsulated key (1120) and ciphertext."""
        return _HPKE.encrypt(plaintext, self.key, info)


@dataclass(frozen=True, slots=True)
class HybridSecretKey:
    """A secret key of the hybrid; stored as ML-KEM seed (64 bytes) and X25519 scalar (32 bytes)."""

    data: bytes = field(repr=False)
    # Expanded once: expanding it for every message doubles the cost of opening.
    key: MLKEM768X25519PrivateKey = field(repr=False, compare=False)
    public: HybridPublicKey = field(repr=False)

    @classmethod
    def from_bytes(cls, data: bytes) -> HybridSecretKey:
        """Load a secret key of 96 bytes. Raises: MalformedBytes("secret key")."""
        if len(data) != HYBRID_SECRET_BYTES:
            raise MalformedBytes("secret key")
        mlkem = MLKEM768PrivateKey.from_seed_bytes(data[:64])
        x25519 = X25519PrivateKey.from_private_bytes(data[64:])
        public = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        return cls(bytes(data), MLKEM768X25519PrivateKey(mlkem, x25519), HybridPublicKey.from_bytes(public))

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """Open what was sealed to the public key under the same `info`. Raises: CannotOpen."""
        try:
            return bytes(_HPKE.decrypt(sealed, self.key, info))
        except (InvalidTag, ValueError):
            raise CannotOpen from None


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """An Ed25519 public key."""

    data: bytes
    key: Ed25519PublicKey = field(repr=False, compare=False)

    @classmethod
    def from_bytes(cls, data: bytes) -> VerifyKey:
        """Load 32 raw bytes. Raises: MalformedBytes("verify key")."""
        try:
            return cls(bytes(data), Ed25519PublicKey.from_public_bytes(data))
        except ValueError:
            raise MalformedBytes("verify key") from None

    @property
    def key_id(self) -> bytes:
        """The 8-byte id of this key."""
        return compute_key_id(self.data)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Check an Ed25519 signature. Raises: BadSignature."""
        try:
            self.key.verify(signature, message)
        except InvalidSignature:
            raise BadSignature from None


class Verifier(Protocol):
    """Whatever a signature is checked with: one key, or any of several."""

    def verify(self, message: bytes, signature: bytes) -> None:
        """Check an Ed25519 signature. Raises: BadSignature."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Several keys of one holder, of which one must have signed: while one follows the other, both are believed."""

    keys: tuple[VerifyKey, ...]

    def verify(self, message: bytes, signature: bytes) -> None:
        """Check an Ed25519 signature by each in turn. Raises: BadSignature."""
        for key in self.keys:
            try:
                key.verify(message, signature)
            except BadSignature:
                continue
            return
        raise BadSignature


class MessageSigner(Protocol):
    """Whatever signs with Ed25519: a key in memory, or one that never leaves its token."""

    @property
    def public(self) -> VerifyKey:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 secret key; stored as its 32-byte seed."""

    data: bytes = field(repr=False)
    key: Ed25519PrivateKey = field(repr=False, compare=False)
    public: VerifyKey

    @classmethod
    def from_bytes(cls, data: bytes) -> SigningKey:
        """Load a 32-byte seed. Raises: MalformedBytes("signing key")."""
        try:
            key = Ed25519PrivateKey.from_private_bytes(data)
        except ValueError:
            raise MalformedBytes("signing key") from None
        return cls(bytes(data), key, VerifyKey.from_bytes(key.public_key().public_bytes_raw()))

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature."""
        return self.key.sign(message)
