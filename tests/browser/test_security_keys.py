"""Security keys in a real browser, whose keys are Chromium's own virtual authenticators."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.test_sign_in import DESKTOP, PHONE, SIZES, Visitor, open_visitor, run_service
from tests.service.small_service import PASSWORD, Role, SmallService, find_secret, open_small_service

OPTIONS = {
    "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "usb", "hasResidentKey": True,
    "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def service(tmp_path: Path) -> Iterator[SmallService]:
    opened = open_small_service(tmp_path / "small.db")
    with run_service(opened, "localhost"):
        yield opened
    opened.store.close()


@dataclass(slots=True)
class KeyRing:
    """The virtual keys of one page."""

    line: CDPSession

    def plug_in(self, **options: Any) -> str:
        made = self.line.send("WebAuthn.addVirtualAuthenticator", {"options": OPTIONS | options})
        return str(made["authenticatorId"])

    def pull_out(self, key: str) -> None:
        self.line.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": key})

    def read(self, key: str) -> dict[str, Any]:
        (credential,) = self.line.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]
        return dict(credential)

    def write(self, key: str, credential: dict[str, Any]) -> None:
        self.line.send("WebAuthn.addCredential", {"authenticatorId": key, "credential": credential})


def open_ring(page: Page) -> KeyRing:
    line = page.context.new_cdp_session(page)
    line.send("WebAuthn.enable")
    return KeyRing(line)


@pytest.fixture(params=SIZES, ids=str)
def visitor(request: pytest.FixtureRequest, service: SmallService, new_page: Callable[..., Page]) -> Visitor:
    language, size = request.param
    return open_visitor(service, new_page, language, size)


@pytest.fixture
def english(service: SmallService, new_page: Callable[..., Page]) -> Visitor:
    return open_visitor(service, new_page, "en", DESKTOP)


def confirm(visitor: Visitor) -> None:
    visitor.service.wait(seconds=30)
    visitor.page.fill("#password", PASSWORD)
    visitor.page.fill("#code", visitor.service.code())
    visitor.press("sign_in.go_on")


def add_key(visitor: Visitor, title: str) -> None:
    visitor.visit("/account")
    visitor.page.get_by_role("link", name=visitor.words("confirm.title_key")).click()
    confirm(visitor)
    visitor.page.fill("#key-title", title)
    visitor.press("keys.add_now")


def sign_in_with_key(visitor: Visitor) -> None:
    visitor.visit("/sign-in?next=/account")
    visitor.give_password()
    visitor.press("keys.use")


def test_key_is_added_named_used_and_removed(visitor: Visitor) -> None:
    page, words, service = visitor.page, visitor.words, visitor.service
    ring = open_ring(page)
    key = ring.plug_in()
    service.add("anna", Role.KEEPER)
    service.accounts.set_language("anna", words.language)
    visitor.sign_in()
    visitor.visit("/account")
    page.get_by_role("link", name=words("confirm.title_key")).click()
    visitor.look("keys-1-confirm")
    confirm(visitor)
    expect(page.locator("#key-title")).to_be_visible()
    visitor.look("keys-2-new")
    page.fill("#key-title", "钥匙圈 key ring")
    visitor.press("keys.add_now")
    expect(page.get_by_role("status")).to_have_text(words("done.key"))
    expect(page.locator(".own-key")).to_contain_text("钥匙圈 key ring")
    visitor.look("keys-3-account")
    page.get_by_text(words("keys.rename"), exact=True).click()
    page.get_by_label(words("keys.title")).fill("desk 3")
    visitor.press("keys.save")
    expect(page.locator(".own-key")).to_contain_text("desk 3")
    visitor.press("page.sign_out")
    visitor.visit("/account")
    visitor.give_password()
    expect(page.get_by_role("button", name=words("keys.use"))).to_be_visible()
    visitor.look("keys-4-sign-in")
    visitor.press("keys.use")
    visitor.expect_title("account.title")
    page.get_by_role("link", name=words("keys.remove"), exact=True).click()
    visitor.look("keys-5-remove")
    confirm(visitor)
    expect(page.get_by_role("status")).to_have_text(words("done.key_removed"))
    visitor.press("page.sign_out")
    sign_in_with_key(visitor)
    expect(page.get_by_role("alert")).to_have_text(words("problem.sign_in_wrong"))
    visitor.look("keys-6-refused")
    assert ring.read(key)["signCount"] > 0


def test_account_lives_with_a_key_alone_from_its_first_sign_in(english: Visitor) -> None:
    page, words, service = english.page, english.words, english.service
    open_ring(page).plug_in()
    one_time = service.accounts.add("anna", [Role.KEEPER], by="test", language="en")
    english.visit("/account")
    english.give_password(one_time)
    page.fill("#new", PASSWORD)
    page.fill("#again", PASSWORD)
    english.press("sign_in.go_on")
    page.get_by_text(words("keys.instead")).click()
    english.look("keys-7-first")
    page.fill("#key-title", "desk 3")
    english.press("keys.add_now")
    english.expect_title("codes.title")
    english.press("page.sign_out")
    sign_in_with_key(english)
    english.expect_title("account.title")
    # An app beside it, confirmed by the key; then the app goes again.
    page.get_by_role("link", name=words("account.add_app")).click()
    page.fill("#password", PASSWORD)
    english.press("keys.use")
    expect(page.get_by_role("img", name=words("factor.qr"))).to_be_visible()
    service.secrets["anna"] = find_secret(page.content())
    page.fill("#code", service.code())
    english.press("factor.confirm")
    english.expect_title("codes.title")
    english.visit("/account")
    page.get_by_role("link", name=words("account.remove_app")).click()
    english.look("keys-8-remove-app")
    page.fill("#password", PASSWORD)
    english.press("keys.use")
    expect(page.get_by_role("status")).to_have_text(words("done.app_removed"))
    account = service.accounts.find("anna")
    assert account is not None
    assert (account.has_app, account.keys) == (False, 1)


def test_copy_of_a_key_is_found_and_key_of_another_site_is_not_offered(
    english: Visitor, new_page: Callable[..., Page]
) -> None:
    page, words, service = english.page, english.words, english.service
    ring = open_ring(page)
    key = ring.plug_in()
    service.add("anna", Role.KEEPER)
    english.sign_in()
    add_key(english, "desk 3")
    expect(page.get_by_role("status")).to_have_text(words("done.key"))
    copied = ring.read(key)
    thief = open_visitor(service, new_page, "en", PHONE)
    his = open_ring(thief.page)
    his.write(his.plug_in(), copied)
    sign_in_with_key(thief)
    thief.expect_title("account.title")
    english.press("page.sign_out")
    sign_in_with_key(english)
    expect(page.get_by_role("alert")).to_have_text(words("problem.security_key_suspected"))
    english.look("keys-9-suspected")
    ring.pull_out(key)
    elsewhere = {**copied, "rpId": "example.com"}
    ring.write(ring.plug_in(), elsewhere)
    sign_in_with_key(english)
    expect(page.locator("[data-failed]")).to_be_visible(timeout=20_000)
    english.look("keys-10-failed")


def test_key_without_a_pin_or_one_that_can_be_copied_is_not_taken(english: Visitor) -> None:
    page, words, service = english.page, english.words, english.service
    ring = open_ring(page)
    key = ring.plug_in(defaultBackupEligibility=True)
    service.add("anna", Role.KEEPER)
    english.sign_in()
    add_key(english, "phone")
    expect(page.get_by_role("alert")).to_have_text(words("problem.security_key_copied"))
    english.look("keys-11-copied")
    ring.pull_out(key)
    ring.plug_in(hasUserVerification=False, isUserVerified=False)
    english.press("keys.add_now")
    expect(page.locator("[data-failed]")).to_be_visible(timeout=20_000)
    assert service.accounts.keys.list_of("anna") == []
