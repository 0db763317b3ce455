"""The companion's line to the relay, on this machine. Nothing that comes back is believed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec
import urllib3

from records.comparing.relay_wire import BLIND_PATH, COMPARE_PATH, COMPARING_PATH, Comparing
from records.comparing.requests import HEADER, sign_request
from records.root import require_loopback
from records.suite import SigningKey
from terminal.errors import Unreachable, Untrusted

AT_ONCE = 4
# The relay holds a comparison until the tick that settles it.
_TIMEOUT = urllib3.Timeout(connect=3.0, read=30.0)
_MOST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    body: bytes = field(repr=False)


class Relay(Protocol):
    """What the companion asks of the relay. Everything raises Unreachable and Untrusted."""

    def read_comparing(self) -> Comparing:
        """Return permit, stop and keys, none of it verified."""

    def blind(self, body: bytes) -> Reply:
        """Have the desk evaluate blinded numbers."""

    def compare(self, body: bytes) -> Reply:
        """Hand a comparison on; the answer comes with the tick that settles it."""


class HttpRelay:
    """The relay over HTTP. Follows no redirect and no proxy. Any thread may use it."""

    def __init__(
        self, url: str, terminal: bytes, find_key: Callable[[], SigningKey], now: Callable[[], datetime]
    ) -> None:
        require_loopback(url)
        self._party, self._find_key, self._now = f"terminal:{terminal.hex()}", find_key, now
        self._pool = urllib3.connection_from_url(url, maxsize=AT_ONCE, timeout=_TIMEOUT, retries=False)

    def read_comparing(self) -> Comparing:
        """Return permit, stop and keys."""
        reply = self._ask("GET", COMPARING_PATH, b"")
        if reply.status != 200:
            raise Untrusted(f"status {reply.status}")
        try:
            return msgspec.json.decode(reply.body, type=Comparing)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Untrusted("form") from None

    def blind(self, body: bytes) -> Reply:
        """Have the desk evaluate blinded numbers."""
        return self._ask("POST", BLIND_PATH, body)

    def compare(self, body: bytes) -> Reply:
        """Hand a comparison on."""
        return self._ask("POST", COMPARE_PATH, body)

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._pool.close()

    def _ask(self, method: str, path: str, body: bytes) -> Reply:
        headers = {HEADER: sign_request(self._party, method, path, body, self._now(), self._find_key())}
        try:
            answer = self._pool.request(
                method, path, body=body or None, headers=headers, redirect=False, preload_content=False
            )
            data = answer.read(_MOST_BYTES + 1, decode_content=False)
            # What was not read to its end must not be taken for the start of the next answer.
            (answer.close if len(data) > _MOST_BYTES else answer.release_conn)()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(type(error).__name__) from None
        except ValueError:  # of http.client, for a chunk of less than nothing
            raise Untrusted("form") from None
        if len(data) > _MOST_BYTES:
            raise Untrusted("length")
        return Reply(answer.status, bytes(data))
