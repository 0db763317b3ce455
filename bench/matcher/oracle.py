"""The tag path against a slow comparison of all pairs, on generated lists. `python -m bench.matcher oracle`."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date

from bench.matcher.formats import Entry, Guest
from bench.matcher.pairs import make_same, make_spoiled
from bench.matcher.people import invent_number
from bench.matcher.progress import track
from bench.matcher.reading import Pair
from bench.matcher.run import Tagger, find_matches, index_people
from bench.matcher.strangers import make_stranger
from matcher.compare import compare_person
from matcher.person import Listed, PersonDocument, parse_birth_date


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many pairs there were, how many the slow way saw (exact or strong), on how many the two ways differ."""

    pairs: int
    seen: int
    differing: int


def check_tags(people: int, seed: int) -> Agreement:
    """Compare every guest with every entry, by tags and without; of each third guest the entry has two documents."""
    chance = random.Random(f"oracle {seed}")
    makers = (make_same, make_spoiled, make_stranger)
    pairs = [makers[n % 3](chance) for n in range(people)]
    pairs = [pair if n % 3 else _add_document(pair, chance) for n, pair in enumerate(pairs)]
    entries = [Entry(str(n), pair.listed) for n, pair in enumerate(pairs)]
    tagger = Tagger()
    kept, index = index_people(entries, tagger)
    seen = differing = 0
    for n, pair in enumerate(track(pairs, people, "oracle")):
        guest = Guest(str(n), pair.guest)
        by_tags = {(e.id, v.verdict) for e, v in find_matches(kept, index, tagger, guest) if v.verdict != "cleared"}
        slow = {(e.id, compare_person(e.person, pair.guest).verdict) for e in entries}
        slow = {each for each in slow if each[1] != "cleared"}
        seen += len(slow)
        differing += len(slow ^ by_tags)
    return Agreement(people * people, seen, differing)


def _add_document(pair: Pair, chance: random.Random) -> Pair:
    """Return the pair with another document of the listed person's, of a kind they have none of."""
    born = parse_birth_date(pair.listed.birth_date)
    kind = next(each for each in ("414", "x02") if each != pair.listed.documents[0].kind)
    number = invent_number(kind, date(born.year, born.month, born.day), pair.listed.sex, chance)
    listed: Listed = replace(pair.listed, documents=(PersonDocument(kind, number), *pair.listed.documents))
    return replace(pair, listed=listed)
