"""The line to a receiving service: one request and its answer, and whether anything can have left this machine.

The real address of a service stands in the source, with its TLS name; nothing but the simulator of a demonstration can
take its place, and that is on loopback. No redirect and no proxy is followed.
"""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any, Protocol
from urllib.parse import urlsplit

import urllib3

from records.root import require_loopback
from terminal.errors import TerminalError

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 60.0
# For one request from its first byte to the last of the answer: a line that drips must not hold the queue.
DEADLINE_S = 180.0
MAX_ANSWER_BYTES = 32 * 1024 * 1024  # tables of places and receipts are the longest


class NotSent(TerminalError):
    """The receiving service cannot be reached: not one byte of the request has left."""


class AnswerLost(TerminalError):
    """The request has left, or part of it, and no whole answer came back."""


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """Where a service is. `pins` are SHA-256 digests (hexadecimal) of certificates of which one must be the server's.

    Without pins the machine's trusted authorities decide, for the host named here and no other.
    """

    url: str  # scheme and host, and a path before all others
    pins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """What came back, whole. Headers by their lower-case names; several of one name stand on lines of their own."""

    status: int
    data: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Handshake(Protocol):
    """A sign-in that belongs to the connection: it is made anew on each one, before anything else leaves on it."""

    def open(self) -> str:
        """Return the `Authorization` of an empty request."""

    def answer(self, challenge: ServiceAnswer) -> str:
        """Return the `Authorization` of the request itself. Raises: NotSent for a challenge that is none."""


class Line(Protocol):
    """What a destination needs of a line."""

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        handshake: Handshake | None = None,
    ) -> ServiceAnswer:
        """Send one request and return the answer, whatever its status.

        `path` follows the address's own. Raises: NotSent while certainly nothing has left; AnswerLost otherwise.
        """


class HttpLine:
    """A line over HTTPS to one service, or over HTTP to a simulator on this machine."""

    def __init__(
        self, address: ServiceAddress, *, read_timeout_s: float = READ_TIMEOUT_S, deadline_s: float = DEADLINE_S
    ) -> None:
        parts = urlsplit(address.url)
        if parts.scheme != "https":
            require_loopback(address.url if parts.scheme == "http" else "")
        self._url, self._prefix = address.url, parts.path.rstrip("/")
        self._pins, self._read_timeout_s = frozenset(address.pins), read_timeout_s
        self._deadline_s = deadline_s

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        handshake: Handshake | None = None,
    ) -> ServiceAnswer:
        """Send one request and return the answer. Raises: NotSent, AnswerLost."""
        # A fresh connection each time: one that the service has closed meanwhile would make "not sent" doubtful.
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=self._read_timeout_s)
        with urllib3.connection_from_url(self._url, maxsize=1, timeout=timeout, retries=False) as pool:
            connection: Any = pool._new_conn()
            try:
                self._connect(pool, connection)
                with _cutting(connection.sock, self._deadline_s):
                    named = dict(headers or {})
                    if handshake is not None:
                        named["Authorization"] = self._shake_hands(connection, method, path, named, handshake)
                    return self._ask(connection, method, path, body, named)
            finally:
                connection.close()

    def _connect(self, pool: Any, connection: Any) -> None:
        try:
            connection.timeout = CONNECT_TIMEOUT_S
            pool._validate_conn(connection)
            connection.connect() if connection.sock is None else None
            if self._pins and _digest_certificate(connection.sock) not in self._pins:
                raise NotSent("certificate")
            connection.sock.settimeout(self._read_timeout_s)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise NotSent(type(error).__name__) from None

    def _shake_hands(
        self, connection: Any, method: str, path: str, headers: Mapping[str, str], handshake: Handshake
    ) -> str:
        opening = {**headers, "Authorization": handshake.open(), "Content-Length": "0"}
        try:
            challenge = self._ask(connection, method, path, b"", opening)
        except AnswerLost:
            # What was asked for has not left yet.
            raise NotSent("handshake") from None
        if connection.sock is None:
            # On another connection the answer to the challenge would be worth nothing.
            raise NotSent("handshake")
        return handshake.answer(challenge)

    def _ask(self, connection: Any, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> ServiceAnswer:
        try:
            connection.timeout = self._read_timeout_s
            connection.request(
                method, self._prefix + path, body=body or None, headers=dict(headers), preload_content=False
            )
            response = connection.getresponse()
            data = response.read(MAX_ANSWER_BYTES + 1, decode_content=False)
            is_cut = len(data) > MAX_ANSWER_BYTES or bool(response.length_remaining)
        except (urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
            raise AnswerLost(type(error).__name__) from None
        if is_cut:
            raise AnswerLost("cut short")
        named: dict[str, str] = {}
        for name, value in response.headers.items():
            named[name.lower()] = f"{named[name.lower()]}\n{value}" if name.lower() in named else value
        return ServiceAnswer(response.status, bytes(data), named)


@contextmanager
def _cutting(connected: Any, after_s: float) -> Iterator[None]:
    """Cut a connection when its time is over: time-outs of a socket begin anew with each byte."""
    # A handle of its own, beneath TLS, for the thread that cuts.
    handle = socket.socket(fileno=os.dup(connected.fileno()))

    def cut() -> None:
        with suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(after_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        handle.close()


def _digest_certificate(connected: Any) -> str:
    certificate = connected.getpeercert(binary_form=True)
    return hashlib.sha256(certificate or b"").hexdigest()
