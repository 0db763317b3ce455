"""The number of each kind of document: what fits, what does not, and what it must agree with."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.documents import DocumentKind, IdentityDocument, Sex, check_document, check_number
from records.errors import InvalidDocument
from records.numbers import compute_mod_10_731, compute_mod_11_2, normalise_number
from tests.records.samples import NOW, PASSPORT, RESIDENT

Kind = DocumentKind
PERMIT = "810000199408230021"
PERMANENT_2017 = "KAZ110090123105"
PERMANENT_2023 = "911398199012310021"


def make_permit_like(division: str) -> str:
    body = f"{division}19940823002"
    return body + compute_mod_11_2(body)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (Kind.RESIDENT_CARD, RESIDENT.number),
        (Kind.RESIDENT_CARD, "990101900307851"),
        (Kind.TEMPORARY_CARD, RESIDENT.number),
        (Kind.RESIDENCE_PERMIT_HK_MO_TW, PERMIT),
        (Kind.RESIDENCE_PERMIT_HK_MO_TW, make_permit_like("820000")),
        (Kind.RESIDENCE_PERMIT_HK_MO_TW, "830000199201300022"),
        (Kind.PERMANENT_RESIDENCE, PERMANENT_2017),
        (Kind.PERMANENT_RESIDENCE, PERMANENT_2023),
        (Kind.PASSPORT, "L898902C3"),
        (Kind.PASSPORT_DIPLOMATIC, "7"),
        (Kind.PASSPORT_SERVICE, "123456789"),
        (Kind.PASSPORT_HONG_KONG, "K00000001"),
        (Kind.PASSPORT_HONG_KONG, "HJ0000001"),
        (Kind.PASSPORT_MACAO, "MA0000001"),
        (Kind.TRAVEL_PERMIT_TAIWAN, "00000001"),
        (Kind.TRAVEL_PERMIT_HONG_KONG_MACAO, "H00000001"),
        (Kind.TRAVEL_PERMIT_HONG_KONG_MACAO, "M0000000102"),
        (Kind.IDENTITY_CARD_FOREIGN, "D23145890734"),
        (Kind.OTHER, ""),
    ],
)
def test_number_that_fits_its_kind_is_taken(kind: DocumentKind, number: str) -> None:
    check_number(kind, number)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (Kind.RESIDENT_CARD, ""),
        (Kind.RESIDENT_CARD, "990101199003078510"),
        (Kind.RESIDENT_CARD, "990101901307851"),
        (Kind.RESIDENT_CARD, "9901019003078"),
        (Kind.RESIDENT_CARD, "L898902C3"),
        (Kind.RESIDENCE_PERMIT_HK_MO_TW, RESIDENT.number),
        (Kind.RESIDENCE_PERMIT_HK_MO_TW, PERMIT[:-1] + "2"),
        (Kind.RESIDENCE_PERMIT_HK_MO_TW, "810000940823002"),
        (Kind.PERMANENT_RESIDENCE, "KAZ110090123106"),
        (Kind.PERMANENT_RESIDENCE, "KA1110090123105"),
        (Kind.PERMANENT_RESIDENCE, "911398199012310022"),
        (Kind.PERMANENT_RESIDENCE, "KAZ1100"),
        (Kind.PASSPORT, ""),
        (Kind.PASSPORT, "L898902C34"),
        (Kind.PASSPORT, "l898902c3"),
        (Kind.PASSPORT, "L89-8902"),
        (Kind.PASSPORT_HONG_KONG, "E00000001"),
        (Kind.PASSPORT_MACAO, "K00000001"),
        (Kind.TRAVEL_PERMIT_TAIWAN, "0000001"),
        (Kind.TRAVEL_PERMIT_HONG_KONG_MACAO, "X00000001"),
        (Kind.IDENTITY_CARD_FOREIGN, ""),
        (Kind.OTHER, "A" * 33),
    ],
)
def test_number_that_does_not_fit_its_kind_is_refused(kind: DocumentKind, number: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        check_number(kind, number)
    assert caught.value.field == "number"


def make_document(kind: DocumentKind, number: str, birth: date, sex: Sex = Sex.FEMALE) -> IdentityDocument:
    return replace(RESIDENT, kind=kind, number=number, birth_date=birth, sex=sex)


@pytest.mark.parametrize(
    "document",
    [
        make_document(Kind.RESIDENT_CARD, "990101900307851", date(1990, 3, 7), Sex.MALE),
        make_document(Kind.RESIDENCE_PERMIT_HK_MO_TW, PERMIT, date(1994, 8, 23)),
        make_document(Kind.PERMANENT_RESIDENCE, PERMANENT_2017, date(1990, 12, 31)),
        make_document(Kind.PERMANENT_RESIDENCE, PERMANENT_2023, date(1990, 12, 31)),
    ],
)
def test_birth_date_in_the_number_is_the_holders(document: IdentityDocument) -> None:
    check_document(document, NOW.date())
    with pytest.raises(InvalidDocument) as caught:
        check_document(replace(document, birth_date=date(1991, 12, 31)), NOW.date())
    assert caught.value.field == "birth_date"


@pytest.mark.parametrize("number", ["990101900307851", RESIDENT.number])
def test_sex_in_the_number_is_the_holders(number: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        check_document(replace(RESIDENT, number=number, sex=Sex.FEMALE), NOW.date())
    assert caught.value.field == "sex"


@pytest.mark.parametrize("kind", [Kind.RESIDENT_CARD, Kind.PASSPORT_HONG_KONG, Kind.RESIDENCE_PERMIT_HK_MO_TW])
def test_document_that_only_china_issues_is_not_taken_from_another(kind: DocumentKind) -> None:
    with pytest.raises(InvalidDocument) as caught:
        check_document(replace(PASSPORT, kind=kind), NOW.date())
    assert caught.value.field == "issuing_state"


def test_every_kind_has_a_rule() -> None:
    for kind in DocumentKind:
        with pytest.raises(InvalidDocument):
            check_number(kind, "Z" * 40)


def test_what_a_number_tells_is_not_in_its_repr() -> None:
    assert "1990" not in repr(check_number(Kind.RESIDENT_CARD, RESIDENT.number))


# Check digits that ICAO 9303 prints with its specimens.
@pytest.mark.parametrize(
    ("text", "digit"),
    [("L898902C3", "6"), ("740812", "2"), ("120415", "9"), ("ZE184226B<<<<<", "1"), ("D23145890734", "9"), ("", "0")],
)
def test_published_check_digits_are_met(text: str, digit: str) -> None:
    assert compute_mod_10_731(text) == digit


@given(st.sampled_from(DocumentKind), st.text(max_size=24) | st.text("0123456789XHKM", max_size=19))
def test_any_text_is_a_number_or_is_refused(kind: DocumentKind, text: str) -> None:
    try:
        check_number(kind, normalise_number(text))
    except InvalidDocument as error:
        assert error.field == "number"  # noqa: PT017
