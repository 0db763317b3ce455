"""The terminal's heartbeat: what it says, what it never says, and that nothing waits for it."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from central.fleet.heartbeats import BARRED_READ_S, LEAST_APART_S
from drivers.sim.scripted import CardsReader
from records.heartbeat import (
    HEARTBEAT_BYTES,
    INTERVAL_S,
    HeartbeatReply,
    ReaderCode,
    SignedHeartbeat,
    parse_heartbeat,
    verify_heartbeat,
)
from terminal.counter import Counter
from terminal.errors import TerminalError, Unreachable
from terminal.heartbeat import LEAST_EARLY_S, MOST_EARLY_S, HeartbeatSender, Pulse
from terminal.link import HttpLink
from terminal.state import ReaderState
from terminal.version import find_version
from tests.terminal.kit import KEYS, NOW, TERMINAL, Kit, make_guest
from tests.terminal.stand_in_central import StandIn


@dataclass
class Line:
    """A line in the test's hand: what was sent, and what central says."""

    answer: Callable[[], HeartbeatReply] = lambda: HeartbeatReply(int(NOW.timestamp()))
    sent: list[SignedHeartbeat] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)

    def beat(self, data: bytes) -> HeartbeatReply:
        self.sent.append(parse_heartbeat(data))
        self.came.set()
        return self.answer()


def make_sender(kit: Kit, line: Line | HttpLink, *, is_ready: bool = True) -> HeartbeatSender:
    pulse = Pulse(TERMINAL, KEYS, kit.clock.as_clock(), kit.outbox, kit.folder, lambda: is_ready)
    return HeartbeatSender(pulse, line, chance=random.Random(1))


def test_heartbeat_tells_queue_reader_and_disk_under_the_terminals_signature(kit: Kit, quick_stretching: None) -> None:
    line = Line()
    kit.desk.check_in(make_guest(), "101", 2)
    kit.clock.pass_time(40)
    assert make_sender(kit, line, is_ready=False).send()
    (signed,) = line.sent
    verify_heartbeat(signed, KEYS.signing.public)
    beat = signed.heartbeat
    assert (beat.terminal, beat.sent_at, beat.version) == (TERMINAL, NOW + timedelta(seconds=40), find_version())
    assert (beat.reader, beat.queue, beat.oldest_s, beat.clock_offset_s) == (ReaderCode.DOWN, 1, 40, None)
    assert beat.free_disk_mib > 0


def test_guests_in_house_do_not_change_the_heartbeat(kit: Kit, quick_stretching: None) -> None:
    line = Line()
    sender = make_sender(kit, line)
    sender.send()
    for index in (1, 2, 3):
        kit.desk.check_in(make_guest(index), "102", 2)
    with kit.database.transaction() as connection:
        connection.execute("UPDATE outbox SET state = 'delivered'")
    sender.send()
    first, second = ((each.heartbeat.queue, each.heartbeat.oldest_s, len(each.data)) for each in line.sent)
    assert first == second == (0, 0, HEARTBEAT_BYTES)


def test_clock_offset_comes_from_the_answer_and_goes_into_the_next_heartbeat(kit: Kit) -> None:
    line = Line(lambda: HeartbeatReply(int(NOW.timestamp()) + 700, "The clock is off."))
    sender = make_sender(kit, line)
    assert not sender.send()  # refused, and yet the person at the counter can be told why
    assert sender.clock_offset_s == -700
    sender.send()
    assert [each.heartbeat.clock_offset_s for each in line.sent] == [None, -700]


def test_line_that_fails_changes_nothing(kit: Kit) -> None:
    def fail() -> HeartbeatReply:
        raise Unreachable("test")

    sender = make_sender(kit, Line(fail))
    assert not sender.send()
    assert sender.clock_offset_s is None


def test_thread_outlives_a_fault_and_stops_at_once(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terminal.heartbeat.FIRST_WITHIN_S", 0.0)
    monkeypatch.setattr("terminal.heartbeat.INTERVAL_S", 0.01)
    monkeypatch.setattr("terminal.heartbeat.LEAST_EARLY_S", 0.0)
    monkeypatch.setattr("terminal.heartbeat.MOST_EARLY_S", 0.0)

    def fail() -> HeartbeatReply:
        line.came.clear()
        raise ValueError

    line = Line(fail)
    sender = make_sender(kit, line)
    sender.start()
    for _ in range(2):
        assert line.came.wait(5)
    sender.stop()
    assert len(line.sent) >= 1


def test_beats_are_less_than_a_minute_apart_so_that_a_revocation_is_known_within_one() -> None:
    assert LEAST_EARLY_S - BARRED_READ_S > 0
    assert INTERVAL_S - MOST_EARLY_S > LEAST_APART_S


def test_refusal_and_the_first_answer_without_one_let_somebody_ask_for_a_signature(kit: Kit) -> None:
    asked: list[int] = []
    errors = ["", "no", "no", "", ""]
    line = Line(lambda: HeartbeatReply(int(NOW.timestamp()), errors[len(line.sent) - 1]))
    pulse = Pulse(TERMINAL, KEYS, kit.clock.as_clock(), kit.outbox, kit.folder, lambda: True)
    sender = HeartbeatSender(pulse, line, on_turn=lambda: asked.append(len(line.sent)))
    for _ in errors:
        sender.send()
    assert asked == [2, 3, 4]


def test_answer_of_another_form_is_not_believed(kit: Kit, central: StandIn) -> None:
    link = HttpLink(central.url)
    try:
        with pytest.raises(TerminalError):
            link.beat(b"x" * 133)
        assert not make_sender(kit, link).send()
    finally:
        link.close()
    gone = HttpLink("http://127.0.0.1:9/", connect_timeout_s=0.5)
    with pytest.raises(Unreachable):
        gone.beat(b"")
    assert central.requests == 0


def test_answer_that_drips_is_cut_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        link = HttpLink(f"http://127.0.0.1:{server.getsockname()[1]}/", read_timeout_s=5.0, deadline_s=0.3)
        stop = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                while not stop.wait(0.02):
                    connection.sendall(b"H")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            with pytest.raises(Unreachable):
                link.beat(b"x" * 133)
        finally:
            stop.set()
            thread.join()
            link.close()


def test_reader_that_reads_is_told_as_ready(kit: Kit) -> None:
    reader = CardsReader()
    counter = Counter(kit.desk, reader)
    assert not counter.is_reader_ready()
    for state in ("ready", "reading", "lift"):
        counter._board.show_reader(ReaderState(state))
        assert counter.is_reader_ready()
    reader.close()
