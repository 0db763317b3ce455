"""The relay's line to oversight's desk. It carries blinded numbers, and nothing of which terminal asks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
import urllib3
from urllib3.util import SKIP_HEADER

from records.comparing.desk_memory import Mark, Remembered
from records.comparing.requests import HEADER, sign_request
from records.errors import RecordsError
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
    mark: str = ""  # of all its permits and stops


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mark: str
    day: str
    evaluated: int


class DeskMemory:
    """What this relay remembers of the desk, whose book is a file that somebody there could put back."""

    def __init__(self, clock: Callable[[], datetime], kept: bytes = b"") -> None:
        """Begin with what was kept before; b"" or what is damaged remembers nothing."""
        self._clock, self._lock = clock, threading.Lock()
        self._mark, self._day, self._evaluated = Mark(), "", 0
        with suppress(msgspec.MsgspecError, RecordsError):
            found = msgspec.json.decode(kept, type=_Kept)
            self._mark, self._day, self._evaluated = Mark.from_text(found.mark), found.day, found.evaluated

    def hear(self, mark: str) -> None:
        """Remember a mark that is newer: the desk gave it to a question with the one before, which it knew."""
        with suppress(RecordsError), self._lock:
            heard = Mark.from_text(mark)
            if heard.acts > self._mark.acts:
                self._mark = heard

    def note_evaluated(self) -> None:
        """Count an evaluation that the desk made for this relay."""
        today = self._today()
        with self._lock:
            self._day, self._evaluated = today, 1 + (self._evaluated if self._day == today else 0)

    def read(self) -> Remembered:
        """Return what the desk is told with every question."""
        today = self._today()
        with self._lock:
            return Remembered(self._mark, today, self._evaluated if self._day == today else 0)

    def write(self) -> bytes:
        """Return it as it is kept across restarts."""
        told = self.read()
        return msgspec.json.encode(_Kept(told.mark.to_text(), told.day, told.evaluated))

    def _today(self) -> str:
        return self._clock().astimezone(UTC).date().isoformat()


class DeskLine:
    """HTTP to the desk, from a few threads; who finds them all busy waits for a place."""

    def __init__(
        self, address: str, key: SigningKey, clock: Callable[[], datetime], memory: DeskMemory | None = None
    ) -> None:
        self.memory = memory or DeskMemory(clock)
        self._address, self._key, self._clock = address.rstrip("/"), key, clock
        self._threads = ThreadPoolExecutor(AT_ONCE, "desk")
        self._timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S)
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=AT_ONCE, retries=False)

    async def evaluate(self, body: bytes) -> tuple[int, bytes]:
        """Return the desk's status (200, 400, 409, 429 or 503) and what it evaluated."""
        path = f"{EVALUATE_PATH}?{self.memory.read().to_query()}"
        told = await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, "POST", path, body)
        if told[0] == 200:
            self.memory.note_evaluated()
        return told

    async def read_state(self) -> DeskState | None:
        """Return permit and stop; None where the desk does not answer."""
        loop = asyncio.get_running_loop()
        path = f"{STATE_PATH}?{self.memory.read().to_query()}"
        status, data = await loop.run_in_executor(self._threads, self._ask, "GET", path, None, STATE_TIMEOUT)
        try:
            state = msgspec.json.decode(data, type=DeskState) if status == 200 else None
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        if state is not None:
            self.memory.hear(state.mark)
        return state

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
        headers[HEADER] = sign_request(RELAY, method, path, body or b"", self._clock(), self._key)
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
