"""Steps 9 to 16 of the README's table on the real processes: from a card on a reader to an alert that is worked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3
from playwright.sync_api import Page, expect

from drivers.sim.specimens import SPECIMENS
from oversight.comparing.list_files import DECISIONS_FILE
from records.comparing.withdrawals import WithdrawalReason
from screening.reading import read_notes
from service.accounts.key_ceremonies import RelyingParty, find_relying_party
from service.pages import load_words
from tests.path.demonstration import (
    Demonstration,
    check_in_at_the_screen,
    sign_in,
    touch_room,
    wait_for_rest,
)
from tests.path.left_behind import read_rows
from tests.path.test_one_guest import find_text
from tests.path.test_power_cuts import wait_until

DESKTOP = {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def town(comparing_town: Demonstration) -> Demonstration:
    return comparing_town


@pytest.fixture(scope="module")
def officer(town: Demonstration, browser: object) -> Iterator[Page]:
    """The station's page, signed in, its sound tested."""
    context = browser.new_context(locale="zh-CN", viewport=DESKTOP, timezone_id="Asia/Shanghai")  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto(town.facts["station"])
    sign_in(page, next(each for each in town.facts["log_ins"] if each["name"] == "duty-officer"))
    expect(page.locator("html")).to_have_attribute("data-line", "live", timeout=15_000)
    expect(page.locator("#standing")).to_have_attribute("role", "status", timeout=30_000)
    page.click("#sound-test")
    yield page
    context.close()


def open_alert(officer: Page) -> None:
    alert = officer.locator("li[class^='state-'] a[data-alert]").first
    expect(alert).to_be_visible(timeout=30_000)
    expect(officer.locator("html")).to_have_attribute("data-sound", "playing", timeout=10_000)
    alert.click()


def confirm_as_second_officer(officer: Page, town: Demonstration) -> None:
    """Have another officer confirm the outcome, without which it goes nowhere."""
    context = officer.context.browser.new_context(locale="zh-CN", viewport=DESKTOP)  # type: ignore[union-attr]
    second = context.new_page()
    second.goto(town.facts["station"] + "second-looks")
    sign_in(second, next(each for each in town.facts["log_ins"] if each["name"] == "second-officer"))
    second.click("#confirming a")
    second.click("#confirm")
    expect(second.locator("#confirming")).to_have_count(0)
    context.close()


def test_consoles_are_reached_by_name_so_that_security_keys_can_be_tried(town: Demonstration) -> None:
    for each in ("console", "office", "station", "oversight_page"):
        url = town.facts[each]
        assert find_relying_party(url.rstrip("/")) == RelyingParty("localhost", url.rstrip("/"))
        numbered = url.replace("localhost", "127.0.0.1") + "sign-in?next=%2Faccount"
        answer = urllib3.request("GET", numbered, redirect=False, retries=False)
        assert (answer.status, answer.headers["Location"]) == (303, f"{url}sign-in?next=%2Faccount")
        assert urllib3.request("POST", numbered, redirect=False, retries=False).status == 421


def read_notice(counter: Page, town: Demonstration) -> str:
    """Return what the guest notice says at this moment."""
    counter.goto(town.facts["counter"])
    counter.click("#nav-notice")
    expect(counter.locator("#notice-text")).to_be_visible()
    return counter.locator("#notice-text").inner_text()


def run_court(town: Demonstration, act: str, **more: object) -> str:
    """Return what an act of `kjt court decisions` prints."""
    comparison = town.folder / "comparison"
    options = {
        "annex": comparison / "annex.note", "root": town.folder / "root.note",
        "root-verifier": (town.folder / "root.pub").read_text("utf-8").strip(),
        "keys": comparison / "court" / "first", "registry": comparison / "court",
        "relay": town.facts["relay"].rstrip("/"), **more,
    }  # fmt: skip
    command = [sys.executable, "-P", "-m", "commands", "court", "decisions", act]
    command += [word for name, value in options.items() for word in (f"--{name}", str(value))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_counter_compares_from_the_moment_on_when_the_town_says_that_it_runs(town: Demonstration) -> None:
    """Who is registered while the day is not open is never compared, so nobody may be told to begin before."""
    notices = town.facts["notices_at_start"]
    assert len(notices) == len(town.facts["counters"])
    assert ["比对已开启" in notice or "Comparison is on" in notice for notice in notices] == [True] * len(notices)


@pytest.mark.timeout(300)
def test_listed_guest_is_seen_and_heard_at_the_station_and_worked_to_an_outcome(
    town: Demonstration, officer: Page, new_page: Callable[..., Page]
) -> None:
    counter = new_page(locale="zh-CN")
    assert "比对已开启" in read_notice(counter, town)
    counter.goto(town.facts["counter"])
    check_in_at_the_screen(counter, town, "zhou", "203")
    guest = SPECIMENS["zhou"]
    open_alert(officer)
    detail = officer.locator("#detail")
    for words in (guest.name, guest.number, "云溪客栈", "203", "持械抢劫", "云刑令"):
        expect(detail).to_contain_text(words)
    # Nothing at the counter tells.
    assert "警" not in counter.inner_text("body")
    officer.click("#accept")
    expect(officer.locator("html")).to_have_attribute("data-sound", "silent")
    officer.check("input[value='confirmed']")
    officer.click("#close")
    confirm_as_second_officer(officer, town)
    expect(officer.locator("#none-open")).to_be_visible(timeout=15_000)
    # The outcome reaches office and court, and acts at the office.
    office = town.folder / "comparison" / "screening" / "screening.db"
    wait_until(lambda: len(read_rows(office, "SELECT leaf FROM endings")) == 1, "the decision has ended")
    wait_until(lambda: "it was this person" in run_court(town, "mail"), "the court has the outcome")


@pytest.mark.timeout(300)
def test_misread_number_finds_and_strangers_leave_nothing(
    town: Demonstration, officer: Page, new_page: Callable[..., Page]
) -> None:
    counter = new_page(locale="en-GB")
    counter.goto(town.facts["counter"])
    # One whose number fits nobody's, and one whose number fits somebody else's, whom the matcher clears.
    check_in_at_the_screen(counter, town, "li", "101")
    counter.click("#next")
    scan(counter, "cut-name", "102")
    counter.click("#next")
    scan(counter, "family-father", "104")
    open_alert(officer)
    expect(officer.locator("#detail")).to_contain_text("LINDGREN")
    expect(officer.locator("li[class^='state-'] a[data-alert]")).to_have_count(1)
    officer.click("#accept")
    officer.check("input[value='other-person']")
    officer.click("#close")
    expect(officer.locator("#none-open")).to_be_visible(timeout=15_000)
    for secret in (SPECIMENS["li"].name, SPECIMENS["li"].number, "NILAVADHANANANDA", "U00000044"):
        assert find_text(town.folder, secret) == []


@pytest.mark.timeout(300)
def test_withdrawal_by_the_court_ends_the_alert_and_its_officer_is_told(
    town: Demonstration, officer: Page, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    counter, name = new_page(locale="en-GB"), "LINDGREN"
    counter.goto(town.at_counter(2).facts["counter"])
    scan(counter, "family-father", None)
    open_alert(officer)
    officer.click("#accept")
    expect(officer.locator("html")).to_have_attribute("data-sound", "silent")
    office = town.folder / "comparison" / "screening" / "screening.db"
    before = len(read_rows(office, "SELECT leaf FROM endings"))
    decisions = read_notes(town.folder / "comparison" / "list" / DECISIONS_FILE)
    (note,) = [each.note for each in decisions if name in each.note]
    decision = tmp_path / "decision.note"
    decision.write_text(note, encoding="utf-8")
    run_court(town, "withdraw", decision=decision, reason=WithdrawalReason.MISTAKE, out=tmp_path / "withdrawal.note")
    # The longest that it may take.
    told = officer.locator(".is-over")
    expect(told).to_contain_text(load_words("station.console", "zh")("because.withdrawn"), timeout=60_000)
    expect(officer.locator("#none-open")).to_be_visible()
    expect(officer.locator("html")).to_have_attribute("data-sound", "playing")
    told.locator("button").click()
    expect(told).to_have_count(0)
    expect(officer.locator("html")).to_have_attribute("data-sound", "silent")
    wait_until(
        lambda: len(read_rows(office, "SELECT leaf FROM endings")) == before + 1, "the office compares with it no more"
    )


def scan(counter: Page, specimen: str, room: str | None) -> None:
    """Scan the printed lines of a specimen from the drawer, and register it; in the first room if none is named."""
    wait_for_rest(counter)
    counter.click("#cards")
    wait_for_rest(counter)
    counter.click(f"#scan-{specimen}")
    expect(counter.locator("#main .guest h1")).to_be_visible(timeout=15_000)
    touch_room(counter, room or counter.locator("button.room").first.get_attribute("value") or "")
    expect(counter.locator("#main .saved")).to_be_visible(timeout=15_000)
