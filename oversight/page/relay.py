"""The relay's question to central. It carries a stay tag and nothing of who asks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

import msgspec
import urllib3
from urllib3.util import SKIP_HEADER

from records.delivery import STAYS_PATH

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 8 * 1024 * 1024


class CentralUnreachable(Exception):
    """The registration service did not answer, or not in the form it should."""


class HeldEvent(msgspec.Struct, frozen=True):
    """One sealed event of a stay, and the day it is deleted."""

    envelope: bytes
    received_at: datetime
    delete_on: date


class Tombstone(msgspec.Struct, frozen=True):
    """What is left of a deleted stay."""

    deleted_on: date


class HeldStay(msgspec.Struct, frozen=True):
    """Central's answer about one stay; fields it does not name are not passed on."""

    events: tuple[HeldEvent, ...]
    terminal_keys: dict[str, bytes]  # by key id, hexadecimal: raw Ed25519 public key
    tombstone: Tombstone | None
    retention_days: int
    key_renewals: tuple[bytes, ...] = ()  # how one key of a terminal follows another, signed by both


class AskCentral(Protocol):
    """Asks central for the events of a stay. Raises: CentralUnreachable."""

    def __call__(self, stay_tag: bytes) -> HeldStay: ...


class CentralLink:
    """HTTP to central, one small pool of connections for all guests."""

    def __init__(self, address: str) -> None:
        self._url = address.rstrip("/") + STAYS_PATH
        self._pool = urllib3.PoolManager(
            num_pools=1, maxsize=4, retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S),
        )  # fmt: skip

    def __call__(self, stay_tag: bytes) -> HeldStay:
        """Ask for the events of a stay. Raises: CentralUnreachable, without a reason that could name the stay."""
        # Everything is written here: no header of the guest's request can slip through.
        headers = {
            "Content-Type": "application/json",
            "User-Agent": SKIP_HEADER,
            "Accept-Encoding": SKIP_HEADER,
        }
        body = msgspec.json.encode({"stay_tag": stay_tag.hex()})
        try:
            response = self._pool.request(
                "POST", self._url, body=body, headers=headers, redirect=False, preload_content=False
            )
            try:
                data = response.read(MAX_ANSWER_BYTES + 1)
            finally:
                # Not kept open: what one guest's answer left unread must never begin another's.
                response.close()
            if response.status != 200 or len(data) > MAX_ANSWER_BYTES:
                raise CentralUnreachable
            return msgspec.json.decode(data, type=HeldStay)
        except (urllib3.exceptions.HTTPError, msgspec.MsgspecError, UnicodeDecodeError):
            raise CentralUnreachable from None

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.clear()
