"""A scanner that types like a keyboard, on the real page: a burst is a scan, hands are not, and nothing is pressed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from drivers.sim.mrz_specimens import PRINTED_SPECIMENS
from tests.browser.scanner_keys import HAND_S, SCANNER_S, press_keys
from tests.terminal.screen.small_counter import SmallCounter, make_guest, serve

LINES = PRINTED_SPECIMENS["eriksson"].text.split("\n")
SCANNED = "\n".join(LINES) + "\n"


@pytest.fixture
def counter() -> SmallCounter:
    return SmallCounter()


@pytest.fixture
def screen(page: Page, counter: SmallCounter) -> Iterator[Page]:
    with serve(counter) as address:
        page.goto(address)
        rest(page)
        yield page
        page.goto("about:blank")


def rest(page: Page) -> None:
    page.wait_for_selector("body:not(.settling):not(.busy)")


@pytest.mark.parametrize("end", ["\n", "\t"])
def test_burst_of_keys_is_a_scan(screen: Page, counter: SmallCounter, end: str) -> None:
    press_keys(screen, SCANNED.replace("\n", end))
    expect(screen.locator("#main .guest h1")).to_contain_text(make_guest(5).name)
    assert counter.scanned == [SCANNED]


def test_lines_without_ends_are_a_scan_after_a_moment(screen: Page, counter: SmallCounter) -> None:
    press_keys(screen, "".join(LINES))
    expect(screen.locator("#main .guest h1")).to_contain_text(make_guest(5).name)
    assert counter.scanned == ["".join(LINES)]


@pytest.mark.parametrize("focus", ["button.room[value='203']", "#main input[type=number]", "#discard"])
def test_line_ends_of_a_scan_press_nothing(screen: Page, counter: SmallCounter, focus: str) -> None:
    counter.lay(make_guest(0))
    rest(screen)
    screen.focus(focus)
    press_keys(screen, SCANNED)
    expect(screen.locator("#main .queue")).to_contain_text(make_guest(5).name)
    state = counter.state()
    assert (len(state.pending), state.house) == (2, ())
    assert screen.locator("#main input[type=number]").input_value() == "1"


@pytest.mark.parametrize(
    ("text", "pace_s"),
    [(SCANNED, HAND_S), ("fast, but short <<<\n", SCANNER_S), ("X" * 90, SCANNER_S)],
    ids=["slow", "short", "no filler"],
)
def test_other_keys_are_no_scan(screen: Page, counter: SmallCounter, text: str, pace_s: float) -> None:
    press_keys(screen, text, pace_s)
    screen.wait_for_timeout(400)
    assert counter.scanned == []


def test_enter_on_a_room_still_registers(screen: Page, counter: SmallCounter) -> None:
    counter.lay(make_guest(0))
    rest(screen)
    screen.focus("button.room[value='203']")
    rest(screen)
    screen.keyboard.press("Enter")
    expect(screen.locator("#main .saved")).to_be_visible()
    assert [guest.room for guest in counter.state().house] == ["203"]


def test_specimen_in_the_drawer_goes_the_way_of_a_scan(screen: Page, counter: SmallCounter) -> None:
    screen.click("#cards")
    rest(screen)
    screen.click("#scan-eriksson")
    expect(screen.locator("#main .guest h1")).to_contain_text(make_guest(5).name)
    assert [text.replace("\r\n", "\n") for text in counter.scanned] == ["\n".join(LINES)]
