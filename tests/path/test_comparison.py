"""Steps 9 to 16 of the README's table on the real processes: from a card on a reader to an alert that is worked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3
from playwright.sync_api import Page, expect

from drivers.sim.specimens import SPECIMENS
from oversight.comparing.page.settings import PageSettings
from oversight.witness.memory import WitnessMemory
from records.comparing.withdrawals import WithdrawalReason
from records.cosignature import WitnessKey, open_cosigned
from records.log_keys import LogVerifier
from service.accounts.key_ceremonies import RelyingParty, find_relying_party
from service.pages import load_words
from service.settings import load_settings
from tests.path.demonstration import (
    Demonstration,
    check_in_at_the_screen,
    sign_in,
    touch_room,
    wait_for_rest,
)
from tests.path.left_behind import read_rows
from tests.path.list_life import Bodies
from tests.path.test_one_guest import find_text
from tests.path.test_power_cuts import wait_until

DESKTOP = {"width": 1440, "height": 900}
ACTS_WITHIN_S = 60  # the longest that a withdrawal may take


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


@pytest.fixture
def bodies(town: Demonstration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bodies:
    """Court and office; whoever types there sits at a terminal."""
    monkeypatch.setattr("commands.comparing.court_asking.is_terminal", lambda: True)
    return Bodies(town, tmp_path)


def test_every_counter_compares_from_the_moment_on_when_the_town_says_that_it_runs(town: Demonstration) -> None:
    """Who is registered while the day is not open is never compared, so nobody may be told to begin before."""
    notices = town.facts["notices_at_start"]
    assert len(notices) == len(town.facts["counters"])
    assert ["比对已开启" in notice or "Comparison is on" in notice for notice in notices] == [True] * len(notices)


def test_every_log_of_the_town_is_shown_to_oversights_witness(town: Demonstration) -> None:
    comparison = town.folder / "comparison"
    page = load_settings(comparison / "oversight-console.toml", PageSettings)
    assert page.witness is not None
    memory, key = WitnessMemory(page.witness), WitnessKey.from_text(page.witness_key)
    names = {LogVerifier.from_texts(each.keys).name: each for each in page.logs}
    assert set(names) == {f"demo/{each}/audit" for each in ("central", "screening", "station", "oversight", "office")}
    for each in (town.folder / "central", town.folder / "office", comparison / "screening", comparison / "station"):
        assert town.facts["witness"].rstrip("/") in each.with_suffix(".toml").read_text("utf-8")
    # The others ask as soon as they start, or a minute later; the office starts when the witness answers.
    seen = "demo/screening/audit"
    wait_until(lambda: bool(memory.list_seen(seen).cosigned), "the office's log is cosigned")
    assert open_cosigned(memory.list_seen(seen).cosigned, key)
    # What the court keeps is what oversight reads: no list of the page's own.
    assert page.decisions == comparison / "court" / "decisions"
    assert all(each.export is not None and each.export.exists() for each in page.logs)


@pytest.mark.timeout(300)
def test_listed_guest_is_seen_and_heard_at_the_station_and_worked_to_an_outcome(
    town: Demonstration, officer: Page, new_page: Callable[..., Page], bodies: Bodies
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
    court, relay = bodies.comparison / "court", town.facts["relay"].rstrip("/")
    wait_until(
        lambda: "it was this person" in bodies.run_court("mail", keys=court / "first", registry=court, relay=relay),
        "the court has the outcome",
    )


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
def test_a_decision_lives_from_the_court_to_an_alert_and_ends_by_its_withdrawal(
    town: Demonstration, officer: Page, new_page: Callable[..., Page], bodies: Bodies
) -> None:
    guest, words = SPECIMENS["wang"], load_words("station.console", "zh")
    # The court decides, oversight reads and countersigns, the office takes the list.
    decision = bodies.decide(guest, "（2026）云刑令 900 号")
    bodies.bring(decision)
    oversight = new_page(locale="zh-CN", viewport=DESKTOP)
    log_in = next(each for each in town.facts["log_ins"] if each["name"] == "oversight-officer")
    oversight.goto(log_in["url"])
    sign_in(oversight, log_in)
    oversight.click("#next")
    expect(oversight.locator("#statement")).to_contain_text(guest.name)
    oversight.fill("#born", guest.birth)
    oversight.click("#agree")
    oversight.click("#to-list")
    oversight.click("#sign")
    expect(oversight.locator("#waiting")).to_have_text("0")
    bodies.take_list(2)
    # Nobody is compared with it before a permit names it.
    assert bodies.is_comparing_under(1)
    oversight.goto(log_in["url"] + "permits")
    oversight.check("#looked")
    oversight.click("#permit")
    is_on = load_words("oversight.comparing.page", "zh")("standing.on", n=2)
    expect(oversight.locator("#standing")).to_contain_text(is_on)
    wait_until(lambda: bodies.is_comparing_under(2), "the office compares under the new permit")
    # Its person comes, and the station is told.
    counter, house = new_page(locale="zh-CN"), town.at_counter(2)
    counter.goto(house.facts["counter"])
    house.put_card("wang")
    expect(counter.locator("#main .guest h1")).to_contain_text(guest.name, timeout=15_000)
    touch_first_room(counter)
    house.remove_card()
    open_alert(officer)
    expect(officer.locator("#detail")).to_contain_text("900 号")
    officer.click("#accept")
    expect(officer.locator("html")).to_have_attribute("data-sound", "silent")
    officer.fill("#to", "二号车")
    officer.click("#do-dispatch")
    officer.click("#do-handle")
    expect(officer.locator("#report")).to_be_visible()
    # The court takes it back while somebody is on the way.
    office = bodies.comparison / "screening" / "screening.db"
    before = len(read_rows(office, "SELECT leaf FROM endings"))
    court = bodies.comparison / "court"
    bodies.run_court(
        "withdraw", keys=court / "second", registry=court, decision=decision, reason=WithdrawalReason.MISTAKE,
        out=bodies.folder / "withdrawal.note", relay=town.facts["relay"].rstrip("/"),
    )  # fmt: skip
    told = officer.locator(".is-over")
    expect(told).to_contain_text(words("because.withdrawn"), timeout=ACTS_WITHIN_S * 1000)
    expect(officer.locator("#none-open")).to_be_visible()
    expect(officer.locator("html")).to_have_attribute("data-sound", "playing")
    told.locator("button").click()
    expect(told).to_have_count(0)
    expect(officer.locator("html")).to_have_attribute("data-sound", "silent")
    wait_until(
        lambda: len(read_rows(office, "SELECT leaf FROM endings")) == before + 1, "the office compares with it no more"
    )


def scan(counter: Page, specimen: str, room: str) -> None:
    """Scan the printed lines of a specimen from the drawer, and register it."""
    wait_for_rest(counter)
    counter.click("#cards")
    wait_for_rest(counter)
    counter.click(f"#scan-{specimen}")
    expect(counter.locator("#main .guest h1")).to_be_visible(timeout=15_000)
    touch_room(counter, room)
    expect(counter.locator("#main .saved")).to_be_visible(timeout=15_000)


def touch_first_room(counter: Page) -> None:
    touch_room(counter, counter.locator("button.room").first.get_attribute("value") or "")
    expect(counter.locator("#main .saved")).to_be_visible(timeout=15_000)
