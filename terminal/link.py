"""The line to central: one request and its reply, nothing believed yet."""

from __future__ import annotations

from typing import Protocol

import urllib3

from records.delivery import CONTENT_TYPE, DELIVERY_PATH, DIGEST_HEADER, Reply, compute_content_digest, decode_reply
from records.errors import MalformedBytes
from terminal.errors import Unreachable, Untrusted

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0
MAX_REPLY_BYTES = 256 * 1024


class Link(Protocol):
    """What the uploader needs of a line."""

    def deliver(self, body: bytes) -> Reply:
        """Send a delivery and return the reply. Raises: Unreachable, Untrusted."""


class HttpLink:
    """Deliveries over HTTP to one address. Follows no redirect and no proxy."""

    def __init__(
        self, url: str, *, connect_timeout_s: float = CONNECT_TIMEOUT_S, read_timeout_s: float = READ_TIMEOUT_S
    ) -> None:
        self._url = url.rstrip("/") + DELIVERY_PATH
        timeout = urllib3.Timeout(connect=connect_timeout_s, read=read_timeout_s)
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=1, timeout=timeout, retries=False)

    def deliver(self, body: bytes) -> Reply:
        """Send a delivery and return the reply, none of whose answers is verified yet.

        Raises: Unreachable when the line failed, Untrusted for any answer but a whole reply.
        """
        headers = {"Content-Type": CONTENT_TYPE, DIGEST_HEADER: compute_content_digest(body)}
        try:
            response = self._pool.request(
                "POST", self._url, body=body, headers=headers, redirect=False, preload_content=False
            )
            try:
                status, data = response.status, response.read(MAX_REPLY_BYTES + 1)
            finally:
                # What was not read to its end must not be taken for the start of the next reply.
                response.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(type(error).__name__) from None
        if status != 200:
            raise Untrusted(f"status {status}")
        if len(data) > MAX_REPLY_BYTES:
            raise Untrusted("length")
        try:
            return decode_reply(data)
        except MalformedBytes:
            raise Untrusted("form") from None

    def close(self) -> None:
        """Close the connection that is kept open."""
        self._pool.clear()
