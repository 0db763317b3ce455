"""Venues, people, map and report in a real browser, at an administrator's desk and on a phone."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from central.accounts import open_accounts
from central.audit import open_audit
from central.console.roles import Role
from central.store.areas import AreaKind
from central.store.schema import place_tables
from service.accounts import load_account_key
from service.accounts.one_time_codes import compute_code
from service.pages import load_words
from tests.central.console.small_fleet import COOKIE, SmallFleet, make_id, serve
from tests.central.town import build_town
from tests.service.small_service import WEAK

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PICTURES = os.environ.get("KJT_PICTURES", "")
SIZES = [("zh", DESKTOP), ("en", PHONE)]
ONE_TIME = re.compile(r"^[a-z2-9]{5}(-[a-z2-9]{5}){3}$")
EN = load_words("central.console", "en")


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    built = SmallFleet(build_town(tmp_path / "town"))
    yield built
    built.town.parts.store.close()


@pytest.fixture
def origin(fleet: SmallFleet) -> Iterator[str]:
    with serve(fleet) as address:
        yield address


Visit = Callable[..., Page]


@pytest.fixture
def visit(fleet: SmallFleet, origin: str, new_page: Callable[..., Page]) -> Visit:
    """Open a page as somebody who is signed in."""

    def open_at(path: str, name: str = "anna", language: str = "en", **options: Any) -> Page:
        page = new_page(**{"viewport": DESKTOP, **options})
        token = fleet.sign_in(*Role, language=language, name=name)
        page.context.add_cookies([{"name": COOKIE, "value": token, "url": origin}])
        page.goto(origin + path)
        return page

    return open_at


def sign_in_for_the_first_time(fleet: SmallFleet, name: str) -> None:
    """Let an account's holder choose a password and a second factor."""
    clock = lambda: fleet.now  # noqa: E731 - the test's
    audit, key = open_audit(fleet.store, clock), load_account_key(fleet.settings.account_key)
    book, _ = open_accounts(fleet.store, key, audit, clock, WEAK)
    book.set_password(name, "a sentence that only its holder knows")
    pending = book.make_factor(name)
    book.confirm_second_factor(name, pending, compute_code(book.show_factor(name, pending), fleet.now_s))


def fill(fleet: SmallFleet) -> bytes:
    """Two stations, some houses with terminals, some days of the report."""
    district = fleet.add_area("North")
    first = fleet.add_area("First", district, AreaKind.STATION)
    fleet.add_area("Second", district, AreaKind.STATION)
    for number in range(12):
        fleet.add_venue(number, first)
        fleet.add(number, heard_ago_s=9000 if number == 3 else 20)
    rows = [{"day": fleet.now_s // 86_400 - ago, "is_summed": True, "received": 100 + ago, "within_minute": 95,
             "within_hour": 95, "within_day": 100, "deleted": 90} for ago in range(1, 20)]  # fmt: skip
    with fleet.store.writing() as connection:
        connection.execute(place_tables.report_days.delete())  # of the keeper's first pass
        connection.execute(place_tables.report_days.insert(), rows)
    return first


@pytest.mark.parametrize(("language", "size"), SIZES)
def test_pages_fit_and_look_as_they_should(
    fleet: SmallFleet, origin: str, visit: Visit, language: str, size: dict[str, int]
) -> None:
    fill(fleet)
    page = visit("/venues", language=language, viewport=size)
    for path in ("/venues", f"/venues/{make_id(3, 'house').hex()}", "/venues/new", "/hand-overs", "/venues/import",
                 "/areas", "/map", "/accounts", "/accounts/anna", "/accounts/new", "/report"):  # fmt: skip
        page.goto(origin + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
        expect(page.locator("h1")).to_be_visible()
        if PICTURES:
            name = path.strip("/").replace("/", "-")[:20]
            page.screenshot(path=f"{PICTURES}/{name}-{language}-{size['width']}.png", full_page=True)


def test_list_with_a_bad_row_changes_nothing_and_a_good_one_is_taken_whole(
    fleet: SmallFleet, visit: Visit, tmp_path: Path
) -> None:
    fill(fleet)
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    head = "许可证号,类别,名称,地址,房间数,派出所\n"
    bad.write_text(
        f"{head}沪字0001号,旅馆,新旅馆,海港路1号,9,First\n沪字0002号,私人住宅,某宅,海港路2号,1,First\n", "gb18030"
    )
    good.write_text(
        f"{head}沪字0001号,旅馆,新旅馆,海港路1号,9,First\nLIC-00003,旅馆,Renamed,3 Harbour Road,9,First\n", "utf-8"
    )
    page = visit("/venues/import")
    page.set_input_files("[name=file]", bad)
    page.get_by_role("button", name=EN("import.check")).click()
    expect(page.locator("#result")).to_contain_text(EN.count("import.bad", 1))
    expect(page.get_by_text(EN("venue_problem.kind_unknown"))).to_be_visible()
    expect(page.get_by_role("button", name=EN("import.take"))).to_have_count(0)
    page.set_input_files("[name=file]", good)
    page.get_by_role("button", name=EN("import.check")).click()
    expect(page.locator("#result")).to_contain_text("1 new, 1 changed")
    expect(page.locator("ins", has_text="Renamed")).to_be_visible()
    page.get_by_role("button", name=EN("import.take")).click()
    expect(page.get_by_role("status")).to_contain_text(EN("venue_done.imported"))
    page.fill("[name=text]", "沪字")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="新旅馆")).to_be_visible()


@pytest.mark.page_errors_expected  # the browser logs a form that is refused
def test_venue_is_registered_with_a_licence_and_handed_over_by_two(
    fleet: SmallFleet, visit: Visit, origin: str
) -> None:
    fill(fleet)
    page = visit("/venues/new")
    page.get_by_role("button", name=EN("venue.save")).click()
    expect(page.get_by_text(EN("venue_problem.licence_missing"))).to_be_visible()
    expect(page.get_by_text(EN("venue_problem.kind_missing"))).to_be_visible()
    for name, text in (("licence", "LIC-7777"), ("name", "New Inn"), ("address", "7 Quay"), ("rooms", "7")):
        page.fill(f"[name={name}]", text)
    page.get_by_label(EN("venue_kind.hotel"), exact=True).check()
    page.select_option("[name=station]", label="North / First")
    page.get_by_role("button", name=EN("venue.save")).click()
    expect(page.locator("h1")).to_have_text("New Inn")
    page.select_option("[name=station]", label="North / Second")
    page.get_by_role("button", name=EN("moves.propose")).click()
    page.goto(origin + "/hand-overs")
    expect(page.get_by_role("button", name=EN("moves.accept"))).to_have_count(0)
    other = visit("/hand-overs", name="berta")
    other.get_by_role("button", name=EN("moves.accept")).click()
    expect(other.get_by_role("status")).to_contain_text(EN("venue_done.accepted"))
    page.goto(origin + "/venues?text=LIC-7777")
    expect(page.get_by_role("cell", name="North / Second")).to_be_visible()


def test_powerful_role_needs_a_second_person(fleet: SmallFleet, visit: Visit, origin: str) -> None:
    page = visit("/accounts/new")
    page.fill("[name=name]", "dora")
    page.locator("[value='venue administrator']").check()
    page.select_option("[name=area]", label=EN("area.whole"))
    page.get_by_role("button", name=EN("people.add_do")).click()
    expect(page.locator("#password")).to_have_text(ONE_TIME)
    sign_in_for_the_first_time(fleet, "dora")
    page.goto(origin + "/accounts")
    expect(page.get_by_role("button", name=EN("people.confirm"))).to_have_count(0)
    other = visit("/accounts", name="berta")
    other.get_by_role("button", name=EN("people.confirm")).click()
    expect(other.get_by_role("status")).to_contain_text(EN("people_done.confirmed"))
    other.goto(origin + "/accounts/dora")
    expect(other.get_by_text(EN("role_about.venue_administrator"))).to_be_visible()
    other.get_by_role("button", name=EN("people.reset"), exact=True).click()
    # The role went with the password, and waits for somebody who is not berta.
    other.goto(origin + "/accounts/dora")
    expect(other.get_by_text(EN("account.no_roles"))).to_be_visible()
    expect(other.get_by_text(EN("people.not_you"))).to_be_visible()


def test_map_is_walked_by_keyboard_and_begins_where_somebody_is_needed(fleet: SmallFleet, visit: Visit) -> None:
    fill(fleet)
    page = visit("/map")
    first = page.locator(".map a").first
    first.focus()
    expect(first).to_have_attribute("aria-label", f"Inn 3: {EN('map.grade_wrong')}")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Inn 3")


def test_public_report_is_there_only_where_it_is_wanted(
    fleet: SmallFleet, origin: str, new_page: Callable[..., Page]
) -> None:
    fill(fleet)
    page = new_page(viewport=DESKTOP)
    answer = page.request.get(origin + "/public/report")
    assert answer.status == 404
    fleet.settings = type(fleet.settings)(**{
        **{name: getattr(fleet.settings, name) for name in fleet.settings.__struct_fields__}, "public_report": True,
    })  # fmt: skip
    with serve(fleet) as address:
        page.goto(address + "/public/report")
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator("#plot-report_received canvas")).to_be_visible()
        assert "LIC-" not in page.content()
