"""A relay that keeps letters, reads none, and checks whose request it is."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from records.comparing.mail import LETTER_BYTES
from records.comparing.relay_wire import MOST_LETTERS
from records.comparing.requests import check_request
from records.suite import VerifyKey


class Relay:
    """Keeps letters, and checks whose request it is."""

    def __init__(self, keys: list[VerifyKey]) -> None:
        self.sent: list[bytes] = []
        self.waiting: dict[int, bytes] = {}  # by ids from 1
        self.answer: bytes | None = None
        self.keys = keys

    def handle(self, path: str, header: str, body: bytes) -> bytes:
        check_request(header, "POST", path, body, datetime.now(UTC), lambda _: self.keys)
        if self.answer is not None:
            return self.answer
        if path == "/v1/mail":
            self.sent.append(body)
        elif path == "/v1/mail/fetch":
            return self.hand_out(body)
        else:
            for number in json.loads(body)["ids"]:
                del self.waiting[number]
        return b"ok"

    def hand_out(self, body: bytes) -> bytes:
        wanted, found = json.loads(body), []
        for n, letter in sorted(self.waiting.items()):
            # A letter cut short is of every kind here: what a reader does with rubbish is to be seen.
            if n > wanted["after"] and (len(letter) != LETTER_BYTES or letter[6] == wanted["kind"]):
                found.append({"id": n, "letter": base64.b64encode(letter).decode()})
        return json.dumps(found[:MOST_LETTERS]).encode()


@contextmanager
def run_relay(keys: list[VerifyKey]) -> Iterator[tuple[Relay, str]]:
    """Run a relay that lets the holders of these keys in. Yield it and its address."""
    kept = Relay(keys)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = kept.handle(self.path, self.headers["Kjt-Signature"], body)
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield kept, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
