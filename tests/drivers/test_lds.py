"""The files of a document: what is taken of them, what is stepped over, and what is damage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import ChipDamaged, KeyUnusable
from drivers.proto.access_key import AccessNumber, MrzKey, parse_access_key
from drivers.proto.face_record import find_face
from drivers.proto.lds import Details, Issue, LdsFile, parse_dg1, parse_dg11, parse_dg12
from drivers.proto.pace import find_pace
from drivers.proto.tlv import encode_tlv
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS, build_chip, build_dg11, build_dg12, build_face
from drivers.sim.mrz_specimens import PRINTED_SPECIMENS

PASSPORT = PRINTED_SPECIMENS["eriksson"].text


def build_dg1(zone: bytes) -> bytes:
    return encode_tlv(0x61, encode_tlv(0x5F1F, zone))


@pytest.mark.parametrize("specimen", ["icao-td1", "icao-td2", "icao-td3", "eriksson"])
def test_zones_of_every_size_are_split_into_lines(specimen: str) -> None:
    text = PRINTED_SPECIMENS[specimen].text
    assert "\n".join(parse_dg1(build_dg1(text.replace("\n", "").encode()))) == text


@pytest.mark.parametrize(
    "data", [b"", build_dg1(b""), build_dg1(b"A" * 87), build_dg1(b"a" * 88), encode_tlv(0x62, b""), b"\x61\x05\x5f"]
)
def test_what_is_no_zone_is_damage(data: bytes) -> None:
    with pytest.raises(ChipDamaged):
        parse_dg1(data)


def test_face_is_found_behind_points_that_nobody_reads() -> None:
    content = build_chip(CHIP_SPECIMENS["chip-bac"], photo_bytes=500).files[0x0102]
    image = build_face(500)
    assert find_face(content) == image
    record = (
        b"FAC\x00010\x00" + bytes(6) + bytes(4) + (2).to_bytes(2, "big") + bytes(14) + bytes(16) + bytes(12) + image
    )
    face = encode_tlv(0x7F60, encode_tlv(0xA1, b"") + encode_tlv(0x7F2E, record))
    assert find_face(encode_tlv(0x75, encode_tlv(0x7F61, encode_tlv(0x02, b"\x01") + face))) == image


@pytest.mark.parametrize("record", [b"", b"new form", b"FAC\x00010\x00", b"FAC\x00010\x00" + bytes(60)])
def test_face_in_another_form_is_left_out(record: bytes) -> None:
    face = encode_tlv(0x7F60, encode_tlv(0x5F2E, record))
    assert find_face(encode_tlv(0x75, encode_tlv(0x7F61, face))) == b""


def test_face_that_is_not_there_is_damage() -> None:
    for content in (b"", encode_tlv(0x7F61, b""), encode_tlv(0x7F61, encode_tlv(0x7F60, b""))):
        with pytest.raises(ChipDamaged):
            find_face(encode_tlv(0x75, content))


def test_details_hold_name_birth_and_address_and_nothing_else() -> None:
    details = parse_dg11(build_dg11("李<<样本", "19921105", "路<1号", birth_place="样本市"))
    assert details == Details("李<<样本", "19921105", "路, 1号")
    assert repr(details) == "Details()"
    # The place of birth has no field to go to.
    assert set(Details.__slots__) == {"name", "birth", "address"}


def test_other_names_may_stand_several_times() -> None:
    names = encode_tlv(0xA0, encode_tlv(0x02, b"\x02") + encode_tlv(0x5F0F, b"A") + encode_tlv(0x5F0F, b"B"))
    assert parse_dg11(encode_tlv(0x6B, names + encode_tlv(0x5F0E, b"C"))).name == "C"


@pytest.mark.parametrize(("written", "birth"), [(b"19921105", "19921105"), (bytes.fromhex("19921105"), "19921105")])
def test_birth_date_is_read_in_both_forms(written: bytes, birth: str) -> None:
    assert parse_dg11(encode_tlv(0x6B, encode_tlv(0x5F2B, written))).birth == birth


@pytest.mark.parametrize("written", [b"", b"1992", b"1992110A", bytes.fromhex("1992110A")])
def test_birth_date_in_no_form_is_none(written: bytes) -> None:
    assert parse_dg11(encode_tlv(0x6B, encode_tlv(0x5F2B, written))).birth == ""


@pytest.mark.parametrize("name", [b"\xff", b"a\x00b", b"a\x1bb", "a\x85b".encode()])
def test_name_that_is_no_text_is_damage(name: bytes) -> None:
    with pytest.raises(ChipDamaged):
        parse_dg11(encode_tlv(0x6B, encode_tlv(0x5F0E, name)))


@given(st.binary(max_size=120))
def test_any_bytes_are_files_or_damage(data: bytes) -> None:
    for tag, parse in ((0x61, parse_dg1), (0x75, find_face), (0x6B, parse_dg11), (0x31, find_pace)):
        for content in (data, encode_tlv(tag, data)):
            try:
                parse(content)
            except ChipDamaged:
                continue


def test_fingerprints_and_irises_have_no_name() -> None:
    assert {file.group for file in LdsFile} == {0, 1, 2, 11, 12}


INFO_128, INFO_256 = "04007F00070202040202", "04007F00070202040204"


def build_offer(oid: str, parameter: str, version: str = "020102") -> bytes:
    return encode_tlv(0x30, encode_tlv(0x06, bytes.fromhex(oid)) + bytes.fromhex(version + parameter))


@pytest.mark.parametrize(
    ("offers", "chosen"),
    [
        ([build_offer(INFO_128, "02010D")], (2, 13, False)),
        ([build_offer(INFO_128, "02010D"), build_offer(INFO_256, "02010C")], (4, 12, False)),
        ([build_offer(INFO_128, "02010D"), build_offer(INFO_128, "020110")], (2, 16, True)),
        # An unknown mapping, finite fields, a curve nobody knows, version 1, and other protocols.
        ([build_offer("04007F00070202040502", "02010D"), build_offer("04007F00070202040102", "020100")], None),
        ([build_offer(INFO_128, "020115"), build_offer(INFO_128, "02010D", "020101")], None),
        ([encode_tlv(0x30, encode_tlv(0x06, b"\x2a\x03") + b"\x04\x00")], None),
        ([], None),
    ],
)
def test_best_way_that_is_known_is_chosen(offers: list[bytes], chosen: tuple[int, int, bool] | None) -> None:
    info = find_pace(encode_tlv(0x31, b"".join(offers)))
    assert (info and (info.oid[-1], info.parameter_id, info.must_name_curve)) == chosen


@pytest.mark.parametrize("text", ["123456", " 123456\n"])
def test_six_digits_are_an_access_number(text: str) -> None:
    assert parse_access_key(text) == AccessNumber("123456")


@pytest.mark.parametrize(
    "text", [PASSPORT, PASSPORT.replace("\n", "\r\n"), "L898902C3,740812,401231", "l898902c3,740812,401231"]
)
def test_printed_lines_and_their_parts_are_the_same_key(text: str) -> None:
    assert parse_access_key(text) == MrzKey("L898902C36" + "7408122" + "4012313")


@pytest.mark.parametrize("text", ["", "12345", "1234567", "hello", "１２３４５６", "A,740812", PASSPORT[:60]])
def test_what_is_no_key_is_told(text: str) -> None:
    with pytest.raises(KeyUnusable):
        parse_access_key(text)


def test_long_number_of_a_card_is_whole_in_the_key() -> None:
    key = parse_access_key(PRINTED_SPECIMENS["icao-td1"].text)
    assert isinstance(key, MrzKey)
    assert key.information.startswith("D23145890734" + "9")


def test_day_and_office_of_issue_are_read_and_nothing_else() -> None:
    data = build_dg12("20210401", "VILLAGE<OFFICE")
    assert parse_dg12(data) == Issue("20210401", "VILLAGE OFFICE")
    older = encode_tlv(0x6C, encode_tlv(0x5F26, bytes.fromhex("20210401")) + encode_tlv(0x5F1B, b"ENDORSED"))
    assert parse_dg12(older) == Issue("20210401", "")
    with pytest.raises(ChipDamaged):
        parse_dg12(b"\x6b\x00")
    assert "VILLAGE" not in repr(parse_dg12(data))
