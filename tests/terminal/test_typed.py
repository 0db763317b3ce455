"""Typed documents at the counter: what is said of each field, who is taken, and what a record then holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from drivers.sim.mrz_specimens import PRINTED_SPECIMENS, build_passport
from drivers.sim.scripted import CardsReader
from records.documents import DocumentKind, HowRead, ShownPaper, TypedBecause, Typing
from records.profile import load_profile
from records.stays import EventKind, Guardian, Relation, decode_event, encode_event
from terminal.counter import Counter
from terminal.jurisdiction import Jurisdiction
from terminal.screen.typing import find_state
from terminal.state import CounterError
from terminal.typed.check import check_draft, make_document, tell_from_number
from terminal.typed.draft import LINES_KIND, Finding, Tone, TypedDraft, TypedField, TypingRules
from terminal.typed.fields import parse_day
from terminal.typed.forms import FORMS, list_fields
from terminal.typed.guardians import check_guardian
from tests.terminal.kit import Kit, make_number
from tests.terminal.kit import make_document as make_card

pytestmark = pytest.mark.usefixtures("quick_stretching")

TODAY = date(2026, 11, 22)
RULES = TypingRules(tuple(kind.value for kind in DocumentKind), with_guardian=True)
PASSPORT = {
    TypedField.SHOWN: "document",
    TypedField.SURNAME: "Eriksson",
    TypedField.GIVEN: "Anna  Maria",
    TypedField.NUMBER: "l8989-02c3",
    TypedField.BIRTH_DATE: "12 AUG 1974",
    TypedField.SEX: "2",
    TypedField.ISSUING_STATE: "UTO",
    TypedField.NATIONALITY: "UTO",
    TypedField.VALID_UNTIL: "2031-04-15",
}
RESIDENT = {
    TypedField.SHOWN: "copy",
    TypedField.NAME: "王小明",
    TypedField.NUMBER: make_number(1),
    TypedField.BIRTH_DATE: "1990年3月7日",
    TypedField.SEX: "1",
}
CHILD = {
    TypedField.SHOWN: "nothing",
    TypedField.SURNAME: "ERIKSSON",
    TypedField.GIVEN: "LEO",
    TypedField.BIRTH_DATE: "20190203",
    TypedField.SEX: "1",
    TypedField.NATIONALITY: "UTO",
}
GUARDIAN = {
    TypedField.GUARDIAN_NAME: " Anna  Eriksson ",
    TypedField.RELATION: "parent",
    TypedField.PHONE: "+99 (0)100 200-300",
}
LINES = PRINTED_SPECIMENS["eriksson"].text
WRONG_NUMBER = make_number(1)[:-1] + ("0" if make_number(1)[-1] != "0" else "1")


def draft(values: dict[TypedField, str], kind: str = "414", *kept: str, **changes: str) -> TypedDraft:
    """Return a form with some fields changed."""
    fields = values | {TypedField(name): text for name, text in changes.items()}
    because = "no_document" if kind == "x00" else "damaged"
    return TypedDraft(because, kind, fields, frozenset(kept))


def say(form: TypedDraft, field: str = "", rules: TypingRules = RULES) -> list[tuple[str, str, str]]:
    """Return field, tone and code of all that is not good, or of one field."""
    found = [(each.about.value, each.tone.value, each.code.value) for each in check_draft(form, rules, TODAY)]
    return [each for each in found if each[0] == field or (not field and each[1] != "good")]


@pytest.fixture
def counter(kit: Kit) -> Iterator[Counter]:
    counter = Counter(kit.desk, CardsReader())
    counter.start()
    yield counter
    counter.stop()


def refuse(call: object, *arguments: object, **named: object) -> str:
    """Return the code with which the counter refuses."""
    with pytest.raises(CounterError) as caught:
        call(*arguments, **named)  # type: ignore[operator]
    return caught.value.code


def test_passport_becomes_a_document_that_says_how_it_came_about() -> None:
    document = make_document(draft(PASSPORT), RULES, TODAY)
    assert (document.number, document.names[0].text) == ("L898902C3", "ERIKSSON ANNA MARIA")
    assert (document.birth_date, document.valid_until) == (date(1974, 8, 12), date(2031, 4, 15))
    assert (document.how_read, document.typed) == (HowRead.TYPED, Typing(TypedBecause.DAMAGED, ShownPaper.DOCUMENT))


@pytest.mark.parametrize("kind", [kind for kind in DocumentKind if kind is not DocumentKind.NONE])
def test_empty_form_of_every_kind_names_what_is_missing_and_nothing_else(kind: DocumentKind) -> None:
    found = say(draft({}, kind.value))
    assert {(tone, code) for _, tone, code in found} == {("missing", "missing")}
    assert {field for field, _, _ in found} <= set(list_fields(kind.value, RULES))
    assert {"shown", "birth_date", "sex"} < {field for field, _, _ in found}
    assert set(FORMS) == set(DocumentKind)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("19900131", date(1990, 1, 31)),
        ("1990-1-31", date(1990, 1, 31)),
        ("1990年1月31日", date(1990, 1, 31)),
        ("１９９０／０１／３１", date(1990, 1, 31)),
        ("31 JAN 1990", date(1990, 1, 31)),
        ("31 january 1990", date(1990, 1, 31)),
        ("31/01/1990", None),  # which of the two is the month, nobody knows in general
        ("900131", None),
        ("1990-02-30", None),
        ("31 JUX 1990", None),
        ("", None),
    ],
)
def test_days_are_understood_where_they_can_mean_one_thing_only(text: str, day: date | None) -> None:
    assert parse_day(text) == day


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"number": WRONG_NUMBER}, [("number", "doubt", "number_check")]),
        ({"number": "99010119901307001X"}, [("number", "doubt", "number_check")]),
        ({"number": "12345"}, [("number", "doubt", "number_form")]),
        ({"number": "1" * 33}, [("number", "wrong", "too_long")]),
        ({"number": "--"}, [("number", "wrong", "number_form")]),
        ({"birth_date": "1990-03-08"}, [("birth_date", "doubt", "not_in_number")]),
        ({"birth_date": "2027-01-01"}, [("birth_date", "wrong", "future")]),
        ({"birth_date": "1890-01-01"}, [("birth_date", "wrong", "long_ago")]),
        ({"sex": "2"}, [("sex", "doubt", "not_in_number")]),
        ({"sex": "7"}, [("sex", "missing", "missing")]),
        ({"name": "王\x07"}, [("name", "wrong", "no_name")]),
        ({"name": "12"}, [("name", "wrong", "no_name")]),
        ({"name": "王" * 81}, [("name", "wrong", "too_long")]),
        ({"valid_until": "2020-01-01"}, [("valid_until", "wrong", "expired")]),
        ({"shown": "nothing"}, [("shown", "missing", "missing")]),
    ],
)
def test_each_field_is_judged_in_its_place(changes: dict[str, str], found: list[tuple[str, str, str]]) -> None:
    assert say(draft(RESIDENT, "111", **changes)) == found


def test_states_are_named_in_both_languages_or_by_their_code_and_names_are_latin() -> None:
    assert [find_state(text) for text in ("uto", "Utopia (specimen)", "乌托邦（样本）", " germany ", "德国", "XX")] == [
        "UTO", "UTO", "UTO", "DEU", "DEU", "XX",
    ]  # fmt: skip
    assert say(draft(PASSPORT, nationality="XX", surname="王")) == [
        ("surname", "wrong", "not_latin"),
        ("nationality", "wrong", "no_state"),
    ]


def test_doubt_is_kept_on_purpose_and_what_is_wrong_is_not() -> None:
    doubted = draft(RESIDENT, "111", "number", number=WRONG_NUMBER)
    assert say(doubted) == [("number", "kept", "number_check")]
    assert make_document(doubted, RULES, TODAY).number == WRONG_NUMBER
    expired = draft(RESIDENT, "111", "valid_until", valid_until="2020-01-01")
    assert say(expired) == [("valid_until", "wrong", "expired")]


def test_number_tells_birth_date_and_sex_where_they_are_empty() -> None:
    empty = draft(RESIDENT, "111", birth_date="", sex="")
    assert tell_from_number(empty) == {TypedField.BIRTH_DATE: "1990-03-07", TypedField.SEX: "1"}
    assert tell_from_number(draft(RESIDENT, "111")) == {}
    assert tell_from_number(draft(RESIDENT, "111", birth_date="", number=WRONG_NUMBER)) == {}


def find_lines(text: str, *kept: str, rules: TypingRules = RULES) -> Finding:
    values = {TypedField.SHOWN: "document", TypedField.LINES: text}
    return check_draft(TypedDraft("reader_broken", LINES_KIND, values, frozenset(kept)), rules, TODAY)[-1]


FIRST, SECOND = LINES.split("\n")


@pytest.mark.parametrize(
    ("text", "code", "values"),
    [
        ("", "missing", {}),
        (FIRST, "line_count", {"n": 1}),
        (f"{FIRST}\n{SECOND[:-1]}", "line_short", {"line": 2, "n": 43, "width": 44}),
        (f"{FIRST}\n{SECOND}1", "line_long", {"line": 2, "n": 45, "width": 44}),
        (f"{FIRST.replace('ANNA', 'ANNÄ')}\n{SECOND}", "line_sign", {"line": 1, "place": 19, "sign": "Ä"}),
        (f"{FIRST}\n{SECOND.replace('740812', '74O812')}", "line_digit", {"line": 2, "place": 16, "sign": "O"}),
        (
            f"{FIRST}\n{SECOND.replace('740812', '740813')}",
            "line_check",
            {"line": 2, "first": 14, "last": 19, "digit": 20},
        ),
        (
            f"{FIRST}\n{SECOND.replace('L898902C3', 'L8989O2C3')}",
            "line_likely",
            {"line": 2, "place": 6, "sign": "O", "right": "0"},
        ),
        (f"{FIRST}\n{SECOND[:-1]}9", "line_whole", {}),
        (FIRST.replace("UTO", "QQQ") + f"\n{SECOND}", "line_part", {"line": 1, "first": 3, "last": 5}),
        (PRINTED_SPECIMENS["icao-td3"].text, "expired", {"day": date(2012, 4, 15)}),
        (PRINTED_SPECIMENS["birth-year-only"].text, "line_part", {"line": 2, "first": 14, "last": 19}),
    ],
)
def test_printed_lines_tell_where_they_go_wrong(text: str, code: str, values: dict[str, object]) -> None:
    finding = find_lines(text)
    assert (finding.code, dict(finding.values)) == (code, values)
    assert finding.tone is not Tone.GOOD


@pytest.mark.parametrize(
    "text",
    [
        LINES,
        LINES.lower(),
        f"  {FIRST.rstrip('<')}<  \n\n {SECOND}\n",  # nobody counts the fillers after a name
        f"{FIRST[:20]} {FIRST[20:]}\n{SECOND}".replace("<<", "«"),
    ],
)
def test_printed_lines_are_read_as_people_type_them(text: str) -> None:
    finding = find_lines(text)
    assert (finding.tone, finding.values["number"]) == (Tone.GOOD, "L898902C3")


def test_printed_lines_whose_check_digits_fail_are_kept_on_purpose_and_of_accepted_kinds_only() -> None:
    wrong = f"{FIRST}\n{SECOND[:-1]}9"
    assert find_lines(wrong, "lines").tone is Tone.KEPT
    values = {TypedField.SHOWN: "document", TypedField.LINES: wrong}
    form = TypedDraft("reader_broken", LINES_KIND, values, frozenset({"lines"}))
    document = make_document(form, RULES, TODAY)
    assert (document.number, document.how_read) == ("L898902C3", HowRead.TYPED)
    assert find_lines(LINES, rules=TypingRules(("111",))).code == "line_kind"


def test_typed_guest_goes_the_way_of_any_other(counter: Counter, kit: Kit) -> None:
    pending = counter.take_typed(draft(PASSPORT))
    (shown,) = counter.state().pending
    assert (shown.id, shown.how_read, shown.typed) == (
        pending, "typed", Typing(TypedBecause.DAMAGED, ShownPaper.DOCUMENT),
    )  # fmt: skip
    assert counter.take_typed(draft(PASSPORT)) == pending
    done = counter.check_in(pending, "101", 1)
    assert counter.state().house[0].is_typed
    again = counter.undo(done.stay)
    assert counter.state().pending[0].typed is not None
    done = counter.check_in(again, "102", 2)
    assert refuse(counter.take_typed, draft(PASSPORT)) == "already_in_house"
    right = counter.take_typed(draft(PASSPORT, number="U00000077"))
    counter.correct(done.stay, pending=right)
    kit.reopen()
    (record,) = (record for row, record in kit.desk.list_house() if row.departed_at is None)
    assert record is not None
    assert (record.guest.document.number, record.guest.document.how_read) == ("U00000077", "typed")
    assert record.guest.document.typed == Typing(TypedBecause.DAMAGED, ShownPaper.DOCUMENT)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (draft(PASSPORT, issuing_state="CHE"), "not_a_specimen"),
        (draft(RESIDENT, "111", "number", number="110101199003078515"), "not_a_specimen"),
        (draft(PASSPORT, "990"), "kind_not_allowed"),
        (draft(PASSPORT, "420"), "kind_not_allowed"),
        (draft(PASSPORT, "x00"), "typed_incomplete"),
        (replace(draft(PASSPORT), because="no_document"), "kind_not_allowed"),
        (replace(draft(PASSPORT), because=""), "kind_not_allowed"),
        (replace(draft(CHILD, "x00"), because="damaged"), "kind_not_allowed"),
        (draft(PASSPORT, number=""), "typed_incomplete"),
        (draft(RESIDENT, "111", number=WRONG_NUMBER), "typed_incomplete"),
        (draft(CHILD, "x00"), "no_adult"),
    ],
)
def test_what_is_not_taken_leaves_nobody_waiting(counter: Counter, form: TypedDraft, code: str) -> None:
    assert refuse(counter.take_typed, form) == code
    assert counter.state().pending == ()


def test_child_without_a_document_stays_beside_an_adult_who_is_there(counter: Counter, kit: Kit) -> None:
    adult = counter.check_in(counter.take_typed(draft(PASSPORT)), "101", 1).stay
    child = counter.take_typed(replace(draft(CHILD, "x00"), adult=adult))
    assert counter.state().pending[0].is_minor
    assert refuse(counter.check_in, child, "101", 1) == "guardian_needed"
    other = counter.take_typed(replace(draft(CHILD, "x00", given="MAX"), adult=adult))
    stay = counter.check_in(child, "101", 1, GUARDIAN).stay
    record = kit.desk.list_house()[-1][1]
    assert record is not None
    assert record.guest.guardian == Guardian("Anna Eriksson", Relation.PARENT, "+99 (0)100 200-300")
    assert (record.guest.document.number, record.guest.document.kind) == ("", DocumentKind.NONE)
    assert refuse(counter.take_typed, replace(draft(CHILD, "x00", given="UNO"), adult=stay)) == "no_adult"
    assert refuse(counter.take_typed, replace(draft(CHILD, "x00", birth_date="2001-01-01"), adult=adult)) == (
        "typed_incomplete"
    )
    counter.check_out([adult])
    assert refuse(counter.check_in, other, "101", 1, GUARDIAN) == "no_adult"


def test_guardian_is_asked_of_minors_alone_and_only_where_the_profile_demands_it(kit: Kit) -> None:
    young = kit.desk.book.take_document(make_card(birth=date(2015, 3, 7)), kit.clock.now)
    guardian = Guardian("A", Relation.PARENT, "12345")
    grown = replace(kit.desk.book.take_document(make_card(), kit.clock.now), guardian=guardian)
    assert kit.desk.book.require_guardian(grown, kit.clock.now).guardian is None
    assert kit.desk.book.require_guardian(replace(young, guardian=guardian), kit.clock.now).guardian == guardian
    icao = replace(kit.desk.book, jurisdiction=Jurisdiction(kit.root, load_profile("icao")))
    assert icao.require_guardian(replace(young, guardian=guardian), kit.clock.now).guardian is None
    assert not icao.find_typing_rules().with_guardian


def test_guardian_is_corrected_and_stays_when_the_document_is_corrected(counter: Counter, kit: Kit) -> None:
    adult = counter.check_in(counter.take_typed(draft(PASSPORT)), "101", 1).stay
    child = counter.take_typed(replace(draft(CHILD, "x00"), adult=adult))
    stay = counter.check_in(child, "101", 1, GUARDIAN).stay
    assert refuse(counter.correct, stay, guardian=GUARDIAN | {TypedField.PHONE: "x"}) == "typed_incomplete"
    counter.correct(stay, guardian=GUARDIAN | {TypedField.PHONE: "99 0100 777"})
    passport = draft(PASSPORT, given="LEO", birth_date="2019-02-03", number="U00000088", sex="1")
    counter.correct(stay, pending=counter.take_typed(passport))
    record = next(record for row, record in kit.desk.list_house() if row.stay == stay)
    assert record is not None
    assert (record.guest.document.number, record.guest.guardian) == (
        "U00000088", Guardian("Anna Eriksson", Relation.PARENT, "99 0100 777"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("guardian_name", "", "missing"),
        ("guardian_name", "007", "no_name"),
        ("relation", "neighbour", "missing"),
        ("phone", "", "missing"),
        ("phone", "call me", "no_phone"),
        ("phone", "1234", "no_phone"),
    ],
)
def test_guardian_is_checked_field_by_field(field: str, text: str, code: str) -> None:
    assert check_guardian(GUARDIAN) == ()
    (finding,) = check_guardian(GUARDIAN | {TypedField(field): text})
    assert (finding.about, finding.code) == (field, code)


def test_longest_form_still_fits_into_a_record(counter: Counter, kit: Kit) -> None:
    long = "Ē" * 80
    values = CHILD | {TypedField.SURNAME: long, TypedField.GIVEN: long, TypedField.NAME: "王" * 80}
    adult = counter.check_in(counter.take_typed(draft(PASSPORT)), "101", 1).stay
    child = counter.take_typed(replace(draft(values, "x00"), adult=adult))
    counter.check_in(child, "101", 1, GUARDIAN | {TypedField.GUARDIAN_NAME: "王" * 80})
    assert len(counter.state().house) == 2


def test_address_is_asked_only_where_the_profile_demands_it() -> None:
    rules = replace(RULES, with_address=True)
    assert say(draft(PASSPORT), "address", rules) == [("address", "missing", "missing")]
    assert say(draft(PASSPORT), "address") == []
    assert make_document(draft(PASSPORT, address="Long  Street 1"), rules, TODAY).address == "Long Street 1"


def test_nothing_typed_reaches_the_log_or_a_repr(counter: Counter, capfd: pytest.CaptureFixture[str]) -> None:
    form = draft(PASSPORT, surname="ZYXWMARK")
    counter.check_typed(form)
    counter.check_in(counter.take_typed(form), "101", 1)
    refuse(counter.take_typed, draft(PASSPORT, surname="ZYXWMARK", number=""))
    shown = "".join(capfd.readouterr()) + repr(form) + repr(counter.check_typed(form)) + repr(counter.state())
    assert not [mark for mark in ("ZYXWMARK", "898902", "1974") if mark in shown]


def test_typed_event_is_read_again_as_it_was_written(kit: Kit) -> None:
    document = make_document(draft(PASSPORT), RULES, TODAY)
    guest = kit.desk.book.take_document(document, kit.clock.now)
    stay = kit.desk.book.plan_stay("101", 1, kit.clock.now)
    event = kit.desk.book.compose_stay_event(
        EventKind.CHECK_IN, guest, stay, now=kit.clock.now, record=bytes(range(16))
    )
    assert decode_event(encode_event(event)) == event


def test_lines_of_a_passport_of_nobody_are_a_specimen_and_others_are_not(counter: Counter) -> None:
    lines = build_passport("ZYXWMARK<<A", "L00000001", "740812", "F")
    for text, code in ((lines, ""), (lines.replace("P<UTO", "P<CHE"), "not_a_specimen")):
        form = TypedDraft("reader_broken", LINES_KIND, {TypedField.SHOWN: "document", TypedField.LINES: text})
        if code:
            assert refuse(counter.take_typed, form) == code
        else:
            assert counter.take_typed(form)
