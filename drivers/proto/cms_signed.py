"""Signed data of a document or a master list (CMS, RFC 5652): what was signed, by whom, whether it holds. Pure."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from asn1crypto import cms, core
from cryptography.hazmat.primitives.hashes import Hash

from drivers.errors import ChipDamaged
from drivers.proto.certificates import HASHES, Certificate, UnsupportedKey, as_damage, is_signature_good


@dataclass(frozen=True, slots=True)
class SignedContent:
    """Signed data taken apart; nothing of it is proved before `verify` returned True."""

    content: bytes = field(repr=False)
    content_type: str
    signer: Certificate
    certificates: tuple[bytes, ...] = field(repr=False)
    _info: cms.SignerInfo = field(repr=False)

    def verify(self) -> bool:
        """Tell whether the signer signed exactly this content. Raises: UnsupportedKey, ChipDamaged."""
        info = self._info
        with as_damage("signature"):
            digest = str(info["digest_algorithm"]["algorithm"].native)
            attributes = {item["type"].native: item["values"][0] for item in info["signed_attrs"]}
            claimed_type = attributes["content_type"].dotted
            claimed_digest = bytes(attributes["message_digest"].native)
            # The signature covers the attributes as a set of their own, not under the tag they stand with.
            signed = b"\x31" + info["signed_attrs"].dump()[1:]
            signature = bytes(info["signature"].native)
            algorithm = info["signature_algorithm"]
        if claimed_type != self.content_type:
            return False
        if not hmac.compare_digest(compute_digest(digest, self.content), claimed_digest):
            return False
        return is_signature_good(self.signer, algorithm, digest, signature, signed)


def open_signed(data: bytes, content_type: str) -> SignedContent:
    """Take signed data of that type apart. Raises: ChipDamaged when it is nothing of the kind or has no signer."""
    with as_damage("signed data"):
        info = cms.ContentInfo.load(data, strict=True)
        if info["content_type"].native != "signed_data":
            raise ChipDamaged("signed data")
        signed = info["content"]
        inner = signed["encap_content_info"]
        if inner["content_type"].dotted != content_type:
            raise ChipDamaged("signed data")
        certificates = tuple(choice.chosen.dump() for choice in signed["certificates"] if choice.name == "certificate")
        signer_info = signed["signer_infos"][0]
        return SignedContent(
            content=_read_content(inner["content"]),
            content_type=content_type,
            signer=_find_signer(signer_info["sid"], certificates),
            certificates=certificates,
            _info=signer_info,
        )


def compute_digest(name: str, data: bytes) -> bytes:
    """Return the hash of that name. Raises: UnsupportedKey."""
    if name not in HASHES:
        raise UnsupportedKey
    digest = Hash(HASHES[name])
    digest.update(data)
    return digest.finalize()


def _read_content(content: core.Asn1Value) -> bytes:
    # Version 1 of signed data leaves open what the content is; documents always have bytes.
    return bytes(content.parse(core.OctetString) if isinstance(content, core.Any) else content)


def _find_signer(sid: cms.SignerIdentifier, ders: tuple[bytes, ...]) -> Certificate:
    """Return the certificate that the signature names. Raises: ChipDamaged when it is not there."""
    for certificate in map(Certificate, ders):
        if sid.name == "issuer_and_serial_number":
            chosen = sid.chosen
            is_named = certificate.serial == chosen["serial_number"].native and certificate.issuer == str(
                chosen["issuer"].hashable
            )
        else:
            is_named = certificate.key_id == bytes(sid.chosen.native)
        if is_named:
            return certificate
    raise ChipDamaged("signed data")
