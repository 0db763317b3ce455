"""Make the pictures of docs/station.md and docs/oversight.md from the running demonstration.

    python -m tests.comparing_pictures [FOLDER]

Starts `./kjt run` on a fresh folder, registers a listed specimen at the counter once in each language, and keeps what
the duty officer and the oversight body see as `NAME.LANGUAGE.png`. Only specimens and invented decisions are on them.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.conftest import CHROMIUM_ARGS
from tests.path.demonstration import check_in_at_the_screen, run_demonstration, sign_in
from tests.path.test_comparison import scan
from tests.pictures import DESK, LOCALES, PHONE, PICTURES, Studio

PATIENCE_MS = 30_000
ALERT_PX = 1400  # an alert is taller than a screen; of its end the reader needs none
ROOMS = {"zh": "204", "en": "205"}


def find_log_in(studio: Studio, name: str) -> dict[str, str]:
    """Return what `./kjt run` printed for an account."""
    return next(each for each in studio.town.facts["log_ins"] if each["name"] == name)


def speak(studio: Studio, page: Page) -> None:
    """Have the page in this picture's language."""
    expect(page.locator("form.leave")).to_be_visible()
    other = page.locator(f"button[name=language][value={studio.language}]")
    if other.count():
        other.first.click()
    expect(page.locator(f"html[lang|={studio.language}]")).to_have_count(1)


def register_listed(studio: Studio) -> None:
    """Have the guest come in whom a decision names, read by chip in one language and by scanner in the other."""
    with studio.open_page({"width": 1280, "height": 800}, studio.town.facts["counter"]) as counter:
        if studio.language == "zh":
            check_in_at_the_screen(counter, studio.town, "zhou", ROOMS[studio.language])
            return
        scan(counter, "family-father", ROOMS[studio.language])


def draw_station(studio: Studio) -> None:
    """Be the duty officer: an alert sounds, is opened, worked, closed; then the boards; then on a phone."""
    with studio.open_page(DESK, studio.town.facts["station"]) as page:
        page.context.grant_permissions(["notifications"])
        sign_in(page, find_log_in(studio, "duty-officer"))
        speak(studio, page)
        expect(page.locator("html")).to_have_attribute("data-line", "live", timeout=PATIENCE_MS)
        page.click("#sound-test")
        page.click("#heard-yes", timeout=PATIENCE_MS)
        register_listed(studio)
        alert = page.locator("li.state-raised:not(.fresh) a[data-alert]")
        expect(alert).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator("html")).to_have_attribute("data-sound", "playing", timeout=PATIENCE_MS)
        studio.keep(page, "9-alert-sounds")
        address = studio.town.facts["station"].rstrip("/") + (alert.get_attribute("href") or "")
        alert.click()
        expect(page.locator("#alert-title")).to_be_visible()
        page.click("#accept")
        expect(page.locator(".way .done")).to_have_count(1)
        expect(page.locator("#live .state-raised")).to_have_count(0)
        page.set_viewport_size(DESK | {"height": ALERT_PX})
        page.evaluate("scrollTo(0, 0)")
        studio.keep(page, "10-alert")
        page.set_viewport_size(PHONE)
        page.goto(address)
        expect(page.locator("#alert-title")).to_be_visible()
        studio.keep(page, "11-alert-phone")


def draw_oversight(studio: Studio) -> None:
    """Be the oversight body, which permits day by day, sees how many were compared, and can stop."""
    with studio.open_page(DESK, studio.town.facts["oversight_page"]) as page:
        sign_in(page, find_log_in(studio, "oversight-officer"))
        speak(studio, page)
        page.goto(studio.town.facts["oversight_page"] + "permits")
        expect(page.locator("#looked")).to_be_visible()
        studio.keep(page, "12-oversight")


def make_pictures(folder: Path) -> None:
    """Make every picture in both languages. Raises: RuntimeError without Chromium, AssertionError on a page amiss."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("Chromium is missing: install the Debian packages chromium and fonts-noto-cjk")
    os.environ["TZ"] = "Asia/Shanghai"  # as the browser's: counter and station tell one hour
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as data,
        run_demonstration(Path(data) / "town", comparing=True) as town,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        for language in LOCALES:
            studio = Studio(browser, town, folder, language)
            draw_station(studio)
            draw_oversight(studio)
        browser.close()


if __name__ == "__main__":
    make_pictures(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
