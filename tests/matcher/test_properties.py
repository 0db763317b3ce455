"""What holds for every guest: evidence moves a verdict its own way only, and no input breaks the matcher."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.compare import compare_person
from matcher.errors import InvalidPerson
from matcher.names import compare_names
from matcher.person import Listed, Person, PersonDocument, PersonName, parse_birth_date
from matcher.verdict import Verdict
from matcher.weights import WEIGHTS
from records.comparing.slips import normal_form

ORDER = ("cleared", "strong", "exact")
NUMBER = "990101199003078519"
NAMES = st.sampled_from(
    [
        "王小明",
        "王曉明",
        "王小朋",
        "WANG XIAOMING",
        "WANG X M",
        "王明",
        "李四",
        "阿里·王",
        "Юлия Иванова",
        "김철수",
        "小明",
        "Wang",
    ]
)
NUMBERS = st.sampled_from(
    [NUMBER, NUMBER[:-1], NUMBER.replace("0785", "0758"), "990101199003078579", "990101197111230425"]
)
DATES = st.sampled_from(["1990-03-07", "1990-07-03", "1990-03-08", "1990", "1990-03", "", "1971-11-23", "1990-01-01"])
GUESTS = st.builds(
    lambda name, number, born, sex: Person((PersonName(name),), PersonDocument("111", number), born, sex),
    NAMES,
    NUMBERS,
    DATES,
    st.sampled_from("0129"),
)
LISTED = Listed((PersonName("王小明"),), (PersonDocument("111", NUMBER),), "1990-03-07", "1")
ANY_TEXT = st.text(max_size=60)


def rank(verdict: Verdict) -> int:
    return ORDER.index(verdict.verdict)


@given(GUESTS)
def test_agreeing_evidence_never_lowers_a_verdict(guest: Person) -> None:
    before = rank(compare_person(LISTED, guest))
    for agreeing in (
        replace(guest, birth_date=LISTED.birth_date),
        replace(guest, sex="1"),
        replace(guest, names=LISTED.names),
        replace(guest, document=LISTED.documents[0]),
    ):
        assert rank(compare_person(LISTED, agreeing)) >= before


@given(GUESTS)
def test_contradiction_never_raises_a_verdict(guest: Person) -> None:
    before = rank(compare_person(LISTED, guest))
    for contradicting in (
        replace(guest, birth_date="1971-11-23"),
        replace(guest, sex="2"),
        replace(guest, names=(PersonName("诸葛孔亮"),)),
        replace(guest, document=PersonDocument("111", "990101197111230425")),
    ):
        assert rank(compare_person(LISTED, contradicting)) <= before


@given(NAMES, NAMES)
def test_names_agree_or_differ_alike_from_both_sides(a: str, b: str) -> None:
    there, back = (compare_names([PersonName(x)], [PersonName(y)], WEIGHTS) for x, y in ((a, b), (b, a)))
    assert (there.bits > 0, there.bits < 0, there.grade) == (back.bits > 0, back.bits < 0, back.grade)


@given(GUESTS)
def test_name_and_birth_date_alone_find_nobody(guest: Person) -> None:
    twin = replace(guest, document=PersonDocument("111", "990101197111230425"))
    assert compare_person(LISTED, twin).verdict == "cleared"


@given(st.text(min_size=1, max_size=60).filter(str.strip))
def test_no_name_contradicts_itself(text: str) -> None:
    names = [PersonName(text)]
    assert compare_names(names, names, WEIGHTS).bits >= 0


@settings(max_examples=300)
@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_no_text_breaks_the_matcher(full: str, surname: str, kind: str, number: str, born: str) -> None:
    try:
        name = PersonName(full, surname, full)
        document = PersonDocument(kind, number)
        guest = Person((name,), document, born, "1")
    except InvalidPerson:
        return
    verdict = compare_person(LISTED, guest)
    assert 0 <= verdict.score <= 1
    listed = Listed((name,), (document,), "1990-03-07", "9")
    assert compare_person(listed, guest).verdict in ORDER


@given(ANY_TEXT)
def test_a_date_is_understood_or_refused(text: str) -> None:
    try:
        day = parse_birth_date(text)
    except InvalidPerson:
        return
    assert day.day == 0 or day.month > 0


@given(st.sampled_from(["111", "414", "x01", "990"]), ANY_TEXT)
def test_number_in_another_writing_is_the_same_number(kind: str, number: str) -> None:
    assert normal_form(kind, number.lower()) == normal_form(kind, number.upper())
