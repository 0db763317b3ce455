"""A guest's request in real browsers: from the form on the guest page to the officer, and the answer back."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from oversight.page.relay import CentralLink
from oversight.redress.app import Office
from oversight.redress.link import OfficeLink
from service.pages import Words, load_words
from tests.browser.test_station import find_faults
from tests.oversight.redress.small_office import OFFICER, OTHER_OFFICER, SmallOffice, run_office
from tests.oversight.world import NUMBER, StandIn, describe_held, find_stay, run_central, run_page

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
PICTURES = os.environ.get("KJT_PICTURES", "")
WROTE = {"zh": "我的姓名写错了：\n应为 欧阳明悦。", "en": "My name is misspelt.\nIt should be OUYANG MINGYUE."}


@dataclass
class Town:
    """A guest page, an office behind it, and browsers for both."""

    small: SmallOffice
    office: Office
    office_url: str
    page_url: str
    central: StandIn
    new_page: Callable[..., Page]

    def visit(self, language: str, viewport: dict[str, int] = PHONE) -> Page:
        stay = find_stay("ordered")
        page = self.new_page(locale=LOCALES[language], viewport=viewport, timezone_id="Asia/Shanghai")
        page.set_default_timeout(10_000)
        page.goto(f"{self.page_url}#{stay.fragment}")
        return page

    def open_record(self, language: str, viewport: dict[str, int] = PHONE) -> Page:
        page = self.visit(language, viewport)
        page.fill("#secret", NUMBER)
        page.click("#open")
        expect(page.locator("#request-form")).to_be_visible()
        return page

    def work(self, name: str, language: str, viewport: dict[str, int] = DESKTOP) -> Page:
        token = self.small.open_session(name, self.office)
        self.office.parts.accounts.set_language(name, language)
        page = self.new_page(locale=LOCALES[language], viewport=viewport)
        page.set_default_timeout(10_000)
        cookie = self.small.name_cookie(self.office)
        page.context.add_cookies([{"name": cookie, "value": token, "url": self.office_url}])
        page.goto(self.office_url + "/")
        return page


@pytest.fixture
def town(new_page: Callable[..., Page], tmp_path: Path) -> Iterator[Town]:
    small = SmallOffice(tmp_path)
    with run_central() as central, run_office(small) as (office, office_url):
        central.answer = describe_held(find_stay("ordered").envelopes)
        ask_central, door = CentralLink(central.address), OfficeLink(office_url, small.token)
        with run_page(small.make_page(ask_central, door, tmp_path)) as page_url:
            yield Town(small, office, office_url, page_url, central, new_page)
        ask_central.close()
        door.close()
    small.close()


def look(page: Page, name: str) -> None:
    """See that nothing is wider than the screen, and keep a picture where wanted."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the screen"
    assert find_faults(page) == [], name
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def write(page: Page, text: str, *, attach: bool = False) -> None:
    page.check("#kind-wrong")
    page.fill("#request-text", text)
    if attach:
        page.check("#request-attach")
    page.click("#request-send")


def write_by_keyboard(page: Page, text: str) -> None:
    page.focus("#kind-kept")
    for key in ("ArrowDown", "Tab"):
        page.keyboard.press(key)
    page.keyboard.type(text)
    for key in ("Tab", "Tab", "Enter"):
        page.keyboard.press(key)


def write_and_see(page: Page, text: str) -> None:
    write(page, text)
    expect(page.locator("#request-notice")).to_be_visible()


def find_words(language: str) -> Words:
    return load_words("oversight.redress", language)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_from_the_guests_form_to_the_answer_on_the_guest_page(town: Town, language: str) -> None:
    words = find_words(language)
    guest = town.open_record(language)
    assert not guest.is_checked("#request-attach"), "nothing is sent along unless the guest says so"
    if language == "zh":
        write(guest, WROTE[language], attach=True)
    else:
        write_by_keyboard(guest, WROTE[language])
    expect(guest.locator("#request-notice")).to_be_visible()
    assert guest.input_value("#request-text") == ""
    look(guest, f"guest-received-{language}")

    officer = town.work(OFFICER, language)
    look(officer, f"office-list-{language}")
    officer.click("td a.id")
    expect(officer.locator(".guest-text")).to_have_text(WROTE[language])
    expect(officer.locator("h1")).to_have_text(words("kind.wrong"))
    assert officer.get_by_text(NUMBER).count() == (language == "zh")
    look(officer, f"office-request-{language}")
    officer.get_by_role("button", name=words("request.take"), exact=True).click()
    officer.locator("[data-block]").nth(1).click()
    assert words("block.corrected") in officer.input_value("#text")
    officer.locator("#text").press_sequentially(" OUYANG MINGYUE")
    officer.check("[name=correction]")
    look(officer, f"office-answer-{language}")
    officer.get_by_role("button", name=words("answer.send"), exact=True).click()
    expect(officer.get_by_text(words("answer.sent"))).to_be_visible()

    again = town.open_record(language, PHONE)
    answer = words("block.corrected") + " OUYANG MINGYUE"
    expect(again.locator(".request[data-state=answered] .written")).to_have_text(answer)
    expect(again.locator(".card > .written")).to_have_text(answer)  # beside the record
    look(again, f"guest-answered-{language}")


def test_the_answer_is_there_also_when_the_record_is_deleted_and_goes_after_ninety_days(town: Town) -> None:
    write_and_see(town.open_record("en"), "Please delete me.")
    (row,) = town.small.book.list_open()
    town.small.book.take(row.id, OFFICER)
    town.small.book.answer(row.id, OFFICER, "It goes on the day the page shows.", is_correction=False)
    town.central.answer = describe_held((), deleted_on=town.small.now.date())
    page = town.visit("en")
    expect(page.locator("#view")).to_have_attribute("data-view", "deleted")
    expect(page.locator(".request .written")).to_have_text("It goes on the day the page shows.")
    expect(page.locator("#request-form")).to_be_visible()
    town.small.wait(days=91)
    assert town.small.delete_due() == 1
    page = town.visit("en")
    expect(page.locator(".request[data-state=deleted]")).to_contain_text("nobody can open them any more")
    assert page.locator(".written").count() == 0
    look(page, "guest-request-deleted-en")


@pytest.mark.page_errors_expected
def test_a_fault_on_the_line_loses_no_text_and_is_said_plainly(town: Town) -> None:
    guest = town.open_record("zh")
    guest.route("**/requests", lambda route: route.abort())
    write(guest, "第一次没有送到")
    expect(guest.locator("#request-error")).to_contain_text("未收到")
    assert guest.input_value("#request-text") == "第一次没有送到"
    assert town.small.book.list_open() == []
    look(guest, "guest-not-received-zh")
    guest.click("#language")
    assert guest.input_value("#request-text") == "第一次没有送到"
    guest.unroute("**/requests")
    guest.locator("#request-send").press("Enter")
    expect(guest.locator("#request-notice")).to_be_visible()
    (row,) = town.small.book.list_open()
    assert town.small.book.open(row).text == "第一次没有送到"


def lose_answer(route: Route) -> None:
    route.fetch()
    route.abort()


@pytest.mark.page_errors_expected
def test_an_answer_that_is_lost_after_the_commit_makes_no_second_request(town: Town) -> None:
    guest = town.open_record("en")
    guest.route("**/requests", lose_answer)
    write(guest, "once")
    expect(guest.locator("#request-error")).to_be_visible()
    guest.unroute("**/requests")
    guest.click("#request-send")
    expect(guest.locator("#request-notice")).to_be_visible()
    assert len(town.small.book.list_open()) == 1


@pytest.mark.page_errors_expected
def test_a_text_changed_after_a_lost_answer_is_told_apart(town: Town) -> None:
    guest = town.open_record("en")
    guest.route("**/requests", lose_answer)
    write(guest, "once")
    expect(guest.locator("#request-error")).to_be_visible()
    guest.unroute("**/requests")
    write(guest, "once, and more")
    expect(guest.locator("#request-error")).to_contain_text("an earlier version")
    assert guest.input_value("#request-text") == "once, and more"
    guest.click("#request-send")
    expect(guest.locator("#request-notice")).to_be_visible()
    held = {town.small.book.open(row).text for row in town.small.book.list_open()}
    assert held == {"once", "once, and more"}


@pytest.mark.page_errors_expected
def test_two_officers_at_once_one_wins_and_the_other_is_told(town: Town) -> None:
    write_and_see(town.open_record("en"), "Who has my record?")
    first, second = town.work(OFFICER, "en"), town.work(OTHER_OFFICER, "zh", PHONE)
    for page in (first, second):
        page.click("td a.id")
    first.get_by_role("button", name=find_words("en")("request.take"), exact=True).click()
    expect(first.locator("#text")).to_be_visible()
    second.get_by_role("button", name=find_words("zh")("request.take"), exact=True).click()
    expect(second.locator("#problem")).to_contain_text(OFFICER)
    assert second.locator("#text").count() == 0
    look(second, "office-told-zh-phone")


def test_overdue_and_due_soon_are_shown_on_a_desk_and_on_a_phone(town: Town) -> None:
    write_and_see(town.open_record("zh"), "早的")
    town.small.wait(days=24)
    page = town.work(OFFICER, "zh", PHONE)
    expect(page.locator(".urgency-soon")).to_have_count(1)
    town.small.wait(days=7)
    page = town.work(OFFICER, "en")
    expect(page.locator(".alert-danger")).to_contain_text("1 request is overdue")
    look(page, "office-overdue-en")
    page = town.work(OFFICER, "zh", PHONE)
    expect(page.locator(".urgency-overdue")).to_have_count(1)
    look(page, "office-overdue-zh-phone")
    page.click("td a.id")
    look(page, "office-request-zh-phone")
    page.goto(town.office_url + "/counts")
    expect(page.locator("h1")).to_have_text(find_words("zh")("counts.title"))
    look(page, "office-counts-zh-phone")
