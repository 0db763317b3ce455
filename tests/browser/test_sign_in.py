"""Signing in, in a real browser: the first time, every other time, wrongly, on another device, by keyboard alone."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from service.pages import Words, load_words
from tests.browser.test_station import find_faults
from tests.service.small_service import PASSWORD, Role, SmallService, find_secret, open_small_service

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
TEXTS = "tests.service.small_service"
# Where set, every page is also kept as a picture for a person to look at.
PICTURES = os.environ.get("KJT_PICTURES", "")
SIZES = [("zh", DESKTOP), ("en", PHONE), *([("zh", PHONE), ("en", DESKTOP)] if PICTURES else [])]


@contextmanager
def run_service(service: SmallService, host: str = "127.0.0.1") -> Iterator[SmallService]:
    """Serve the pages on loopback under a name of it; the origin is known only when the port is."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    service.origin = f"http://{host}:{server.server_port}"
    server.app = service.make_app()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[SmallService]:
    opened = open_small_service(tmp_path / "small.db")
    with run_service(opened):
        yield opened
    opened.store.close()


@dataclass(slots=True)
class Visitor:
    """A browser, the language it asks for, and who sits there."""

    service: SmallService
    page: Page
    words: Words
    device: str

    def visit(self, path: str = "/home") -> None:
        self.page.goto(self.service.origin + path)

    def press(self, key: str) -> None:
        self.page.get_by_role("button", name=self.words(key), exact=True).first.click()

    def give_password(self, password: str = PASSWORD, name: str = "anna") -> None:
        self.page.fill("#name", name)
        self.page.fill("#password", password)
        self.press("sign_in.go_on")

    def give_code(self, code: str) -> None:
        self.page.fill("#code", code)
        self.press("sign_in.title")

    def sign_in(self) -> None:
        self.service.wait(seconds=30)
        self.visit()
        self.give_password()
        self.give_code(self.service.code())
        expect(self.page.locator("h1")).to_have_text(self.words("nav.stock"))

    def expect_title(self, key: str) -> None:
        expect(self.page.locator("h1")).to_have_text(self.words(key))

    def look(self, name: str) -> None:
        """See that nothing reaches beyond the screen, and keep a picture where wanted."""
        self.page.wait_for_load_state()  # a page that is on its way has no element yet
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= self.page.evaluate("innerWidth"), f"{name} is {wide} wide"
        assert find_faults(self.page) == [], name
        if PICTURES:
            path = Path(PICTURES) / f"{name}-{self.device}-{self.words.language}.png"
            self.page.screenshot(path=path, full_page=True)


@pytest.fixture(params=SIZES, ids=str)
def visitor(request: pytest.FixtureRequest, service: SmallService, new_page: Callable[..., Page]) -> Visitor:
    language, size = request.param
    return open_visitor(service, new_page, language, size)


@pytest.fixture
def english(service: SmallService, new_page: Callable[..., Page]) -> Visitor:
    return open_visitor(service, new_page, "en", DESKTOP)


def open_visitor(
    service: SmallService, new_page: Callable[..., Page], language: str, size: dict[str, int], **options: object
) -> Visitor:
    locale = {"zh": "zh-CN", "en": "en-GB"}[language]
    page = new_page(viewport=size, locale=locale, **options)
    page.set_default_timeout(10_000)
    return Visitor(service, page, load_words(TEXTS, language), "phone" if size is PHONE else "desktop")


def test_first_sign_in_has_a_password_chosen_and_a_second_factor_set_up(visitor: Visitor) -> None:
    page, words, service = visitor.page, visitor.words, visitor.service
    one_time = service.accounts.add("anna", [Role.KEEPER, Role.NIGHT_WATCH], by="test", language=words.language)
    visitor.visit("/stock")
    visitor.expect_title("sign_in.title")
    visitor.look("1-sign-in")
    visitor.give_password(one_time)
    visitor.expect_title("first.password_title")
    visitor.look("2-password")
    page.fill("#new", "too short")
    page.fill("#again", "too short")
    visitor.press("sign_in.go_on")
    expect(page.get_by_role("alert")).to_have_text(words("problem.password_short"))
    visitor.look("3-password-short")
    page.fill("#new", PASSWORD)
    page.fill("#again", PASSWORD)
    visitor.press("sign_in.go_on")
    visitor.expect_title("factor.title")
    visitor.visit("/stock")
    visitor.expect_title("factor.title")
    page.locator("summary").click()
    visitor.look("4-factor")
    service.secrets["anna"] = find_secret(page.content())
    page.fill("#code", service.wrong_code())
    visitor.press("factor.confirm")
    expect(page.get_by_role("alert")).to_have_text(words("problem.code_wrong"))
    assert find_secret(page.content()) == service.secrets["anna"]
    page.fill("#code", service.code())
    visitor.press("factor.confirm")
    visitor.expect_title("codes.title")
    expect(page.locator(".codes li")).to_have_count(10)
    visitor.look("5-recovery-codes")
    page.get_by_role("link", name=words("codes.kept")).click()
    visitor.expect_title("nav.stock")
    visitor.look("6-home")


def test_sign_in_own_account_and_sign_out(visitor: Visitor) -> None:
    page, words, service = visitor.page, visitor.words, visitor.service
    service.add("anna", Role.KEEPER)
    service.accounts.set_language("anna", words.language)
    visitor.visit("/account")
    visitor.give_password()
    visitor.expect_title("sign_in.code_title")
    visitor.look("7-code")
    visitor.give_code(service.wrong_code())
    expect(page.get_by_role("alert")).to_have_text(words("problem.sign_in_wrong"))
    visitor.look("8-code-wrong")
    visitor.give_code(service.code())
    visitor.expect_title("account.title")  # which was asked for before
    visitor.look("9-account")
    visitor.press("page.sign_out")
    visitor.expect_title("sign_in.title")
    visitor.visit("/account")
    visitor.expect_title("sign_in.title")


@pytest.mark.page_errors_expected
@pytest.mark.parametrize(("language", "size"), SIZES if PICTURES else SIZES[-1:])
def test_refusals_are_pages_in_words(
    service: SmallService, new_page: Callable[..., Page], language: str, size: dict[str, int]
) -> None:
    visitor = open_visitor(service, new_page, language, size)
    service.add("anna", Role.NIGHT_WATCH)
    service.accounts.set_language("anna", language)
    visitor.visit()
    for _ in range(6):
        visitor.visit("/sign-in")
        visitor.give_password("not her password")
    expect(visitor.page.get_by_role("alert")).to_have_text(
        visitor.words("problem.please_wait", wait=visitor.words.wait(1))
    )
    visitor.look("11-wait")
    service.wait(seconds=2)
    visitor.give_password()
    visitor.give_code(service.code())
    visitor.expect_title("account.title")
    visitor.visit("/stock")
    visitor.expect_title("fault.s403_title")
    visitor.visit("/nowhere")
    visitor.expect_title("fault.s404_title")
    visitor.look("12-fault")
    service.audit.is_down = True
    visitor.press("page.sign_out")
    visitor.expect_title("fault.s503_title")


def test_whoever_never_chose_reads_the_browsers_language_after_signing_in_too(
    service: SmallService, new_page: Callable[..., Page]
) -> None:
    service.add("anna", Role.KEEPER)
    service.accounts.set_language("anna", "")
    for language in ("en", "zh"):
        visitor = open_visitor(service, new_page, language, DESKTOP)
        visitor.sign_in()
        visitor.visit("/account")
        visitor.expect_title("account.title")


def test_language_is_the_browsers_and_then_the_accounts(english: Visitor) -> None:
    page, zh = english.page, load_words(TEXTS, "zh")
    english.service.add("anna", Role.KEEPER)
    english.visit("/account")
    page.get_by_role("button", name="中文").click()
    expect(page.locator("h1")).to_have_text(zh("sign_in.title"))
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    english.words = zh
    english.give_password()
    english.words = load_words(TEXTS, "en")
    page.fill("#code", english.service.code())
    page.locator("button.btn-primary").click()
    english.expect_title("account.title")  # the account's
    page.get_by_role("button", name="中文").click()
    expect(page.locator("h1")).to_have_text(zh("account.title"))
    account = english.service.accounts.find("anna")
    assert account
    assert account.language == "zh"


def test_session_on_another_device_is_seen_and_ended(english: Visitor, new_page: Callable[..., Page]) -> None:
    english.service.add("anna", Role.KEEPER)
    english.sign_in()
    other = open_visitor(english.service, new_page, "en", PHONE)
    other.sign_in()
    english.visit("/account")
    rows = english.page.locator(".list-group-item:has(form)")
    expect(rows).to_have_count(2)
    rows.filter(has_not_text=english.words("account.this_one")).get_by_role("button").click()
    expect(rows).to_have_count(1)
    other.visit()
    other.expect_title("sign_in.title")
    other.sign_in()
    english.visit("/account")
    english.press("account.everywhere")
    english.expect_title("sign_in.title")
    other.visit()
    other.expect_title("sign_in.title")


def test_password_and_second_factor_are_changed_by_their_holder(english: Visitor) -> None:
    page, words, service = english.page, english.words, english.service
    service.add("anna", Role.KEEPER)
    english.sign_in()
    english.visit("/account")
    page.get_by_role("link", name=words("account.change_password")).click()
    english.look("13-change-password")
    page.fill("#password", PASSWORD)
    page.fill("#new", "another lake, further north")
    page.fill("#again", "another lake, further north")
    english.press("account.change_password")
    expect(page.get_by_role("status")).to_have_text(words("done.password"))
    page.get_by_role("link", name=words("account.change_factor")).click()
    english.look("14-confirm")
    service.wait(seconds=30)
    page.fill("#password", "another lake, further north")
    page.fill("#code", service.code())
    english.press("sign_in.go_on")
    english.expect_title("factor.new_title")
    service.secrets["anna"] = find_secret(page.content())
    page.fill("#code", service.code())
    english.press("factor.confirm")
    english.expect_title("codes.title")
    english.press("page.sign_out")
    service.wait(seconds=30)
    english.give_password("another lake, further north")
    english.give_code(service.code())
    english.expect_title("nav.stock")


def test_keyboard_alone_is_enough_and_dark_is_dark(english: Visitor) -> None:
    page, service = english.page, english.service
    service.add("anna", Role.KEEPER)
    page.emulate_media(color_scheme="dark")
    english.visit()
    expect(page.locator("[name=name]")).to_be_focused()
    page.keyboard.type("Anna")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    english.expect_title("sign_in.code_title")
    expect(page.locator("[name=code]")).to_be_focused()
    page.keyboard.type(service.code())
    page.keyboard.press("Enter")
    english.expect_title("nav.stock")
    page.wait_for_load_state()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"
    english.visit("/account")
    english.look("15-dark")
    red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).map(Number)")[
        :3
    ]
    assert max(red, green, blue) < 80
