"""The four cipher suites of secure messaging, PACE and BAC (ICAO 9303-11): keys, blocks, authentication codes. Pure.

3DES, SHA-1 and eight-byte codes are what chips speak; nothing of ours is kept safe by them.
"""

from __future__ import annotations

from enum import Enum

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, Hash

MAC_BYTES = 8
_FOR_ENCRYPTING = 1
_FOR_CODES = 2
_FOR_PASSWORD = 3


class Suite(Enum):
    """A cipher and the length of its keys: (name, key bytes, block bytes)."""

    TDES = ("3DES", 16, 8)
    AES_128 = ("AES-128", 16, 16)
    AES_192 = ("AES-192", 24, 16)
    AES_256 = ("AES-256", 32, 16)

    @property
    def label(self) -> str:
        """The name that people know it by."""
        return self.value[0]

    @property
    def key_bytes(self) -> int:
        """Length of a key as it is derived."""
        return self.value[1]

    @property
    def block_bytes(self) -> int:
        """Length of a block, and of the send sequence counter."""
        return self.value[2]


def derive_key_pair(suite: Suite, secret: bytes) -> tuple[bytes, bytes]:
    """Return the keys for encrypting and for authentication codes (KDF with counters 1 and 2)."""
    return _derive(suite, secret, _FOR_ENCRYPTING), _derive(suite, secret, _FOR_CODES)


def derive_password_key(suite: Suite, password: bytes) -> bytes:
    """Return the key that PACE's nonce comes under (KDF with counter 3)."""
    return _derive(suite, password, _FOR_PASSWORD)


def encrypt_blocks(suite: Suite, key: bytes, data: bytes, iv: bytes | None = None) -> bytes:
    """Encrypt whole blocks, chained; the initial vector is zero unless given."""
    worker = _make_cipher(suite, key, iv or bytes(suite.block_bytes)).encryptor()
    return worker.update(data) + worker.finalize()


def decrypt_blocks(suite: Suite, key: bytes, data: bytes, iv: bytes | None = None) -> bytes:
    """Decrypt whole blocks, chained; the initial vector is zero unless given."""
    worker = _make_cipher(suite, key, iv or bytes(suite.block_bytes)).decryptor()
    return worker.update(data) + worker.finalize()


def compute_mac(suite: Suite, key: bytes, data: bytes) -> bytes:
    """Return the eight-byte code of `data`: AES-CMAC cut off, or the retail MAC over padded data (3DES)."""
    if suite is not Suite.TDES:
        code = CMAC(AES(key))
        code.update(data)
        return code.finalize()[:MAC_BYTES]
    padded = pad(data, suite.block_bytes)
    # ISO/IEC 9797-1 algorithm 3: single DES up to the last block, and 3DES for that one.
    chained = bytes(8)
    if len(padded) > 8:
        worker = Cipher(TripleDES(key[:8] * 3), modes.CBC(bytes(8))).encryptor()
        chained = worker.update(padded[:-8])[-8:]
    last = bytes(a ^ b for a, b in zip(chained, padded[-8:], strict=True))
    return encrypt_blocks(suite, key, last)


def pad(data: bytes, block_bytes: int) -> bytes:
    """Add 80 and zeros up to the next whole block (ISO/IEC 9797-1, method 2)."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block_bytes)


def unpad(data: bytes) -> bytes | None:
    """Take the padding off; None where there is none."""
    body = data.rstrip(b"\x00")
    return body[:-1] if body.endswith(b"\x80") else None


def _derive(suite: Suite, secret: bytes, counter: int) -> bytes:
    digest = Hash(SHA1() if suite in (Suite.TDES, Suite.AES_128) else SHA256())
    digest.update(secret + counter.to_bytes(4, "big"))
    key = digest.finalize()[: suite.key_bytes]
    return _set_parity(key) if suite is Suite.TDES else key


def _set_parity(key: bytes) -> bytes:
    """Make every byte odd, as DES keys are written; the last bit of each is not used."""
    return bytes(byte & 0xFE | (byte >> 1).bit_count() % 2 ^ 1 for byte in key)


def _make_cipher(suite: Suite, key: bytes, iv: bytes) -> Cipher[modes.CBC]:
    if suite is Suite.TDES:
        return Cipher(TripleDES(key + key[:8]), modes.CBC(iv))
    return Cipher(AES(key), modes.CBC(iv))
