"""A passport's way on the real processes: keys of a scanner, a guest, green, a receipt, the guest's own page."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from drivers.sim.mrz_specimens import PRINTED_SPECIMENS
from tests.browser.scanner_keys import press_keys
from tests.path.demonstration import Demonstration, read_link, touch_room, wait_for_rest

LINES = PRINTED_SPECIMENS["eriksson"].text.split("\n")
NUMBER, NAME = "L898902C3", "ERIKSSON ANNA MARIA"


@pytest.fixture
def town(one_town: Demonstration) -> Demonstration:
    return one_town.at_counter(2)


@pytest.mark.timeout(180)
def test_scanned_passport_becomes_a_receipt_and_the_guests_own_page(
    town: Demonstration, new_page: Callable[..., Page]
) -> None:
    counter = new_page(locale="en-GB")
    counter.goto(town.facts["counter"])
    wait_for_rest(counter)
    press_keys(counter, "\n".join(LINES) + "\n")
    expect(counter.locator("#main .guest h1")).to_contain_text(NAME, timeout=15_000)
    expect(counter.locator("#main .guest")).not_to_contain_text(NUMBER)
    touch_room(counter, "204")
    expect(counter.locator("#main .saved")).to_be_visible(timeout=15_000)
    expect(counter.locator("#slips .state.good")).to_be_visible(timeout=15_000)
    counter.click("#next")
    counter.click("#nav-house")
    row = counter.locator("#house-form tbody tr").filter(has_text=NAME)
    stay = row.locator("input[name=stays]").get_attribute("value")
    assert stay is not None
    link = read_link(counter, town.facts["counter"], stay)

    phone = new_page(locale="en-GB", viewport={"width": 390, "height": 844})
    phone.goto(link)
    phone.fill("#secret", NUMBER.lower())
    phone.click("#open")
    expect(phone.locator("#view")).to_have_attribute("data-view", "open", timeout=15_000)
    shown = phone.inner_text("body")
    for words in (NAME, NUMBER, "204", "from the printed lines", "passport"):
        assert words.lower() in shown.lower()
    kept = b"".join(path.read_bytes() for path in Path(town.folder).rglob("*") if path.is_file())
    assert not [mark for mark in (NAME, NUMBER, *LINES) if mark.encode() in kept]


@pytest.mark.timeout(120)
def test_scan_that_is_refused_says_so_and_leaves_nobody(town: Demonstration, new_page: Callable[..., Page]) -> None:
    counter = new_page(locale="en-GB")
    counter.goto(town.facts["counter"])
    wait_for_rest(counter)
    for specimen in ("misread-digit", "icao-visa"):
        counter.click("#cards")
        wait_for_rest(counter)
        counter.click(f"#scan-{specimen}")
        expect(counter.locator("#alert .alert")).to_be_visible(timeout=15_000)
        expect(counter.locator("#main .guest")).to_have_count(0)
        wait_for_rest(counter)
        counter.click("#failure-seen")
        wait_for_rest(counter)


def open_as_guest(phone: Page, link: str, *, number: str = "", birth: str = "") -> str:
    """Open the guest page with the number, or without one with the birth date. Return what it shows."""
    phone.goto("about:blank")
    phone.goto(link)
    if birth:
        phone.click("#other")
    phone.fill("#secret", number or birth)
    phone.click("#open")
    expect(phone.locator("#view")).to_have_attribute("data-view", "open", timeout=15_000)
    return phone.inner_text("body")


def choose(counter: Page, *selectors: str) -> None:
    """Touch one thing after the other."""
    for selector in selectors:
        wait_for_rest(counter)
        counter.click(selector)
    wait_for_rest(counter)


def take_typed(counter: Page, fields: dict[str, str], *radios: str) -> None:
    """Fill in the form and take the guest."""
    for name, text in fields.items():
        counter.fill(f"#typed-{name}", text)
    for radio in radios:
        counter.check(f"#typed-{radio}", force=True)
    choose(counter, "#type-yes")


def read_stay(counter: Page, town: Demonstration, name: str) -> tuple[str, str]:
    """Wait for the receipt. Return the stay and the link of its slip."""
    expect(counter.locator("#slips .state.good")).to_be_visible(timeout=15_000)
    choose(counter, "#next", "#nav-house")
    row = counter.locator("#house-form tbody tr").filter(has_text=name)
    expect(row.locator(".typed")).to_be_visible()
    stay = row.locator("input[name=stays]").get_attribute("value") or ""
    return stay, read_link(counter, town.facts["counter"], stay)


@pytest.mark.timeout(180)
def test_typed_passport_and_the_child_beside_it_reach_their_own_pages(
    town: Demonstration, new_page: Callable[..., Page]
) -> None:
    counter, phone = new_page(locale="en-GB"), new_page(locale="en-GB", viewport={"width": 390, "height": 844})
    counter.goto(town.facts["counter"])
    choose(counter, "#language", "#type", "#because-damaged", "#kind-414")
    passport = {"surname": "Typewright", "given": "Nora", "number": "U00000066", "birth_date": "5 MAY 1985"}
    passport |= {"issuing_state": "CHE", "nationality": "UTO", "valid_until": "2040-01-01"}
    take_typed(counter, passport, "shown-document", "sex-2")
    expect(counter.locator("dialog .refusal")).to_contain_text("not a specimen", timeout=15_000)
    take_typed(counter, {"issuing_state": "Utopia (specimen)"})
    expect(counter.locator("#main .guest .typed")).to_be_visible(timeout=15_000)
    touch_room(counter, "202")
    adult, link = read_stay(counter, town, "TYPEWRIGHT NORA")
    shown = open_as_guest(phone, link, number="u000 00066")
    for words in ("TYPEWRIGHT NORA", "U00000066", "202", "typed by hand", "it is damaged", "the document itself"):
        assert words in shown

    choose(counter, "#nav-desk", "#type", "#because-no_document", f"#adult-{adult}")
    child = {"surname": "Typewright", "given": "Pim", "birth_date": "2019-02-03", "nationality": "UTO"}
    take_typed(counter, child, "shown-nothing", "sex-1")
    touch_room(counter, "202")
    choose(counter, "#join-yes")
    for name, text in {"guardian_name": "Nora Typewright", "phone": "+99 0100 200300"}.items():
        counter.fill(f"#typed-{name}", text)
    counter.check("#typed-relation-parent", force=True)
    choose(counter, "#minor-yes")
    _, link = read_stay(counter, town, "TYPEWRIGHT PIM")
    shown = open_as_guest(phone, link, birth="2019-02-03")
    for words in ("TYPEWRIGHT PIM", "No document", "there was no document", "Nora Typewright", "+99 0100 200300"):
        assert words in shown
    kept = b"".join(path.read_bytes() for path in Path(town.folder).rglob("*") if path.is_file())
    assert not [mark for mark in ("TYPEWRIGHT", "Typewright", "U00000066", "0100 200300") if mark.encode() in kept]
