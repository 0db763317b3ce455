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
