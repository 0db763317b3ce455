"""Errors that a screen can translate, and the catalogue of specimens."""

import pytest

from drivers.errors import ERROR_CODES, ReaderError, UnsupportedReader, make_error
from drivers.reader import Layout
from drivers.sim.specimens import SPECIMENS, Specimen, build_card
from records.numbers import parse_resident_number


@pytest.mark.parametrize("code", ERROR_CODES)
def test_every_error_has_a_code_and_a_sentence(code: str) -> None:
    error = make_error(code)
    assert error.code == code
    assert str(error).endswith(".")
    assert "\n" not in str(error)


def test_codes_differ_and_cover_every_error() -> None:
    classes: list[type[ReaderError]] = [ReaderError, *ReaderError.__subclasses__()]
    assert sorted(error.code for error in classes) == sorted(ERROR_CODES)
    assert len(set(ERROR_CODES)) == len(classes)


def test_error_says_the_reason_it_was_given() -> None:
    assert str(UnsupportedReader("pcsc:", "Not yet.")) == "Not yet."


def test_catalogue_is_as_large_as_it_should_be() -> None:
    assert len(SPECIMENS) >= 14
    assert all(name.isascii() and name == card.id for name, card in SPECIMENS.items())
    assert {card.layout for card in SPECIMENS.values()} == {layout for layout in Layout if layout.startswith("sam.")}
    assert len({card.number for card in SPECIMENS.values()}) == len(SPECIMENS)


@pytest.mark.parametrize(
    "card",
    [card for card in SPECIMENS.values() if card.layout is Layout.SAM_RESIDENT and card.id != "wrong-check"],
    ids=lambda card: card.id,
)
def test_resident_specimen_keeps_the_rules_of_its_number(card: Specimen) -> None:
    number = parse_resident_number(card.number)
    assert card.number.startswith("990101")
    assert number.birth_date.strftime("%Y%m%d") == card.birth
    assert number.is_male == (card.sex == "1")


@pytest.mark.parametrize("card", SPECIMENS.values(), ids=lambda card: card.id)
def test_every_card_is_text_and_an_empty_photo(card: Specimen) -> None:
    built = build_card(card)
    assert len(built) == 256 + 1024
    assert built[256:] == bytes(1024)


def test_ethnicity_is_the_same_on_every_resident_specimen() -> None:
    residents = [card for card in SPECIMENS.values() if card.layout is Layout.SAM_RESIDENT]
    assert {build_card(card)[32:36] for card in residents} == {"97".encode("utf-16-le")}


def test_field_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than its 30 bytes"):
        build_card(Specimen("x", "x", "x", "1", "19900101", "1", "名" * 16))
