"""`kill -9` at every step of a guest's way at the terminal, from the card to forgetting: nobody lost, nobody double.

A sample, seeded, in CI; every step and every call by KJT_STEPS=all.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pysqlite3.dbapi2 as sqlite3
import pytest

from tests.faults.house import Central
from tests.faults.life import STEPS
from tests.faults.nursery import Death, Nursery, run_nursery

SEED = 20261122
SAMPLE = 36
KILLED = -9
# What a guest's stay is made of, and how many records of it stand in the end: a correction replaces one.
ADDS = {"check_in": 1, "move": 1, "correct": 0, "cancel": 1, "check_out": 1}


@dataclass
class Evening:
    """One terminal, its folder, and the children that live on it."""

    nursery: Nursery
    central: Central
    folder: Path
    terminal: bytes

    def run(self, work: str, death: Death | None = None, *, counts: Path | None = None) -> int:
        town, settings = self.central.town, self.central.town.settings
        return self.nursery.run(
            f"tests.faults.life:{work}", death, counts=counts, folder=self.folder, terminal=self.terminal.hex(),
            url=f"http://127.0.0.1:{self.central.port}/", root=town.settings.root, verifier=settings.root_verifier,
        )  # fmt: skip

    def read_lines(self, name: str) -> list[list[str]]:
        path = self.folder / name
        # A line is written by one call, so it is there whole or not at all.
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def read_last_number(self) -> int:
        connection = sqlite3.connect(f"file:{self.folder / 'terminal.sqlite'}?mode=ro", uri=True)
        try:
            (last,) = connection.execute("SELECT last_sequence FROM terminal").fetchone()
            return int(last)
        finally:
            connection.close()


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with run_nursery() as running:
        yield running


def open_evening(nursery: Nursery, central: Central, folder: Path) -> Evening:
    terminal = os.urandom(16)
    central.enrol(terminal)
    folder.mkdir()
    return Evening(nursery, central, folder, terminal)


def list_deaths(nursery: Nursery, central: Central, folder: Path) -> list[Death]:
    """Return every moment around a call of a step in one whole evening."""
    counts = folder / "counts"
    assert open_evening(nursery, central, folder / "counted").run("live", counts=counts) == 0
    calls = Counter(counts.read_text().splitlines())
    assert calls.keys() == set(STEPS), f"no longer a step of the evening: {set(STEPS) - calls.keys()}"
    return [
        Death(step, is_after, nth) for step in STEPS for nth in range(1, calls[step] + 1) for is_after in (False, True)
    ]


def choose_sample(deaths: list[Death]) -> list[Death]:
    """Return each step once or more, all of them by KJT_STEPS=all."""
    if os.environ.get("KJT_STEPS") == "all":
        return deaths
    chance = random.Random(SEED)
    by_step = [[death for death in deaths if death.function == step] for step in STEPS]
    chosen = [chance.choice(each) for each in by_step]
    return chosen + chance.sample([each for each in deaths if each not in chosen], SAMPLE - len(chosen))


@pytest.mark.timeout(900)
def test_terminal_killed_at_any_step_loses_nobody_and_registers_nobody_twice(
    nursery: Nursery, sqlite_central: Central, tmp_path: Path
) -> None:
    for index, death in enumerate(choose_sample(list_deaths(nursery, sqlite_central, tmp_path))):
        evening = open_evening(nursery, sqlite_central, tmp_path / str(index))
        assert evening.run("live", death) == KILLED, death
        check_evening(evening, death)


def check_evening(evening: Evening, death: Death) -> None:
    """Hold what the screen had shown against what the disk holds, and in the end against central."""
    shown = evening.read_lines("shown")
    assert evening.run("look") == 0, death
    held = {stay: kinds for stay, *kinds in evening.read_lines("held")}
    expected: dict[str, Counter[str]] = {}
    for what, _, stay in shown:
        expected.setdefault(stay, Counter())[what] += 1
    gone = {stay for stay, kinds in expected.items() if kinds["cancel"] or kinds["check_out"]}
    assert expected.keys() - gone <= held.keys(), f"{death}: somebody is lost"
    standing = {stay: sum(ADDS[kind] * n for kind, n in kinds.items()) for stay, kinds in expected.items()}
    # One touch may be on the disk that the screen had no time to show, and no more.
    surplus = [len(kinds) - standing.get(stay, 0) for stay, kinds in held.items()]
    assert all(each in (0, 1) for each in surplus), f"{death}: {held} {shown}"
    assert sum(surplus) <= 1, f"{death}: {held} {shown}"

    assert evening.run("finish") == 0, death
    central, stays = evening.central, evening.central.count_stays(evening.terminal)
    shown = evening.read_lines("shown")
    assert stays.keys() == held.keys() | {stay for _, _, stay in shown}, death
    for stay, kinds in held.items():
        has_left = {"cancel", "check_out"} & set(kinds)
        assert stays[stay] == len(kinds) + (not has_left), death
    for stay in gone - held.keys():
        assert stays[stay] == standing[stay], death
    last = evening.read_last_number()
    assert central.list_numbers(evening.terminal) == [(1, number) for number in range(1, last + 1)], death
    ids = central.list_records(evening.terminal)
    assert len(ids) == len(set(ids)) == stays.total()
