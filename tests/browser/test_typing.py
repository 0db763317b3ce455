"""Documents that no reader reads, typed at the counter's screen: in both languages, by touch and by keyboard alone."""

from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from drivers.sim.mrz_specimens import PRINTED_SPECIMENS
from records.documents import HowRead, ShownPaper, TypedBecause, Typing
from terminal.screen.texts import Words
from tests.browser.test_screen import counter, keep_picture, origin, quick_settling, screen, settle, touch, words
from tests.terminal.screen.small_counter import SmallCounter, make_guest

# Fixtures, shared with the screen's other tests.
__all__ = ["counter", "origin", "quick_settling", "screen", "words"]

# Where the words matter little: each language costs a browser.
IN_ENGLISH = pytest.mark.parametrize("words", ["en"], indirect=True)
LINES = PRINTED_SPECIMENS["eriksson"].text
RIGHT, WRONG = "990101199003070015", "990101199003070016"
PASSPORT = {
    "surname": "Eriksson",
    "given": "Anna Maria",
    "number": "l898902c3",
    "birth_date": "12 AUG 1974",
    "issuing_state": "UTO",
    "nationality": "uto",
    "valid_until": "2031-04-15",
}


def open_form(screen: Page, because: str, *choices: str) -> None:
    """Open the window and touch one choice after the other."""
    touch(screen, "#type")
    touch(screen, f"#because-{because}")
    for choice in choices:
        touch(screen, choice)
    settle(screen)


def fill(screen: Page, fields: dict[str, str], *radios: str) -> None:
    for name, text in fields.items():
        screen.fill(f"#typed-{name}", text)
    for radio in radios:
        # The label, once it stands still: what is said of the fields above may have moved it.
        touch(screen, f"label:has(#typed-{radio})")
        expect(screen.locator(f"#typed-{radio}")).to_be_checked()


def test_passport_is_typed_by_touch_checked_and_marked(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    keep_picture(screen, tmp_path, "prompt")
    touch(screen, "#type")
    settle(screen)
    keep_picture(screen, tmp_path, "reason")
    touch(screen, "#because-nothing_to_read")
    settle(screen)
    keep_picture(screen, tmp_path, "kind")
    touch(screen, "#kind-414")
    settle(screen)
    keep_picture(screen, tmp_path, "empty")
    fill(screen, PASSPORT, "shown-document", "sex-2")
    expect(screen.locator("#say-issuing_state")).to_have_text(words("finding.state", state=words("country.UTO")))
    expect(screen.locator("#say-number")).to_have_text(words("finding.number_as", number="L898902C3"))
    keep_picture(screen, tmp_path, "passport")
    touch(screen, "#type-yes")
    expect(screen.locator("#main .guest h1")).to_contain_text("ERIKSSON ANNA MARIA")
    expect(screen.locator("#main .guest .typed")).to_have_text(words("guest.typed"))
    expect(screen.locator("#main .guest")).to_contain_text(words("because.nothing_to_read"))
    keep_picture(screen, tmp_path, "guest")
    ((document, _),) = counter.taken
    assert document.typed == Typing(TypedBecause.NOTHING_TO_READ, ShownPaper.DOCUMENT)
    assert (document.how_read, document.number, document.nationality) == (HowRead.TYPED, "L898902C3", "UTO")
    touch(screen, "#room-1")
    touch(screen, "#next")
    touch(screen, "#nav-house")
    expect(screen.locator("td .typed")).to_have_text(words("guest.typed"))
    settle(screen)
    keep_picture(screen, tmp_path, "house")


def test_number_with_a_wrong_check_character_is_kept_only_on_purpose(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    open_form(screen, "damaged", "#kind-111")
    fill(screen, {"name": "张伟", "number": WRONG}, "shown-document", "sex-1")
    expect(screen.locator("#say-number")).to_have_text(words("finding.number_check"))
    screen.fill("#typed-birth_date", "19900307")
    keep_picture(screen, tmp_path, "doubt")
    touch(screen, "#type-yes")
    expect(screen.get_by_role("alert").first).to_contain_text(words("problem.typed_incomplete"))
    assert counter.taken == []
    expect(screen.locator("#typed-name")).to_have_value("张伟")  # nothing typed was lost
    touch(screen, "#really-number")
    expect(screen.locator("#say-number")).to_contain_text(words("type.kept"))
    settle(screen)
    keep_picture(screen, tmp_path, "kept")
    touch(screen, "#type-yes")
    expect(screen.locator("#main .guest h1")).to_contain_text("张伟")
    assert counter.taken[0][0].number == WRONG


@IN_ENGLISH
def test_number_fills_in_birth_date_and_sex(screen: Page, words: Words) -> None:
    open_form(screen, "reader_broken", "#kind-111")
    screen.fill("#typed-number", RIGHT)
    expect(screen.locator("#typed-birth_date")).to_have_value("1990-03-07")
    expect(screen.locator("#typed-sex-1")).to_be_checked()
    screen.fill("#typed-birth_date", "1990-03-08")
    expect(screen.locator("#say-birth_date")).to_have_text(words("finding.not_in_number"))
    screen.fill("#typed-number", RIGHT + "5")  # what was said of the number before is said no more
    expect(screen.locator("#say-number")).not_to_have_text(words("finding.number_as", number=RIGHT))


def test_printed_lines_are_checked_line_by_line_and_place_by_place(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    open_form(screen, "reader_broken", "#kind-lines")
    first, second = LINES.split("\n")
    screen.fill("#typed-lines", f"{first.rstrip('<').lower()}<<\n{second[:-1]}")
    expect(screen.locator("#say-lines")).to_have_text(words("finding.line_short", line=2, n=43, width=44))
    screen.fill("#typed-lines", f"{first}\n{second.replace('740812', '740813')}")
    expect(screen.locator("#say-lines")).to_have_text(words("finding.line_check", line=2, first=14, last=19, digit=20))
    keep_picture(screen, tmp_path, "lines-wrong")
    screen.fill("#typed-lines", f"{first}\n{second.replace('L898902C3', 'L8989O2C3')}")
    expect(screen.locator("#say-lines")).to_have_text(
        words("finding.line_likely", line=2, place=6, sign="O", right="0")
    )
    screen.fill("#typed-lines", LINES)
    expect(screen.locator("#say-lines")).to_contain_text("ERIKSSON ANNA MARIA")
    fill(screen, {}, "shown-copy")
    settle(screen)
    keep_picture(screen, tmp_path, "lines")
    touch(screen, "#type-yes")
    expect(screen.locator("#main .guest h1")).to_contain_text("ERIKSSON ANNA MARIA")
    assert counter.taken[0][0].typed == Typing(TypedBecause.READER_BROKEN, ShownPaper.COPY)


def test_child_without_a_document_stands_beside_an_adult_and_has_a_guardian(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    touch(screen, "#type")
    touch(screen, "#because-no_document")
    expect(screen.get_by_role("dialog")).to_contain_text(words("type.adult_none"))
    touch(screen, "#window-close")
    stay = counter.lodge("203", 5)
    open_form(screen, "no_document")
    keep_picture(screen, tmp_path, "adult")
    touch(screen, f"#adult-{stay}")
    fill(screen, {"surname": "ERIKSSON", "given": "LEO", "nationality": "UTO"}, "shown-nothing", "sex-1")
    screen.fill("#typed-birth_date", "2001-02-03")
    expect(screen.locator("#say-birth_date")).to_contain_text(words.full_date(date(2001, 2, 3)))
    expect(screen.locator("[data-field=birth_date]")).to_have_attribute("data-tone", "wrong")
    screen.fill("#typed-birth_date", "2019-02-03")
    expect(screen.locator("[data-field=birth_date]")).to_have_attribute("data-tone", "good")
    keep_picture(screen, tmp_path, "child")
    touch(screen, "#type-yes")
    expect(screen.locator("#main .guest .minor")).to_be_visible()
    settle(screen)
    keep_picture(screen, tmp_path, "child-waits")
    assert counter.taken[0][1].adult == stay
    touch(screen, "#room-6")
    touch(screen, "#join-yes")
    expect(screen.get_by_role("dialog")).to_contain_text(words("minor.wrong_text"))
    settle(screen)
    keep_picture(screen, tmp_path, "minor")
    touch(screen, "#minor-yes")
    expect(screen.locator("[data-field=phone]")).to_have_attribute("data-tone", "missing")
    settle(screen)
    keep_picture(screen, tmp_path, "minor-missing")
    fill(screen, {"guardian_name": "ANNA ERIKSSON", "phone": "+99 0100 200300"}, "relation-parent")
    touch(screen, "#minor-yes")
    expect(screen.locator(".saved h1")).to_be_visible()
    assert [guardian.name for guardian in counter.guardians] == ["ANNA ERIKSSON"]


def test_minor_whose_card_was_read_is_asked_about_too_and_the_guardian_can_be_corrected(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    counter.lay(make_guest(2))
    touch(screen, "#room-1")
    expect(screen.get_by_role("dialog")).to_contain_text(words("minor.who_text"))
    touch(screen, "#window-close")
    assert counter.state().house == ()
    touch(screen, "#room-1")
    fill(screen, {"guardian_name": "王大样", "phone": "99 0100 200300"}, "relation-grandparent")
    touch(screen, "#minor-yes")
    touch(screen, "#next")
    touch(screen, "#nav-house")
    (guest,) = counter.state().house
    touch(screen, f"#open-{guest.stay}")
    touch(screen, "#choose-correct")
    settle(screen)
    keep_picture(screen, tmp_path, "correct")
    touch(screen, "#correct-guardian")
    expect(screen.locator("#typed-guardian_name")).to_have_value("王大样")
    screen.fill("#typed-guardian_name", "王二样")
    settle(screen)
    keep_picture(screen, tmp_path, "correct-guardian")
    touch(screen, "#minor-yes")
    expect(screen.get_by_role("dialog")).to_have_count(0)
    assert counter.state().house[0].guardian.name == "王二样"  # type: ignore[union-attr]


def test_everything_is_typed_by_keyboard_alone(screen: Page, counter: SmallCounter, words: Words) -> None:
    settle(screen)
    keys = screen.keyboard
    reach(screen, "type")
    for choice in ("because-nothing_to_read", "kind-414"):
        reach(screen, choice)
    reach(screen, "typed-shown-document", press="Space")
    for text in ("ERIKSSON", "ANNA MARIA", "", "L898902C3", "1974-08-12"):
        keys.press("Enter")
        keys.type(text)
    keys.press("Enter")
    keys.press("Space")
    keys.press("ArrowRight")  # from male to female
    for text in ("Utopia", "UTO", "2031-04-15"):
        keys.press("Enter")
        keys.type("UTO" if text == "Utopia" else text)
    keys.press("Enter")
    expect(screen.locator("#type-yes")).to_be_focused()
    keys.press("Enter")
    expect(screen.locator("#main .guest h1")).to_contain_text("ERIKSSON ANNA MARIA")
    assert counter.taken[0][0].sex == "2"
    settle(screen)
    reach(screen, "room-1")
    expect(screen.locator(".saved h1")).to_be_visible()


def reach(screen: Page, wanted: str, press: str = "Enter") -> None:
    """Go on with the tabulator until something has the focus, and press a key on it."""
    settle(screen)
    for _ in range(60):
        if screen.evaluate("document.activeElement.id") == wanted:
            break
        screen.keyboard.press("Tab")
    expect(screen.locator(f"#{wanted}")).to_be_focused()
    screen.keyboard.press(press)
    settle(screen)


def test_nothing_typed_is_left_after_two_idle_minutes_or_in_any_address(
    page: Page, origin: str, counter: SmallCounter
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.install()
    page.goto(origin)
    page.clock.run_for(500)
    page.click("#type")
    for choice in ("#because-damaged", "#kind-414"):
        page.clock.run_for(500)
        page.click(choice)
    page.clock.run_for(500)
    page.fill("#typed-surname", "ZYXWMARK")
    page.clock.run_for(500)
    assert page.evaluate(
        "[...document.querySelectorAll('dialog form, dialog .field input:not([type=radio], [type=checkbox])')]"
        ".every((e) => e.autocomplete === 'off')"
    )
    page.clock.run_for(130_000)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert not [url for url in asked if "ZYXWMARK" in url]
    assert "ZYXWMARK" not in page.content()
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]


@IN_ENGLISH
def test_refusal_is_said_in_the_window_and_nothing_typed_is_lost(
    screen: Page, counter: SmallCounter, words: Words
) -> None:
    counter.refusal = "not_a_specimen"
    open_form(screen, "damaged", "#kind-414")
    fill(screen, PASSPORT, "shown-document", "sex-2")
    touch(screen, "#type-yes")
    expect(screen.locator("dialog .refusal")).to_contain_text(words("problem.not_a_specimen"))
    expect(screen.locator("#typed-surname")).to_have_value("Eriksson")
    expect(screen.locator("#typed-sex-2")).to_be_checked()


@IN_ENGLISH
def test_typed_document_replaces_a_wrong_one(screen: Page, counter: SmallCounter) -> None:
    stay = counter.lodge("201", 1)
    touch(screen, "#nav-house")
    for choice in (f"#open-{stay}", "#choose-correct", "#correct-guest", "#type-here", "#because-damaged", "#kind-414"):
        touch(screen, choice)
    fill(screen, PASSPORT, "shown-document", "sex-2")
    touch(screen, "#type-yes")
    touch(screen, "#right-typed-1")
    expect(screen.get_by_role("dialog")).to_have_count(0)
    assert counter.state().house[0].name == "ERIKSSON ANNA MARIA"
