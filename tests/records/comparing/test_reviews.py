"""The review that ends a court's silence: its court and oversight sign it, and neither alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from records.comparing.reviews import Review, agree_to_review, load_review, read_review, sign_review
from records.errors import BadSignature, MalformedBytes, RecordsError
from tests.records.comparing import world

ANNEX = world.load_sample_annex()
REVIEW = Review(ANNEX.jurisdiction, world.COURT, 1, world.TODAY)
HALF = sign_review(REVIEW, world.FIRST_JUDGE)
WHOLE = agree_to_review(HALF, ANNEX, world.LIST)


def test_a_review_is_read_as_it_was_signed() -> None:
    assert load_review(WHOLE, ANNEX) == REVIEW
    assert read_review(HALF, ANNEX) == REVIEW


@pytest.mark.parametrize(
    "note",
    [
        HALF,  # the court alone
        sign_review(REVIEW, world.LIST),  # oversight alone
        sign_review(REVIEW, world.OTHER_JUDGE),
        HALF + agree_to_review(HALF, ANNEX, world.OFFICE).removeprefix(HALF),  # somebody else's second word
        HALF + agree_to_review(HALF, ANNEX, world.SECOND_JUDGE).removeprefix(HALF),  # two of the court
        WHOLE.replace("notice: 1", "notice: 2"),
        WHOLE.replace("reviewed-on", "reviewed"),
    ],
    ids=["court", "oversight", "stranger", "office", "two judges", "changed", "field"],
)
def test_one_word_alone_is_none(note: str) -> None:
    with pytest.raises(RecordsError):
        load_review(note, ANNEX)


@pytest.mark.parametrize("changes", [{"notice": 0}, {"jurisdiction": "elsewhere"}])
def test_a_review_of_nothing_is_none(changes: dict[str, object]) -> None:
    with pytest.raises(MalformedBytes):
        read_review(sign_review(replace(REVIEW, **changes), world.FIRST_JUDGE), ANNEX)  # type: ignore[arg-type]


def test_oversight_signs_only_what_the_court_has_signed() -> None:
    for half in (sign_review(REVIEW, world.OTHER_JUDGE), sign_review(REVIEW, world.OFFICE)):
        with pytest.raises(BadSignature):
            agree_to_review(half, ANNEX, world.LIST)
