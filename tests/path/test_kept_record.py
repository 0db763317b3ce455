"""A kept record on the real processes, opened under an order."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from drivers.sim.specimens import SPECIMENS
from tests.path.demonstration import (
    PROJECT,
    Demonstration,
    check_in_at_the_screen,
    read_link,
)
from tests.path.test_one_guest import PHONE

GUEST, OTHER = SPECIMENS["li"], SPECIMENS["zhou"]


def run_kjt(*arguments: str | Path, typed: str = "") -> str:
    """Run one command of `kjt` and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "commands", *map(str, arguments)],
        cwd=PROJECT, input=typed, capture_output=True, text=True, timeout=60, check=False,
        start_new_session=True,  # without a terminal a hidden prompt reads what is piped in
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def register(town: Demonstration, new_page: Callable[..., Page], card: str, room: str) -> str:
    """Register a card at the screen, wait for the receipt, and return the link of the slip."""
    counter = new_page(locale="en-GB")
    counter.goto(town.facts["counter"])
    check_in_at_the_screen(counter, town, card, room)
    expect(counter.locator("#slips .state.good")).to_be_visible(timeout=15_000)
    counter.click("#next")
    counter.click("#nav-house")
    row = counter.locator("#house-form tbody tr").filter(has_text=SPECIMENS[card].name)
    stay = row.locator("input[name=stays]").get_attribute("value")
    assert stay is not None
    link = read_link(counter, town.facts["counter"], stay)
    counter.close()  # before the counter's server goes away
    return link


def open_guest_page(new_page: Callable[..., Page], link: str, number: str) -> str:
    """Follow a slip on a phone and return what the page shows."""
    phone = new_page(locale="en-GB", viewport=PHONE)
    phone.goto(link)
    phone.fill("#secret", number)
    phone.click("#open")
    expect(phone.locator("#view")).to_have_attribute("data-view", "open", timeout=15_000)
    return phone.inner_text("body")


@pytest.mark.timeout(240)
def test_ordered_record_is_opened_by_three_and_the_guest_is_told(
    one_town: Demonstration, tmp_path: Path, new_page: Callable[..., Page]
) -> None:
    town = one_town.at_counter(4)
    link = register(town, new_page, "li", "1")
    register(town, new_page, "zhou", "2")
    assert "robbery" not in open_guest_page(new_page, link, GUEST.number)

    order, data, today = tmp_path / "order", town.folder, datetime.now(UTC).date().isoformat()
    files = ("--order", order / "order.note", "--number", order / "number.json")
    signed = run_kjt(
        "court", "order", "--keys", data / "court", "--venue", town.facts["venue"],
        "--from", today, "--to", today, "--court", "Yunxi Court", "--ground", "robbery", "--order", "(2026) 7",
        "--out", order, "--yes", typed=GUEST.number + "\n",
    )  # fmt: skip
    assert "robbery" in signed
    assert GUEST.number not in (order / "order.note").read_text()
    handed_over = tmp_path / "handed-over.jsonl"
    told = run_kjt(
        "central", "hand-over", "--settings", data / "central.toml", "--order", files[1], "--out", handed_over
    )
    assert "2 sealed records" in told
    marks, found, stripped = (tmp_path / f"{name}.json" for name in ("marks", "found", "stripped"))
    of_court = ("--keys", data / "court", *files, "--records", handed_over)
    of_oversight = (
        "--keys", data / "oversight", "--root", data / "root.note",
        "--root-verifier", (data / "root.pub").read_text().strip(), *files, "--notices", tmp_path / "notices",
    )  # fmt: skip
    assert "2 marks for oversight" in run_kjt("court", "strip", *of_court, "--out", marks)
    told = run_kjt("oversight", "find", *of_oversight, "--marks", marks, "--out", found)
    assert "1 are the ordered guest's" in told
    assert "1 passed on" in run_kjt("court", "pass-on", *of_court, "--found", found, "--out", stripped)
    shown = run_kjt(
        "oversight", "open", *of_oversight, "--stripped", stripped,
        "--page-notices", data / "page" / "notices",
    )  # fmt: skip
    assert GUEST.name in shown
    assert OTHER.name not in shown
    page = open_guest_page(new_page, link, GUEST.number)
    for words in ("Yunxi Court", "(2026) 7", "robbery"):
        assert words in page
