"""Renewing the terminal's signing key, with nobody's help: asked once a minute, after a heartbeat.

    nothing due ──► next key made ──(central takes it)──► switched ──(central ends the one before)──► nothing due

Each step is on the disk before the next one begins, and each message may be sent again, so a power cut or a lost
answer costs a minute. Until the last step central takes both keys.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

import structlog

from records.errors import RecordsError
from records.receipt import REFUSAL_BYTES, RefusalReason, parse_refusal
from records.renewal import check_renewal_answer
from records.suite import Verifier
from terminal.clock import Clock
from terminal.errors import TerminalError, Untrusted
from terminal.signing_keys import SigningRing
from terminal.store import Outbox


class RenewalLink(Protocol):
    """What renewing needs of a line."""

    def renew_key(self, data: bytes) -> bytes:
        """Send a renewal or a confirmation and return what came back. Raises: Unreachable, Untrusted, AskedToWait."""


class KeyWatch:
    """Renews the key when it is due. `step` is called by one thread alone, `doubt` by any."""

    def __init__(
        self,
        ring: SigningRing,
        outbox: Outbox,
        link: RenewalLink,
        clock: Clock,
        find_receipt_key: Callable[[], Verifier],
        find_least: Callable[[], int] = lambda: 0,
    ) -> None:
        self._ring, self._outbox, self._link, self._clock = ring, outbox, link, clock
        self._find_receipt_key, self._find_least = find_receipt_key, find_least
        self._is_doubted = False

    @property
    def has_renewed(self) -> bool:
        """True once central has taken another key than the first: it may have been restored to before that."""
        return self._ring.number > 1

    def doubt(self) -> None:
        """Tell central again how our keys followed one another: it has refused the present one."""
        self._is_doubted = True

    def step(self) -> bool:
        """Do the next thing that is due. Return whether central answered as it should, or nothing was due.

        Raises: NotSaved, OSError when the disk does not answer.
        """
        if self._is_doubted:
            self._is_doubted = not self._tell_again()
        ring = self._ring
        if ring.confirmation:
            if not self._send(ring.confirmation):
                return False
            ring.finish()
            structlog.get_logger().info("signing key renewed", number=ring.number)
            return True
        if not ring.renewal and not ring.is_due(self._clock.now(), self._find_least()):
            return True
        if not ring.renewal:
            ring.begin(self._clock.now())
        if not self._send(ring.renewal):
            return False
        # The file first: after a power cut between the two, what waits is signed anew at the start.
        ring.switch(self._clock.now())
        self._outbox.change_key(ring.signing)
        return True

    def _tell_again(self) -> bool:
        for each in self._ring.steps:
            # What central still knows it refuses, since that key has ended; what it has forgotten it takes.
            for message in (each.renewal, each.confirmation):
                if self._ask(message) is None:
                    return False
        return True

    def _send(self, message: bytes) -> bool:
        return self._ask(message) == ""

    def _ask(self, message: bytes) -> str | None:
        """Return "" where central has taken a message, the reason where it refused it, None for no answer."""
        key = self._find_receipt_key()
        try:
            answer = self._link.renew_key(message)
            if len(answer) == REFUSAL_BYTES:
                return _read_refusal(answer, message, key)
            check_renewal_answer(answer, message, key)
        except (RecordsError, TerminalError) as error:
            structlog.get_logger().info("key renewal not answered", error=type(error).__name__)
            return None
        return ""


def _read_refusal(data: bytes, message: bytes, key: Verifier) -> str:
    refusal = parse_refusal(data, key)
    if refusal.digest != hashlib.sha256(message).digest():
        raise Untrusted("digest")
    # A conflict: somebody else renews with our key. Central's administrators see it, and act.
    log = structlog.get_logger()
    say = log.warning if refusal.reason is RefusalReason.SEQUENCE_CONFLICT else log.info
    say("key renewal refused", reason=refusal.reason.name.lower())
    return refusal.reason.name.lower()
