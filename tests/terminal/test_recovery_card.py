"""The recovery card's code: what is printed is read again, and what is mistyped is found."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.codes import ProblemCode
from terminal.errors import NotTaken
from terminal.recovery_card import read_code, write_code


@given(st.binary(min_size=16, max_size=16))
def test_code_is_read_as_it_was_printed(code: bytes) -> None:
    groups = write_code(code)
    assert [len(group) for group in groups] == [6] * 8
    assert read_code(list(groups)) == code
    assert read_code([f" {group[:3]} {group[3:]} " for group in groups]) == code


def test_every_wrong_digit_and_every_exchange_of_neighbours_is_found() -> None:
    groups = list(write_code(os.urandom(16)))
    at = random.Random(1).randrange(8)
    digits = groups[at]
    spoiled = [digits[:i] + d + digits[i + 1 :] for i in range(6) for d in "0123456789" if d != digits[i]]
    spoiled += [digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :] for i in range(5)]
    for group in spoiled:
        if group != digits:
            with pytest.raises(NotTaken):
                read_code([*groups[:at], group, *groups[at + 1 :]])


@pytest.mark.parametrize(
    "groups",
    [[], ["000000"] * 7, ["000000"] * 9, [*["000000"] * 7, "00000"], [*["000000"] * 7, "०००११०"], ["720896"] * 8],
    ids=["nothing", "one missing", "one too many", "five digits", "other digits", "beyond sixteen bits"],
)
def test_what_was_never_printed_is_mistyped(groups: list[str]) -> None:
    with pytest.raises(NotTaken) as caught:
        read_code(groups)
    assert caught.value.code is ProblemCode.CARD_MISTYPED
