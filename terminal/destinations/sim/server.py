"""A simulated service on this machine, and the ways in which it can fail.

The service itself is a `SimulatedService`: strict, in memory, and without a fault of its own. Faults are put around it
here, the same for all, one request at a time: `POST /simulator/faults` with a JSON list of names, each used up by one
request that would change something (`is_telling`); `GET /simulator/told` says what it has taken, for tests and benches.

    down     the connection is closed before the request is read to its end: nothing is taken
    slow     the answer comes after five seconds
    busy     503, nothing is taken
    lost     the request is taken, and the connection closed without an answer
    cut      the request is taken, and half of the answer comes
    garbled  the request is taken, and the answer is no XML
    twice    the request is taken twice, as if the line had repeated it; the second answer is given
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from terminal.destinations.line import ServiceAnswer

FAULTS = ("down", "slow", "busy", "lost", "cut", "garbled", "twice")
SLOW_S = 5.0
CONNECTION = "simulator-connection"  # a header that no client sends: which connection a request came on
_MAX_BODY_BYTES = 32 * 1024 * 1024
_FAULTS_PATH, _TOLD_PATH = "/simulator/faults", "/simulator/told"


class SimulatedService(Protocol):
    """One country's service as its manual describes it."""

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes, now: datetime) -> ServiceAnswer:
        """Answer one request as the service does; `headers` by lower-case names. It takes specimens only."""

    def is_telling(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether a request would change something there if it is taken: faults are for these alone."""

    def list_told(self) -> list[str]:
        """Return what was taken, one line each, repetitions too: tests look for what is missing or double."""


class SimulatorServer:
    """A simulated service on a loopback port. Port 0 lets the system choose."""

    def __init__(
        self,
        service: SimulatedService,
        port: int = 0,
        *,
        slow_s: float = SLOW_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.service, self.slow_s, self._now = service, slow_s, now
        self.faults: deque[str] = deque()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"simulator": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """The address that a demonstration's terminal is given in place of the real one."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def serve(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[ServiceAnswer, str]:
        """Answer one request; return the answer and the fault it is to suffer, "" for none."""
        with self._lock:
            fault = ""
            if self.faults and self.service.is_telling(method, path, headers, body):
                fault = self.faults.popleft()
            if fault == "busy":
                return ServiceAnswer(503, b""), ""
            if fault == "down":
                return ServiceAnswer(503, b""), fault
            now = self._now()
            if fault == "twice":
                self.service.answer(method, path, headers, body, now)
            return self.service.answer(method, path, headers, body, now), fault

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop and let go of the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5.0)


@contextmanager
def run_simulator(
    service: SimulatedService,
    port: int = 0,
    *,
    slow_s: float = SLOW_S,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[SimulatorServer]:
    """Serve a simulated service while the block runs; `now` is its clock."""
    server = SimulatorServer(service, port, slow_s=slow_s, now=now)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class _Handler(BaseHTTPRequestHandler):
    simulator: SimulatorServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "simulator", ""
    # Head and body are two writes: with Nagle's algorithm the second waits 40 ms for the first to be acknowledged.
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        """Say nothing: a line of a log could quote what was sent."""

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer("POST")

    def do_PUT(self) -> None:
        """Answer a PUT."""
        self._answer("PUT")

    def _answer(self, method: str) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _MAX_BODY_BYTES))
        if self.path == _FAULTS_PATH and method == "POST":
            self.simulator.faults.extend(each for each in json.loads(body) if each in FAULTS)
            self._write(ServiceAnswer(200, b"{}"))
            return
        if self.path == _TOLD_PATH:
            self._write(ServiceAnswer(200, json.dumps(self.simulator.service.list_told()).encode()))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        # Some services sign in a connection, not a request.
        headers[CONNECTION] = f"{self.client_address[1]}"
        answer, fault = self.simulator.serve(method, self.path, headers, body)
        if fault in ("down", "lost"):
            self.close_connection = True
            return
        if fault == "slow":
            time.sleep(self.simulator.slow_s)
        if fault == "garbled":
            answer = ServiceAnswer(answer.status, b"<html>Service Unavailable", answer.headers)
        self._write(answer, is_cut=fault == "cut")

    def _write(self, answer: ServiceAnswer, *, is_cut: bool = False) -> None:
        self.send_response(answer.status)
        for name, values in answer.headers.items():
            for value in values.split("\n"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.data)))
        self.end_headers()
        self.wfile.write(answer.data[: len(answer.data) // 2] if is_cut else answer.data)
        if is_cut:
            self.close_connection = True
