"""Countries' signing certificates (CSCA): which of a master list can be used, and the store of those. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from asn1crypto import core, x509

from drivers.errors import ChipDamaged
from drivers.proto.certificates import Certificate, UnsupportedKey, as_damage
from drivers.proto.cms_signed import SignedContent, open_signed

_MASTER_LIST = "2.23.136.1.1.2"


class Refusal(StrEnum):
    """Why a certificate of a master list cannot be used."""

    DAMAGED = "it is damaged"
    UNSUPPORTED = "its key is of a kind that is not supported"
    NOT_AUTHORITY = "it may not sign other certificates"
    UNSIGNED = "its signature is not that of the key it names"
    WITHOUT_COUNTRY = "it names no country"
    PUBLISHED_KEY = "its private key is published with the simulator"


@dataclass(frozen=True, slots=True)
class Sorted:
    """The certificates of a list: to be used, too old or not yet valid, and refused."""

    usable: tuple[Certificate, ...]
    expired: tuple[Certificate, ...]
    refused: Counter[Refusal] = field(default_factory=Counter)
    explicit: int = 0  # of the usable ones: how many write their curve out


class CscaStore:
    """The certificates that a document's signer may be traced back to. Who fills it says whom to trust."""

    def __init__(self, certificates: Iterable[Certificate]) -> None:
        self._certificates = tuple(certificates)

    def __len__(self) -> int:
        return len(self._certificates)

    def find_issuers(self, signer: Certificate, now: datetime) -> tuple[Certificate, ...]:
        """Return those that may have signed `signer`, by name or by key, and are valid at `now` (aware)."""
        return tuple(
            authority
            for authority in self._certificates
            if (authority.subject == signer.issuer or _names_key(signer, authority)) and authority.is_valid_at(now)
        )


def parse_master_list(data: bytes) -> tuple[tuple[bytes, ...], bool]:
    """Return the certificates of a master list, and whether its signature holds and its signer is of this list.

    A signature says that the list is whole, not that its maker deserves trust: compare the file's fingerprint.
    Raises: ChipDamaged when it is no master list.
    """
    signed = open_signed(data, _MASTER_LIST)
    with as_damage("master list"):
        found = _CscaMasterList.load(signed.content, strict=True)
        certificates = tuple(item.dump() for item in found["certificates"])
    return certificates, _is_list_whole(signed, certificates)


def sort_certificates(
    ders: Iterable[bytes], now: datetime, *, published_keys: frozenset[bytes] = frozenset()
) -> Sorted:
    """Tell which certificates can be used at `now` (aware). `published_keys` are public keys nobody may trust."""
    refused: Counter[Refusal] = Counter()
    parsed: dict[str, Certificate] = {}
    for der in ders:
        try:
            certificate = Certificate(der)
            parsed[certificate.fingerprint] = certificate
        except ChipDamaged:
            refused[Refusal.DAMAGED] += 1
    usable, expired = [], []
    for certificate in parsed.values():
        if reason := _find_refusal(certificate, parsed.values(), published_keys):
            refused[reason] += 1
        elif certificate.is_valid_at(now):
            usable.append(certificate)
        else:
            expired.append(certificate)
    return Sorted(tuple(usable), tuple(expired), refused, sum(one.is_explicit for one in usable))


def _find_refusal(
    certificate: Certificate, others: Iterable[Certificate], published_keys: frozenset[bytes]
) -> Refusal | None:
    if not certificate.is_authority:
        return Refusal.NOT_AUTHORITY
    if len(certificate.country) != 2:
        return Refusal.WITHOUT_COUNTRY
    if certificate.key_info in published_keys:
        return Refusal.PUBLISHED_KEY
    try:
        _ = certificate.public_key
        return None if _is_signature_plausible(certificate, others) else Refusal.UNSIGNED
    except UnsupportedKey:
        return Refusal.UNSUPPORTED
    except ChipDamaged:
        return Refusal.DAMAGED


def _is_signature_plausible(certificate: Certificate, others: Iterable[Certificate]) -> bool:
    """Tell whether nothing speaks against the signature. It makes nobody trusted: the list vouches for what is in it.

    A link certificate carries a new key under the signature of the one before, which the list often has no more, and
    certificates that sign themselves do so with hashes that are not enough for documents.
    """
    issuers = [other for other in others if _names_key(certificate, other)]
    try:
        return not issuers or any(certificate.is_signed_by(issuer) for issuer in issuers)
    except UnsupportedKey:
        return True


def _names_key(certificate: Certificate, issuer: Certificate) -> bool:
    return bool(certificate.issuer_key_id) and certificate.issuer_key_id == issuer.key_id


def _is_list_whole(signed: SignedContent, ders: Iterable[bytes]) -> bool:
    try:
        if not signed.verify():
            return False
        signer = signed.signer
        authorities = [Certificate(der) for der in (*ders, *signed.certificates)]
        return any(
            signer.is_signed_by(authority)
            for authority in authorities
            if authority.is_authority and authority.subject == signer.issuer and authority.country == signer.country
        )
    except (ChipDamaged, UnsupportedKey):
        return False


class _Certificates(core.SetOf):  # type: ignore[misc]
    _child_spec = x509.Certificate


class _CscaMasterList(core.Sequence):  # type: ignore[misc]
    _fields = [("version", core.Integer), ("certificates", _Certificates)]  # noqa: RUF012 - the library's own form
