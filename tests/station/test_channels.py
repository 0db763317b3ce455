"""Notices about escalated alerts: who is called, by a real mail server on this machine, and what never leaves."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs
from structlog.testing import capture_logs

from records.errors import RootRefused
from station.alerts.states import State
from station.channels import calling
from station.channels import email as email_module
from station.channels.calling import Caller
from station.channels.email import EmailChannel, EmailSettings
from station.rounds import Rounds
from station.settings import StationSettings, require_one_machine
from tests.records.comparing import guest
from tests.station.small_station import OFFICER, SmallStation

SIGN_IN = "http://localhost/sign-in"


@dataclass
class MailServer:
    """As much of RFC 5321 as a sender needs; `refuses` is the line with which it greets instead."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    receivers: list[str] = field(default_factory=list)
    refuses: bytes = b""

    def talk(self, handler: socketserver.StreamRequestHandler) -> None:
        def say(line: bytes) -> None:
            handler.wfile.write(line + b"\r\n")

        say(self.refuses or b"220 test")
        while line := handler.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                say(b"354 go on")
                body = b"".join(iter(handler.rfile.readline, b".\r\n"))
                self.mails.append(body)
            if word == b"RCPT":
                self.receivers.append(line.decode().partition("<")[2].partition(">")[0])
            say(b"221 bye" if word == b"QUIT" else b"250 ok")
            if word == b"QUIT":
                return


@contextmanager
def run_mail_server() -> Iterator[MailServer]:
    found = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            found.talk(self)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with run_mail_server() as found:
        yield found


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStation]:
    small = SmallStation(tmp_path)
    yield small
    small.close()


@dataclass
class Desk:
    """The rounds of a station that calls by e-mail, with a clock of pauses in the test's hand."""

    small: SmallStation
    port: int
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.settings = EmailSettings(
            "127.0.0.1", self.port, "station@example.org", ("duty@example.org", "b@example.org")
        )
        channel = EmailChannel(self.settings, SIGN_IN, lambda: self.small.now)
        caller = Caller(self.small.station.store, (channel,), lambda: self.small.now, lambda: self.seconds)
        self.rounds = Rounds(replace(self.small.station, relay=self.small.relay, caller=caller))

    def go(self) -> None:
        self.rounds.keep()
        self.rounds.call()


def read(mail: bytes) -> Any:
    return message_from_bytes(mail, policy=policy.default)


def test_escalated_alert_is_told_by_mail_once_and_the_mail_names_nobody_and_no_place(
    small: SmallStation, mails: MailServer
) -> None:
    desk, alert = Desk(small, mails.port), small.raise_alert()
    desk.go()
    assert mails.mails == [], "nobody is called before it is escalated"
    small.wait(seconds=75)
    desk.go()
    desk.go()
    (mail,) = mails.mails
    assert mails.receivers == ["duty@example.org", "b@example.org"]
    message = read(mail)
    text = f"{message['Subject']}\n{message.get_content()}"
    assert SIGN_IN in text
    assert "75 s" in text
    assert "75 秒" in text
    assert "An alert waits at your station" in text
    for secret in (
        "王小明", "XIAOMING", guest.PERSON.number, guest.PERSON.number[-6:], "1990", "云溪", "203", "Demo 17",
        "Court", "robbery", alert, alert[:8], "exact", "number",
    ):  # fmt: skip
        assert secret not in text, secret
        assert secret.encode() not in mail


def test_next_alert_is_called_out_too(small: SmallStation, mails: MailServer) -> None:
    desk = Desk(small, mails.port)
    small.raise_alert(1)
    small.wait(seconds=61)
    desk.go()
    small.raise_alert(2)
    small.wait(seconds=61)
    desk.go()
    first, second = (read(mail).get_content() for mail in mails.mails)
    assert "1 alert(s)" in first
    assert "2 alert(s)" in second
    assert "the oldest for 2 min (call 1)" in second


def test_nobody_is_called_for_what_was_accepted_meanwhile(small: SmallStation, mails: MailServer) -> None:
    desk, alert = Desk(small, mails.port), small.raise_alert()
    small.wait(seconds=61)
    desk.rounds.keep()
    small.station.book.accept(bytes.fromhex(alert), OFFICER)
    desk.rounds.call()
    assert mails.mails == []


def test_each_level_of_an_alert_is_called_out_once_also_in_somebodys_hands(
    small: SmallStation, mails: MailServer
) -> None:
    desk, alert = Desk(small, mails.port), small.raise_alert()
    for seconds in (61, 120, 120):
        small.wait(seconds=seconds)
        desk.go()
        desk.go()
    assert [f"(call {level})" in read(mail).get_content() for level, mail in enumerate(mails.mails, 1)] == [True] * 3
    small.open_session(OFFICER)
    small.station.book.accept(bytes.fromhex(alert), OFFICER)
    desk.go()
    assert len(mails.mails) == 3
    small.wait(minutes=5, seconds=1)
    desk.go()
    assert "(call 1)" in read(mails.mails[3]).get_content()


def test_mail_server_that_is_away_holds_up_no_escalation_and_is_tried_again(
    small: SmallStation, mails: MailServer
) -> None:
    desk, alert = Desk(small, mails.port), small.raise_alert()
    mails.refuses = b"421 not now"
    small.wait(seconds=61)
    desk.go()
    assert small.station.book.find(bytes.fromhex(alert)).state == State.ESCALATED
    mails.refuses = b""
    desk.go()
    assert mails.mails == [], "not before the pause is over"
    desk.seconds += calling.FIRST_PAUSE_S
    desk.go()
    assert len(mails.mails) == 1


def test_what_fails_too_often_is_given_up_with_a_line_in_the_log(small: SmallStation, mails: MailServer) -> None:
    desk = Desk(small, mails.port)
    mails.refuses = b"554 never"
    small.raise_alert()
    small.wait(seconds=61)
    with capture_logs() as logs:
        for _ in range(calling.MOST_TRIES + 3):
            desk.go()
            desk.seconds += calling.LONGEST_PAUSE_S
    assert [each["event"] for each in logs].count("notice_later") == calling.MOST_TRIES - 1
    given_up = [each for each in logs if each["event"] == "notice_given_up"]
    assert [(each["channel"], each["error"]) for each in given_up] == [("email", "SMTPConnectError")]


def test_mail_server_that_hangs_delays_no_escalation(
    small: SmallStation, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_module, "TIMEOUT_S", 0.5)
    is_asked = threading.Event()

    def hang(_: MailServer, __: object) -> None:
        is_asked.set()
        threading.Event().wait(1)

    monkeypatch.setattr(MailServer, "talk", hang)
    desk, first = Desk(small, mails.port), small.raise_alert(1)
    small.wait(seconds=61)
    desk.rounds.keep()
    calling_now = threading.Thread(target=desk.rounds.call)
    calling_now.start()
    assert is_asked.wait(10)
    second = small.raise_alert(2)
    small.wait(seconds=61)
    desk.rounds.keep()
    assert calling_now.is_alive(), "the mail server has not answered yet"
    for alert in (first, second):
        assert small.station.book.find(bytes.fromhex(alert)).state == State.ESCALATED
    calling_now.join()


def test_station_calls_by_the_table_of_its_settings_and_nobody_without_it(
    tmp_path: Path, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = SmallStation(tmp_path)
    assert plain.station.caller.channels == ()
    plain.close()
    table = EmailSettings("127.0.0.1", mails.port, "station@example.org", ("duty@example.org",))
    settings = structs.replace(plain.settings, email=table)
    monkeypatch.setattr(SmallStation, "settings", property(lambda _: settings))
    plain.open()
    plain.raise_alert()
    plain.wait(seconds=61)
    rounds = Rounds(replace(plain.station, relay=plain.relay))
    rounds.keep()
    rounds.call()
    assert SIGN_IN in read(mails.mails[0]).get_content()
    plain.close()


@pytest.mark.parametrize(
    "address", ["a@example.org\r\nBcc: b@example.org", "a@b@example.org", "<a@example.org>", "a", "a b@example.org", ""]
)
def test_address_that_could_be_more_than_one_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="e-mail"):
        EmailSettings("127.0.0.1", 25, address, ("a@example.org",))
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"host": "127.0.0.1", "port": 25, "sender": "a@b.org", "receivers": [address]}, EmailSettings)


@pytest.mark.parametrize("host", ["mail.example.org", "192.0.2.1", "127.0.0.1@192.0.2.1"])
def test_mail_server_elsewhere_is_refused(small: SmallStation, host: str) -> None:
    table = EmailSettings(host, 25, "a@example.org", ("b@example.org",))
    settings: StationSettings = structs.replace(small.settings, email=table)
    with pytest.raises(RootRefused):
        require_one_machine(settings)


def test_age_is_told_in_seconds_when_it_is_short(small: SmallStation, mails: MailServer) -> None:
    channel = Desk(small, mails.port).rounds._station.caller.channels[0]
    from station.channels import Notice

    channel.send(Notice(3, "North", 2, small.now - timedelta(seconds=200)))
    text = read(mails.mails[0]).get_content()
    assert "at your station (North), the oldest for 3 min (call 3)" in text
