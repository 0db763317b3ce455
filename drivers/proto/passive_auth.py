"""Passive authentication (ICAO 9303-11 section 5.1): whether a country vouches for what a chip holds. Pure.

It proves that the content is what the country signed; not that this chip is the one it was signed for.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from asn1crypto import algos, core

from drivers.errors import ChipDamaged
from drivers.proto.certificates import Certificate, UnsupportedKey, as_damage
from drivers.proto.cms_signed import SignedContent, compute_digest, open_signed
from drivers.proto.country_codes import find_certificate_countries
from drivers.proto.csca import CscaStore
from drivers.proto.lds import LdsFile
from drivers.proto.tlv import parse_one
from records.documents import ChipVerdict

_SECURITY_OBJECT = "2.23.136.1.1.1"


class Proof(StrEnum):
    """How the examination ended."""

    VOUCHED = "vouched"
    NO_COUNTRY_CERTIFICATE = "no_country_certificate"
    UNSUPPORTED = "unsupported"  # a kind of key or signature that is not supported here
    ALTERED = "altered"  # a file is not the one that was signed
    NOT_SIGNED = "not_signed"  # the signature does not hold, or there is none
    WRONG_SIGNER = "wrong_signer"  # signed by somebody who may not sign documents of this state
    SIGNER_EXPIRED = "signer_expired"  # the signer's certificate is not valid today
    FALSE_SIGNER = "false_signer"  # the country whose key it names did not make the signer's certificate
    COPIED = "copied"  # the content is signed, and the chip is not the one that it was signed for

    @property
    def verdict(self) -> ChipVerdict:
        """What goes into the record."""
        if self is Proof.VOUCHED:
            return ChipVerdict.VERIFIED
        if self in (Proof.NO_COUNTRY_CERTIFICATE, Proof.UNSUPPORTED):
            return ChipVerdict.NOT_VERIFIED
        return ChipVerdict.FAILED


@dataclass(frozen=True, slots=True)
class SecurityObject:
    """EF.SOD taken apart: hashes of the data groups as somebody signed them."""

    digest: str
    hashes: Mapping[int, bytes] = field(repr=False)
    signed: SignedContent

    @property
    def groups(self) -> frozenset[int]:
        """Numbers of the data groups that are signed: those the chip should hold."""
        return frozenset(self.hashes)


def parse_security_object(sod: bytes) -> SecurityObject:
    """Take EF.SOD apart. Raises: ChipDamaged."""
    signed = open_signed(parse_one(sod, LdsFile.SOD.tag), _SECURITY_OBJECT)
    with as_damage("SOD"):
        found = _LdsSecurityObject.load(signed.content, strict=True)
        groups = [(int(item["group"].native), bytes(item["digest"].native)) for item in found["hashes"]]
        digest = str(found["digest_algorithm"]["algorithm"].native)
    if len(dict(groups)) != len(groups):
        raise ChipDamaged("SOD")
    return SecurityObject(digest, dict(groups), signed)


def examine(
    security: SecurityObject, files: Mapping[LdsFile, bytes], issuing_state: str, store: CscaStore, now: datetime
) -> Proof:
    """Say whether the state that issued the document vouches for the files that were read. `now` is aware."""
    try:
        if not _are_files_signed(security, files):
            return Proof.ALTERED
        if not security.signed.verify():
            return Proof.NOT_SIGNED
        return examine_signer(security.signed.signer, issuing_state, store, now)
    except UnsupportedKey:
        return Proof.UNSUPPORTED
    except ChipDamaged:
        return Proof.NOT_SIGNED


def _are_files_signed(security: SecurityObject, files: Mapping[LdsFile, bytes]) -> bool:
    return all(
        hmac.compare_digest(compute_digest(security.digest, content), security.hashes.get(file.group, b""))
        for file, content in files.items()
        if file.group
    )


def examine_signer(signer: Certificate, issuing_state: str, store: CscaStore, now: datetime) -> Proof:
    """Trace a signer back to its country; the first that can be said against it is said. Raises: ChipDamaged."""
    issuers = store.find_issuers(signer, now)
    if not issuers:
        return Proof.NO_COUNTRY_CERTIFICATE
    unsupported = 0
    for issuer in issuers:
        try:
            if signer.is_signed_by(issuer):
                return _examine_claim(signer, issuer, issuing_state, now)
        except UnsupportedKey:
            unsupported += 1
    if unsupported:
        return Proof.UNSUPPORTED
    # A country that has a new key keeps its name: only the named key itself can belie the certificate.
    is_named = any(signer.issuer_key_id == issuer.key_id != b"" for issuer in issuers)
    return Proof.FALSE_SIGNER if is_named else Proof.NO_COUNTRY_CERTIFICATE


def _examine_claim(signer: Certificate, issuer: Certificate, issuing_state: str, now: datetime) -> Proof:
    # Else any country in the store could make passports of any other.
    countries = find_certificate_countries(issuing_state)
    if not countries:
        return Proof.UNSUPPORTED
    if issuer.country not in countries or not signer.may_sign_documents:
        return Proof.WRONG_SIGNER
    if not signer.is_valid_at(now):
        return Proof.SIGNER_EXPIRED
    return Proof.VOUCHED


class _GroupHash(core.Sequence):  # type: ignore[misc]
    _fields = [("group", core.Integer), ("digest", core.OctetString)]  # noqa: RUF012 - the library's own form


class _GroupHashes(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _GroupHash


class _LdsSecurityObject(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012 - the library's own form
        ("version", core.Integer),
        ("digest_algorithm", algos.DigestAlgorithm),
        ("hashes", _GroupHashes),
        ("lds_version", core.Any, {"optional": True}),
    ]
