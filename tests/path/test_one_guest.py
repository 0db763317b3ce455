"""Steps 1 to 8 of the README's table, on the real processes, as the guest and the owner see it."""

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from drivers.sim.specimens import SPECIMENS
from tests.conftest import CHROMIUM_ARGS
from tests.path.demonstration import (
    Demonstration,
    answer_about_minor,
    check_in_at_the_screen,
    read_link,
    touch_room,
)

GUEST = SPECIMENS["li"]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def town(one_town: Demonstration) -> Demonstration:
    return one_town.at_counter(1)


def list_forms(text: str) -> list[bytes]:
    """Return the bytes as which a text may lie on a disk."""
    plain = text.encode()
    return [
        plain,
        text.encode("utf-16-le"),
        plain.hex().encode(),
        *(base64.b64encode(b" " * n + plain)[4:-4] for n in range(3)),
    ]


def find_text(folder: Path, text: str) -> list[str]:
    """Return the files below a folder that contain a text in one of its forms."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if any(form in path.read_bytes() for form in list_forms(text))]


@pytest.mark.timeout(180)
def test_card_becomes_a_receipt_and_the_guests_own_page(town: Demonstration, new_page: Callable[..., Page]) -> None:
    counter = new_page(locale="zh-CN")
    counter.goto(town.facts["counter"])
    expect(counter.locator("#band")).to_contain_text("演示")
    check_in_at_the_screen(counter, town, "li", "203")
    # The signed receipt arrives by itself, and only then the screen says received.
    expect(counter.locator("#slips .state.good")).to_be_visible(timeout=15_000)
    counter.click("#next")
    counter.click("#nav-house")
    row = counter.locator("#house-form tbody tr").filter(has_text=GUEST.name)
    expect(row.locator(".state.good .figure")).to_have_text(
        re.compile(r"^[0-9A-F]{4}(-[0-9A-F]{4}){3}$"), timeout=15_000
    )
    stay = row.locator("input[name=stays]").get_attribute("value")
    assert stay is not None
    link = read_link(counter, town.facts["counter"], stay)

    phone = new_page(locale="zh-CN", viewport=PHONE)
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(f"{request.url} {request.post_data or ''} {request.headers}"))
    phone.goto(link)
    phone.fill("#secret", GUEST.number)
    phone.click("#open")
    expect(phone.locator("#view")).to_have_attribute("data-view", "open", timeout=15_000)
    shown = phone.inner_text("body")
    for words in (GUEST.name, GUEST.number, "云溪客栈", "203", "演示", "已在本设备上对照您的凭条核对"):
        assert words in shown
    slip_key = link.partition("#")[2].split(".")[1]
    assert asked
    assert not any(slip_key in each or GUEST.number in each for each in asked)


@pytest.mark.timeout(180)
def test_guest_is_in_no_file_of_any_party_nor_in_the_browsers_profile(
    town: Demonstration, browser: Browser, chromium: str, tmp_path: Path
) -> None:
    # Not even private, as a kiosk's is: what the screen sends must not be kept in any case.
    profile = browser.browser_type.launch_persistent_context(
        str(tmp_path / "profile"), executable_path=chromium, args=CHROMIUM_ARGS, viewport={"width": 1280, "height": 800}
    )
    counter = profile.new_page()
    counter.goto(town.facts["counter"])
    check_in_at_the_screen(counter, town, "zhou", "101")
    counter.click("#next")
    counter.click("#nav-house")
    expect(counter.locator("#house-form")).to_contain_text(SPECIMENS["zhou"].name)
    profile.close()
    for secret in (SPECIMENS["zhou"].name, SPECIMENS["zhou"].number):
        assert find_text(town.folder, secret) == []
        assert find_text(tmp_path / "profile", secret) == []
    # The search itself works: what is public is found.
    assert find_text(town.folder, "云溪客栈") != []
    assert find_text(tmp_path / "profile", "127.0.0.1") != []


@pytest.mark.timeout(180)
def test_departed_guest_leaves_the_terminal_and_the_guest_page_says_so(
    town: Demonstration, new_page: Callable[..., Page]
) -> None:
    counter = new_page(locale="en-GB")
    counter.goto(town.facts["counter"])
    check_in_at_the_screen(counter, town, "wang", "302")
    expect(counter.locator("#slips .state.good")).to_be_visible(timeout=15_000)
    counter.click("#next")
    counter.click("#nav-house")
    row = counter.locator("#house-form tbody tr").filter(has_text=SPECIMENS["wang"].name)
    stay = row.locator("input[name=stays]").get_attribute("value")
    assert stay is not None
    link = read_link(counter, town.facts["counter"], stay)
    row.locator(f"#leave-{stay}").click()
    counter.click("#window button[type=submit], #window form button.primary")
    expect(row).to_have_count(0, timeout=15_000)
    expect(counter.locator("table.departed")).to_have_count(0, timeout=15_000)

    phone = new_page(locale="en-GB", viewport=PHONE)
    phone.goto(link)
    phone.fill("#secret", SPECIMENS["wang"].number)
    phone.click("#open")
    expect(phone.locator("#view")).to_have_attribute("data-view", "open", timeout=15_000)
    assert "302" in phone.inner_text("body")
    assert phone.locator("ol li").count() == 2


@pytest.mark.timeout(180)
def test_card_that_contradicts_itself_registers_nobody(town: Demonstration, new_page: Callable[..., Page]) -> None:
    counter = new_page(locale="en-GB")
    counter.goto(town.facts["counter"])
    before = counter.locator("#nav-house .badge").inner_text()
    town.put_card("wrong-check")
    expect(counter.locator("#alert .alert")).to_be_visible(timeout=15_000)
    assert counter.locator("#main .guest").count() == 0
    town.remove_card()
    counter.click("#failure-seen")
    expect(counter.locator("#alert .alert")).to_have_count(0)
    assert counter.locator("#nav-house .badge").inner_text() == before


@pytest.mark.timeout(180)
def test_next_card_can_lie_there_before_the_last_is_finished(
    town: Demonstration, new_page: Callable[..., Page]
) -> None:
    counter = new_page(locale="en-GB")
    counter.goto(town.facts["counter"])
    town.put_card("chen-mother")
    expect(counter.locator("#main .guest h1")).to_contain_text(SPECIMENS["chen-mother"].name, timeout=15_000)
    town.put_card("chen-son")
    waiting = counter.locator(".chip").filter(has_text=SPECIMENS["chen-son"].name)
    expect(waiting).to_have_count(1, timeout=15_000)
    touch_room(counter, "205")
    expect(counter.locator("#main .guest h1")).to_contain_text(SPECIMENS["chen-son"].name, timeout=15_000)
    touch_room(counter, "205")
    answer_about_minor(counter, SPECIMENS["chen-mother"].name)
    expect(counter.locator("#main .saved")).to_be_visible(timeout=15_000)
    town.remove_card()
