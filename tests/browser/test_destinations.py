"""A terminal by itself beside a simulated receiving service, in a real browser and in the language of the place.

A country adds its family, and what the service refuses, to `PLACES`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from drivers.sim.mrz_specimens import build_passport
from drivers.sim.scripted import CardsReader
from records.profile import load_profile
from terminal.clock import Clock, read_machine_clock
from terminal.destinations.sim.catalogue import make_service
from terminal.destinations.sim.server import SimulatorServer, run_simulator
from terminal.screen.app import make_screen
from terminal.screen.texts import Words, load_words
from terminal.settings import TerminalSettings
from terminal.standalone_process import StandaloneParts, open_standalone
from terminal.store import DeliveryState
from tests.browser.test_screen import keep_picture, quick_settling, settle, touch
from tests.terminal.kit import TERMINAL, VENUE
from tests.terminal.screen.small_counter import serve_app

__all__ = ["quick_settling"]


@dataclass
class Alone:
    """A running terminal by itself, its simulated service, and the words of the place."""

    parts: StandaloneParts
    simulator: SimulatorServer
    words: Words
    origin: str

    def scan(self, *passports: str) -> None:
        for lines in passports:
            self.parts.counter.scan(lines)

    def wait_for(self, is_so: Callable[[], bool], timeout_s: float = 10.0) -> None:
        until = time.monotonic() + timeout_s
        while not is_so():
            assert time.monotonic() < until
            time.sleep(0.02)

    def list_states(self) -> list[DeliveryState]:
        return [row.state for row in self.parts.service_desk.parts.queue.list_rows(frozenset(DeliveryState))]


@contextmanager
def open_alone(folder: Path, profile: str, clock: Clock | None = None) -> Iterator[Alone]:
    """Start simulator, terminal and screen of a profile."""
    clock = clock or read_machine_clock()
    terms = load_profile(profile).destination
    assert terms is not None
    with run_simulator(make_service(terms.id), now=clock.now) as simulator:
        settings = TerminalSettings(
            data=folder / "terminal",
            profile=profile,
            simulator=simulator.url,
            reader="sim:cards",
            terminal=TERMINAL.hex(),
            venue_id=VENUE.id,
            venue_name="Locanda Ninfea (inventata)",
            venue_kind="guesthouse",  # type: ignore[arg-type]
            rooms="101 102 103 104",
        )
        with open_standalone(settings, clock) as parts:
            words = load_words(terms.language, parts.service_desk.parts.destination.name)

            def make(origin: str) -> Flask:
                return make_screen(parts.counter, demo_cards=None, own_origin=origin, service=parts.service)

            with serve_app(make, parts.counter.stop) as origin:
                alone = Alone(parts, simulator, words, origin)
                alone.wait_for(lambda: bool(parts.service_desk.parts.tables.by_name))
                yield alone


@pytest.fixture
def alone(
    request: pytest.FixtureRequest, tmp_path: Path, page: Page, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Alone]:
    monkeypatch.setattr("terminal.opening.open_reader", lambda *_, **__: CardsReader())
    with open_alone(tmp_path, request.param) as opened:
        page.goto(opened.origin)
        yield opened
        page.goto("about:blank")


IN_ITALY = pytest.mark.parametrize("alone", ["it"], indirect=True)
FAMILY = (
    build_passport("LINDGREN<<KARL<JOHAN", "U00000011", "810305", "M"),
    build_passport("LINDGREN<<EVA", "U00000012", "830406", "F"),
    build_passport("LINDGREN<<ELSA", "U00000022", "160921", "F"),
    build_passport("LINDGREN<<NILS", "U00000023", "190921", "M"),
)


@IN_ITALY
def test_family_of_four_is_registered_and_received_in_italian(alone: Alone, page: Page, tmp_path: Path) -> None:
    words = alone.words
    expect(page.locator("html")).to_have_attribute("lang", "it")
    expect(page.locator("h1")).to_have_text(words("reader.ready"))
    expect(page.locator("#band")).to_contain_text(words("demo.only"))
    alone.scan(*FAMILY)
    for n, name in enumerate(("KARL JOHAN", "EVA", "ELSA", "NILS")):
        expect(page.locator("#main h1")).to_contain_text(name)
        touch(page, "#room-1")
        if n >= 2:
            touch(page, "#minor-yes")
        expect(page.locator(".asked-form h1")).to_contain_text("LINDGREN")
        settle(page)
        keep_picture(page, tmp_path, f"asked-{n}")
        if n:
            expect(page.locator("#asked-party_role-19")).to_be_checked()
        if n == 2:  # born in Italy: the municipality is searched
            page.fill("#asked-birth_state", "Ital")
            page.click("#found-birth_state button")
            page.fill("#asked-birth_place", "firen")
            page.click("#found-birth_place button")
            expect(page.locator("#asked-birth_place")).to_have_value("FIRENZE (FI)")
            keep_picture(page, tmp_path, "asked-place")
        touch(page, "#asked-yes")
        expect(page.locator("#window dialog")).to_have_count(0)
    expect(page.locator(".saved h1")).to_have_text(words("done.title_many", n=4, room="101"))
    expect(page.locator(".slip .state.wait").first).to_contain_text(words("delivery.saved"))
    settle(page)
    keep_picture(page, tmp_path, "saved")
    touch(page, "#next")
    # Saved is never shown as received.
    expect(page.locator("#queue")).to_have_text(words.count("foot.to_send", 4))
    touch(page, "#nav-told")
    settle(page)
    keep_picture(page, tmp_path, "told")
    touch(page, "#send-now")
    expect(page.locator(".told-empty")).to_contain_text(words("service.none"))
    expect(page.locator("#queue")).to_have_text(words("foot.connected"))
    keep_picture(page, tmp_path, "received")
    told = alone.simulator.service.list_told()
    assert [line[:2] for line in told] == ["17", "19", "19", "19"]
    assert told[2][105:125] == "409048017FI100000100"
    touch(page, "#nav-house")
    expect(page.locator("td .state.good")).to_have_count(4)
    keep_picture(page, tmp_path, "house")
    for language in ("zh", "en"):
        touch(page, f"#language-{language}")
        other = load_words(language, "Alloggiati Web")
        expect(page.locator("td .state.good").first).to_contain_text(other("delivery.received"))
        touch(page, "#nav-told")
        expect(page.locator(".told-empty")).to_contain_text(other("service.none"))
        settle(page)
        keep_picture(page, tmp_path, f"told-{language}")
        touch(page, "#nav-notice")
        expect(page.locator("dialog")).to_contain_text(load_profile("it").kept[language])
        settle(page)
        keep_picture(page, tmp_path, f"notice-{language}")
        touch(page, "#window-close")
        touch(page, "#nav-house")


@IN_ITALY
def test_refused_record_is_put_right_in_italian(alone: Alone, page: Page, tmp_path: Path) -> None:
    words = alone.words
    # The service of this evening knows a state less than its table of this morning: it refuses what passed our check.
    states = alone.simulator.service._states  # type: ignore[attr-defined]
    (france,) = (code for code, name in states.items() if name == "FRANCIA")
    del states[france]
    alone.scan(FAMILY[0])
    touch(page, "#room-2")
    page.fill("#asked-birth_state", "Francia")
    touch(page, "#asked-yes")
    touch(page, "#nav-told")
    touch(page, "#send-now")
    expect(page.locator("td .state.act")).to_contain_text(words("delivery.refused"))
    expect(page.locator("td .quote")).to_contain_text("Stato di Nascita Errato")
    expect(page.locator("td .state.act")).to_contain_text(words("asked.birth_state"))
    settle(page)
    keep_picture(page, tmp_path, "refused")
    touch(page, "#language-zh")
    expect(page.locator("td .state.act")).to_contain_text(load_words("zh", "Alloggiati Web")("delivery.refused"))
    settle(page)
    keep_picture(page, tmp_path, "refused-zh")
    touch(page, "#language-it")
    touch(page, "button[id^=right-]")
    settle(page)
    keep_picture(page, tmp_path, "put-right")
    page.fill("#asked-birth_state", "Utopia")
    touch(page, "#asked-yes")
    expect(page.locator(".told-empty")).to_be_visible()
    assert alone.list_states() == [DeliveryState.ACCEPTED]
    assert len(alone.simulator.service.list_told()) == 1


@IN_ITALY
def test_unverified_is_asked_of_a_person_and_the_paper_says_what_was_sent(
    alone: Alone, page: Page, tmp_path: Path
) -> None:
    words = alone.words
    alone.simulator.faults.append("lost")
    alone.scan(FAMILY[0])
    touch(page, "#room-2")
    touch(page, "#asked-yes")
    touch(page, "#nav-told")
    touch(page, "#send-now")
    expect(page.locator("td .state.act")).to_contain_text(words("delivery.unverified"))
    expect(page.locator("#queue")).to_have_text(words.count("foot.attention", 1))
    settle(page)
    keep_picture(page, tmp_path, "unverified")
    touch(page, "button[id^=there-]")
    expect(page.locator(".told-empty")).to_be_visible()
    touch(page, "#nav-desk")
    touch(page, "#next")
    touch(page, "#nav-house")
    touch(page, "button[id^=open-]")
    settle(page)
    (stay,) = [row.stay for row in alone.parts.service_desk.parts.queue.list_rows(frozenset(DeliveryState))]
    page.goto(f"{alone.origin}/slip/{stay}/print")
    expect(page.locator("article")).to_contain_text("LINDGREN")
    expect(page.locator("article")).to_contain_text(words("slip.told"))
    for language in ("zh", "en", "it"):
        assert page.locator(f"section[lang={language}]").count() == 1
    assert page.locator("article .code, article .link").count() == 0
    page.screenshot(path=tmp_path / "paper.png", full_page=True)


@IN_ITALY
def test_credentials_are_tried_before_they_are_kept(alone: Alone, page: Page, tmp_path: Path) -> None:
    touch(page, "#nav-told")
    touch(page, "#open-credentials")
    for name in ("user", "password", "key"):
        page.fill(f"#credential-{name}", "wrong")
    touch(page, "#credentials-yes")
    expect(page.locator("dialog .refusal")).to_contain_text(alone.words("problem.credentials_refused"))
    settle(page)
    keep_picture(page, tmp_path, "credentials")


@IN_ITALY
def test_fallback_file_is_prepared_and_noted_as_handed_in(alone: Alone, page: Page) -> None:
    alone.scan(FAMILY[0])
    touch(page, "#room-2")
    touch(page, "#asked-yes")
    touch(page, "#nav-told")
    settle(page)
    with page.expect_download() as download:
        page.click("#fallback")
    data = Path(download.value.path()).read_bytes()
    assert len(data) == 168
    assert re.fullmatch(r"schedine-\d{8}-\d{4}\.txt", download.value.suggested_filename)
    touch(page, "#open-handed-in")
    touch(page, "#handed-in-yes")
    expect(page.locator(".told-empty")).to_be_visible()
    assert alone.list_states() == [DeliveryState.HANDED_IN]
    assert alone.simulator.service.list_told() == []
