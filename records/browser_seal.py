"""Sealing that a browser can do: HPKE with P-256, because WebCrypto has no X-Wing (FORMAT.md, "Guests' requests").

Used for one thing only, the inner layer of a guest's request; the outer one is of the suite KRE1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from records.errors import CannotOpen, MalformedBytes
from records.suite import GCM_TAG_BYTES

PUBLIC_BYTES = 65
SECRET_BYTES = 32
OVERHEAD_BYTES = PUBLIC_BYTES + GCM_TAG_BYTES
_HPKE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class BrowserPublicKey:
    """A P-256 public key, as a point that is not compressed."""

    data: bytes
    key: ec.EllipticCurvePublicKey = field(repr=False, compare=False)

    @classmethod
    def from_bytes(cls, data: bytes) -> BrowserPublicKey:
        """Load 65 bytes. Raises: MalformedBytes("public key")."""
        try:
            if len(data) != PUBLIC_BYTES:
                raise ValueError
            return cls(bytes(data), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data))
        except ValueError:
            raise MalformedBytes("public key") from None

    def seal(self, plaintext: bytes, info: bytes) -> bytes:
        """HPKE base mode, one message: encapsulated key (65) and ciphertext."""
        return _HPKE.encrypt(plaintext, self.key, info)


@dataclass(frozen=True, slots=True)
class BrowserSecretKey:
    """A P-256 secret key; stored as its 32-byte scalar."""

    data: bytes = field(repr=False)
    key: ec.EllipticCurvePrivateKey = field(repr=False, compare=False)
    public: BrowserPublicKey = field(repr=False)

    @classmethod
    def from_bytes(cls, data: bytes) -> BrowserSecretKey:
        """Load 32 bytes. Raises: MalformedBytes("secret key")."""
        try:
            if len(data) != SECRET_BYTES:
                raise ValueError
            key = ec.derive_private_key(int.from_bytes(data, "big"), ec.SECP256R1())
        except ValueError:
            raise MalformedBytes("secret key") from None
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return cls(bytes(data), key, BrowserPublicKey.from_bytes(point))

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """Open what was sealed to the public key under the same `info`. Raises: CannotOpen."""
        try:
            return bytes(_HPKE.decrypt(sealed, self.key, info))
        except (InvalidTag, ValueError):
            raise CannotOpen from None
