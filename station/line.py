"""The station's line to the relay: the only address it ever asks, and on this machine. Nothing is believed yet."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec
import urllib3

from records.comparing.mail import LETTER_BYTES
from records.comparing.relay_wire import (
    COMPARING_PATH,
    MAIL_ACKNOWLEDGE_PATH,
    MAIL_FETCH_PATH,
    MAIL_PATH,
    STATION_ACKNOWLEDGE_PATH,
    STATION_ALERTS_PATH,
    STATION_KEY_PATH,
    Acknowledged,
    Comparing,
    SealedAlert,
    Wait,
    WaitingLetter,
)
from records.comparing.requests import HEADER, sign_request
from records.root import require_loopback
from records.suite import SigningKey
from station.errors import RelayUnreachable

PARTY = "station"
WAIT_S = 4.0  # how long the relay holds a question for alerts; a stop of the process waits for the answer
_TIMEOUT = urllib3.Timeout(connect=3.0, read=WAIT_S + 7.0)
_MOST_BYTES = 4 * 1024 * 1024  # fifty alerts with their places, twice over
# Of one length whether there were alerts or none; JSON takes spaces at its end.
_ACKNOWLEDGEMENT_BYTES = 1024

T = TypeVar("T")


class Relay(Protocol):
    """What the station asks of the relay. Everything raises RelayUnreachable."""

    def read_comparing(self) -> Comparing:
        """Return what terminals are told: permit, stop and keys, none of it verified."""

    def publish_day_key(self, key: bytes) -> None:
        """Leave the signed key of the day."""

    def fetch_alerts(self, wait_s: float) -> list[SealedAlert]:
        """Return what waits, as soon as something does, or nothing after `wait_s`."""

    def acknowledge_alerts(self, ids: Collection[int]) -> None:
        """Have the relay forget rows that are safe here."""

    def post_letter(self, body: bytes) -> None:
        """Leave a sealed letter."""

    def fetch_letters(self) -> list[WaitingLetter]:
        """Return letters to the station."""

    def acknowledge_letters(self, ids: Collection[int]) -> None:
        """Have the relay forget letters."""

    def close(self) -> None:
        """Close the connections that are kept open."""


class HttpRelay:
    """The relay over HTTP, every request signed. Follows no redirect and no proxy. Any thread may use it."""

    def __init__(self, url: str, key: SigningKey, clock: Callable[[], datetime]) -> None:
        require_loopback(url)
        self._key, self._clock = key, clock
        self._pool = urllib3.connection_from_url(url, maxsize=4, timeout=_TIMEOUT, retries=False)

    def read_comparing(self) -> Comparing:
        """Return what terminals are told."""
        return _decode(self._ask("GET", COMPARING_PATH, b""), Comparing)

    def publish_day_key(self, key: bytes) -> None:
        """Leave the signed key of the day."""
        self._ask("POST", STATION_KEY_PATH, key)

    def fetch_alerts(self, wait_s: float) -> list[SealedAlert]:
        """Return what waits."""
        return _decode(self._ask("POST", STATION_ALERTS_PATH, msgspec.json.encode(Wait(wait_s))), list[SealedAlert])

    def acknowledge_alerts(self, ids: Collection[int]) -> None:
        """Have the relay forget rows that are safe here."""
        body = msgspec.json.encode(Acknowledged(tuple(ids)))
        self._ask("POST", STATION_ACKNOWLEDGE_PATH, body.ljust(_ACKNOWLEDGEMENT_BYTES))

    def post_letter(self, body: bytes) -> None:
        """Leave a sealed letter."""
        if len(body) != LETTER_BYTES:
            raise ValueError("letter")
        self._ask("POST", MAIL_PATH, body)

    def fetch_letters(self) -> list[WaitingLetter]:
        """Return letters to the station."""
        return _decode(self._ask("POST", MAIL_FETCH_PATH, b""), list[WaitingLetter])

    def acknowledge_letters(self, ids: Collection[int]) -> None:
        """Have the relay forget letters."""
        self._ask("POST", MAIL_ACKNOWLEDGE_PATH, msgspec.json.encode(Acknowledged(tuple(ids))))

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._pool.close()

    def _ask(self, method: str, path: str, body: bytes) -> bytes:
        signed = sign_request(PARTY, method, path, body, self._clock(), self._key)
        try:
            answer = self._pool.request(
                method, path, body=body or None, headers={HEADER: signed}, redirect=False, preload_content=False
            )
            data = answer.read(_MOST_BYTES + 1, decode_content=False)
            # What was not read to its end must not be taken for the start of the next answer.
            (answer.close if len(data) > _MOST_BYTES else answer.release_conn)()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise RelayUnreachable(type(error).__name__) from None
        if answer.status != 200 or len(data) > _MOST_BYTES:
            raise RelayUnreachable(str(answer.status))
        return bytes(data)


def _decode(data: bytes, wanted: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=wanted)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise RelayUnreachable("form") from None
