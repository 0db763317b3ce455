"""The officers' page in a real browser: an alert seen and heard, worked to its outcome, and never lost on the way."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib import resources

import pytest
from msgspec import structs
from playwright.sync_api import BrowserContext, Page, expect

from records.comparing.alerts import AlertReason, AlertVerdict
from records.comparing.people import ComparedName
from service.pages import Words, load_words
from station.alerts import standing
from station.alerts.states import EndedBecause
from station.console import app, stream
from station.store.events import find_last
from tests.records.comparing import guest
from tests.records.comparing.world import digest
from tests.station.small_station import OFFICER, OTHER_OFFICER, Served, SmallStation, serve

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
PICTURES = os.environ.get("KJT_PICTURES", "")
AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Counts the loops that the page has its audio play, whatever its own state says.
COUNT_LOOPS = """
window.loops = 0;
for (const [name, step] of [["start", 1], ["stop", -1]]) {
  const own = AudioBufferSourceNode.prototype[name];
  AudioBufferSourceNode.prototype[name] = function (...given) {
    if (this.loop) window.loops += step;
    return own.apply(this, given);
  };
}
"""
MISREAD = replace(
    guest.PERSON, number=guest.PERSON.number[:8] + "7" + guest.PERSON.number[9:],
    names=(ComparedName("王晓明", "王", "晓明"),),
)  # fmt: skip
REASONS = (
    AlertReason("number", "one slip", 22.4, "证件号码只差一个字符", "The document number differs by one character."),
    AlertReason("name", "same syllables", 7.1, "姓名读音相同，用字不同", "The names sound the same."),
    AlertReason("birth_date", "same", 9.3, "出生日期相同", "The dates of birth are the same."),
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("station")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "BEAT_S", 0.5)
        patch.setattr(app, "SILENT_MS", 2500)
        # Nobody asks the relay here unless a test says so.
        patch.setattr(standing, "RELAY_SILENT_AFTER_S", 3600.0)
        with serve(lambda origin: SmallStation(folder, origin=origin)) as found:
            yield found


@dataclass
class Desk:
    """A station at work, and browsers of its officers."""

    served: Served
    new_page: Callable[..., Page]
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    @property
    def small(self) -> SmallStation:
        return self.served.small

    def visit(
        self,
        language: str = "en",
        name: str = OFFICER,
        viewport: dict[str, int] = DESKTOP,
        path: str = "/",
        **more: object,
    ) -> Page:
        page = self.new_page(locale=LOCALES[language], viewport=viewport, timezone_id="Asia/Shanghai", **more)
        page.add_init_script(COUNT_LOOPS)
        self.sign_in(page.context, language, name)
        page.goto(self.served.origin + path)
        return page

    def sign_in(self, context: BrowserContext, language: str = "en", name: str = OFFICER) -> str:
        token = self.small.open_session(name, language)
        context.add_cookies([{"name": self.small.cookie, "value": token, "url": self.served.origin}])
        return token

    def raise_alert(self, **changes: object) -> str:
        return self.small.raise_alert(int.from_bytes(os.urandom(6), "big"), **changes)


@pytest.fixture
def desk(served: Served, new_page: Callable[..., Page]) -> Iterator[Desk]:
    served.asked.clear()
    served.small.hear(stop="", permit=served.small.relay.told.permit)
    yield Desk(served, new_page)
    book = served.small.station.book
    for row in book.list_open():
        book.withdraw(row.id, EndedBecause.EXPIRED)
        # Else its officer's pages say so, and sound, in the tests that follow.
        book.understand(row.id, row.holder)


def wait_for_line(page: Page) -> None:
    expect(page.locator("html")).to_have_attribute("data-line", "live")


def look(page: Page, name: str) -> None:
    """See that nothing is wider than the screen, and keep a picture where wanted."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the screen"
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/station-{name}.png", full_page=True)


def find_faults(page: Page) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    result = page.evaluate("(tags) => axe.run(document, { runOnly: tags })", RULES)
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for each in result["violations"]
        for node in each["nodes"]
    ]


def words_of(language: str) -> Words:
    return load_words("station.console", language)


@pytest.mark.parametrize(("language", "viewport"), [("zh", DESKTOP), ("en", PHONE)])
def test_alert_comes_live_sounds_until_it_is_accepted_and_is_closed_with_an_outcome(
    desk: Desk, language: str, viewport: dict[str, int]
) -> None:
    words, shape = words_of(language), f"{language}-{viewport['width']}"
    page = desk.visit(language, viewport=viewport)
    wait_for_line(page)
    expect(page.locator("#standing")).to_contain_text(words("standing.on"))
    expect(page.locator("html")).to_have_attribute("data-audio", "untouched")
    expect(page.locator("#sound-off")).to_be_visible()
    page.click("#sound-test")
    expect(page.locator("#sound-state")).to_have_text(words("shift.heard"))
    expect(page.locator("#sound-off")).to_be_hidden()
    look(page, f"quiet-{shape}")

    alert = desk.raise_alert(
        person=MISREAD, place=guest.place_for(MISREAD), verdict=AlertVerdict.STRONG, reasons=REASONS
    )
    expect(page.locator(f"[data-alert='{alert}']")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-sound", "playing")
    assert page.evaluate("loops") == 1
    expect(page).to_have_title(f"(1) {words('list.title')} · {words('service.name')}")
    assert find_faults(page) == []
    look(page, f"raised-{shape}")

    page.click(f"[data-alert='{alert}']")
    detail = page.locator("#detail")
    expect(detail.locator("#alert-title")).to_be_focused()
    expect(detail).to_contain_text(words("lead.title"))
    expect(detail.locator("mark").first).to_have_text("王晓明")
    look(page, f"alert-{shape}")
    page.click("#accept")
    expect(page.locator("html")).to_have_attribute("data-sound", "silent")
    assert page.evaluate("loops") == 0
    expect(detail.locator(".closing")).to_be_visible()
    assert find_faults(page) == []
    look(page, f"accepted-{shape}")

    page.check("input[value='other-person']")
    page.click("#close")
    expect(detail).to_contain_text(words("outcome.other-person"))
    expect(page.locator("#none-open")).to_be_visible()
    expect(page).to_have_title(f"{words('list.title')} · {words('service.name')}")
    look(page, f"closed-{shape}")
    assert desk.small.station.book.find(bytes.fromhex(alert)).outcome == "other-person"


def test_page_that_nobody_touched_says_that_it_cannot_sound(desk: Desk) -> None:
    page = desk.visit()
    wait_for_line(page)
    desk.raise_alert()
    expect(page.locator("html")).to_have_attribute("data-sound", "blocked")
    expect(page.locator("#sound-state")).to_have_text(words_of("en")("shift.blocked"))
    page.mouse.click(5, 300)
    expect(page.locator("html")).to_have_attribute("data-sound", "playing")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_line_that_breaks_is_taken_up_where_it_was(desk: Desk, language: str) -> None:
    page = desk.visit(language)
    wait_for_line(page)
    first = desk.raise_alert()
    expect(page.locator(f"[data-alert='{first}']")).to_be_visible()
    with desk.small.station.store.reading() as connection:
        last = str(find_last(connection))
    desk.served.asked.clear()
    # The alert comes when the old line is cut and the new one does not speak yet.
    desk.served.is_silent = True
    desk.served.break_lines()
    while not desk.served.asked:
        page.wait_for_timeout(20)
    second = desk.raise_alert()
    desk.served.is_silent = False
    expect(page.locator(f"[data-alert='{second}']")).to_be_visible(timeout=10_000)
    assert desk.served.asked[0].get("last-event-id") == last


def test_silence_is_said_in_red_and_sounds(desk: Desk) -> None:
    page = desk.visit()
    wait_for_line(page)
    page.click("#sound-test")
    desk.served.is_silent = True
    desk.served.break_lines()
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-sound", "playing")
    expect(page.locator("#standing")).to_be_hidden()
    look(page, "lost")
    desk.served.is_silent = False
    expect(page.locator("#lost")).to_be_hidden(timeout=10_000)
    expect(page.locator("html")).to_have_attribute("data-sound", "silent")


@pytest.mark.page_errors_expected
def test_whoever_is_signed_out_is_told_and_not_left_with_a_quiet_page(desk: Desk) -> None:
    page = desk.new_page(locale="en-GB", viewport=DESKTOP)
    token = desk.sign_in(page.context)
    page.goto(desk.served.origin + "/")
    wait_for_line(page)
    alert = desk.raise_alert()
    page.click(f"[data-alert='{alert}']")
    expect(page.locator("#alert-title")).to_be_visible()
    desk.small.station.pages.sessions.close(token)
    desk.served.break_lines()
    expect(page.locator("#signed-out")).to_be_visible(timeout=10_000)
    assert guest.PERSON.number not in page.content(), "whoever sits there now may be somebody else"


def test_banner_says_at_once_that_comparison_was_stopped(desk: Desk) -> None:
    words = words_of("zh")
    page = desk.visit("zh")
    wait_for_line(page)
    told = desk.small.relay.told
    desk.small.station.receiver.hear(structs.replace(told, permit=""))
    expect(page.locator("#standing")).to_contain_text(words("standing.no_permit"), timeout=10_000)
    look(page, "off-zh")
    desk.small.station.receiver.hear(told)
    expect(page.locator("#standing")).to_contain_text(words("standing.on"), timeout=10_000)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_of_two_officers_the_slower_one_is_told_who_was_first(desk: Desk, language: str) -> None:
    alert, words = desk.raise_alert(), words_of(language)
    one, other = desk.visit(language), desk.visit(language, OTHER_OFFICER)
    for page in (one, other):
        wait_for_line(page)
        page.click(f"[data-alert='{alert}']")
        expect(page.locator("#accept")).to_be_visible()
    one.click("#accept")
    expect(other.locator(".changed")).to_be_visible()
    expect(other.locator(f"a[data-alert='{alert}'] .who")).to_have_text(words("list.held_by", name=OFFICER))
    other.click("#accept")
    expect(other.locator("#problem")).to_have_text(words("refused.other_hands_by", name=OFFICER))


def test_alert_does_not_stay_on_an_unattended_screen(desk: Desk) -> None:
    page = desk.visit()
    page.clock.install()
    page.reload()
    alert = desk.raise_alert()
    page.click(f"[data-alert='{alert}']")
    expect(page.locator("#alert-title")).to_be_visible()
    page.clock.fast_forward(timedelta(minutes=6).seconds * 1000)
    expect(page.locator("#detail")).to_have_text(words_of("en")("shift.hidden"))
    assert guest.PERSON.number not in page.content()


def test_alert_on_a_page_of_its_own_does_not_stay_on_an_unattended_screen_either(desk: Desk) -> None:
    page = desk.visit(path="/search")
    page.clock.install()
    page.goto(f"{desk.served.origin}/alerts/{desk.raise_alert()}")
    expect(page.locator("#alert-title")).to_be_visible()
    page.clock.fast_forward(timedelta(minutes=6).seconds * 1000)
    expect(page.locator("p.empty")).to_have_text(words_of("en")("shift.hidden"))
    assert guest.PERSON.number not in page.content()


def test_everything_is_done_without_script_too(desk: Desk) -> None:
    alert = desk.raise_alert()
    page = desk.visit(java_script_enabled=False)
    page.click(f"[data-alert='{alert}']")
    page.click("#accept")
    page.check("input[value='could-not-be-found']")
    page.click("#close")
    expect(page.locator("article")).to_contain_text("The guest could not be found")


@pytest.mark.parametrize(("language", "viewport"), [("zh", PHONE), ("en", DESKTOP)])
def test_papers_read_well(desk: Desk, language: str, viewport: dict[str, int]) -> None:
    alert = desk.raise_alert()
    page = desk.visit(language, viewport=viewport)
    for path, name in (("/search", "search"), (f"/alerts/{alert}/note", "note"), (f"/alerts/{alert}", "alone")):
        page.goto(desk.served.origin + path)
        assert find_faults(page) == []
        look(page, f"{name}-{language}-{viewport['width']}")


def test_there_is_no_print_out_of_an_alert(desk: Desk) -> None:
    alert = desk.raise_alert()
    page = desk.visit(path=f"/alerts/{alert}")
    page.emulate_media(media="print")
    expect(page.locator("article")).to_be_hidden()
    page.goto(f"{desk.served.origin}/alerts/{alert}/note")
    expect(page.locator("article.note")).to_be_visible()
    assert digest("").hex() not in page.content()
