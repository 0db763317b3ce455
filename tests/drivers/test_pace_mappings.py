"""ICAO 9303-11, appendices H.1 and I.1, byte for byte; and chips that prove themselves falsely."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drivers.document_chip import ChipReading, Examiner, read_document
from drivers.errors import ChipDamaged
from drivers.parse import parse_document
from drivers.proto.access_key import MrzKey, make_mrz_key
from drivers.proto.card_security import ChipProof, examine_chip, parse_chip_keys
from drivers.proto.chip_cipher import Suite
from drivers.proto.cms_signed import open_signed
from drivers.proto.csca import CscaStore
from drivers.proto.ec_points import find_curve
from drivers.proto.pace import ChipClaim, Mapping, decrypt_claim, find_pace, open_by_pace
from drivers.proto.pace_mapping import can_map, draw_number, map_nonces
from drivers.proto.passive_auth import Proof
from drivers.proto.tlv import encode_tlv
from drivers.sim.card_access import PaceOffer, encrypt_claim
from drivers.sim.emrtd_card import CardContent, VirtualCard
from drivers.sim.emrtd_issuer import UTOPIA, Wish, make_country, sign_chip_key
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS, build_chip
from records.documents import ChipVerdict
from tests.drivers.chips import EXAMINER, NOW, Recording, connect, deal_bytes, deal_scalars, find_key

# Appendix H.1: brainpoolP256r1 and AES-128.
CHIP_NONCE, READER_NONCE = "2923BE84E16CD6AE529049F1F1BBE9EB", "5DD4CBFC96F5453B130D890A1CDBAE32"
IM_NUMBER = 0xA2F8FF2DF50E52C6599F386ADCB595D229F6A167ADE2BE5F2C3296ADD5B7430E
IM_GENERATOR = (
    "048E82D31559ED0FDE92A4D0498ADD3C23BABA94FB77691E31E90AEA77FB17D427"
    "4C1AE14BD0C3DBAC0C871B7F3608169364437CA30AC243A089D3F266C1E60FAD"
)
READER_SCALAR = "A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595"
CHIP_SCALAR = "107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A"
IM_EXCHANGES = [
    ("0022C1A40F800A04007F00070202040402830101", "9000"),
    ("10860000027C0000", "7C128010143DC40C08C8E891FBED7DEDB92B64AD9000"),
    ("10860000147C1281105DD4CBFC96F5453B130D890A1CDBAE3200", "7C0282009000"),
    (
        "10860000457C4383410489CBA23FFE96AA18D824627C3E934E54A9FD0B87A95D1471DC1C0ABFDCD640D4"
        "6755DE9B7B778280B6BEBD57439ADFEB0E21FD4ED6DF42578C13418A59B34C3700",
        "7C4384410467F78E5F7F7686082B293E8D087E056916D0F74BC01A5F8957D0DE45691E51E8"
        "932B69A962B52A0985AD2C0A271EE6A13A8ADDDCD1A3A994B9DED257F4D227539000",
    ),
    ("008600000C7C0A8508450F02B86F6A090900", "7C0A860875D4D96E8D5B03089000"),
]

# Appendix I.1: brainpoolP256r1 and AES-128.
CAM_KEY = make_mrz_key("C11T002JM", "960812", "231031")
CAM_SCALARS = (
    "5D8BB87BD74D985A4B7D4325B9F7B976FE835122773400798914AA22738135CC",
    "76ECFDAA9841C323A3F5FC5E88B88DB3EFF7E35EBF57A7E6946CB630006C2120",
)
CAM_EXCHANGES = [
    ("0022C1A40F800A04007F00070202040602830101", "9000"),
    ("10860000027C0000", "7C128010CB60E8E0D85B76A9BD304747C2AD42E29000"),
    (
        "10860000457C438141047F1D410ADB7DDB3B84BF1030800981A9105D7457B4A3ADE002384F3086C67EDE"
        "1AB889104A27DB6D842B019020FBF3CEACB0DC627F7BDCAC29969E19D0E553C100",
        "7C43824104A234236AA9B9621E8EFB73B5245C0E09D2576E5277183C1208BDD55280CAE8B3"
        "04F365713A356E65A451E165ECC9AC0AC46E3771342C8FE5AEDD092685338E239000",
    ),
    (
        "10860000457C43834104446C934084D9DAB863944F219520076C29EE3F7AE6722B11FF319EC1C7728F95"
        "5483400BFF60BF0C5929270009277DC2A515E12575010AD9BA916CF1BF86FEFC00",
        "7C4384410402AD566F3C6EC7F9324509AD50A51FA52030782A4968FCFEDF737DAEA9933331"
        "11C3B9B4C2287789BD137E7F8AA882E2A3C633CCD6ECC2C63C57AD401A09C2E19000",
    ),
    (
        "008600000C7C0A8508E86BD06018A1CD3B00",
        "7C3C86088596CF055C67C1A38A301EEA964DAAE372AC990E3EFDE6333353BFC89A6704D93DA8798CF77F5B7A54BD10CB"
        "A372B42BE0B9B5F28AA8DE2F4F929000",
    ),
]
CAM_SESSION_KEY = bytes.fromhex("0A9DA4DB03BDDE39FC5202BC44B2E89E")
CAM_DATA = bytes.fromhex("85DC3FA93D0952BFA82F5FD189EE75BD82F11D1F0B8ED4BF5319AC9B53C426B3")
CAM_SECRET = bytes.fromhex(CAM_EXCHANGES[4][1])[14:-2]
CHIP_KEYS = bytes.fromhex(
    "31643062060904007F0007020201023052300C060704007F0007010202010D034200041872709494399E7470A6431BE25E83EEE24FEA568C"
    "2ED28DB48E05DB3A610DC884D256A40E35EFCB59BF6753D3A489D28C7A4D973C2DA138A6E7A4A08F68E16F02010D"
)
MAPPING_SECRET = 0x9E56A6B59C95D06ECE5CD10F983BB2F4F1943528E577F23881D89D8C3BBEE0AA


class ExampleKey(MrzKey):
    """Appendix H.1 names the printed lines as password, and its key follows from these six digits."""

    @property
    def secret(self) -> bytes:
        return b"123456"


def test_integrated_mapping_makes_the_generator_of_the_example() -> None:
    curve = find_curve(13)
    assert curve is not None
    chip_nonce, reader_nonce = bytes.fromhex(CHIP_NONCE), bytes.fromhex(READER_NONCE)
    field = int(curve.generator.curve().p())
    assert draw_number(Suite.AES_128, field, chip_nonce, reader_nonce) == IM_NUMBER
    mapped = map_nonces(Suite.AES_128, curve, chip_nonce, reader_nonce)
    assert mapped.encode_point(mapped.generator).hex().upper() == IM_GENERATOR


def test_reader_says_the_example_of_integrated_mapping() -> None:
    recording = Recording(IM_EXCHANGES)
    info = find_pace(PaceOffer(Suite.AES_128, mapping=Mapping.INTEGRATED).build_card_access())
    assert info is not None
    channel, claim = open_by_pace(
        recording, info, ExampleKey(""), deal_scalars(READER_SCALAR), deal_bytes(READER_NONCE)
    )
    recording.assert_over()
    assert claim is None
    assert channel._keys is not None
    assert channel._keys.encrypting.hex().upper() == "0D3FEB33251A6370893D62AE8DAAF51B"
    assert channel._keys.codes.hex().upper() == "B01E89E3D9E8719E586B50B4A7506E0B"


def test_card_says_the_example_of_integrated_mapping() -> None:
    offer = PaceOffer(Suite.AES_128, mapping=Mapping.INTEGRATED)
    content = CardContent({0x011C: offer.build_card_access()}, ExampleKey(""), pace=offer)
    card = VirtualCard(content, draw=deal_bytes(CHIP_NONCE), draw_scalar=deal_scalars(CHIP_SCALAR))
    said = [card.answer(bytes.fromhex(command)).hex().upper() for command, _ in IM_EXCHANGES]
    assert said == [answer for _, answer in IM_EXCHANGES]


@pytest.mark.parametrize("said", ["9000", "7C009000", "7C0282009000"])
def test_chip_may_say_nothing_in_several_ways(said: str) -> None:
    recording = Recording([*IM_EXCHANGES[:2], (IM_EXCHANGES[2][0], said), *IM_EXCHANGES[3:]])
    info = find_pace(PaceOffer(Suite.AES_128, mapping=Mapping.INTEGRATED).build_card_access())
    assert info is not None
    open_by_pace(recording, info, ExampleKey(""), deal_scalars(READER_SCALAR), deal_bytes(READER_NONCE))


@pytest.mark.parametrize("suite", list(Suite))
@pytest.mark.parametrize("parameter_id", [8, 9, 11, 12, 13, 14, 15, 16, 17, 18])
def test_mapped_generator_lies_on_every_curve_it_is_defined_on(suite: Suite, parameter_id: int) -> None:
    curve = find_curve(parameter_id)
    assert curve is not None
    assert can_map(curve)
    chip_nonce = bytes(range(32 if suite.key_bytes > 16 else 16))
    one, other = (map_nonces(suite, curve, chip_nonce, bytes([n]) * suite.key_bytes) for n in (1, 2))
    assert one.encode_point(one.generator) != other.encode_point(other.generator)
    assert curve.decode_point(one.encode_point(one.generator)) == one.generator


def test_integrated_mapping_is_left_alone_where_it_is_not_defined() -> None:
    assert find_pace(PaceOffer(Suite.AES_128, 10, Mapping.INTEGRATED).build_card_access()) is None
    assert find_pace(PaceOffer(Suite.TDES, 13, Mapping.CHIP_AUTHENTICATION).build_card_access()) is None


def test_nonces_of_another_length_are_damage() -> None:
    curve = find_curve(13)
    assert curve is not None
    for chip_nonce, reader_nonce in ((15, 16), (32, 16), (16, 24), (0, 16)):
        with pytest.raises(ChipDamaged):
            map_nonces(Suite.AES_128, curve, bytes(chip_nonce), bytes(reader_nonce))


def claim_of_the_example(data: bytes = CAM_DATA) -> ChipClaim:
    curve = find_curve(13)
    assert curve is not None
    return ChipClaim(13, curve, bytes.fromhex(CAM_EXCHANGES[2][1])[4:-2], data)


def test_reader_says_the_example_of_chip_authentication_mapping() -> None:
    recording = Recording(CAM_EXCHANGES)
    info = find_pace(PaceOffer(Suite.AES_128, mapping=Mapping.CHIP_AUTHENTICATION).build_card_access())
    assert info is not None
    channel, claim = open_by_pace(recording, info, CAM_KEY, deal_scalars(*CAM_SCALARS), deal_bytes())
    recording.assert_over()
    assert claim == claim_of_the_example()
    assert channel._keys is not None
    assert channel._keys.encrypting == CAM_SESSION_KEY
    assert channel._keys.codes.hex().upper() == "4B1C06491ED5140CA2B537D344C6C0B1"


def test_card_proves_itself_as_in_the_example() -> None:
    # The card's own key follows from the two numbers that the example prints.
    order = PaceOffer(Suite.AES_128).curve.order
    secret = MAPPING_SECRET * pow(int.from_bytes(CAM_DATA, "big"), -1, order) % order
    offer = PaceOffer(Suite.AES_128, mapping=Mapping.CHIP_AUTHENTICATION, chip_secret=secret)
    assert (offer.chip_key,) == parse_chip_keys(CHIP_KEYS, 13)
    assert encrypt_claim(offer, CAM_SESSION_KEY, MAPPING_SECRET) == CAM_SECRET
    assert decrypt_claim(Suite.AES_128, CAM_SESSION_KEY, CAM_SECRET) == CAM_DATA


def test_key_of_the_example_fits_its_claim_and_no_other() -> None:
    (key,) = parse_chip_keys(CHIP_KEYS, 13)
    card_security = sign_chip_key(UTOPIA.signer, key, 13)
    assert examine_chip(claim_of_the_example(), card_security, "UTO", UTOPIA.store, NOW) is ChipProof.GENUINE
    for data in (b"", bytes(32), CAM_DATA[:-1] + b"\x00", b"\xff" * 32, b"\x00" + CAM_DATA):
        found = examine_chip(claim_of_the_example(data), card_security, "UTO", UTOPIA.store, NOW)
        assert found is ChipProof.COPIED
    assert parse_chip_keys(CHIP_KEYS, 12) == ()


def read(specimen: str, examiner: Examiner = EXAMINER, content: CardContent | None = None) -> ChipReading:
    content = content or build_chip(CHIP_SPECIMENS[specimen])
    return read_document(connect(content), find_key(specimen), examiner)


@pytest.mark.parametrize(
    ("specimen", "access", "commands", "proof", "chip_proof"),
    [
        ("chip-im", "PACE AES-256 IM", 9, Proof.VOUCHED, ChipProof.NOT_ASKED),
        ("chip-cam", "PACE AES-128 CAM", 10, Proof.VOUCHED, ChipProof.GENUINE),
        ("chip-copied", "PACE AES-128 CAM", 10, Proof.COPIED, ChipProof.COPIED),
    ],
)
def test_specimen_is_read_and_judged(
    specimen: str, access: str, commands: int, proof: Proof, chip_proof: ChipProof
) -> None:
    reading = read(specimen)
    assert (reading.access, reading.traffic.apdus, reading.proof) == (access, commands, proof)
    assert reading.raw.fields["chip_proof"] == chip_proof
    assert parse_document(reading.raw).chip is proof.verdict


def test_copy_that_keeps_the_signed_key_back_is_not_taken_for_genuine() -> None:
    content = replace(build_chip(CHIP_SPECIMENS["chip-copied"]), card_security=b"")
    reading = read("chip-copied", content=content)
    assert reading.raw.fields["chip_proof"] == ChipProof.NOT_PROVED
    assert reading.proof is Proof.VOUCHED


def test_genuine_chip_of_an_unknown_country_accuses_nobody() -> None:
    reading = read("chip-cam", Examiner(CscaStore([]), lambda: NOW))
    assert reading.raw.fields["chip_proof"] == ChipProof.NOT_PROVED
    assert parse_document(reading.raw).chip is ChipVerdict.NOT_VERIFIED


def test_key_that_another_country_signed_is_a_copy() -> None:
    stranger = make_country(Wish(country="AT", name="Atlantis CSCA"))
    (key,) = parse_chip_keys(CHIP_KEYS, 13)
    card_security = sign_chip_key(stranger.signer, key, 13)
    store = CscaStore([*UTOPIA.store._certificates, *stranger.store._certificates])
    assert examine_chip(claim_of_the_example(), card_security, "UTO", store, NOW) is ChipProof.COPIED
    late = NOW + timedelta(days=365 * 40)
    assert examine_chip(claim_of_the_example(), card_security, "AUT", store, late) is ChipProof.NOT_PROVED


@pytest.mark.parametrize("place", range(0, 600, 37))
def test_signed_key_with_an_altered_byte_is_never_genuine(place: int) -> None:
    (key,) = parse_chip_keys(CHIP_KEYS, 13)
    card_security = bytearray(sign_chip_key(UTOPIA.signer, key, 13))
    place = min(place, len(card_security) - 1)
    card_security[place] ^= 0x01
    found = examine_chip(claim_of_the_example(), bytes(card_security), "UTO", UTOPIA.store, NOW)
    if found is ChipProof.GENUINE:
        # A byte outside of what is signed: of the frame around it, say.
        assert open_signed(bytes(card_security), "0.4.0.127.0.7.3.2.1").content.endswith(b"\x00" + key)


@pytest.mark.parametrize(
    "infos",
    [b"", b"\x31\x00\x00", encode_tlv(0x31, encode_tlv(0x02, b"\x01")), encode_tlv(0x30, b""), b"\x31\x02\x30\x00"],
)
def test_what_holds_no_keys_is_damage(infos: bytes) -> None:
    with pytest.raises(ChipDamaged):
        parse_chip_keys(infos, 13)


def test_chip_that_proves_itself_is_preferred_at_equal_strength() -> None:
    offers = [
        PaceOffer(Suite.AES_128, mapping=mapping).build_card_access()[2:]
        for mapping in (Mapping.GENERIC, Mapping.CHIP_AUTHENTICATION, Mapping.INTEGRATED)
    ]
    info = find_pace(encode_tlv(0x31, b"".join(offers)))
    assert info is not None
    assert info.mapping is Mapping.CHIP_AUTHENTICATION
    stronger = PaceOffer(Suite.AES_256).build_card_access()[2:]
    info = find_pace(encode_tlv(0x31, b"".join([*offers, stronger])))
    assert info is not None
    assert info.label == "PACE AES-256"
