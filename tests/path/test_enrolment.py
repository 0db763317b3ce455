"""A new counter from its first screen to its first guest, suspended, let in again and revoked: real processes, two
administrators at the console, and the owner at the counter, each in a browser of their own."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from drivers.sim.control import send_control
from drivers.sim.specimens import SPECIMENS
from records.enrolment import write_code
from service.pages import load_words as load_console_words
from terminal.screen.texts import load_words
from tests.path.demonstration import Demonstration, sign_in, touch_room, wait_for_rest

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Where set, every screen is also kept as a picture for a person to look at.
PICTURES = os.environ.get("KJT_PICTURES", "")
EN, ZH = load_console_words("central.console", "en"), load_console_words("central.console", "zh")
OWNER = load_words("en")
CARDS = list(SPECIMENS)[:4]


@pytest.fixture
def town(one_town: Demonstration) -> Demonstration:
    return one_town


def keep_picture(page: Page, name: str) -> None:
    """See that nothing reaches beyond the side of the screen, and take a picture where that is wanted."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"enrolment-{name}.png", full_page=width != 1280)


def visit_console(town: Demonstration, new_page: Callable[..., Page], number: int, size: dict[str, int]) -> Page:
    """Sign in as the first or the second administrator."""
    page = new_page(viewport=size, locale="zh-CN")
    page.goto(town.facts["console"])
    sign_in(page, town.facts["log_ins"][number])
    expect(page.locator(".band")).to_contain_text(ZH("nav.enrolments"), timeout=15_000)
    return page


def issue_code(admin: Page) -> list[str]:
    """Issue a code for the first house of the town, and return its groups."""
    admin.get_by_role("link", name=EN("nav.enrolments"), exact=True).click()
    admin.get_by_role("link", name=EN("enrolments.choose")).click()
    admin.get_by_role("link", name=re.compile("云溪客栈")).first.click()
    admin.get_by_role("link", name=EN("enrolments.new")).click()
    keep_picture(admin, "console-new")
    admin.get_by_role("button", name=EN("enrolment.issue")).click()
    keep_picture(admin, "console-code")
    groups = admin.locator("#code li").all_text_contents()
    admin.get_by_role("link", name=EN("enrolment.code_next")).click()
    return groups


def type_code(owner: Page, groups: list[str]) -> None:
    for number, group in enumerate(groups, start=1):
        owner.fill(f"#group-{number}", group)
    owner.click("#unlock-yes")


def read_words(page: Page) -> list[list[str]]:
    return [page.locator(f"#words-{each} li").all_text_contents() for each in ("zh", "en")]


def restart_terminal(town: Demonstration) -> None:
    """Kill the fresh counter's process as a power cut would; the demonstration starts it again."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            continue
        if "terminal-fresh.toml" in words and str(town.folder) in words:
            os.kill(int(folder.name), signal.SIGKILL)


def put_card(town: Demonstration, card: str) -> None:
    control = town.facts["fresh_counter"]["reader_control"]
    send_control(control, {"command": "remove"})
    assert send_control(control, {"command": "put", "specimen": card})["ok"]


def register(town: Demonstration, owner: Page, card: str, room: str) -> None:
    """Put a card on the reader and touch a room."""
    put_card(town, card)
    expect(owner.locator("#main .guest h1")).to_contain_text(SPECIMENS[card].name, timeout=15_000)
    touch_room(owner, room)
    expect(owner.locator("#main .saved")).to_be_visible(timeout=15_000)
    send_control(town.facts["fresh_counter"]["reader_control"], {"command": "remove"})


@pytest.mark.page_errors_expected  # of a counter whose process was killed
def test_two_administrators_enrol_suspend_lift_and_revoke_a_counter(
    town: Demonstration, new_page: Callable[..., Page]
) -> None:
    owner = new_page(viewport={"width": 1280, "height": 800}, has_touch=True)
    owner.goto(town.facts["fresh_counter"]["counter"])
    keep_picture(owner, "owner-language")
    owner.click("#choose-en")
    type_code(owner, list(write_code(bytes(14))))
    expect(owner.locator("#problem")).to_contain_text(OWNER("setup_problem.unknown_code"), timeout=15_000)
    keep_picture(owner, "owner-unknown-code")
    administrator = visit_console(town, new_page, 0, DESKTOP)
    administrator.get_by_role("button", name="English").click()
    _enrol(town, owner, administrator, visit_console(town, new_page, 1, PHONE))


def _enrol(town: Demonstration, owner: Page, administrator: Page, colleague: Page) -> None:
    type_code(owner, issue_code(administrator))
    expect(owner.locator("#words-en li")).to_have_count(6, timeout=15_000)
    keep_picture(owner, "owner-words")
    expect(administrator.locator("#words-en li")).to_have_count(6, timeout=15_000)
    assert read_words(administrator) == read_words(owner)
    expect(administrator.get_by_text(EN("enrolment.own"))).to_be_visible()
    expect(administrator.get_by_role("button", name=EN("enrolment.approve"))).to_have_count(0)
    keep_picture(administrator, "console-own")
    words = read_words(owner)
    restart_terminal(town)
    colleague.goto(administrator.url)
    assert read_words(colleague) == words
    keep_picture(colleague, "console-waiting-phone")
    colleague.get_by_role("checkbox").check()
    colleague.get_by_role("button", name=ZH("enrolment.approve")).click()
    expect(colleague.get_by_text(ZH("enrolment.about_active"))).to_be_visible()
    _finish_setup(town, owner)
    _shut_out_and_let_in(town, owner, administrator, colleague)


def _finish_setup(town: Demonstration, owner: Page) -> None:
    expect(owner.get_by_text(OWNER("setup.reader_title"))).to_be_visible(timeout=30_000)
    trial: Locator = owner.locator(".trials li")
    expect(trial).to_contain_text(OWNER("trial.ready"), timeout=15_000)
    put_card(town, CARDS[0])
    expect(trial).to_contain_text(OWNER("trial.works"), timeout=15_000)
    keep_picture(owner, "owner-reader")
    owner.get_by_role("button", name=OWNER("setup.reader_yes")).click()
    owner.fill("#rooms", "101-103 101")
    owner.click("#rooms-yes")
    expect(owner.locator("#problem")).to_contain_text(OWNER("setup_problem.rooms_twice"))
    keep_picture(owner, "owner-rooms")
    owner.fill("#rooms", "101-103 A1")
    owner.click("#rooms-yes")
    expect(owner.locator("header .venue")).to_contain_text("云溪客栈", timeout=30_000)
    expect(owner.locator("button.room, .room")).to_have_count(4)
    register(town, owner, CARDS[0], "A1")
    expect(owner.locator("#main .slip .state.good")).to_be_visible(timeout=15_000)


def _shut_out_and_let_in(town: Demonstration, owner: Page, administrator: Page, colleague: Page) -> None:
    administrator.reload()
    administrator.get_by_role("link", name=EN("enrolment.to_terminal")).click()
    address = administrator.url
    administrator.get_by_role("button", name=EN("standing.suspend")).click()
    keep_picture(administrator, "console-suspended")
    register(town, owner, CARDS[1], "101")
    expect(owner.locator("#alert")).to_contain_text(OWNER("problem.terminal_suspended"), timeout=60_000)
    keep_picture(owner, "owner-suspended")
    administrator.get_by_role("button", name=EN("standing.ask")).click()
    expect(administrator.get_by_text(EN("standing.asked_own"))).to_be_visible()
    expect(administrator.get_by_role("button", name=EN("standing.lift"), exact=True)).to_have_count(0)
    colleague.goto(address)
    keep_picture(colleague, "console-lift-phone")
    colleague.get_by_role("button", name=ZH("standing.lift"), exact=True).click()
    register(town, owner, CARDS[2], "102")
    expect(owner.locator("#alert")).to_be_empty(timeout=60_000)
    administrator.goto(address)
    administrator.get_by_role("checkbox", name=EN("standing.revoke_sure")).check()
    administrator.get_by_role("button", name=EN("standing.revoke"), exact=True).click()
    expect(administrator.get_by_text(EN("terminal.revoked_to_do"))).to_be_visible()
    register(town, owner, CARDS[3], "103")
    expect(owner.locator("#alert")).to_contain_text(OWNER("problem.terminal_revoked"), timeout=60_000)
    wait_for_rest(owner)
    owner.click("#nav-check")
    expect(owner.locator(".checks")).to_contain_text(OWNER("check_is.key_revoked"), timeout=60_000)
    keep_picture(owner, "owner-self-test")
