"""A counter that cannot start, in a real browser: the page stays through the attempts, and gives way to the counter."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from terminal.errors import SettingsRefused
from terminal.screen.app import make_screen
from terminal.screen.texts import load_words
from terminal.serving import serve_screen
from terminal.trouble import find_place, run_explained
from tests.browser.test_screen import keep_picture
from tests.terminal.screen.small_counter import SmallCounter
from tests.terminal.test_trouble import fetch, find_port, wait_for


class Broken:
    """A counter whose settings are wrong until the test puts them right."""

    def __init__(self, folder: Path) -> None:
        self.path, self.stop, self.is_right = folder / "terminal.toml", threading.Event(), False
        self.path.write_text(f"port = {find_port()}")
        self.origin, self.counter = find_place(self.path).origin, SmallCounter()
        self.failure: Exception | None = None
        self.thread = threading.Thread(target=self._try)

    def _try(self) -> None:
        try:
            # As many attempts as the test takes.
            run_explained(self._run, self.path, self.stop, monotonic=lambda: 0.0)
        except SettingsRefused as error:
            self.failure = error

    def _run(self) -> None:
        if not self.is_right:
            raise SettingsRefused("rooms")
        with serve_screen(make_screen(self.counter, demo_cards=None, own_origin=self.origin), find_place(self.path)):
            self.stop.wait()
            self.counter.close()


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Broken]:
    made = Broken(tmp_path)
    made.thread.start()
    yield made
    made.counter.close()
    wait_for(lambda: fetch(made.origin, "/health")[0] == 200)
    made.stop.set()
    made.thread.join(20)


# That the counter does not answer is what the page is for.
@pytest.mark.page_errors_expected
def test_page_says_why_and_gives_way_to_the_counter(
    broken: Broken, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = new_page(viewport={"width": 1280, "height": 800})
    page.goto("about:blank")
    for _ in range(50):
        try:
            page.goto(broken.origin + "/?page=house")
            break
        except Exception:  # between two attempts nobody listens
            page.wait_for_timeout(100)
    for language in ("zh", "en"):
        words = load_words(language)
        expect(page.locator(f"section:lang({language})")).to_contain_text(words("trouble_is.settings"))
        expect(page.locator(f"section:lang({language})")).to_contain_text(words("trouble_do.settings"))
    expect(page.locator("code").first).to_have_text("rooms")
    keep_picture(page, tmp_path, "trouble")
    broken.is_right = True
    page.focus("#again")
    page.keyboard.press("Enter")  # a keyboard alone will do
    expect(page.locator("#nav-today")).to_be_visible(timeout=15_000)
    page.goto("about:blank")
