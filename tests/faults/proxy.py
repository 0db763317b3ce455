"""A line between terminal and central that does to a request whatever real lines do; both ends are the real ones.

Plain TCP on loopback, one thread for each connection. It understands just enough of HTTP to know where a request and
its reply end. One fault for each request, in the order of `faults`; without one it passes everything on.
"""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto

UPSTREAM_TIMEOUT_S = 20.0
PAGE = b"<html><body>Sign in to the wireless network</body></html>"


class Fault(Enum):
    """What happens to one request."""

    RESET_UNREAD = auto()  # the connection is reset before anything is read
    RESET_HALF_READ = auto()  # half the request is read, nothing is passed on
    SILENT = auto()  # read, and never answered
    LOST_REPLY = auto()  # passed on; the connection is reset instead of a reply
    HALF_REPLY = auto()  # passed on; the reply breaks off
    TWICE = auto()  # passed on; the reply comes twice
    EARLIER = auto()  # passed on; the reply of the request before comes instead
    SLOW_REQUEST = auto()  # passed on byte by byte, and there long after the terminal has given up
    SLOW_REPLY = auto()  # passed on; the reply comes byte by byte
    SLOW_HEAD = auto()  # passed on; so does its head
    PORTAL = auto()  # a page with status 200, as in a hotel's own network
    PORTAL_AWAY = auto()  # sent on to such a page
    BAD_GATEWAY = auto()  # passed on; a proxy's own page with status 502
    EMPTY = auto()  # passed on; status 200 with nothing in it
    GZIP_BOMB = auto()  # passed on; a small reply that unpacks to very much
    HUGE = auto()  # a body that does not end
    ENDLESS_HEAD = auto()  # header lines that do not end
    NEGATIVE_CHUNK = auto()  # passed on; a chunk of less than nothing
    LENGTH_TOO_LONG = auto()  # passed on; the reply is shorter than it says
    LENGTH_TOO_SHORT = auto()  # passed on; the reply is longer than it says
    NOT_HTTP = auto()  # another protocol answers


# What never reaches central, so that all of it has still to be sent.
UNSENT = {
    Fault.RESET_UNREAD, Fault.RESET_HALF_READ, Fault.SILENT, Fault.PORTAL, Fault.PORTAL_AWAY, Fault.HUGE,
    Fault.ENDLESS_HEAD, Fault.NOT_HTTP,
}  # fmt: skip


@dataclass
class Proxy:
    """The proxy's two ends, and what it is going to do."""

    upstream: int  # port on loopback
    tls: ssl.SSLContext | None = None  # may be exchanged while it runs
    pause_s: float = 0.02  # between two pieces of what is slow
    faults: deque[Fault] = field(default_factory=deque)
    passed_on: int = 0  # requests that central has read whole
    first_bytes: list[bytes] = field(default_factory=list)  # of each connection, when `listens_in`
    listens_in: bool = False
    port: int = 0
    idle: threading.Event = field(default_factory=threading.Event)  # nothing of a request is on its way
    _last_reply: bytes = b""
    _listener: socket.socket | None = None
    _busy: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _open: list[socket.socket] = field(default_factory=list)

    def listen(self) -> None:
        """Take connections, on the same port as before."""
        self.idle.set()
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=16)
        self.port = self._listener.getsockname()[1]
        self._spawn(self._accept, self._listener)

    def refuse(self) -> None:
        """Take no connection until `listen`, and cut those that are there."""
        assert self._listener is not None
        # The thread in accept() holds the port until it is woken.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection."""
        with self._lock:
            sockets, self._open = self._open, []
        for each in sockets:
            _reset(each)

    def stop(self) -> None:
        """End every thread."""
        self._stopping.set()
        with suppress(OSError):
            self.refuse()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _spawn(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return  # closed
            self._spawn(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with self._lock:
            self._open.append(client)
            if self.faults and self.faults[0] is Fault.RESET_UNREAD:
                self.faults.popleft()
                return _reset(client)
        try:
            if self.listens_in:
                client.settimeout(2.0)
                self.first_bytes.append(client.recv(65536))
                return _reset(client)
            if self.tls is not None:
                client = self.tls.wrap_socket(client, server_side=True)
                with self._lock:
                    self._open.append(client)
            while self._pass_on(client):
                pass
        except (OSError, ssl.SSLError):
            pass  # one of the two went away, which is what this is about
        finally:
            client.close()

    def _pass_on(self, client: socket.socket) -> bool:
        """Serve one request; return whether the connection goes on."""
        request = _read_message(client, half=bool(self.faults) and self.faults[0] is Fault.RESET_HALF_READ)
        if not request:
            return False
        with self._lock:
            fault = self.faults.popleft() if self.faults else None
            self._busy += 1
            self.idle.clear()
        try:
            return self._answer(client, request, fault)
        finally:
            with self._lock:
                self._busy -= 1
                if not self._busy:
                    self.idle.set()

    def _answer(self, client: socket.socket, request: bytes, fault: Fault | None) -> bool:
        if fault in UNSENT:
            return self._answer_alone(client, fault)
        reply = self._ask_central(request, is_slow=fault is Fault.SLOW_REQUEST)
        earlier, self._last_reply = self._last_reply, reply
        head, _, body = reply.partition(b"\r\n\r\n")
        match fault:
            case Fault.LOST_REPLY:
                _reset(client)
                return False
            case Fault.HALF_REPLY:
                client.sendall(reply[: len(head) + len(body) // 2])
                return False
            case Fault.TWICE:
                client.sendall(reply + reply)
            case Fault.EARLIER:
                client.sendall(earlier)
            case Fault.SLOW_REPLY:
                client.sendall(head + b"\r\n\r\n")
                return self._drip(client, body)
            case Fault.SLOW_HEAD:
                return self._drip(client, reply)
            case None | Fault.SLOW_REQUEST:
                client.sendall(reply)
            case _:
                client.sendall(_spoil(fault, body))
                return fault is Fault.EMPTY
        return True

    def _answer_alone(self, client: socket.socket, fault: Fault | None) -> bool:
        match fault:
            case Fault.RESET_HALF_READ:
                _reset(client)
            case Fault.SILENT:
                client.recv(1)  # until it goes away
            case Fault.PORTAL:
                client.sendall(_write(b"200 OK", PAGE))
            case Fault.PORTAL_AWAY:
                client.sendall(_write(b"302 Found", PAGE, b"Location: http://127.0.0.1:1/login\r\n"))
            case Fault.HUGE:
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
                self._pour(client, b" " * 65536)
            case Fault.ENDLESS_HEAD:
                client.sendall(b"HTTP/1.1 200 OK\r\n")
                self._pour(client, b"X-More: " + b"x" * 60 + b"\r\n")
            case _:
                client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        return False

    def _pour(self, client: socket.socket, data: bytes) -> None:
        for _ in range(100_000_000 // len(data)):
            client.sendall(data)

    def _drip(self, client: socket.socket, data: bytes) -> bool:
        for byte in data:
            if self._stopping.wait(self.pause_s):
                break
            client.sendall(bytes([byte]))
        return False

    def _ask_central(self, request: bytes, *, is_slow: bool) -> bytes:
        with socket.create_connection(("127.0.0.1", self.upstream), UPSTREAM_TIMEOUT_S) as central:
            step = len(request) // 20 + 1 if is_slow else len(request)
            for start in range(0, len(request), step):
                central.sendall(request[start : start + step])
                if is_slow:
                    time.sleep(self.pause_s)
            reply = _read_message(central)
        self.passed_on += 1
        return reply


@contextmanager
def run_proxy(upstream: int, *, tls: ssl.SSLContext | None = None) -> Iterator[Proxy]:
    """Run a proxy before a port of this machine."""
    proxy = Proxy(upstream, tls)
    proxy.listen()
    try:
        yield proxy
    finally:
        proxy.stop()


def _read_message(source: socket.socket, *, half: bool = False) -> bytes:
    """Return a request or a reply with its body, "" when the other side has closed; `half`: not all of it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = source.recv(65536)
        if not piece:
            return b""
        data += piece
        if data[:1] == b"\x16":  # the beginning of TLS, which a server without it takes for a bad request
            source.sendall(_write(b"400 Bad Request", PAGE))
            return b""
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0]) if lengths else 0
    while len(body) < (length // 2 if half else length):
        piece = source.recv(65536)
        if not piece:
            return b""
        body += piece
    return head + b"\r\n\r\n" + body


def _write(status: bytes, body: bytes, more: bytes = b"") -> bytes:
    head = b"HTTP/1.1 " + status + b"\r\nContent-Type: text/html\r\n" + more
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _spoil(fault: Fault | None, body: bytes) -> bytes:
    match fault:
        case Fault.BAD_GATEWAY:
            return _write(b"502 Bad Gateway", PAGE)
        case Fault.GZIP_BOMB:
            return _write(b"200 OK", gzip.compress(bytes(50_000_000), 9), b"Content-Encoding: gzip\r\n")
        case Fault.NEGATIVE_CHUNK:
            return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n" + body + b"\r\n0\r\n\r\n"
        case Fault.LENGTH_TOO_LONG:
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) + 1) + body
        case Fault.LENGTH_TOO_SHORT:
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) - 1) + body
        case _:
            return _write(b"200 OK", b"")


def _reset(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # A thread that is reading keeps the socket from being closed.
        if isinstance(connection, ssl.SSLSocket):
            connection.close()
        else:
            connection.shutdown(socket.SHUT_RD)
            connection.close()
