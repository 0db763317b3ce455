"""From what was read to the document; what a specimen says must come out again."""

from dataclasses import fields, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import BirthDateUnknown, ReaderError, UnknownLayout
from drivers.parse import parse_document
from drivers.reader import Layout, RawDocument
from drivers.sim.mrz_specimens import PRINTED_SPECIMENS
from drivers.sim.scripted import read_specimen
from drivers.sim.specimens import SPECIMENS
from records.documents import ChipVerdict, DocumentKind, HowRead, IdentityDocument, Sex, check_document
from records.errors import InvalidDocument
from records.specimens import is_specimen

TODAY = date(2026, 11, 22)
FLAWED = {"wrong-check": "number"}


def alter(specimen: str, **changed: str) -> RawDocument:
    raw = read_specimen(specimen)
    return replace(raw, fields={**raw.fields, **changed})


@pytest.mark.parametrize("specimen", [name for name in SPECIMENS if name not in FLAWED])
def test_every_specimen_is_understood_and_is_a_specimen(specimen: str) -> None:
    card = SPECIMENS[specimen]
    document = parse_document(read_specimen(specimen))
    assert document.number == card.number
    assert document.birth_date == date(int(card.birth[:4]), int(card.birth[4:6]), int(card.birth[6:]))
    assert document.sex == Sex(card.sex)
    assert document.address == card.address
    assert card.name in [name.text for name in document.names]
    assert document.how_read is HowRead.CHIP
    assert document.chip is ChipVerdict.NOT_VERIFIED
    assert is_specimen(document)
    if specimen == "expired":
        with pytest.raises(InvalidDocument, match="valid_until"):
            check_document(document, TODAY)
    else:
        check_document(document, TODAY)


@pytest.mark.parametrize(("specimen", "field"), FLAWED.items())
def test_flawed_specimen_is_refused(specimen: str, field: str) -> None:
    with pytest.raises(InvalidDocument, match=field):
        parse_document(read_specimen(specimen))


@pytest.mark.parametrize(
    ("specimen", "kind", "nationality", "valid_until"),
    [
        ("wang", DocumentKind.RESIDENT_CARD, "CHN", date(2040, 1, 1)),
        ("unlimited", DocumentKind.RESIDENT_CARD, "CHN", None),
        ("permit-hong-kong", DocumentKind.RESIDENCE_PERMIT_HK_MO_TW, "CHN", date(2040, 1, 1)),
        ("permanent-2017", DocumentKind.PERMANENT_RESIDENCE, "KAZ", date(2040, 1, 1)),
        ("permanent-2023", DocumentKind.PERMANENT_RESIDENCE, "KAZ", date(2040, 1, 1)),
    ],
)
def test_each_layout_becomes_its_kind(
    specimen: str, kind: DocumentKind, nationality: str, valid_until: date | None
) -> None:
    document = parse_document(read_specimen(specimen))
    assert (document.kind, document.nationality, document.valid_until) == (kind, nationality, valid_until)
    assert document.issuing_state == "CHN"


def test_latin_name_comes_first_and_is_split_at_its_comma() -> None:
    latin, chinese = parse_document(read_specimen("permanent-2023")).names
    assert (latin.surname, latin.given, latin.text) == ("ZHENGJIAN", "YANGBEN", "ZHENGJIAN, YANGBEN")
    assert (chinese.text, chinese.surname) == ("证件样本", "")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "names"),
        ({"name": "张\n三"}, "names"),
        ({"number": ""}, "number"),
        ({"number": "990101198503120118"}, "number"),
        ({"number": "９９"}, "number"),
        ({"birth_date": ""}, "birth_date"),
        ({"birth_date": "19850230"}, "birth_date"),
        ({"birth_date": "1985W011"}, "birth_date"),
        ({"birth_date": "１９８５０３１２"}, "birth_date"),
        ({"sex": ""}, "sex"),
        ({"sex": "7"}, "sex"),
        ({"valid_until": ""}, "valid_until"),
        ({"valid_until": "长"}, "valid_until"),
        ({"valid_until": "20401301"}, "valid_until"),
    ],
)
def test_field_that_cannot_be_is_named(changed: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        parse_document(alter("wang", **changed))
    assert caught.value.field == field


@pytest.mark.parametrize("code", ["", "KA", "kaz", "K4Z", "国"])
def test_nationality_that_cannot_be_is_named(code: str) -> None:
    with pytest.raises(InvalidDocument, match="nationality"):
        parse_document(alter("permanent-2017", nationality=code))


@pytest.mark.parametrize(
    ("specimen", "number"),
    [
        ("permanent-2017", "KAZ110090123106"),
        ("permanent-2017", "KA1110090123105"),
        ("permanent-2023", "911398199012310022"),
        ("permit-taiwan", "830000199201300023"),
    ],
)
def test_permit_with_a_wrong_check_digit_is_refused(specimen: str, number: str) -> None:
    with pytest.raises(InvalidDocument, match="number"):
        parse_document(alter(specimen, number=number))


def test_layout_without_a_parser_is_unknown() -> None:
    with pytest.raises(UnknownLayout):
        parse_document(RawDocument("icao", {}))  # type: ignore[arg-type]


def test_document_has_no_place_for_ethnicity() -> None:
    assert not {field.name for field in fields(IdentityDocument)} & {"ethnicity", "nation", "religion", "region"}


@given(
    st.sampled_from([layout for layout in Layout if layout.startswith("sam.")]),
    st.fixed_dictionaries(
        {
            name: st.text(max_size=20) | st.sampled_from(["19901231", "2", "KAZ", "长期", SPECIMENS["wang"].number])
            for name in ("name", "latin_name", "sex", "birth_date", "number", "nationality", "valid_until")
        }
    ),
)
def test_any_text_is_parsed_or_refused_with_a_typed_error(layout: Layout, found: dict[str, str]) -> None:
    try:
        parse_document(RawDocument(layout, found))
    except InvalidDocument:
        return


_ZONES = [PRINTED_SPECIMENS[name].text for name in ("eriksson", "card", "birth-year-only", "one-name")]


@given(
    st.sampled_from(_ZONES) | st.text(max_size=100),
    st.text(max_size=30),
    st.sampled_from(["", "19740812", "18740812", "19740832", "19580000", "19580606"]),
    st.text(max_size=30),
)
def test_any_text_of_a_chip_is_parsed_or_refused_with_a_typed_error(
    zone: str, name: str, birth: str, address: str
) -> None:
    read = {"mrz": zone, "name": name, "birth": birth, "address": address, "chip": "verified"}
    try:
        parse_document(RawDocument(Layout.ICAO_CHIP, read | {"read_on": "2026-11-22"}))
    except (InvalidDocument, ReaderError):
        return


def test_chip_tells_a_day_that_the_printed_lines_do_not() -> None:
    zone = PRINTED_SPECIMENS["birth-year-only"].text
    read = {"mrz": zone, "name": "", "birth": "19580606", "address": "", "chip": "verified", "read_on": "2026-11-22"}
    assert parse_document(RawDocument(Layout.ICAO_CHIP, read)).birth_date.isoformat() == "1958-06-06"
    with pytest.raises(BirthDateUnknown):
        parse_document(RawDocument(Layout.ICAO_CHIP, read | {"birth": ""}))
