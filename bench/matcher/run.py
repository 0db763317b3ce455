"""Comparing files, and explaining one pair."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from bench.matcher.formats import (
    BadLine,
    Entry,
    Guest,
    parse_guest,
    parse_line,
    parse_listed,
    read_file,
    write_match,
)
from bench.matcher.progress import track
from matcher.compare import compare_person
from matcher.index import TAG_BYTES, TagIndex
from matcher.verdict import Verdict
from records.comparing.slips import tag_strings

_WORDS = {
    "exact": ("exact: 号码相同，无矛盾", "exact: the same number, and nothing contradicts"),
    "strong": ("strong: 号码差一处，姓名和出生日期相符", "strong: one slip in the number, name and birth date agree"),
    "cleared": ("cleared: 不是同一人", "cleared: not this person"),
}


class Tagger:
    """Derives tags under a key of this run alone, where terminal and office use the day's oblivious function."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def make_tags(self, kind: str, number: str) -> list[bytes]:
        """Return a tag for each string of a number."""
        return [self._make_tag(each) for each in tag_strings(kind, number)]

    def _make_tag(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode(), hashlib.sha256).digest()[:TAG_BYTES]


def index_people(entries: Iterable[Entry], tagger: Tagger) -> tuple[list[Entry], TagIndex]:
    """Return the entries, and the index of their numbers' tags."""
    kept, index = [], TagIndex()
    for place, entry in enumerate(entries):
        kept.append(entry)
        for document in entry.person.documents:
            index.add(place, tagger.make_tags(document.kind, document.number))
    return kept, index


def find_matches(
    entries: list[Entry], index: TagIndex, tagger: Tagger, guest: Guest
) -> Iterator[tuple[Entry, Verdict]]:
    """Yield each entry that shares a tag with the guest, and the verdict on it."""
    document = guest.person.document
    found = index.find(tagger.make_tags(document.kind, document.number))
    for place in dict.fromkeys(place for _, place in found):
        yield entries[place], compare_person(entries[place].person, guest.person)


def compare_files(people: Path, guests: Path, *, skip_bad: bool) -> int:
    """Print a match for every guest and entry that share a tag. Returns 2 where a line was skipped, else 0."""
    skipped = 0

    def report(name: str) -> Callable[[BadLine], None] | None:
        def skip(problem: BadLine) -> None:
            nonlocal skipped
            skipped += 1
            print(f"skipped: {name}: {problem}", file=sys.stderr)

        return skip if skip_bad else None

    tagger = Tagger()
    with people.open(encoding="utf-8") as file:
        lines = read_file(file, parse_listed, report("people"))
        entries, index = index_people(track(lines, 0, "people"), tagger)
    with guests.open(encoding="utf-8") as file:
        for guest in track(read_file(file, parse_guest, report("guests")), 0, "guests"):
            for entry, verdict in find_matches(entries, index, tagger, guest):
                print(write_match(guest.id, entry.id, verdict))
    if skipped:
        print(f"{skipped} lines skipped", file=sys.stderr)
    return 2 if skipped else 0


def explain_pair(person: str, guest: str) -> int:
    """Print what speaks for and against, as a table. The two are as a line of the files, `id` may be left out."""
    listed = parse_line(_add_id(person), parse_listed)
    other = parse_line(_add_id(guest), parse_guest)
    verdict = compare_person(listed.person, other.person)
    chinese, english = _WORDS[verdict.verdict]
    print(f"{chinese}\n{english}\nscore {verdict.score:.2f}\n")
    for reason in verdict.reasons:
        print(f"{reason.weight_bits:+6.1f}  {reason.text_zh}\n        {reason.text_en}")
    return 0


def _add_id(line: str) -> str:
    try:
        value = json.loads(line)
    except ValueError:
        return line
    return json.dumps({"id": "", **value}) if isinstance(value, dict) else line
