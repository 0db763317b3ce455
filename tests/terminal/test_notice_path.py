"""A notice from the administrator to the clerk and back: central's own application, the terminal's own parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from central.notices import NoticeDesk, NoticeDraft
from central.store.terminals import Terminal, write_terminal
from records.heartbeat import HEARTBEAT_PATH, HeartbeatReply, decode_heartbeat_reply
from records.service_notice import NoticeField, NoticeKind
from terminal.central_notices import CentralNotices
from terminal.heartbeat import HeartbeatSender, Pulse
from terminal.store import NoticeStore
from tests.central.town import VENUE, Town, build_town
from tests.terminal.kit import TERMINAL, Kit, TurnedClock, make_guest

pytestmark = pytest.mark.usefixtures("quick_stretching")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    built = build_town(tmp_path / "town")
    yield built
    built.parts.store.close()


@pytest.fixture
def kit(tmp_path: Path, town: Town) -> Kit:
    (tmp_path / "terminal").mkdir()
    kit = Kit(tmp_path / "terminal", TurnedClock(town.now))
    with town.parts.store.writing() as connection:
        write_terminal(connection, Terminal(TERMINAL, VENUE, kit.keys.signing.public))
    return kit


class Line:
    """A line to central's own application."""

    def __init__(self, town: Town) -> None:
        self._town = town

    def beat(self, data: bytes) -> HeartbeatReply:
        return decode_heartbeat_reply(self._town.client.post(HEARTBEAT_PATH, data=data).data)


def test_notice_goes_to_its_guest_and_comes_back_as_read(town: Town, kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(1), "101", 1).stay
    record = bytes.fromhex(kit.desk.find_record(stay).events[0].record)
    desk = NoticeDesk(town.parts.store, town.parts.audit, lambda: town.now)
    clock = kit.clock.as_clock()
    book = CentralNotices(NoticeStore(kit.database), TERMINAL, lambda: town.parts.root.receipt_key, clock)
    pulse = Pulse(TERMINAL, kit.keys, clock, kit.outbox, kit.folder, lambda: True, find_notice_seen=book.find_seen)
    sender = HeartbeatSender(pulse, Line(town), on_notices=book.take)

    def pass_a_minute() -> None:
        kit.clock.pass_time(60)
        town.now = kit.clock.now
        assert sender.send()
        town.book.flush()

    desk.send("anna", TERMINAL, NoticeDraft(NoticeKind.FIELD_WRONG, NoticeField.BIRTH_DATE, record=record))
    pass_a_minute()
    (shown,) = book.show(kit.desk.list_house())
    assert (shown.kind, shown.field, shown.stay) == ("field_wrong", "birth_date", stay)
    assert [each.state for each in desk.list_sent(TERMINAL)] == ["waiting"]
    book.see(shown.number)
    pass_a_minute()
    assert book.show(kit.desk.list_house()) == ()
    assert [each.state for each in desk.list_sent(TERMINAL)] == ["read"]
    kit.close()
