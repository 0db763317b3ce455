"""Notices by central: taken with its signature alone, shown until read, told back, and never again."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from records.heartbeat import HeartbeatReply, parse_heartbeat
from records.service_notice import NoticeField, NoticeKind, ServiceNotice, sign_service_notice
from records.suite import SigningKey
from terminal.central_notices import CentralNotices
from terminal.heartbeat import HeartbeatSender, Pulse
from terminal.store import NoticeStore, open_or_salvage
from terminal.store.notices import MOST_UNREAD
from tests.terminal.kit import NOW, RECEIPT_KEY, TERMINAL, Kit, make_guest

pytestmark = pytest.mark.usefixtures("quick_stretching")
CALL = ServiceNotice(TERMINAL, 10, NOW, NOW + timedelta(days=3), NoticeKind.PLEASE_CALL)


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path)


def make_book(kit: Kit) -> CentralNotices:
    clock = kit.clock.as_clock()
    return CentralNotices(NoticeStore(kit.database), TERMINAL, lambda: RECEIPT_KEY.public, clock)


def write(notice: ServiceNotice, key: SigningKey = RECEIPT_KEY) -> str:
    return base64.b64encode(sign_service_notice(notice, key).data).decode()


def list_numbers(kit: Kit) -> list[int]:
    return [each.number for each in make_book(kit).show(kit.desk.list_house())]


def test_notice_is_shown_until_somebody_has_read_it_also_after_a_restart(kit: Kit) -> None:
    told: list[None] = []
    book = make_book(kit)
    book.on_change = lambda: told.append(None)
    book.take([write(CALL)])
    book.take([write(CALL)])  # it comes with every heartbeat
    assert len(told) == 1
    kit.reopen()
    assert list_numbers(kit) == [10]
    make_book(kit).see(10)
    kit.reopen()
    assert list_numbers(kit) == []
    assert make_book(kit).find_seen() == 10


@pytest.mark.parametrize(
    "text",
    [
        write(CALL, SigningKey.from_bytes(bytes(32))),
        write(replace(CALL, terminal=b"o" * 16)),
        write(replace(CALL, issued_at=NOW - timedelta(days=3), expires_at=NOW)),
        "not base64",
        base64.b64encode(b"KSN1").decode(),
        "",
    ],
    ids=["another key", "another terminal", "over", "no base64", "cut", "empty"],
)
def test_what_is_not_centrals_word_to_this_terminal_is_left_out(kit: Kit, text: str) -> None:
    make_book(kit).take([text])
    assert list_numbers(kit) == []


def test_notice_that_was_read_never_comes_back(kit: Kit) -> None:
    book = make_book(kit)
    for number in (10, 12):
        book.take([write(replace(CALL, number=number))])
    book.see(12)
    kit.clock.pass_time(3600)
    book.take([write(CALL), write(replace(CALL, number=11)), write(replace(CALL, number=12))])
    assert list_numbers(kit) == []
    book.take([write(replace(CALL, number=13))])
    assert list_numbers(kit) == [13]


def test_notice_ends_with_its_time_and_is_forgotten(kit: Kit) -> None:
    book = make_book(kit)
    book.take([write(CALL)])
    kit.clock.pass_time(3 * 86_400)
    assert list_numbers(kit) == []
    book.take([])
    with kit.database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM notices").fetchone() == (0,)


def test_flood_of_notices_is_not_kept(kit: Kit) -> None:
    book = make_book(kit)
    for number in range(1, 40):
        book.take([write(replace(CALL, number=number))])
    assert len(list_numbers(kit)) == MOST_UNREAD


def test_notice_of_a_record_stands_beside_its_guest_while_they_can_be_read(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(1), "101", 1).stay
    kit.desk.check_in(make_guest(2), "102", 1)
    record = bytes.fromhex(kit.desk.find_record(stay).events[0].record)
    about = replace(CALL, kind=NoticeKind.FIELD_WRONG, field=NoticeField.BIRTH_DATE, record=record)
    book = make_book(kit)
    book.take([write(about), write(replace(about, number=11, record=b"x" * 16))])
    shown = book.show(kit.desk.list_house())
    assert [(each.stay, each.is_of_record, each.field) for each in shown] == [
        (stay, True, "birth_date"), ("", True, "birth_date"),
    ]  # fmt: skip
    (closed,) = {each.stay for each in book.show([(row, None) for row, _ in kit.desk.list_house()])}
    assert closed == ""


def test_heartbeat_brings_notices_and_tells_what_was_read(kit: Kit) -> None:
    book, sent = make_book(kit), []

    class Line:
        def beat(self, data: bytes) -> HeartbeatReply:
            sent.append(parse_heartbeat(data).heartbeat.notice_seen)
            return HeartbeatReply(int(NOW.timestamp()), "", 0, (write(CALL),))

    pulse = Pulse(
        TERMINAL, kit.keys, kit.clock.as_clock(), kit.outbox, kit.folder, lambda: True,
        find_notice_seen=book.find_seen, version="1",
    )  # fmt: skip
    sender = HeartbeatSender(pulse, Line(), on_notices=book.take)
    sender.send()
    assert list_numbers(kit) == [10]
    book.see(10)
    sender.send()
    assert sent == [0, 10]
    assert list_numbers(kit) == []


def test_notices_are_salvaged_with_a_damaged_database(kit: Kit) -> None:
    make_book(kit).take([write(CALL)])
    kit.close()
    path = kit.folder / "terminal.sqlite"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size - 4096)
        file.write(b"\xa5" * 4096)
    open_or_salvage(path, TERMINAL, NOW, beside=kit.folder / "stays.keys").close()
    kit.open()
    assert list_numbers(kit) in ([10], [])  # [] where the page was its own
    make_book(kit).take([write(CALL)])
    assert list_numbers(kit) == [10]
