"""The privacy office's pages and its intake: who may do what, what is logged first, and what the guest is told."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from oversight.log import Step, append_log
from oversight.redress.app import make_office_pages
from oversight.redress.counts import load_counts
from oversight.redress.errors import AnotherText
from oversight.redress.intake import make_intake
from oversight.redress.states import MAY_FOLLOW, Reason, State, Urgency, judge_urgency
from oversight.redress.wire import RECEIVE_PATH, STATES_PATH
from records.requests import SEALED_BYTES, derive_answer_key, derive_request_id, open_answer
from service.pages import load_words
from tests.oversight.redress.small_office import AUDITOR, OFFICER, OTHER_OFFICER, SLIP_KEY, SmallOffice
from tests.oversight.world import NOW
from tests.service.role_matrix import EVERYBODY, check_matrix

PRIVACY_OFFICER, AUDITOR_ROLE = "privacy officer", "auditor"
EXPECTED = {
    "requests": {PRIVACY_OFFICER},
    "one_request": {PRIVACY_OFFICER},
    "take": {PRIVACY_OFFICER},
    "answer": {PRIVACY_OFFICER},
    "close": {PRIVACY_OFFICER},
    "counts": {PRIVACY_OFFICER, AUDITOR_ROLE},
    "audit_log": {AUDITOR_ROLE},
    "health": EVERYBODY,
}
REQUEST = derive_request_id(SLIP_KEY, 1)
PATH = f"/requests/{REQUEST.hex()}"
ORIGIN = {"Origin": "http://localhost"}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallOffice]:
    made = SmallOffice(tmp_path)
    yield made
    made.close()


def test_each_page_answers_those_whom_it_is_for_and_nobody_else(small: SmallOffice) -> None:
    office = small.make_office()
    assert check_matrix(make_office_pages(office), office.parts, EXPECTED, {"request_id": "a1" * 16}) > 100


@pytest.mark.parametrize("shown", ["", "Bearer ", "Bearer " + "0" * 64, "Basic x", "Bearer \u00e9"])
def test_intake_answers_nobody_without_its_key_on_any_address(small: SmallOffice, shown: str) -> None:
    client = make_intake(small.book, small.token).test_client()
    for path in (RECEIVE_PATH, STATES_PATH, "/", "/intake/", "/anything"):
        for method in ("GET", "POST", "PUT", "OPTIONS"):
            answer = client.open(path, method=method, headers={"Authorization": shown}, data=small.seal().to_bytes())
            assert answer.status_code == 403, (method, path)
    assert small.book.list_open() == []


def test_key_of_the_intake_opens_no_page_and_a_session_opens_no_intake(small: SmallOffice) -> None:
    office = small.make_office()
    app = small.make_app(office)
    bearer = {"Authorization": f"Bearer {small.token}"}
    assert app.test_client().get("/", headers=bearer).status_code == 303
    client = small.open_client(OFFICER, app, office)
    assert client.post(STATES_PATH, json={}, headers=ORIGIN).status_code == 403


def test_what_is_no_request_is_refused_and_not_kept(small: SmallOffice) -> None:
    client = make_intake(small.book, small.token).test_client()
    bearer = {"Authorization": f"Bearer {small.token}"}
    good = small.seal().to_bytes()
    for body, status in ((good[:-1], 400), (b"", 400), (good + b"x", 413), (good[:32] + bytes(8) + good[40:], 503)):
        assert client.post(RECEIVE_PATH, data=body, headers=bearer).status_code == status
    for asked in ({"requests": []}, {"requests": ["aa" * 16] * 5}, {"requests": ["zz" * 16] * 4}, [], {"requests": 4}):
        assert client.post(STATES_PATH, json=asked, headers=bearer).status_code == 400
    assert small.book.list_open() == []
    assert len(good) == SEALED_BYTES


def test_every_look_stands_in_the_log_before_it_is_shown(small: SmallOffice) -> None:
    small.book.receive(small.seal("看得见的字"))
    client = small.open_client()
    assert "看得见的字" not in client.get("/").text
    assert "看得见的字" in client.get(PATH).text
    acts = [each for each in small.list_acts() if each[0] == OFFICER]
    assert acts == [(OFFICER, "list requests", ""), (OFFICER, "look at request", REQUEST.hex())]


def test_a_look_that_cannot_be_logged_is_not_shown(small: SmallOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    small.book.receive(small.seal("看得见的字"))
    client = small.open_client()
    monkeypatch.setattr("service.audit.log.add_entries", fail)
    answer = client.get(PATH)
    assert answer.status_code == 503
    assert "看得见的字" not in answer.text


def fail(*_: object) -> None:
    raise OSError


def test_whoever_takes_second_is_told_who_was_first_and_changes_nothing(small: SmallOffice) -> None:
    small.book.receive(small.seal())
    office = small.make_office()
    app = small.make_app(office)
    first, second = small.open_client(OFFICER, app, office), small.open_client(OTHER_OFFICER, app, office)
    assert first.post(PATH + "/take", data={"held_by": ""}, headers=ORIGIN).status_code == 303
    late = second.post(PATH + "/take", data={"held_by": ""}, headers=ORIGIN)
    assert late.status_code == 409
    assert f"{OFFICER} has this request now" in late.text
    lost = second.post(PATH + "/answer", data={"text": "a text that was long to write"}, headers=ORIGIN)
    assert lost.status_code == 409
    assert "a text that was long to write" in lost.text
    assert first.post(PATH + "/answer", data={"text": "done"}, headers=ORIGIN).status_code == 303
    row = small.book.find(REQUEST)
    assert row is not None
    sealed = small.book.find_sealed_answer(row)
    assert sealed is not None
    assert open_answer(sealed, REQUEST, derive_answer_key(SLIP_KEY, 1)).text == "done"
    assert first.post(PATH + "/answer", data={"text": "twice"}, headers=ORIGIN).status_code == 409


def test_another_officer_takes_over_by_saying_from_whom(small: SmallOffice) -> None:
    small.book.receive(small.seal())
    small.book.take(REQUEST, OFFICER)
    client = small.open_client(OTHER_OFFICER)
    assert client.post(PATH + "/take", data={"held_by": "somebody"}, headers=ORIGIN).status_code == 409
    assert client.post(PATH + "/take", data={"held_by": OFFICER}, headers=ORIGIN).status_code == 303
    row = small.book.find(REQUEST)
    assert row is not None
    assert row.holder == OTHER_OFFICER


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001, "a\x00b"])
def test_an_answer_that_says_nothing_or_too_much_is_refused_and_kept_for_its_writer(
    small: SmallOffice, text: str
) -> None:
    small.book.receive(small.seal())
    small.book.take(REQUEST, OFFICER)
    answer = small.open_client().post(PATH + "/answer", data={"text": text}, headers=ORIGIN)
    assert answer.status_code == 409
    assert "Nothing was sent" in answer.text
    assert small.book.find(REQUEST).state == State.TAKEN  # type: ignore[union-attr]


def test_markup_in_a_request_stays_text(small: SmallOffice) -> None:
    small.book.receive(small.seal("<script>alert(1)</script>", record='{"not": "a record"}'))
    page = small.open_client().get(PATH).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "no record" in page


def test_unreadable_request_can_only_be_closed_and_the_guest_is_told(small: SmallOffice) -> None:
    sealed = small.seal()
    spoiled = type(sealed)(sealed.request, sealed.mark, sealed.key_id, sealed.outer[:-1] + b"\x00")
    small.book.receive(spoiled)
    client = small.open_client()
    assert "does not open" in client.get(PATH).text
    client.post(PATH + "/take", data={"held_by": ""}, headers=ORIGIN)
    assert client.post(PATH + "/answer", data={"text": "x"}, headers=ORIGIN).status_code == 409
    assert client.post(PATH + "/close", data={"reason": "because"}, headers=ORIGIN).status_code == 400
    assert client.post(PATH + "/close", data={"reason": "not_readable"}, headers=ORIGIN).status_code == 303
    told = (
        make_intake(small.book, small.token)
        .test_client()
        .post(STATES_PATH, json={"requests": [REQUEST.hex()] * 4}, headers={"Authorization": f"Bearer {small.token}"})
    )
    assert told.get_json()[0]["reason"] == Reason.NOT_READABLE


def test_deadlines_move_with_the_clock() -> None:
    received = int(NOW.timestamp())
    days = {0: Urgency.IN_TIME, 22: Urgency.IN_TIME, 23: Urgency.SOON, 30: Urgency.SOON, 31: Urgency.OVERDUE}
    assert {day: judge_urgency(received, NOW + timedelta(days=day)) for day in days} == days


def test_states_lead_only_where_the_table_says(small: SmallOffice) -> None:
    assert {state for state in State if state not in MAY_FOLLOW} == {State.RECEIVED}
    assert State.DELETED not in set().union(*MAY_FOLLOW.values())
    assert small.open_client().post(PATH + "/take", data={"held_by": ""}, headers=ORIGIN).status_code == 404


def test_counts_hide_small_ones_and_show_orders(small: SmallOffice, tmp_path: Path) -> None:
    log = tmp_path / "openings.log"
    for number in range(6):
        append_log(log, f"order {number}\n\n— x\n", Step.LOOK, 3, small.now)
        append_log(log, f"order {number}\n\n— x\n", Step.LOOK, 3, small.now)
    append_log(log, "order 0\n\n— x\n", Step.OPEN, 1, small.now)
    for number in (1, 2, 3, 4):
        small.book.receive(small.seal(number=number))
    counts = load_counts(small.book.store, log, small.now)
    assert (counts.waiting, counts.overdue) == (None, 0)
    this = counts.months[0]
    assert (this.received, this.answered, this.orders, this.openings) == (None, 0, 6, None)
    assert len(counts.months) == 12
    page = small.open_client(AUDITOR).get("/counts").text
    assert "&lt;5" in page


def test_log_of_the_office_names_requests_and_no_guest(small: SmallOffice) -> None:
    small.book.receive(small.seal("欧阳明月的事"))
    office = small.make_office()
    app = small.make_app(office)
    small.open_client(OFFICER, app, office).get(PATH)
    page = small.open_client(AUDITOR, app, office).get("/audit-log").text
    assert REQUEST.hex() in page
    assert "looked at a request" in page
    assert "欧阳" not in page


def test_both_languages_have_the_same_words_with_the_same_places() -> None:
    zh, en = (load_words("oversight.redress", language) for language in ("zh", "en"))
    assert zh.list_keys() == en.list_keys()
    for key in zh.list_keys():
        if not key.startswith(("date.", "page.", "sign_in.", "fault.")):
            assert re.findall(r"\{\w+\}", zh(key)) == re.findall(r"\{\w+\}", en(key)), key


def test_same_text_again_is_one_request_and_another_text_is_told_apart(small: SmallOffice) -> None:
    first = small.book.receive(small.seal("one"))
    small.wait(hours=1)
    assert small.book.receive(small.seal("one")) == first
    with pytest.raises(AnotherText):
        small.book.receive(small.seal("another"))
    assert len(small.book.list_open()) == 1
