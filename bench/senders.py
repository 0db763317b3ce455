"""A load source that costs little: one thread, connections that stay open, requests made and signed beforehand.

Each connection asks, waits for the whole answer, and asks again. It speaks the real protocol over real connections;
an HTTP library, or a thread for each connection, would take more of the cores than the server that it measures.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

# A whole delivery of fifty, so that no sending waits for the server to read.
_BUFFER_BYTES = 1024 * 1024


@dataclass(slots=True)
class Line:
    """One connection, and what it still has to send."""

    connection: socket.socket
    requests: Iterator[bytes]
    asked_s: float = 0.0
    answer: bytes = b""

    def ask(self) -> None:
        """Send the next request."""
        self.answer, self.asked_s = b"", time.monotonic()
        self.connection.sendall(next(self.requests))

    def receive(self) -> bytes | None:
        """Take what has come; return the body once it is whole. Ends the bench on anything but a success."""
        data = self.connection.recv(65536)
        if not data:
            raise SystemExit("the server hung up")
        self.answer += data
        head, found, body = self.answer.partition(b"\r\n\r\n")
        if not found:
            return None
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"refused: {head[:40]!r} {body[:200]!r}")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        return body if len(body) == length else None


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a run: every answer's body, how long each took, and what it cost this process."""

    answers: list[bytes] = field(repr=False)
    times_s: list[float] = field(repr=False)
    took_s: float
    cpu_s: float


def send_for(seconds: float, ports: Sequence[int], waiting: Sequence[Iterator[bytes]]) -> Sent:
    """Send each list of requests over a connection of its own, the ports in turn, until the time is up."""
    answers: list[bytes] = []
    times_s: list[float] = []
    with selectors.DefaultSelector() as selector:
        lines = [Line(_connect(ports[place % len(ports)]), requests) for place, requests in enumerate(waiting)]
        for line in lines:
            selector.register(line.connection, selectors.EVENT_READ, line)
        began_s, cpu_s = time.monotonic(), time.process_time()
        for line in lines:
            line.ask()
        open_lines = len(lines)
        while open_lines:
            for key, _ in selector.select():
                line = key.data
                body = line.receive()
                if body is None:
                    continue
                now_s = time.monotonic()
                answers.append(body)
                times_s.append(now_s - line.asked_s)
                if now_s - began_s < seconds:
                    line.ask()
                else:
                    open_lines -= 1
        took_s, cpu_s = time.monotonic() - began_s, time.process_time() - cpu_s
        for line in lines:
            line.connection.close()
    return Sent(answers, times_s, took_s, cpu_s)


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
    return connection
