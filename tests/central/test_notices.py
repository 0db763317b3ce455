"""Notices to terminals: who gets them, what the audit log has of them, and that nothing but the lists can be sent."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

import pytest

from central.audit import CentralAct
from central.errors import ActRefused
from central.fleet.notices import READ_S, NoticePost
from central.notices import MOST_UNREAD, NoticeDesk, NoticeDraft
from central.store.terminals import Terminal, revoke_terminal, write_terminal
from records.heartbeat import HEARTBEAT_PATH, decode_heartbeat_reply, parse_heartbeat
from records.service_notice import NoticeField, NoticeKind, ServiceNotice, parse_service_notice
from tests.central.test_fleet import make_beat
from tests.central.town import OTHER_KEY, OTHER_TERMINAL, START, TERMINAL, VENUE, Town, new_key

CALL = NoticeDraft(NoticeKind.PLEASE_CALL)
FIELD = NoticeDraft(NoticeKind.FIELD_WRONG, NoticeField.BIRTH_DATE, record=b"r" * 16)
DAY = datetime(2026, 3, 31, tzinfo=START.tzinfo)
SECOND = b"\xa3" * 16


@pytest.fixture
def desk(town: Town) -> NoticeDesk:
    return NoticeDesk(town.parts.store, town.parts.audit, lambda: town.now)


def beat(town: Town, **changes: object) -> list[ServiceNotice]:
    """Send a heartbeat a minute later; returns the notices of the answer, verified as a terminal does."""
    town.now += timedelta(minutes=1)
    answer = town.client.post(HEARTBEAT_PATH, data=make_beat(sent_at=town.now.replace(microsecond=0), **changes))
    reply = decode_heartbeat_reply(answer.data)
    key = town.parts.root.receipt_key
    return [parse_service_notice(base64.b64decode(each), key).notice for each in reply.notices]


def open_post(town: Town) -> NoticePost:
    return NoticePost(town.parts.store, lambda: town.parts.receipt_key)


def test_notice_comes_with_the_next_heartbeat_until_it_was_read(town: Town, desk: NoticeDesk) -> None:
    desk.send("anna", TERMINAL, FIELD)
    (notice,) = beat(town)
    assert (notice.terminal, notice.kind, notice.field) == (TERMINAL, NoticeKind.FIELD_WRONG, NoticeField.BIRTH_DATE)
    assert notice.record == b"r" * 16
    assert beat(town) == [notice]  # an answer may be lost
    assert [each.state for each in desk.list_sent(TERMINAL)] == ["waiting"]
    assert beat(town, notice_seen=notice.number) == []
    town.book.flush()
    assert [each.state for each in desk.list_sent(TERMINAL)] == ["read"]


def test_nobody_else_gets_it(town: Town, desk: NoticeDesk) -> None:
    desk.send("anna", TERMINAL, CALL)
    assert beat(town, terminal=OTHER_TERMINAL, terminal_key=OTHER_KEY.public.key_id, key=OTHER_KEY) == []
    data = make_beat(new_key())
    reply = decode_heartbeat_reply(town.client.post(HEARTBEAT_PATH, data=data).data)
    assert (bool(reply.error), reply.notices) == (True, ())


def test_house_gets_it_at_each_of_its_counters(town: Town, desk: NoticeDesk) -> None:
    revoked = b"\xa4" * 16
    with town.parts.store.writing() as connection:
        for each in (SECOND, revoked):
            write_terminal(connection, Terminal(each, VENUE, new_key().public))
        revoke_terminal(connection, revoked)
    assert desk.send("anna", TERMINAL, CALL, whole_house=True) == 2
    found = {each: len(desk.list_sent(each)) for each in (TERMINAL, SECOND, revoked, OTHER_TERMINAL)}
    assert found == {TERMINAL: 1, SECOND: 1, revoked: 0, OTHER_TERMINAL: 0}


def test_audit_log_has_it_before(town: Town, desk: NoticeDesk) -> None:
    desk.send("anna", TERMINAL, FIELD)
    (sent,) = desk.list_sent(TERMINAL)
    subject = f"{TERMINAL.hex()} {sent.row.number} field_wrong birth_date {(b'r' * 16).hex()}"
    assert ("anna", CentralAct.SEND_NOTICE, subject) in town.list_acts()


def test_counter_is_not_flooded(town: Town, desk: NoticeDesk) -> None:
    for _ in range(MOST_UNREAD):
        desk.send("anna", TERMINAL, CALL)
    with pytest.raises(ActRefused, match="notice many"):
        desk.send("anna", TERMINAL, CALL)
    numbers = [each.row.number for each in desk.list_sent(TERMINAL)]
    assert len(set(numbers)) == MOST_UNREAD
    town.now += timedelta(days=15)
    desk.send("anna", TERMINAL, CALL)  # what is over is no flood


def test_number_is_never_used_twice_also_after_a_restored_database(town: Town, desk: NoticeDesk) -> None:
    beat(town, notice_seen=int(START.timestamp()) + 10**6)
    town.book.flush()
    desk.send("anna", TERMINAL, CALL)
    (sent,) = desk.list_sent(TERMINAL)
    assert sent.row.number == int(START.timestamp()) + 10**6 + 1


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (NoticeDraft(NoticeKind.FIELD_WRONG), "notice form"),
        (NoticeDraft(NoticeKind.PLEASE_CALL, record=b"r" * 16), "notice form"),
        (NoticeDraft(NoticeKind.LICENCE_ENDS), "notice form"),
        (NoticeDraft(NoticeKind.LICENCE_ENDS, moment=START - timedelta(days=9)), "notice past"),
        (NoticeDraft(NoticeKind.MAINTENANCE, moment=DAY, minutes=7), "notice form"),
        (NoticeDraft(NoticeKind.MAINTENANCE, moment=DAY + timedelta(days=90), minutes=15), "notice far"),
    ],
)
def test_what_is_no_notice_is_refused_and_nothing_is_kept(
    town: Town, desk: NoticeDesk, draft: NoticeDraft, code: str
) -> None:
    with pytest.raises(ActRefused, match=code):
        desk.send("anna", TERMINAL, draft)
    assert desk.list_sent(TERMINAL) == []


@pytest.mark.parametrize("terminal", [b"?" * 16, OTHER_TERMINAL])
def test_terminal_that_may_not_send_gets_none(town: Town, desk: NoticeDesk, terminal: bytes) -> None:
    with town.parts.store.writing() as connection:
        revoke_terminal(connection, OTHER_TERMINAL)
    with pytest.raises(ActRefused, match="gone"):
        desk.send("anna", terminal, CALL)


def test_notice_about_a_time_ends_with_it(town: Town, desk: NoticeDesk) -> None:
    desk.send("anna", TERMINAL, NoticeDraft(NoticeKind.MAINTENANCE, moment=DAY, minutes=90))
    desk.send("anna", TERMINAL, NoticeDraft(NoticeKind.LICENCE_ENDS, moment=DAY))
    ends = {each.kind: each.row.expires_at for each in desk.list_sent(TERMINAL)}
    day = int(DAY.timestamp())
    assert ends == {NoticeKind.MAINTENANCE: day + 90 * 60, NoticeKind.LICENCE_ENDS: day + 86_400}
    town.now = DAY + timedelta(minutes=90)
    assert {each.kind: each.state for each in desk.list_sent(TERMINAL)} == {
        NoticeKind.MAINTENANCE: "over", NoticeKind.LICENCE_ENDS: "waiting",
    }  # fmt: skip


def test_heartbeats_do_not_cost_a_look_up_each(town: Town, desk: NoticeDesk) -> None:
    time_s, post = 0.0, open_post(town)
    post.monotonic = lambda: time_s
    mine = parse_heartbeat(make_beat()).heartbeat
    assert post.find(mine, town.now) == ()
    desk.send("anna", TERMINAL, CALL)
    assert post.find(mine, town.now) == ()
    time_s = READ_S
    assert len(post.find(mine, town.now)) == 1
    assert post.find(mine, town.now) == post.find(mine, town.now)  # the same bytes
