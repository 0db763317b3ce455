"""The administrators' console in a real browser: trouble is found and explained, the page keeps itself fresh and says
when it cannot, and nothing of it needs script."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from central.console.roles import Role
from central.console.wording import shorten_id
from central.store.fleet import write_heartbeats
from service.pages import Words, load_words
from tests.central.console.small_fleet import COOKIE, WELL, SmallFleet, make_id, make_troubled, make_well, serve
from tests.central.town import build_town

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Where set, every page is also kept as a picture for a person to look at.
PICTURES = os.environ.get("KJT_PICTURES", "")
SIZES = [("zh", DESKTOP), ("en", PHONE), *([("zh", PHONE), ("en", DESKTOP)] if PICTURES else [])]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    town = build_town(tmp_path / "town")
    yield SmallFleet(town)
    town.parts.store.close()


@pytest.fixture
def origin(fleet: SmallFleet) -> Iterator[str]:
    with serve(fleet) as address:
        yield address


@pytest.fixture
def visit(fleet: SmallFleet, origin: str, new_page: Callable[..., Page]) -> Iterator[Callable[..., Page]]:
    """Open a page as an administrator who is signed in."""
    opened: list[Page] = []

    def open_at(path: str, language: str = "en", **options: Any) -> Page:
        page = new_page(**{"viewport": DESKTOP, **options})
        token = fleet.sign_in(*Role, language=language)
        page.context.add_cookies([{"name": COOKIE, "value": token, "url": origin}])
        opened.append(page)
        page.clock.install()
        page.goto(origin + path)
        return page

    yield open_at
    for page in opened:
        page.goto("about:blank")  # or it would miss its server, and say so


def keep_picture(page: Page, name: str) -> None:
    """See that nothing reaches beyond the side of the screen, and take a picture where that is wanted."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"console-{name}-{width}.png", full_page=True)


def count_drawn(page: Page) -> int:
    """How many plots have something on their canvas."""
    return int(page.evaluate(
        "[...document.querySelectorAll('.plot canvas')].filter((c) =>"
        " c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v)).length"
    ))  # fmt: skip


def go_to(page: Page, name: str) -> None:
    """Go to another page by the navigation, which a phone has in a menu."""
    menu = page.locator(".menu-of-pages summary")
    if menu.is_visible():
        menu.click()
    page.get_by_role("link", name=name, exact=True).click()


@pytest.mark.parametrize(("language", "size"), SIZES)
def test_trouble_is_found_explained_and_followed_to_its_terminal(
    fleet: SmallFleet, visit: Callable[..., Page], language: str, size: dict[str, int]
) -> None:
    make_troubled(fleet, 8)
    words: Words = load_words("central.console", language)
    page = visit("/", language, viewport=size)
    expect(page.locator("h1")).to_contain_text(words.count("overview.troubled", 11))
    expect(page.locator(".health").first).to_contain_text(words("health.do_keeper_late"))
    assert count_drawn(page) == 4
    keep_picture(page, f"trouble-{language}")
    page.locator(".urgent").first.click()
    expect(page.locator("h1")).to_contain_text(shorten_id(make_id(102).hex()))
    expect(page.locator(".to-do")).to_contain_text(words("trouble.do_silent"))
    keep_picture(page, f"silent-{language}")
    go_to(page, words("nav.terminals"))
    page.get_by_label(words("terminals.search")).fill(make_id(103).hex()[:8])
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text(words("trouble.stuck"))
    keep_picture(page, f"table-{language}")
    go_to(page, words("nav.audit"))
    expect(page.locator("tbody tr").first).to_contain_text(words("act.look_at_audit_log"))
    keep_picture(page, f"audit-{language}")


@pytest.mark.parametrize(("language", "size"), SIZES)
def test_fleet_that_is_well_says_so_and_draws_its_day(
    fleet: SmallFleet, visit: Callable[..., Page], language: str, size: dict[str, int]
) -> None:
    make_well(fleet, 8)
    words = load_words("central.console", language)
    page = visit("/", language, viewport=size, color_scheme="dark")
    expect(page.locator("h1")).to_have_text(words("overview.all_well"))
    expect(page.locator(".grade-good")).to_have_count(5)
    assert count_drawn(page) == 4
    keep_picture(page, f"well-{language}")


def test_page_refreshes_itself_and_leaves_what_a_person_does_alone(
    fleet: SmallFleet, visit: Callable[..., Page]
) -> None:
    make_well(fleet, 8)
    page = visit("/")
    expect(page.locator(".state .figure").first).to_have_text("8")
    page.locator("#figures-terminals summary").click()
    fleet.add(50, heard_ago_s=4000)
    page.clock.run_for(15_000)
    expect(page.locator("h1")).to_contain_text("1 terminal needs you")
    expect(page.locator("#figures-terminals table")).to_be_visible()
    assert count_drawn(page) == 4
    page.goto(page.url + "terminals")
    field = page.get_by_label("Id or version")
    field.fill("half a wo")
    page.clock.run_for(15_000)
    expect(page.locator("#as-of")).to_be_visible()
    expect(field).to_have_value("half a wo")
    expect(field).to_be_focused()


def test_times_are_those_of_whoever_looks(fleet: SmallFleet, visit: Callable[..., Page]) -> None:
    make_well(fleet, 5)
    for zone, time in (("Asia/Shanghai", "05:30:05"), ("America/New_York", "17:30:05")):
        page = visit("/audit-log", timezone_id=zone)
        expect(page.locator("time").first).to_contain_text(time)
        page.goto(page.url.replace("audit-log", ""))
        expect(page.locator("#as-of")).to_have_text(time)
        page.goto(page.url + "account")
        expect(page.locator("time").first).to_contain_text(time[:5])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_entry_of_the_navigation_stands_in_one_row_of_a_desk(visit: Callable[..., Page], language: str) -> None:
    page = visit("/report", language)
    shown = "[...document.querySelectorAll('.band .nav-link')].filter((each) => each.checkVisibility())"
    tops = f"{shown}.map((each) => each.getBoundingClientRect().top)"
    assert page.locator(".band .row-of-pages .nav-link").count() == 9
    assert len(set(page.evaluate(tops))) == 1


@pytest.mark.page_errors_expected
def test_page_that_cannot_refresh_itself_says_so_until_it_can(fleet: SmallFleet, visit: Callable[..., Page]) -> None:
    terminal = fleet.add(1)
    page = visit("/terminals")
    expect(page.locator("#stale")).to_be_hidden()
    with fleet.store.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE heartbeats RENAME TO away")
    page.clock.run_for(15_000)
    expect(page.locator("#stale")).to_contain_text("What you see is from 21:30:05")
    expect(page.locator("tbody tr")).to_have_count(1)
    with fleet.store.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO heartbeats")
        beat = {"terminal": terminal, "sent_at": fleet.now_s, "received_at": fleet.now_s, **WELL, "version": "9.9.9"}
        write_heartbeats(connection, [beat], [])
    page.clock.run_for(15_000)
    expect(page.locator("#stale")).to_be_hidden()
    expect(page.locator("tbody tr")).to_contain_text("9.9.9")


@pytest.mark.page_errors_expected
def test_outage_of_the_database_is_a_page_in_words(fleet: SmallFleet, visit: Callable[..., Page]) -> None:
    make_well(fleet, 5)
    page = visit("/terminals", "zh")
    with fleet.store.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE terminals RENAME TO away")
    page.reload()
    expect(page.locator("h1")).to_have_text(load_words("central.console", "zh")("fault.s503_title"))
    keep_picture(page, "outage-zh")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_nothing_needs_script(
    fleet: SmallFleet, origin: str, new_page: Callable[..., Page], size: dict[str, int]
) -> None:
    make_troubled(fleet, 8)
    page = new_page(viewport=size, java_script_enabled=False)
    page.context.add_cookies([{"name": COOKIE, "value": fleet.sign_in(*Role), "url": origin}])
    page.goto(origin)
    expect(page.locator("h1")).to_contain_text("11 terminals need you")
    expect(page.get_by_text("refreshes itself")).to_be_hidden()
    page.locator("#figures-terminals summary").click()
    expect(page.locator("#figures-terminals tbody tr").first).to_be_visible()
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"console-no-script-{size['width']}.png", full_page=True)
    page.goto(origin + "/terminals")
    page.get_by_label("Show").select_option("silent")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("tbody tr")).to_have_count(8)


@pytest.mark.parametrize(("language", "size"), SIZES)
def test_notice_is_chosen_from_lists_and_sent(
    fleet: SmallFleet, visit: Callable[..., Page], language: str, size: dict[str, int]
) -> None:
    words, terminal = load_words("central.console", language), fleet.add(1)
    page = visit(f"/terminals/{terminal.hex()}", language, viewport=size)
    page.click("#to-notices")
    page.select_option("#field", "birth_date")
    page.click("#notice-field_wrong button")
    expect(page.get_by_role("status")).to_contain_text(words.count("notices.done", 1))
    expect(page.locator(".list-group-item").first).to_contain_text(words("notice_field.birth_date"))
    keep_picture(page, f"notices-{language}-{size['width']}")
