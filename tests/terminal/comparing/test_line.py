"""The companion's settings, its file, and its line to the relay."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from records.comparing.relay_wire import Comparing
from records.comparing.requests import HEADER, check_request
from records.errors import RootRefused
from terminal.comparing import make_companion
from terminal.comparing.companion import LEDGER_FILE
from terminal.comparing.ledger import open_ledger
from terminal.comparing.line import HttpRelay, Reply
from terminal.comparing.settings import load_comparing_settings
from terminal.comparing.told import Off
from terminal.comparing.words import say_whether
from terminal.errors import Unreachable, Untrusted
from tests.records.comparing.guest import TERMINAL, TERMINAL_KEY
from tests.records.comparing.world import NOW
from tests.terminal.comparing.kit import Kit

TOLD = Comparing("annex", "permit", "", b"passing", b"day")


class Handler(BaseHTTPRequestHandler):
    """Answers whoever signed; the path says how."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        keys = (TERMINAL_KEY.public,)
        party = check_request(self.headers[HEADER], self.command, self.path, body, NOW, lambda _: keys)
        assert party == f"terminal:{TERMINAL.hex()}"
        self.reply(body)

    def reply(self, body: bytes) -> None:
        data = msgspec.json.encode(TOLD) if self.command == "GET" else b"settled" + body
        self.send_response(200 if self.path != "/v1/blind" else 409)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


class Endless(Handler):
    def reply(self, body: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(65536))
        except OSError:
            self.close_connection = True


class Elsewhere(Handler):
    def reply(self, body: bytes) -> None:
        self.send_response(302)
        self.send_header("Location", "http://127.0.0.1:9/")
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def serve(handler: type[Handler]) -> Iterator[HttpRelay]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    relay = HttpRelay(f"http://127.0.0.1:{server.server_port}", TERMINAL, lambda: TERMINAL_KEY, lambda: NOW)
    try:
        yield relay
    finally:
        relay.close()
        server.shutdown()
        thread.join()
        server.server_close()


def test_every_request_is_signed_by_the_terminal() -> None:
    with serve(Handler) as relay:
        assert relay.read_comparing() == TOLD
        assert relay.compare(b"!") == Reply(200, b"settled!")
        assert relay.blind(b"!") == Reply(409, b"settled!")


def test_endless_answer_is_refused_and_a_redirect_is_not_followed() -> None:
    with serve(Endless) as relay, pytest.raises(Untrusted):
        relay.compare(b"!")
    with serve(Elsewhere) as relay:
        assert relay.compare(b"!").status == 302
        with pytest.raises(Untrusted):
            relay.read_comparing()


def test_relay_that_is_not_there_is_unreachable() -> None:
    relay = HttpRelay("http://127.0.0.1:9", TERMINAL, lambda: TERMINAL_KEY, lambda: NOW)
    with pytest.raises(Unreachable):
        relay.read_comparing()
    with pytest.raises(RootRefused):
        HttpRelay("http://relay.example.org", TERMINAL, lambda: TERMINAL_KEY, lambda: NOW)


def test_settings_are_one_line_and_name_this_machine_alone(tmp_path: Path) -> None:
    assert load_comparing_settings(tmp_path) is None
    file = tmp_path / "comparing.toml"
    for bad in ("relay =", "relay = 7", 'relay = "http://127.0.0.1:1"\nlist = "x"', "\x00"):
        file.write_text(bad, encoding="utf-8")
        assert load_comparing_settings(tmp_path) is None
    file.write_text('relay = "http://127.0.0.1:4711"\n', encoding="utf-8")
    assert load_comparing_settings(tmp_path) is not None
    file.write_text('relay = "http://10.0.0.7:4711"\n', encoding="utf-8")
    with pytest.raises(RootRefused):
        load_comparing_settings(tmp_path)


@pytest.mark.parametrize("damage", [b"not a database at all" * 400, b"SQLite format 3\x00" + bytes(5000)])
def test_counter_starts_whatever_lies_in_the_companions_files(tmp_path: Path, damage: bytes) -> None:
    kit = Kit(tmp_path)
    kit.companion.stop()
    (tmp_path / "comparing.toml").write_text('relay = "http://192.0.2.1"\n', encoding="utf-8")
    (tmp_path / LEDGER_FILE).write_bytes(damage)
    companion = make_companion(kit.context)
    companion.start()
    companion.wake()
    assert companion.describe() == say_whether(Off.NOT_SET_UP)
    companion.stop()


def test_row_that_is_settled_never_opens_again(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / LEDGER_FILE)
    ledger.add("a", bytes(16), 12, b"x", "settled")
    ledger.add("a", bytes(15) + b"1", 13, b"y")
    assert ledger.list_all()["a"].settled == "settled"
    assert ledger.list_all()["a"].permit == 12
    assert not ledger.count_try("a", 20)
    assert ledger.raise_highest("permit", 5, b"x")
    assert not ledger.raise_highest("permit", 4, b"y")
    assert not ledger.raise_highest("permit", 5, b"y")
    assert ledger.raise_highest("permit", 5, b"x")
    ledger.close()


def test_thread_begins_works_and_ends(tmp_path: Path) -> None:
    kit = Kit(tmp_path)
    kit.companion.start()
    before = threading.active_count()
    stay = kit.check_in_quietly()
    kit.companion.wake()
    while not kit.companion._ledger.list_all().get(stay):
        threading.Event().wait(0.002)
    kit.companion.stop()
    assert threading.active_count() <= before
