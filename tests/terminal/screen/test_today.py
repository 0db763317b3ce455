"""Today's page, the proof for an inspector, and what the machine says, as a browser's requests find them."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from records.receipt_text import parse_receipt_text
from terminal.screen import draw
from terminal.screen.app import make_screen
from terminal.screen.texts import load_words
from terminal.state import Delivery, KeyDamage, MachineState, QueueState, ShownNotice
from terminal.store import KeyLoss
from tests.terminal.screen.small_counter import RECEIPT_KEY, TODAY, SmallCards, SmallCounter, make_guest
from tests.terminal.screen.test_app import ORIGIN, Browser

THEN = datetime(2026, 10, 1, 4, tzinfo=UTC)
EN = load_words("en")


@pytest.fixture
def counter() -> SmallCounter:
    return SmallCounter()


@pytest.fixture
def browser(counter: SmallCounter) -> Browser:
    browser = Browser(make_screen(counter, demo_cards=SmallCards(counter), own_origin=ORIGIN).test_client())
    browser.speak("en")
    return browser


def read(browser: Browser, path: str) -> str:
    answer = browser.client.get(path, headers=browser.headers)
    assert answer.status_code == 200
    return unescape(answer.text)


def test_today_asks_first_about_those_who_should_have_left(counter: SmallCounter, browser: Browser) -> None:
    counter.lodge("101", 0, planned_departure=TODAY)
    counter.lodge("102", 1, planned_departure=TODAY - timedelta(days=2))
    counter.lodge("103", 3)
    main = browser.see("page=today")["regions"]["main"]
    due = main[: main.index("arrived-title")]
    assert due.index(make_guest(1).name) < due.index(make_guest(0).name)
    assert make_guest(3).name not in due


def test_today_lists_who_came_today_and_not_who_came_before(counter: SmallCounter, browser: Browser) -> None:
    now = datetime.now().astimezone()
    counter.change(today=now.date())
    counter.lodge("101", 0, arrived_at=now, planned_departure=now.date() + timedelta(days=1))
    counter.lodge("102", 1, arrived_at=now - timedelta(days=1), planned_departure=now.date() + timedelta(days=1))
    main = browser.see("page=today")["regions"]["main"]
    came = main[main.index("arrived-title") : main.index("rooms-title")]
    assert make_guest(0).name in came
    assert make_guest(1).name not in came


def test_stay_at_its_last_night_is_told_and_not_offered_to_be_longer(counter: SmallCounter, browser: Browser) -> None:
    stay = counter.lodge("101", 0, planned_departure=TODAY, latest_departure=TODAY)
    other = counter.lodge("102", 1, planned_departure=TODAY)
    main = browser.see("page=today")["regions"]["main"]
    assert EN("today.last_night", n=30) in main
    assert f"longer-{stay}" not in main
    assert f"longer-{other}" in main


def test_number_of_those_who_should_leave_stands_in_the_head(counter: SmallCounter, browser: Browser) -> None:
    assert "badge" not in _button(browser.see()["regions"]["head"], "nav-today")
    counter.lodge("101", 0, planned_departure=TODAY)
    assert ">1</span>" in _button(browser.see()["regions"]["head"], "nav-today")


def test_proof_carries_the_signed_receipt_and_no_name(counter: SmallCounter, browser: Browser) -> None:
    stay = counter.lodge("101", 0)
    counter.receive(stay)
    guest = counter.state().house[0]
    page = read(browser, f"/proof/{stay}/print")
    (text,) = re.findall(r"KJR1-[A-Z2-7]+", page)
    receipt = parse_receipt_text(text, RECEIPT_KEY.public)
    assert receipt.acknowledgement == guest.acknowledgement
    assert guest.acknowledgement in page
    assert guest.name not in page
    assert "<svg" in page


@pytest.mark.parametrize(("delivery", "said"), [(Delivery.SAVED, "proof.saved"), (Delivery.REFUSED, "proof.refused")])
def test_what_is_not_received_is_never_proved(
    counter: SmallCounter, browser: Browser, delivery: Delivery, said: str
) -> None:
    stay = counter.lodge("101", 0, delivery=delivery)
    page = read(browser, f"/proof/{stay}/print")
    assert EN(said) in page
    assert "<svg" not in page
    assert EN("proof.count_value", n=1, received=0) in page


def test_change_that_waits_leaves_the_first_receipt_good(counter: SmallCounter, browser: Browser) -> None:
    stay = counter.lodge("101", 0)
    counter.receive(stay)
    counter.move(stay, "102")
    page = read(browser, f"/proof/{stay}/print")
    assert EN("proof.change_waits") in page
    assert str(counter.state().house[0].acknowledgement) in page


def test_proof_of_a_big_house_has_the_numbers_alone(
    counter: SmallCounter, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draw, "MANY_CODES", 1)
    for room in ("101", "102"):
        counter.receive(counter.lodge(room))
    page = read(browser, "/proof/print")
    assert "<svg" not in page
    assert all(str(guest.acknowledgement) in page for guest in counter.state().house)


def test_receipt_of_somebody_who_has_left_is_printed_by_day_without_a_name(
    counter: SmallCounter, browser: Browser
) -> None:
    proof = counter.leave_behind(7)
    window = browser.see("page=today&open=left")["regions"]["window"]
    assert f"/proof/left/{TODAY}/print" in window
    page = read(browser, f"/proof/left/{TODAY}/print")
    (text,) = re.findall(r"KJR1-[A-Z2-7]+", page)
    assert parse_receipt_text(text, RECEIPT_KEY.public).acknowledgement == proof.acknowledgement
    assert proof.acknowledgement in page
    assert "<svg" in page


def test_many_receipts_of_guests_who_have_left_come_as_numbers_alone(
    counter: SmallCounter, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draw, "MANY_CODES", 1)
    proofs = [counter.leave_behind(n) for n in (1, 2)]
    page = read(browser, f"/proof/left/{TODAY}/print")
    assert "<svg" not in page
    assert all(each.acknowledgement in page for each in proofs)


@pytest.mark.parametrize("day", ["2026-10-09", "x", "2026-13-40"])
def test_day_without_a_receipt_leads_nowhere(browser: Browser, day: str) -> None:
    assert browser.client.get(f"/proof/left/{day}/print", headers=browser.headers).status_code in (303, 404)
    assert EN("left.none") in browser.see("page=today&open=left")["regions"]["window"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (MachineState(nearly_full_mib=90), ["disk", "disk_remedy"]),
        (MachineState(clock_off_s=4000), ["clock_fast", "clock_remedy"]),
        (MachineState(clock_off_s=-4000), ["clock_slow", "clock_remedy"]),
        (MachineState(clock_jump_s=9000), ["clock_set", "clock_set_remedy"]),
        (MachineState(root_ended_at=THEN), ["root_ended", "root_ended_remedy"]),
        (MachineState(set_aside_at=THEN), ["set_aside", "set_aside_remedy"]),
    ],
)
def test_machine_says_what_is_wrong_and_what_to_do(
    counter: SmallCounter, browser: Browser, machine: MachineState, said: list[str], language: str
) -> None:
    words = load_words(language)
    browser.speak(language)
    counter.change(machine=machine)
    alert = unescape(browser.see()["regions"]["alert"])
    for key in said:
        for part in re.split(r"\{\w+\}", words(f"machine.{key}")):
            assert part in alert


NOTICE = ShownNotice(7, "please_call", "none", THEN, None, 0, is_of_record=False)
NOTICES = {
    "field_wrong": replace(NOTICE, kind="field_wrong", field="birth_date"),
    "field_wrong_record": replace(NOTICE, kind="field_wrong", field="birth_date", is_of_record=True),
    "reader_wrong": replace(NOTICE, kind="reader_wrong"),
    "please_call": NOTICE,
    "licence_ends": replace(NOTICE, kind="licence_ends", moment=datetime(2026, 12, 31, tzinfo=UTC)),
    "maintenance": replace(NOTICE, kind="maintenance", moment=THEN, minutes=90),
    "other": replace(NOTICE, kind="of a later program"),
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", NOTICES)
def test_notice_by_central_is_said_in_the_counters_own_words(
    counter: SmallCounter, browser: Browser, kind: str, language: str
) -> None:
    words, notice = load_words(language), NOTICES[kind]
    browser.speak(language)
    counter.change(notices=(notice,))
    alert = unescape(browser.see()["regions"]["alert"])
    for part in re.split(r"\{\w+\}", words(f"notice_says.{kind}")):
        assert part in alert
    assert words.name("notice_remedy", notice.kind) in alert
    assert "{" not in alert
    assert "notice-seen" not in browser.act("/notice-seen", number="7")["regions"]["alert"]


def test_notices_are_shown_one_after_the_other(counter: SmallCounter, browser: Browser) -> None:
    counter.change(notices=(NOTICE, replace(NOTICE, number=9, kind="reader_wrong")))
    alert = unescape(browser.see()["regions"]["alert"])
    assert EN("notice_says.please_call") in alert
    assert EN("notice_says.reader_wrong") not in alert
    assert EN("central_notice.more", n=1) in alert
    alert = unescape(browser.act("/notice-seen", number="7")["regions"]["alert"])
    assert EN("notice_says.reader_wrong") in alert


def test_notice_of_a_record_stands_beside_its_guest_and_at_nobody_elses(
    counter: SmallCounter, browser: Browser
) -> None:
    stay, other = counter.lodge("101", 0), counter.lodge("102", 1)
    counter.change(notices=(replace(NOTICES["field_wrong_record"], stay=stay),))
    said = EN("notice_says.field_wrong_record").replace("{field}", EN("notice_field.birth_date"))
    rows = unescape(browser.see("page=house")["regions"]["main"]).split("<tr")
    assert [said in row for row in rows if f"open-{stay}" in row or f"open-{other}" in row] == [True, False]
    assert said in unescape(browser.see(f"page=house&open=stay&stays={stay}")["regions"]["window"])
    assert said not in unescape(browser.see(f"page=house&open=stay&stays={other}")["regions"]["window"])
    counter.change(notices=(NOTICES["field_wrong_record"],))
    assert EN("central_notice.gone") in unescape(browser.see()["regions"]["alert"])


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("loss", list(KeyLoss))
def test_damaged_key_file_says_what_is_lost_and_that_the_rest_is_sent(
    counter: SmallCounter, browser: Browser, loss: KeyLoss, language: str
) -> None:
    words = load_words(language)
    browser.speak(language)
    counter.change(machine=MachineState(key_damages=(KeyDamage(loss, THEN),)))
    alert = unescape(browser.see()["regions"]["alert"])
    assert words.name("key_damage", loss).format(day=words.moment(THEN)) in alert
    assert words.name("key_damage_remedy", loss) in alert
    assert words.name("key_damage", loss) not in unescape(browser.act("/notice-read")["regions"]["alert"])


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "code",
    ["certificate_expired", "certificate_early", "certificate_refused", "terminal_revoked", "unknown_terminal",
     "disk_full", "database_damaged"],
)  # fmt: skip
def test_fault_of_the_line_that_needs_a_person_is_said_aloud(
    counter: SmallCounter, browser: Browser, code: str, language: str
) -> None:
    words = load_words(language)
    browser.speak(language)
    counter.change(queue=QueueState(2, 400, online=False, last_receipt_at=None, problem=code))
    regions = browser.see()["regions"]
    assert words.name("problem", code) in unescape(regions["alert"])
    assert words.name("remedy", code) in unescape(regions["alert"])
    assert 'class="state act" id="queue"' in regions["foot"]


def test_notice_that_was_read_goes_away(counter: SmallCounter, browser: Browser) -> None:
    counter.change(machine=MachineState(set_aside_at=THEN, clock_jump_s=900, nearly_full_mib=5))
    alert = browser.act("/notice-read")["regions"]["alert"]
    assert "set-aside-read" not in alert
    assert "clock-read" not in alert
    assert EN("machine.disk", free=5) in alert  # no touch makes room on a disk


@pytest.mark.parametrize("language", ["zh", "en"])
def test_offline_says_since_when_and_how_many_wait(counter: SmallCounter, browser: Browser, language: str) -> None:
    words = load_words(language)
    browser.speak(language)
    counter.change(queue=QueueState(12, 7200, online=False, last_receipt_at=None, offline_since=THEN))
    foot = browser.see()["regions"]["foot"]
    assert words("foot.offline_since", since=words.moment(THEN)) in foot
    assert words.count("foot.waiting", 12, age=words.age(7200)) in foot
    assert words("foot.connected") not in foot


def _button(html: str, name: str) -> str:
    start = html.index(f'id="{name}"')
    return html[start : html.index("</button>", start)]
