"""The line to the relay for mail, of court and oversight. Both only call; nobody calls them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

import msgspec
import urllib3

from oversight.comparing.errors import BoxFull, RelaySilent
from records.comparing.mail import LetterKind, Role, open_letter, parse_letter, verify_letter
from records.comparing.relay_wire import (
    MAIL_ACKNOWLEDGE_PATH,
    MAIL_FETCH_PATH,
    MAIL_PATH,
    MOST_LETTERS,
    MOST_WAITING_LETTERS,
    Acknowledged,
    WaitingLetter,
    Wanted,
)
from records.comparing.requests import HEADER, sign_request
from records.errors import MalformedBytes, RecordsError
from records.root import require_loopback
from records.suite import HybridSecretKey, MessageSigner, VerifyKey

# No more than the relay keeps of one writer and kind.
_MOST_PAGES = MOST_WAITING_LETTERS // MOST_LETTERS + 1
_TIMEOUT = urllib3.Timeout(connect=2.0, read=10.0)
_MAX_BYTES = 4 * 1024 * 1024
_IDS_AT_ONCE = 500  # which the relay reads in one body
_TOO_MANY = 429
_Read = TypeVar("_Read")


class Mailbox:
    """One party's letters at the relay. The relay reads none of them."""

    def __init__(self, relay: str, party: str, key: MessageSigner, clock: Callable[[], datetime]) -> None:
        """Raises: RootRefused("address") for a relay that is not on this machine."""
        require_loopback(relay)
        self._relay, self._party, self._key, self._clock = relay.rstrip("/"), party, key, clock
        self._read: list[int] = []
        # How many letters of which kind, said to be by whom, could not be read: for a log, or a sentence. No content.
        self.set_aside: Counter[tuple[LetterKind, Role]] = Counter()

    def send(self, letter: bytes) -> None:
        """Leave a letter for its receiver. Raises: RelaySilent, BoxFull."""
        self._ask(MAIL_PATH, letter)

    def fetch(
        self, box: HybridSecretKey, sender: Role, kind: LetterKind, sender_key: VerifyKey,
        read: Callable[[bytes], _Read],
    ) -> list[_Read]:  # fmt: skip
        """Return what letters of one kind say, each as `read` (which raises RecordsError) understands its content.

        One that does not hold, or that its own sender got wrong, is counted in `set_aside` and holds up no other.
        All stay at the relay until `acknowledge`, so that none is lost before it was read; those of another kind
        stay for whoever asks for them. Raises: RelaySilent.
        """
        found = []
        for each in self._page(kind):
            self._read.append(each.id)
            try:
                found.append(read(_open(each.letter, box, sender, kind, sender_key)))
            except RecordsError:
                self.set_aside[kind, sender] += 1
        return found

    def _page(self, kind: LetterKind) -> Iterator[WaitingLetter]:
        """Yield every waiting letter of a kind, page by page: those of another kind are not even asked for."""
        after, seen = 0, MOST_LETTERS
        for _ in range(_MOST_PAGES):
            if seen < MOST_LETTERS:
                return
            try:
                answer = self._ask(MAIL_FETCH_PATH, msgspec.json.encode(Wanted(kind, after)))
                page = msgspec.json.decode(answer, type=list[WaitingLetter])
            except (msgspec.MsgspecError, ValueError, RecursionError):
                raise RelaySilent("form") from None
            for each in page:
                if each.id <= after:  # else a relay could hand out the same again and again
                    raise RelaySilent("form")
                after = each.id
                yield each
            seen = len(page)

    def acknowledge(self) -> None:
        """Let go what was read. Raises: RelaySilent."""
        while some := tuple(self._read[:_IDS_AT_ONCE]):
            self._ask(MAIL_ACKNOWLEDGE_PATH, msgspec.json.encode(Acknowledged(some)))
            self._read = self._read[_IDS_AT_ONCE:]

    def _ask(self, path: str, body: bytes) -> bytes:
        headers = {HEADER: sign_request(self._party, "POST", path, body, self._clock(), self._key)}
        try:
            with urllib3.PoolManager(retries=False) as pool:
                answer = pool.request(
                    "POST", self._relay + path, body=body, headers=headers, redirect=False, timeout=_TIMEOUT,
                    preload_content=False,
                )  # fmt: skip
                data = answer.read(_MAX_BYTES + 1, decode_content=False)
        except (urllib3.exceptions.HTTPError, OSError, ValueError):  # ValueError: a chunk of less than nothing
            raise RelaySilent(path) from None
        if answer.status == _TOO_MANY:
            raise BoxFull
        if answer.status != 200 or len(data) > _MAX_BYTES:
            raise RelaySilent(f"{path}: {answer.status}")
        return data


def _open(data: bytes, box: HybridSecretKey, sender: Role, kind: LetterKind, key: VerifyKey) -> bytes:
    """Return a letter's content. Raises: RecordsError."""
    letter = parse_letter(data)
    verify_letter(letter, key)
    if (letter.sender, letter.kind) != (sender, kind):
        raise MalformedBytes("letter")
    return open_letter(letter, box)
