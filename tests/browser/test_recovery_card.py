"""Closed names and the recovery card in a real browser: what is told, made, printed once, and typed."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from terminal.screen.app import LANGUAGE_COOKIE
from terminal.screen.texts import LANGUAGES, Words, load_words
from tests.browser.test_screen import keep_picture, touch
from tests.terminal.screen.small_counter import CARD, TODAY, SmallCounter, make_guest, serve

NAMES = [make_guest(n).name for n in (0, 1)]


@pytest.fixture
def counter() -> SmallCounter:
    counter = SmallCounter()
    counter.lodge("101", 0)
    counter.lodge("202", 1)
    return counter


@pytest.fixture(autouse=True)
def quick_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third of a second at every touch would be most of these tests' time."""
    monkeypatch.setattr("terminal.screen.app.SETTLE_MS", 40)


@pytest.fixture(params=["zh", "en"])
def words(request: pytest.FixtureRequest) -> Words:
    return load_words(request.param)


@pytest.fixture
def screen(page: Page, counter: SmallCounter, words: Words) -> Iterator[Page]:
    with serve(counter) as origin:
        page.context.add_cookies([{"name": LANGUAGE_COOKIE, "value": words.language, "url": origin}])
        page.add_init_script("window.print = () => { document.title = 'printing'; }")
        page.goto(origin)
        touch(page, "#nav-house")
        yield page
        page.goto("about:blank")


def type_on_screen(screen: Page, text: str) -> None:
    for digit in text:
        touch(screen, f"#digit-{digit}")


def test_closed_house_says_why_and_lets_everybody_leave(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    first, second = (guest.stay for guest in counter.state().house)
    counter.close_house("terminal_revoked", has_card=False)
    expect(screen.locator("#alert")).to_contain_text(words("lock.terminal_revoked"))
    expect(screen.locator("#open-unlock")).to_have_count(0)
    keep_picture(screen, tmp_path, "revoked")
    counter.close_house("unreachable")
    expect(screen.locator(".note")).to_contain_text(words("lock.unreachable"))
    expect(screen.locator("#alert")).to_be_empty()
    for name in NAMES:
        expect(screen.locator("main")).not_to_contain_text(name)
    keep_picture(screen, tmp_path, "closed")
    touch(screen, f"#open-{first}")
    expect(screen.locator(".choice")).to_have_count(2)
    expect(screen.get_by_role("dialog")).to_contain_text(words("stay.closed"))
    keep_picture(screen, tmp_path, "guest")
    touch(screen, "#choose-leave")
    touch(screen, "#leave-yes")
    expect(screen.locator(f"#open-{first}")).to_have_count(0)
    assert [guest.stay for guest in counter.state().house] == [second]


def test_card_is_typed_on_the_screen_and_a_wrong_group_shows_at_once(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    counter.close_house()
    touch(screen, "#open-unlock")
    expect(screen.locator("#unlock-yes")).to_be_disabled()
    wrong = CARD[0][:-1] + str((int(CARD[0][-1]) + 1) % 10)
    type_on_screen(screen, wrong + CARD[1])
    expect(screen.locator("#group-1")).to_have_attribute("aria-invalid", "true")
    expect(screen.locator("#group-2")).to_have_attribute("aria-invalid", "false")
    keep_picture(screen, tmp_path, "mistyped")
    counter.lay(make_guest(3))  # the screen changes meanwhile: what was typed stays
    expect(screen.locator("#nav-desk .badge")).to_have_text("1")
    expect(screen.locator("#group-1")).to_have_value(wrong)
    screen.click("#group-1")
    touch(screen, "#digit-back")
    type_on_screen(screen, CARD[0][-1] + CARD[2])
    for n, group in enumerate(CARD[3:], start=4):
        screen.fill(f"#group-{n}", group)
    expect(screen.locator("#unlock-yes")).to_be_enabled()
    keep_picture(screen, tmp_path, "typed")
    touch(screen, "#unlock-yes")
    for name in NAMES:
        expect(screen.locator("main")).to_contain_text(name)
    expect(screen.locator(".note")).to_have_count(1)  # the guest who waits
    assert counter.typed == list(CARD)


@pytest.mark.parametrize("words", ["en"], indirect=True)
def test_card_is_typed_by_keyboard_and_another_card_is_refused(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    counter.close_house()
    touch(screen, "#open-unlock")
    expect(screen.locator("#group-1")).to_be_focused()
    screen.keyboard.type("000011" * 8)
    screen.keyboard.press("Enter")
    expect(screen.locator("#alert")).to_contain_text(words("problem.card_refused"))
    keep_picture(screen, tmp_path, "refused")
    touch(screen, "#problem-seen")
    touch(screen, "#open-unlock")
    expect(screen.locator("#group-1")).to_be_focused()
    screen.keyboard.type("".join(CARD))
    screen.keyboard.press("Enter")
    expect(screen.locator("main")).to_contain_text(NAMES[0])


def test_card_is_made_behind_two_questions_and_shown_once(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    expect(screen.locator(".card-bar")).to_contain_text(words("card.none"))
    touch(screen, "#open-card")
    keep_picture(screen, tmp_path, "card")
    touch(screen, "#card-make")
    keep_picture(screen, tmp_path, "sure")
    assert counter.card == ()
    touch(screen, "#card-yes")
    keep_picture(screen, tmp_path, "ready")
    touch(screen, "#card-print")
    expect(screen).to_have_title("printing")
    for group in CARD:
        expect(screen.locator(".groups")).to_contain_text(group)
    for language in LANGUAGES:
        expect(screen.locator("article")).to_contain_text(load_words(language)("card.secret"))
    screen.screenshot(path=tmp_path / "paper.png", full_page=True)
    screen.emulate_media(media="print")
    screen.pdf(path=tmp_path / "paper.pdf", width="80mm", height="200mm")
    screen.emulate_media(media="screen")
    screen.reload()
    expect(screen.locator(".card-bar")).to_contain_text(words.moment(counter.state().lock.card_made_at))  # type: ignore[arg-type]
    assert CARD[0] not in screen.content()
    touch(screen, "#open-card")
    touch(screen, "#card-make")
    keep_picture(screen, tmp_path, "again")


def test_overdue_guest_is_told_with_the_day_on_which_the_list_forgets(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    first, second = (guest.stay for guest in counter.state().house)
    day = TODAY + timedelta(days=2)
    for stay in (first, second):
        counter.settle(stay, planned_departure=TODAY - timedelta(days=5), forget_on=day)
    counter.settle(second, name=None)
    expect(screen.locator(".overdue")).to_contain_text(words("house.forget_on", day=words.short_date(day)))
    expect(screen.locator(f"#stays-{first}")).to_have_count(1)
    expect(screen.locator(f"#stays-{second}")).to_have_count(0)
    expect(screen.locator("#nav-today .badge:not(.quiet)")).to_have_text("2")
    keep_picture(screen, tmp_path, "overdue")
