"""A stay from check-in to check-out at the real terminal, and what the guest's page then shows of each change."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from drivers.sim.specimens import SPECIMENS
from tests.path.demonstration import (
    Demonstration,
    check_in_at_the_screen,
    read_link,
    touch_room,
    wait_for_rest,
)

PHONE = {"width": 390, "height": 844}
WRONG, RIGHT, UNDONE = SPECIMENS["wang"], SPECIMENS["li"], SPECIMENS["zhou"]


@pytest.fixture
def town(one_town: Demonstration) -> Demonstration:
    return one_town.at_counter(3)


def touch(counter: Page, selector: str) -> None:
    """Touch something, once the screen takes touches."""
    wait_for_rest(counter)
    counter.click(selector)


def change(counter: Page, stay: str, *choices: str) -> None:
    """Open the window of a guest's row and touch one choice after the other; the window closes with the last."""
    for selector in (f"#open-{stay}", *choices):
        touch(counter, selector)
    expect(counter.get_by_role("dialog")).to_have_count(0, timeout=15_000)


def find_row(counter: Page, name: str) -> Locator:
    return counter.locator("#house-form table:not(.departed) tbody tr").filter(has_text=name)


def open_slip(phone: Page, link: str, number: str) -> None:
    """Open the guest page as the guest does."""
    phone.goto("about:blank")
    phone.goto(link)
    phone.fill("#secret", number)
    phone.click("#open")


@pytest.mark.timeout(240)
def test_moved_extended_corrected_and_checked_out_as_the_guest_sees_it(
    town: Demonstration, new_page: Callable[..., Page]
) -> None:
    counter = new_page(locale="en-GB")
    counter.goto(town.facts["counter"])
    check_in_at_the_screen(counter, town, "wang", "A1")
    touch(counter, "#next")
    touch(counter, "#nav-house")
    stay = find_row(counter, WRONG.name).locator("input[name=stays]").get_attribute("value")
    assert stay is not None
    link = read_link(counter, town.facts["counter"], stay)

    change(counter, stay, "#choose-move", "button.room[value='B2']")
    expect(counter.locator(f"tr:has(#open-{stay}) .in-room")).to_have_text("B2")
    change(counter, stay, "#choose-extend", "#more", "#day-yes")
    touch(counter, f"#open-{stay}")
    touch(counter, "#choose-correct")
    touch(counter, "#correct-guest")
    town.put_card("li")
    touch(counter, ".documents button")
    expect(counter.get_by_role("dialog")).to_have_count(0, timeout=15_000)
    town.remove_card()
    row = find_row(counter, RIGHT.name)
    expect(row.locator(".state.good")).to_be_visible(timeout=15_000)

    phone = new_page(locale="en-GB", viewport=PHONE)
    open_slip(phone, link, WRONG.number)
    expect(phone.locator("#error, [role=alert]").first).to_be_visible(timeout=15_000)
    open_slip(phone, link, RIGHT.number)
    expect(phone.locator("#view")).to_have_attribute("data-view", "open", timeout=15_000)
    shown = phone.inner_text("body")
    assert RIGHT.number in shown
    assert "B2" in shown
    assert not any(each in shown for each in (WRONG.name, WRONG.number, "Arrival"))
    # Check-in, move and extension held the wrong number: three corrections stand in their place.
    assert [each.split("\n")[0] for each in phone.locator("ol li").all_inner_texts()] == ["Corrected"] * 3

    touch(counter, f"#leave-{stay}")
    touch(counter, "#leave-yes")
    expect(counter.locator("table.departed")).to_have_count(0, timeout=15_000)
    expect(find_row(counter, RIGHT.name)).to_have_count(0)
    open_slip(phone, link, RIGHT.number)
    expect(phone.locator("#view")).to_have_attribute("data-view", "open", timeout=15_000)
    assert "not yet" not in phone.inner_text("body")
    assert phone.locator("ol li").count() == 4


@pytest.mark.timeout(180)
def test_undone_check_in_waits_again_and_its_slip_says_it_was_cancelled(
    town: Demonstration, new_page: Callable[..., Page]
) -> None:
    counter = new_page(locale="zh-CN")
    counter.goto(town.facts["counter"])
    check_in_at_the_screen(counter, town, "zhou", "A2")
    touch(counter, "#print")
    link = counter.locator(".link").inner_text().strip()
    counter.click("#back")
    touch(counter, "#undo")
    expect(counter.locator("#main .guest h1")).to_contain_text(UNDONE.name, timeout=15_000)
    touch_room(counter, "A3")
    expect(counter.locator("#slips .state.good")).to_be_visible(timeout=15_000)

    phone = new_page(locale="zh-CN", viewport=PHONE)
    open_slip(phone, link, UNDONE.number)
    expect(phone.locator("#cancelled")).to_have_text("此登记已在前台撤销：这次住宿没有发生。", timeout=15_000)
    assert "尚未离开" not in phone.inner_text("body")
