"""Bodies of requests are read before a request may begin to work, so that slow ones hold up nobody else.

The server's threads cannot be woken from reading a body that does not come. There are therefore as many of them as
there may be connections, and whoever has sent everything takes one of a few places to work at.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

# For a whole body. One that stops altogether is ended by the reverse proxy, or with its connection.
BODY_S = 20.0
_SLICE_BYTES = 64 * 1024
LONG_AT_ONCE = 2
_END = [("Connection", "close")]
_TOO_SLOW = b'{"error":"The request came too slowly. Please send it again."}'


class _TooSlow(Exception):
    """The body took longer than it may."""


class BodyFirst:
    """A WSGI application that reads the body, waits for a place, and only then asks the application it wraps.

    Of a body longer than `most_bytes` one byte more is read, so that the application refuses it by its length.
    `headers` go on the answer to a body that came too slowly. Paths in `long` take up to `long_bytes`, a few at once:
    anybody may send there before it is asked who they are.
    """

    def __init__(
        self,
        app: WsgiApp,
        *,
        at_once: int,
        most_bytes: int,
        headers: dict[str, str],
        long: frozenset[str] = frozenset(),
        long_bytes: int = 0,
        body_s: float = BODY_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app, self._most_bytes, self._headers = app, most_bytes, headers
        self._body_s, self._monotonic = body_s, monotonic
        self._places = threading.BoundedSemaphore(at_once)
        self._long, self._long_bytes = long, long_bytes
        self._long_places = threading.BoundedSemaphore(LONG_AT_ONCE)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        is_long = environ.get("PATH_INFO", "") in self._long and _read_length(environ) not in range(self._most_bytes)
        if not is_long:
            return self._answer(environ, start_response, self._most_bytes)
        if not self._long_places.acquire(blocking=False):
            start_response("503 Service Unavailable", [*self._headers.items(), *_END, ("Content-Length", "0")])
            return []
        try:
            return self._answer(environ, start_response, self._long_bytes)
        finally:
            self._long_places.release()

    def _answer(self, environ: Environ, start_response: Callable[..., Any], most_bytes: int) -> Iterable[bytes]:
        try:
            body = self._read_body(environ, most_bytes)
        except _TooSlow:
            # Closed, or what still comes would be taken for the next request.
            head = [*self._headers.items(), ("Content-Type", "application/json"), *_END]
            start_response("408 Request Timeout", [*head, ("Content-Length", str(len(_TOO_SLOW)))])
            return [_TOO_SLOW]
        if body is not None:
            environ["wsgi.input"] = io.BytesIO(body)
        with self._places:
            return self._app(environ, start_response)

    def _read_body(self, environ: Environ, most_bytes: int) -> bytes | None:
        """Return the body; None where there is none, or where its length alone is reason to refuse it."""
        length = _read_length(environ)
        if length == 0 or length > most_bytes:
            return None
        source, parts, missing = environ["wsgi.input"], [], length if length > 0 else most_bytes + 1
        until_s = self._monotonic() + self._body_s
        while missing > 0 and (part := source.read(min(missing, _SLICE_BYTES))):
            parts.append(part)
            missing -= len(part)
            if self._monotonic() > until_s:
                raise _TooSlow
        return b"".join(parts)


def _read_length(environ: Environ) -> int:
    """Return the length that a request declares, 0 for no body and -1 for a body of undeclared length."""
    text = environ.get("CONTENT_LENGTH") or ""
    if text.isascii() and text.isdigit():
        return int(text.lstrip("0")[:20] or "0")
    return -1 if "HTTP_TRANSFER_ENCODING" in environ else 0
