"""`kill -9` of processes of the town by chance while listed guests come, and what became of each one's alert.

Three work at once: a clerk registers, somebody kills, and somebody reads what lies on the disks. The officer's page is
driven by whoever calls (`Officer`). What is measured of an alert begins when its receipt is on the terminal's disk.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite3
import urllib3
from playwright.sync_api import Error as PageError
from playwright.sync_api import Page, expect

from station.alerts.receiving import mark_comparison
from tests.path.demonstration import PROJECT, Demonstration, sign_in
from tests.path.guests import Hand, InventedGuest, invent_guest, invent_listed
from tests.path.left_behind import read_rows

# Who may be killed, and how often against the others. After the desk nothing is compared for half a minute (a person
# permits again, the office hears of it within 20 s), and whoever comes meanwhile raises no alert that could be lost.
VICTIMS = {"relay": 6, "screening": 6, "station": 6, "ingest": 6, "terminal": 4, "desk": 1}
PATIENCE_S = 180.0
ROOM = "101"
LOOK_EACH_S = 0.05
# Ends after which nobody is compared, by design (docs/decisions.md): they raise no alert that could be lost.
SETTLED, NO_PERMIT = "settled", "no permit"
# A driver's own waiting would measure itself: the page writes down what it told, and for how long it did not.
WATCH = """() => {
  const told = (window.told = {}), root = document.documentElement;
  const look = () => {
    const now = Date.now(), sounds = root.dataset.sound === "playing", shown = new Map();
    for (const each of document.querySelectorAll("#live [data-waits]"))
      shown.set(each.dataset.waits, 1 + (shown.get(each.dataset.waits) ?? 0));
    for (const id of shown.keys())
      told[id] ??= { seen: now, both: 0, toldAt: now, soundAt: now, gap: 0, mute: 0, twice: 0, isWorked: false };
    for (const [id, each] of Object.entries(told)) {
      if (each.isWorked) continue;
      if (shown.get(id) > 1) each.twice += 1;
      if (sounds && shown.has(id)) each.both ||= now;
      if (sounds || shown.has(id)) each.toldAt = now;
      if (sounds) each.soundAt = now;
      each.gap = Math.max(each.gap, now - each.toldAt);
      each.mute = Math.max(each.mute, now - each.soundAt);
    }
  };
  look();
  setInterval(look, 100);
  new MutationObserver(look).observe(root, { subtree: true, childList: true, attributes: true });
}"""


@dataclass(slots=True)
class Came:
    """What came of a listed guest's stay so far."""

    mark: bytes = field(default=b"", repr=False)
    number: str = field(default="", repr=False)
    received_at_s: float = 0.0
    end: str = ""
    alert: str = ""


@dataclass(slots=True)
class Disks:
    """Reads again and again what the parties have on their disks of the listed guests."""

    town: Demonstration
    listed: dict[str, Came] = field(default_factory=dict)
    early: set[str] = field(default_factory=set)  # settled while their alert was on no disk
    worked: set[str] = field(default_factory=set)  # alerts that an officer has accepted
    before: tuple[int, int] = (0, 0)
    _notes: list[tuple[bytes, str]] = field(default_factory=list, repr=False)
    _handles: dict[str, bytes] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        rows = read_rows(self._comparison / "screening" / "screening.db", "SELECT leaf, note FROM decisions")
        self._notes = [(bytes(leaf), str(note)) for leaf, note in rows]
        self.before = self.count_alerts()

    @property
    def _comparison(self) -> Path:
        return self.town.folder / "comparison"

    @property
    def _terminal(self) -> Path:
        return self.town.folder / "terminal"

    def list_stays(self) -> set[str]:
        """Return who is in house on the terminal's disk."""
        return {str(stay) for (stay,) in read_rows(self._terminal / "terminal.sqlite", "SELECT stay FROM house")}

    def expect(self, stay: str, guest: InventedGuest) -> None:
        """Look out for a listed guest's alert from now on."""
        self.listed[stay] = Came(number=guest.number)

    def count_alerts(self) -> tuple[int, int]:
        """Return how many alerts the station has ever kept, and for how many comparisons: none is deleted meanwhile."""
        database = self._comparison / "station" / "station.db"
        query = "SELECT (SELECT max(rowid) FROM alerts), (SELECT max(rowid) FROM marks)"
        ((alerts, marks),) = read_rows(database, query)
        return int(alerts or 0), int(marks or 0)

    def look(self) -> None:
        """Look once. Raises: sqlite3.Error for a database that is being opened after a kill."""
        self._look_at_terminal()
        # In the order in which an alert travels: one that moves between the two looks is seen at the station.
        relay = self._comparison / "relay" / "relay.db"
        waiting = {bytes(handle) for (handle,) in read_rows(relay, "SELECT handle FROM alerts")}
        raised = self._look_at_station()
        for stay, came in list(self.listed.items()):
            came.alert = came.alert or raised.get(came.mark, "")
            if came.end == SETTLED and not came.alert and self._handles[stay] not in waiting:
                self.early.add(stay)

    def _look_at_terminal(self) -> None:
        now_s = time.time()
        query = "SELECT stay FROM house WHERE acknowledgement IS NOT NULL"
        for (stay,) in read_rows(self._terminal / "terminal.sqlite", query):
            came = self.listed.get(str(stay))
            if came is not None and not came.received_at_s:
                came.received_at_s = now_s
        for stay, handle, end in read_rows(self._terminal / "comparing.db", "SELECT stay, handle, settled FROM stays"):
            came = self.listed.get(str(stay))
            if came is None:
                continue
            if not came.mark:
                (leaf,) = (leaf for leaf, note in self._notes if came.number in note)
                came.mark, self._handles[str(stay)] = mark_comparison(bytes(handle), leaf), bytes(handle)
            came.end = str(end)

    def _look_at_station(self) -> dict[bytes, str]:
        database = self._comparison / "station" / "station.db"
        # Each alert is kept with its mark in one transaction: the n-th of one are the n-th of the other.
        query = "SELECT mark, (SELECT id FROM alerts a WHERE a.rowid - ? = m.rowid - ?) FROM marks m WHERE rowid > ?"
        alerts, marks = self.before
        rows = read_rows(database, query, alerts, marks, marks)
        self.worked = {
            bytes(row[0]).hex() for row in read_rows(database, "SELECT id FROM alerts WHERE accepted_at IS NOT NULL")
        }
        return {bytes(mark): bytes(alert).hex() for mark, alert in rows if alert is not None}


@dataclass(slots=True)
class Clerk:
    """Registers listed guests and strangers by turns, and goes on after the counter died."""

    town: Demonstration
    disks: Disks
    chance: random.Random
    pause_s: float
    first_listed: int
    most_listed: int
    first_stranger: int = 0
    strangers: int = 0
    listed: int = 0
    hand: Hand | None = None

    def register(self, *, is_listed: bool) -> str:
        """Register the next guest; return the stay, "" where the counter died before it was saved."""
        if is_listed:
            guest = invent_listed(self.first_listed + self.listed)
            self.listed += 1
        else:
            guest = invent_guest(self.first_stranger + self.strangers)
            self.strangers += 1
        before = self.disks.list_stays()
        try:
            self.hand = self.hand or Hand(self.town.facts["counter"])
            self.hand.register(guest.lines, ROOM)
        except (urllib3.exceptions.HTTPError, OSError, AssertionError, ValueError):
            self.hand = self._wait_for_counter()
        came = self.disks.list_stays() - before
        if not came:
            return ""
        (stay,) = came
        if is_listed:
            self.disks.expect(stay, guest)
        return stay

    def _wait_for_counter(self) -> Hand:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return Hand(self.town.facts["counter"])
            except (urllib3.exceptions.HTTPError, OSError, AssertionError):
                assert time.monotonic() < until, "the counter did not come back"
                time.sleep(0.1)

    def work(self, is_over: Callable[[], bool]) -> None:
        """Register until told to stop, or until nobody is left on the list."""
        while not is_over() and self.listed < self.most_listed:
            self.register(is_listed=self.listed <= 2 * self.strangers)
            time.sleep(self.chance.random() * self.pause_s)

    def wait_for_permit(self) -> None:
        """Register strangers until one is compared."""
        until = time.monotonic() + PATIENCE_S
        while not (stay := self.register(is_listed=False)) or self._find_end(stay) != SETTLED:
            assert time.monotonic() < until, "comparison did not come on again"

    def _find_end(self, stay: str) -> str:
        ledger = self.town.folder / "terminal" / "comparing.db"
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with suppress(sqlite3.Error):
                found = read_rows(ledger, "SELECT settled FROM stays WHERE stay = ?", stay)
                if found and found[0][0]:
                    return str(found[0][0])
            time.sleep(LOOK_EACH_S)
        raise AssertionError("a stay was never over")


@dataclass(slots=True)
class Killer:
    """Kills whom chance chooses, each only once it runs again."""

    town: Demonstration
    chance: random.Random
    pause_s: float
    killed: Counter[str] = field(default_factory=Counter)

    def kill_one(self) -> None:
        """Wait a moment, and kill; after the desk, give the permit again as somebody of oversight does."""
        time.sleep(self.chance.random() * self.pause_s)
        (name,) = self.chance.choices(list(VICTIMS), list(VICTIMS.values()))
        os.kill(find_pid(self.town, name), signal.SIGKILL)
        self.killed[name] += 1
        if name == "desk":
            issue_permit(self.town)


def find_pid(town: Demonstration, name: str) -> int:
    """Return the process that serves under this name, once it was started again."""
    until = time.monotonic() + PATIENCE_S
    while True:
        with suppress(LookupError):
            return town.find_pid(name)
        assert time.monotonic() < until, f"{name} was not started again"
        time.sleep(0.05)


def issue_permit(town: Demonstration) -> None:
    """Give the day's permit again, as somebody of oversight does by hand, as soon as the desk answers."""
    folder = town.folder / "comparison"
    command = [sys.executable, "-P", "-m", "commands", "desk", "permit", "--yes"]
    command += ["--settings", str(folder / "desk.toml"), "--list-key", str(folder / "oversight")]
    command += ["--list", str(folder / "list" / "list.note"), "--leaves", str(folder / "list" / "leaves.txt")]
    until = time.monotonic() + PATIENCE_S
    while subprocess.run(command, cwd=PROJECT, capture_output=True, timeout=60, check=False).returncode:
        assert time.monotonic() < until, "the desk did not come back"


@dataclass(slots=True)
class Officer:
    """An officer at the station's page, which stays open; accepts and closes each alert some time after it was told."""

    page: Page
    chance: random.Random
    most_wait_s: float
    due_s: dict[str, float] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)

    def look(self, disks: Disks) -> None:
        """Read what the page told, and work what has waited long enough."""
        self.told = self.page.evaluate(
            "worked => { for (const id of worked) if (told[id]) told[id].isWorked = true; return told; }",
            [id for id in disks.worked if id in self.told],
        )
        for alert, told in self.told.items():
            if told["both"] and alert not in self.due_s:
                self.due_s[alert] = time.monotonic() + self.chance.random() * self.most_wait_s
        listed = self.page.evaluate("[...document.querySelectorAll('#open a[data-alert]')].map(a => a.dataset.alert)")
        due = [alert for alert in listed if self.due_s.get(alert, float("inf")) < time.monotonic()]
        if due:
            with suppress(PageError, AssertionError):  # somebody killed the station: again at the next look
                self._work(due[0])

    def _work(self, alert: str) -> None:
        self.page.click(f"#open a[data-alert='{alert}']", timeout=3000)
        detail = self.page.locator(f"article[data-alert='{alert}']")
        detail.wait_for(timeout=5000)
        if detail.locator("#accept").count():
            detail.locator("#accept").click(timeout=3000)
        detail.locator("input[value='could-not-be-found']").check(timeout=5000)
        detail.locator("#close").click(timeout=3000)
        expect(self.page.locator(f"#open a[data-alert='{alert}']")).to_have_count(0, timeout=5000)


def open_officer(page: Page, town: Demonstration, chance: random.Random, most_wait_s: float) -> Officer:
    """Sign an officer in, with the sound on."""
    page.goto(town.facts["station"])
    sign_in(page, next(each for each in town.facts["log_ins"] if each["name"] == "duty-officer"))
    expect(page.locator("html")).to_have_attribute("data-line", "live", timeout=PATIENCE_S * 1e3)
    expect(page.locator("#standing")).to_have_attribute("role", "status", timeout=PATIENCE_S * 1e3)
    page.click("#sound-test")
    expect(page.locator("html")).to_have_attribute("data-audio", "running", timeout=PATIENCE_S * 1e3)
    page.evaluate(WATCH)
    return Officer(page, chance, most_wait_s)


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of it all. Times in seconds, from the receipt on the terminal's disk."""

    killed: Counter[str]
    registered: int
    ends: Counter[str]  # of the listed guests' stays
    told_s: list[float]  # until the page both showed and sounded it, of each alert
    gap_s: float  # the longest in which the page neither showed nor sounded one that nobody had accepted
    mute_s: float  # the longest in which it did not sound, shown or not
    lost: int
    doubled: int
    early: int

    @property
    def longest_s(self) -> float:
        """The longest silence about any alert."""
        return max([*self.told_s, self.gap_s])


def is_all_told(disks: Disks, officer: Officer) -> bool:
    """Tell whether every listed stay is over, and each alert was told by the page."""
    told = {alert for alert, each in officer.told.items() if each["both"]}
    return all(came.alert in told if came.alert else came.end not in ("", SETTLED) for came in disks.listed.values())


def sum_up(disks: Disks, officer: Officer, clerk: Clerk, killer: Killer) -> Figures:
    """Return what came of it all."""
    alerts = {came.alert: came for came in disks.listed.values() if came.alert}
    told = {alert: officer.told[alert] for alert in alerts if officer.told.get(alert, {}).get("both")}
    must = [came for came in disks.listed.values() if came.end == SETTLED or came.alert]
    raised = disks.count_alerts()[0] - disks.before[0]
    return Figures(
        killer.killed, clerk.strangers + clerk.listed, Counter(came.end for came in disks.listed.values()),
        sorted(told[alert]["both"] / 1e3 - alerts[alert].received_at_s for alert in told),
        max((each["gap"] / 1e3 for each in told.values()), default=0.0),
        max((each["mute"] / 1e3 for each in told.values()), default=0.0),
        lost=sum(came.alert not in told for came in must),
        doubled=raised - len(alerts) + sum(bool(each["twice"]) for each in told.values()),
        early=len(disks.early),
    )  # fmt: skip


@contextmanager
def running(*works: Callable[[Callable[[], bool]], None]) -> Iterator[Callable[[], None]]:
    """Run works in threads of their own until the block ends; the yielded function raises what one of them raised."""
    stopping, failures = threading.Event(), list[BaseException]()

    def run(work: Callable[[Callable[[], bool]], None]) -> None:
        try:
            work(stopping.is_set)
        except BaseException as failure:
            failures.append(failure)

    def check() -> None:
        if failures:
            raise failures[0]

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for each in threads:
        each.start()
    try:
        yield check
    finally:
        stopping.set()
        for each in threads:
            each.join()
    check()


def look_on(disks: Disks) -> Callable[[Callable[[], bool]], None]:
    """Return the work of whoever reads the disks."""

    def work(is_over: Callable[[], bool]) -> None:
        while not is_over():
            with suppress(sqlite3.Error):  # a database that is being opened after a kill
                disks.look()
            time.sleep(LOOK_EACH_S)

    return work


def kill_along(
    killer: Killer, clerk: Clerk, disks: Disks, officer: Officer, kills: int, until_s: float = float("inf")
) -> Figures:
    """Kill so often (or until a moment of the monotonic clock), let everything come to its end, and sum up."""
    done = threading.Event()

    def kill(is_over: Callable[[], bool]) -> None:
        try:
            while killer.killed.total() < kills and time.monotonic() < until_s and not is_over():
                killer.kill_one()
                if not killer.killed.total() % 10:
                    print(f"{killer.killed.total()} kills, {clerk.listed} listed so far", file=sys.stderr, flush=True)
        finally:
            done.set()

    def register(_: Callable[[], bool]) -> None:
        clerk.work(done.is_set)
        done.wait()
        clerk.wait_for_permit()
        while not clerk.register(is_listed=True):
            pass

    with running(look_on(disks)) as check:
        with running(kill, register) as check_both:
            while not done.is_set():
                officer.look(disks)
                check_both()
                check()
                officer.page.wait_for_timeout(200)
        last_s = time.monotonic() + PATIENCE_S
        while not is_all_told(disks, officer) and time.monotonic() < last_s:
            officer.look(disks)
            check()
            officer.page.wait_for_timeout(200)
    return sum_up(disks, officer, clerk, killer)
