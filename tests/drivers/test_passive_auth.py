"""Whether a country vouches for a chip: every verdict, curves written out, and what cannot be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from drivers.document_chip import Examiner, read_document
from drivers.errors import ChipDamaged
from drivers.parse import parse_document
from drivers.proto.certificates import Certificate, UnsupportedKey
from drivers.proto.cms_signed import compute_digest
from drivers.proto.country_codes import find_certificate_countries
from drivers.proto.csca import CscaStore
from drivers.proto.lds import LdsFile
from drivers.proto.mrz_states import read_state
from drivers.proto.passive_auth import Proof, examine, parse_security_object
from drivers.sim.emrtd_issuer import UTOPIA, Country, Holder, Wish, make_country, make_holder, sign_groups
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS, build_chip
from records.documents import ChipVerdict
from tests.drivers.chips import NOW, connect, find_key, read_specimen_chip

DG1 = build_chip(CHIP_SPECIMENS["chip-bac"]).files[0x0101]
FILES = {LdsFile.DG1: DG1}


def judge(sod: bytes, store: CscaStore, *, state: str = "UTO", now: datetime = NOW) -> Proof:
    return examine(parse_security_object(sod), FILES, state, store, now)


def sign(signer: Holder, *, digest: str = "sha256") -> bytes:
    return sign_groups(signer, {1: DG1, 2: b"face"}, digest=digest)


@pytest.fixture(scope="module")
def country() -> Country:
    return make_country(Wish())


@pytest.mark.parametrize(
    ("specimen", "proof", "verdict"),
    [
        ("chip-bac", Proof.VOUCHED, ChipVerdict.VERIFIED),
        ("chip-altered", Proof.ALTERED, ChipVerdict.FAILED),
        ("chip-foreign", Proof.NO_COUNTRY_CERTIFICATE, ChipVerdict.NOT_VERIFIED),
        ("chip-expired-signer", Proof.SIGNER_EXPIRED, ChipVerdict.FAILED),
    ],
)
def test_specimen_gets_its_verdict(specimen: str, proof: Proof, verdict: ChipVerdict) -> None:
    reading = read_specimen_chip(specimen)
    assert reading.proof is proof
    assert parse_document(reading.raw).chip is verdict


def test_without_any_country_nothing_is_vouched_for() -> None:
    assert read_specimen_chip("chip-bac", CscaStore([])).proof is Proof.NO_COUNTRY_CERTIFICATE
    # What is altered shows all the same.
    assert read_specimen_chip("chip-altered", CscaStore([])).proof is Proof.ALTERED


@pytest.mark.parametrize("curve", [ec.BrainpoolP256R1(), ec.SECP256R1()], ids=lambda curve: curve.name)
@pytest.mark.parametrize(("authority", "signer"), [(True, False), (False, True), (True, True)])
def test_curve_that_is_written_out_is_known(curve: ec.EllipticCurve, authority: bool, signer: bool) -> None:
    root = Wish(curve=curve, is_explicit=authority)
    wish = replace(root, name="Utopia DS", serial=2, is_authority=False, is_explicit=signer)
    country = make_country(root, wish)
    assert Certificate(country.authority.certificate).is_explicit == authority
    assert judge(sign(country.signer), country.store) is Proof.VOUCHED


def test_curve_that_is_almost_a_known_one_is_not_taken_for_it(country: Country) -> None:
    explicit = make_holder(Wish(is_explicit=True)).certificate
    generator = bytes.fromhex("8BD2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262")
    # A generator of somebody's own choice is how a signature is forged under a key that is not theirs.
    moved = Certificate(explicit.replace(generator, generator[:-1] + b"\x63"))
    with pytest.raises(UnsupportedKey):
        _ = moved.public_key


def test_sha_1_is_not_enough(country: Country) -> None:
    assert judge(sign(country.signer, digest="sha1"), country.store) is Proof.UNSUPPORTED


def test_longer_hash_is_understood(country: Country) -> None:
    assert judge(sign(country.signer, digest="sha512"), country.store) is Proof.VOUCHED


def test_group_that_was_not_signed_is_altered(country: Country) -> None:
    sod = sign_groups(country.signer, {2: b"face"})
    assert judge(sod, country.store) is Proof.ALTERED


def test_country_cannot_vouch_for_another_ones_document() -> None:
    atlantis = make_country(Wish(country="XA", name="Atlantis CSCA"))
    assert judge(sign(atlantis.signer), atlantis.store) is Proof.WRONG_SIGNER


def test_organisation_without_a_known_country_code_is_not_vouched_for(country: Country) -> None:
    assert judge(sign(country.signer), country.store, state="XPO") is Proof.UNSUPPORTED


def test_authority_itself_signs_no_document(country: Country) -> None:
    assert judge(sign(country.authority), country.store) is Proof.WRONG_SIGNER


def test_signer_of_master_lists_signs_no_document(country: Country) -> None:
    wish = Wish(name="Utopia MLS", serial=4, is_authority=False, purpose="2.23.136.1.1.3")
    assert judge(sign(make_holder(wish, country.authority)), country.store) is Proof.WRONG_SIGNER


def test_signer_is_believed_within_its_validity_alone(country: Country) -> None:
    wish = Wish(name="Utopia DS", serial=5, is_authority=False, not_before=NOW, not_after=NOW + timedelta(days=1))
    sod = sign(make_holder(wish, country.authority))
    days = [NOW - timedelta(seconds=1), NOW, NOW + timedelta(days=1), NOW + timedelta(days=1, seconds=1)]
    assert [judge(sod, country.store, now=day) for day in days] == [
        Proof.SIGNER_EXPIRED, Proof.VOUCHED, Proof.VOUCHED, Proof.SIGNER_EXPIRED,
    ]  # fmt: skip


def test_country_certificate_that_expired_is_none(country: Country) -> None:
    late = datetime(2046, 1, 1, tzinfo=UTC)
    assert judge(sign(country.signer), country.store, now=late) is Proof.NO_COUNTRY_CERTIFICATE


def test_new_key_of_a_country_that_is_not_in_the_store_accuses_nobody(country: Country) -> None:
    newer = make_country(Wish())  # the same name, another key
    assert judge(sign(newer.signer), country.store) is Proof.NO_COUNTRY_CERTIFICATE
    both = CscaStore([Certificate(each.authority.certificate) for each in (country, newer)])
    assert judge(sign(newer.signer), both) is Proof.VOUCHED


def test_signer_that_names_a_key_which_did_not_sign_it_is_false(country: Country) -> None:
    forger = Holder(ec.generate_private_key(ec.BrainpoolP256R1()), country.authority.certificate)
    signer = make_holder(Wish(name="Utopia DS", serial=9, is_authority=False), forger)
    assert judge(sign(signer), country.store) is Proof.FALSE_SIGNER


def test_signature_by_another_key_than_the_certificates_is_none(country: Country) -> None:
    forger = Holder(ec.generate_private_key(ec.BrainpoolP256R1()), country.signer.certificate)
    assert judge(sign(forger), country.store) is Proof.NOT_SIGNED


def test_no_altered_byte_of_what_is_signed_is_vouched_for(country: Country) -> None:
    """The regression test of the fuzzer's finding too: each byte in turn, a verdict or typed damage, nothing else."""
    sod = sign(country.signer)
    signed = parse_security_object(sod).signed
    vouched = set()
    for place in range(len(sod)):
        altered = sod[:place] + bytes([sod[place] ^ 0x20]) + sod[place + 1 :]
        try:
            if judge(altered, country.store) is Proof.VOUCHED:
                vouched.add(place)
        except ChipDamaged:
            continue
    for part in (signed.content, country.signer.certificate, compute_digest("sha256", signed.content)):
        assert vouched.isdisjoint(range(sod.index(part), sod.index(part) + len(part)))
    # Around it lie versions, a second list of hashes, and the case of letters in a name: nothing that is believed.
    assert len(vouched) < 50


def test_damaged_security_object_is_damage_and_no_document() -> None:
    content = build_chip(CHIP_SPECIMENS["chip-bac"])
    broken = replace(content, files={**content.files, 0x011D: bytes.fromhex("7703020100")})
    with pytest.raises(ChipDamaged):
        read_document(connect(broken), find_key("chip-bac"), Examiner(UTOPIA.store, lambda: NOW))


RSA_KEY = rsa.generate_private_key(65537, 2048)
Signing = Callable[[x509.CertificateBuilder], x509.Certificate]


def build_rsa(sign_it: Signing, key: rsa.RSAPrivateKey = RSA_KEY) -> Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "UT")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, NOW, NOW + timedelta(days=9))
    return Certificate(sign_it(builder).public_bytes(Encoding.DER))


@pytest.mark.parametrize(
    "sign_it",
    [
        lambda builder: builder.sign(RSA_KEY, hashes.SHA256()),
        lambda builder: builder.sign(RSA_KEY, hashes.SHA512()),
        lambda builder: builder.sign(
            RSA_KEY, hashes.SHA256(), rsa_padding=padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        ),
        lambda builder: builder.sign(
            RSA_KEY, hashes.SHA512(), rsa_padding=padding.PSS(padding.MGF1(hashes.SHA256()), 20)
        ),
    ],
    ids=["sha256", "sha512", "pss", "pss-mixed"],
)
def test_rsa_signature_is_verified_in_every_form(sign_it: Signing) -> None:
    certificate = build_rsa(sign_it)
    assert certificate.is_signed_by(certificate)
    other = build_rsa(lambda builder: builder.sign(RSA_KEY, hashes.SHA384()))
    altered = Certificate(certificate.der[:-1] + bytes([certificate.der[-1] ^ 1]))
    assert not altered.is_signed_by(other)


@pytest.mark.parametrize("salt_bytes", [-1, 2**31, 2**70])
def test_signature_with_an_absurd_salt_is_damage(salt_bytes: int) -> None:
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    good = build_rsa(lambda builder: builder.sign(RSA_KEY, hashes.SHA256(), rsa_padding=scheme))
    parsed = asn1_x509.Certificate.load(good.der)
    parsed["signature_algorithm"]["parameters"]["salt_length"] = salt_bytes
    with pytest.raises(ChipDamaged):
        Certificate(parsed.dump(force=True)).is_signed_by(good)


def test_short_rsa_key_is_not_supported() -> None:
    key = rsa.generate_private_key(65537, 1024)
    certificate = build_rsa(lambda builder: builder.sign(key, hashes.SHA256()), key)
    with pytest.raises(UnsupportedKey):
        certificate.is_signed_by(certificate)


@pytest.mark.parametrize("bits", [17_000, 400_000])
def test_rsa_key_of_an_absurd_size_is_answered_at_once(bits: int) -> None:
    parsed = asn1_x509.Certificate.load(build_rsa(lambda builder: builder.sign(RSA_KEY, hashes.SHA256())).der)
    modulus = (1 << bits) - 1
    key = asn1_keys.RSAPublicKey({"modulus": modulus, "public_exponent": modulus - 2})
    parsed["tbs_certificate"]["subject_public_key_info"]["public_key"] = key
    certificate = Certificate(parsed.dump(force=True))
    assert not certificate.is_signed_by(certificate)


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"\x30\x03\x02\x01\x01", b"certificate"])
def test_what_is_no_certificate_is_damage(der: bytes) -> None:
    with pytest.raises(ChipDamaged):
        Certificate(der)


def test_every_state_of_the_printed_lines_has_a_country_code_but_some_organisations() -> None:
    states = {code for code in ("UTO", "DEU", "CHN", "GBR", "GBD", "USA", "UNO", "RKS") if read_state(code)}
    assert [state for state in states if not find_certificate_countries(state)] == []
    assert find_certificate_countries("CHN") == {"CN", "HK", "MO"}
    assert find_certificate_countries("DEU") == {"DE"}
    assert find_certificate_countries("XXA") == frozenset()
