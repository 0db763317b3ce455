"""The closed loop in a real browser, in both languages: from accepting to closing, called out again, handed over."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from records.comparing.alerts import AlertVerdict
from station.alerts.states import EndedBecause, State
from station.console import app, stream
from station.stations import PoliceStation, Stations, write_stations
from tests.browser.test_station import (
    DESKTOP,
    MISREAD,
    PHONE,
    PICTURES,
    REASONS,
    Desk,
    find_faults,
    wait_for_line,
    words_of,
)
from tests.records.comparing import guest
from tests.records.comparing.guest import VENUE
from tests.station.small_station import (
    DISTRICT_OFFICER,
    OFFICER,
    OTHER_OFFICER,
    PASSWORD,
    SUPERVISOR,
    Served,
    SmallStation,
    serve,
)

SHAPES = [("zh", DESKTOP), ("en", PHONE)]
ALL_SHAPES = [*SHAPES, ("zh", PHONE), ("en", DESKTOP)]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("flow")
    write_stations(folder / "stations.toml", make_stations())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "BEAT_S", 0.5)
        patch.setattr(app, "SILENT_MS", 4000)
        with serve(lambda origin: make_small(folder, origin)) as found:
            yield found


def make_stations() -> Stations:
    own = PoliceStation("yunxi", "云溪派出所", "Yunxi police station", frozenset({VENUE}))
    return Stations((own, PoliceStation("district", "云溪分局", "Yunxi district")), "district")


def make_small(folder: Path, origin: str) -> SmallStation:
    small = SmallStation(folder, origin=origin, stations=folder / "stations.toml")
    for name in (OFFICER, OTHER_OFFICER, SUPERVISOR):
        small.open_session(name)
        small.put(name, "yunxi")
    small.open_session(DISTRICT_OFFICER)
    small.put(DISTRICT_OFFICER, "district")
    return small


@pytest.fixture
def desk(served: Served, new_page: Callable[..., Page]) -> Iterator[Desk]:
    served.small.hear(stop="", permit=served.small.relay.told.permit)
    yield Desk(served, new_page)
    for row in served.small.station.book.list_open():
        served.small.station.book.withdraw(row.id, EndedBecause.EXPIRED)
    for row in served.small.station.book.list_ended():
        if row.holder and not row.is_told:
            served.small.station.book.understand(row.id, row.holder)


def look(page: Page, name: str) -> None:
    """See that nothing is wider than the screen, and keep a picture where wanted."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the screen"
    if PICTURES:
        # The caret stays: hiding it takes a style that the pages' own policy refuses.
        page.screenshot(path=f"{PICTURES}/station-{name}.png", full_page=True, caret="initial")


def open_alert(page: Page, alert: str) -> None:
    page.click(f"[data-alert='{alert}']")
    expect(page.locator("#alert-title")).to_be_focused()


def raise_misread(desk: Desk) -> str:
    return desk.raise_alert(
        person=MISREAD, place=guest.place_for(MISREAD), verdict=AlertVerdict.STRONG, reasons=REASONS
    )


@pytest.mark.parametrize(("language", "viewport"), ALL_SHAPES if PICTURES else SHAPES)
def test_alert_is_worked_step_by_step_to_its_outcome(desk: Desk, language: str, viewport: dict[str, int]) -> None:
    words, shape = words_of(language), f"{language}-{viewport['width']}"
    page = desk.visit(language, viewport=viewport)
    wait_for_line(page)
    alert = raise_misread(desk)
    open_alert(page, alert)
    look(page, f"flow-1-raised-{shape}")
    page.click("#accept")
    expect(page.locator(".way .done")).to_have_count(1)
    look(page, f"flow-2-accepted-{shape}")
    assert find_faults(page) == []
    page.fill("#to", "二号车" if language == "zh" else "Unit 2")
    page.fill("#note", "后门" if language == "zh" else "Use the back door")
    page.click("#do-dispatch")
    expect(page.locator(".way .done")).to_have_count(2)
    look(page, f"flow-3-dispatched-{shape}")
    # By keyboard alone from here.
    page.focus("#do-handle")
    page.keyboard.press("Enter")
    expect(page.locator("#report")).to_be_visible()
    look(page, f"flow-4-handling-{shape}")
    page.focus("#report")
    page.keyboard.type("Another person, number misread")
    page.keyboard.press("Tab")
    expect(page.locator("#do-report")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".way .done")).to_have_count(4)
    expect(page.locator("#detail")).to_contain_text("Another person, number misread")
    look(page, f"flow-5-reported-{shape}")
    assert find_faults(page) == []
    page.check("input[value='other-person']")
    page.click("#close")
    expect(page.locator(".way .done")).to_have_count(5)
    expect(page.locator("#detail .lead-note")).to_have_count(0)
    page.click("#history summary")
    expect(page.locator("#history")).to_contain_text(words("step.closed", officer=OFFICER))
    look(page, f"flow-6-closed-{shape}")
    assert find_faults(page) == []
    assert desk.small.station.book.find(bytes.fromhex(alert)).outcome == "other-person"


@pytest.mark.parametrize(("language", "viewport"), SHAPES)
def test_outcome_that_ends_a_decision_waits_for_a_second_officer(
    desk: Desk, language: str, viewport: dict[str, int]
) -> None:
    words = words_of(language)
    first, second = desk.visit(language, viewport=viewport), desk.visit(language, OTHER_OFFICER, viewport)
    desk.small.wait(minutes=1)  # accounts that were made meanwhile second nothing
    alert = desk.raise_alert()
    book = desk.small.station.book
    book.accept(bytes.fromhex(alert), OFFICER)
    open_alert(first, alert)
    first.check("input[value='confirmed']")
    first.click("#close")
    expect(first.locator("#confirming")).to_contain_text(words("confirm.mine"))
    look(first, f"flow-confirm-1-{language}")
    assert find_faults(first) == []
    expect(second.locator(f"a[data-alert='{alert}']")).to_contain_text(words("state.confirming"))
    open_alert(second, alert)
    look(second, f"flow-confirm-2-{language}")
    assert find_faults(second) == []
    second.focus("#confirm")
    second.keyboard.press("Enter")
    expect(second.locator("#detail")).to_contain_text(words("confirm.done"))
    assert find_faults(second) == []
    assert book.find(bytes.fromhex(alert)).state == "closed"
    expect(first.locator(f".ended a[data-alert='{alert}']")).to_contain_text(words("outcome.confirmed"))


@pytest.mark.parametrize(("language", "viewport"), SHAPES)
def test_what_nobody_accepts_is_called_out_again_and_reaches_the_supervising_station(
    desk: Desk, language: str, viewport: dict[str, int]
) -> None:
    words = words_of(language)
    own, district = desk.visit(language, viewport=viewport), desk.visit(language, DISTRICT_OFFICER, viewport)
    for page in (own, district):
        wait_for_line(page)
        page.click("#sound-test")
    alert = desk.raise_alert()
    row = own.locator(f"a[data-alert='{alert}']")
    expect(row).to_be_visible()
    expect(own.locator("#place")).to_contain_text("云溪派出所" if language == "zh" else "Yunxi police station")
    for seconds in (60, 120):
        desk.small.wait(seconds=seconds)
        desk.small.station.keeper.go_round()
    expect(row).to_contain_text(words("state.escalated"))
    expect(district.locator(f"a[data-alert='{alert}']")).to_have_count(0)
    expect(district.locator("html")).to_have_attribute("data-sound", "silent")
    desk.small.wait(seconds=120)
    desk.small.station.keeper.go_round()
    expect(district.locator(f"a[data-alert='{alert}']")).to_be_visible()
    expect(district.locator("html")).to_have_attribute("data-sound", "playing")
    open_alert(district, alert)
    look(district, f"flow-supervising-{language}")
    district.click("#accept")
    expect(own.locator("html")).to_have_attribute("data-sound", "silent")
    expect(row).to_contain_text(DISTRICT_OFFICER)


@pytest.mark.parametrize(("language", "viewport"), SHAPES)
def test_shift_is_handed_over_and_signed_by_both(desk: Desk, language: str, viewport: dict[str, int]) -> None:
    words = words_of(language)
    desk.small.wait(minutes=1)  # no code is good twice
    _, own_code = desk.small.give_password(OFFICER)
    _, code = desk.small.give_password(OTHER_OFFICER)
    alerts = [desk.raise_alert() for _ in range(2)]
    for alert in alerts:
        desk.small.station.book.accept(bytes.fromhex(alert), OFFICER)
    going, coming = desk.visit(language, viewport=viewport), desk.visit(language, OTHER_OFFICER, viewport)
    going.click("#hand-over")
    going.select_option("#to", OTHER_OFFICER)
    going.fill("#password", PASSWORD)
    going.fill("#code", own_code)
    look(going, f"flow-hand-1-{language}")
    assert find_faults(going) == []
    going.press("#code", "Enter")
    expect(going.locator("#waits-for")).to_be_visible()
    expect(coming.locator("#offered")).to_contain_text(words.count("mine.offered", 2))
    coming.click("#offered a")
    coming.fill("#password", "not the password")
    coming.fill("#code", code)
    coming.click("#take")
    expect(coming.locator(".hand-over [role='alert']")).to_have_text(words("problem.sign_in_wrong"))
    assert {desk.small.station.book.find(bytes.fromhex(alert)).holder for alert in alerts} == {OFFICER}
    coming.fill("#password", PASSWORD)
    coming.fill("#code", code)
    look(coming, f"flow-hand-2-{language}")
    assert find_faults(coming) == []
    coming.click("#take")
    expect(coming.locator(".offer")).to_have_count(0)
    expect(coming.locator(".handed li")).to_have_count(2)
    assert {desk.small.station.book.find(bytes.fromhex(alert)).holder for alert in alerts} == {OTHER_OFFICER}
    expect(going.locator(f"a[data-alert='{alerts[0]}']")).to_contain_text(OTHER_OFFICER)
    acts = [act for _, act, _ in desk.small.list_acts()]
    assert acts.count("offer alert") >= 2
    assert acts.count("take offered alert") >= 2


def test_page_of_the_hand_over_works_by_itself_too(desk: Desk) -> None:
    desk.small.wait(minutes=1)
    _, code = desk.small.give_password(OFFICER)
    desk.small.open_session(OTHER_OFFICER)
    alert = bytes.fromhex(desk.raise_alert())
    desk.small.station.book.accept(alert, OFFICER)
    page = desk.visit(path="/hand-over")
    page.select_option("#to", OTHER_OFFICER)
    page.fill("#password", PASSWORD)
    page.fill("#code", code)
    page.click("#offer")
    expect(page.locator("#waits-for")).to_be_visible()
    assert desk.small.station.book.find(alert).offered_to == OTHER_OFFICER


def test_page_of_one_alert_works_by_itself_too(desk: Desk) -> None:
    alert = desk.raise_alert()
    page = desk.visit(path=f"/alerts/{alert}")
    page.click("#accept")
    expect(page.locator("article")).to_have_attribute("data-state", "accepted")
    page.check("input[value='could-not-be-found']")
    page.click("#close")
    expect(page.locator("article")).to_have_attribute("data-state", "closed")


@pytest.mark.parametrize(("language", "viewport"), SHAPES[:1])
def test_officer_is_told_that_the_alert_in_their_hands_is_over(
    desk: Desk, language: str, viewport: dict[str, int]
) -> None:
    words = words_of(language)
    alert = desk.raise_alert()
    book = desk.small.station.book
    book.accept(bytes.fromhex(alert), OFFICER)
    page, other = desk.visit(language, viewport=viewport), desk.visit(language, OTHER_OFFICER)
    for each in (page, other):
        wait_for_line(each)
        each.click("#sound-test")
    book.withdraw(bytes.fromhex(alert), EndedBecause.WITHDRAWN)
    expect(page.locator(".is-over")).to_contain_text(words("because.withdrawn"))
    expect(page.locator("html")).to_have_attribute("data-sound", "playing")
    look(page, f"flow-told-{language}")
    assert find_faults(page) == []
    expect(other.locator(".is-over")).to_have_count(0)
    page.click(".is-over button")
    expect(page.locator(".is-over")).to_have_count(0)
    expect(page.locator("html")).to_have_attribute("data-sound", "silent")


def test_alert_of_an_officer_who_is_gone_sounds_again(desk: Desk) -> None:
    alert = desk.raise_alert()
    token = desk.small.open_session(OTHER_OFFICER)
    desk.small.station.book.accept(bytes.fromhex(alert), OTHER_OFFICER)
    page = desk.visit()
    wait_for_line(page)
    page.click("#sound-test")
    expect(page.locator("html")).to_have_attribute("data-sound", "silent")
    desk.small.station.pages.sessions.close_all_of(OTHER_OFFICER)
    assert desk.small.station.pages.sessions.find(token) is None
    desk.small.station.keeper.go_round()
    expect(page.locator("html")).to_have_attribute("data-sound", "playing")
    open_alert(page, alert)
    page.click("#history summary")
    expect(page.locator("#history")).to_contain_text(words_of("en")("step.returned", other=OTHER_OFFICER))


@pytest.mark.parametrize(("language", "viewport"), SHAPES[1:])
def test_officer_who_notes_nothing_is_called_and_says_that_it_goes_on(
    desk: Desk, language: str, viewport: dict[str, int]
) -> None:
    alert = desk.raise_alert()
    page = desk.visit(language, viewport=viewport)
    wait_for_line(page)
    page.click("#sound-test")
    open_alert(page, alert)
    page.click("#accept")
    expect(page.locator("html")).to_have_attribute("data-sound", "silent")
    desk.small.wait(minutes=5)
    desk.small.station.keeper.go_round()
    expect(page.locator("html")).to_have_attribute("data-sound", "playing")
    expect(page.locator(".badge.idle")).to_be_visible()
    open_alert(page, alert)
    look(page, f"flow-idle-{language}")
    page.click("#go-on")
    expect(page.locator("html")).to_have_attribute("data-sound", "silent")
    assert desk.small.station.book.find(bytes.fromhex(alert)).state == State.ACCEPTED


def test_whole_loop_is_done_without_script_too(desk: Desk) -> None:
    alert = desk.raise_alert()
    page = desk.visit(java_script_enabled=False)
    page.click(f"[data-alert='{alert}']")
    page.click("#accept")
    page.click("#do-handle")
    page.fill("#report", "Nobody there")
    page.click("#do-report")
    page.check("input[value='could-not-be-found']")
    page.click("#close")
    expect(page.locator(".way .left-out")).to_have_count(1)
