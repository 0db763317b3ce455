"""The counter's pages under axe-core: names, contrast, focus order and structure, each place once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import resources

import pytest
from playwright.sync_api import Page, expect

from terminal.screen.texts import Words, load_words
from terminal.state import Delivery, KeyDamage, MachineState, QueueState, ShownNotice
from tests.browser.test_screen import counter, origin, quick_settling, screen, settle, touch
from tests.terminal.screen.small_counter import TODAY, SmallCounter, make_guest

__all__ = ["counter", "origin", "quick_settling", "screen"]

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
# The levels that a law or a tender asks for (WCAG 2.2 AA), and what axe calls best practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def words() -> Words:
    """English alone: the templates are the same, and its words are the longer ones."""
    return load_words("en")


def find_faults(page: Page) -> list[str]:
    """Return what axe-core finds wrong with the page as it stands."""
    settle(page)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    result = page.evaluate("(tags) => axe.run(document, { runOnly: tags })", RULES)
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for each in result["violations"]
        for node in each["nodes"]
    ]


def fill_house(counter: SmallCounter) -> str:
    """Have guests of every sort in house; returns one stay."""
    stay = counter.lodge("201", 1)
    counter.receive(stay)
    refused = counter.lodge("203", 5, planned_departure=TODAY)
    counter.settle(refused, delivery=Delivery.REFUSED, refusal="bad_signature")
    counter.lodge("202", 3, planned_departure=TODAY - timedelta(days=1))
    return stay


Opening = Callable[[Page, SmallCounter], None]


def open_waiting(screen: Page, counter: SmallCounter) -> None:
    expect(screen.locator(".prompt")).to_be_visible()


def open_guest(screen: Page, counter: SmallCounter) -> None:
    counter.lay(make_guest(2), make_guest(0))
    expect(screen.locator("#main .guest")).to_be_visible()


def open_done(screen: Page, counter: SmallCounter) -> None:
    counter.lay(make_guest(0))
    touch(screen, "#room-1")
    expect(screen.locator(".saved")).to_be_visible()


def open_today(screen: Page, counter: SmallCounter) -> None:
    fill_house(counter)
    touch(screen, "#nav-today")
    expect(screen.locator(".today")).to_be_visible()


def open_house(screen: Page, counter: SmallCounter) -> None:
    fill_house(counter)
    touch(screen, "#nav-house")
    expect(screen.locator("tbody tr")).to_have_count(3)


def open_stay(screen: Page, counter: SmallCounter) -> None:
    stay = fill_house(counter)
    touch(screen, "#nav-house")
    touch(screen, f"#open-{stay}")
    expect(screen.locator("#choose-move")).to_be_visible()


def open_extension(screen: Page, counter: SmallCounter) -> None:
    open_stay(screen, counter)
    touch(screen, "#choose-extend")
    expect(screen.locator("#day-yes")).to_be_visible()


def open_notice(screen: Page, counter: SmallCounter) -> None:
    touch(screen, "#nav-notice")
    expect(screen.locator("#notice-text")).to_be_visible()


def open_minor(screen: Page, counter: SmallCounter) -> None:
    counter.lay(make_guest(2))
    touch(screen, "#room-1")
    expect(screen.locator("#minor-yes")).to_be_visible()


def open_typing(screen: Page, counter: SmallCounter) -> None:
    touch(screen, "#type")
    touch(screen, "#window .choices button >> nth=0")
    touch(screen, "#window .choices button >> nth=0")


def open_alarms(screen: Page, counter: SmallCounter) -> None:
    then = datetime(2026, 10, 1, 4, tzinfo=UTC)
    counter.change(
        failure="card_removed",
        queue=QueueState(3, 320, False, None, problem="certificate_expired", offline_since=then),
        machine=MachineState(
            nearly_full_mib=90, clock_jump_s=9000, root_ended_at=then, set_aside_at=then,
            key_damages=(KeyDamage("stays", then),),
        ),
        notices=(ShownNotice(7, "please_call", "none", then, None, 0, is_of_record=False),),
    )  # fmt: skip
    expect(screen.locator("#set-aside-read")).to_be_visible()


def open_left(screen: Page, counter: SmallCounter) -> None:
    counter.leave_behind(1)
    touch(screen, "#nav-today")
    touch(screen, "#proof-left")


PLACES: list[Opening] = [
    open_waiting, open_guest, open_done, open_today, open_house, open_stay, open_extension, open_notice, open_minor,
    open_typing, open_alarms, open_left,
]  # fmt: skip


@pytest.mark.parametrize("open_place", PLACES, ids=lambda place: place.__name__.removeprefix("open_"))
def test_place_is_without_faults(screen: Page, counter: SmallCounter, open_place: Opening) -> None:
    open_place(screen, counter)
    assert find_faults(screen) == []


@pytest.mark.parametrize("path", ["/slip/{stay}/print", "/proof/{stay}/print", "/proof/print"])
def test_paper_is_without_faults(screen: Page, origin: str, counter: SmallCounter, words: Words, path: str) -> None:
    screen.add_init_script("window.print = () => {};")
    stay = fill_house(counter)
    screen.goto(origin + path.format(stay=stay))
    expect(screen.locator("h1").first).to_be_visible()
    assert find_faults(screen) == []


def test_everything_on_a_page_is_reached_by_keyboard_alone(screen: Page, counter: SmallCounter) -> None:
    open_today(screen, counter)
    settle(screen)
    wanted = set(
        screen.evaluate(
            "[...document.querySelectorAll('button, a, input')]"
            ".filter((each) => each.id && !each.disabled && each.offsetParent !== null).map((each) => each.id)"
        )
    )
    screen.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(2 * len(wanted)):
        screen.keyboard.press("Tab")
        reached.add(screen.evaluate("document.activeElement.id"))
    assert wanted - reached == set()


def test_function_keys_lead_to_the_pages_and_escape_leads_back(
    screen: Page, counter: SmallCounter, words: Words
) -> None:
    fill_house(counter)
    for key, place in (("F3", ".today"), ("F4", ".house"), ("F2", ".prompt"), ("F1", "#notice-text")):
        settle(screen)
        screen.keyboard.press(key)
        expect(screen.locator(place)).to_be_visible()
    screen.keyboard.press("F4")  # not behind a window
    screen.keyboard.press("Escape")
    expect(screen.locator("dialog")).to_have_count(0)
    expect(screen.locator(".prompt")).to_be_visible()


def test_page_reads_at_twice_the_size(screen: Page, counter: SmallCounter) -> None:
    """Whoever magnifies the page (WCAG 1.4.10) loses nothing to the side."""
    counter.lay(make_guest(0))
    screen.set_viewport_size({"width": 640, "height": 400})
    expect(screen.locator("#main .guest")).to_be_visible()
    assert screen.evaluate("document.documentElement.scrollWidth") <= 640
