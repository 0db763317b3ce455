"""Cosignatures (C2SP tlog-cosignature): what a witness says of a log's checkpoint, by Ed25519 or ML-DSA-44."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from records.checkpoint import Checkpoint
from records.errors import BadSignature, MalformedBytes
from records.notes import is_key_name, split_note
from records.suite import KEY_BYTES, SigningKey, VerifyKey

ED25519 = b"\x04"
ML_DSA_44 = b"\x06"
ML_DSA_44_PUBLIC_BYTES = 1312
_PUBLIC_BYTES = {ED25519: KEY_BYTES, ML_DSA_44: ML_DSA_44_PUBLIC_BYTES}
_TIME_BYTES = 8
_LATEST = 2**63 - 1
_LABEL = b"subtree/v1\n\0"


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """The public key of a witness, and the kind of cosignature it makes."""

    name: str
    algorithm: bytes  # ED25519 or ML_DSA_44
    data: bytes

    @property
    def key_id(self) -> bytes:
        """The 4-byte key id."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.algorithm + self.data).digest()[:4]

    def to_text(self) -> str:
        """Return the key in its published form: NAME+ID+base64(algorithm || key)."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.algorithm + self.data).decode()}"

    @classmethod
    def from_text(cls, text: str) -> WitnessKey:
        """Parse the published form. Raises: MalformedBytes("witness key")."""
        try:
            name, key_id, encoded = text.strip().split("+", 2)
            data = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise MalformedBytes("witness key") from None
        key = cls(name, data[:1], data[1:])
        if _PUBLIC_BYTES.get(key.algorithm) != len(key.data) or not is_key_name(name) or key.key_id.hex() != key_id:
            raise MalformedBytes("witness key")
        return key

    def verify(self, text: str, signature: bytes) -> int:
        """Check the bytes after the key id; return when it was made, in seconds since 1970.

        Raises: BadSignature, MalformedBytes.
        """
        time, rest = int.from_bytes(signature[:_TIME_BYTES], "big"), signature[_TIME_BYTES:]
        if len(signature) < _TIME_BYTES or time > _LATEST:
            raise BadSignature("cosignature")
        if self.algorithm == ED25519:
            VerifyKey.from_bytes(self.data).verify(_write_ed25519_message(text, time), rest)
            return time
        try:
            message = _write_ml_dsa_message(Checkpoint.from_text(text), self.name, time)
            MLDSA44PublicKey.from_public_bytes(self.data).verify(rest, message)
        except InvalidSignature:
            raise BadSignature("cosignature") from None
        return time


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness's secret key."""

    name: str
    algorithm: bytes
    seed: bytes = field(repr=False)  # 32 bytes for both algorithms

    @property
    def key(self) -> WitnessKey:
        """The public half."""
        if self.algorithm == ED25519:
            return WitnessKey(self.name, ED25519, SigningKey.from_bytes(self.seed).public.data)
        public = MLDSA44PrivateKey.from_seed_bytes(self.seed).public_key()
        return WitnessKey(self.name, ML_DSA_44, public.public_bytes_raw())

    def cosign(self, text: str, time: int) -> str:
        """Return the signature line for a checkpoint's text; `time` in seconds since 1970, 0 to 2**63 - 1."""
        if self.algorithm == ED25519:
            signature = SigningKey.from_bytes(self.seed).sign(_write_ed25519_message(text, time))
        else:
            message = _write_ml_dsa_message(Checkpoint.from_text(text), self.name, time)
            signature = MLDSA44PrivateKey.from_seed_bytes(self.seed).sign(message)
        data = self.key.key_id + time.to_bytes(_TIME_BYTES, "big") + signature
        return f"— {self.name} {base64.b64encode(data).decode()}\n"


def open_cosigned(note: str, witness: WitnessKey) -> tuple[str, int]:
    """Return the text of a checkpoint that a witness has cosigned, and when (the latest, in seconds since 1970).

    A false signature under the witness's name and key id refuses the whole note, also beside a true one.
    Raises: MalformedBytes, BadSignature.
    """
    text, signatures = split_note(note)
    ours = [data[4:] for name, data in signatures if (name, data[:4]) == (witness.name, witness.key_id)]
    if not ours:
        raise BadSignature("note")
    return text, max(witness.verify(text, each) for each in ours)


def _write_ed25519_message(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _write_ml_dsa_message(checkpoint: Checkpoint, witness: str, time: int) -> bytes:
    return b"".join(
        [
            _LABEL, _write_short(witness), time.to_bytes(8, "big"), _write_short(checkpoint.origin),
            bytes(8), checkpoint.size.to_bytes(8, "big"), checkpoint.root,
        ]
    )  # fmt: skip


def _write_short(text: str) -> bytes:
    data = text.encode()
    if not 0 < len(data) < 256:
        raise MalformedBytes("name")
    return bytes([len(data)]) + data
