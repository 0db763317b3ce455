"""The office's lines, all of them outgoing: to the relay, signed as the office, and to oversight's desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec
import urllib3
from urllib3.util import SKIP_HEADER

from records.comparing.relay_wire import (
    COMPARING_PATH,
    MAIL_ACKNOWLEDGE_PATH,
    MAIL_FETCH_PATH,
    MAIL_PATH,
    OFFICE_ANSWERS_PATH,
    OFFICE_BATCH_PATH,
    OFFICE_KEYS_PATH,
    Acknowledged,
    Comparing,
    HandedOn,
    WaitingLetter,
)
from records.comparing.requests import HEADER, sign_request
from records.suite import SigningKey
from screening.clock import Clock
from screening.errors import LineBroken

OFFICE = "office"
LIST_PATH = "/v1/list"
STATE_PATH = "/v1/state"
MOST_NOTES = 200  # in one question to the desk
CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 6.0
# A batch is waited for until the next tick; a desk works through 200 decisions with four documents each.
LONG_READ_TIMEOUT_S = 30.0
MAX_ANSWER_BYTES = 32 * 1024 * 1024

T = TypeVar("T")


class DeskState(msgspec.Struct, frozen=True):
    """What the desk publishes: signed notes, "" where there is none."""

    permit: str = ""
    stop: str = ""


class DeskOutputs(msgspec.Struct, frozen=True):
    """The desk's outputs for the strings of one decision's numbers."""

    leaf: str  # hexadecimal
    outputs: tuple[bytes, ...]


class _Line:
    def __init__(self, address: str, signing_key: SigningKey, clock: Clock) -> None:
        self._address, self._key, self._clock = address.rstrip("/"), signing_key, clock
        # A connection for the batches, and one for everything else.
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=3, retries=False)

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.clear()

    def _ask(self, method: str, path: str, body: bytes | None = None, read_s: float = READ_TIMEOUT_S) -> bytes:
        """Return the body of a 200. Raises: LineBroken with the status for any other, or without an answer."""
        headers = {"User-Agent": SKIP_HEADER, "Accept-Encoding": SKIP_HEADER}
        if body is not None:
            headers["Content-Type"] = "application/octet-stream"
            headers[HEADER] = sign_request(OFFICE, method, path, body, self._clock.now(), self._key)
        try:
            response = self._pool.request(
                method, self._address + path, body=body, headers=headers, redirect=False, preload_content=False,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=read_s),
            )  # fmt: skip
            data = response.read(MAX_ANSWER_BYTES + 1, decode_content=False)
            # What was not read to its end must not be taken for the start of the next answer.
            (response.release_conn if len(data) <= MAX_ANSWER_BYTES else response.close)()
        except (urllib3.exceptions.HTTPError, OSError, ValueError):  # ValueError: a chunk of less than nothing
            raise LineBroken from None
        if response.status != 200 or len(data) > MAX_ANSWER_BYTES:
            raise LineBroken(str(response.status))
        return data


class RelayLine(_Line):
    """HTTP to the relay."""

    def read_comparing(self) -> Comparing:
        """Return what terminals are told: the station's key of the day is in it. Raises: LineBroken."""
        return _decode(self._ask("GET", COMPARING_PATH), Comparing)

    def leave_key(self, passing_key: bytes) -> None:
        """Leave the newest passing key for terminals. Raises: LineBroken."""
        self._ask("POST", OFFICE_KEYS_PATH, passing_key)

    def fetch_batch(self) -> list[HandedOn]:
        """Return, at the next tick, what is to be compared. Raises: LineBroken."""
        return _decode(self._ask("POST", OFFICE_BATCH_PATH, b""), list[HandedOn])

    def bring_answers(self, answers: Sequence[bytes]) -> None:
        """Bring the answers of a whole batch; returns once their alerts are on the relay's disk. Raises: LineBroken."""
        self._ask("POST", OFFICE_ANSWERS_PATH, b"".join(answers))

    def fetch_letters(self) -> list[WaitingLetter]:
        """Return the office's mail. Raises: LineBroken."""
        return _decode(self._ask("POST", MAIL_FETCH_PATH, b""), list[WaitingLetter])

    def post_letter(self, letter: bytes) -> None:
        """Leave a letter for its receiver. Raises: LineBroken."""
        self._ask("POST", MAIL_PATH, letter)

    def acknowledge_letters(self, ids: Sequence[int]) -> None:
        """Let letters go that were read. Raises: LineBroken."""
        self._ask("POST", MAIL_ACKNOWLEDGE_PATH, msgspec.json.encode(Acknowledged(tuple(ids))))


class DeskLine(_Line):
    """HTTP to oversight's desk."""

    def read_state(self) -> DeskState:
        """Return permit and stop. Raises: LineBroken."""
        return _decode(self._ask("GET", STATE_PATH), DeskState)

    def evaluate(self, notes: Sequence[str]) -> list[DeskOutputs]:
        """Return the outputs for at most 200 decisions. Raises: LineBroken."""
        body = msgspec.json.encode(notes)
        return _decode(self._ask("POST", LIST_PATH, body, LONG_READ_TIMEOUT_S), list[DeskOutputs])


def _decode(data: bytes, wanted: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=wanted)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise LineBroken("form") from None
