"""Updates in rings, retention, settings from afar and what is wrong with one terminal, in a real browser."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from central.audit import open_audit
from central.console.roles import Role
from central.key_renewal import KEY_CONFLICT
from central.releases import ReleaseShelf
from central.retention.overdue import find_overdue, look_daily
from central.store.areas import AreaKind
from central.store.remote_settings import confirm_settings
from central.store.schema import terminal_tables
from central.store.standing import add_security_event
from central.store.terminals import Terminal, write_terminal
from records.log_keys import LogVerifier
from service.pages import load_words
from tests.central.console.small_fleet import COOKIE, SmallFleet, make_id, make_well, serve
from tests.central.town import TERMINAL, TERMINAL_KEY, VENUE, build_town, make_envelope
from tests.terminal.updates.releases import LOG_SIGNER, RELEASER, make_release, make_wheel, publish

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PICTURES = os.environ.get("KJT_PICTURES", "")
EN, ZH = load_words("central.console", "en"), load_words("central.console", "zh")
WHEEL = make_wheel({"terminal/__init__.py": b"good"})
Visit = Callable[..., Page]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    built = SmallFleet(build_town(tmp_path / "town"))
    yield built
    built.town.parts.store.close()


@pytest.fixture
def origin(fleet: SmallFleet) -> Iterator[str]:
    with serve(fleet) as address:
        yield address


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


def keep_picture(page: Page, name: str) -> None:
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"care-{name}-{width}.png", full_page=True)


def test_release_goes_from_ring_to_ring_by_two_people_and_back(fleet: SmallFleet, visit: Visit, tmp_path: Path) -> None:
    make_well(fleet, 60)
    shelf = ReleaseShelf(
        fleet.store, fleet.settings.releases, open_audit(fleet.store, lambda: fleet.now), lambda: fleet.now
    )
    signed = publish(make_release("0.2.0", WHEEL), tmp_path / "log")
    shelf.add("command line", signed, WHEEL, RELEASER.verifier, LogVerifier((LOG_SIGNER.verifier,)))
    anna, boris = visit("/releases", "anna"), visit("/releases", "boris")
    anna.get_by_role("button", name=EN("ring_open.few")).click()
    expect(anna.locator("main")).to_contain_text(EN("ring.few"))
    expect(anna.locator("main")).to_contain_text(EN("releases.not_you"))
    boris.reload()
    boris.get_by_role("button", name=EN("ring_open.tenth")).click()
    expect(boris.locator("main")).to_contain_text(EN("ring.tenth"))
    assert shelf.list_progress()[0].offered == 6
    keep_picture(boris, "releases")
    boris.get_by_role("button", name=EN("releases.withdraw")).click()
    expect(boris.locator("main")).to_contain_text(EN("ring.nobody"))
    assert shelf.list_progress()[0].offered == 0


@pytest.mark.parametrize(("language", "size"), [("en", DESKTOP), ("zh", PHONE)])
def test_page_of_retention_shows_what_is_gone_and_turns_red_where_something_is_not(
    fleet: SmallFleet, visit: Visit, language: str, size: dict[str, int]
) -> None:
    words, town = EN if language == "en" else ZH, fleet.town
    with fleet.store.writing() as connection:
        write_terminal(connection, Terminal(TERMINAL, VENUE, TERMINAL_KEY.public))
    town.deliver(make_envelope(1), make_envelope(2))
    town.pass_days(town.parts.profile.retention_days + 1)
    fleet.now = town.now
    assert not find_overdue(fleet.settings, town.parts.audit, [], fleet.now).is_clean
    page = visit("/report", language=language, viewport=size)
    page.get_by_role("link", name=words("report.retention")).click()
    expect(page.locator("h1")).to_have_text(words("retention.late"))
    expect(page.locator("main")).to_contain_text(words("retention.dirty", overdue=2, opened=2, keys=1))
    keep_picture(page, "retention-wrong")
    town.keep()
    look_daily(town.parts, fleet.now)
    page.reload()
    expect(page.locator("h1")).to_have_text(words("retention.well"))
    expect(page.locator("main")).to_contain_text(words("retention.clean"))
    keep_picture(page, "retention")


def test_what_is_set_from_afar_is_pending_until_the_terminal_confirms(fleet: SmallFleet, visit: Visit) -> None:
    station = fleet.add_area("Station", kind=AreaKind.STATION)
    fleet.add_venue(1, station)
    terminal = fleet.add(1)
    page = visit(f"/terminals/{terminal.hex()}")
    page.get_by_label(EN("settings.language")).select_option("en")
    page.get_by_label(EN("settings.new_key")).check()
    page.get_by_role("button", name=EN("settings.set"), exact=True).click()
    row = page.locator("#settings tbody tr").first
    expect(row).to_contain_text(EN("settings.pending"))
    expect(row).to_contain_text("anna")
    expect(row).to_contain_text(EN("settings.least_key", n=2))
    keep_picture(page, "settings")
    with fleet.store.writing() as connection:
        confirm_settings(connection, {terminal: (1, fleet.now_s)})
    page.reload()
    expect(page.locator("#settings tbody tr").first).to_contain_text(EN("settings.confirmed"))


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_gap_and_copy_are_explained_and_settled(fleet: SmallFleet, visit: Visit, size: dict[str, int]) -> None:
    terminal, at = fleet.add(1), fleet.now_s - int(timedelta(hours=2).total_seconds())
    with fleet.store.writing() as connection:
        gap = {"terminal": terminal, "generation": 2, "missing": 3, "since": at, "explained": 0}
        connection.execute(terminal_tables.gaps.insert(), gap)
        add_security_event(connection, KEY_CONFLICT, terminal, 2, at)
    page = visit(f"/terminals/{terminal.hex()}", viewport=size)
    expect(page.locator("#gaps")).to_contain_text(EN.count("gaps.missing", 3, generation=2))
    expect(page.locator("main")).to_contain_text(EN("event.key_conflict"))
    keep_picture(page, "terminal")
    page.get_by_role("button", name=EN("gaps.settle")).click()
    expect(page.locator("#gaps")).to_contain_text(EN("gaps.settled"))
    page.get_by_role("button", name=EN("settle.restored")).click()
    expect(page.locator("main")).to_contain_text(EN("settle.is_restored"))
    expect(page.locator("#settle, #settle-gaps")).to_have_count(0)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_phone_has_its_pages_in_one_row_and_a_menu(fleet: SmallFleet, visit: Visit, language: str) -> None:
    words = EN if language == "en" else ZH
    make_well(fleet, 3)
    page = visit(f"/terminals/{make_id(1).hex()}", language=language, viewport=PHONE)
    assert page.evaluate("document.querySelector('.band').getBoundingClientRect().height") < 70
    menu = page.locator(".menu-of-pages")
    expect(menu.locator("summary")).to_contain_text(words("nav.terminals"))
    keep_picture(page, f"nav-{language}")
    menu.locator("summary").click()
    expect(menu.get_by_role("link", name=words("nav.terminals"), exact=True)).to_have_attribute("aria-current", "true")
    keep_picture(page, f"menu-{language}")
    menu.get_by_role("link", name=words("nav.venues"), exact=True).click()
    expect(page.locator("h1")).to_have_text(words("venues.title"))
