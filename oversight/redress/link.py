"""The guest page's line to the privacy office. It carries sealed requests and ids, and nothing of who asks."""

from __future__ import annotations

import threading
from typing import Protocol, TypeVar

import msgspec
import urllib3
from urllib3.util import SKIP_HEADER

from oversight.redress.errors import AnotherText, OfficeUnreachable
from oversight.redress.wire import RECEIVE_PATH, STATES_PATH, Standing, StatesQuestion
from records.requests import SealedRequest

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 15.0
AT_ONCE = 3
WAIT_FOR_PLACE_S = 1.0
MAX_ANSWER_BYTES = 256 * 1024
_CONFLICT = 409

T = TypeVar("T")


class Office(Protocol):
    """Where requests go."""

    def receive(self, sealed: SealedRequest) -> Standing:
        """Return only once the request is on the office's disk. Raises: AnotherText, OfficeUnreachable."""
        ...

    def ask_states(self, requests: list[bytes]) -> list[Standing | None]:
        """Return where each request stands, None for one that there is not. Raises: OfficeUnreachable."""
        ...


class OfficeLink:
    """HTTP to the office's intake."""

    def __init__(self, address: str, key: str) -> None:
        self._address = address.rstrip("/")
        self._key = key
        # An office that answers slowly must not take all the places at which the page works.
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._pool = urllib3.PoolManager(
            num_pools=1, maxsize=4, retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S),
        )  # fmt: skip

    def receive(self, sealed: SealedRequest) -> Standing:
        """Leave a request. Raises: AnotherText, OfficeUnreachable."""
        return self._ask(RECEIVE_PATH, sealed.to_bytes(), Standing)

    def ask_states(self, requests: list[bytes]) -> list[Standing | None]:
        """Ask where requests stand. Raises: OfficeUnreachable."""
        body = msgspec.json.encode(StatesQuestion(tuple(each.hex() for each in requests)))
        return self._ask(STATES_PATH, body, list[Standing | None])

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.clear()

    def _ask(self, path: str, body: bytes, wanted: type[T]) -> T:
        if not self._places.acquire(timeout=WAIT_FOR_PLACE_S):
            raise OfficeUnreachable
        try:
            return self._ask_now(path, body, wanted)
        finally:
            self._places.release()

    def _ask_now(self, path: str, body: bytes, wanted: type[T]) -> T:
        # Everything is written here: no header of the guest's request can slip through.
        headers = {
            "Authorization": f"Bearer {self._key}", "Content-Type": "application/octet-stream",
            "User-Agent": SKIP_HEADER, "Accept-Encoding": SKIP_HEADER,
        }  # fmt: skip
        try:
            response = self._pool.request(
                "POST", self._address + path, body=body, headers=headers, redirect=False, preload_content=False
            )
            try:
                data = response.read(MAX_ANSWER_BYTES + 1)
            finally:
                response.close()
            if response.status == _CONFLICT:
                raise AnotherText
            if response.status != 200 or len(data) > MAX_ANSWER_BYTES:
                raise OfficeUnreachable
            return msgspec.json.decode(data, type=wanted)
        except (urllib3.exceptions.HTTPError, msgspec.MsgspecError, UnicodeDecodeError):
            raise OfficeUnreachable from None
