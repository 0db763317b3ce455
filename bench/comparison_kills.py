"""`kill -9` of random processes during a run of alerts: is one lost, doubled, or silent for long?

    python -m bench.comparison_kills [--kills 200] [--seed 20] [--pause 4.0] [--minutes 60]

The whole demonstration runs, with a list of invented people. They and strangers are registered at the counter by
turns all along; the officer's page stays open in headless Chromium with its sound on, and the officer accepts and
closes each alert up to ten seconds after the page has told of it. Chance kills relay, screening office, station,
central's ingest, the terminal or (less often) the desk, each only once it runs again; after the desk the permit is
given again, as a person does. Afterwards everything may come to its end, for three minutes at most. The seed fixes
whom chance chooses and for how long everybody pauses; the moments themselves are the machine's.

Measured of each alert, by the page's own clock, ten times a second and at each of its changes:

    told      from the receipt on the terminal's disk until the page both shows the alert and sounds
    gap       until somebody accepts it: the longest in which the page neither shows it nor sounds
    mute      likewise, the longest in which it does not sound, shown or not

Lost is an alert that the terminal was told is settled and that no page told of; doubled is one that the station has
twice or a page lists twice. Who is never compared raises no alert, by design, and is counted apart under the reason
that stands in the terminal's ledger: no permit was known at check-in (the guest notice says then that comparison is
off), another one was in force before the comparison came about, or the counter died between the desk's evaluation and
the comparison ("given up": a handle is evaluated once).

To reach (issue 19): none lost, none doubled, none silent for more than 120 s.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.conftest import CHROMIUM_ARGS
from tests.path.demonstration import run_demonstration
from tests.path.guests import MOST_GUESTS, invent_listed
from tests.path.kills import SETTLED, Clerk, Disks, Figures, Killer, kill_along, open_officer
from tests.path.listing import prepare_listing

GUESTS_PAUSE_S, OFFICERS_PAUSE_S = 4.0, 10.0
SILENT_S = 120.0


def report(figures: Figures) -> bool:
    """Print the lines for docs/measurements.md; return whether what must hold does."""
    told = figures.told_s
    victims = ", ".join(f"{name} {n}" for name, n in sorted(figures.killed.items()))
    print(f"{figures.killed.total()} kills: {victims}")
    apart = ", ".join(f"{end or 'open'} {n}" for end, n in sorted(figures.ends.items()) if end != SETTLED)
    alerted = len(told) + figures.lost - figures.ends[SETTLED]
    print(f"{figures.registered} guests, {figures.ends.total()} of them listed; settled {figures.ends[SETTLED]}; "
          f"over before: {apart or 'none'}, {alerted} of these with an alert")  # fmt: skip
    if told:
        p95 = told[max(0, int(len(told) * 0.95) - 1)]
        print(f"{len(told)} alerts, receipt -> shown and sounding: p50 {statistics.median(told):.1f} s, "
              f"p95 {p95:.1f} s, most {told[-1]:.1f} s")  # fmt: skip
    print(f"not accepted: neither shown nor sounding for {figures.gap_s:.1f} s at most, not sounding for "
          f"{figures.mute_s:.1f} s at most")  # fmt: skip
    print(f"lost {figures.lost}, doubled {figures.doubled}, settled before kept {figures.early}; "
          f"longest silence {figures.longest_s:.1f} s")  # fmt: skip
    return not (figures.lost or figures.doubled or figures.early) and figures.longest_s <= SILENT_S


def measure(kills: int, seed: int, pause_s: float, minutes: float) -> Figures:
    """Run the demonstration, and kill."""
    chances = [random.Random(f"{seed} {name}") for name in ("killer", "clerk", "officer")]
    with tempfile.TemporaryDirectory() as name:
        folder, listed = Path(name) / "town", min(kills + 10, MOST_GUESTS)
        prepare_listing(folder, [invent_listed(n) for n in range(listed)])
        with run_demonstration(folder, comparing=True) as town, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            officer = open_officer(page, town, chances[2], OFFICERS_PAUSE_S)
            disks = Disks(town)
            clerk = Clerk(town, disks, chances[1], GUESTS_PAUSE_S, 0, listed - 1)
            killer = Killer(town, chances[0], pause_s)
            found = kill_along(killer, clerk, disks, officer, kills, time.monotonic() + 60 * minutes)
            browser.close()
    return found


def main() -> None:
    """Measure, and print. Exit status 1 where something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--pause", type=float, default=4.0, help="most seconds between two kills")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop killing after so long")
    chosen = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f}", flush=True)
    began_s = time.monotonic()
    holds = report(measure(chosen.kills, chosen.seed, chosen.pause, chosen.minutes))
    print(f"{time.monotonic() - began_s:.0f} s; load after: {os.getloadavg()[0]:.1f}")
    raise SystemExit(0 if holds else 1)


if __name__ == "__main__":
    main()
