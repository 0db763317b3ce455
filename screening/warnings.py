"""What two officers should look at before a list is activated: decisions that may be one, or may find one another.

Warnings refuse nothing. (A number that breaks the rules of its kind is refused at the import, with its line.) What
is one slip apart is found as guests are: by the strings that lack one character, through the matcher's index.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

from matcher.index import TAG_BYTES, TagIndex
from matcher.numbers import SLIPS, grade_strings
from records.comparing.decisions import parse_draft
from records.comparing.slips import normal_form, tag_strings
from records.notes import split_note
from screening.store import Store
from screening.store.versions import load_leaves, load_some_notes

# The strings are gone through in so many parts: the index of one part is all that is in memory at a time.
_PARTS = 8
MOST_PAIRS = 1000
_MOST_LOOKS = 500_000


@dataclass(frozen=True, slots=True)
class Named:
    """A decision, as its court names it."""

    court: str
    number: str

    def __str__(self) -> str:
        return f"{self.court} {self.number}"


Pair = tuple[Named, Named]


@dataclass(frozen=True, slots=True)
class Warnings:
    """Pairs of decisions of one list. Where there are too many, `is_cut` says so."""

    same_file_number: tuple[Named, ...]
    same_document: tuple[Pair, ...]
    one_slip: tuple[Pair, ...]
    is_cut: bool

    def __bool__(self) -> bool:
        return bool(self.same_file_number or self.same_document or self.one_slip or self.is_cut)


@dataclass(slots=True)
class _Numbers:
    """The numbers of a list: whose each is, its kind, and its normal form."""

    named: list[Named] = field(default_factory=list)
    rows: list[tuple[int, str, str]] = field(default_factory=list, repr=False)


def find_warnings(store: Store, number: int) -> Warnings:
    """Look through the decisions of an imported list that are kept.

    Cost: 20,000 decisions in 4 s, with 30 MB at most.
    """
    numbers = _read_numbers(store, number)
    twice = [each for each, count in Counter(numbers.named).items() if count > 1]
    same, slips, looks = set[tuple[int, int]](), set[tuple[int, int]](), 0
    for first, second in _find_candidates(numbers):
        looks += 1
        if looks > _MOST_LOOKS or len(same) + len(slips) >= MOST_PAIRS:
            break
        one, other = numbers.rows[first], numbers.rows[second]
        grade = grade_strings(one[2], other[2])
        if one[0] != other[0] and (grade == "same" or grade in SLIPS):
            (same if grade == "same" else slips).add((min(one[0], other[0]), max(one[0], other[0])))
    else:
        looks = 0
    return Warnings(tuple(twice), _name_pairs(numbers, same), _name_pairs(numbers, slips - same), looks > 0)


def _read_numbers(store: Store, number: int) -> _Numbers:
    found = _Numbers()
    with store.reading() as connection:
        for _, note in load_some_notes(connection, load_leaves(connection, number)):
            decision = parse_draft(split_note(note)[0])
            for each in decision.documents:
                found.rows.append((len(found.named), str(each.kind), normal_form(each.kind, each.number)))
            found.named.append(Named(decision.court, decision.number))
    return found


def _find_candidates(numbers: _Numbers) -> Iterator[tuple[int, int]]:
    """Yield pairs of numbers that share a string, some of them more than once."""
    for part in range(_PARTS):
        index, shared = TagIndex(), dict[bytes, None]()
        for row, (_, kind, form) in enumerate(numbers.rows):
            for text in tag_strings(kind, form):
                data = text.encode()
                if zlib.crc32(data) % _PARTS != part:
                    continue
                tag = hashlib.sha256(data).digest()[:TAG_BYTES]
                before = len(index)
                index.add(row, (tag,))
                if len(index) == before:
                    shared[tag] = None
        for tag in shared:
            rows = [row for _, row in index.find((tag,))]
            yield from combinations(rows, 2)


def _name_pairs(numbers: _Numbers, pairs: set[tuple[int, int]]) -> tuple[Pair, ...]:
    return tuple((numbers.named[one], numbers.named[other]) for one, other in sorted(pairs))
