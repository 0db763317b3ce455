"""An officer who reads something else than the list: every page of the console sounds, and says when it is cut off."""

import re

import pytest
from playwright.sync_api import Page, expect

from station.audit import StationAct
from tests.browser import test_station
from tests.browser.test_station import DESKTOP, PHONE, Desk, find_faults, look, wait_for_line, words_of
from tests.station.small_station import AUDITOR, OFFICER, SUPERVISOR

served, desk = test_station.served, test_station.desk

PAGES = ("/boards", "/account", "/hand-over", "/second-looks", "/search")


def expect_sound(page: Page, state: str) -> None:
    expect(page.locator("html")).to_have_attribute("data-sound", state)
    assert page.evaluate("loops") == (1 if state == "playing" else 0)


@pytest.mark.parametrize(("language", "viewport", "paths"), [("zh", PHONE, PAGES), ("en", DESKTOP, PAGES[:2])])
def test_alert_sounds_on_whatever_page_its_officer_is(
    desk: Desk, language: str, viewport: dict[str, int], paths: tuple[str, ...]
) -> None:
    words, book = words_of(language), desk.small.station.book
    page = desk.visit(language, SUPERVISOR, viewport)
    for path in paths:
        page.goto(desk.served.origin + path)
        wait_for_line(page)
        page.mouse.click(5, 300)
        expect(page.locator("html")).to_have_attribute("data-audio", "running")
        expect(page.locator("#waits")).to_be_hidden()
        alert = desk.raise_alert()
        expect(page.locator("#waits")).to_contain_text(words("notice.waits", n=1))
        expect_sound(page, "playing")
        assert page.title().startswith("(1) ")
        assert find_faults(page) == []
        look(page, f"elsewhere{path.replace('/', '-')}-{language}")
        book.accept(bytes.fromhex(alert), OFFICER)
        expect(page.locator("#waits")).to_be_hidden()
        expect_sound(page, "silent")


def test_alert_that_came_before_the_page_is_told_and_leads_to_the_list(desk: Desk) -> None:
    alert = desk.raise_alert()
    page = desk.visit(name=SUPERVISOR, path="/boards")
    expect(page.locator("#waits")).to_be_visible()
    page.click("#waits a")
    expect(page.locator(f"#open a[data-alert='{alert}']")).to_be_visible()


def test_lost_line_and_stopped_comparison_are_said_on_a_board(desk: Desk) -> None:
    words = words_of("en")
    page = desk.visit(name=SUPERVISOR, path="/boards")
    wait_for_line(page)
    expect(page.locator("#standing")).to_be_hidden()
    told = desk.small.relay.told
    desk.small.hear(permit="")
    expect(page.locator("#standing")).to_contain_text(words("standing.no_permit"), timeout=10_000)
    desk.small.hear(permit=told.permit)
    expect(page.locator("#standing")).to_be_hidden(timeout=10_000)
    desk.served.is_silent = True
    desk.served.break_lines()
    expect(page.locator("#lost")).to_be_visible(timeout=10_000)
    look(page, "elsewhere-lost")
    desk.served.is_silent = False
    expect(page.locator("#lost")).to_be_hidden(timeout=10_000)


def test_board_and_print_of_a_note_show_nothing_of_the_watch_on_paper(desk: Desk) -> None:
    desk.raise_alert()
    page = desk.visit(name=SUPERVISOR, path="/boards")
    expect(page.locator("#waits")).to_be_visible()
    page.emulate_media(media="print")
    for each in ("#waits", "#sound-off", "#lost"):
        expect(page.locator(each)).to_be_hidden()


@pytest.mark.parametrize(("language", "viewport"), [("zh", PHONE), ("en", DESKTOP)])
def test_audit_log_reads_well_and_names_what_each_entry_was_about(
    desk: Desk, language: str, viewport: dict[str, int]
) -> None:
    alert = desk.raise_alert()
    desk.small.station.pages.audit.write(OFFICER, StationAct.OFFER, f"{alert} {SUPERVISOR}")
    page = desk.visit(language, AUDITOR, viewport, "/audit-log")
    words = words_of(language)
    about = words("about.and").join((words("about.alert", it=alert), words("about.account", it=SUPERVISOR)))
    expect(page.locator("tbody tr", has_text=words.name("act", StationAct.OFFER)).first).to_contain_text(about)
    # In the reader's zone, and to the second.
    expect(page.locator("tbody time").first).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"))
    assert find_faults(page) == []
    look(page, f"audit-log-{language}")


def test_auditor_who_may_see_no_alert_hears_none(desk: Desk) -> None:
    page = desk.visit(name=AUDITOR, path="/boards")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("#shift")).to_have_count(0)
