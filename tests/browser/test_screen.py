"""The counter's screen in a real browser: every flow by touch, and one by keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from terminal.screen.app import LANGUAGE_COOKIE
from terminal.screen.texts import Words, load_words
from terminal.state import Delivery, QueueState, ReaderState
from tests.terminal.screen.small_counter import SmallCounter, make_guest, serve


@pytest.fixture
def counter() -> SmallCounter:
    return SmallCounter()


@pytest.fixture(autouse=True)
def quick_settling(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A third of a second at every touch would be most of these tests' time; those about it keep it."""
    if "at_full_length" not in request.fixturenames:
        monkeypatch.setattr("terminal.screen.app.SETTLE_MS", 40)


@pytest.fixture
def at_full_length() -> None:
    """Keep the time for which the screen takes no touches."""


@pytest.fixture
def origin(counter: SmallCounter, page: Page) -> Iterator[str]:
    with serve(counter) as address:
        yield address
        page.goto("about:blank")  # or it would miss its server, and say so


@pytest.fixture(params=["zh", "en"])
def words(request: pytest.FixtureRequest) -> Words:
    return load_words(request.param)


@pytest.fixture
def screen(page: Page, origin: str, words: Words) -> Page:
    page.context.add_cookies([{"name": LANGUAGE_COOKIE, "value": words.language, "url": origin}])
    page.goto(origin)
    return page


def settle(page: Page) -> None:
    """Wait until the screen takes touches again."""
    page.wait_for_selector("body:not(.settling):not(.busy)")


def touch(page: Page, selector: str) -> None:
    """Touch something as soon as the screen takes touches."""
    settle(page)
    page.click(selector)


def keep_picture(page: Page, folder: Path, name: str) -> None:
    """Take a picture, and see that nothing reaches beyond the screen."""
    page.screenshot(path=folder / f"{name}.png")
    assert page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [1280, 800]
    small = page.evaluate(
        "[...document.querySelectorAll('button, .button, .tick')].map((b) => [b.id, b.getBoundingClientRect()])"
        ".filter(([, box]) => box.height && box.height < 55.5).map(([id]) => id)"
    )
    assert small == []


def test_guest_appears_and_one_touch_on_a_room_is_green(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    expect(screen.locator("h1")).to_have_text(words("reader.ready"))
    counter.lay(make_guest(0))
    expect(screen.locator("h1")).to_contain_text(make_guest(0).name)
    touch(screen, "#more")
    keep_picture(screen, tmp_path, "guest")
    touch(screen, "button:has-text('203')")
    expect(screen.locator(".saved h1")).to_have_text(words("done.title_one", room="203"))
    expect(screen.locator(".slip .state.wait")).to_contain_text(words("delivery.saved"))
    expect(screen.locator(".slip svg").first).to_be_visible()
    (guest,) = counter.state().house
    assert (guest.planned_departure - counter.state().today).days == 2
    counter.receive(guest.stay)
    expect(screen.locator(".slip .state.good")).to_contain_text(words("delivery.received"))
    keep_picture(screen, tmp_path, "received")
    touch(screen, "#next")
    expect(screen.locator("h1")).to_have_text(words("reader.ready"))


def test_family_of_four_takes_four_touches_and_three_answers_about_the_minor(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    counter.lay(*(make_guest(n) for n in range(4)))
    keep_picture(screen, tmp_path, "family")
    for n in range(4):
        expect(screen.locator("#main h1")).to_contain_text(make_guest(n).name)
        touch(screen, "#room-4")
        if make_guest(n).is_minor:
            touch(screen, f"#here-1:has-text('{make_guest(0).name}')")
            expect(screen.locator("#typed-guardian_name")).to_have_value(make_guest(0).name)
            expect(screen.locator("#typed-phone")).to_be_focused()
            screen.fill("#typed-phone", "99 0100 200300")
            screen.check("#typed-relation-parent", force=True)
            touch(screen, "#minor-yes")
            expect(screen.locator("#window dialog")).to_have_count(0)
    expect(screen.locator(".saved h1")).to_have_text(words("done.title_many", n=4, room="201"))
    expect(screen.locator(".slip")).to_have_count(4)
    keep_picture(screen, tmp_path, "slips")


# Touches the same room in the moment in which the next guest appears.
TOUCH_AT_ONCE = """() => new MutationObserver((_, observer) => {
  if (!document.querySelector(".saved-strip")) return;
  observer.disconnect();
  document.querySelector("#room-4").click();
  window.touched = true;
}).observe(document.body, { subtree: true, childList: true })"""


def test_second_touch_of_a_double_touch_registers_nobody(
    screen: Page, counter: SmallCounter, at_full_length: None
) -> None:
    counter.lay(make_guest(0), make_guest(1))
    screen.evaluate(TOUCH_AT_ONCE)  # as the finger does, without waiting: a driver of a busy machine would be late
    screen.locator("#room-4").dblclick()
    expect(screen.locator(".saved-strip")).to_be_visible()
    screen.wait_for_function("window.touched")
    settle(screen)
    # Had the touch been taken, its request would have gone out before this one.
    touch(screen, "#nav-notice")
    expect(screen.get_by_role("dialog")).to_be_visible()
    assert len(counter.state().house) == 1


def test_strangers_share_a_room_only_after_a_question(screen: Page, counter: SmallCounter, words: Words) -> None:
    counter.lodge("201", 1)
    counter.lay(make_guest(0))
    touch(screen, "#room-4")
    expect(screen.get_by_role("dialog")).to_contain_text(words("room.join_title", room="201"))
    screen.keyboard.press("Escape")
    expect(screen.get_by_role("dialog")).to_have_count(0)
    touch(screen, "#room-4")
    touch(screen, "#join-yes")
    expect(screen.locator(".saved")).to_be_visible()
    assert [guest.room for guest in counter.state().house] == ["201", "201"]


def test_house_shows_slips_and_several_check_out_at_once(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    stays = [counter.lodge("101", 0), counter.lodge("102", 1), counter.lodge("103", 2)]
    counter.receive(stays[0])
    counter.settle(stays[1], delivery=Delivery.REFUSED, refusal="wrong_keys")
    touch(screen, "#nav-house")
    expect(screen.locator("tbody tr")).to_have_count(3)
    keep_picture(screen, tmp_path, "house")
    touch(screen, f"#open-{stays[0]}")
    touch(screen, "#choose-slip")
    expect(screen.get_by_role("dialog").locator("svg").nth(1)).to_be_visible()
    touch(screen, "#window-close")
    touch(screen, ".tick >> nth=0")
    touch(screen, ".tick >> nth=1")
    counter.change(reader=ReaderState("reading"))  # what was chosen outlasts a change
    expect(screen.locator("#foot")).to_contain_text(words("reader.reading_short"))
    expect(screen.locator("#selected")).to_have_text(words("house.selected", n=2))
    touch(screen, "#leave-selected")
    expect(screen.get_by_role("dialog").locator("li")).to_have_count(2)
    touch(screen, "#leave-yes")
    expect(screen.locator("#main")).to_contain_text(words("house.departed"))
    assert [guest.stay for guest in counter.state().house] == [stays[2]]


def test_card_read_while_the_house_is_shown_brings_the_guest(screen: Page, counter: SmallCounter) -> None:
    touch(screen, "#nav-house")
    expect(screen.locator(".empty")).to_be_visible()
    counter.lay(make_guest(0))
    expect(screen.locator("h1")).to_contain_text(make_guest(0).name)


def test_what_goes_wrong_is_said_and_can_be_put_away(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    counter.change(failure="card_removed", queue=QueueState(3, 320, online=False, last_receipt_at=None))
    expect(screen.locator(".alert")).to_contain_text(words("remedy.card_removed"))
    expect(screen.locator("#queue")).to_contain_text(words("foot.offline"))
    counter.change(reader=ReaderState("down", "reader_gone"))
    expect(screen.locator(".prompt")).to_contain_text(words("remedy.reader_gone"))
    keep_picture(screen, tmp_path, "failure")
    touch(screen, "#failure-seen")
    expect(screen.locator(".alert")).to_have_count(0)


def test_specimen_card_is_put_on_the_reader_and_taken_off(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    touch(screen, "#cards")
    expect(screen.locator("#card-list .specimen")).to_have_count(5)
    keep_picture(screen, tmp_path, "drawer")
    touch(screen, "#card-child")
    expect(screen.locator("h1 .minor")).to_have_text(words("guest.minor"))
    expect(screen.locator("#foot")).to_contain_text(words("reader.lift_short"))
    touch(screen, "#card-off")
    expect(screen.locator("#foot")).to_contain_text(words("reader.ready_short"))


def test_one_touch_changes_the_language_and_it_is_remembered(screen: Page, words: Words) -> None:
    (other,) = (load_words(language) for language in ("zh", "en") if language != words.language)
    touch(screen, "#nav-notice")
    expect(screen.get_by_role("dialog")).to_contain_text(words("notice.compare_text"))
    touch(screen, "#window-language")
    expect(screen.get_by_role("dialog")).to_contain_text(other("notice.compare_text"))
    expect(screen.locator("html")).to_have_attribute("lang", other.language)
    screen.keyboard.press("Escape")
    screen.reload()
    expect(screen.locator("h1")).to_have_text(other("reader.ready"))


def test_paper_prints_and_leads_back(screen: Page, counter: SmallCounter, words: Words, tmp_path: Path) -> None:
    screen.add_init_script("window.print = () => { document.title = 'printed'; }")
    counter.lay(make_guest(0))
    touch(screen, "#room-1")
    touch(screen, "#print")
    expect(screen).to_have_title("printed")
    link = counter.slip(counter.state().house[0].stay).link
    expect(screen.locator(".link")).to_have_text(link)
    assert len(screen.pdf(width="80mm", height="297mm")) > 5_000
    assert link.partition("#")[2] not in screen.url
    touch(screen, "#back")
    expect(screen.locator(".saved h1")).to_have_text(words("done.title_one", room="101"))


def test_keyboard_alone_is_enough(page: Page, origin: str, counter: SmallCounter, at_full_length: None) -> None:
    page.goto(origin)
    expect(page.locator("#foot .state").first).to_be_visible()
    counter.lay(make_guest(0), make_guest(1))
    expect(page.locator("h1")).to_contain_text(make_guest(0).name)
    page.focus("input[type=number]")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")  # in the field it must choose no room
    assert counter.state().house == ()
    expect(page.locator("output")).to_contain_text("10月4日")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#room-1")).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#room-6")).to_be_focused()
    settle(page)
    page.keyboard.press("Enter")
    expect(page.locator(".saved-strip")).to_be_visible()
    assert counter.state().house[0].room == "203"
    page.keyboard.press("Enter")  # at once: nobody else is registered by it
    settle(page)
    assert len(counter.state().house) == 1
    expect(page.locator("#room-6")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".saved")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".prompt")).to_be_visible()


def test_nothing_personal_stays_in_the_browser(page: Page, origin: str, counter: SmallCounter) -> None:
    guest = make_guest(0)
    page.goto(origin)
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    counter.lay(guest)
    page.click("#reveal")
    expect(page.locator(".figure")).to_have_text(guest.number)
    page.click("#room-1")
    page.click("#print")
    expect(page.locator(".link")).to_be_visible()
    page.click("#back")
    expect(page.locator(".saved")).to_be_visible()
    kept = page.evaluate(
        "JSON.stringify([localStorage, sessionStorage, document.cookie, document.title, history.state])"
    )
    secret = counter.slip(counter.state().house[0].stay).link.partition("#")[2]
    everything = kept + " ".join(addresses) + str(page.context.cookies()) + page.url
    assert [mark for mark in (guest.name, guest.number, secret) if mark in everything] == []


@pytest.mark.page_errors_expected
def test_page_says_so_when_the_program_is_gone_and_returns_with_it(
    page: Page, origin: str, counter: SmallCounter
) -> None:
    page.goto(origin)
    expect(page.locator("h1")).to_be_visible()
    page.route("**/state*", lambda route: route.abort())
    counter.change()
    expect(page.locator("#lost")).to_be_visible()
    page.unroute("**/state*")
    expect(page.locator("#lost")).to_be_hidden()


@pytest.mark.page_errors_expected
def test_page_says_so_when_the_program_hangs(
    page: Page, origin: str, counter: SmallCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("terminal.screen.app.WAIT_S", 0.2)
    monkeypatch.setattr("terminal.screen.app.ANSWER_MS", 300)
    page.goto(origin)
    expect(page.locator("h1")).to_be_visible()
    page.route("**/state*", lambda _: None)  # never answered
    counter.change()
    expect(page.locator("#lost")).to_be_visible()
    page.unroute("**/state*")
    expect(page.locator("#lost")).to_be_hidden()


def test_failed_reading_says_that_what_was_saved_stays_saved(screen: Page, counter: SmallCounter, words: Words) -> None:
    counter.lay(make_guest())
    touch(screen, "#room-1")
    expect(screen.locator(".saved")).to_be_visible()
    counter.change(failure="card_unreadable")
    expect(screen.locator("#alert")).to_contain_text(words("alert.saved_stays"))
    touch(screen, "#failure-seen")
    expect(screen.locator("#alert .alert")).to_have_count(0)


def test_failed_reading_is_told_in_the_window_that_waits_for_a_document(
    screen: Page, counter: SmallCounter, words: Words
) -> None:
    counter.lodge("101")
    touch(screen, "#nav-notice")
    counter.change(failure="card_unreadable")
    expect(screen.locator("dialog .window-alert")).to_contain_text(words.name("problem", "card_unreadable"))


def test_impossible_number_of_nights_is_answered_in_the_language_of_the_page(
    screen: Page, counter: SmallCounter, words: Words
) -> None:
    counter.lay(make_guest())
    screen.fill("input[name=nights]", "99")
    touch(screen, "#room-1")
    expect(screen.locator("#alert")).to_contain_text(words.name("problem", "too_many_nights"))
