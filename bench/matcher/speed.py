"""Time and memory of one guest against the day's decisions, beside rapidfuzz over the same numbers in the same run."""

from __future__ import annotations

import os
import random
import resource
import statistics
import time
from collections.abc import Sequence

from rapidfuzz import process
from rapidfuzz.fuzz import ratio

from bench.matcher.formats import Entry
from bench.matcher.pairs import make_same
from bench.matcher.people import invent
from bench.matcher.run import Tagger, index_people
from bench.matcher.strangers import make_stranger
from matcher.compare import compare_person
from matcher.person import Listed

GUESTS = 4000
BASELINE_GUESTS = 300
# Of a hundred guests so many have a number within one slip of a listed one: far more than anywhere in life.
NEAR_PERCENT = 1


def measure(decisions: int, seed: int) -> None:
    """Print the figures."""
    chance = random.Random(f"speed {seed}")
    before = _read_memory()
    listed = [_invent_listed(chance) for _ in range(decisions)]
    people = _read_memory()
    tagger = Tagger()
    began = time.perf_counter()
    entries, index = index_people((Entry(str(place), each) for place, each in enumerate(listed)), tagger)
    built_s = time.perf_counter() - began
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {decisions} decisions, {len(index)} tags")
    print(f"index built in {built_s:.1f} s (its tags included); memory: people {people - before:.0f} MB, ", end="")
    print(f"index {_read_memory() - people:.0f} MB")
    _print_times("judgement of a pair one slip apart", _time_judgements(chance))
    office = _time_office(entries, index, tagger, chance)
    _print_times(f"index and judgement, {NEAR_PERCENT} guest in 100 near", office)
    numbers = [each.documents[0].number for each in listed]
    baseline = []
    for _ in range(BASELINE_GUESTS):
        number = invent("han", chance).number
        began = time.perf_counter()
        process.extract(number, numbers, scorer=ratio, limit=10)
        baseline.append(time.perf_counter() - began)
    _print_times("rapidfuzz process.extract, ratio over the numbers", baseline)
    print(f"ratio of medians: {statistics.median(baseline) / statistics.median(office):.0f}")
    entry, document = entries[0], entries[0].person.documents[0]
    tags = tagger.make_tags(document.kind, document.number)
    began = time.perf_counter()
    index.remove(0, tags)
    print(f"withdrawal of entry {entry.id}: {(time.perf_counter() - began) * 1e6:.0f} µs")
    print(f"most memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _invent_listed(chance: random.Random) -> Listed:
    return invent(chance.choice(("han", "latin", "dotted", "transliterated")), chance).to_listed()


def _time_judgements(chance: random.Random) -> list[float]:
    pairs = [make_same(chance) if n % 2 else make_stranger(chance) for n in range(GUESTS)]
    times = []
    for pair in pairs:
        began = time.perf_counter()
        compare_person(pair.listed, pair.guest)
        times.append(time.perf_counter() - began)
    return times


def _time_office(entries: list[Entry], index: object, tagger: Tagger, chance: random.Random) -> list[float]:
    """Time what the office does per guest once the tags are there: look them up, and judge who shares one."""
    from matcher.index import TagIndex

    assert isinstance(index, TagIndex)
    guests = []
    for n in range(GUESTS):
        if n % 100 < NEAR_PERCENT:
            pair = make_stranger(chance)
            place = len(entries)
            entries.append(Entry(str(place), pair.listed))
            index.add(place, tagger.make_tags(pair.listed.documents[0].kind, pair.listed.documents[0].number))
            guest = pair.guest
        else:
            guest = make_same(chance).guest
        guests.append((tagger.make_tags(guest.document.kind, guest.document.number), guest))
    times = []
    for tags, guest in guests:
        began = time.perf_counter()
        for place in {place for _, place in index.find(tags)}:
            compare_person(entries[place].person, guest)
        times.append(time.perf_counter() - began)
    return times


def _print_times(name: str, times: Sequence[float]) -> None:
    ordered = sorted(times)
    p50, p99 = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    print(f"{name}: p50 {p50 * 1e6:.1f} µs, p99 {p99 * 1e6:.1f} µs")


def _read_memory() -> float:
    """Return the memory this process holds now, in MB."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6
