"""The page of a terminal's notices: every kind can be sent, nothing can be written, and what was read is shown."""

from __future__ import annotations

import pytest

from central.console.roles import Role
from central.store.notices import list_notices
from central.store.schema import heartbeats
from records.service_notice import NoticeKind
from service.pages import load_words
from tests.central.console.small_fleet import SmallFleet, make_id
from tests.central.console.test_pages import read

FORMS = {
    "field_wrong": {"field": "birth_date", "record": "AB" * 16},
    "reader_wrong": {},
    "please_call": {},
    "licence_ends": {"day": "2026-04-30"},
    "maintenance": {"begin": "2026-03-12T02:10", "minutes": "60"},
}
ORIGIN = {"Origin": "http://localhost"}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", [each.name.lower() for each in NoticeKind])
def test_every_kind_is_sent_and_shown_in_words(fleet: SmallFleet, kind: str, language: str) -> None:
    words, terminal = load_words("central.console", language), fleet.add(1)
    client = fleet.open_client(Role.TERMINAL_ADMINISTRATOR, language=language)
    path = f"/terminals/{terminal.hex()}/notices"
    assert words("notices.none") in read(client, path)
    answer = client.post(f"{path}/send", data={"kind": kind, **FORMS[kind]}, headers=ORIGIN)
    assert answer.status_code == 303, answer.text
    page = read(client, answer.headers["Location"])
    assert words.count("notices.done", 1) in page
    assert words(f"notice_kind.{kind}") in page
    assert words("notice_state.waiting") in page
    with fleet.store.reading() as connection:
        (row,) = list_notices(connection, terminal)
    assert (NoticeKind(row.kind).name.lower(), row.sent_by) == (kind, "anna")
    with fleet.store.writing() as connection:
        connection.execute(heartbeats.update().values(notice_seen=row.number))
    assert words("notice_state.read") in read(client, path)


@pytest.mark.parametrize(
    "form",
    [
        {}, {"kind": "words"}, {"kind": "field_wrong"}, {"kind": "field_wrong", "field": "none"},
        {"kind": "field_wrong", "field": "name", "record": "Mr Wang"}, {"kind": "licence_ends", "day": "soon"},
        {"kind": "maintenance", "begin": "2026-03-12T02:10", "minutes": "7"},
        {"kind": "maintenance", "begin": "9999-12-31T23:59", "minutes": "15"},
    ],
)  # fmt: skip
def test_what_is_no_notice_is_refused_in_words(fleet: SmallFleet, form: dict[str, str]) -> None:
    terminal, words = fleet.add(1), load_words("central.console", "en")
    client = fleet.open_client(Role.TERMINAL_ADMINISTRATOR)
    answer = client.post(f"/terminals/{terminal.hex()}/notices/send", data=form, headers=ORIGIN)
    assert answer.status_code == 409
    assert words("problem.notice_form") in answer.text or words("problem.notice_far") in answer.text
    with fleet.store.reading() as connection:
        assert list_notices(connection, terminal) == []


def test_whatever_else_is_typed_goes_nowhere(fleet: SmallFleet) -> None:
    terminal = fleet.add(1)
    client = fleet.open_client(Role.TERMINAL_ADMINISTRATOR)
    form = {"kind": "please_call", "text": "hold the guest of 101", "record": "ab" * 16, "field": "name"}
    client.post(f"/terminals/{terminal.hex()}/notices/send", data=form, headers=ORIGIN)
    with fleet.store.reading() as connection:
        (row,) = list_notices(connection, terminal)
    assert (row.field, row.record, row.moment, row.minutes) == (0, bytes(16), None, 0)
    assert "hold" not in read(client, f"/terminals/{terminal.hex()}/notices")


def test_page_has_no_field_for_words(fleet: SmallFleet) -> None:
    page = read(fleet.open_client(Role.TERMINAL_ADMINISTRATOR), f"/terminals/{fleet.add(1).hex()}/notices")
    assert "<textarea" not in page
    assert page.count('<input class="form-control"') == 3  # a record's number, a day, a moment
    assert make_id(1).hex() in page
