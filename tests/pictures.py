"""Make the README's pictures from the running product: `python -m tests.pictures [FOLDER]`.

Starts the demonstration on a fresh folder, walks the way of one guest in Chromium, once in each language, and
writes `NAME.LANGUAGE.png`. Only specimens are on them.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from drivers.sim.specimens import SPECIMENS
from terminal.screen.app import LANGUAGE_COOKIE
from tests.conftest import CHROMIUM_ARGS
from tests.path.demonstration import Demonstration, read_link, run_demonstration, sign_in, touch_room, wait_for_rest

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
COUNTER = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
COUNTERS = 3
DESK = {"width": 1440, "height": 900}
# Each language has guests and rooms of its own, so that both walk through the same town.
LOCALES = {"zh": ("zh-CN", "li", "203"), "en": ("en-GB", "wang", "302")}


@dataclass(frozen=True)
class Studio:
    """Where pictures of one language are made."""

    browser: Browser
    town: Demonstration
    folder: Path
    language: str

    @property
    def locale(self) -> str:
        return LOCALES[self.language][0]

    @contextmanager
    def open_page(self, viewport: dict[str, int], address: str) -> Iterator[Page]:
        """A page in a context of its own."""
        context = self.browser.new_context(
            locale=self.locale, viewport=viewport, timezone_id="Asia/Shanghai", reduced_motion="reduce"
        )
        context.add_cookies([{"name": LANGUAGE_COOKIE, "value": self.language, "url": address}])
        page = context.new_page()
        page.goto(address)
        yield page
        context.close()

    def keep(self, page: Page, name: str) -> None:
        """Write what the page shows."""
        page.mouse.move(0, 0)
        path = self.folder / f"{name}.{self.language}.png"
        page.screenshot(path=path)
        print(path.name, f"{path.stat().st_size // 1000} kB")


def draw_counter(studio: Studio) -> str:
    """Walk from an empty reader to the receipt. Returns the link on the guest's slip."""
    _, card, room = LOCALES[studio.language]
    with studio.open_page(COUNTER, studio.town.facts["counter"]) as page:
        wait_for_rest(page)
        studio.town.put_card(card)
        expect(page.locator("#main .guest h1")).to_contain_text(SPECIMENS[card].name, timeout=15_000)
        wait_for_rest(page)
        studio.keep(page, "2-guest")
        touch_room(page, room)
        expect(page.locator("#slips .state.good")).to_be_visible(timeout=20_000)
        studio.town.remove_card()
        studio.keep(page, "3-received")
        page.click("#next")
        page.click("#nav-house")
        row = page.locator("#house-form tbody tr").filter(has_text=SPECIMENS[card].name)
        expect(row.locator(".state.good .figure")).to_be_visible(timeout=15_000)
        wait_for_rest(page)
        studio.keep(page, "4-house")
        stay = row.locator("input[name=stays]").get_attribute("value") or ""
        page.click("#nav-today")
        expect(page.locator(".today")).to_be_visible()
        wait_for_rest(page)
        studio.keep(page, "7-today")
        page.goto(f"{studio.town.facts['counter']}proof/{stay}/print")
        expect(page.locator(".proofs svg")).to_be_visible()
        studio.keep(page, "8-proof")
        page.goto(studio.town.facts["counter"])
        return read_link(page, studio.town.facts["counter"], stay)


def draw_guest_page(studio: Studio, link: str) -> None:
    """Be the guest, with the slip, on a phone."""
    card = LOCALES[studio.language][1]
    with studio.open_page(PHONE, link) as page:
        page.fill("#secret", SPECIMENS[card].number)
        page.click("#open")
        expect(page.locator("#view")).to_have_attribute("data-view", "open", timeout=20_000)
        studio.keep(page, "5-guest-page")


def draw_console(studios: list[Studio]) -> None:
    """Be the administrator, at a desk; signed in once, since a code is good once."""
    town = studios[0].town
    with studios[0].open_page(DESK, town.facts["console"]) as page:
        sign_in(page, town.facts["log_ins"][0])
        # The heartbeats of all are a minute away at most; the page refreshes itself.
        expect(page.locator(".state .figure").first).to_have_text(str(COUNTERS), timeout=70_000)
        for studio in studios:
            other = page.locator(f"button[name=language][value={studio.language}]")
            if other.count():
                other.click()
            expect(page.locator(f"html[lang|={studio.language}]")).to_have_count(1)
            studio.keep(page, "6-console")


def make_pictures(folder: Path) -> None:
    """Make every picture in both languages. Raises: RuntimeError without Chromium, AssertionError on a page amiss."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("Chromium is missing: install the Debian packages chromium and fonts-noto-cjk")
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as data,
        run_demonstration(Path(data) / "town", "--counters", str(COUNTERS)) as town,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        studios = [Studio(browser, town, folder, language) for language in LOCALES]
        for studio in studios:
            draw_guest_page(studio, draw_counter(studio))
        draw_console(studios)
        browser.close()


if __name__ == "__main__":
    make_pictures(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
