"""The contract of the local API: every route, every method, the shape of every answer, and no trace in the browser."""

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask

from terminal.screen import app as app_module
from terminal.screen.app import make_screen
from terminal.screen.draw import REGIONS
from terminal.screen.guard import MAX_BODY_BYTES
from terminal.screen.texts import load_words
from terminal.state import CounterError
from tests.terminal.screen.small_counter import SmallCards, SmallCounter, make_guest
from tests.terminal.screen.test_app import ACTIONS, ORIGIN, Browser

REPLY = {"process": str, "version": int, "language": str, "view": str, "pending": str, "regions": dict}
# A request of each kind that is understood, with the fields it needs; {stay} is a guest in house.
GOOD: dict[str, dict[str, str]] = {
    "/check-in": {"pending": "pending-0", "room": "102", "nights": "1"},
    "/discard": {"pending": "pending-0"},
    "/dismiss": {},
    "/check-out": {"stays": "{stay}"},
    "/notice-read": {},
    "/notice-seen": {"number": "7"},
    "/undo": {"stay": "{stay}"},
    "/move": {"stay": "{stay}", "room": "303"},
    "/extend": {"stay": "{stay}", "first": "2026-10-04", "nights": "2"},
    "/correct": {"stay": "{stay}", "room": "303"},
    "/cancel": {"stay": "{stay}", "reason": "mistake"},
    "/send-again": {"stay": "{stay}"},
    "/scan": {"text": "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"},
    "/key": {"access_number": "123456"},
    "/type": {"because": "damaged", "kind": "111"},
    "/card": {},
    "/unlock": {"group": "000000"},
    "/demo/put": {"card": "adult"},
    "/demo/remove": {},
}
READS = ["/", "/state", "/slip/{stay}/print", "/proof/{stay}/print", "/proof/print", "/card/print", "/health"]


@pytest.fixture
def counter() -> SmallCounter:
    return SmallCounter()


@pytest.fixture
def app(counter: SmallCounter) -> Flask:
    return make_screen(counter, demo_cards=SmallCards(counter), own_origin=ORIGIN)


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def stay(counter: SmallCounter) -> str:
    stay = counter.lodge("101", 1)
    counter.lay(make_guest(0))
    return stay


def fill(fields: dict[str, str], stay: str) -> dict[str, str]:
    return {name: value.format(stay=stay) for name, value in fields.items()}


def test_every_route_is_in_the_table_and_every_line_of_the_table_is_a_route(app: Flask) -> None:
    table = set()
    for method, paths in re.findall(
        r"^    (GET|POST) +(/[^\s,]*(?:, /[^\s,]+)*)", app_module.__doc__ or "", re.MULTILINE
    ):
        table |= {(method, path.partition("?")[0]) for path in paths.split(", ")}
    routes = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static"
    }
    assert table == routes


def test_every_action_is_tried_here_and_in_the_test_of_strangers(app: Flask) -> None:
    posts = {rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or set())}
    assert posts == {*GOOD, "/check"} == set(ACTIONS)


@pytest.mark.parametrize("path", GOOD)
def test_action_answers_with_the_next_view_and_every_region(browser: Browser, stay: str, path: str) -> None:
    answer = browser.client.post(path, data=fill(GOOD[path], stay), headers=browser.acting)
    require_reply(answer)


@pytest.mark.parametrize("path", GOOD)
@pytest.mark.parametrize("form", [{}, {"stay": "0" * 32, "stays": "0" * 32, "pending": "x", "nights": "nine"}])
def test_action_that_is_not_understood_is_answered_in_words_or_refused(
    browser: Browser, stay: str, path: str, form: dict[str, str]
) -> None:
    answer = browser.client.post(path, data=form, headers=browser.acting)
    if answer.status_code != 400:
        assert "problem=internal" not in require_reply(answer)["view"]


def require_reply(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    reply: dict[str, Any] = answer.json
    assert {name: type(value) for name, value in reply.items()} == REPLY
    assert set(reply["regions"]) == set(REGIONS)
    assert all(isinstance(html, str) for html in reply["regions"].values())
    return reply


def test_state_has_the_same_shape(browser: Browser, stay: str) -> None:
    require_reply(browser.client.get("/state", headers=browser.headers))


def test_check_answers_with_findings_and_what_the_number_told(browser: Browser) -> None:
    answer = browser.check(because="damaged", kind="111", number="990101199003070015")
    assert set(answer.json) == {"findings", "told"}
    assert answer.json["told"]["birth_date"] == "1990-03-07"
    assert isinstance(answer.json["findings"], dict)


@pytest.mark.parametrize("path", [*GOOD, "/check"])
def test_action_is_no_link(browser: Browser, path: str) -> None:
    assert browser.client.get(path, headers=browser.headers).status_code == 405


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_page_takes_nothing(browser: Browser, stay: str, path: str, method: str) -> None:
    answer = browser.client.open(path.format(stay=stay), method=method, headers=browser.acting)
    assert answer.status_code == 405


@pytest.mark.parametrize(
    ("method", "path", "change", "status"),
    [
        *(("GET", path, {}, None) for path in READS),
        *(("GET", f"/static/{name}", {}, 200) for name in ("screen.js", "screen.css", "paper.css")),
        *(("POST", path, {}, None) for path in [*GOOD, "/check"]),
        ("GET", "/nothing", {}, 404),
        ("GET", "/card", {}, 405),
        ("GET", "/", {"Host": "rebound.test"}, 421),
        ("GET", "/", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("POST", "/cancel", {}, 400),
    ],
)
def test_whatever_is_answered_stays_in_no_cache(
    browser: Browser, stay: str, method: str, path: str, change: dict[str, str], status: int | None
) -> None:
    headers = {**browser.acting, **change}
    with browser.client.open(path.format(stay=stay), method=method, headers=headers) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
        assert status in (None, answer.status_code)


def test_request_that_is_too_long_is_refused_before_it_is_read(browser: Browser) -> None:
    answer = browser.client.post("/scan", data={"text": "x" * MAX_BODY_BYTES}, headers=browser.acting)
    assert answer.status_code == 413
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/slip/{stay}/print", "/proof/{stay}/print", "/proof/print"])
def test_paper_holds_neither_name_nor_number_of_a_document(
    counter: SmallCounter, browser: Browser, stay: str, path: str
) -> None:
    counter.receive(stay)
    page = browser.client.get(path.format(stay=stay), headers=browser.headers).text
    assert [mark for mark in (make_guest(1).name, make_guest(1).number) if mark in page] == []


@pytest.mark.parametrize("code", ["database_damaged", "not_saved", "disk_full"])
def test_counter_that_cannot_be_shown_says_why_in_both_languages_and_tries_again(
    counter: SmallCounter, browser: Browser, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def refuse() -> None:
        raise CounterError(code)

    monkeypatch.setattr(counter, "state", refuse)
    answer = browser.client.get("/", headers=browser.headers)
    assert answer.status_code == 503
    for language in ("zh", "en"):
        assert load_words(language).name("problem", code) in unescape(answer.text)
        assert load_words(language).name("remedy", code) in unescape(answer.text)
    assert 'http-equiv="refresh"' in answer.text
    assert browser.client.get("/health", headers=browser.headers).status_code == 503


def test_proof_of_nobody_leads_back(browser: Browser) -> None:
    for path in ("/proof/print", f"/proof/{'0' * 32}/print"):
        answer = browser.client.get(path, headers=browser.headers)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/?page=today")
