"""Boards, second look and note in a real browser, on its screen and on paper."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from records.comparing.counts import make_guests_report
from records.comparing.mail import Outcome
from station.boards.figures import Kind, list_months
from station.boards.guests import keep_guests
from station.store.figures import add_figures
from tests.browser.test_station import DESKTOP, LOCALES, PHONE, PICTURES, find_faults, look
from tests.records.comparing import guest, world
from tests.station.small_station import AUDITOR, OFFICER, SUPERVISOR, Served, SmallStation, serve

COUNTS = {
    "ended\x1fconfirmed": 37, "ended\x1fother-person": 6, "ended\x1fidentity-misused": 2,
    "ended\x1fdecision-wrong": 0, "ended\x1fcould-not-be-found": 11, "ended\x1fwithdrawn": 3,
    f"judged\x1f{world.COURT}\x1fexact\x1fright": 30, f"judged\x1f{world.COURT}\x1fexact\x1ffalse": 5,
    f"act\x1f{world.COURT}\x1fintentional-homicide\x1fraised": 40,
    f"judged\x1f{world.COURT}\x1fstrong\x1fright": 7, f"judged\x1f{world.COURT}\x1fstrong\x1ffalse": 3,
}  # fmt: skip
STEPS = {
    Kind.ACCEPTED: {0: 12, 1: 20, 2: 14, 3: 4, 4: 2}, Kind.ARRIVED: {6: 8, 7: 17, 8: 10, 9: 3},
    Kind.CLOSED: {9: 12, 10: 22, 11: 15, 12: 6, 16: 1},
}  # fmt: skip
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("boards")
    with serve(lambda origin: SmallStation(folder, origin=origin)) as found:
        fill(found.small)
        for name in (SUPERVISOR, AUDITOR):
            found.small.open_session(name)
        # An account that was touched since an alert came is no second officer.
        found.small.wait(minutes=1)
        yield found


def fill(small: SmallStation) -> None:
    counts = Counter(COUNTS)
    counts.update({f"{kind}\x1f{step}": n for kind, steps in STEPS.items() for step, n in steps.items()})
    with small.station.store.writing() as connection:
        for months_ago, month in enumerate(list_months(small.now)):
            for name, n in counts.items():
                add_figures(connection, month, "station", [name] * max(0, n - 3 * months_ago))
            if months_ago:
                keep_guests(connection, make_guests_report(month, 14_403 - 1_201 * months_ago))


@pytest.fixture
def visit(served: Served, new_page: Callable[..., Page]) -> Callable[..., Page]:
    def open_page(path: str, language: str = "en", name: str = SUPERVISOR, viewport: dict[str, int] = DESKTOP) -> Page:
        page = new_page(locale=LOCALES[language], viewport=viewport, timezone_id="Asia/Shanghai")
        token = served.small.open_session(name, language)
        page.context.add_cookies([{"name": served.small.cookie, "value": token, "url": served.origin}])
        page.goto(served.origin + path)
        return page

    return open_page


def close(small: SmallStation, outcome: Outcome) -> str:
    alert = small.raise_alert(int.from_bytes(os.urandom(6), "big"))
    small.station.book.accept(bytes.fromhex(alert), OFFICER)
    small.station.book.close(bytes.fromhex(alert), OFFICER, outcome, ())
    return alert


def print_page(page: Page, path: Path, name: str) -> int:
    """Print to a file of A4 and return its pages."""
    data = page.pdf(format="A4", print_background=False)
    (Path(PICTURES) if PICTURES else path).joinpath(f"{name}.pdf").write_bytes(data)
    return data.count(b"/Type /Page\n") or data.count(b"/Type /Page ") or data.count(b"/Type/Page/")


@pytest.mark.parametrize(("language", "viewport"), [("zh", DESKTOP), ("en", DESKTOP), ("zh", PHONE), ("en", PHONE)])
def test_board_reads_well_and_shows_no_small_number(
    visit: Callable[..., Page], language: str, viewport: dict[str, int]
) -> None:
    page = visit("/boards", language, AUDITOR if viewport is PHONE else SUPERVISOR, viewport)
    expect(page.locator("#ended .plot-n").first).to_have_text("35")
    expect(page.locator("#precision tbody tr")).to_have_count(2)
    expect(page.locator("#times tbody td").first).not_to_be_empty()
    expect(page.locator("#guests tbody tr")).to_have_count(12)
    shares = [row.locator("td").all_inner_texts() for row in page.locator("#guests tbody tr").all()]
    assert [row[0] for row in shares[1:]] == [str((14_403 - 1_201 * ago) // 5 * 5) for ago in range(11, 0, -1)]
    few, between = {"zh": ("少于 1000", "26.5 至 29.6"), "en": ("fewer than 1000", "26.5 to 29.6")}[language]
    assert (shares[0][0], shares[-1][-1]) == (few, between)
    numbers = page.locator(".plot-n, #open-now td, #guests td:nth-child(3)").all_inner_texts()
    assert {text for text in numbers if text.isdigit() and int(text) % 5} == set()
    assert find_faults(page) == []
    look(page, f"boards-{language}-{viewport['width']}")


def test_board_prints_on_paper_without_its_controls(visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit("/boards")
    page.emulate_media(media="print")
    expect(page.locator(".board-choice")).to_be_hidden()
    expect(page.locator("#ended")).to_be_visible()
    assert 1 <= print_page(page, tmp_path, "boards") <= 3


def test_file_is_downloaded(visit: Callable[..., Page]) -> None:
    page = visit("/boards")
    with page.expect_download() as download:
        page.click("text=As a file (CSV)")
    assert download.value.suggested_filename == "board-district-2026-11.csv"


@pytest.mark.parametrize(("language", "viewport"), [("zh", PHONE), ("en", DESKTOP)])
def test_second_officer_looks_and_agrees(
    served: Served, visit: Callable[..., Page], language: str, viewport: dict[str, int]
) -> None:
    alert = close(served.small, Outcome.OTHER_PERSON)
    page = visit("/second-looks", language, viewport=viewport)
    look(page, f"second-list-{language}-{viewport['width']}")
    page.click(f"a[href='/alerts/{alert}/second']")
    expect(page.locator("article.full")).to_contain_text(guest.PERSON.number)
    assert find_faults(page) == []
    look(page, f"second-{language}-{viewport['width']}")
    page.click("#agree")
    expect(page.locator(f"a[href='/alerts/{alert}/second']")).to_have_count(0)


@pytest.mark.parametrize(("officers", "guests"), [("zh", "en"), ("en", "zh")])
def test_note_prints_on_one_page_in_the_guests_language_and_names_nobody(
    served: Served, visit: Callable[..., Page], tmp_path: Path, officers: str, guests: str
) -> None:
    alert = close(served.small, Outcome.OTHER_PERSON)
    page = visit(f"/alerts/{alert}/note", officers)
    page.click(f".note-choice a[lang='{guests}']")
    expect(page.locator("article.note")).to_have_attribute("lang", guests)
    assert find_faults(page) == []
    look(page, f"note-{guests}")
    page.emulate_media(media="print")
    expect(page.locator(".note-choice")).to_be_hidden()
    assert print_page(page, tmp_path, f"note-{guests}") == 1
    # As the alert's own page has it: in the zone of the station, not of the machine that serves it.
    raised_at = datetime.fromtimestamp(served.small.station.book.find(bytes.fromhex(alert)).raised_at, SHANGHAI)
    expect(page.locator("article time")).to_contain_text(f"{raised_at:%H:%M}")
    text = page.locator("body").inner_text()
    for secret in ("王小明", "WANG", guest.PERSON.number, "1990", "云溪", "203"):
        assert secret not in text
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/note-print-{guests}.png", full_page=True)


@pytest.mark.parametrize("path", ["/alerts/{alert}", "/alerts/{alert}/second", "/"])
def test_what_prints_of_an_alert_is_a_sentence(served: Served, visit: Callable[..., Page], path: str) -> None:
    alert = close(served.small, Outcome.OTHER_PERSON)
    if path == "/":
        alert = served.small.raise_alert(int.from_bytes(os.urandom(6), "big"))
    page = visit(path.format(alert=alert))
    if path == "/":
        page.click(f"[data-alert='{alert}']")
        expect(page.locator("#alert-title")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator(".only-printed")).to_have_text(
        "An alert is not printed. For whoever was stopped there is a note to take along."
    )
    shown = page.locator("body").inner_text()
    for secret in ("王小明", guest.PERSON.number, "云溪", "1990"):
        assert secret not in shown
