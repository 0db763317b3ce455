"""The verdict on one guest against one decision."""

from dataclasses import replace

import pytest

from matcher.compare import compare_person
from matcher.person import Listed, Person, PersonDocument, PersonName

NUMBER = "990101199003078519"
LISTED = Listed((PersonName("王小明"),), (PersonDocument("111", NUMBER),), "1990-03-07", "1")
GUEST = Person((PersonName("王小明"),), PersonDocument("111", NUMBER), "1990-03-07", "1")
ONE_WRONG = PersonDocument("111", "990101199003078579")


def test_same_number_and_nothing_against_it_is_exact() -> None:
    assert compare_person(LISTED, GUEST).verdict == "exact"


def test_one_slip_with_name_and_birth_date_is_strong() -> None:
    assert compare_person(LISTED, replace(GUEST, document=ONE_WRONG)).verdict == "strong"


@pytest.mark.parametrize("document", [GUEST.document, ONE_WRONG])
@pytest.mark.parametrize("change", [{"names": (PersonName("李四"),)}, {"birth_date": "1971-11-23"}])
def test_another_name_or_birth_date_clears(document: PersonDocument, change: dict[str, object]) -> None:
    assert compare_person(LISTED, replace(GUEST, document=document, **change)).verdict == "cleared"


def test_same_name_and_birth_date_with_another_number_is_cleared() -> None:
    other = PersonDocument("111", "990101199003070425")
    assert compare_person(LISTED, replace(GUEST, document=other)).verdict == "cleared"


def test_typed_document_is_not_compared() -> None:
    assert compare_person(LISTED, replace(GUEST, how_read="typed")).verdict == "cleared"


def test_every_reason_speaks_both_languages_and_repeats_nothing_personal() -> None:
    for reason in compare_person(LISTED, replace(GUEST, document=ONE_WRONG)).reasons:
        assert reason.text_zh
        assert reason.text_en
        assert not any(secret in reason.text_zh + reason.text_en for secret in ("王小明", NUMBER, "1990"))


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("111", "990101199003070017"), ("111", "99010119900307001X"), ("414", "L898902C3"), ("414", "E12345678"),
        ("516", "H12345678"), ("516", "H1234567801"), ("553", "911398199012310021"), ("x01", "830000199201300022"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "names", [("王伟", "王伟"), ("李丽", "LI LI"), ("张伟", "CHEUNG WAI"), ("Ali", "Aly"), ("J Roe", "J Roe")]
)
@pytest.mark.parametrize("place", [-1, -2])
def test_nobody_is_cleared_for_a_misread_end_of_the_number(
    kind: str, number: str, names: tuple[str, str], place: int
) -> None:
    # The end of a number is where a neighbour's differs, and where a reader errs no less than elsewhere.
    at = len(number) + place
    listed = Listed((PersonName(names[0]),), (PersonDocument(kind, number),), "1990-03-07", "1")
    for other in set("0123456789") - {number[at]}:
        read = PersonDocument(kind, number[:at] + other + number[at + 1 :])
        guest = Person((PersonName(names[1]),), read, "1990-03-07", "1")
        assert compare_person(listed, guest).verdict == "strong", other
