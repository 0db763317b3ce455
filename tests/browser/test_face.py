"""Faces, chips that fail their check, and typed access numbers, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from terminal.screen.texts import Words
from terminal.state import ReaderState
from tests.browser.test_screen import (
    at_full_length,
    counter,
    keep_picture,
    origin,
    quick_settling,
    screen,
    touch,
    words,
)
from tests.terminal.screen.small_counter import SmallCounter, make_guest

__all__ = ["at_full_length", "counter", "origin", "quick_settling", "screen", "words"]
CHIP = {"how_read": "chip", "has_face": True}


def test_face_stands_beside_the_guest_and_two_touches_are_enough(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    counter.lay(make_guest(5, chip="verified", **CHIP))
    face = screen.locator(".same img")
    expect(face).to_be_visible()
    expect(face).to_have_js_property("naturalWidth", 360)
    expect(screen.locator(".same b")).to_have_text(words("face.ask"))
    expect(screen.locator(".plan-head p")).to_have_text(words("face.touch"))
    expect(screen.locator(".document")).to_contain_text(words("chip.verified"))
    keep_picture(screen, tmp_path, f"face-{words.language}")
    touch(screen, "#room-1")
    expect(screen.locator(".saved h1")).to_be_visible()
    expect(face).to_have_count(0)


@pytest.mark.parametrize("words", ["en"], indirect=True)
def test_address_of_a_face_dies_with_its_guest(screen: Page, counter: SmallCounter) -> None:
    counter.lay(make_guest(5, **CHIP))
    address = screen.locator(".same img").get_attribute("src")
    fetch = f"fetch('{address}').then((answer) => [answer.status, answer.headers.get('cache-control')])"
    assert screen.evaluate(fetch) == [200, "no-store"]
    touch(screen, "#room-1")
    expect(screen.locator(".saved h1")).to_be_visible()
    assert screen.request.get(f"{screen.url.rstrip('/')}{address}").status == 404


def test_somebody_else_is_put_aside_in_plain_words(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    counter.lay(make_guest(5, **CHIP))
    touch(screen, "#not-same")
    expect(screen.locator("dialog")).to_contain_text(words("face.no_kept"))
    keep_picture(screen, tmp_path, f"not-same-{words.language}")
    touch(screen, "#window-close")
    expect(screen.locator("dialog")).to_have_count(0)
    touch(screen, "#not-same")
    touch(screen, "#not-same-yes")
    expect(screen.locator(".prompt h1")).to_have_text(words("reader.ready"))
    assert counter.state().pending == ()
    assert counter.state().house == SmallCounter().state().house


def test_failed_check_is_plain_and_says_what_to_do(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    counter.lay(make_guest(5, chip="failed", **CHIP))
    expect(screen.locator(".chip-failed")).to_contain_text(words("chip.failed"))
    keep_picture(screen, tmp_path, f"failed-{words.language}")
    touch(screen, "#chip")
    expect(screen.locator("dialog .steps li")).to_have_count(3)
    keep_picture(screen, tmp_path, f"failed-window-{words.language}")
    touch(screen, "#window-close")
    touch(screen, "#room-1")
    expect(screen.locator(".saved h1")).to_be_visible()


@pytest.mark.parametrize("words", ["en"], indirect=True)
def test_card_without_a_face_or_a_signature_asks_nothing(screen: Page, counter: SmallCounter, words: Words) -> None:
    counter.lay(make_guest(0, chip="not_verified"))
    expect(screen.locator("h1")).to_contain_text(make_guest(0).name)
    expect(screen.locator(".same, .chip-failed")).to_have_count(0)
    expect(screen.locator(".document")).not_to_contain_text(words("chip.not_verified"))
    expect(screen.locator(".plan-head p")).to_have_text(words("room.touch"))


def test_access_number_is_typed_by_touch(screen: Page, counter: SmallCounter, words: Words, tmp_path: Path) -> None:
    counter.change(reader=ReaderState("key"))
    touch(screen, "#key")
    expect(screen.locator("dialog")).to_contain_text(words("key.not_pin"))
    for digit in "123456":
        expect(screen.locator("#unlock-yes")).to_be_disabled()
        touch(screen, f"#digit-{digit}")
    keep_picture(screen, tmp_path, f"key-{words.language}")
    touch(screen, "#unlock-yes")
    expect(screen.locator("dialog")).to_have_count(0)
    assert counter.keys == ["123456"]


@pytest.mark.parametrize("words", ["en"], indirect=True)
def test_access_number_of_the_next_card_is_typed_while_a_guest_still_waits(
    screen: Page, counter: SmallCounter, tmp_path: Path
) -> None:
    counter.lay(make_guest(5, **CHIP))
    counter.change(reader=ReaderState("key"))
    expect(screen.locator("#key")).to_be_in_viewport(ratio=1)
    keep_picture(screen, tmp_path, "next-key")
    touch(screen, "#key")
    for digit in "654321":
        touch(screen, f"#digit-{digit}")
    touch(screen, "#unlock-yes")
    expect(screen.locator("dialog")).to_have_count(0)
    assert counter.keys == ["654321"]
    expect(screen.locator(".same img")).to_be_visible()


@pytest.mark.parametrize("words", ["en"], indirect=True)
def test_key_is_typed_from_the_printed_page(screen: Page, counter: SmallCounter, words: Words, tmp_path: Path) -> None:
    counter.change(reader=ReaderState("key"))
    touch(screen, "#key")
    touch(screen, "#key-way")
    screen.fill("#key-number", "L898902C3")
    screen.fill("#key-birth", "12 AUG 1974")
    touch(screen, "#key-yes")
    expect(screen.locator("dialog .refusal")).to_contain_text(words.name("problem", "key_incomplete"))
    expect(screen.locator("#key-number")).to_have_value("L898902C3")
    screen.fill("#key-expiry", "2032-04-15")
    keep_picture(screen, tmp_path, f"key-page-{words.language}")
    screen.keyboard.press("Enter")
    expect(screen.locator("dialog")).to_have_count(0)
    assert counter.keys == ["L898902C3,740812,320415"]


@pytest.mark.parametrize("words", ["en"], indirect=True)
def test_window_goes_when_the_document_is_lifted(screen: Page, counter: SmallCounter) -> None:
    counter.change(reader=ReaderState("key"))
    touch(screen, "#key")
    expect(screen.locator("dialog")).to_be_visible()
    counter.change(reader=ReaderState("ready"))
    expect(screen.locator("dialog")).to_have_count(0)


@pytest.mark.parametrize("words", ["en"], indirect=True)
def test_browser_keeps_no_face_on_its_disk(screen: Page, counter: SmallCounter) -> None:
    counter.lay(make_guest(5, **CHIP))
    expect(screen.locator(".same img")).to_have_js_property("complete", True)
    kept = screen.evaluate("caches.keys().then((names) => names.length)")
    assert (kept, screen.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length")) == (0, 0)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", screen.url)
