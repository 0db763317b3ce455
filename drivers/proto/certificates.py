"""Certificates of documents' signers: keys with named or explicit curves, signatures, names. Pure.

`asn1crypto` takes certificates apart and `cryptography` verifies; `cryptography` alone refuses explicit curves, which a
quarter of the countries' certificates have. Nothing here trusts a certificate: `passive_auth` and `csca` do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256

from asn1crypto import algos, keys, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from drivers.errors import ChipDamaged
from drivers.proto.ec_points import name_curve

# SHA-1 is left out: no document that is still valid should need it.
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_MIN_RSA_BITS = 2048
# By the names of asn1crypto and of ec_points.
_CURVES: dict[str, ec.EllipticCurve] = {
    "secp224r1": ec.SECP224R1(),
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
    "brainpoolp256r1": ec.BrainpoolP256R1(),
    "brainpoolp384r1": ec.BrainpoolP384R1(),
    "brainpoolp512r1": ec.BrainpoolP512R1(),
}


class UnsupportedKey(Exception):
    """A key or an algorithm that is not supported here."""


class Certificate:
    """One certificate. Attributes are what its bytes say, unproved. `repr` shows country and serial number alone."""

    def __init__(self, der: bytes) -> None:
        """Take it apart. Raises: ChipDamaged when it is no certificate."""
        self.der = der
        with as_damage("certificate"):
            parsed = x509.Certificate.load(der, strict=True)
            body = parsed["tbs_certificate"]
            self.body = body.dump()
            self.serial = int(parsed.serial_number)
            self.subject = str(parsed.subject.hashable)
            self.issuer = str(parsed.issuer.hashable)
            self.country = str(parsed.subject.native.get("country_name", "")).upper()
            self.not_before: datetime = body["validity"]["not_before"].native
            self.not_after: datetime = body["validity"]["not_after"].native
            self.key_id = bytes(parsed.key_identifier or b"")
            self.issuer_key_id = bytes(parsed.authority_key_identifier or b"")
            # Some countries leave the plain mark out, and say by the usage of the key that it signs certificates.
            usage = parsed.key_usage_value
            self.is_authority = bool(parsed.ca or (usage is not None and "key_cert_sign" in usage.native))
            # A country's other signers (of master lists, say) tell what they are for; those of documents do not.
            self.may_sign_documents = not self.is_authority and parsed.extended_key_usage_value is None
            self.signature = bytes(parsed["signature_value"].native)
            self._algorithm = parsed["signature_algorithm"]
            self._key_info = parsed.public_key
            self.is_explicit = _has_explicit_curve(self._key_info)
            self.key_info = bytes(self._key_info.dump())

    def __repr__(self) -> str:
        return f"Certificate({self.country}, {self.serial:x})"

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the whole certificate, in hexadecimal."""
        return sha256(self.der).hexdigest()

    def is_valid_at(self, now: datetime) -> bool:
        """Tell whether `now` (aware) lies in its validity."""
        return self.not_before <= now <= self.not_after

    @cached_property
    def public_key(self) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
        """The key. Raises: UnsupportedKey, ChipDamaged."""
        with as_damage("certificate"):
            return _load_key(self._key_info)

    def is_signed_by(self, issuer: Certificate) -> bool:
        """Tell whether `issuer`'s key signed this one. Raises: UnsupportedKey, ChipDamaged."""
        return is_signature_good(issuer, self._algorithm, "", self.signature, self.body)


def is_signature_good(
    signer: Certificate, algorithm: algos.SignedDigestAlgorithm, digest: str, signature: bytes, message: bytes
) -> bool:
    """Verify; `digest` names the hash where the algorithm leaves it out. Raises: UnsupportedKey, ChipDamaged."""
    with as_damage("signature"):
        scheme = _find_scheme(algorithm, digest)
    key = signer.public_key
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and scheme.kind == "ecdsa":
            key.verify(signature, message, ec.ECDSA(scheme.digest))
        elif isinstance(key, rsa.RSAPublicKey) and scheme.padding is not None:
            key.verify(signature, message, scheme.padding, scheme.digest)
        else:
            return False  # made with a key of another kind
    except InvalidSignature:
        return False
    except (OverflowError, ValueError):  # a salt longer than the library can count, say
        raise ChipDamaged("signature") from None
    return True


@dataclass(frozen=True, slots=True)
class _Scheme:
    kind: str
    digest: hashes.HashAlgorithm
    padding: padding.PKCS1v15 | padding.PSS | None = None


def _find_scheme(algorithm: algos.SignedDigestAlgorithm, digest: str) -> _Scheme:
    """Return how to verify. Raises: UnsupportedKey."""
    try:
        kind = algorithm.signature_algo
        name = digest if algorithm["algorithm"].native == "rsassa_pkcs1v15" else algorithm.hash_algo
    except ValueError:
        raise UnsupportedKey from None
    if name not in HASHES or kind not in ("ecdsa", "rsassa_pkcs1v15", "rsassa_pss"):
        raise UnsupportedKey
    if kind != "rsassa_pss":
        return _Scheme(kind, HASHES[name], padding.PKCS1v15() if kind == "rsassa_pkcs1v15" else None)
    parameters = algorithm["parameters"]
    mask = parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native
    if mask not in HASHES:
        raise UnsupportedKey
    salt_bytes = int(parameters["salt_length"].native)
    return _Scheme(kind, HASHES[name], padding.PSS(padding.MGF1(HASHES[mask]), salt_bytes))


@contextmanager
def as_damage(part: str) -> Iterator[None]:
    """Turn whatever a parser of hostile bytes may raise into ChipDamaged, which names the part alone."""
    try:
        yield
    except (ChipDamaged, UnsupportedKey):
        raise
    except UnsupportedAlgorithm:
        raise UnsupportedKey from None
    # asn1crypto takes things apart when they are asked for, and then raises what it happens to meet.
    except Exception:
        raise ChipDamaged(part) from None


def _has_explicit_curve(info: keys.PublicKeyInfo) -> bool:
    return bool(info.algorithm == "ec" and info["algorithm"]["parameters"].name == "specified")


def _load_key(info: keys.PublicKeyInfo) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    if info.algorithm in ("rsa", "rsassa_pss"):
        numbers = info["public_key"].parsed
        key = rsa.RSAPublicNumbers(numbers["public_exponent"].native, numbers["modulus"].native).public_key()
        if key.key_size < _MIN_RSA_BITS:
            raise UnsupportedKey
        return key
    if info.algorithm != "ec":
        raise UnsupportedKey
    name = _find_curve_name(info)
    if name not in _CURVES:
        raise UnsupportedKey
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[name], bytes(info["public_key"].native))


def _find_curve_name(info: keys.PublicKeyInfo) -> str | None:
    parameters = info["algorithm"]["parameters"]
    if parameters.name == "named":
        return str(parameters.chosen.native)
    if parameters.name != "specified":
        return None
    return _name_explicit(parameters.chosen)


def _name_explicit(domain: keys.SpecifiedECDomain) -> str | None:
    """Return the standard curve whose numbers are written out, all of them compared; None for any other."""
    if domain["field_id"]["field_type"].native != "prime_field":
        return None
    p = int(domain["field_id"]["parameters"].native)
    a, b = (int.from_bytes(domain["curve"][part].native, "big") for part in ("a", "b"))
    base = bytes(domain["base"].native)
    size = (p.bit_length() + 7) // 8
    cofactor = domain["cofactor"].native
    if cofactor not in (None, 1):
        return None
    x = int.from_bytes(base[1 : 1 + size], "big")
    if base[:1] == b"\x04" and len(base) == 1 + 2 * size:
        y: int | None = int.from_bytes(base[1 + size :], "big")
    elif base[:1] in (b"\x02", b"\x03") and len(base) == 1 + size:
        y = None  # the generator's other half follows from its first, up to a sign
    else:
        return None
    return name_curve(p, a, b, x, y, int(domain["order"].native), is_odd=base[0] == 3)
