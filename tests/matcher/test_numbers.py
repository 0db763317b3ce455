"""Numbers: what a slip is, and which side check characters say is the misreading."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.numbers import SLIPS, grade_check, grade_sequence, grade_strings
from matcher.person import Person, PersonDocument, PersonName
from records.comparing.slips import normal_form, tag_strings
from records.numbers import compute_mod_11_2

NUMBERS = st.text("A12", min_size=5, max_size=10)


def make_guest(kind: str, number: str, how_read: str = "", chip: str = "") -> Person:
    return Person((PersonName("王小明"),), PersonDocument(kind, number), "1990-03-07", "1", how_read, chip)


@pytest.mark.parametrize(
    ("listed", "guest", "grade"),
    [
        ("ABCDE", "ABCDE", "same"),
        ("ABCDE", "ABXDE", "wrong_character"),
        ("ABCDE", "ABDE", "missing_character"),
        ("ABCDE", "XABCDE", "additional_character"),
        ("ABCDE", "ABDCE", "neighbours_swapped"),
        ("ABCDE", "BCDEA", "different"),
        ("AABBB", "AAABBB", "additional_character"),
        ("ABCDE", "VWXYZ", "different"),
    ],
)
def test_difference_of_two_numbers_is_named(listed: str, guest: str, grade: str) -> None:
    assert grade_strings(listed, guest) == grade


@given(NUMBERS, NUMBERS)
def test_whatever_is_graded_a_slip_shares_a_tag(listed: str, guest: str) -> None:
    if grade_strings(listed, guest) in SLIPS:
        assert set(tag_strings("414", listed)) & set(tag_strings("414", guest))


@given(NUMBERS, NUMBERS)
def test_difference_is_the_mirror_image_seen_from_the_other_side(a: str, b: str) -> None:
    mirror = {"missing_character": "additional_character", "additional_character": "missing_character"}
    grade = grade_strings(a, b)
    assert grade_strings(b, a) == mirror.get(grade, grade)


def test_two_valid_resident_numbers_are_never_one_slip_apart() -> None:
    bodies = [f"99010119900307{sequence:03}" for sequence in range(1000)]
    valid = [body + compute_mod_11_2(body) for body in bodies]
    near = itertools.chain(itertools.pairwise(valid), zip(valid, valid[2:], strict=False))
    assert not any(grade_strings(a, b) in SLIPS for a, b in near)


@pytest.mark.parametrize(
    ("kind", "listed", "guest", "how_read", "chip", "finding"),
    [
        ("111", "990101199003078519", "990101199003078529", "", "", "guest_misread"),
        ("111", "990101199003078529", "990101199003078519", "", "", "list_mistaken"),
        ("111", "990101199003078529", "990101199003078539", "", "", "neither_valid"),
        ("111", "990101199003078519", "990101199003078519", "", "", "untold"),
        ("414", "L898902C3", "L898902C4", "", "", "untold"),
        ("414", "L898902C3", "L898902C4", "mrz", "", "both_valid"),
        ("414", "L898902C3", "1898902C3", "mrz", "", "untold"),  # L and 1 weigh the same
        ("414", "L898902C3", "1898902C3", "chip", "verified", "both_valid"),
    ],
)
def test_check_tells_which_number_is_the_misreading(
    kind: str, listed: str, guest: str, how_read: str, chip: str, finding: str
) -> None:
    document = PersonDocument(kind, listed)
    person = make_guest(kind, guest, how_read, chip)
    grade = grade_strings(normal_form(kind, listed), normal_form(kind, guest))
    assert grade_check(document, person, grade) == finding


@pytest.mark.parametrize(
    ("kind", "listed", "guest", "finding"),
    [
        ("414", "L89890201", "L89890202", "at_end"),
        ("414", "L89890201", "L89890211", "at_end"),
        ("414", "L89890201", "L8989020", "at_end"),
        ("414", "L89890201", "L89891201", "silent"),
        ("414", "L89890201", "L8890201", "silent"),
        ("414", "L89890201", "L89890201", "silent"),
        ("111", "990101199003078519", "990101199003078579", "at_end"),
        ("111", "990101199003078519", "990101199003178519", "silent"),
        ("516", "H1234567801", "H1234567901", "at_end"),
        ("516", "H12345678", "H12346678", "silent"),
    ],
)
def test_numbers_that_differ_only_at_the_end_may_be_neighbours(
    kind: str, listed: str, guest: str, finding: str
) -> None:
    grade = grade_strings(normal_form(kind, listed), normal_form(kind, guest))
    assert grade_sequence(PersonDocument(kind, listed), PersonDocument(kind, guest), grade) == finding
