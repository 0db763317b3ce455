"""The screening office: comparisons per second and worker, and how long a day takes to begin.

    python -m bench.screening [--decisions 2000 20000] [--guests 1000] [--hits 0.01]

Times are of one core (CPU time: other work on the machine does not count). One worker, without the network: the
office's own code from a batch to its answers, both commits of handles included. The desk's share (its evaluations of
the decisions' numbers) is told apart: it is another machine's work.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import structlog

from records.comparing.annex import Annex, load_annex, sign_annex
from records.comparing.decisions import Decision, ListedDocument, ListedName, load_decision, sign_decision
from records.comparing.lists import build_tree
from records.comparing.passing_keys import parse_passing_key
from records.comparing.people import ComparedName, ComparedPerson
from records.comparing.relay_wire import HandedOn
from records.documents import DocumentKind
from tests.records.comparing import world
from tests.screening import bureau
from tests.screening.bureau import Bureau, PassingDesk, build_bureau, hand_on, seal_guest

FIRST_BORN = date(1950, 1, 1)
DAYS = 15_000
SEED = 14


def measure_baseline(rounds: int = 2000) -> float:
    """Return how many sealed messages this machine opens per second of one core: the floor of every comparison."""
    key = world.OFFICE_BOX
    sealed = key.public.seal(bytes(2500), b"")
    began = time.process_time()
    for _ in range(rounds):
        key.open(sealed, b"")
    return rounds / (time.process_time() - began)


class MeasuredDesk(PassingDesk):
    """A desk whose own time is counted."""

    spent_s = 0.0

    def evaluate(self, notes):  # type: ignore[no-untyped-def]
        began = time.process_time()
        found = super().evaluate(notes)
        self.spent_s += time.process_time() - began
        return found


def find_annex() -> Annex:
    _, root = world.make_root()
    note = sign_annex(world.make_annex(max_decisions=20_000, max_comparisons_per_day=100_000), world.ROOT)
    return load_annex(note, world.ROOT.verifier, root, world.NOW)


def decide(annex: Annex, n: int) -> Decision:
    born, number = find_number(n)
    made = world.make_decision(
        number=f"(2026) Bench {n}", names=(ListedName(full=find_name(n)),), born=born,
        documents=(ListedDocument(DocumentKind.RESIDENT_CARD, "CHN", number),),
    )  # fmt: skip
    return load_decision(sign_decision(made, world.FIRST_JUDGE, world.SECOND_JUDGE), annex, world.TODAY)


def find_number(n: int) -> tuple[date, str]:
    born = FIRST_BORN + timedelta(days=n % DAYS)
    return born, world.make_number(born, sequence=n // DAYS * 7 % 97)


def find_name(n: int) -> str:
    return bureau.SURNAMES[n % 10] + bureau.GIVEN[n // 10 % 10] + bureau.GIVEN[n // 100 % 10]


def find_guest(n: int) -> ComparedPerson:
    """The person of decision `n`; beyond the decisions, somebody who is not listed."""
    born, number = find_number(n)
    name = find_name(n)
    listed = bureau.find_listed(0)
    return replace(listed, names=(ComparedName(name, name[0], name[1:]),), number=number, birth_date=born.isoformat())


def open_bureau(folder: Path) -> Bureau:
    built = build_bureau(folder)
    annex = find_annex()
    built.annex = built.office.annex = annex
    built.desk = built.office.desk = MeasuredDesk(annex)  # type: ignore[assignment]
    built.office.sleep = lambda _: None
    return built


def measure(decisions: int, guests: int, hits: float) -> None:
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder:
        built = open_bureau(Path(folder) / "office")
        listed = [decide(built.annex, n) for n in range(decisions)]
        began = time.process_time()
        built.put_in_force(listed, max_comparisons=100_000)
        whole_s = time.process_time() - began
        desk_s = built.desk.spent_s  # type: ignore[attr-defined]
        began = time.process_time()
        build_tree([each.leaf for each in listed])
        tree_s = time.process_time() - began
        print(f"{decisions} decisions: import, activation and index {whole_s - desk_s:.1f} s (tree {tree_s:.2f} s), "
              f"the desk's evaluations {desk_s:.1f} s")  # fmt: skip
        rate = run_batches(built, decisions, guests, hits, chance)
        all_hits = run_batches(built, decisions, guests // 4, 1.0, chance)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{decisions} decisions: {rate:.0f} comparisons/s with {hits:.0%} hits, {all_hits:.0f}/s all hits, "
              f"one worker; {memory:.0f} MB at most in this process")  # fmt: skip
        built.office.store.close()


def run_batches(built: Bureau, decisions: int, guests: int, hits: float, chance: random.Random) -> float:
    """Return comparisons per second over batches of 250, sealed beforehand."""
    passing = parse_passing_key(built.relay.passing_key, built.annex.office_key.key)
    count = round(guests * hits)
    numbers = [chance.randrange(decisions) for _ in range(count)]
    numbers += [decisions + 40_000 + n for n in range(guests - count)]
    chance.shuffle(numbers)
    batches: list[list[HandedOn]] = [[]]
    for n in numbers:
        sealed = seal_guest(find_guest(n), built.desk, passing, chance.randbytes(16), world.NOW)
        batches[-1].append(hand_on(sealed))
        if len(batches[-1]) == 250:
            batches.append([])
    built.relay.answers.clear()
    spent_s = 0.0
    for batch in filter(None, batches):
        built.relay.waiting = batch
        began = time.process_time()
        built.office.pass_batch()
        spent_s += time.process_time() - began
    found = sum(each.is_hit for each in built.relay.answers)
    assert found == count, (found, count)
    return guests / spent_s


def main() -> None:
    """Measure, and print a line for docs/measurements.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, nargs="+", default=[2000, 20_000])
    parser.add_argument("--guests", type=int, default=1000)
    parser.add_argument("--hits", type=float, default=0.01)
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    print(f"baseline: {measure_baseline():.0f} hybrid openings/s of one core")
    for decisions in chosen.decisions:
        measure(decisions, chosen.guests, chosen.hits)


if __name__ == "__main__":
    main()
