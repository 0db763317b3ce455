"""The Czech register's fields, held against the published rules and the published example files."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.destinations.czechia.house import House, find_wrong_part, read_house
from terminal.destinations.czechia.letters import ENCODING, LETTERS, NotWritten, is_written, write_name
from terminal.destinations.czechia.report import (
    BirthKnown,
    Report,
    Wrong,
    decode_report,
    encode_report,
    find_wrong,
    is_birth,
    write_birth,
)
from terminal.destinations.czechia.unl import MAX_LINES, name_file, write_file

read_time = datetime.fromisoformat  # the house's own time, which has no offset in either form
REPORT = Report(
    since=read_time("2018-06-27T15:00"),
    until=read_time("2018-06-30"),
    surname="Příjmení",
    given="Jmeno",
    birth="12051980",
    state="SVK",
    document="AK47",
    visa="V123",
    residence="Bydl",
    purpose=10,
    note="Pozn",
)
HOUSE = House(
    "100227887600", "CZGFW", "Penzion U Dubu", "recepce@example.org", "Praha", "Praha", "Nusle", "Lipová", "123", "4a",
    "14000",
)  # fmt: skip
MADE_AT = read_time("2018-06-27T22:57")


def test_guest_of_a_published_example_file_is_written_as_there() -> None:
    # martiner/ubyport, src/test/resources/example.unl: its second line.
    published = b"U|27.06.2018|30.06.2018|P\xf8\xedjmen\xed|Jmeno||12.05.1980|||SVK|Bydl|AK47|V123|10||Pozn"
    assert write_file(HOUSE, [REPORT], MADE_AT).splitlines()[1] == published


def test_guests_of_the_police_sample_are_written_as_there() -> None:
    # The sample file that the police publish beside the description of the format; its invented guests.
    rows = (
        ("2015-10-06", "HOHOS", "KOKO", "00001950", "AFG", "123456", "777", "Kábul, Salde 1234", 5),
        ("2015-10-07", "SCHINDLER", "BRUNO", "00002000", "DEU", "159753", "666", "Berlín, Vogel 45", 6),
        ("2015-10-05", "ANDĚL", "JAN", "01011950", "BLZ", "159753", "888", "Brudé", 4),
    )
    reports = [Report(read_time("2015-10-01T12:00"), read_time(until), *rest) for until, *rest in rows]
    assert [find_wrong(report) for report in reports] == [[], [], []]
    assert write_file(HOUSE, reports, MADE_AT).decode(ENCODING).splitlines()[1:] == [
        "U|01.10.2015|06.10.2015|HOHOS|KOKO||00.00.1950|||AFG|Kábul, Salde 1234|123456|777|05||",
        "U|01.10.2015|07.10.2015|SCHINDLER|BRUNO||00.00.2000|||DEU|Berlín, Vogel 45|159753|666|06||",
        "U|01.10.2015|05.10.2015|ANDĚL|JAN||01.01.1950|||BLZ|Brudé|159753|888|04||",
    ]


def test_first_line_is_the_house() -> None:
    first = write_file(HOUSE, [REPORT], MADE_AT).decode(ENCODING).split("\r\n")[0]
    assert first == (
        "A|2|100227887600|CZGFW|Penzion U Dubu|recepce@example.org|Praha|Praha|Nusle|Lipová|123|4a|14000|"
        "2018.06.27 22:57:00||"
    )
    assert name_file(HOUSE, MADE_AT) == "100227887600_2018_06_27_2257.unl"


@pytest.mark.parametrize("count", [0, MAX_LINES + 1])
def test_a_file_holds_between_one_and_99_guests(count: int) -> None:
    with pytest.raises(ValueError, match="99"):
        write_file(HOUSE, [REPORT] * count, MADE_AT)


@pytest.mark.parametrize(
    ("printed", "sent"),
    [
        ("MUÑOZ", "MUNOZ"),
        ("Ångström", "AAngström"),
        ("SØRENSEN", "SOERENSEN"),
        ("Þórsdóttir", "THórsdóttir"),
        ("Straße", "Straße"),
        ("O’BRIEN", "O'BRIEN"),
        ("D‘Angelo", "D'Angelo"),
        ("SMITH–JONES", "SMITH-JONES"),
        ("St. John", "St John"),
        ("  ANNA   MARIA ", "ANNA MARIA"),
        ("NGUYỄN", "NGUYEN"),
        ("Yılmaz", "Yilmaz"),
    ],
)
def test_letters_the_register_does_not_hold_are_written_as_a_passport_does(printed: str, sent: str) -> None:
    written = write_name(printed)
    assert written.text == sent
    assert written.is_changed == (sent != " ".join(printed.split()))


@pytest.mark.parametrize("printed", ["王小明", "Иванов", "Ανδρέας", "JOHN 2", "A|B", "X\nY", "محمد", "A_B", "µ"])
def test_a_name_that_is_not_latin_is_never_guessed(printed: str) -> None:
    with pytest.raises(NotWritten):
        write_name(printed.replace("\n", "\x00"))


@given(st.text(max_size=60))
def test_whatever_is_printed_a_name_is_sent_in_the_registers_letters_or_not_at_all(printed: str) -> None:
    try:
        written = write_name(printed)
    except NotWritten:
        return
    assert is_written(written.text)
    assert written.text.encode(ENCODING).decode(ENCODING) == written.text
    # Nothing is lost in silence: what differs is said.
    assert written.is_changed or written.text == " ".join(printed.split()) or written.text == printed.strip()
    assert write_name(written.text).text == written.text


@given(st.dates(date(1900, 1, 1), date(2026, 11, 22)), st.sampled_from(BirthKnown))
def test_every_birth_date_has_the_published_form(born: date, known: BirthKnown) -> None:
    text = write_birth(born, known)
    assert is_birth(text)
    assert text[4:] == f"{born.year}"
    assert (text[:4] == "0000") == (known is BirthKnown.YEAR)
    assert (text[:2] == "00") == (known is not BirthKnown.DAY)


@pytest.mark.parametrize("text", ["01.01.1911", "31022000", "01001980", "00001899", "0000195", "aaaa1950", "00131950"])
def test_other_birth_dates_are_refused(text: str) -> None:
    assert not is_birth(text)


_GOOD_NAMES = st.text(alphabet=sorted(LETTERS | {"'", "-"}), min_size=1, max_size=24)


@given(
    _GOOD_NAMES,
    _GOOD_NAMES,
    st.text(alphabet=string.ascii_uppercase + string.digits, min_size=4, max_size=30),
    st.text(alphabet=string.ascii_letters + "áčďéěíňóřšťúůýž ,.-/1234567890", max_size=128),
    st.integers(0, 99),
)
def test_what_keeps_the_rules_is_encoded_field_by_field(
    surname: str, given_names: str, document: str, residence: str, purpose: int
) -> None:
    report = replace(
        REPORT, surname=surname, given=given_names, document=document, residence=residence, purpose=purpose
    )
    report = replace(report, note="AB1234" if document == "INPASS" else report.note)
    assert find_wrong(report) == []
    line = write_file(HOUSE, [report], MADE_AT).decode(ENCODING).split("\r\n")[1].split("|")
    assert len(line) == 16
    assert (line[3], line[4], line[10], line[11]) == (surname, given_names, residence, document)
    assert line[13] == f"{purpose:02d}"
    assert decode_report(encode_report(report)) == report


@given(st.text(max_size=200), st.sampled_from(["surname", "given", "document", "visa", "residence", "note", "birth"]))
def test_whatever_stands_in_a_field_the_file_keeps_its_columns_or_nothing_is_written(value: str, name: str) -> None:
    report = replace(REPORT, **{name: value})
    if find_wrong(report):
        return
    lines = write_file(HOUSE, [report], MADE_AT).decode(ENCODING).split("\r\n")
    assert [line.count("|") for line in lines] == [15, 15, 0]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"surname": ""}, [("surname", Wrong.MISSING)]),
        ({"surname": "A" * 51}, [("surname", Wrong.TOO_LONG)]),
        ({"given": "B" * 25}, [("given", Wrong.TOO_LONG)]),
        ({"given": "Ján2"}, [("given", Wrong.WRONG_SIGN)]),
        ({"document": "AK4"}, [("document", Wrong.WRONG_FORM)]),
        ({"document": "A" * 31}, [("document", Wrong.WRONG_FORM)]),
        ({"document": ""}, [("document", Wrong.MISSING)]),
        ({"document": "INPASS", "note": " "}, [("note", Wrong.MISSING)]),
        ({"visa": "V" * 16}, [("visa", Wrong.WRONG_FORM)]),
        ({"residence": "x" * 129}, [("residence", Wrong.TOO_LONG)]),
        ({"residence": "北京"}, [("residence", Wrong.WRONG_SIGN)]),
        ({"note": "a|b"}, [("note", Wrong.WRONG_SIGN)]),
        ({"until": REPORT.since}, [("until", Wrong.OUT_OF_RANGE)]),
        ({"state": "CZE"}, [("state", Wrong.WRONG_FORM)]),
        ({"state": "SK"}, [("state", Wrong.WRONG_FORM)]),
        ({"purpose": 100}, [("purpose", Wrong.OUT_OF_RANGE)]),
    ],
)
def test_each_rule_is_held(changes: dict[str, object], wrong: list[tuple[str, Wrong]]) -> None:
    assert find_wrong(replace(REPORT, **changes)) == wrong


def test_a_report_shows_nothing_of_a_guest() -> None:
    shown = repr(REPORT)
    assert not any(mark in shown for mark in ("Příjmení", "Jmeno", "1980", "AK47", "V123", "Bydl", "Pozn"))


def test_bytes_that_are_no_report_are_refused_without_their_content() -> None:
    with pytest.raises(ValueError, match=r"^not a report$") as caught:
        decode_report(b'{"surname": "PLAINLY"}')
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("idub", "1234567890"), ("idub", ""), ("mark", "ABC"), ("name", ""), ("name", "x" * 36), ("town", ""),
        ("house_number", "12345"), ("street_number", "1234"), ("postcode", "1110"), ("contact", "a|b"),
        ("street", "улица"),
    ],
)  # fmt: skip
def test_each_part_of_the_house_is_held_to_its_rule(part: str, value: str) -> None:
    assert find_wrong_part(HOUSE) == ""
    assert find_wrong_part(replace(HOUSE, **{part: value})) == part


def test_a_postcode_is_read_with_its_space() -> None:
    assert read_house({"postcode": "140 00", "name": " U  Dubu "}) == replace(House("", "", "U Dubu"), postcode="14000")
