"""A face's address: for the screen's own page, while its guest waits, and kept by nobody."""

from __future__ import annotations

import pytest

from terminal.screen.app import make_screen
from terminal.screen.face import describe_chip
from terminal.state import ReaderState
from tests.terminal.screen.small_counter import FACE, SmallCounter, make_guest
from tests.terminal.screen.test_app import ORIGIN, Browser


@pytest.fixture
def counter() -> SmallCounter:
    return SmallCounter()


@pytest.fixture
def browser(counter: SmallCounter) -> Browser:
    return Browser(make_screen(counter, demo_cards=None, own_origin=ORIGIN).test_client())


def test_face_is_sent_with_no_leave_to_keep_it(browser: Browser, counter: SmallCounter) -> None:
    counter.lay(make_guest(5, how_read="chip", has_face=True))
    answer = browser.client.get("/face/pending-5", headers=browser.headers)
    assert (answer.status_code, answer.data, answer.mimetype) == (200, FACE.image, "image/jpeg")
    assert answer.headers["Cache-Control"] == "no-store"
    assert not {"ETag", "Last-Modified", "Expires"} & set(answer.headers.keys())
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("pending", ["pending-0", "nobody", "pending-5%2f..", "0" * 400])
def test_nobody_elses_face_is_there(browser: Browser, counter: SmallCounter, pending: str) -> None:
    counter.lay(make_guest(0))
    answer = browser.client.get(f"/face/{pending}", headers=browser.headers)
    assert (answer.status_code, answer.data) == (404, b"")


def test_address_dies_with_the_guest_who_waits(browser: Browser, counter: SmallCounter) -> None:
    counter.lay(make_guest(5, how_read="chip", has_face=True))
    browser.act("/discard", pending="pending-5")
    assert browser.client.get("/face/pending-5", headers=browser.headers).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Host": "counter.example:8471"}],
)
def test_page_of_another_site_sees_no_face(browser: Browser, counter: SmallCounter, headers: dict[str, str]) -> None:
    counter.lay(make_guest(5, how_read="chip", has_face=True))
    answer = browser.client.get("/face/pending-5", headers={**browser.headers, **headers})
    assert answer.status_code in (403, 421)
    assert FACE.image not in answer.data


def test_key_needs_the_screens_own_page(browser: Browser, counter: SmallCounter) -> None:
    counter.change(reader=ReaderState("key"))
    foreign = {**browser.acting, "Origin": "http://evil.example"}
    assert browser.client.post("/key", data={"access_number": "123456"}, headers=foreign).status_code == 403
    assert counter.keys == []
    browser.act("/key", access_number="123456")
    assert counter.keys == ["123456"]


def test_key_comes_back_in_no_address_and_no_page(browser: Browser, counter: SmallCounter) -> None:
    counter.change(reader=ReaderState("key"))
    browser.see("open=key&kind=page")
    reply = browser.act("/key", number="L898902C3", birth="1974-08-12", expiry="soon")
    assert "problem=key_incomplete" in reply["view"]
    assert "L898902C3" not in str(reply)


@pytest.mark.parametrize(
    ("chip", "kind", "how_read", "said"),
    [
        ("verified", "414", "chip", "verified"),
        ("not_verified", "414", "chip", "not_verified"),
        ("failed", "414", "chip", "failed"),
        ("failed", "111", "chip", "failed"),
        ("not_verified", "111", "chip", ""),
        ("not_verified", "553", "chip", ""),
        ("not_verified", "414", "mrz", ""),
    ],
)
def test_signature_is_spoken_of_where_there_could_be_one(chip: str, kind: str, how_read: str, said: str) -> None:
    assert describe_chip(make_guest(5, chip=chip, document_kind=kind, how_read=how_read)) == said
