"""Machine-readable zones: the specimens ICAO 9303 published, and every way of being wrong."""

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import MrzCheckFailed, MrzUnreadable
from drivers.proto.mrz import PLANS, Mrz, MrzFormat, parse_mrz
from drivers.proto.mrz_repair import read_mrz
from drivers.proto.mrz_states import read_state
from drivers.sim.mrz_specimens import PRINTED_SPECIMENS, build_passport
from records.numbers import compute_mod_10_731
from terminal.screen.texts import load_words

# ICAO Doc 9303 parts 4, 5, 6, 7 and 11 (appendix D): the lines, and what stands in them.
TD3 = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
TD3_2003 = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C<3UTO6908061F9406236ZE184226B<<<<<14")
TD1 = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")
TD1_LONG = ("I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<")
TD2 = ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6")
TD2_LONG = ("I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<", "D23145890<UTO3407127M95071227349<<<8")
MRV_A = ("V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C<3UTO6908061F9406236ZE184226B<<<<<<<")
MRV_B = ("V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L898902C<3UTO6908061F9406236ZE184226")
GERMAN = ("IDD<<T220001293<<<<<<<<<<<<<<<", "6408125<2010315D<<<<<<<<<<<<<4", "MUSTERMANN<<ERIKA<<<<<<<<<<<<<")
ALL = {
    "TD3": TD3, "TD3 of 2003": TD3_2003, "TD1": TD1, "TD1 long": TD1_LONG, "TD2": TD2, "TD2 long": TD2_LONG,
    "MRV-A": MRV_A, "MRV-B": MRV_B, "German": GERMAN,
}  # fmt: skip
Lines = tuple[str, ...]


@pytest.mark.parametrize(
    ("lines", "format_", "number", "name", "birth", "sex", "expiry"),
    [
        (TD3, "TD3", "L898902C3", ("ERIKSSON", "ANNA MARIA"), "740812", "F", "120415"),
        (TD3_2003, "TD3", "L898902C", ("ERIKSSON", "ANNA MARIA"), "690806", "F", "940623"),
        (TD1, "TD1", "D23145890", ("ERIKSSON", "ANNA MARIA"), "740812", "F", "120415"),
        (TD1_LONG, "TD1", "D23145890734", ("STEVENSON", "PETER JOHN"), "340712", "M", "950712"),
        (TD2, "TD2", "D23145890", ("ERIKSSON", "ANNA MARIA"), "740812", "F", "120415"),
        (TD2_LONG, "TD2", "D23145890734", ("STEVENSON", "PETER JOHN"), "340712", "M", "950712"),
        (MRV_A, "MRV-A", "L898902C", ("ERIKSSON", "ANNA MARIA"), "690806", "F", "940623"),
        (MRV_B, "MRV-B", "L898902C", ("ERIKSSON", "ANNA MARIA"), "690806", "F", "940623"),
    ],
)
def test_published_specimen_says_what_stands_in_it(
    lines: Lines, format_: str, number: str, name: tuple[str, str], birth: str, sex: str, expiry: str
) -> None:
    mrz = parse_mrz(lines)
    assert (mrz.format, mrz.number, (mrz.surname, mrz.given)) == (format_, number, name)
    assert (mrz.birth, mrz.sex, mrz.expiry) == (birth, sex, expiry)
    assert (mrz.issuing_state, mrz.nationality, mrz.document_code) == ("UTO", "UTO", lines[0][0])
    assert not mrz.is_name_cut
    assert read_mrz(lines) == mrz


def test_letter_for_germany_and_a_sex_that_is_not_stated_are_read() -> None:
    mrz = parse_mrz(GERMAN)
    assert (mrz.issuing_state, mrz.nationality, mrz.sex, mrz.document_code) == ("DEU", "DEU", "<", "ID")


@pytest.mark.parametrize(
    ("printed", "code"),
    [("UTO", "UTO"), ("D<<", "DEU"), ("XXA", "XXA"), ("GBD", "GBD"), ("UNO", "UNO"), ("RKS", "RKS"), ("XOM", "XOM"),
     ("UT0", None), ("<<<", None), ("ZZZ", None), ("GB<", None)],
)  # fmt: skip
def test_state_is_one_of_the_list(printed: str, code: str | None) -> None:
    assert read_state(printed) == code


def test_every_country_the_screen_knows_is_a_state() -> None:
    words = load_words("en")
    named = {key.removeprefix("country.") for key in words.list_keys() if key.startswith("country.")}
    assert {code for code in named if read_state(code) != code} == set()


@pytest.mark.parametrize(
    ("names", "surname", "given", "is_cut"),
    [
        ("ARKFREITH", "ARKFREITH", "", False),
        ("VAN<DER<MUELLEN<<ADRIANUS", "VAN DER MUELLEN", "ADRIANUS", False),
        ("DSOUZA<<JEAN<PIERRE", "DSOUZA", "JEAN PIERRE", False),
        ("NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K", "NILAVADHANANANDA", "CHAYAPA DEJTHAMRONG K", True),
        ("A" * 39, "A" * 39, "", True),
        ("A<<B<<C", "A", "B C", False),
    ],
)
def test_names_are_split_as_printed(names: str, surname: str, given: str, is_cut: bool) -> None:
    mrz = parse_mrz(build_passport(names, "L898902C3", "740812", "F").split("\n"))
    assert (mrz.surname, mrz.given, mrz.is_name_cut) == (surname, given, is_cut)


@pytest.mark.parametrize("birth", ["74<<<<", "7408<<", "<<<<<<"])
def test_birth_date_that_is_not_known_stays_so(birth: str) -> None:
    assert parse_mrz(build_passport("A<<B", "1", birth, "X").split("\n")).birth == birth


@pytest.mark.parametrize(
    ("names", "birth", "sex", "expiry", "field"),
    [
        ("ERIKSS0N", "740812", "F", "401231", "names"),
        ("<<<", "740812", "F", "401231", "names"),
        ("A<<B", "74<812", "F", "401231", "birth_date"),
        ("A<<B", "<<0812", "F", "401231", "birth_date"),
        ("A<<B", "K40812", "F", "401231", "birth_date"),
        ("A<<B", "740812", "1", "401231", "sex"),
        ("A<<B", "740812", "F", "40<<<<", "valid_until"),
    ],
)
def test_field_that_cannot_be_is_named(names: str, birth: str, sex: str, expiry: str, field: str) -> None:
    with pytest.raises(MrzUnreadable) as caught:
        parse_mrz(build_passport(names, "L898902C3", birth, sex, expiry=expiry).split("\n"))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ((), "lines"),
        (("",), "lines"),
        (TD3[:1], "lines"),
        ((*TD3, TD3[1]), "lines"),
        ((TD3[0], TD3[1][:-1]), "lines"),
        ((TD3[0].lower(), TD3[1]), "lines"),
        ((TD3[0][:-1] + "Ａ", TD3[1]), "lines"),
        ((TD1[0], TD1[1]), "lines"),
        (("1" + TD3[0][1:], TD3[1]), "document_code"),
        (("P<UT0" + TD3[0][5:], TD3[1]), "issuing_state"),
        ((TD3[0], TD3[1].replace("UTO", "UTQ")), "nationality"),
    ],
)
def test_lines_that_cannot_be_are_refused(lines: Lines, field: str) -> None:
    with pytest.raises(MrzUnreadable) as caught:
        parse_mrz(lines)
    assert caught.value.field == field


def flaw(lines: Lines, line: int, place: int) -> Lines:
    digit = str((int(lines[line][place]) + 1) % 10)
    return (*lines[:line], lines[line][:place] + digit + lines[line][place + 1 :], *lines[line + 1 :])


@pytest.mark.parametrize(
    ("lines", "line", "place", "fields"),
    [
        (TD3, 1, 9, ("number", "composite")),
        (TD3, 1, 19, ("birth_date", "composite")),
        (TD3, 1, 27, ("valid_until", "composite")),
        (TD3, 1, 42, ("personal", "composite")),
        (TD3, 1, 43, ("composite",)),
        (TD1, 0, 14, ("number", "composite")),
        (TD1, 1, 6, ("birth_date", "composite")),
        (TD1, 1, 14, ("valid_until", "composite")),
        (TD1, 1, 29, ("composite",)),
        (TD1_LONG, 0, 18, ("number", "composite")),
        (TD2, 1, 35, ("composite",)),
        (TD2_LONG, 1, 31, ("number", "composite")),
        (MRV_A, 1, 9, ("number",)),
        (MRV_B, 1, 27, ("valid_until",)),
    ],
)
def test_each_check_digit_is_checked(lines: Lines, line: int, place: int, fields: tuple[str, ...]) -> None:
    with pytest.raises(MrzCheckFailed) as caught:
        parse_mrz(flaw(lines, line, place))
    assert caught.value.fields == fields


def cover(lines: Lines) -> set[tuple[int, int]]:
    """Return the places of digits under a check digit."""
    plan = PLANS[parse_mrz(lines).format]
    spans = [*plan.composite, *plan.spans_of_checks().values()]
    return {(line, n) for line, start, end in spans for n in range(start, end) if lines[line][n].isdigit()}


@pytest.mark.parametrize("name", ALL)
def test_no_single_wrong_digit_goes_unnoticed(name: str) -> None:
    for line, place in cover(ALL[name]):
        with pytest.raises(MrzCheckFailed):
            read_mrz(flaw(ALL[name], line, place))


def test_long_number_without_its_rest_is_refused() -> None:
    with pytest.raises(MrzCheckFailed):
        parse_mrz(("I<UTOD23145890<" + "<" * 15, *TD1_LONG[1:]))


def test_document_without_a_number_or_an_expiry_has_none() -> None:
    first, second = build_passport("A<<B", "", "740812", "F", expiry="<<<<<<").split("\n")
    for number_check, expiry_check in (("0", "0"), ("<", "<")):
        body = second[:9] + number_check + second[10:27] + expiry_check + second[28:43]
        composite = compute_mod_10_731(body[:10] + body[13:20] + body[21:])
        mrz = parse_mrz((first, body + composite))
        assert (mrz.number, mrz.expiry) == ("", "<<<<<<")


def test_repr_shows_no_person() -> None:
    shown = repr(parse_mrz(TD3))
    assert not [mark for mark in ("ERIKSSON", "L898902C3", "740812", "UTO", "ANNA") if mark in shown]


# Repair


@pytest.mark.parametrize(
    ("wrong", "repaired"),
    [
        ("L8989O2C36UTO7408122F1204159ZE184226B<<<<<10", ("number",)),
        ("L898902C36UTO74O8122F1204159ZE184226B<<<<<10", ("birth_date",)),
        ("L898902C36UTO7408122F12O4I59ZE184226B<<<<<10", ("valid_until",)),
        ("L898902C36UTO740812ZF1204159ZE184226B<<<<<I0", ("check_digit",)),
        ("L898902C3GUTO7408122F1204159ZE184226B<<<<<1O", ("check_digit",)),
        ("L8989O2C36UTO74O8122F1204159ZE184226B<<<<<10", ("birth_date", "number")),
    ],
)
def test_look_alike_is_put_right_where_check_digits_prove_it(wrong: str, repaired: tuple[str, ...]) -> None:
    mrz = read_mrz((TD3[0], wrong))
    assert mrz.repaired == repaired
    assert replace(mrz, repaired=()) == parse_mrz(TD3)


@pytest.mark.parametrize(
    "wrong",
    [
        "L898907C36UTO7408122F1204159ZE184226B<<<<<10",  # no look-alike
        "L89B9O2C36UTO7408122F1204159ZE184226B<<<<<10",  # two at once
        "LB98902C36UTO7408122F1204159ZE184226B<<<<<10",  # the digit would stand beside a letter
        "L898902C36UTO7408122F1204159ZE184226B<<<<<17",  # the composite digit alone
    ],
)
def test_what_is_not_proved_is_refused(wrong: str) -> None:
    with pytest.raises(MrzCheckFailed):
        read_mrz((TD3[0], wrong))


@pytest.mark.parametrize(
    "lines", [("P<UTOERIKSS0N<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", TD3[1]), ("P<UT0" + TD3[0][5:], TD3[1])]
)
def test_names_and_states_are_never_repaired(lines: Lines) -> None:
    with pytest.raises(MrzUnreadable):
        read_mrz(lines)


def test_number_of_a_visa_is_not_repaired_but_its_dates_are() -> None:
    with pytest.raises(MrzCheckFailed):
        read_mrz((MRV_A[0], MRV_A[1].replace("L898902C", "L8989O2C")))
    assert read_mrz((MRV_A[0], MRV_A[1].replace("690806", "69O8O6"))).repaired == ("birth_date",)


def test_overflow_of_a_long_number_is_repaired_too() -> None:
    (first, *rest) = TD1_LONG
    body = first.replace("7349", "7O49")
    number = "D23145890704"
    lines = [body[:18] + compute_mod_10_731(number) + body[19:], *rest]
    covered = lines[0][5:].replace("O", "0") + rest[0][:7] + rest[0][8:15] + rest[0][18:29]
    lines[1] = rest[0][:-1] + compute_mod_10_731(covered)
    mrz = read_mrz(lines)
    assert (mrz.number, mrz.repaired) == (number, ("number",))


# Whatever comes in


@given(st.sampled_from(list(ALL.values())), st.data())
def test_any_change_is_read_or_refused_with_a_typed_error(lines: Lines, data: st.DataObject) -> None:
    changed = list(lines)
    for _ in range(data.draw(st.integers(1, 4))):
        line = data.draw(st.integers(0, len(lines) - 1))
        place = data.draw(st.integers(0, len(lines[line]) - 1))
        character = data.draw(st.sampled_from(string.ascii_uppercase + string.digits + "<"))
        changed[line] = changed[line][:place] + character + changed[line][place + 1 :]
    try:
        mrz = read_mrz(changed)
    except (MrzCheckFailed, MrzUnreadable):
        return
    assert isinstance(mrz, Mrz)


@given(st.lists(st.text() | st.text("AZ09<OIUTO", min_size=30, max_size=44), max_size=4))
def test_any_lines_are_read_or_refused_with_a_typed_error(lines: list[str]) -> None:
    try:
        read_mrz(lines)
    except (MrzCheckFailed, MrzUnreadable):
        return


@given(
    st.from_regex(r"[A-Z]{1,8}(<[A-Z]{1,6})?(<<[A-Z]{1,8})?", fullmatch=True),
    st.from_regex(r"[A-Z0-9]{1,9}", fullmatch=True),
    st.dates(),
    st.sampled_from("MF<"),
)
def test_what_was_built_comes_out_again(names: str, number: str, birth: object, sex: str) -> None:
    mrz = parse_mrz(build_passport(names, number, f"{birth:%y%m%d}", sex).split("\n"))
    surname, _, given_names = names.partition("<<")
    assert (mrz.surname, mrz.given) == (surname.replace("<", " "), given_names)
    assert (mrz.number, mrz.birth, mrz.sex) == (number, f"{birth:%y%m%d}", sex)


def test_formats_are_the_five_of_the_standard() -> None:
    assert [str(each) for each in MrzFormat] == ["TD1", "TD2", "TD3", "MRV-A", "MRV-B"]
    assert {parse_mrz(lines).format for lines in ALL.values()} == set(MrzFormat)
    assert len(PRINTED_SPECIMENS) >= 10
