"""Families at a Czech and a Croatian counter, each in the language of the place; beside `test_destinations`."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from drivers.sim.mrz_specimens import build_passport
from terminal.store import DeliveryState
from tests.browser.test_destinations import FAMILY, Alone, alone
from tests.browser.test_screen import keep_picture, quick_settling, settle, touch

__all__ = ["alone", "quick_settling"]

IN_CZECHIA = pytest.mark.parametrize("alone", ["cz"], indirect=True)
IN_CROATIA = pytest.mark.parametrize("alone", ["hr"], indirect=True)
GIVEN = ("KARL JOHAN", "EVA", "ELSA", "NILS")
# A specimen of Utopia all the same; no check digit covers the nationality.
CZECH = re.sub(r"(?m)^(U0{6}31.)UTO", r"\1CZE", build_passport("DVORAK<<JIRI", "U00000031", "810305", "M"))


def open_form(page: Page, n: int, room: str = "#room-1") -> None:
    """Touch the room for the n-th of a family, a minor from the third on."""
    expect(page.locator("#main h1")).to_contain_text(GIVEN[n])
    touch(page, room)
    if n >= 2:
        touch(page, "#minor-yes")
    expect(page.locator(".asked-form h1")).to_contain_text("LINDGREN")
    settle(page)


def register(page: Page) -> None:
    touch(page, "#asked-yes")
    expect(page.locator("#window dialog")).to_have_count(0)


@IN_CZECHIA
def test_family_of_four_is_received_with_one_receipt_in_czech(alone: Alone, page: Page, tmp_path: Path) -> None:
    words = alone.words
    expect(page.locator("html")).to_have_attribute("lang", "cs")
    alone.scan(*FAMILY)
    for n in range(4):
        open_form(page, n)
        keep_picture(page, tmp_path, f"cz-asked-{n}")
        if n:  # one address for the whole family, answered once
            expect(page.locator("#asked-home_address")).to_have_value("Hlavní 1, Utopie")
        page.fill("#asked-home_address", "Hlavní 1, Utopie")
        expect(page.locator("#asked-stay_purpose-99")).to_be_checked()
        register(page)
    expect(page.locator(".slip .state.wait").first).to_contain_text(words("delivery.saved"))
    settle(page)
    keep_picture(page, tmp_path, "cz-saved")
    touch(page, "#next")
    touch(page, "#nav-told")
    settle(page)
    keep_picture(page, tmp_path, "cz-told")
    touch(page, "#send-now")
    expect(page.locator(".told-empty")).to_contain_text(words("service.none"))
    keep_picture(page, tmp_path, "cz-received")
    assert len(alone.simulator.service.list_told()) == 4
    expect(page.locator(".receipts a")).to_have_count(1)
    page.click(".receipts a")
    receipt = page.locator("iframe").get_attribute("src")
    assert page.request.get(f"{alone.origin}{receipt}").body().startswith(b"%PDF-")


@IN_CZECHIA
def test_refused_record_is_put_right_in_czech(alone: Alone, page: Page, tmp_path: Path) -> None:
    words = alone.words
    alone.scan(FAMILY[0])
    open_form(page, 0, "#room-2")
    page.fill("#asked-home_address", "12345")  # a rule that the manual does not print
    register(page)
    touch(page, "#nav-told")
    touch(page, "#send-now")
    expect(page.locator("td .state.act")).to_contain_text(words("delivery.refused"))
    expect(page.locator("td .quote")).to_contain_text("Bydliště je nekorektní")
    expect(page.locator("td .state.act")).to_contain_text(words("asked.home_address"))
    settle(page)
    keep_picture(page, tmp_path, "cz-refused")
    touch(page, "button[id^=right-]")
    page.fill("#asked-home_address", "Hlavní 1, Utopie")
    settle(page)
    keep_picture(page, tmp_path, "cz-put-right")
    touch(page, "#asked-yes")
    expect(page.locator(".told-empty")).to_be_visible()
    assert alone.list_states() == [DeliveryState.ACCEPTED]
    assert len(alone.simulator.service.list_told()) == 1


@IN_CZECHIA
def test_czech_citizen_is_not_told_and_the_screen_says_so(alone: Alone, page: Page, tmp_path: Path) -> None:
    alone.scan(CZECH)
    expect(page.locator("#main h1")).to_contain_text("JIRI")
    touch(page, "#room-3")
    expect(page.locator(".slip")).to_contain_text(alone.words("delivery.not_due"))
    settle(page)
    keep_picture(page, tmp_path, "cz-citizen")
    touch(page, "#nav-told")
    expect(page.locator(".told-empty")).to_be_visible()
    assert alone.list_states() == []


@IN_CZECHIA
def test_what_ubyport_may_have_is_left_to_a_person(alone: Alone, page: Page, tmp_path: Path) -> None:
    alone.simulator.faults.append("lost")
    alone.scan(FAMILY[0])
    open_form(page, 0)
    page.fill("#asked-home_address", "Hlavní 1, Utopie")
    register(page)
    touch(page, "#nav-told")
    touch(page, "#send-now")
    expect(page.locator("td .state.act")).to_contain_text(alone.words("unverified_text.ubyport"))
    settle(page)
    keep_picture(page, tmp_path, "cz-unverified")
    touch(page, "button[id^=not-there-]")  # sent again: refused as a duplicate, which proves that it was taken
    expect(page.locator(".told-empty")).to_be_visible()
    assert alone.list_states() == [DeliveryState.ACCEPTED]
    assert len(alone.simulator.service.list_told()) == 1


@IN_CROATIA
def test_family_of_four_is_checked_in_in_croatian(alone: Alone, page: Page, tmp_path: Path) -> None:
    words = alone.words
    expect(page.locator("html")).to_have_attribute("lang", "hr")
    alone.scan(*FAMILY)
    for n in range(4):
        open_form(page, n)
        page.fill("#asked-birth_town", "Amaurot")
        if n:
            expect(page.locator("#asked-home_town")).to_have_value("Amaurot")
        page.fill("#asked-home_town", "Amaurot")
        expect(page.locator("#asked-tax_category-" + ("14" if n < 2 else "1"))).to_be_checked()
        keep_picture(page, tmp_path, f"hr-asked-{n}")
        register(page)
    settle(page)
    keep_picture(page, tmp_path, "hr-saved")
    touch(page, "#nav-told")
    settle(page)
    if page.locator("#send-now").count():
        touch(page, "#send-now")
    expect(page.locator(".told-empty")).to_contain_text(words("service.none"))
    keep_picture(page, tmp_path, "hr-received")
    assert len(alone.simulator.service.list_told()) == 4


@IN_CROATIA
def test_refused_record_is_put_right_in_croatian(alone: Alone, page: Page, tmp_path: Path) -> None:
    words = alone.words
    alone.scan(FAMILY[0])
    open_form(page, 0, "#room-2")
    page.fill("#asked-birth_town", "Amaurot")
    page.fill("#asked-home_town", "Amaurot")
    page.check("#asked-tax_category-1", force=True)  # a child's category for a man of forty
    register(page)
    touch(page, "#nav-told")
    expect(page.locator("td .state.act")).to_contain_text(words("delivery.refused"))
    expect(page.locator("td .state.act")).to_contain_text(words("service_code.evisitor_category"))
    expect(page.locator("td .quote")).to_contain_text("ne odgovara dobi turista")
    settle(page)
    keep_picture(page, tmp_path, "hr-refused")
    touch(page, "button[id^=right-]")
    settle(page)
    page.check("#asked-tax_category-14", force=True)
    keep_picture(page, tmp_path, "hr-put-right")
    touch(page, "#asked-yes")
    expect(page.locator(".told-empty")).to_be_visible()
    assert alone.list_states() == [DeliveryState.ACCEPTED]
    assert len(alone.simulator.service.list_told()) == 1


@IN_CROATIA
def test_border_is_asked_of_residents_of_other_states(alone: Alone, page: Page, tmp_path: Path) -> None:
    alone.scan(FAMILY[0])
    open_form(page, 0)
    page.fill("#asked-birth_town", "Amaurot")
    page.fill("#asked-home_town", "Tokyo")
    border = page.locator("[data-field=border_crossing]")
    expect(border).to_be_hidden()
    expect(page.locator("[data-field=agency]")).to_be_hidden()
    page.fill("#asked-residence_state", "Japa")
    page.click("#found-residence_state button >> nth=0")
    expect(border).to_be_visible()
    entered = alone.parts.service_desk.parts.desk.clock.now().date() - timedelta(days=1)
    page.check("#asked-border_crossing-B01", force=True)
    page.fill("#asked-passage_day", f"{entered:%d.%m.%Y}")
    keep_picture(page, tmp_path, "hr-border")
    register(page)
    alone.wait_for(lambda: alone.list_states() == [DeliveryState.ACCEPTED])
    (stay,) = alone.simulator.service.stays.values()  # type: ignore[attr-defined]
    assert (stay.body["BorderCrossingHr"], stay.body["PassageDate"]) == ("B01", f"{entered:%Y%m%d}")
