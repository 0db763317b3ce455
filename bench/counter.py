"""Card to green to receipt at the real counter: `python -m bench.counter [guests]`.

The whole demonstration runs; a browser touches the first free room as soon as the screen takes touches.
The baseline is the reader's own time: the same bytes over the same line, as `bench.readers` measures it.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from drivers.sim.specimens import SPECIMENS
from tests.conftest import CHROMIUM_ARGS
from tests.path.demonstration import Demonstration, run_demonstration, wait_for_rest

CARDS = ("wang", "li", "zhou", "chen-father", "chen-mother", "long-name", "dotted-name", "unlimited", "rare-character")
ROOMS = ("101", "102", "103", "104", "105", "201", "202", "203", "204")


# The stages are timed where the owner sees them, in the page: a driver's own waiting would measure itself.
WATCH = """() => {
  const marks = (window.marks = { });
  const mark = (name) => { if (!(name in marks)) marks[name] = Date.now(); };
  document.addEventListener("pointerdown", () => mark("touched"), true);
  new MutationObserver(() => {
    if (document.querySelector("#main .guest h1")) mark("shown");
    if (marks.shown && !document.body.matches(".settling, .busy")) mark("ready");
    if (document.querySelector("#main .saved")) mark("green");
    if (document.querySelector("#slips .state.good")) mark("received");
  }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
}"""


def measure_guest(counter: Page, town: Demonstration, card: str, room: str) -> dict[str, float]:
    """Register one card and return the seconds from putting it to each stage."""
    counter.evaluate(WATCH)
    put = time.time()
    town.put_card(card)
    counter.wait_for_function(
        "name => document.querySelector('#main .guest h1')?.textContent.includes(name)", arg=SPECIMENS[card].name
    )
    counter.wait_for_selector("body:not(.settling):not(.busy)")
    counter.click(f"button.room[value='{room}']")
    counter.wait_for_selector("#slips .state.good")
    town.remove_card()
    marks = {name: ms / 1000 for name, ms in counter.evaluate("window.marks").items()}
    counter.click("#next")
    wait_for_rest(counter)
    counter.wait_for_selector("#main .prompt.ready")
    return {
        "card put -> guest on screen": marks["shown"] - put,
        "shown -> takes a touch": marks["ready"] - marks["shown"],
        "room touched -> green": marks["green"] - marks["touched"],
        "green -> receipt on screen": marks["received"] - marks["green"],
        "card put -> green, less the hand's time": marks["ready"] - put + marks["green"] - marks["touched"],
    }


def check_out_everybody(counter: Page) -> None:
    """Empty the house for the next round."""
    counter.click("#nav-house")
    wait_for_rest(counter)
    for box in counter.locator("input[name=stays]").all():
        box.check()
    counter.click("#leave-selected")
    wait_for_rest(counter)
    counter.click("#window form button.primary")
    expect(counter.locator("input[name=stays]")).to_have_count(0, timeout=60_000)
    counter.click("#nav-desk")


def main() -> None:
    """Measure and print."""
    guests = int(sys.argv[1]) if len(sys.argv) > 1 else 27
    figures: dict[str, list[float]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        run_demonstration(Path(folder) / "town") as town,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGS)
        counter = browser.new_page(viewport={"width": 1280, "height": 800})
        counter.goto(town.facts["counter"])
        for number in range(guests):
            place = number % len(CARDS)
            if number and place == 0:
                check_out_everybody(counter)
            for name, seconds in measure_guest(counter, town, CARDS[place], ROOMS[place]).items():
                figures.setdefault(name, []).append(seconds)
        browser.close()
    print(f"{guests} guests")
    for name, seconds in figures.items():
        ordered = sorted(seconds)
        print(f"{name:40} p50 {statistics.median(ordered):6.2f} s   p95 {ordered[int(len(ordered) * 0.95) - 1]:6.2f} s")


if __name__ == "__main__":
    main()
