"""Sending what waits in the outbox until a signed receipt is here, however often that takes."""

from __future__ import annotations

import base64
import binascii
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from records.delivery import Answer, Item, Reply, encode_delivery
from records.envelope import parse_envelope
from records.errors import RecordsError
from records.receipt import Receipt, Refusal, RefusalReason, parse_receipt, parse_refusal
from records.suite import Verifier
from terminal.codes import ProblemCode
from terminal.errors import AskedToWait, NotSaved, TerminalError, Unreachable, Untrusted
from terminal.link import CERTIFICATE, CERTIFICATE_EARLY, CERTIFICATE_EXPIRED, Link
from terminal.root_watch import RootWatch
from terminal.store import HouseStore, Outbox, Verdict, Waiting

BACKOFF_BASE_S = 0.5
BACKOFF_CAP_S = 60.0
# Also when nothing waits: what was delivered a week ago is deleted then.
IDLE_S = 600.0
# So that terminals that were asked to wait do not come back together.
WAIT_SPREAD_S = 2.0


@dataclass(frozen=True, slots=True)
class Upload:
    """What one attempt came to."""

    sent: int = 0
    delivered: int = 0
    refused: int = 0
    unanswered: int = 0  # answers that were missing or not signed for these bytes
    put_off: int = 0  # of these, how many said "not now"
    reopened: int = 0
    standing: ProblemCode | None = None  # what is wrong with the terminal itself
    key_doubted: bool = False  # central has refused a signature
    root_digest: str = ""  # central's hint, "" where there was no reply

    @property
    def is_whole(self) -> bool:
        """True when every envelope got an answer that settles it."""
        return not self.unanswered and self.standing is None


@dataclass(frozen=True, slots=True)
class UploadStatus:
    """What the screen is told of the line."""

    online: bool = True  # nothing has failed yet
    problem: ProblemCode | None = None
    offline_since: datetime | None = None  # the first of the attempts in a row that reached nobody


_CERTIFICATE_PROBLEMS = {
    CERTIFICATE: ProblemCode.CERTIFICATE_REFUSED,
    CERTIFICATE_EXPIRED: ProblemCode.CERTIFICATE_EXPIRED,
    CERTIFICATE_EARLY: ProblemCode.CERTIFICATE_EARLY,
}


def upload_pending(outbox: Outbox, link: Link, receipt_key: Verifier, *, is_renewed: bool = False) -> Upload:
    """Send up to 50 of the oldest waiting envelopes and take their verified answers in one commit.

    With `is_renewed`, where the signing key is not the first one, a refused signature costs no envelope its place.

    Raises: Unreachable, AskedToWait, Untrusted (a reply of the wrong shape), NotSaved; nothing was changed then.
    """
    batch = outbox.list_waiting()
    if not batch:
        return Upload()
    reply = link.deliver(encode_delivery([Item(each.age_s, each.envelope) for each in batch]))
    if len(reply.answers) != len(batch):
        raise Untrusted("answers")
    judged = [
        (waiting, judge_answer(waiting, answer, receipt_key))
        for waiting, answer in zip(batch, reply.answers, strict=True)
    ]
    verdicts = [(waiting, verdict) for waiting, verdict in judged if verdict is not None]
    if is_renewed:
        # Central took our present key, and may have been restored to before: it is told again, and nothing is given up.
        verdicts = [(waiting, verdict) for waiting, verdict in verdicts if not _doubts_key(verdict)]
    outbox.settle(verdicts)
    # An unsigned hint counts for nothing beside a reply in which nothing is signed.
    reopened = _reopen(outbox, reply) if verdicts else 0
    return replace(
        _count(verdicts),
        sent=len(batch),
        unanswered=len(batch) - len(verdicts),
        key_doubted=any(_doubts_key(verdict) for _, verdict in judged),
        put_off=sum(not (each.receipt or each.refusal) for each in reply.answers),
        reopened=reopened,
        root_digest=reply.root_digest,
    )


def judge_answer(waiting: Waiting, answer: Answer, receipt_key: Verifier) -> Verdict | None:
    """Return the receipt or refusal of exactly this envelope, or None for anything else."""
    try:
        if answer.receipt:
            receipt = parse_receipt(base64.b64decode(answer.receipt, validate=True), receipt_key)
            return receipt if _is_about(receipt, waiting) else None
        refusal = parse_refusal(base64.b64decode(answer.refusal, validate=True), receipt_key)
        return refusal if refusal.digest == waiting.digest else None
    except (RecordsError, binascii.Error, ValueError):
        return None


def _doubts_key(verdict: Verdict | None) -> bool:
    return isinstance(verdict, Refusal) and verdict.reason is RefusalReason.BAD_SIGNATURE


def choose_delay_s(failures: int, chance: random.Random) -> float:
    """Return how long to wait after so many failures in a row: full jitter under a doubling limit."""
    return chance.uniform(0.0, min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2 ** min(failures - 1, 16)))


class RenewedKey(Protocol):
    """Who renews the signing key."""

    @property
    def has_renewed(self) -> bool:
        """True once central has taken another key than the first."""

    def doubt(self) -> None:
        """Tell central again how the keys followed one another."""


class Uploader:
    """The thread that sends. `wake` makes it try at once; `status` tells how the last attempt went."""

    def __init__(
        self,
        outbox: Outbox,
        house: HouseStore,
        link: Link,
        receipt_key: Verifier,
        *,
        keep: timedelta,
        on_change: Callable[[], None] = lambda: None,
        chance: random.Random | None = None,
        roots: RootWatch | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        renewed: RenewedKey | None = None,
    ) -> None:
        self._outbox, self._house, self._link, self._receipt_key = outbox, house, link, receipt_key
        self._keep, self._roots, self._now = keep, roots, now
        self._on_change, self._renewed = on_change, renewed
        self._chance = chance or random.SystemRandom()
        self._failures = 0
        self._status = UploadStatus()
        self._heard_at: datetime | None = None
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="uploader", daemon=True)

    @property
    def status(self) -> UploadStatus:
        """How the last attempt went."""
        return self._status

    @property
    def heard_at(self) -> datetime | None:
        """When central last answered an upload since the start."""
        return self._heard_at

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wake(self) -> None:
        """Try at once, also where a delay is running: something was saved."""
        self._woken.set()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Stop after the attempt under way. Whatever it leaves undone waits for the next start."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def attempt(self) -> float:
        """Try once and return how many seconds to wait before the next attempt."""
        before = self._status
        try:
            is_renewed = self._renewed is not None and self._renewed.has_renewed
            upload = upload_pending(self._outbox, self._link, self._find_receipt_key(), is_renewed=is_renewed)
            if upload.key_doubted and self._renewed is not None:
                self._renewed.doubt()
            if self._roots is not None:
                self._roots.follow(upload.root_digest)
            self._tidy()
        except AskedToWait as error:
            structlog.get_logger().info("asked to wait", wait_s=error.wait_s)
            self._status = UploadStatus(problem=ProblemCode.ASKED_TO_WAIT)
            if self._status != before:
                self._on_change()
            return error.wait_s + self._chance.uniform(0.0, WAIT_SPREAD_S)
        except TerminalError as error:
            structlog.get_logger().info("upload failed", error=type(error).__name__, failures=self._failures + 1)
            self._status = self._note_since(_describe_failure(error), before)
            return self._back_off(changed=self._status != before)
        self._status = _describe_upload(upload, before)
        if upload.sent:
            self._heard_at = self._now()
            structlog.get_logger().info(
                "uploaded", sent=upload.sent, delivered=upload.delivered, refused=upload.refused
            )
        # Where nothing was delivered, a hurry would help nobody: refusals alone could go round and round.
        if not upload.is_whole or (upload.sent and not upload.delivered):
            return self._back_off(changed=self._status != before or upload.delivered + upload.refused > 0)
        self._failures = 0
        if upload.sent or self._status != before:
            self._on_change()
        return 0.0 if upload.sent else IDLE_S

    def _note_since(self, status: UploadStatus, before: UploadStatus) -> UploadStatus:
        return status if status.online else replace(status, offline_since=before.offline_since or self._now())

    def _find_receipt_key(self) -> Verifier:
        return self._receipt_key if self._roots is None else self._roots.receipt_key

    def _back_off(self, *, changed: bool) -> float:
        self._failures += 1
        if changed:
            self._on_change()
        return choose_delay_s(self._failures, self._chance)

    def _tidy(self) -> None:
        # Also before anything is deleted, so that a stay is never taken for finished too early.
        self._house.forget_departed()
        self._outbox.delete_old(self._keep)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                delay_s = self.attempt()
            except Exception as error:
                # The thread must live: a guest that is saved is sent, whatever one attempt met.
                structlog.get_logger().error("upload met a fault", error=type(error).__name__)
                # Nor may the screen go on saying that all is well.
                self._status = self._note_since(UploadStatus(False, ProblemCode.UNTRUSTED), self._status)
                delay_s = self._back_off(changed=True)
            if self._status.problem is ProblemCode.ASKED_TO_WAIT:
                self._stopping.wait(delay_s)  # also where something was saved meanwhile
            elif not self._stopping.is_set():
                self._woken.wait(delay_s)


def _is_about(receipt: Receipt, waiting: Waiting) -> bool:
    header = parse_envelope(waiting.envelope).header
    named = (receipt.terminal, receipt.generation, receipt.sequence, receipt.digest)
    return named == (header.terminal, header.generation, header.sequence, waiting.digest)


def _reopen(outbox: Outbox, reply: Reply) -> int:
    return outbox.reopen_above(reply.generation, max(0, reply.acknowledged_through))


def _count(verdicts: list[tuple[Waiting, Verdict]]) -> Upload:
    refusals = [verdict for _, verdict in verdicts if isinstance(verdict, Refusal)]
    standing = next((each.reason for each in refusals if each.reason.concerns_terminal), None)
    return Upload(
        delivered=len(verdicts) - len(refusals),
        refused=sum(not each.reason.concerns_terminal for each in refusals),
        standing=None if standing is None else ProblemCode(standing.name.lower()),
    )


def _describe_upload(upload: Upload, before: UploadStatus) -> UploadStatus:
    if not upload.sent:
        return before
    if upload.standing is not None:
        return UploadStatus(online=True, problem=upload.standing)
    if upload.unanswered == upload.put_off:
        return UploadStatus(problem=ProblemCode.ASKED_TO_WAIT if upload.put_off else None)
    return UploadStatus(problem=ProblemCode.UNTRUSTED)


def _describe_failure(error: TerminalError) -> UploadStatus:
    if isinstance(error, NotSaved):
        return UploadStatus(online=True, problem=error.code)
    if isinstance(error, Unreachable):
        return UploadStatus(online=False, problem=ProblemCode.UNREACHABLE)
    return UploadStatus(online=False, problem=_CERTIFICATE_PROBLEMS.get(error.where, ProblemCode.UNTRUSTED))
