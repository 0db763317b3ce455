"""The counter of a house in Spain, in Spanish, in a real browser: what SES.HOSPEDAJES asks, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from drivers.sim.mrz_specimens import build_passport
from records.profile import load_profile
from terminal.screen.texts import load_words
from terminal.store import DeliveryState
from tests.browser.test_destinations import Alone, alone, quick_settling
from tests.browser.test_screen import keep_picture, settle, touch

__all__ = ["alone", "quick_settling"]

IN_SPAIN = pytest.mark.parametrize("alone", ["es"], indirect=True)
NAME = "SES.HOSPEDAJES"
GIVEN = ("CARL", "EVA", "MAX", "LISA")
FAMILY = (
    build_passport("STEARNE<<CARL", "D23145890", "800102", "M"),
    build_passport("STEARNE<<EVA", "D23145891", "820304", "F"),
    build_passport("STEARNE<<MAX", "D23145892", "150506", "M"),
    build_passport("STEARNE<<LISA", "D23145893", "180708", "F"),
)


def answer_abroad(page: Page) -> None:
    """Answer as the first of a booking: state searched, one contact, one payment."""
    page.fill("#asked-residence_state", "fran")
    page.click("#found-residence_state button >> nth=0")
    for name, text in {"postcode": "69001", "place": "Lyon", "street": "1 rue de la Paix"}.items():
        page.fill(f"#asked-residence_{name}", text)
    page.fill("#asked-phone", "+33 612 345 678")
    page.click("label:has(#asked-payment_kind-EFECT)")


@IN_SPAIN
def test_family_of_four_is_registered_in_spanish_with_one_touch_for_each_child(
    alone: Alone, page: Page, tmp_path: Path
) -> None:
    words = alone.words
    expect(page.locator("html")).to_have_attribute("lang", "es")
    alone.scan(*FAMILY)
    for n, given in enumerate(GIVEN):
        expect(page.locator("#main h1")).to_contain_text(given)
        touch(page, "#room-1")
        if n >= 2:
            touch(page, "#minor-yes")
        expect(page.locator(".asked-form h1")).to_contain_text("STEARNE")
        if n == 0:
            touch(page, "#asked-yes")
            expect(page.locator("dialog")).to_contain_text(words("remedy.asked_incomplete"))
            answer_abroad(page)
        else:
            expect(page.locator("#asked-residence_street")).to_have_value("1 rue de la Paix")
            expect(page.locator("#asked-payment_kind-EFECT")).to_be_checked()
        if n >= 2:
            touch(page, "label:has(#asked-kinship-HJ)")
        settle(page)
        keep_picture(page, tmp_path, f"asked-{n}")
        touch(page, "#asked-yes")
        expect(page.locator("#window dialog")).to_have_count(0)
    touch(page, "#next")
    touch(page, "#nav-told")
    touch(page, "#send-now")
    expect(page.locator(".told-empty")).to_contain_text(words("service.none"))
    assert sorted(line.split()[0] for line in alone.simulator.service.list_told()) == sorted(GIVEN)
    touch(page, "#nav-house")
    expect(page.locator("td .state.good")).to_have_count(4)
    expect(page.locator("button[id^=open-]").first).to_be_in_viewport()
    settle(page)
    keep_picture(page, tmp_path, "house")
    for language in ("zh", "en", "es"):
        touch(page, f"#language-{language}")
        expect(page.locator("td .state.good").first).to_contain_text(load_words(language, NAME)("delivery.received"))
        touch(page, "#nav-notice")
        expect(page.locator("dialog")).to_contain_text(load_profile("es").kept[language])
        settle(page)
        keep_picture(page, tmp_path, f"notice-{language}")
        touch(page, "#window-close")


@IN_SPAIN
def test_resident_of_spain_chooses_the_municipality_by_name(alone: Alone, page: Page, tmp_path: Path) -> None:
    alone.scan(FAMILY[0])
    touch(page, "#room-2")
    expect(page.locator("#asked-residence_municipality")).to_be_hidden()
    page.fill("#asked-residence_state", "西班牙")
    page.click("#found-residence_state button >> nth=0")
    expect(page.locator("#asked-residence_place")).to_be_hidden()
    page.fill("#asked-residence_municipality", "a coru")
    page.click("#found-residence_municipality button >> nth=0")
    expect(page.locator("#asked-residence_municipality")).to_have_value("A Coruña (A Coruña)")
    page.fill("#asked-residence_postcode", "28001")
    page.fill("#asked-residence_street", "Calle Real 1")
    page.fill("#asked-email", "carl@example.es")
    page.click("label:has(#asked-payment_kind-TARJT)")
    touch(page, "#asked-yes")
    # The postal code is of another province.
    expect(page.locator("#say-residence_postcode")).to_have_text(alone.words("asked_finding.wrong_form"))
    settle(page)
    keep_picture(page, tmp_path, "spain")
    page.fill("#asked-residence_postcode", "15001")
    touch(page, "#asked-yes")
    expect(page.locator("#window dialog")).to_have_count(0)


@IN_SPAIN
def test_refused_guest_is_put_right_in_spanish(alone: Alone, page: Page, tmp_path: Path) -> None:
    words = alone.words
    first, second = FAMILY[1].split("\n")
    # A passport of Utopia for a national of France is no specimen to the simulator: it refuses her.
    alone.scan(FAMILY[0], f"{first}\n{second[:10]}FRA{second[13:]}")
    for n in range(2):
        expect(page.locator("#main h1")).to_contain_text(GIVEN[n])
        touch(page, "#room-3")
        expect(page.locator(".asked-form h1")).to_contain_text("STEARNE")
        if n == 0:
            answer_abroad(page)
        touch(page, "#asked-yes")
        expect(page.locator("#window dialog")).to_have_count(0)
    touch(page, "#next")
    touch(page, "#nav-told")
    touch(page, "#send-now")
    expect(page.locator("td .state.act")).to_contain_text(words("delivery.refused"))
    expect(page.locator("td .state.act")).to_contain_text(words("service_code.ses_hospedajes_communication"))
    for language in ("zh", "en", "es"):
        touch(page, f"#language-{language}")
        other = load_words(language, NAME)
        expect(page.locator("td .state.act")).to_contain_text(other("service_code.ses_hospedajes_communication"))
        settle(page)
        keep_picture(page, tmp_path, f"refused-{language}")
    assert alone.list_states() == [DeliveryState.WAITING, DeliveryState.REFUSED]
    touch(page, "#nav-house")
    touch(page, "button[id^=open-] >> nth=1")
    touch(page, "#choose-correct")
    touch(page, "#correct-guest")
    alone.scan(FAMILY[1])
    touch(page, "button[id^=right-]")
    expect(page.locator("#window dialog")).to_have_count(0)
    touch(page, "#nav-told")
    expect(page.locator(".told-empty")).to_be_visible()
    assert alone.list_states() == [DeliveryState.ACCEPTED] * 2
    assert len(alone.simulator.service.list_told()) == 2


@IN_SPAIN
def test_paper_says_in_three_languages_what_was_told_and_shows_its_code(
    alone: Alone, page: Page, tmp_path: Path
) -> None:
    alone.scan(FAMILY[0])
    touch(page, "#room-4")
    answer_abroad(page)
    touch(page, "#asked-yes")
    expect(page.locator("#window dialog")).to_have_count(0)
    touch(page, "#nav-told")
    touch(page, "#send-now")
    expect(page.locator(".told-empty")).to_be_visible()
    (stay,) = [row.stay for row in alone.parts.service_desk.parts.queue.list_rows(frozenset(DeliveryState))]
    page.goto(f"{alone.origin}/slip/{stay}/print")
    paper = page.locator("article")
    for text in ("STEARNE", "1 rue de la Paix", "Efectivo", "Francia", alone.words("slip.told")):
        expect(paper).to_contain_text(text)
    for language in ("zh", "en", "es"):
        assert page.locator(f"section[lang={language}]").count() == 1
    code = page.locator("article .figure", has_text="-").first.inner_text()
    assert len(code) == 36
    page.screenshot(path=tmp_path / "paper.png", full_page=True)
