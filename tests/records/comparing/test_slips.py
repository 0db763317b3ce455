"""Two numbers share a tag string exactly when one lies within a slip of the other (DESIGN.md, section 6)."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.comparing.slips import FEWEST_CHARACTERS, MOST_CHARACTERS, MOST_STRINGS, normal_form, tag_strings
from records.errors import InvalidDocument
from records.numbers import compute_mod_11_2

# Few letters, so that numbers near each other come up by themselves.
NUMBERS = st.text("A12", min_size=FEWEST_CHARACTERS, max_size=MOST_CHARACTERS)
ANY_KIND = st.sampled_from(["111", "112", "414", "553", "x01", "990", "unknown"])


def lie_within_a_slip(first: str, second: str) -> bool:
    """Decide by trying: the same, one left out of either, or one left out of both."""
    ways = [{each[:n] + each[n + 1 :] for n in range(len(each))} for each in (first, second)]
    return first == second or first in ways[1] or second in ways[0] or bool(ways[0] & ways[1])


@given(NUMBERS, NUMBERS)
def test_two_numbers_share_a_string_exactly_when_they_lie_within_a_slip(first: str, second: str) -> None:
    shared = set(tag_strings("414", first)) & set(tag_strings("414", second))
    assert bool(shared) == lie_within_a_slip(first, second)


@given(st.text(string.ascii_uppercase + string.digits, min_size=6, max_size=22), st.data())
def test_every_single_slip_is_found(number: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(number) - 2))
    other = data.draw(st.sampled_from(string.ascii_uppercase + string.digits))
    for slipped in (
        number[:place] + other + number[place + 1 :],
        number[:place] + number[place + 1 :],
        number[:place] + other + number[place:],
        number[:place] + number[place + 1] + number[place] + number[place + 2 :],
    ):
        assert set(tag_strings("414", number)) & set(tag_strings("414", slipped))


@given(ANY_KIND, st.text(max_size=40))
def test_strings_are_few_and_different_or_the_number_is_refused(kind: str, text: str) -> None:
    form = normal_form(kind, text)
    assert normal_form(kind, form) == form
    if not FEWEST_CHARACTERS <= len(form) <= MOST_CHARACTERS:
        with pytest.raises(InvalidDocument):
            tag_strings(kind, text)
        return
    strings = tag_strings(kind, text)
    assert strings[0] == form
    assert len(set(strings)) == len(strings) <= MOST_STRINGS


@pytest.mark.parametrize(
    ("kind", "written", "form"),
    [
        ("414", " ｌ898902ｃ3 ", "L898902C3"),
        ("414", "L8989O2C3", "L8989O2C3"),  # a passport's letter stays a letter
        ("111", "99O1O1l99003O785ix", "99010119900307851X"),
        ("x01", "8IOOOO199408230021", "810000199408230021"),
        ("990", "990101900307851", "990101900307851"),  # 15 digits of another kind are no resident number
        ("553", "KAZ110090123105", "KAZ110090123105"),
    ],
)
def test_normal_form_is_as_written_down(kind: str, written: str, form: str) -> None:
    assert normal_form(kind, written) == form


def test_resident_number_of_15_digits_is_the_one_of_18() -> None:
    body = "99010119900307851"
    assert tag_strings("111", body[:6] + body[8:]) == tag_strings("111", body + compute_mod_11_2(body))
