"""A passport's way on the real processes: keys of a scanner, a guest, green, a receipt, the guest's own page."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from drivers.sim.mrz_specimens import PRINTED_SPECIMENS
from tests.browser.scanner_keys import press_keys
from tests.path.demonstration import Demonstration, read_link, run_demonstration, touch_room, wait_for_rest

LINES = PRINTED_SPECIMENS["eriksson"].text.split("\n")
NUMBER, NAME = "L898902C3", "ERIKSSON ANNA MARIA"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    with run_demonstration(tmp_path_factory.mktemp("passport") / "town") as running:
        yield running


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
