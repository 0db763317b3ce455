"""`kill -9` at every step of telling a receiving service: nobody lost, and nobody told twice.

A sample, seeded, in CI; every step and every call by KJT_STEPS=all.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from records.profile import load_profile
from terminal.destinations.sim.catalogue import make_service
from terminal.destinations.sim.server import run_simulator
from tests.destinations.cases import CASES
from tests.destinations.life import STEPS
from tests.faults.nursery import Death, Nursery, run_nursery

SEED = 20261122
SAMPLE = 18
KILLED = -9


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with run_nursery() as running:
        yield running


def run_evening(
    nursery: Nursery, folder: Path, case: str, death: Death | None, counts: Path | None = None
) -> list[str]:
    """Live an evening that may end early, finish it in the morning, and return what the service was told."""
    folder.mkdir()
    terms = load_profile(CASES[case].profile).destination
    assert terms is not None
    with run_simulator(make_service(terms.id)) as simulator:
        arguments = {"folder": folder, "url": simulator.url, "case": case}
        status = nursery.run("tests.destinations.life:live", death, counts=counts, **arguments)
        assert status == (0 if death is None else KILLED), death
        assert nursery.run("tests.destinations.life:finish", None, **arguments) == 0, death
        return simulator.service.list_told()


def choose_sample(calls: Counter[str]) -> list[Death]:
    """Return each step once or more, all of them by KJT_STEPS=all."""
    deaths = [
        Death(step, is_after, nth) for step in STEPS for nth in range(1, calls[step] + 1) for is_after in (False, True)
    ]
    if os.environ.get("KJT_STEPS") == "all":
        return deaths
    chance = random.Random(SEED)
    chosen = [chance.choice([death for death in deaths if death.function == step]) for step in STEPS if calls[step]]
    return chosen + chance.sample([each for each in deaths if each not in chosen], max(SAMPLE - len(chosen), 0))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("case", sorted(CASES))
def test_killed_at_any_step_nobody_is_lost_and_nobody_is_told_twice(
    nursery: Nursery, case: str, tmp_path: Path
) -> None:
    counts = tmp_path / "counts"
    told = run_evening(nursery, tmp_path / "counted", case, None, counts)
    calls = Counter(counts.read_text().splitlines())
    assert calls.keys() == set(STEPS), f"no longer a step of the evening: {set(STEPS) - calls.keys()}"
    names = [guest.names[0].given for guest in CASES[case].family]
    assert [sum(name in line for line in told) for name in names] == [1, 1, 0, 1]
    for index, death in enumerate(choose_sample(calls)):
        folder = tmp_path / str(index)
        told = run_evening(nursery, folder, case, death)
        shown_file = folder / "shown"
        shown = set(shown_file.read_text().splitlines()) if shown_file.exists() else set()
        for which, name in enumerate(names):
            count = sum(name in line for line in told)
            assert count <= 1, f"{death}: {which} was told twice"
            if f"check_in {which}" in shown and which != 2:
                assert count == 1, f"{death}: {which} is lost"
            if f"cancel {which}" in shown:
                assert count == 0, f"{death}: {which} was told though cancelled before"
