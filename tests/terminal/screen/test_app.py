"""The screen's application as a browser's requests find it."""

import logging
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from flask.testing import FlaskClient

from terminal.screen.app import LANGUAGE_COOKIE, MAX_WAITING, make_screen
from terminal.screen.draw import mask_number
from terminal.screen.view import STAY_WINDOWS
from terminal.state import CounterError, Delivery, QueueState, ReaderState
from tests.terminal.screen.small_counter import CARD, TODAY, SmallCards, SmallCounter, make_guest

ORIGIN = "http://127.0.0.1:8471"
GUARDIAN = {"guardian_name": "王大样", "relation": "parent", "phone": "99 0100 200300"}


class Browser:
    """A browser with the screen open: it sends what its page would send."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.headers = {"Host": "127.0.0.1:8471", "Sec-Fetch-Site": "same-origin"}
        page = client.get("/", headers=self.headers).text
        (self.token,) = re.findall(r'data-token="([^"]+)"', page)
        self.acting = {**self.headers, "Origin": ORIGIN, "X-Counter-Token": self.token}
        self.view = ""

    def see(self, view: str | None = None) -> dict[str, Any]:
        """Ask for the regions; keeps the view like the page does."""
        return self._keep(self.client.get(f"/state?{self.view if view is None else view}", headers=self.headers))

    def act(self, path: str, **fields: str | list[str]) -> dict[str, Any]:
        return self._keep(self.client.post(f"{path}?{self.view}", data=fields, headers=self.acting))

    def check(self, **fields: str) -> Any:
        """Ask what there is to say of a form."""
        return self.client.post("/check", data=fields, headers=self.acting)

    def speak(self, language: str) -> None:
        self.client.set_cookie(LANGUAGE_COOKIE, language, domain="127.0.0.1")

    def _keep(self, answer: Any) -> dict[str, Any]:
        assert answer.status_code == 200
        reply: dict[str, Any] = answer.json
        self.view = reply["view"]
        return reply


@pytest.fixture
def counter() -> SmallCounter:
    return SmallCounter()


@pytest.fixture
def browser(counter: SmallCounter) -> Browser:
    return Browser(make_screen(counter, demo_cards=SmallCards(counter), own_origin=ORIGIN).test_client())


def test_touching_a_free_room_registers_and_only_then_it_is_green(counter: SmallCounter, browser: Browser) -> None:
    counter.lay(make_guest(0))
    assert 'class="saved"' not in browser.see()["regions"]["main"]
    reply = browser.act("/check-in", pending="pending-0", room="201", nights="2")
    assert 'class="saved"' in reply["regions"]["main"]
    assert "已保存 · 201 房" in reply["regions"]["main"]
    assert "<svg" in reply["regions"]["main"]
    (guest,) = counter.state().house
    assert (guest.room, (guest.planned_departure - TODAY).days) == ("201", 2)


def test_nights_of_one_guest_are_offered_to_the_rest_of_the_party_and_to_nobody_after(
    counter: SmallCounter, browser: Browser
) -> None:
    counter.lay(make_guest(0))
    counter.lay(make_guest(1))
    assert 'type="number" min="1" max="30" value="1"' in browser.see()["regions"]["main"]
    offered = browser.act("/check-in", pending="pending-0", room="201", nights="3")["regions"]["main"]
    assert 'type="number" min="1" max="30" value="3"' in offered
    browser.act("/check-in", pending="pending-1", room="201", nights="3")
    counter.lay(make_guest(2))
    assert 'value="3" required' in browser.see()["regions"]["main"]  # the party is not complete yet
    browser.view = browser.view.replace("done=", "left=")
    assert 'value="1" required' in browser.see()["regions"]["main"]


def test_saved_and_received_are_told_apart(counter: SmallCounter, browser: Browser) -> None:
    counter.lay(make_guest(0))
    main = browser.act("/check-in", pending="pending-0", room="201", nights="1")["regions"]["main"]
    assert "已保存，等待发送" in main
    assert "登记服务已收到" not in main
    counter.receive(counter.state().house[0].stay)
    main = browser.see()["regions"]["main"]
    assert "登记服务已收到" in main
    assert str(counter.state().house[0].acknowledgement) in main
    assert "等待发送" not in main


@pytest.mark.parametrize("code", ["disk_full", "not_saved", "house_full", "too_many_nights"])
def test_failed_check_in_is_never_green_and_says_what_to_do(counter: SmallCounter, browser: Browser, code: str) -> None:
    counter.lay(make_guest(0))
    counter.fault = CounterError(code)
    browser.speak("en")
    reply = browser.act("/check-in", pending="pending-0", room="201", nights="1")
    assert 'class="saved' not in reply["regions"]["main"]
    assert make_guest(0).name in reply["regions"]["main"]
    assert "role" not in reply["regions"]["alert"]
    assert code not in re.sub(r'"[^"]*"', "", reply["regions"]["alert"])
    assert 'class="alert"' in reply["regions"]["alert"]


def test_unknown_code_is_shown_beside_plain_words(counter: SmallCounter, browser: Browser) -> None:
    counter.change(failure="gremlins")
    alert = browser.see()["regions"]["alert"]
    assert "出现了意外情况" in alert
    assert "代码 gremlins" in alert


def test_fault_of_the_program_is_answered_in_words_and_logged_without_its_text(
    counter: SmallCounter, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    counter.lay(make_guest(0))
    counter.fault = RuntimeError("张伟 990101199003070015")
    with caplog.at_level(logging.DEBUG):
        reply = browser.act("/check-in", pending="pending-0", room="201", nights="1")
    assert "登记程序内部出错" in reply["regions"]["alert"]
    assert "RuntimeError" in caplog.text
    assert "张伟" not in caplog.text


def test_room_with_strangers_in_it_asks_first(counter: SmallCounter, browser: Browser) -> None:
    counter.lodge("201", 1)
    counter.lay(make_guest(0))
    reply = browser.act("/check-in", pending="pending-0", room="201", nights="3")
    assert "201 房已有客人" in reply["regions"]["window"]
    assert 'name="nights" value="3"' in reply["regions"]["window"]
    assert len(counter.state().house) == 1
    browser.act("/check-in", pending="pending-0", room="201", nights="3", join="1")
    assert [guest.room for guest in counter.state().house] == ["201", "201"]


def test_minor_is_registered_only_after_the_steps_and_with_a_guardian(counter: SmallCounter, browser: Browser) -> None:
    counter.lay(make_guest(2))
    asked = {"pending": "pending-2", "room": "201", "nights": "2"}
    reply = browser.act("/check-in", **asked)
    assert parse_qs(reply["view"])["open"] == ["minor"]
    assert 'name="nights" value="2"' in reply["regions"]["window"]
    reply = browser.act("/check-in", **asked, steps="1", **(GUARDIAN | {"phone": ""}))
    assert parse_qs(reply["view"])["problem"] == ["typed_incomplete"]
    assert counter.state().house == ()
    browser.act("/check-in", **asked, steps="1", **GUARDIAN)
    assert [guest.is_minor for guest in counter.state().house] == [True]


def test_second_child_of_a_family_finds_the_guardian_of_the_first(counter: SmallCounter, browser: Browser) -> None:
    brother, sister = make_guest(2), make_guest(2, id="pending-sister", name="王小红", number="990101201602020028")
    counter.lay(make_guest(1), brother, sister)
    browser.act("/check-in", pending="pending-1", room="201", nights="1")
    window = browser.act("/check-in", pending=brother.id, room="201", nights="1")["regions"]["window"]
    assert f'data-value="{make_guest(1).name}"' in window
    assert GUARDIAN["phone"] not in window
    browser.act("/check-in", pending=brother.id, room="201", nights="1", steps="1", join="1", **GUARDIAN)
    window = browser.act("/check-in", pending=sister.id, room="201", nights="1")["regions"]["window"]
    for value in (GUARDIAN["guardian_name"], GUARDIAN["phone"]):
        assert f'value="{value}"' in window
    assert 'value="parent" checked' in window


def test_guardian_of_one_family_is_not_shown_to_the_next(counter: SmallCounter, browser: Browser) -> None:
    counter.lay(make_guest(2))
    browser.act("/check-in", pending="pending-2", room="201", nights="1", steps="1", **GUARDIAN)
    browser.view = ""
    counter.lay(make_guest(2, id="pending-other", name="陈小样"))
    browser.act("/check-in", pending="pending-other", room="201", nights="1")
    window = browser.act("/check-in", pending="pending-other", room="201", nights="1", join="1")["regions"]["window"]
    assert GUARDIAN["phone"] not in window
    assert 'id="here-1"' not in window


def test_typed_form_is_judged_without_being_drawn_or_kept(counter: SmallCounter, browser: Browser) -> None:
    reply = browser.check(because="damaged", kind="111", number="990101199003070016", name="张伟").json
    assert reply["findings"]["number"]["tone"] == "doubt"
    assert "name" not in reply["findings"]
    assert (reply["told"], counter.state().pending) == ({}, ())
    assert browser.check(because="damaged", kind="411").status_code == 400
    assert browser.check(because="", kind="111").status_code == 400
    reply = browser.check(form="guardian", guardian_name="A", phone="1", relation="parent").json
    assert {name: each["tone"] for name, each in reply["findings"].items()} == {"phone": "wrong"}


def test_typed_form_that_is_refused_stays_open_and_nothing_personal_is_in_the_view(
    counter: SmallCounter, browser: Browser
) -> None:
    browser.view = "open=type&because=damaged&kind=414"
    reply = browser.act("/type", because="damaged", kind="414", surname="ZYXWMARK")
    assert parse_qs(reply["view"]) == {
        "open": ["type"], "because": ["damaged"], "kind": ["414"], "problem": ["typed_incomplete"],
    }  # fmt: skip
    assert "ZYXWMARK" not in str(reply)


def test_family_goes_into_its_room_one_touch_each_and_shows_all_slips(counter: SmallCounter, browser: Browser) -> None:
    counter.lay(*(make_guest(n) for n in range(4)))
    for n in range(4):
        answers = GUARDIAN | {"steps": "1"} if make_guest(n).is_minor else {}
        reply = browser.act("/check-in", pending=f"pending-{n}", room="201", nights="1", **answers)
    assert reply["regions"]["main"].count("<svg viewBox") == 4
    assert "已保存 4 位客人" in reply["regions"]["main"]


def test_next_party_does_not_see_the_slips_of_the_one_before(counter: SmallCounter, browser: Browser) -> None:
    counter.lay(make_guest(0), make_guest(1))
    browser.act("/check-in", pending="pending-0", room="201", nights="1")
    reply = browser.act("/check-in", pending="pending-1", room="202", nights="1")
    assert reply["regions"]["main"].count("<svg viewBox") == 1
    assert make_guest(0).name not in reply["regions"]["main"]


def test_number_is_masked_until_it_is_asked_for(counter: SmallCounter, browser: Browser) -> None:
    guest = make_guest(0)
    counter.lay(guest)
    assert guest.number not in browser.see()["regions"]["main"]
    assert guest.number in browser.see(f"reveal={guest.id}")["regions"]["main"]


@pytest.mark.parametrize(("number", "shown"), [("990101199003070015", "•••• 0015"), ("A12", "••••"), ("", "••••")])
def test_mask_leaves_the_last_four(number: str, shown: str) -> None:
    assert mask_number(number) == shown


def test_oldest_document_comes_first_and_another_can_be_chosen(counter: SmallCounter, browser: Browser) -> None:
    counter.lay(make_guest(0), make_guest(1))
    assert 'id="guest-pending-0"' in browser.see()["regions"]["main"]
    assert 'id="guest-pending-1"' in browser.see("guest=pending-1")["regions"]["main"]
    browser.act("/discard", pending="pending-1")
    assert [guest.id for guest in counter.state().pending] == ["pending-0"]


def test_minor_is_marked(counter: SmallCounter, browser: Browser) -> None:
    counter.lay(make_guest(2))
    assert "未成年人" in browser.see()["regions"]["main"]


def test_failure_of_a_document_stays_until_it_is_dismissed(counter: SmallCounter, browser: Browser) -> None:
    counter.change(failure="expired")
    assert "证件已过有效期" in browser.see()["regions"]["alert"]
    assert browser.act("/dismiss")["regions"]["alert"].strip() == ""


@pytest.mark.parametrize(
    ("state", "problem", "words"),
    [
        ("ready", None, "Place the document on the reader"),
        ("reading", None, "Reading – please leave it still"),
        ("lift", None, "please take it off"),
        ("down", "reader_gone", "Check the reader&#39;s cable."),
        ("something new", None, "The reader is not available"),
    ],
)
def test_reader_says_what_to_do(
    counter: SmallCounter, browser: Browser, state: str, problem: str | None, words: str
) -> None:
    counter.change(reader=ReaderState(state, problem))
    browser.speak("en")
    assert words in browser.see()["regions"]["main"]


@pytest.mark.parametrize(
    ("queue", "tone", "words"),
    [
        (QueueState(0, 0, True, None), "good", "Connected · everything delivered"),
        (QueueState(3, 320, True, None), "wait", "3 waiting to be sent, oldest 5 min"),
        (QueueState(1, 5, False, None, "unreachable"), "wait", "not connected · 1 waiting to be sent, for under 1 min"),
        (QueueState(2, 90, True, None, "terminal_revoked"), "act", "2 waiting to be sent"),
    ],
)
def test_queue_is_one_line_with_its_tone(
    counter: SmallCounter, browser: Browser, queue: QueueState, tone: str, words: str
) -> None:
    counter.change(queue=queue)
    browser.speak("en")
    reply = browser.see()
    assert words in reply["regions"]["foot"]
    assert f'class="state {tone}" id="queue"' in reply["regions"]["foot"]
    assert ('class="alert"' in reply["regions"]["alert"]) == (tone == "act")


def test_house_lists_by_room_with_how_far_each_has_come(counter: SmallCounter, browser: Browser) -> None:
    stays = [counter.lodge("302", 0), counter.lodge("101", 1), counter.lodge("201", 2)]
    counter.receive(stays[0])
    counter.settle(stays[2], delivery=Delivery.REFUSED, refusal="wrong_keys", name=None)
    main = browser.see("page=house")["regions"]["main"]
    assert [main.index(stay) for stay in (stays[1], stays[2], stays[0])] == sorted(main.index(stay) for stay in stays)
    for words in ("已保存，等待发送", "登记服务已收到", "使用的密钥已经更换", "3 号客人", "暂不显示姓名"):
        assert words in main


def test_several_check_out_at_once_after_one_question(counter: SmallCounter, browser: Browser) -> None:
    stays = [counter.lodge("101", 0), counter.lodge("102", 1), counter.lodge("103", 2)]
    counter.receive(stays[0])
    browser.see("page=house")
    window = browser.see(f"page=house&open=leave&stays={stays[0]},{stays[1]}")["regions"]["window"]
    assert "为这 2 位客人退房？" in window
    reply = browser.act("/check-out", stays=",".join(stays[:2]))
    assert [guest.stay for guest in counter.state().house] == [stays[2]]
    assert "已退房或已撤销，等待登记服务收到" in reply["regions"]["main"]
    assert reply["regions"]["window"].strip() == ""


def test_slip_that_cannot_be_shown_says_why(counter: SmallCounter, browser: Browser) -> None:
    stay = counter.lodge("101")
    counter.slip_problem = "house_locked"
    assert "这位客人的姓名和证件现在读不出来" in browser.see(f"open=slip&stays={stay}")["regions"]["window"]
    assert browser.client.get(f"/slip/{stay}/print", headers=browser.headers).status_code == 404


def test_paper_says_everything_in_both_languages_and_names_nobody(counter: SmallCounter, browser: Browser) -> None:
    stay = counter.lodge("101")
    paper = browser.client.get(f"/slip/{stay}/print", headers=browser.headers).text
    link = counter.slip(stay).link
    for words in ("住宿登记条例", "Lodging Registration Ordinance", "30 天", "30 days", "Commissioner", "专员", link):
        assert words in paper
    assert "尚未收到登记服务的回执" in paper
    assert make_guest(0).name not in paper
    assert make_guest(0).number not in paper
    assert "DEMONSTRATION" in paper
    counter.receive(stay)
    received = browser.client.get(f"/slip/{stay}/print", headers=browser.headers).text
    assert str(counter.state().house[0].acknowledgement) in received
    assert "had not yet acknowledged" not in received


def test_notice_says_that_nothing_is_compared(browser: Browser) -> None:
    assert "不与任何名单比对" in browser.see("open=notice")["regions"]["window"]
    browser.speak("en")
    assert "No comparison with any list takes place." in browser.see("open=notice")["regions"]["window"]


def test_demonstration_marks_every_page_and_only_the_demonstration_has_cards(browser: Browser) -> None:
    for view in ("", "page=house", "open=notice"):
        assert "演示 DEMONSTRATION" in browser.see(view)["regions"]["band"]
    assert browser.act("/demo/put", card="adult")["regions"]["drawer"].strip() == ""
    assert "请取走证件" in browser.see()["regions"]["foot"]
    browser.act("/demo/remove")
    plain = SmallCounter(is_demonstration=False)
    real = Browser(make_screen(plain, demo_cards=None, own_origin=ORIGIN).test_client())
    assert real.see()["regions"]["band"].strip() == ""
    assert real.client.post("/demo/put", headers=real.acting).status_code in (404, 405)


@pytest.mark.parametrize(
    ("view", "page"),
    [("page=nonsense&open=nonsense&stays=<b>&done=1&guest=a b&nights=x&room=" + "r" * 99, "desk"), ("", "desk")],
)
def test_strange_view_is_as_usual(browser: Browser, view: str, page: str) -> None:
    assert "<b>" not in browser.see(view)["view"]


def test_waiting_request_returns_on_a_change_and_too_many_do_not_wait(
    counter: SmallCounter, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.change()
    assert browser.see("since=0")["version"] == counter.state().version
    waits: list[float] = []
    monkeypatch.setattr(counter, "wait_for_change", lambda _, timeout_s: waits.append(timeout_s))
    browser.see("since=1")
    assert waits == [20.0]
    assert MAX_WAITING < 8  # the threads that small_counter.serve gives the server


def test_scan_reaches_the_counter_and_closes_the_drawer(counter: SmallCounter, browser: Browser) -> None:
    drawer = browser.see("drawer=1")["regions"]["drawer"]
    assert 'action="/scan"' in drawer
    assert "P&lt;UTO" in drawer
    reply = browser.act("/scan", text="P<UTO\nL898902C3")
    assert counter.scanned == ["P<UTO\nL898902C3"]
    assert make_guest(5).name in reply["regions"]["main"]
    assert reply["regions"]["drawer"].strip() == ""


def test_specimens_to_scan_are_there_in_the_demonstration_only() -> None:
    real = Browser(make_screen(SmallCounter(is_demonstration=False), demo_cards=None, own_origin=ORIGIN).test_client())
    assert "UTO" not in real.see("drawer=1")["regions"]["drawer"]


def test_other_name_of_this_machine_is_answered_with_the_address_to_type(browser: Browser) -> None:
    answer = browser.client.get("/", headers={**browser.headers, "Host": "localhost:8471"})
    assert answer.status_code == 421
    assert all(text in answer.text for text in (f"<strong>{ORIGIN}/</strong>", "请在地址栏输入", "Please type it"))
    assert "<a" not in answer.text


def test_refused_registration_is_sent_again_by_one_touch(counter: SmallCounter, browser: Browser) -> None:
    stay = counter.lodge("101", delivery=Delivery.REFUSED, refusal="bad_signature")
    house = browser.see("page=house")["regions"]["main"]
    assert f'form="send-again" id="again-{stay}"' in house
    house = browser.act("/send-again", stay=stay)["regions"]["main"]
    assert (counter.state().house[0].delivery, "again-" in house) == (Delivery.SAVED, False)


def test_request_to_wait_is_told_in_the_foot_and_not_as_an_alarm(counter: SmallCounter, browser: Browser) -> None:
    counter.change(queue=QueueState(3, 120, online=True, last_receipt_at=None, problem="asked_to_wait"))
    regions = browser.see()["regions"]
    assert "登记服务请稍候再发" in regions["foot"]
    assert 'class="alert"' not in regions["alert"]


def test_health_answers(browser: Browser) -> None:
    assert browser.client.get("/health", headers=browser.headers).text == "ok\n"


ACTIONS = [
    "/undo",
    "/move",
    "/extend",
    "/correct",
    "/cancel",
    "/notice-read",
    "/notice-seen",
    "/check-in",
    "/discard",
    "/dismiss",
    "/check-out",
    "/send-again",
    "/scan",
    "/key",
    "/type",
    "/check",
    "/card",
    "/unlock",
    "/demo/put",
    "/demo/remove",
]


@pytest.mark.parametrize("path", ACTIONS)
@pytest.mark.parametrize(
    "change",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": None},
        {"X-Counter-Token": "guess"},
        {"X-Counter-Token": "é"},
        {"X-Counter-Token": None},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.test:8471"},
        {"Host": "localhost:8471"},
    ],
)
def test_action_from_elsewhere_is_refused(
    counter: SmallCounter, browser: Browser, path: str, change: dict[str, str | None]
) -> None:
    counter.lay(make_guest(0))
    before = counter.state()
    headers = {name: value for name, value in {**browser.acting, **change}.items() if value is not None}
    form = {"pending": "pending-0", "room": "201", "nights": "1", "card": "adult"}
    assert browser.client.post(path, data=form, headers=headers).status_code in (403, 421)
    assert counter.state() == before


@pytest.mark.parametrize(
    "path", ["/", "/state", "/slip/{stay}/print", "/proof/print", "/card/print", "/health", "/static/screen.js"]
)
@pytest.mark.parametrize("change", [{"Sec-Fetch-Site": "cross-site"}, {"Host": "rebound.test"}, {"Host": "127.0.0.1"}])
def test_page_is_not_read_from_elsewhere(
    counter: SmallCounter, browser: Browser, path: str, change: dict[str, str]
) -> None:
    stay = counter.lodge("101")
    answer = browser.client.get(path.format(stay=stay), headers={**browser.headers, **change})
    assert answer.status_code in (403, 421)
    assert make_guest(0).name not in answer.text


@pytest.mark.parametrize("path", ["/", "/state", "/nothing", "/static/screen.css"])
def test_every_answer_carries_the_headers(browser: Browser, path: str) -> None:
    with browser.client.get(path, headers=browser.headers) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_undo_and_changes_of_a_stay_travel_as_the_page_sends_them(counter: SmallCounter, browser: Browser) -> None:
    counter.lay(make_guest(0))
    browser.act("/check-in", pending="pending-0", room="201", nights="1")
    (guest,) = counter.state().house
    browser.act("/undo", stay=guest.stay)
    assert counter.state().house == ()
    stay = counter.lodge("201", 1)
    browser.act("/move", stay=stay, room="202")
    browser.act("/extend", stay=stay, first=(TODAY + timedelta(days=2)).isoformat(), nights="3")
    (guest,) = counter.state().house
    assert (guest.room, guest.planned_departure) == ("202", TODAY + timedelta(days=4))
    browser.act("/correct", stay=stay, room="203")
    browser.act("/correct", stay=stay, first=(TODAY + timedelta(days=1)).isoformat(), nights="1")
    (guest,) = counter.state().house
    assert (guest.room, guest.planned_departure) == ("203", TODAY + timedelta(days=1))


@pytest.mark.parametrize(
    ("path", "fields"),
    [("/extend", {"first": "soon"}), ("/extend", {"first": "2026-13-01", "nights": "1"}), ("/extend", {})],
)
def test_day_that_is_none_extends_nothing(
    counter: SmallCounter, browser: Browser, path: str, fields: dict[str, str]
) -> None:
    stay = counter.lodge("201", 1)
    before = counter.state().house
    assert 'class="alert"' in browser.act(path, stay=stay, **fields)["regions"]["alert"]
    assert counter.state().house == before


def test_cancellation_without_a_known_reason_is_refused(counter: SmallCounter, browser: Browser) -> None:
    stay = counter.lodge("201", 1)
    for reason in ("", "because"):
        answer = browser.client.post("/cancel", data={"stay": stay, "reason": reason}, headers=browser.acting)
        assert answer.status_code == 400
    assert len(counter.state().house) == 1
    browser.act("/cancel", stay=stay, reason="mistake")
    assert counter.state().house == ()


@pytest.mark.parametrize("window", STAY_WINDOWS)
def test_window_about_a_stay_closes_when_the_stay_is_gone(counter: SmallCounter, browser: Browser, window: str) -> None:
    stay = counter.lodge("201", 1)
    assert "<dialog" in browser.see(f"page=house&open={window}&stays={stay}")["regions"]["window"]
    counter.check_out([stay])
    assert "<dialog" not in browser.see(f"page=house&open={window}&stays={stay}")["regions"]["window"]


def test_card_is_shown_once_and_only_after_it_was_made(counter: SmallCounter, browser: Browser) -> None:
    again = browser.client.get("/card/print", headers=browser.headers)
    assert (again.status_code, again.location) == (303, "/?page=house")
    assert "open=card_ready" in browser.act("/card")["view"]
    shown = browser.client.get("/card/print?page=house", headers=browser.headers)
    assert all(group in shown.text for group in CARD)
    assert (shown.headers["Cache-Control"], shown.text.count("/?page=house")) == ("no-store", 1)
    assert browser.client.get("/card/print", headers=browser.headers).status_code == 303


def test_typed_groups_open_the_house_and_others_say_so(counter: SmallCounter, browser: Browser) -> None:
    counter.lodge("101")
    counter.close_house()
    assert "这张恢复卡打不开名单" in browser.act("/unlock", group="000000")["regions"]["alert"]
    assert make_guest(0).name not in browser.see("page=house")["regions"]["main"]
    browser.act("/unlock", group=list(CARD))
    assert make_guest(0).name in browser.see("page=house")["regions"]["main"]
    assert "<dialog" not in browser.see("page=house&open=unlock")["regions"]["window"]


@pytest.mark.parametrize("window", STAY_WINDOWS)
def test_nothing_is_offered_for_a_guest_who_cannot_be_read_but_leaving(
    counter: SmallCounter, browser: Browser, window: str
) -> None:
    stay = counter.lodge("201", 1)
    counter.close_house(has_card=False)
    shown = browser.see(f"page=house&open={window}&stays={stay}")["regions"]["window"]
    assert re.findall(r'id="choose-(\w+)"', shown) == ["leave"]
    assert "<form" not in shown
