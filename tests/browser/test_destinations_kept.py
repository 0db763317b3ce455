"""Every country's counter beside the line that fails, the inspector who asks, and the machine that breaks."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from drivers.sim.scripted import CardsReader
from terminal.destinations.line import HttpLine, ServiceAddress
from terminal.keys import LOCAL_SECRET
from terminal.recovery_card import write_code
from terminal.store import DeliveryState
from tests.browser.test_destinations import Alone, open_alone
from tests.browser.test_screen import keep_picture, quick_settling, settle, touch
from tests.destinations.cases import CASES, Case
from tests.terminal.kit import TurnedClock

__all__ = ["quick_settling"]

BY_PROFILE = {case.profile: case for case in CASES.values()}
EVERYWHERE = pytest.mark.parametrize("profile", sorted(BY_PROFILE))
FILES = {"it": ".txt", "cz": ".unl", "es": ".xml", "hr": ".xml"}


@dataclass
class House:
    """A counter whose clock can be turned."""

    alone: Alone
    clock: TurnedClock
    case: Case

    def register(self) -> str:
        """Register the guest of the case without the screen."""
        service = self.alone.parts.service_desk
        answers = service.complete(self.case.guest, "101", 2, "", dict(self.case.answers))
        stay = service.parts.desk.check_in(self.case.guest, "101", 2, answers=answers).stay
        self.alone.parts.counter.note_change()
        return stay

    def cut_line(self) -> None:
        """Let nobody answer where the service was."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self.alone.parts.service_desk.parts.line = HttpLine(ServiceAddress(nobody))
        self.alone.parts.deliverer.forget_session()

    def turn_to(self, moment: datetime) -> None:
        """Let time pass until a moment."""
        self.clock.pass_time((moment - self.clock.now).total_seconds())
        self.alone.parts.counter.note_change()

    def deliver(self, times: int = 3) -> None:
        """Let the terminal do what is due now."""
        self.alone.parts.service_desk.send_now()
        for _ in range(times):
            self.alone.parts.deliverer.attempt()
        self.alone.parts.counter.note_change()


@contextmanager
def open_house(folder: Path, profile: str, page: Page, clock: TurnedClock | None = None) -> Iterator[House]:
    """Start a counter, and show it."""
    turned = clock or TurnedClock(now=datetime.now(UTC).replace(microsecond=0))
    with open_alone(folder, profile, turned.as_clock()) as alone:
        page.goto(alone.origin)
        yield House(alone, turned, BY_PROFILE[profile])
        page.goto("about:blank")


@pytest.fixture(autouse=True)
def simulated_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terminal.opening.open_reader", lambda *_, **__: CardsReader())


@EVERYWHERE
def test_deadline_is_told_before_it_passes_and_the_file_to_hand_in_is_prepared(
    tmp_path: Path, page: Page, profile: str
) -> None:
    with open_house(tmp_path, profile, page) as house:
        words = house.alone.words
        house.cut_line()
        stay = house.register()
        (row,) = house.alone.parts.service_desk.parts.queue.list_rows(stay=stay)
        house.turn_to(row.due_at - timedelta(hours=2))
        house.deliver(1)
        expect(page.locator("#alert")).to_contain_text(words.count("service.near", 1))
        settle(page)
        keep_picture(page, tmp_path, f"{profile}-near")
        house.turn_to(row.due_at + timedelta(hours=1))
        house.deliver(1)
        expect(page.locator("#alert")).to_contain_text(words.count("service.late", 1))
        touch(page, "#to-told-1")
        expect(page.locator("td .due.late")).to_contain_text(words("service.overdue", moment=words.moment(row.due_at)))
        settle(page)
        keep_picture(page, tmp_path, f"{profile}-late")
        with page.expect_download() as download:
            page.click("#fallback")
        name = download.value.suggested_filename
        assert name.endswith((FILES[profile], ".zip")), name
        data = Path(download.value.path()).read_bytes()
        assert b"ERIKSSON" in data
        touch(page, "#open-handed-in")
        touch(page, "#handed-in-yes")
        expect(page.locator("#alert")).not_to_contain_text(words.count("service.late", 1))
        (row,) = house.alone.parts.service_desk.parts.queue.list_rows(frozenset(DeliveryState), stay=stay)
        assert row.state is DeliveryState.HANDED_IN


@EVERYWHERE
def test_what_is_kept_for_inspections_is_listed_opened_and_printed(tmp_path: Path, page: Page, profile: str) -> None:
    page.add_init_script("window.print = () => { document.title = 'printing'; }")
    with open_house(tmp_path, profile, page) as house:
        words, day = house.alone.words, house.clock.now.astimezone().date()
        stay = house.register()
        house.deliver()
        house.turn_to(house.clock.now + timedelta(days=1))
        house.deliver()
        house.alone.parts.counter.check_out([stay])
        house.deliver()
        touch(page, "#nav-told")
        touch(page, "#open-kept")
        expect(page.locator("h1")).to_have_text(words("kept.title"))
        expect(page.locator(f"#kept-{day}")).to_contain_text(words("kept.until", day="").strip().split()[0])
        settle(page)
        keep_picture(page, tmp_path, f"{profile}-kept")
        if profile in ("it", "cz"):
            touch(page, f"[id^=receipt-{'{'}]".replace("{", str(day)))
            expect(page.locator("iframe")).to_be_visible()
            answer = page.request.get(f"{house.alone.origin}{page.locator('iframe').get_attribute('src')}")
            assert answer.body().startswith(b"%PDF-")
            assert answer.headers["content-disposition"].startswith("inline")
            page.wait_for_function("frames.length && document.getElementById('receipt').contentDocument")
            page.screenshot(path=tmp_path / f"{profile}-receipt.png")
        else:
            touch(page, f"#day-{day}")
            expect(page.locator("#kept-list li").first).to_contain_text("ERIKSSON")
            settle(page)
            keep_picture(page, tmp_path, f"{profile}-day")
            page.locator("#kept-list a").first.click()
            expect(page.locator("article")).to_contain_text("ERIKSSON")
            expect(page.locator("article")).to_contain_text(words("kept.paper"))
            page.screenshot(path=tmp_path / f"{profile}-proof.png", full_page=True)
        page.click("#back")
        expect(page.locator("h1")).to_have_text(words("kept.title"))
        if profile != "hr":  # there it is gone by then
            assert_closed_later(house, page, tmp_path)


def assert_closed_later(house: House, page: Page, folder: Path) -> None:
    """See that what is kept of earlier guests opens with the recovery card alone."""
    words, day = house.alone.words, house.clock.now.astimezone().date() - timedelta(days=1)
    groups = write_code(house.alone.parts.service_desk.parts.desk.make_card())
    house.turn_to(house.clock.now + timedelta(days=8))
    touch(page, f"#closed-{day}")
    expect(page.get_by_role("dialog")).to_contain_text(words("kept.card_text"))
    settle(page)
    keep_picture(page, folder, "kept-card")
    for n, group in enumerate(groups, start=1):
        page.fill(f"#group-{n}", group)
    touch(page, "#unlock-yes")
    expect(page.locator(f"#closed-{day}")).to_have_count(0)
    expect(page.locator(f"#kept-{day} .kept-files")).to_contain_text(re.compile(r"\w"))


@pytest.mark.parametrize("profile", ["it"])
def test_recovery_card_opens_the_counter_on_another_machine(tmp_path: Path, page: Page, profile: str) -> None:
    page.add_init_script("window.print = () => { document.title = 'printing'; }")
    clock = TurnedClock(now=datetime.now(UTC).replace(microsecond=0))
    with open_house(tmp_path, profile, page, clock) as house:
        words = house.alone.words
        house.register()
        touch(page, "#nav-house")
        expect(page.locator(".card-bar")).to_contain_text(words("card.none"))
        touch(page, "#open-card")
        keep_picture(page, tmp_path, f"{profile}-card")
        touch(page, "#card-make")
        touch(page, "#card-yes")
        page.click("#card-print")
        expect(page.locator("article")).to_contain_text(words("card.keep"))
        page.screenshot(path=tmp_path / f"{profile}-card-paper.png", full_page=True)
        groups = [text.split()[-1][-6:] for text in page.locator(".groups li").all_inner_texts()]
    (tmp_path / "terminal" / f"{LOCAL_SECRET}.secret").unlink()
    with open_house(tmp_path, profile, page, clock) as house:
        expect(page.locator("#alert")).to_contain_text(words("service.closed_card"))
        settle(page)
        keep_picture(page, tmp_path, f"{profile}-closed")
        touch(page, "#nav-told")
        settle(page)
        keep_picture(page, tmp_path, f"{profile}-closed-told")
        touch(page, "#to-unlock")
        keep_picture(page, tmp_path, f"{profile}-unlock")
        touch(page, "#no-card")
        expect(page.get_by_role("dialog")).to_contain_text(words("unlock.no_card_text"))
        touch(page, "#window-close")
        for n, group in enumerate(groups, start=1):
            page.fill(f"#group-{n}", group)
        touch(page, "#unlock-yes")
        expect(page.locator("main")).to_contain_text("ERIKSSON ANNA MARIA")
        expect(page.locator("#alert")).to_be_empty()
        expect(page.locator(".card-bar")).to_contain_text(words("card.none"))
        house.deliver()
        assert house.alone.list_states() == [DeliveryState.ACCEPTED]


@pytest.mark.parametrize("profile", ["it"])
def test_credentials_that_end_are_told_and_the_new_ones_are_tried(tmp_path: Path, page: Page, profile: str) -> None:
    with ExitStack() as stack:
        house = stack.enter_context(open_house(tmp_path, profile, page))
        words, service = house.alone.words, house.alone.parts.service_desk
        kept = service.parts.find_credentials()
        assert kept is not None
        ends = house.clock.now.astimezone().date() + timedelta(days=15)
        service.save_credentials(kept.values, ends)
        house.alone.parts.counter.note_change()
        expect(page.locator("#alert")).to_be_empty()
        house.turn_to(house.clock.now + timedelta(days=2))
        expect(page.locator("#alert")).to_contain_text(words("service.credentials_due", day=words.full_date(ends)))
        touch(page, "#nav-told")
        touch(page, "#open-credentials")
        for name, value in kept.values.items():
            page.fill(f"#credential-{name}", value)
        page.fill("#credential-renew", (ends + timedelta(days=90)).isoformat())
        keep_picture(page, tmp_path, f"{profile}-credentials")
        touch(page, "#credentials-yes")
        # Once there are credentials, the card without which they would be lost is offered.
        expect(page.get_by_role("dialog")).to_contain_text(words("card.title"))
        touch(page, "#window-close")
        expect(page.locator("#alert")).to_be_empty()
        found = service.parts.find_credentials()
        assert found is not None
        assert found.renew_by == ends + timedelta(days=90)
