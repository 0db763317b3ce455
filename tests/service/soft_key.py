"""A security key in software, with every lie that one can tell: for tests of what judges its answers."""

import hashlib
import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from os import urandom
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ORIGIN = "http://localhost"
_PRESENT, _VERIFIED, _CAN_BE_COPIED, _ATTESTED = 0x01, 0x04, 0x08, 0x40


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(slots=True)
class SoftKey:
    """One key. `counter` rises with each use; `step` 0 is a key without a counter."""

    secret: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential: bytes = field(default_factory=lambda: urandom(32))
    user: bytes = b""
    counter: int = 0
    step: int = 1
    is_verified: bool = True
    can_be_copied: bool = False

    def create(self, asked: str, **lies: Any) -> str:
        """Answer a page that asks for a new key."""
        options = json.loads(asked)
        self.user = decode(options["user"]["id"])
        public = self.secret.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + cbor2.dumps(cose)
        data = self._build(options["rp"]["id"], _ATTESTED, lies) + attested
        made = {"fmt": lies.get("form", "none"), "attStmt": {}, "authData": data}
        client = self._say("webauthn.create", options["challenge"], lies)
        return self._write({"clientDataJSON": encode(client), "attestationObject": encode(cbor2.dumps(made))})

    def sign(self, asked: str, **lies: Any) -> str:
        """Answer a page that asks for a proof."""
        options = json.loads(asked)
        data = self._build(options["rpId"], 0, lies)
        client = self._say("webauthn.get", options["challenge"], lies)
        signature = self.secret.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._write({
            "clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(signature),
            "userHandle": encode(lies.get("user", self.user)),
        })  # fmt: skip

    def export(self, relying: str) -> dict[str, Any]:
        """Return this key as Chromium's virtual authenticator takes one."""
        secret = self.secret.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return {
            "credentialId": b64encode(self.credential).decode(), "isResidentCredential": True, "rpId": relying,
            "privateKey": b64encode(secret).decode(), "userHandle": b64encode(self.user).decode(),
            "signCount": self.counter,
        }  # fmt: skip

    def _build(self, relying: str, flags: int, lies: dict[str, Any]) -> bytes:
        self.counter += self.step
        flags |= _PRESENT | (_VERIFIED if self.is_verified else 0) | (_CAN_BE_COPIED if self.can_be_copied else 0)
        named = hashlib.sha256(lies.get("relying", relying).encode()).digest()
        return named + bytes([flags]) + lies.get("counter", self.counter).to_bytes(4, "big")

    def _say(self, kind: str, challenge: str, lies: dict[str, Any]) -> bytes:
        said = {
            "type": lies.get("kind", kind), "challenge": lies.get("challenge", challenge),
            "origin": lies.get("origin", ORIGIN), "crossOrigin": lies.get("framed", False),
        }  # fmt: skip
        return json.dumps(said).encode()

    def _write(self, response: dict[str, str]) -> str:
        named = encode(self.credential)
        return json.dumps({"id": named, "rawId": named, "type": "public-key", "response": response})
