"""A family of four, two of them minors, at the real counter: `python -m bench.family [families]`.

The demonstration runs; a browser does what a practised hand does, at a hand's pace: a second before each touch, two
and a half to lay the next card down, a quarter for each digit of the guardian's telephone number. What a person looks
at and says is not in it. One core for everything with `taskset -c 0 python -m bench.family`.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from bench.counter import check_out_everybody
from drivers.sim.specimens import SPECIMENS
from tests.conftest import CHROMIUM_ARGS
from tests.path.demonstration import Demonstration, run_demonstration, wait_for_rest

FAMILY = ("chen-father", "chen-mother", "chen-daughter", "chen-son")
TOUCH_S, CARD_S, DIGIT_S = 1.0, 2.5, 0.25
PHONE = "9901002003"
ROOM = "button.room[value='101']"
TIMEOUT_MS = 60_000


def register_family(counter: Page, town: Demonstration) -> tuple[float, float]:
    """Register four cards into one room. Return the seconds from the first card to the last green, and the hand's."""
    began, hand_s = time.monotonic(), 0.0
    for number, card in enumerate(FAMILY):
        if number:
            town.remove_card()
            time.sleep(CARD_S)
            hand_s += CARD_S
        town.put_card(card)
        expect(counter.locator("#main .guest h1")).to_contain_text(SPECIMENS[card].name, timeout=TIMEOUT_MS)
        hand_s += touch(counter, ROOM)
        if number >= 2:
            hand_s += answer_for_minor(counter, is_first=number == 2)
        expect(counter.locator(".slip")).to_have_count(number + 1, timeout=TIMEOUT_MS)
    spent = time.monotonic() - began
    town.remove_card()
    return spent, hand_s


def answer_for_minor(counter: Page, *, is_first: bool) -> float:
    """Say who is with the child; of the second one the counter knows it. Return the hand's seconds."""
    hand_s = 0.0
    if is_first:
        hand_s += touch(counter, "#here-1")
        counter.type("#typed-phone", PHONE, delay=DIGIT_S * 1000)
        hand_s += DIGIT_S * len(PHONE) + touch(counter, "label:has(#typed-relation-parent)")
    return hand_s + touch(counter, "#minor-yes")


def touch(counter: Page, selector: str) -> float:
    """Touch something, a second after it is there. Return that second."""
    wait_for_rest(counter)
    time.sleep(TOUCH_S)
    counter.click(selector, timeout=TIMEOUT_MS)
    return TOUCH_S


def main() -> None:
    """Measure and print."""
    families = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    spent: list[tuple[float, float]] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        run_demonstration(Path(folder) / "town") as town,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGS)
        counter = browser.new_page(viewport={"width": 1280, "height": 800})
        counter.goto(town.facts["counter"])
        for _ in range(families):
            spent.append(register_family(counter, town))
            check_out_everybody(counter)
        browser.close()
    whole, without = [each for each, _ in spent], [each - hand for each, hand in spent]
    print(
        f"{families} families: first card to last green, median {statistics.median(whole):.1f} s, most {max(whole):.1f}"
    )
    print(f"of that the counter and the reader: median {statistics.median(without):.1f} s, most {max(without):.1f}")


if __name__ == "__main__":
    main()
