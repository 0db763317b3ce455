"""Watching over the house in the background: its share is asked for after a start, and who is overdue is forgotten.

Registering waits for none of this. The share itself is nowhere kept: what follows from it is in memory alone.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog

from records import suite
from records.errors import RecordsError
from records.house_share import ShareRequest, SignedShareRequest, open_share, sign_share_request
from records.receipt import REFUSAL_BYTES, RefusalReason, parse_refusal
from records.suite import HybridSecretKey, SigningKey, Verifier
from terminal.codes import ProblemCode
from terminal.desk import Desk
from terminal.errors import AskedToWait, NotSaved, TerminalError, Unreachable, Untrusted
from terminal.uploader import choose_delay_s

# How often it is looked who is overdue, once the share is here.
IDLE_S = 600.0
_STANDING = {ProblemCode.UNKNOWN_TERMINAL, ProblemCode.TERMINAL_REVOKED, ProblemCode.TERMINAL_SUSPENDED}


class ShareLink(Protocol):
    """What asking needs of a line."""

    def ask_share(self, data: bytes) -> bytes:
        """Send a request for the house share and return what came back. Raises: Unreachable, Untrusted."""


class Refused(TerminalError):
    """Central has signed that it gives no share."""

    def __init__(self, reason: RefusalReason) -> None:
        super().__init__(reason.name.lower())
        self.reason = reason


def fetch_share(link: ShareLink, terminal: bytes, key: SigningKey, receipt_key: Verifier, now: datetime) -> bytes:
    """Ask central for the share, with a key made for this one answer.

    Raises: Unreachable; Untrusted for an answer that is not central's to this request; Refused.
    """
    reply_key = HybridSecretKey.from_bytes(os.urandom(suite.HYBRID_SECRET_BYTES))
    sent_at = now.replace(microsecond=0)
    signed = sign_share_request(ShareRequest(terminal, key.public.key_id, sent_at, reply_key.public), key)
    answer = link.ask_share(signed.data)
    try:
        if len(answer) == REFUSAL_BYTES:
            raise Refused(_read_refusal(answer, signed, receipt_key))
        return open_share(answer, signed, reply_key, receipt_key)
    except RecordsError:
        raise Untrusted("share") from None


class HouseWatch:
    """The thread that asks until the share is here, and forgets who was never checked out."""

    def __init__(
        self,
        desk: Desk,
        link: ShareLink,
        find_receipt_key: Callable[[], Verifier],
        *,
        on_change: Callable[[], None] = lambda: None,
        chance: random.Random | None = None,
    ) -> None:
        self._desk, self._link, self._find_receipt_key = desk, link, find_receipt_key
        self._on_change = on_change
        self._chance = chance or random.SystemRandom()
        self._failures = 0
        self._has_share = self._is_doubted = False
        self._problem: ProblemCode | None = None
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="house", daemon=True)

    @property
    def problem(self) -> ProblemCode | None:
        """Why the share is not here, or is given no more, as of the last attempt; None when it is given."""
        return self._problem

    @property
    def standing(self) -> ProblemCode | None:
        """What central has signed to be wrong with this terminal itself."""
        return self._problem if self._problem in _STANDING else None

    def doubt(self) -> None:
        """Ask again although the share is here: an answer that nobody signed says that we are shut out, or let in."""
        self._is_doubted = True
        self._woken.set()

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def wake(self) -> None:
        """Try at once: somebody has opened the house with a card, so another share could be taken now."""
        self._woken.set()

    def stop(self, timeout_s: float = 1.0) -> None:
        """Stop; a request under way is left to itself."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def attempt(self) -> float:
        """Do what is due and return how many seconds to wait before the next attempt."""
        before = (self._has_share, self._problem)
        gone = self._forget_overdue()
        if not self._has_share:
            self._problem = self._ask()
            self._has_share = self._problem is None
        elif self._is_doubted:
            problem = self._ask()
            # What was opened stays open. Nothing but central's signature shuts a terminal out, or lets it in again.
            self._problem = problem if problem in _STANDING else None if problem is None else self._problem
        self._is_doubted = False
        if gone or before != (self._has_share, self._problem):
            self._on_change()
        if self._has_share:
            return IDLE_S
        self._failures += 1
        return choose_delay_s(self._failures, self._chance)

    def _ask(self) -> ProblemCode | None:
        desk = self._desk
        try:
            share = fetch_share(
                self._link, desk.terminal, desk.keys.signing, self._find_receipt_key(), desk.clock.now()
            )
            problem = None if desk.take_share(share) else ProblemCode.OTHER_SHARE
        except TerminalError as error:
            problem = _describe_failure(error)
        structlog.get_logger().info("house share", problem=problem or "", failures=self._failures)
        return problem

    def _forget_overdue(self) -> bool:
        try:
            gone = self._desk.forget_overdue()
        except NotSaved:
            return False  # tried again; the disk's trouble is told where guests are saved
        if gone:
            structlog.get_logger().warning("never checked out, forgotten", stays=len(gone))
        return bool(gone)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                delay_s = self.attempt()
            except Exception as error:
                # The thread must live: names come back by it alone.
                structlog.get_logger().error("house watch met a fault", error=type(error).__name__)
                self._failures += 1
                delay_s = choose_delay_s(self._failures, self._chance)
            if not self._stopping.is_set():
                self._woken.wait(delay_s)


def _read_refusal(data: bytes, signed: SignedShareRequest, receipt_key: Verifier) -> RefusalReason:
    refusal = parse_refusal(data, receipt_key)
    if refusal.digest != signed.digest:
        raise Untrusted("digest")
    return refusal.reason


def _describe_failure(error: TerminalError) -> ProblemCode:
    if isinstance(error, Refused):
        # A key that central does not know is a terminal that it does not know.
        known = {RefusalReason.TERMINAL_REVOKED, RefusalReason.TERMINAL_SUSPENDED, RefusalReason.WRONG_TIME}
        return ProblemCode(error.reason.name.lower()) if error.reason in known else ProblemCode.UNKNOWN_TERMINAL
    if isinstance(error, NotSaved):
        return error.code
    if isinstance(error, AskedToWait):
        return ProblemCode.ASKED_TO_WAIT
    return ProblemCode.UNREACHABLE if isinstance(error, Unreachable) else ProblemCode.UNTRUSTED
