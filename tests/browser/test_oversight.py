"""Oversight's page in a real browser: a list's life, permits and the stop, the figures, and logs that were checked."""

import csv
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from pathlib import Path

import pytest
from msgspec import structs
from playwright.sync_api import Page, expect

from oversight.comparing.figures import OFFICE
from oversight.comparing.page.care import keep_acts, keep_report
from oversight.comparing.page.figure_pages import PLOTTED, load_figures
from oversight.comparing.page.public import write_public
from oversight.comparing.page.settings import LogSettings
from oversight.comparing.plots import draw_plots
from oversight.comparing.silences import keep_silences
from oversight.page.relay import CentralLink
from records.comparing.acts import Act
from records.comparing.counts import CountName, make_acts_report, make_report
from records.comparing.mail import QuietNotice
from records.comparing.permits import load_permit
from service.pages import Words, load_words
from tests.oversight import test_disclosure
from tests.oversight import world as sealed
from tests.oversight.comparing.small_oversight import (
    AUDITOR,
    BORN,
    OFFICER,
    OTHER_OFFICER,
    SmallOversight,
    make_person,
    run_page,
)
from tests.records.comparing import world
from tests.service.audit.small_log import SIGNER, open_small_log

desk = test_disclosure.desk
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
BOTH, OTHERS = [("zh", DESKTOP), ("en", PHONE)], [("en", DESKTOP), ("zh", PHONE)]
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
PICTURES = os.environ.get("KJT_PICTURES", "")
AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass
class Machine:
    """Oversight's machine, and browsers at it."""

    small: SmallOversight
    url: str
    new_page: Callable[..., Page]

    def sign_in(self, name: str, language: str = "en", viewport: dict[str, int] = DESKTOP) -> Page:
        parts = self.small.open_parts(self.url)
        token = self.small.open_session(name, parts, language)
        page = self.new_page(locale=LOCALES[language], viewport=viewport)
        page.set_default_timeout(10_000)
        page.context.add_cookies([{"name": self.small.name_cookie(), "value": token, "url": self.url}])
        return page


@pytest.fixture
def machine(new_page: Callable[..., Page], tmp_path: Path) -> Iterator[Machine]:
    (tmp_path / "logs").mkdir()
    keys = (SIGNER.verifier.to_text(),)
    logs = tuple(
        LogSettings(title, keys, export=tmp_path / "logs" / f"{name}.tar")
        for title, name in (("Screening office 比对办公室", "office"),)
    )
    small = SmallOversight(tmp_path / "o", logs=logs)
    with run_page(small) as url:
        yield Machine(small, url, new_page)
    small.close()


def find_words(language: str) -> Words:
    return load_words("oversight.comparing.page", language)


def look(page: Page, name: str) -> None:
    """See that nothing is wider than the screen or against the rules, and keep a picture where wanted."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the screen"
    # Through the debugger: the page's own policy lets no script in that is not its own.
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
    assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in found["violations"]] == []
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def read_one(page: Page, born: str = BORN) -> None:
    page.click("#next")
    expect(page.locator("#statement")).to_be_visible()
    page.fill("#born", born)
    page.click("#agree")
    expect(page.locator("#waiting")).to_be_visible()


@pytest.mark.page_errors_expected  # a refusal is one, to the browser
@pytest.mark.parametrize(("language", "viewport"), BOTH + (OTHERS if PICTURES else []))
def test_lists_life_permit_and_stop_at_oversights_machine(
    machine: Machine, language: str, viewport: dict[str, int]
) -> None:
    words, small = find_words(language), machine.small
    name = f"oversight-{language}-{viewport['width']}"
    small.bring()
    small.bring("(2026) Demo 18", **make_person(3), act=Act.TRAFFICKING_IN_PERSONS)
    (small.folder / "brought" / "9.note").write_text("not a decision\n", encoding="utf-8")
    page = machine.sign_in(OFFICER, language, viewport)
    page.goto(machine.url + "/")
    expect(page.locator("#waiting")).to_have_text("2")
    look(page, f"{name}-1-decisions")
    page.click("#next")
    expect(page.locator("#statement")).to_contain_text("王小明")
    look(page, f"{name}-2-decision")
    # Enter alone agrees to nothing, and a date of birth that is another's neither.
    page.press("#born", "Enter")
    expect(page.locator("#statement")).to_be_visible()
    assert page.evaluate("document.querySelector('#born').matches(':invalid')")
    page.fill("#born", "19900308")
    with page.expect_response(lambda answer: answer.status == 409):
        page.press("#born", "Enter")
    expect(page.locator("#problem")).to_have_text(words("refused.BirthDateDiffers"))
    page.fill("#born", BORN)
    page.click("#agree")
    expect(page.locator("#known")).to_have_text("1")
    page.click("#next")
    page.click("#refuse")
    expect(page.locator("#waiting")).to_have_text("0")
    page.click("#to-list")
    look(page, f"{name}-3-list")
    page.click("#sign")
    expect(page.get_by_text(words("decisions.signed", n="1"))).to_be_visible()
    page.goto(machine.url + "/permits")
    look(page, f"{name}-4-permit")
    page.check("#looked")
    page.click("#permit")
    expect(page.locator("#wait-for-second")).to_be_visible()
    other = machine.sign_in(OTHER_OFFICER, language, viewport)
    other.goto(machine.url + "/permits")
    look(other, f"{name}-5-proposed")
    other.click("#go-on")
    page.goto(machine.url + "/permits")
    expect(page.locator("#standing")).to_contain_text(words("standing.on", n=1))
    assert load_permit(small.ask_desk(command="standing")["permit"], world.load_sample_annex()).decisions == 1
    look(page, f"{name}-5-permitted")
    page.goto(machine.url + "/stop")
    look(page, f"{name}-6-stop")
    page.click("#stop-now")
    expect(page.locator("#standing")).to_contain_text(words("standing.stopped"))
    assert not small.ask_desk(command="standing")["is_on"]
    look(page, f"{name}-7-stopped")


@pytest.mark.page_errors_expected
def test_going_on_after_a_stop_takes_the_second_person_at_the_page(machine: Machine) -> None:
    small = machine.small
    small.bring()
    first, second = machine.sign_in(OFFICER), machine.sign_in(OTHER_OFFICER)
    first.goto(machine.url + "/")
    read_one(first)
    first.click("#to-list")
    first.click("#sign")
    first.goto(machine.url + "/permits")
    first.check("#looked")
    first.click("#permit")
    expect(first.locator("#wait-for-second")).to_be_visible()
    second.goto(machine.url + "/permits")
    second.click("#go-on")
    # One renews what is on.
    first.goto(machine.url + "/permits")
    first.check("#looked")
    first.click("#permit")
    expect(first.locator("#standing")).to_contain_text("Comparison is ON: permit 2")
    second.goto(machine.url + "/stop")
    second.click("#stop-now")
    first.goto(machine.url + "/permits")
    first.check("#looked")
    first.click("#permit")
    expect(first.locator("#wait-for-second")).to_be_visible()
    look(first, "oversight-8-proposed")
    assert first.locator("#go-on").count() == 0
    second.goto(machine.url + "/permits")
    second.click("#go-on")
    expect(second.locator("#standing")).to_contain_text("Comparison is ON: permit 3")


@pytest.mark.page_errors_expected
def test_audit_verification_finds_the_log_whole_then_changed_then_forked(machine: Machine, tmp_path: Path) -> None:
    words = find_words("en")
    log = open_small_log(tmp_path / "log.db")
    log.work(5)
    export = tmp_path / "logs" / "office.tar"
    export.write_bytes(log.export())
    page = machine.sign_in(OFFICER)
    page.goto(machine.url + "/logs")
    expect(page.locator(".finding")).to_have_text(words("finding.never"))
    page.click("#verify-0")
    expect(page.locator(".finding")).to_have_text(words("finding.whole"))
    look(page, "oversight-9-logs-whole")
    whole = export.read_bytes()
    export.write_bytes(whole.replace(b'"anna"', b'"arno"', 1))
    page.click("#verify-0")
    expect(page.locator(".finding")).to_have_text(words("finding.damaged"))
    expect(page.get_by_text(words("fault_of_log.entry_edited"))).to_be_visible()
    # Whoever has the key writes another history: in order by itself, but not the one of before.
    log.store.close()
    other = open_small_log(tmp_path / "other.db")
    other.work(40)
    export.write_bytes(other.export())
    page.click("#verify-0")
    expect(page.locator(".finding")).to_have_text(words("finding.forked"))
    look(page, "oversight-9-logs-forked")
    other.store.close()


@pytest.mark.parametrize(("language", "viewport"), BOTH + (OTHERS if PICTURES else []))
def test_figures_are_plotted_and_small_ones_are_not_told(
    machine: Machine, language: str, viewport: dict[str, int]
) -> None:
    parts = machine.small.open_parts(machine.url)
    for month, factor in (("2026-09", 1), ("2026-10", 2), ("2026-11", 3)):
        counts = {
            (CountName.ENDED, "", None): 12 * factor, (CountName.CONFIRMED, "", None): 8 * factor,
            (CountName.OTHER_PERSON, "", None): 5 * factor, (CountName.WITHDRAWN, "", None): factor,
            (CountName.ENDED, world.COURT, None): 12 * factor, (CountName.CONFIRMED, world.COURT, None): 8 * factor,
            (CountName.OTHER_PERSON, world.COURT, None): 5 * factor,
        }  # fmt: skip
        counts |= {(CountName.RAISED, "", None): 13 * factor, (CountName.ALERTS_DELETED, "", None): 11 * factor}
        keep_report(parts, make_report(month, counts))
        of_office = {CountName.COMPARED: 9_300, CountName.ALERTED: 14, CountName.HANDLES_DELETED: 9_200}
        of_office |= {CountName.CLEARED: 8, CountName.NOT_COMPARED: 2, CountName.DECISIONS_DELETED: 6}
        told = {(name, "", None): n * factor for name, n in of_office.items()}
        keep_report(parts, make_report(month, told), OFFICE)
        by_act = {(Act.TORTURE, name): 12 * factor for name in (CountName.RAISED, CountName.ENDED)}
        by_act |= {(Act.TORTURE, CountName.CONFIRMED): 8 * factor, (Act.TORTURE, CountName.OTHER_PERSON): 5 * factor}
        by_act |= {(Act.ARMED_ROBBERY, CountName.RAISED): factor, (Act.TORTURE, CountName.ALERTS_DELETED): 11 * factor}
        keep_acts(parts, make_acts_report(month, world.COURT, by_act))
    page = machine.sign_in(OFFICER, language, viewport)
    page.goto(machine.url + "/figures")
    expect(page.locator("svg.plot")).to_have_count(len(draw_plots(load_figures(parts), PLOTTED)))
    assert page.locator(".plot-few").count() >= 3
    look(page, f"oversight-{language}-{viewport['width']}-figures")


@pytest.mark.parametrize(("language", "viewport"), BOTH + (OTHERS if PICTURES else []))
def test_what_went_quiet_stands_there_in_words(machine: Machine, language: str, viewport: dict[str, int]) -> None:
    words, day = find_words(language), date(2026, 11, 20)
    page = machine.sign_in(AUDITOR, language, viewport)
    page.goto(machine.url + "/silences")
    expect(page.locator("#silences")).to_contain_text(words("silences.none"))
    one = QuietNotice(world.COURT, bytes(32), "(2026) Demo 17", 0, 3, 0, day)
    keep_silences(machine.small.folder / "desk", [one, QuietNotice(world.COURT, None, "", 1, 2, 20, day)])
    page.reload()
    rows = page.locator("#silences tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text(words("silences.all_why", n=2, closed=20))
    expect(rows.nth(1)).to_contain_text("(2026) Demo 17")
    expect(rows.nth(1)).to_contain_text(words("silences.one_then"))
    look(page, f"oversight-{language}-{viewport['width']}-silences")


def test_order_that_opened_a_record_is_a_count_to_all_and_told_to_its_guest_after_the_delay(
    desk: test_disclosure.Desk, new_page: Callable[..., Page]
) -> None:
    told_from = sealed.NOW.date() + timedelta(days=30)
    assert desk.order("--yes", "--show-from", str(told_from)).exit_code == 0
    desk.hand_over("ordered", "other guest")
    desk.find_and_pass_on()
    assert desk.open().exit_code == 0
    small = SmallOversight(desk.folder / "o")
    small.settings = structs.replace(small.settings, openings=desk.folder / "notices" / "openings.log")
    with run_page(small) as url:
        small.now = sealed.NOW  # the orders are of today
        page = Machine(small, url, new_page).sign_in(AUDITOR)
        page.goto(url + "/figures")
        for name in ("orders", "openings"):
            row = page.locator("table.months tr").filter(has_text=find_words("en")("figure." + name))
            expect(row.locator("td").first).to_have_text("< 5")
        made = write_public(small.open_parts(url), desk.folder / "public")
    small.close()
    months = csv.DictReader((desk.folder / "public" / "comparison.csv").read_text("utf-8").splitlines())
    assert [(each["orders"], each["openings"]) for each in months][:2] == [("<5", "<5"), ("0", "0")]
    for path in made:
        assert not any(each in path.read_text("utf-8") for each in (sealed.NUMBER, "云溪镇法院", "2026-7", "抢劫案"))
    stay = sealed.find_stay("ordered")
    with sealed.run_central() as central:
        central.answer = sealed.describe_held(stay.envelopes)
        link = CentralLink(central.address)
        for days, is_told in ((29, False), (30, True)):
            guest_page = sealed.make_page(link, desk.folder / "page-notices", now=sealed.NOW + timedelta(days=days))
            with sealed.run_page(guest_page) as address:
                phone = new_page(locale="en-GB", viewport=PHONE)
                phone.goto(f"{address}#{stay.fragment}")
                phone.fill("#secret", sealed.NUMBER)
                phone.click("#open")
                expect(phone.locator("#view")).to_have_attribute("data-view", "open", timeout=10_000)
                assert ("2026-7" in phone.inner_text("body")) == is_told
                phone.close()
        link.close()
