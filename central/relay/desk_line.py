"""The relay's line to oversight's desk. It carries blinded numbers, and nothing of which terminal asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import msgspec
import urllib3
from urllib3.util import SKIP_HEADER

from records.comparing.requests import HEADER, sign_request
from records.suite import SigningKey

RELAY = "relay"
EVALUATE_PATH = "/v1/evaluate"
STATE_PATH = "/v1/state"
AT_ONCE = 4
CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 5.0
# A desk that hangs is one that is silent: the station says so within ten seconds.
STATE_TIMEOUT = urllib3.Timeout(connect=1.0, read=2.0)
MAX_ANSWER_BYTES = 64 * 1024
_REFUSALS = (400, 409, 429)
UNREACHABLE = 503


class DeskState(msgspec.Struct, frozen=True):
    """What the desk publishes: signed notes, "" where there is none."""

    permit: str = ""
    stop: str = ""


class DeskLine:
    """HTTP to the desk, from a few threads; who finds them all busy waits for a place."""

    def __init__(self, address: str, key: SigningKey, clock: Callable[[], datetime]) -> None:
        self._address, self._key, self._clock = address.rstrip("/"), key, clock
        self._threads = ThreadPoolExecutor(AT_ONCE, "desk")
        self._timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S)
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=AT_ONCE, retries=False)

    async def evaluate(self, body: bytes) -> tuple[int, bytes]:
        """Return the desk's status (200, 400, 409, 429 or 503) and what it evaluated."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, "POST", EVALUATE_PATH, body)

    async def read_state(self) -> DeskState | None:
        """Return permit and stop; None where the desk does not answer."""
        loop = asyncio.get_running_loop()
        status, data = await loop.run_in_executor(self._threads, self._ask, "GET", STATE_PATH, None, STATE_TIMEOUT)
        try:
            return msgspec.json.decode(data, type=DeskState) if status == 200 else None
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def close(self) -> None:
        """Close threads and connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.clear()

    def _ask(
        self, method: str, path: str, body: bytes | None, timeout: urllib3.Timeout | None = None
    ) -> tuple[int, bytes]:
        # Everything is written here: no header of the terminal's request slips through.
        headers = {"User-Agent": SKIP_HEADER, "Accept-Encoding": SKIP_HEADER}
        if body is not None:
            headers["Content-Type"] = "application/octet-stream"
            # Else the office could ask for evaluations too, and try numbers against the tags that it sees.
            headers[HEADER] = sign_request(RELAY, method, path, body, self._clock(), self._key)
        try:
            response = self._pool.request(
                method, self._address + path, body=body, headers=headers, redirect=False, preload_content=False,
                timeout=timeout or self._timeout,
            )  # fmt: skip
            try:
                data = response.read(MAX_ANSWER_BYTES + 1, decode_content=False)
            finally:
                response.close()
        except (urllib3.exceptions.HTTPError, OSError, ValueError):  # ValueError: a chunk of less than nothing
            return UNREACHABLE, b""
        if response.status == 200 and len(data) <= MAX_ANSWER_BYTES:
            return 200, data
        return (response.status, b"") if response.status in _REFUSALS else (UNREACHABLE, b"")
