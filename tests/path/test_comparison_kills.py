"""`kill -9` of relay, office, station and desk while guests are compared: every alert once, none lost, none too late.

What is looked at is what each party has on its disk: the counter's ledger, the relay's alerts, the station's marks.
A seeded sample; KJT_KILLS is how many rounds of the first three.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pysqlite3.dbapi2 as sqlite3
import pytest

from station.alerts.receiving import mark_comparison
from tests.path.conftest import LISTED
from tests.path.demonstration import PROJECT, Demonstration
from tests.path.guests import Hand, invent_guest, invent_listed
from tests.path.left_behind import read_rows
from tests.path.test_comparison_apart import ALERTED, GUESTS, read_ledger, register_at, wait_for_permit
from tests.path.test_power_cuts import wait_until

SEED = 20261122
COUNTER = 1
VICTIMS = ("relay", "screening", "station")
ROUNDS = int(os.environ.get("KJT_KILLS", "1"))
FIRST_LISTED, LAST_LISTED = len(ALERTED), LISTED - 2  # the last are for the desk


@dataclass
class Watch:
    """Asks all along whether anybody is settled whose alert is on no disk."""

    town: Demonstration
    leaves: dict[str, bytes]
    listed: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)  # stay -> handle, mark at the station
    strangers: int = GUESTS
    looks: int = 0

    def register(self, hand: Hand, listed: int | None = None) -> None:
        """Register a guest, and learn their handle."""
        if listed is None:
            register_at(self.town, COUNTER, hand, invent_guest(self.strangers))
            self.strangers += 1
            return
        guest = invent_listed(listed)
        stay = register_at(self.town, COUNTER, hand, guest)
        handle, _ = read_ledger(self.town, COUNTER)[stay]
        self.listed[stay] = handle, mark_comparison(handle, self.leaves[guest.number])

    def find_ends(self) -> dict[str, str]:
        """Return why each listed guest's stay is over for the counter, "" while it is not."""
        ledger = read_ledger(self.town, COUNTER)
        return {stay: ledger[stay][1] for stay in list(self.listed)}

    def find_alerts(self) -> set[str]:
        """Return the stays whose alert is on the relay's or the station's disk."""
        # In the order in which an alert travels: one that moves between the two looks is seen at the station.
        folder = self.town.folder / "comparison"
        handles = {row[0] for row in read_rows(folder / "relay" / "relay.db", "SELECT handle FROM alerts")}
        marks = {row[0] for row in read_rows(folder / "station" / "station.db", "SELECT mark FROM marks")}
        return {stay for stay, (handle, mark) in list(self.listed.items()) if handle in handles or mark in marks}

    def look(self) -> None:
        """Assert that whoever is settled has an alert by now."""
        settled = {stay for stay, end in self.find_ends().items() if end == "settled"}
        assert settled <= self.find_alerts(), "settled before the alert was committed"
        self.looks += 1

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look again and again while the block runs."""
        stopping, failures = threading.Event(), list[BaseException]()

        def work() -> None:
            while not stopping.wait(0.02):
                try:
                    self.look()
                except sqlite3.OperationalError:
                    continue  # a database that is being opened after a kill
                except AssertionError as failure:
                    failures.append(failure)
                    return

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()
        assert failures == []


@pytest.fixture
def watch(comparing_town: Demonstration) -> Watch:
    rows = read_rows(comparing_town.folder / "comparison/screening/screening.db", "SELECT leaf, note FROM decisions")
    numbers = [invent_listed(n).number for n in range(LISTED)]
    leaves = {number: leaf for leaf, note in rows for number in numbers if number in str(note)}
    assert leaves.keys() == set(numbers)
    return Watch(comparing_town, leaves)


def count_alerts(town: Demonstration) -> tuple[int, int]:
    """Return how many alerts the station has ever raised, and for how many comparisons."""
    database = town.folder / "comparison" / "station" / "station.db"
    (alerts,), (marks,) = (read_rows(database, f"SELECT count(*) FROM {table}")[0] for table in ("alerts", "marks"))
    return int(alerts), int(marks)


def kill_at_random(town: Demonstration, name: str, chance: random.Random) -> None:
    time.sleep(chance.random() * 1.2)  # anywhere in the relay's second
    os.kill(find_pid(town, name), signal.SIGKILL)


def find_pid(town: Demonstration, name: str) -> int:
    """Return the process that serves under this name, once it was started again."""
    found: list[int] = []

    def is_there() -> bool:
        with suppress(LookupError):
            found.append(town.find_pid(name))
        return bool(found)

    wait_until(is_there, f"{name} was started again", pause_s=0.05)
    return found[0]


@pytest.mark.timeout(300 + 60 * ROUNDS)
def test_relay_office_and_station_may_die_at_any_moment(watch: Watch) -> None:
    town, chance = watch.town, random.Random(SEED)
    hand = Hand(town.facts["counter"])
    wait_for_permit(town, COUNTER, hand)
    before = count_alerts(town)
    with watch.looking():
        for n in range(ROUNDS * len(VICTIMS)):
            listed = FIRST_LISTED + n % (LAST_LISTED - FIRST_LISTED)
            watch.register(hand, listed)
            watch.register(hand)
            kill_at_random(town, VICTIMS[n % len(VICTIMS)], chance)
        wait_until(lambda: "" not in watch.find_ends().values(), "every retry completed")
        wait_until(lambda: count_alerts(town)[1] - before[1] == len(watch.listed), "every alert is at the station")
    assert watch.looks > 5
    assert set(watch.find_ends().values()) == {"settled"}
    assert watch.find_alerts() == watch.listed.keys()
    # None twice: as many alerts as comparisons that raised one, and nothing waits at the relay.
    alerts, marks = count_alerts(town)
    assert (alerts - before[0], marks - before[1]) == (len(watch.listed), len(watch.listed))
    wait_until(lambda: not read_rows(town.folder / "comparison/relay/relay.db", "SELECT 1 FROM alerts"), "all fetched")
    assert count_alerts(town) == (alerts, marks)


@pytest.mark.timeout(300)
def test_a_desk_that_dies_takes_the_permit_along_and_nothing_is_made_up_for(watch: Watch) -> None:
    town = watch.town
    hand = Hand(town.facts["counter"])
    before = count_alerts(town)
    with watch.looking():
        town.kill("desk")
        watch.register(hand, LISTED - 2)
        issue_permit(town)
        # Whoever came under the old permit, or under none, is not compared under the new one.
        wait_until(lambda: "" not in watch.find_ends().values(), "the counter heard of another permit")
        (first,) = watch.find_ends().values()
        assert first in ("no permit", "stopped", "other permit", "given up")
        wait_for_permit(town, COUNTER, hand)
        watch.register(hand, LISTED - 1)
        wait_until(lambda: "" not in watch.find_ends().values(), "the next guest is over")
    raised = sum(end == "settled" for end in watch.find_ends().values())
    wait_until(lambda: count_alerts(town)[1] - before[1] == raised, "as many alerts as were settled")
    assert list(watch.find_ends().values())[1] == "settled"


def issue_permit(town: Demonstration) -> None:
    """Give the day's permit again, as somebody of oversight does by hand."""
    folder = town.folder / "comparison"
    command = [sys.executable, "-P", "-m", "commands", "desk", "permit", "--yes", "--settings", folder / "desk.toml"]
    command += ["--list", folder / "list" / "list.note", "--leaves", folder / "list" / "leaves.txt"]
    command += ["--list-key", folder / "oversight"]

    def try_once() -> bool:
        return subprocess.run(command, cwd=PROJECT, capture_output=True, timeout=60, check=False).returncode == 0

    wait_until(try_once, "the desk is there again")
