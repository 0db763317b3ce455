"""A synthetic country that signs synthetic documents: its certificate, its signer's, security objects, master lists.

The private keys of `UTOPIA` follow from a sentence in this file, so everybody has them: what they sign is worth nothing
outside the simulator, and `PUBLISHED_KEYS` keeps them out of every store of real certificates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256

from asn1crypto import algos, cms, core, keys, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from drivers.proto.certificates import Certificate
from drivers.proto.csca import CscaStore
from drivers.proto.tlv import encode_tlv

_SECURITY_OBJECT = "2.23.136.1.1.1"
_MASTER_LIST = "2.23.136.1.1.2"
_SECURITY_INFOS = "0.4.0.127.0.7.3.2.1"
_SENTENCE = b"kuaijietong: published key of a country that does not exist: "
_FROM, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with a key and a certificate."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a certificate should say."""

    country: str = "UT"
    name: str = "Utopia CSCA"
    serial: int = 1
    not_before: datetime = _FROM
    not_after: datetime = _UNTIL
    is_authority: bool = True
    is_explicit: bool = False  # the curve's numbers are written out
    purpose: str = ""  # what else than documents it may sign, as a dotted number
    curve: ec.EllipticCurve = field(default_factory=ec.BrainpoolP256R1)


def make_holder(wish: Wish, issuer: Holder | None = None, *, key: ec.EllipticCurvePrivateKey | None = None) -> Holder:
    """Return a holder, certified by `issuer` or by itself; with a new key unless given."""
    key = key or ec.generate_private_key(wish.curve)
    key_info = _build_key_info(key, is_explicit=wish.is_explicit)
    issuer_name = x509.Certificate.load(issuer.certificate).subject if issuer else _build_name(wish)
    signing_key = issuer.key if issuer else key
    body = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": wish.serial,
            "signature": {"algorithm": "sha256_ecdsa"},
            "issuer": issuer_name,
            "validity": {"not_before": _build_time(wish.not_before), "not_after": _build_time(wish.not_after)},
            "subject": _build_name(wish),
            "subject_public_key_info": key_info,
            "extensions": _build_extensions(wish, key_info, issuer),
        }
    )
    signature = signing_key.sign(body.dump(), ec.ECDSA(hashes.SHA256()))
    certificate = x509.Certificate(
        {"tbs_certificate": body, "signature_algorithm": {"algorithm": "sha256_ecdsa"}, "signature_value": signature}
    )
    return Holder(key, certificate.dump())


def sign_groups(signer: Holder, groups: Mapping[int, bytes], *, digest: str = "sha256") -> bytes:
    """Return EF.SOD over the data groups, by number."""
    algorithm = algos.DigestAlgorithm({"algorithm": digest}).dump()
    hashed = b"".join(
        encode_tlv(0x30, encode_tlv(0x02, bytes([number])) + encode_tlv(0x04, _compute_digest(digest, content)))
        for number, content in sorted(groups.items())
    )
    content = encode_tlv(0x30, encode_tlv(0x02, b"\x00") + algorithm + encode_tlv(0x30, hashed))
    return encode_tlv(0x77, _sign_content(signer, _SECURITY_OBJECT, content, (signer.certificate,)))


def sign_master_list(signer: Holder, authority: Holder, certificates: Iterable[bytes]) -> bytes:
    """Return a master list of those certificates; `authority` certified its signer."""
    content = encode_tlv(0x30, encode_tlv(0x02, b"\x00") + encode_tlv(0x31, b"".join(sorted(certificates))))
    return _sign_content(signer, _MASTER_LIST, content, (signer.certificate, authority.certificate))


def sign_chip_key(signer: Holder, point: bytes, parameter_id: int) -> bytes:
    """Return EF.CardSecurity with the chip's public key on a curve of the standard's table."""
    curve = encode_tlv(0x06, bytes.fromhex("04007F00070102")) + encode_tlv(0x02, bytes([parameter_id]))
    key = encode_tlv(0x30, encode_tlv(0x30, curve) + encode_tlv(0x03, b"\x00" + point))
    info = encode_tlv(0x30, encode_tlv(0x06, bytes.fromhex("04007F000702020102")) + key)
    return _sign_content(signer, _SECURITY_INFOS, encode_tlv(0x31, info), (signer.certificate,))


@dataclass(frozen=True)
class Country:
    """A country with its signing certificate and one signer of documents."""

    authority: Holder
    signer: Holder

    @cached_property
    def store(self) -> CscaStore:
        """A store that believes this country alone."""
        return CscaStore([Certificate(self.authority.certificate)])


def make_country(authority: Wish, signer: Wish | None = None) -> Country:
    """Return a country with new keys."""
    root = make_holder(authority)
    wish = signer or replace(authority, name="Utopia DS", serial=2, is_authority=False, is_explicit=False)
    return Country(root, make_holder(wish, root))


def _make_published(role: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(sha256(_SENTENCE + role).digest(), "big") >> 1, ec.BrainpoolP256R1())


def _make_utopia() -> Country:
    # Written out, as a quarter of the real ones are.
    authority = make_holder(Wish(is_explicit=True), key=_make_published(b"authority"))
    wish = Wish(name="Utopia DS", serial=2, is_authority=False)
    return Country(authority, make_holder(wish, authority, key=_make_published(b"signer")))


def _build_key_info(key: ec.EllipticCurvePrivateKey, *, is_explicit: bool) -> keys.PublicKeyInfo:
    encoded = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    info = keys.PublicKeyInfo.load(encoded)
    if not is_explicit:
        return info
    point = info["public_key"].contents  # the count of unused bits and the point
    algorithm = encode_tlv(0x06, bytes.fromhex("2A8648CE3D0201")) + _build_explicit(key.curve)
    return keys.PublicKeyInfo.load(encode_tlv(0x30, encode_tlv(0x30, algorithm) + encode_tlv(0x03, point)))


def _build_explicit(curve: ec.EllipticCurve) -> bytes:
    p, a, b, generator, order = (bytes.fromhex(text) for text in _NUMBERS[curve.name])
    field_id = encode_tlv(0x30, encode_tlv(0x06, bytes.fromhex("2A8648CE3D0101")) + encode_tlv(0x02, b"\x00" + p))
    shape = encode_tlv(0x30, encode_tlv(0x04, a) + encode_tlv(0x04, b))
    rest = encode_tlv(0x04, generator) + encode_tlv(0x02, b"\x00" + order) + encode_tlv(0x02, b"\x01")
    return encode_tlv(0x30, encode_tlv(0x02, b"\x01") + field_id + shape + rest)


# p, a, b, generator, order, as RFC 5639 and FIPS 186 print them.
_NUMBERS = {
    "brainpoolP256r1": (
        "A9FB57DBA1EEA9BC3E660A909D838D726E3BF623D52620282013481D1F6E5377",
        "7D5A0975FC2C3057EEF67530417AFFE7FB8055C126DC5C6CE94A4B44F330B5D9",
        "26DC5C6CE94A4B44F330B5D9BBD77CBF958416295CF7E1CE6BCCDC18FF8C07B6",
        "048BD2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262"
        "547EF835C3DAC4FD97F8461A14611DC9C27745132DED8E545C1D54C72F046997",
        "A9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7",
    ),
    "secp256r1": (
        "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
        "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC",
        "5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B",
        "036B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296",  # compressed, as some write it
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
    ),
}


def _build_name(wish: Wish) -> x509.Name:
    return x509.Name.build({"country_name": wish.country, "organization_name": "Synthetic", "common_name": wish.name})


def _build_time(moment: datetime) -> x509.Time:
    return x509.Time({"utc_time": moment})


def _build_extensions(wish: Wish, key_info: keys.PublicKeyInfo, issuer: Holder | None) -> list[dict[str, object]]:
    own_id = key_info.sha1
    issuer_id = x509.Certificate.load(issuer.certificate).key_identifier if issuer else own_id
    usage = {"key_cert_sign", "crl_sign"} if wish.is_authority else {"digital_signature"}
    extensions: list[dict[str, object]] = [
        {"extn_id": "key_identifier", "critical": False, "extn_value": own_id},
        {"extn_id": "authority_key_identifier", "critical": False, "extn_value": {"key_identifier": issuer_id}},
        {"extn_id": "key_usage", "critical": True, "extn_value": usage},
    ]
    if wish.purpose:
        extensions.append({"extn_id": "extended_key_usage", "critical": True, "extn_value": [wish.purpose]})
    if wish.is_authority:
        constraints = {"ca": True, "path_len_constraint": 0}
        extensions.append({"extn_id": "basic_constraints", "critical": True, "extn_value": constraints})
    return extensions


def _sign_content(signer: Holder, content_type: str, content: bytes, certificates: Iterable[bytes]) -> bytes:
    certificate = x509.Certificate.load(signer.certificate)
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": [content_type]},
            {"type": "message_digest", "values": [sha256(content).digest()]},
        ]
    )
    info = {
        "version": "v1",
        "sid": {"issuer_and_serial_number": {"issuer": certificate.issuer, "serial_number": certificate.serial_number}},
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": signer.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
    }
    signed = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": content_type, "content": core.ParsableOctetString(content)},
            "certificates": [x509.Certificate.load(der) for der in certificates],
            "signer_infos": [info],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())


def _compute_digest(name: str, data: bytes) -> bytes:
    kinds: dict[str, hashes.HashAlgorithm] = {
        "sha256": hashes.SHA256(),
        "sha512": hashes.SHA512(),
        "sha1": hashes.SHA1(),
    }
    digest = hashes.Hash(kinds[name])
    digest.update(data)
    return digest.finalize()


UTOPIA = _make_utopia()
PUBLISHED_KEYS = frozenset(Certificate(holder.certificate).key_info for holder in (UTOPIA.authority, UTOPIA.signer))
