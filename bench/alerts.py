"""Receipt to alert: how long until an officer's page shows and sounds what a counter's receipt set off.

    python -m bench.alerts [--alerts 200] [--pause 1.0] [--seed 14] [--consoles 0] [--records 0]

The whole demonstration runs, with a list of as many invented people. One after another they are registered at the
counter, at a random moment of the relay's second; the officer's page is open in headless Chromium, and the officer
accepts and closes each alert before the next. Measured from the moment at which the receipt is on the terminal's disk

    visible     until the alert's line stands in the officer's list, told by the page itself
    sounding    until the page plays its tone, and says so

With `--consoles 500` so many more consoles of the same station are connected, each of which hears of every alert and
asks for the list as a page does; with `--records 100` so many records a second arrive at central from simulated
terminals (random bytes of the right length: central opens nothing).

To reach (DESIGN, section 11): p95 2.5 s, p99 4 s, the relay's second included, with 500 consoles and 100 records/s.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright
from pysqlite3 import dbapi2 as sqlite

from bench.consoles import make_consoles
from tests.conftest import CHROMIUM_ARGS
from tests.path.demonstration import Demonstration, run_demonstration, sign_in
from tests.path.guests import MOST_GUESTS, Hand, invent_listed
from tests.path.listing import prepare_listing

ROOM = "101"
PATIENCE_S = 30.0
STATION = "yunxi"  # the town's own, which the officer of the page belongs to
# A driver's own waiting would measure itself: the page writes down when it changed.
WATCH = """() => {
  const came = (window.came = { seen: {}, sounding: 0 });
  const look = () => {
    for (const each of document.querySelectorAll("li[class^='state-'] a[data-alert]"))
      came.seen[each.dataset.alert] ??= Date.now();
    const sounds = document.documentElement.dataset.sound === "playing";
    came.sounding = sounds ? came.sounding || Date.now() : 0;
  };
  look();
  new MutationObserver(look).observe(document.documentElement, { subtree: true, childList: true, attributes: true });
}"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds from the receipt on disk."""

    visible_s: float
    sounding_s: float


def wait_for_receipt(database: Path, count: int) -> float:
    """Return when (seconds since 1970) so many receipts lay on the terminal's disk."""
    connection = sqlite.connect(f"file:{database}?mode=ro", uri=True)
    until = time.monotonic() + PATIENCE_S
    try:
        while connection.execute("SELECT count(*) FROM house WHERE acknowledgement IS NOT NULL").fetchone()[0] < count:
            assert time.monotonic() < until, "no receipt came"
            time.sleep(0.002)
        return time.time()
    finally:
        connection.close()


def measure_alert(officer: Page, hand: Hand, town: Demonstration, n: int) -> Figures:
    """Register listed guest `n`, and return when the officer's page told of it."""
    hand.register(invent_listed(n).lines, ROOM)
    received_s = wait_for_receipt(town.folder / "terminal" / "terminal.sqlite", n + 1)
    is_told = "n => Object.keys(came.seen).length > n && came.sounding && JSON.stringify(came)"
    came = json.loads(officer.wait_for_function(is_told, arg=n, timeout=PATIENCE_S * 1e3).json_value())
    return Figures(max(came["seen"].values()) / 1e3 - received_s, came["sounding"] / 1e3 - received_s)


def work_alert(officer: Page) -> None:
    """Open, accept and close the only alert, as an officer does."""
    officer.click("li[class^='state-'] a[data-alert]")
    officer.click("#accept")
    officer.check("input[value='could-not-be-found']")
    officer.click("#close")
    expect(officer.locator("#none-open")).to_be_visible(timeout=PATIENCE_S * 1e3)
    expect(officer.locator("html")).to_have_attribute("data-sound", "silent")


def measure(town: Demonstration, officer: Page, alerts: int, pause_s: float, chance: random.Random) -> list[Figures]:
    """Return the figures of so many alerts."""
    hand = Hand(town.facts["counter"])
    found = []
    for n in range(alerts):
        time.sleep(chance.random() * pause_s)
        found.append(measure_alert(officer, hand, town, n))
        work_alert(officer)
        if not (n + 1) % 10:
            print(f"{n + 1} of {alerts} alerts so far", file=sys.stderr, flush=True)
    return found


def report(found: list[Figures]) -> None:
    """Print the lines for docs/measurements.md."""
    for name in ("visible", "sounding"):
        ordered = sorted(getattr(each, f"{name}_s") for each in found)
        p95, p99 = (ordered[max(0, int(len(ordered) * share) - 1)] for share in (0.95, 0.99))
        print(f"{len(ordered)} alerts, receipt -> {name:8}: p50 {statistics.median(ordered):.2f} s, p95 {p95:.2f} s, "
              f"p99 {p99:.2f} s, least {ordered[0]:.2f} s, most {ordered[-1]:.2f} s")  # fmt: skip


@contextmanager
def sending_records(town: Demonstration, rate: float, seconds: float) -> Iterator[None]:
    """Have simulated terminals send so many records a second to the town's central while the block runs."""
    if not rate:
        yield
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "commands", "simulate", "town", "--data", str(town.folder), "--terminals", "100",
         "--rate", str(rate), "--seconds", str(seconds), "--forged", "--json"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    began_s = time.monotonic()
    try:
        yield
        assert process.poll() is None, "the records ended before the alerts"
    finally:
        process.terminate()
        process.communicate()
        print(f"records: {rate:.0f}/s planned for {time.monotonic() - began_s:.0f} s, by {count_records(town)} in all")


def count_records(town: Demonstration) -> int:
    """Return how many records central has."""
    connection = sqlite.connect(f"file:{town.folder / 'central' / 'central.db'}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT count(*) FROM records").fetchone()[0])
    finally:
        connection.close()


def open_station(page: Page, town: Demonstration) -> Page:
    """Sign an officer in, with the sound on."""
    page.goto(town.facts["station"])
    sign_in(page, next(each for each in town.facts["log_ins"] if each["name"] == "duty-officer"))
    expect(page.locator("html")).to_have_attribute("data-line", "live", timeout=PATIENCE_S * 1e3)
    expect(page.locator("#standing")).to_have_attribute("role", "status", timeout=PATIENCE_S * 1e3)
    page.click("#sound-test")
    page.evaluate(WATCH)
    return page


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=200, choices=range(1, MOST_GUESTS + 1), metavar="N")
    parser.add_argument("--pause", type=float, default=1.0, help="most seconds between two guests")
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--consoles", type=int, default=0)
    parser.add_argument("--records", type=float, default=0.0, help="records a second")
    chosen = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "town"
        prepare_listing(folder, [invent_listed(n) for n in range(chosen.alerts)])
        with run_demonstration(folder, comparing=True) as town, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGS)
            officer = open_station(browser.new_page(viewport={"width": 1440, "height": 900}), town)
            consoles = make_consoles(Path(town.facts["comparison"]) / "station.toml", chosen.consoles, STATION)
            with consoles.going(), sending_records(town, chosen.records, 15.0 * chosen.alerts):
                while consoles.live < chosen.consoles:
                    time.sleep(0.1)
                report(measure(town, officer, chosen.alerts, chosen.pause, random.Random(chosen.seed)))
                print(f"consoles: {consoles.live} live, told {consoles.told} times, {consoles.lists} lists asked for, "
                      f"{consoles.broken} lines broken; load {os.getloadavg()[0]:.1f}")  # fmt: skip
            browser.close()
    print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
