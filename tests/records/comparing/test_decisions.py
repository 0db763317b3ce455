"""What a court can have compared, and everything that it cannot: each refusal by its own test."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.comparing.acts import Act, describe_act
from records.comparing.decisions import (
    Decision,
    ListedDocument,
    ListedName,
    describe_decision,
    draft_text,
    load_decision,
    sign_decision,
    sign_first,
    sign_second,
)
from records.comparing.errors import AlertFault, DecisionFault, DecisionRefused
from records.comparing.fault_words import ALERT_FAULT_WORDS, FAULT_WORDS, describe_refusal
from records.documents import DocumentKind
from records.errors import RecordsError
from records.notes import sign_note
from tests.records.comparing import world
from tests.records.comparing.world import FIRST_JUDGE, SECOND_JUDGE, TODAY, make_decision, make_number

ANNEX = world.load_sample_annex()
SIGNED = sign_decision(make_decision(), FIRST_JUDGE, SECOND_JUDGE)
BORN = date(1990, 3, 7)


def sign_text(text: str) -> str:
    """Sign any text as two judges might who look at nothing."""
    return sign_note(text, FIRST_JUDGE, SECOND_JUDGE)


def find_fault(note: str, on: date = TODAY) -> DecisionFault:
    with pytest.raises(DecisionRefused) as caught:
        load_decision(note, ANNEX, on)
    return caught.value.fault


def test_a_decision_comes_back_as_it_was_signed() -> None:
    loaded = load_decision(SIGNED, ANNEX, TODAY)
    assert replace(loaded, note="", leaf=b"") == make_decision()
    assert loaded.note == SIGNED
    assert len(loaded.leaf) == 32


def test_the_leaf_is_of_the_text_and_not_of_the_signatures() -> None:
    other = sign_decision(make_decision(), SECOND_JUDGE, FIRST_JUDGE)
    assert load_decision(other, ANNEX, TODAY).leaf == load_decision(SIGNED, ANNEX, TODAY).leaf


def test_two_judges_sign_one_after_the_other() -> None:
    half = sign_first(make_decision(), FIRST_JUDGE)
    assert find_fault(half) is DecisionFault.SIGNATURES
    assert sign_second(half, SECOND_JUDGE) == SIGNED


def test_one_judge_cannot_sign_twice() -> None:
    half = sign_first(make_decision(), FIRST_JUDGE)
    with pytest.raises(DecisionRefused) as caught:
        sign_second(half, FIRST_JUDGE)
    assert caught.value.fault is DecisionFault.SAME_KEY
    with pytest.raises(DecisionRefused):
        sign_decision(make_decision(), FIRST_JUDGE, replace(FIRST_JUDGE, name="demo/judge-9"))
    assert find_fault(sign_note(draft_text(make_decision()), FIRST_JUDGE, FIRST_JUDGE)) is DecisionFault.SAME_KEY


def test_a_third_signature_is_refused() -> None:
    with pytest.raises(DecisionRefused):
        sign_second(SIGNED, world.OTHER_JUDGE)


@pytest.mark.parametrize("stranger", [world.OTHER_JUDGE, world.LIST, world.OFFICE, world.ROOT, world.PERMIT])
def test_a_key_that_is_not_the_courts_is_refused(stranger: Any) -> None:
    text = draft_text(make_decision())
    assert find_fault(sign_note(text, FIRST_JUDGE, stranger)) is DecisionFault.FOREIGN_KEY
    assert find_fault(sign_note(text, FIRST_JUDGE, SECOND_JUDGE, stranger)) is DecisionFault.FOREIGN_KEY


def test_another_courts_key_is_refused() -> None:
    other = world.make_annex().courts[0]
    judges = [world.make_signer(f"other/judge-{n}") for n in (1, 2)]
    two = replace(
        ANNEX, courts=(*ANNEX.courts, replace(other, label="Other Court", keys=tuple(j.verifier for j in judges)))
    )
    with pytest.raises(DecisionRefused) as caught:
        load_decision(sign_note(draft_text(make_decision()), FIRST_JUDGE, judges[0]), two, TODAY)
    assert caught.value.fault is DecisionFault.FOREIGN_KEY
    moved = sign_note(draft_text(make_decision(court="Other Court")), FIRST_JUDGE, SECOND_JUDGE)
    with pytest.raises(DecisionRefused) as caught:
        load_decision(moved, two, TODAY)
    assert caught.value.fault is DecisionFault.FOREIGN_KEY


@pytest.mark.parametrize("at", range(0, len(SIGNED.encode()), 7))
def test_no_changed_byte_loads(at: int) -> None:
    data = bytearray(SIGNED.encode())
    data[at] ^= 1
    with pytest.raises(RecordsError):
        load_decision(data.decode(errors="surrogateescape"), ANNEX, TODAY)


def test_a_changed_letter_is_called_a_change() -> None:
    assert find_fault(SIGNED.replace("XIAOMING", "XIAOMENG")) is DecisionFault.CHANGED


@pytest.mark.parametrize("name", ["ethnicity", "religion", "region", "petition", "association", "debt", "note", "face"])
def test_a_field_that_decisions_do_not_have_is_refused_by_its_name(name: str) -> None:
    text = draft_text(make_decision()).replace("sex: 1\n", f"sex: 1\n{name}: anything\n")
    with pytest.raises(DecisionRefused) as caught:
        load_decision(sign_text(text), ANNEX, TODAY)
    assert (caught.value.fault, caught.value.field_name) == (DecisionFault.FIELD, name)


def test_a_field_name_that_is_no_plain_word_is_not_repeated() -> None:
    text = draft_text(make_decision()) + "WANG XIAOMING 1990: x\n"
    with pytest.raises(DecisionRefused) as caught:
        load_decision(sign_text(text), ANNEX, TODAY)
    assert "WANG" not in str(caught.value)
    assert caught.value.fault is DecisionFault.FIELD


@pytest.mark.parametrize("name", ["jurisdiction", "number", "decided-on", "act", "valid-until", "born", "sex"])
def test_a_missing_field_is_refused_by_its_name(name: str) -> None:
    lines = draft_text(make_decision()).splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith(f"{name}: "))
    with pytest.raises(DecisionRefused) as caught:
        load_decision(sign_text(text), ANNEX, TODAY)
    assert (caught.value.fault, caught.value.field_name) == (DecisionFault.MISSING, name)


def resident(number: str) -> tuple[ListedDocument, ...]:
    return (ListedDocument(DocumentKind.RESIDENT_CARD, "CHN", number),)


def of_kind(kind: DocumentKind, number: str, state: str = "UTO") -> dict[str, Any]:
    return {"documents": (ListedDocument(kind, state, number),)}


YOUNG = date(2008, 11, 3)  # turns 18 the day after the decision
NAMES = tuple(ListedName(full=name) for name in ("王一", "王二", "王三", "王四", "王五", "王六"))
PASSPORTS = (
    ListedDocument(DocumentKind.PASSPORT, "UTO", "L898902C3"),
    ListedDocument(DocumentKind.PASSPORT, "UTO", "L898902C4"),
)
CARD_OF_UTO = of_kind(DocumentKind.RESIDENT_CARD, make_number(BORN))
OF_A_STATE = of_kind(DocumentKind.PASSPORT, "L898902C3", "GBR")
REFUSED: list[tuple[str, dict[str, Any], DecisionFault]] = [
    ("of another jurisdiction", {"jurisdiction": "elsewhere"}, DecisionFault.JURISDICTION),
    ("of a court the annex does not know", {"court": "Some Court"}, DecisionFault.COURT),
    ("without a file number", {"number": ""}, DecisionFault.NUMBER),
    ("with a file number that is a text", {"number": "x" * 61}, DecisionFault.NUMBER),
    ("decided tomorrow", {"decided_on": TODAY + timedelta(days=1)}, DecisionFault.NOT_YET),
    ("for more than twelve months", {"valid_until": date(2027, 11, 3)}, DecisionFault.VALIDITY),
    ("for less than a day", {"valid_until": date(2026, 11, 1)}, DecisionFault.VALIDITY),
    ("that has expired", {"valid_until": TODAY - timedelta(days=1)}, DecisionFault.EXPIRED),
    ("about a child", {"born": YOUNG, "documents": resident(make_number(YOUNG))}, DecisionFault.MINOR),
    ("without a sex", {"sex": "0"}, DecisionFault.SEX),
    ("with a sex that is none", {"sex": "male"}, DecisionFault.SEX),
    ("without a name", {"names": ()}, DecisionFault.NAMES),
    ("with six names", {"names": NAMES}, DecisionFault.NAMES),
    ("with one name twice", {"names": (NAMES[0], NAMES[0])}, DecisionFault.NAMES),
    ("with an empty name", {"names": (ListedName(full=""),)}, DecisionFault.NAMES),
    ("with a name that nobody sees", {"names": (ListedName(full="\u3164"),)}, DecisionFault.NAMES),
    ("with more in a name than is seen", {"names": (ListedName(full="王小明\uffa0"),)}, DecisionFault.NAMES),
    ("with more in a file number than is seen", {"number": "Demo 17\u3164"}, DecisionFault.NUMBER),
    ("with a remark in a name", {"names": (ListedName(full="王小明 (petitioner)"),)}, DecisionFault.NAMES),
    ("with a number in a name", {"names": (ListedName(full="990101199003070017"),)}, DecisionFault.NAMES),
    ("with a very long name", {"names": (ListedName(full="A" * 81),)}, DecisionFault.NAMES),
    ("without a document", {"documents": ()}, DecisionFault.DOCUMENTS),
    ("with two of a kind", {"documents": PASSPORTS}, DecisionFault.DOCUMENTS),
    ("with a document that is no number", of_kind(DocumentKind.NONE, "X"), DecisionFault.KIND),
    ("with a kind that has no rule", of_kind(DocumentKind.OTHER, "X1"), DecisionFault.KIND),
    ("with a state that is none", of_kind(DocumentKind.PASSPORT, "L898902C3", "uto"), DecisionFault.ISSUING_STATE),
    ("with a card of the wrong state", CARD_OF_UTO, DecisionFault.ISSUING_STATE),
    ("with a wrong check digit", {"documents": resident("990101199003070010")}, DecisionFault.DOCUMENT_NUMBER),
    ("with a number too short to compare", of_kind(DocumentKind.PASSPORT, "L898"), DecisionFault.DOCUMENT_NUMBER),
    ("with a number too long", of_kind(DocumentKind.PASSPORT, "L898902C333"), DecisionFault.DOCUMENT_NUMBER),
    ("with a number in another form", of_kind(DocumentKind.PASSPORT, "l898902c3"), DecisionFault.DOCUMENT_NUMBER),
    ("with a number that says another birth date", {"born": date(1990, 3, 8)}, DecisionFault.CONTRADICTION),
    ("with a number that says another sex", {"sex": "2"}, DecisionFault.CONTRADICTION),
    ("of a passport that is no specimen", OF_A_STATE, DecisionFault.NOT_A_SPECIMEN),
    (
        "of a published number on another state's card",
        of_kind(DocumentKind.IDENTITY_CARD_FOREIGN, "911398199012310021", "D"),
        DecisionFault.NOT_A_SPECIMEN,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("what", "changes", "fault"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_decision_is_refused(what: str, changes: dict[str, Any], fault: DecisionFault) -> None:
    assert find_fault(sign_text(draft_text(make_decision(**changes)))) is fault


def test_a_real_division_is_refused() -> None:
    from records.numbers import compute_mod_11_2

    # 000000 is no division either, but it is not the one kept for specimens.
    body = "00000019900307007"
    documents = resident(body + compute_mod_11_2(body))
    assert find_fault(sign_text(draft_text(make_decision(documents=documents)))) is DecisionFault.NOT_A_SPECIMEN


EDITED: list[tuple[str, str, str, DecisionFault]] = [
    ("an act that is not on the list", "act: armed-robbery", "act: picking-quarrels", DecisionFault.ACT),
    ("an act in other letters", "act: armed-robbery", "act: Armed-Robbery", DecisionFault.ACT),
    ("half a birth date", "born: 1990-03-07", "born: 1990-03", DecisionFault.BIRTH_DATE),
    ("a birth date of another form", "born: 1990-03-07", "born: 19900307", DecisionFault.BIRTH_DATE),
    ("a birth date that is none", "born: 1990-03-07", "born: 1990-02-30", DecisionFault.BIRTH_DATE),
    ("a day that is none", "decided-on: 2026-11-02", "decided-on: yesterday", DecisionFault.DATE),
    ("a kind that is unknown", "document: 414 ", "document: 999 ", DecisionFault.KIND),
    ("a document without a number", "document: 414 UTO L898902C3", "document: 414 UTO", DecisionFault.DOCUMENTS),
    ("another order", "born: 1990-03-07\nsex: 1\n", "sex: 1\nborn: 1990-03-07\n", DecisionFault.ORDER),
    ("a field twice", "sex: 1\n", "sex: 1\nsex: 1\n", DecisionFault.ORDER),
    ("two courts", "number: (2026)", f"court: {world.COURT}\nnumber: (2026)", DecisionFault.COURT),
    ("an escape of another act", "valid-until", "escaped-from: torture\nvalid-until", DecisionFault.ESCAPED_FROM),
    ("an escape from nothing known", "valid-until", "escaped-from: debt\nvalid-until", DecisionFault.ESCAPED_FROM),
    ("another first line", "decision on one person v1", "decision on one person v2", DecisionFault.FORM),
    ("a line that is no field", "sex: 1\n", "sex: 1\nremark\n", DecisionFault.FORM),
]  # fmt: skip


@pytest.mark.parametrize(("what", "old", "new", "fault"), EDITED, ids=[row[0] for row in EDITED])
def test_a_text_is_refused(what: str, old: str, new: str, fault: DecisionFault) -> None:
    text = draft_text(make_decision())
    assert text.count(old) == 1
    assert find_fault(sign_text(text.replace(old, new))) is fault


def test_an_escape_needs_the_act_the_person_was_held_for() -> None:
    escape: dict[str, Any] = {"act": Act.ESCAPE_FROM_CUSTODY}
    assert find_fault(sign_text(draft_text(make_decision(**escape)))) is DecisionFault.ESCAPED_FROM
    twice = {**escape, "escaped_from": Act.ESCAPE_FROM_CUSTODY}
    assert find_fault(sign_text(draft_text(make_decision(**twice)))) is DecisionFault.ESCAPED_FROM
    loaded = world.sign_and_load(act=Act.ESCAPE_FROM_CUSTODY, escaped_from=Act.TORTURE)
    assert loaded.escaped_from is Act.TORTURE


def test_a_decision_too_long_for_an_alert_is_refused() -> None:
    names = tuple(ListedName(full="字" * 79 + last) for last in "甲乙丙丁戊")
    documents = (
        *make_decision().documents,
        ListedDocument(DocumentKind.IDENTITY_CARD_FOREIGN, "UTO", "A" * 23),
        ListedDocument(DocumentKind.PASSPORT_SERVICE, "UTO", "B" * 9),
    )
    longest = make_decision(names=names, documents=documents, number="号" * 60)
    assert load_decision(sign_decision(longest, FIRST_JUDGE, SECOND_JUDGE), ANNEX, TODAY).names == names
    assert find_fault(SIGNED + "x" * 3000) is DecisionFault.SIZE


def test_the_last_day_is_the_last() -> None:
    assert load_decision(SIGNED, ANNEX, date(2027, 11, 2))
    assert find_fault(SIGNED, date(2027, 11, 3)) is DecisionFault.EXPIRED


def test_what_is_no_note_is_refused() -> None:
    for text in ("", "\n", "x", draft_text(make_decision()), "\udc80\n\n"):
        assert find_fault(text) is DecisionFault.FORM


def test_a_decision_that_would_be_refused_is_not_signed() -> None:
    with pytest.raises(DecisionRefused):
        sign_decision(make_decision(sex="0"), FIRST_JUDGE, SECOND_JUDGE)
    half = sign_note(draft_text(make_decision(sex="0")), FIRST_JUDGE)
    with pytest.raises(DecisionRefused):
        sign_second(half, SECOND_JUDGE)


def test_the_list_of_acts_is_closed() -> None:
    assert {act.value for act in Act} == {
        "intentional-homicide", "grievous-bodily-harm", "rape-and-sexual-assault", "sexual-exploitation-of-children",
        "kidnapping-and-unlawful-detention", "trafficking-in-persons", "torture", "armed-robbery",
        "arson-endangering-life", "escape-from-custody",
    }  # fmt: skip
    assert all(all(describe_act(act)) for act in Act)


def test_what_is_signed_is_said_in_full() -> None:
    said = "\n".join(describe_decision(make_decision(act=Act.ESCAPE_FROM_CUSTODY, escaped_from=Act.TORTURE)))
    person = ("王小明", "WANG", "XIAOMING", "1990-03-07", "男 male", "L898902C3", make_number(BORN))
    acts = ("脱逃", "escape from custody", "酷刑", "torture")
    for word in (
        *person,
        *acts,
        "演示",
        "Demonstration",
        "Jurisdiction: demo",
        "2027-11-02",
        "(2026) Demo 17",
        world.COURT,
    ):
        assert word in said


def test_nothing_personal_is_in_a_repr_or_an_error() -> None:
    loaded = load_decision(SIGNED, ANNEX, TODAY)
    with pytest.raises(DecisionRefused) as caught:
        load_decision(SIGNED.replace("XIAOMING", "XIAOMENG"), ANNEX, TODAY)
    for text in (repr(loaded), repr(loaded.names), repr(loaded.documents), str(caught.value), repr(caught.value)):
        assert not any(word in text for word in ("王小明", "WANG", "1990", "L898902C3"))


DAYS = st.dates(date(2026, 11, 2), date(2027, 12, 31))


@given(born=st.dates(date(1900, 1, 1), date(2026, 1, 1)), decided=DAYS, until=DAYS, on=DAYS)
@settings(max_examples=60)
def test_only_adults_within_twelve_months_are_listed(born: date, decided: date, until: date, on: date) -> None:
    decision = make_decision(
        born=born, decided_on=decided, valid_until=until, documents=of_kind(DocumentKind.PASSPORT, "X8989")["documents"]
    )
    try:
        loaded: Decision | None = load_decision(sign_text(draft_text(decision)), ANNEX, on)
    except DecisionRefused:
        loaded = None
    months = (until.year - decided.year) * 12 + until.month - decided.month + (until.day > decided.day)
    years = decided.year - born.year - ((decided.month, decided.day) < (born.month, born.day))
    assert (loaded is not None) == (decided <= on <= until and months <= 12 and years >= 18)


def test_every_refusal_has_words_in_both_languages() -> None:
    assert FAULT_WORDS.keys() == set(DecisionFault)
    assert all(zh.strip() and en.strip() for zh, en in FAULT_WORDS.values())
    assert ALERT_FAULT_WORDS.keys() == set(AlertFault)
    assert all(zh.strip() and en.strip() for zh, en in ALERT_FAULT_WORDS.values())
    assert "ethnicity" in describe_refusal(DecisionRefused(DecisionFault.FIELD, "ethnicity"))
