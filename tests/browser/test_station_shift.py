"""A shift at the officers' page: what was tested at its start holds in the background, and whatever is lost is said."""

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from playwright.sync_api import Browser, CDPSession, Page, expect

from central.relay.desk_line import STATE_TIMEOUT
from central.relay.parts import STATE_INTERVAL_S
from central.relay.passage import OFFICE_SILENT_AFTER_S
from commands.comparing.station import open_accounts
from service.accounts import SessionBook, Standing
from service.pages.cookies import Cookies
from service.settings import load_settings
from station import rounds
from station.alerts import standing
from station.alerts.standing import RELAY_SILENT_AFTER_S
from station.alerts.timers import escalate
from station.console import hub
from station.console.app import SILENT_MS
from station.console.stream import BEAT_S
from station.roles import Role
from station.settings import StationSettings
from station.store import open_store
from station.store.schema import account_tables
from tests.browser import test_station
from tests.browser.test_station import COUNT_LOOPS, DESKTOP, PHONE, Desk, find_faults, look, wait_for_line, words_of
from tests.records.comparing import guest
from tests.station.small_station import OFFICER
from tests.station.test_process import StandIn, Today, is_healthy, run_relay, run_station, wait_until

served, desk = test_station.served, test_station.desk

# What a browser does whose machine has no sound: resume() is never answered, and nothing plays.
NO_SOUND = """
window.resumes = 0;
window.isMute = true;
const own = AudioContext.prototype.resume;
AudioContext.prototype.resume = function () {
  window.resumes += 1;
  return window.isMute ? new Promise(() => {}) : own.call(this);
};
"""
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/own/");
  const shown = registration ? await registration.getNotifications() : [];
  return shown.map(({ tag, title, body }) => ({ tag, title, body }));
}"""


@pytest.fixture
def browser(whole_browser: Browser) -> Browser:
    return whole_browser


def wait_for_notices(page: Page, is_so: Callable[[list[dict[str, str]]], bool]) -> list[dict[str, str]]:
    for _ in range(400):
        found: list[dict[str, str]] = page.evaluate(SHOWN)
        if is_so(found):
            return found
        threading.Event().wait(0.025)
    raise AssertionError(found)


@pytest.mark.parametrize(("language", "viewport"), [("zh", PHONE), ("en", DESKTOP)])
def test_shift_begins_with_a_sound_that_was_heard_and_notifications_that_name_nobody(
    desk: Desk,
    language: str,
    viewport: dict[str, int],
) -> None:
    words, shape = words_of(language), f"{language}-{viewport['width']}"
    page = desk.visit(language, viewport=viewport, permissions=["notifications"])
    wait_for_line(page)
    expect(page.locator("#sound-test")).to_have_text(words("start.begin"))
    look(page, f"shift-before-{shape}")
    page.click("#sound-test")
    expect(page.locator("#sound-state")).to_have_text(words("shift.heard"), timeout=20_000)
    expect(page.locator("#notices-state")).to_have_text(words("start.granted"))
    assert find_faults(page) == []
    look(page, f"shift-asked-{shape}")
    page.click("#heard-no")
    expect(page.locator("#sound-state")).to_have_text(words("start.unheard"))
    page.click("#sound-test")
    page.click("#heard-yes")
    expect(page.locator("html")).to_have_attribute("data-shift", "begun")
    expect(page.locator("#start-done")).to_be_visible()
    look(page, f"shift-begun-{shape}")

    desk.raise_alert()
    (shown,) = wait_for_notices(page, bool)
    assert shown == {"tag": "alert", "title": words("notice.waits", n=1), "body": words("notice.waits_why")}
    assert not any(each in str(shown) for each in ("王小明", guest.PERSON.number, "云溪", "203"))
    second = desk.raise_alert()
    wait_for_notices(page, lambda found: [each["title"] for each in found] == [words("notice.waits", n=2)])
    for row in desk.small.station.book.list_open():
        desk.small.station.book.accept(row.id, OFFICER)
    wait_for_notices(page, lambda found: found == [])
    expect(page.locator(f"[data-alert='{second}']")).to_be_visible()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-shift", "begun")


def test_blocked_notifications_are_said_with_what_to_do(desk: Desk) -> None:
    page = desk.visit()
    wait_for_line(page)
    page.click("#sound-test")
    expect(page.locator("#notices-state")).to_have_text(words_of("en")("start.denied"))


def test_machine_without_sound_is_said_and_asked_again(desk: Desk) -> None:
    """The browser never answers; the page must neither wait for it nor say that two tones were played."""
    words = words_of("en")
    page = desk.visit(path="/search")
    page.add_init_script(NO_SOUND)
    page.clock.install()
    page.goto(desk.served.origin + "/")
    wait_for_line(page)
    page.click("#sound-test")
    expect(page.locator("#sound-state")).to_have_text(words("start.asking"))
    page.clock.fast_forward(4_000)
    expect(page.locator("#sound-state")).to_have_text(words("start.stuck"))
    expect(page.locator("#sound-off .stuck")).to_be_visible()
    look(page, "no-sound")
    asked = page.evaluate("resumes")
    page.clock.fast_forward(6_000)
    page.wait_for_function("asked => resumes > asked", arg=asked)
    page.evaluate("isMute = false")
    page.clock.fast_forward(10_000)
    expect(page.locator("html")).to_have_attribute("data-audio", "running", timeout=20_000)
    expect(page.locator("#sound-off")).to_be_hidden()


def test_first_touch_of_the_page_opens_the_alert_under_it(desk: Desk) -> None:
    """A touch lets the page sound, and a banner goes: nothing may move before the finger is up again."""
    alert = desk.raise_alert()
    page = desk.visit()
    wait_for_line(page)
    expect(page.locator("html")).to_have_attribute("data-audio", "untouched")
    page.locator(f"[data-alert='{alert}']").scroll_into_view_if_needed()
    box = page.locator(f"[data-alert='{alert}']").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    expect(page.locator("html")).to_have_attribute("data-audio", "running", timeout=20_000)
    page.mouse.up()
    expect(page.locator("#alert-title")).to_be_visible()


def test_eight_tabs_of_one_browser_are_all_live(desk: Desk) -> None:
    page = desk.visit()
    wait_for_line(page)
    tabs = [page, *(page.context.new_page() for _ in range(7))]
    for tab in tabs[1:]:
        tab.goto(desk.served.origin + "/")
    for tab in tabs:
        wait_for_line(tab)
    alert = desk.raise_alert()
    for tab in tabs:
        expect(tab.locator(f"[data-alert='{alert}']")).to_have_count(1)
        expect(tab.locator("html")).to_have_attribute("data-sound", "blocked")
    assert len(desk.served.asked) == 1


def expect_one(tabs: list[Page], number: int) -> None:
    """Wait until this tab sounds, and no other."""
    wanted = [int(tab is tabs[number]) for tab in tabs]
    for _ in range(400):
        loops = [tab.evaluate("loops") for tab in tabs]
        if loops == wanted:
            return
        tabs[0].wait_for_timeout(25)
    raise AssertionError(loops)


def open_tabs(desk: Desk, page: Page, many: int) -> list[Page]:
    """Return more tabs of a page's browser, each with its sound tested."""
    tabs = [page.context.new_page() for _ in range(many)]
    for tab in tabs:
        tab.add_init_script(COUNT_LOOPS)
        tab.goto(desk.served.origin + "/")
        wait_for_line(tab)
        tab.click("#sound-test")
        expect(tab.locator("html")).to_have_attribute("data-audio", "running", timeout=20_000)
    return tabs


def test_one_tab_sounds_and_another_one_follows_when_it_closes_or_stands_still(desk: Desk) -> None:
    tabs = open_tabs(desk, desk.visit(path="/search"), 3)
    desk.raise_alert()
    for tab, sound in zip(tabs, ("elsewhere", "elsewhere", "playing"), strict=True):
        expect(tab.locator("html")).to_have_attribute("data-sound", sound)
        assert tab.title().startswith("(1) "), "those that are silent show it"
    tabs.pop().close()
    expect_one(tabs, 1)  # the one touched last
    tabs[0].mouse.click(5, 300)
    expect_one(tabs, 0)  # the one that somebody is at
    tabs[0].evaluate("setTimeout(() => { const end = Date.now() + 3500; while (Date.now() < end); }, 0), 0")
    expect_one(tabs[1:], 0)  # of a page that stands still nobody knows whether it sounds
    expect_one(tabs, 0)  # it goes on
    desk.small.station.book.accept(desk.small.station.book.list_open()[0].id, OFFICER)
    for tab in tabs:
        expect(tab.locator("html")).to_have_attribute("data-sound", "silent")
        assert tab.evaluate("loops") == 0


def test_alert_that_nobody_answers_sounds_in_every_tab_since_one_may_be_muted(desk: Desk) -> None:
    page = desk.visit(path="/search")
    page.clock.install()
    tabs = open_tabs(desk, page, 2)
    desk.raise_alert()
    expect(tabs[0].locator("html")).to_have_attribute("data-sound", "elsewhere")
    expect(tabs[1].locator("html")).to_have_attribute("data-sound", "playing")
    page.clock.fast_forward(31_000)
    for tab in tabs:
        expect(tab.locator("html")).to_have_attribute("data-sound", "playing")


@contextmanager
def hear_relay(desk: Desk) -> Iterator[None]:
    told = desk.small.relay.told
    with rounds.Rounds(replace(desk.small.station, relay=desk.small.relay)).going():
        try:
            yield
        finally:
            desk.small.relay.is_down, desk.small.relay.told = False, told


@pytest.mark.parametrize(
    ("cause", "changes"),
    [
        ("relay_silent", None),
        ("office_silent", {"is_office_silent": True}),
        ("office_silent", {"passing_key": b""}),
        ("no_permit", {"permit": ""}),
    ],
)
def test_whatever_is_lost_is_said_in_red_in_the_title_and_on_the_desktop(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    cause: str,
    changes: dict[str, Any] | None,
) -> None:
    monkeypatch.setattr(rounds, "HEAR_EACH_S", 0.2)
    monkeypatch.setattr(standing, "RELAY_SILENT_AFTER_S", 2.0)
    words = words_of("en")
    page = desk.visit(permissions=["notifications"])
    wait_for_line(page)
    with hear_relay(desk):
        expect(page.locator("#standing")).to_contain_text(words("standing.on"))
        if changes is None:
            desk.small.relay.is_down = True
        else:
            desk.small.relay.told = structs.replace(desk.small.relay.told, **changes)
        expect(page.locator("#standing[role='alert']")).to_contain_text(words(f"standing.{cause}"), timeout=10_000)
        assert page.title().startswith("⚠ ")
        (shown,) = wait_for_notices(page, bool)
        assert (shown["tag"], shown["title"]) == ("trouble", words("notice.trouble"))
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        expect(page.locator("#standing")).to_be_in_viewport()
    desk.small.hear()
    expect(page.locator("#standing")).to_contain_text(words("standing.on"), timeout=10_000)
    wait_for_notices(page, lambda found: found == [])


def test_every_loss_is_said_within_ten_seconds() -> None:
    """The sum of what may pass at worst, from the last sign of life to the banner."""
    told_s = rounds.HEAR_EACH_S + hub.POLL_S
    assert STATE_TIMEOUT.connect_timeout and STATE_TIMEOUT.read_timeout  # noqa: PT018
    desk_s = STATE_INTERVAL_S + float(STATE_TIMEOUT.connect_timeout) + float(STATE_TIMEOUT.read_timeout)
    line_s = SILENT_MS / 1000 + 1.0 + 0.5  # a hidden tab's pulse, the page's own look
    assert max(RELAY_SILENT_AFTER_S + hub.POLL_S, OFFICE_SILENT_AFTER_S + told_s, desk_s + told_s, line_s) < 10
    assert 2 * BEAT_S < SILENT_MS / 1000, "one beat that comes late is no loss"


@dataclass
class RawTab:
    """A tab that Playwright does not look after: its own are always in front, whatever is before them."""

    session: CDPSession
    context: str
    attached: str = ""
    target: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000_000)))
    answers: dict[int, Any] = field(default_factory=dict)

    def open(self) -> None:
        self.session.on("Target.receivedMessageFromTarget", self._take)
        made = self.session.send("Target.createTarget", {"url": "about:blank", "browserContextId": self.context})
        self.target = made["targetId"]
        attached = self.session.send("Target.attachToTarget", {"targetId": self.target, "flatten": False})
        self.attached = attached["sessionId"]

    def _take(self, event: dict[str, Any]) -> None:
        message = json.loads(event["message"])
        if event["sessionId"] == self.attached and "id" in message:
            self.answers[message["id"]] = message.get("result", {})

    def send(self, method: str, **parameters: Any) -> Any:
        number = next(self.numbers)
        message = json.dumps({"id": number, "method": method, "params": parameters})
        self.session.send("Target.sendMessageToTarget", {"sessionId": self.attached, "message": message})
        for _ in range(2000):
            if number in self.answers:
                return self.answers.pop(number)
            self.session.send("Browser.getVersion")  # lets what has come in be handled
            threading.Event().wait(0.005)
        raise AssertionError(method)

    def evaluate(self, expression: str) -> Any:
        found = self.send("Runtime.evaluate", expression=expression, returnByValue=True, userGesture=True)
        return found["result"].get("value")

    def wait_for(self, expression: str) -> None:
        for _ in range(1200):
            if self.evaluate(expression):
                return
            threading.Event().wait(0.025)
        raise AssertionError(f"{expression}: {self.evaluate('document.documentElement.outerHTML.slice(0, 400)')}")


@pytest.fixture
def raw_tab(browser: Browser) -> Iterator[RawTab]:
    session = browser.new_browser_cdp_session()
    context = session.send("Target.createBrowserContext")["browserContextId"]
    tab = RawTab(session, context)
    tab.open()
    yield tab
    session.send("Target.disposeBrowserContext", {"browserContextId": context})
    session.detach()


def test_alert_sounds_in_a_tab_that_is_in_the_background(desk: Desk, raw_tab: RawTab) -> None:
    cookie = {"name": desk.small.cookie, "value": desk.small.open_session(OFFICER), "url": desk.served.origin}
    raw_tab.session.send("Storage.setCookies", {"cookies": [cookie], "browserContextId": raw_tab.context})
    raw_tab.send("Page.enable")
    raw_tab.send("Page.addScriptToEvaluateOnNewDocument", source=COUNT_LOOPS)
    raw_tab.send("Page.navigate", url=desk.served.origin + "/")
    raw_tab.wait_for("document.documentElement.dataset.line === 'live'")
    raw_tab.evaluate("document.getElementById('sound-test').click()")
    raw_tab.wait_for("document.documentElement.dataset.audio === 'running'")
    raw_tab.session.send("Target.createTarget", {"url": "about:blank", "browserContextId": raw_tab.context})
    raw_tab.wait_for("document.visibilityState === 'hidden'")

    alert = desk.raise_alert()
    raw_tab.wait_for("document.documentElement.dataset.sound === 'playing' && loops === 1")
    assert raw_tab.evaluate(f"document.querySelector(\"[data-alert='{alert}']\") !== null")
    assert raw_tab.evaluate("document.title").startswith("(1) ")
    desk.small.station.book.accept(bytes.fromhex(alert), OFFICER)
    raw_tab.wait_for("document.documentElement.dataset.sound === 'silent' && loops === 0")
    desk.served.is_silent = True
    desk.served.break_lines()
    raw_tab.wait_for("document.documentElement.dataset.line === 'lost' && loops === 1")
    desk.served.is_silent = False
    raw_tab.wait_for("document.documentElement.dataset.line === 'live' && loops === 0")
    assert raw_tab.evaluate("document.visibilityState") == "hidden"


@pytest.mark.page_errors_expected
def test_page_that_stayed_open_shows_what_came_while_the_station_was_killed(
    tmp_path: Path, new_page: Callable[..., Page]
) -> None:
    today, relay = Today(tmp_path), StandIn()
    relay.permit = today.permit
    with run_relay(relay) as url:
        path = today.write(url)
        settings = load_settings(path, StationSettings)
        with open_accounts(settings) as book:
            book.add(OFFICER, (Role.DUTY_OFFICER,), by="test", language="en")
        page = new_page(viewport=DESKTOP)
        store = open_store(settings.database)
        token = SessionBook(store, account_tables, lambda: datetime.now(UTC)).open(OFFICER, Standing.FULL)
        store.close()
        page.context.add_cookies(
            [{"name": Cookies("station", False).name_cookie("session"), "value": token, "url": settings.origin}]
        )
        with run_station(path) as process:
            wait_until(lambda: is_healthy(settings) and relay.day_keys, process)
            page.goto(settings.origin + "/")
            wait_for_line(page)
            page.evaluate("window.isTheSamePage = true")
            process.send_signal(signal.SIGKILL)
            process.wait()
        relay.rows.append(today.make_row(relay.day_keys[0]))
        with run_station(path):
            expect(page.locator("#open [data-alert]")).to_have_count(1, timeout=30_000)
            expect(page.locator("#lost")).to_be_hidden()
            assert page.evaluate("isTheSamePage")


@pytest.mark.page_errors_expected
def test_new_alert_is_listed_and_sounds_though_the_list_cannot_be_had(desk: Desk) -> None:
    """Some hundred pages that ask for their list together wait for each other: the sound does not wait for that."""
    page = desk.visit()
    wait_for_line(page)
    page.click("#sound-test")
    expect(page.locator("html")).to_have_attribute("data-audio", "running", timeout=20_000)
    page.route("**/", lambda route: route.abort())
    alert = desk.raise_alert()
    expect(page.locator(f"#open .fresh [data-alert='{alert}']")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-sound", "playing")
    expect(page).to_have_title(f"(1) {words_of('en')('list.title')} · {words_of('en')('service.name')}")
    page.click(f"[data-alert='{alert}']")
    expect(page.locator("#alert-title")).to_be_visible()
    assert escalate(desk.small.station.book, desk.small.station.book.find(bytes.fromhex(alert)), 1)
    expect(page.locator("article .changed")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-sound", "playing")  # called again is no reason to be silent
    page.route("**/accept", lambda route: route.abort())
    page.click("#accept")
    expect(page.locator("#unanswered")).to_have_text(words_of("en")("shift.unanswered"))
    look(page, "unanswered")
    desk.small.station.book.accept(bytes.fromhex(alert), OFFICER)
    expect(page.locator(".fresh")).to_have_count(0)
    expect(page.locator("html")).to_have_attribute("data-sound", "silent")
    page.unroute("**/")
    expect(page.locator(f"#open [data-alert='{alert}'] .who")).to_contain_text(OFFICER, timeout=10_000)
