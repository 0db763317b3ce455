"""Documents, numbers and specimens; what may never be said of a person, by repr or by error."""

import dataclasses
import enum
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import records
from records.documents import IdentityDocument, PersonName, Sex, check_document
from records.errors import InvalidDocument, NotForDemonstration, RecordsError
from records.numbers import compute_mod_11_2, lengthen_resident_number, normalise_number, parse_resident_number
from records.specimens import PUBLISHED_SPECIMENS, is_specimen, require_specimen
from records.stays import hold_document
from tests.records.samples import MARK, NOW, ORDERED, PASSPORT, RESIDENT, make_event, make_guest

TODAY = NOW.date()
FORBIDDEN_WORDS = ("ethnic", "religio", "region", "race", "nation_of", "minzu", "origin", "photo", "face")
MODULES = [importlib.import_module(f"records.{each.name}") for each in pkgutil.iter_modules(records.__path__)]


def all_types() -> Iterator[type]:
    for module in MODULES:
        for _, found in inspect.getmembers(module, inspect.isclass):
            if found.__module__ == module.__name__:
                yield found


def field_names(found: type) -> set[str]:
    if dataclasses.is_dataclass(found):
        return {each.name for each in dataclasses.fields(found)}
    if issubclass(found, msgspec.Struct):
        return set(found.__struct_fields__)
    return {str(each.value) for each in found} | set(found.__members__) if issubclass(found, enum.Enum) else set()


def test_no_type_has_a_field_for_ethnicity_religion_or_region() -> None:
    names = {name.lower() for found in all_types() for name in field_names(found)}
    assert len(names) > 100
    assert [name for name in names for word in FORBIDDEN_WORDS if word in name] == []


def test_repr_of_a_document_shows_kind_and_how_it_was_read_only() -> None:
    marked = replace(RESIDENT, names=(PersonName(MARK, MARK, MARK),), address=MARK)
    shown = repr(marked) + repr(marked.names)
    assert MARK not in shown
    assert marked.number not in shown
    assert "1990" not in shown
    assert "CHN" not in shown
    assert "RESIDENT_CARD" in shown


def test_repr_of_a_stay_event_shows_nothing_of_the_guest() -> None:
    marked = replace(RESIDENT, names=(PersonName(MARK),), address=MARK)
    event = make_event(marked)
    for shown in (repr(event), repr(event.guest), repr(event.guest.document), repr(event.stay), repr(ORDERED)):
        assert MARK not in shown
        assert marked.number not in shown
        assert "302" not in shown
        assert "1990-03-07" not in shown


@pytest.mark.parametrize("error", [each for each in RecordsError.__subclasses__() if "__init__" not in vars(each)])
def test_error_reads_as_a_sentence(error: type[RecordsError]) -> None:
    assert str(error("field")).endswith(". (field)")
    assert str(error()) == error.__doc__


def test_error_still_has_a_name_when_docstrings_are_stripped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InvalidDocument, "__doc__", None)
    assert str(InvalidDocument("number")) == "InvalidDocument (number)"


@pytest.mark.parametrize("changes", [{"names": ()}, {"names": (PersonName("  "),)}, {"number": "l898902c3"}])
def test_document_without_name_or_normal_form_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidDocument):
        replace(PASSPORT, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"birth_date": date(1990, 3, 8)}, "birth_date"),
        ({"birth_date": TODAY + timedelta(days=1)}, "birth_date"),
        ({"sex": Sex.FEMALE}, "sex"),
        ({"number": "990101199003078510"}, "number"),
        ({"number": "L898902C3"}, "number"),
        ({"valid_until": TODAY - timedelta(days=1)}, "valid_until"),
    ],
)
def test_document_that_contradicts_itself_is_refused(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        check_document(replace(RESIDENT, **changes), TODAY)  # type: ignore[arg-type]
    assert caught.value.field == field


@pytest.mark.parametrize("document", [RESIDENT, PASSPORT, replace(RESIDENT, valid_until=None)])
def test_document_that_agrees_with_itself_passes(document: IdentityDocument) -> None:
    check_document(document, TODAY)


@given(st.text())
def test_normal_form_of_a_normal_form_is_itself(text: str) -> None:
    once = normalise_number(text)
    assert normalise_number(once) == once
    assert once.isascii()
    assert once == once.upper()


@given(st.integers(0, 10**17 - 1))
def test_check_character_catches_every_single_wrong_digit(serial: int) -> None:
    body = f"{serial:017d}"
    for place in range(17):
        wrong = body[:place] + str((int(body[place]) + 1) % 10) + body[place + 1 :]
        assert compute_mod_11_2(wrong) != compute_mod_11_2(body)


@given(st.text("0123456789X\u0669x", min_size=16, max_size=19))
def test_text_like_a_resident_number_is_one_or_is_refused(text: str) -> None:
    try:
        found = parse_resident_number(text)
    except InvalidDocument as error:
        assert error.field == "number"  # noqa: PT017
    else:
        assert text[6:14] == found.birth_date.isoformat().replace("-", "")


@pytest.mark.parametrize("number", ["99010119900307851\u0669", "\u0669" * 18, "", "9" * 18])
def test_number_with_foreign_digits_is_no_resident_number(number: str) -> None:
    with pytest.raises(InvalidDocument):
        parse_resident_number(number)


def test_only_fifteen_ascii_digits_are_lengthened() -> None:
    assert lengthen_resident_number("990101900307851") == RESIDENT.number
    for other in ("\u0669" * 15, "99010190030785", "99010190030785X", RESIDENT.number):
        assert lengthen_resident_number(other) == other


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (RESIDENT, True),
        (PASSPORT, True),
        (replace(RESIDENT, number="110101199003078515"), False),
        (replace(RESIDENT, number="110101199003078515", issuing_state="UTO"), False),
        (replace(PASSPORT, issuing_state="CHN"), False),
        (replace(PASSPORT, issuing_state="CHN", number="9901"), False),
        *((replace(PASSPORT, number=number, issuing_state="CHN"), True) for number in PUBLISHED_SPECIMENS),
    ],
)  # fmt: skip
def test_only_specimens_are_specimens(document: IdentityDocument, expected: bool) -> None:
    assert is_specimen(document) is expected
    if not expected:
        with pytest.raises(NotForDemonstration):
            require_specimen(document)


def test_address_is_held_only_where_the_profile_demands_it() -> None:
    assert RESIDENT.address
    assert hold_document(RESIDENT, with_address=False) == make_guest()
    assert make_guest().address == ""
    assert hold_document(RESIDENT, with_address=True).address == RESIDENT.address


def test_package_ships_no_other_kind_of_file() -> None:
    kinds = {path.suffix for path in Path(records.__path__[0]).rglob("*") if path.is_file()}
    assert kinds - {".pyc"} == {".py", ".md", ".toml", ".json", ".txt"}
