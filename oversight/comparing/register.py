"""The registry's folder: decisions that two judges signed, withdrawals, what became of alerts, and reviews.

    decisions/*.note   withdrawn/*.note   outcomes.jsonl   quiet.jsonl   answered.jsonl   reviews.jsonl

beside box.key, box.pub and the log (`oversight.comparing.court_log`). The last four name nobody: digests, file numbers
and days. A judge's machine has a copy without `box.key` and without the log.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec

from oversight.comparing.errors import RegisterDamaged, RegisterMissing
from oversight.comparing.line_files import alone_with, append_lines, read_lines
from oversight.comparing.list_files import read_text
from oversight.keys import write_private
from records.comparing.annex import Annex
from records.comparing.decisions import Decision, load_decision, parse_draft
from records.comparing.errors import DecisionRefused
from records.comparing.mail import Outcome, OutcomeReport, QuietNotice
from records.comparing.reviews import Review
from records.comparing.withdrawals import Withdrawal, load_withdrawal, withdraws
from records.errors import RecordsError

_DECISIONS, _WITHDRAWN, _OUTCOMES, _REVIEWS = "decisions", "withdrawn", "outcomes.jsonl", "reviews.jsonl"
_QUIET, _ANSWERED = "quiet.jsonl", "answered.jsonl"
_MARK = "box.pub"


class KeptOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one alert of a decision ended."""

    leaf: str
    outcome: Outcome
    day: date
    alert: str  # a digest, so that a letter that comes twice counts once


class KeptSilence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That the station found too many false alerts: of a decision, or of all that a court has decided."""

    court: str
    leaf: str  # "" where all of the court's are quiet
    number: int  # of this court's notice
    day: date


class KeptReview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That a judge looked at a decision again, and left it in force."""

    leaf: str
    day: date


class KeptAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which notice about a whole court was answered."""

    court: str
    number: int


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """A decision of this court, with all that came after it."""

    decision: Decision = field(repr=False)
    outcomes: tuple[KeptOutcome, ...] = ()
    reviewed_on: date | None = None
    is_withdrawn: bool = False
    is_quiet: bool = False  # too many of its alerts were about other people


class Register:
    """A registry's folder, as it stands."""

    def __init__(self, folder: Path) -> None:
        """Raises: RegisterMissing. An empty folder would answer that nobody was ever confirmed."""
        if not (folder / _MARK).is_file():
            raise RegisterMissing(folder.name)
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self._folder

    def load(self, annex: Annex) -> list[KeptDecision]:
        """Return every decision, by file number. Raises: RegisterDamaged naming the file."""
        withdrawn = [self._load_withdrawal(path, annex) for path in self._list(_WITHDRAWN)]
        outcomes = read_lines(self._folder / _OUTCOMES, KeptOutcome)
        reviews = read_lines(self._folder / _REVIEWS, KeptReview)
        quiet = {each.leaf for each in read_lines(self._folder / _QUIET, KeptSilence)}
        found = []
        for path in self._list(_DECISIONS):
            decision = _load(path, annex)
            leaf = decision.leaf.hex()
            days = [each.day for each in reviews if each.leaf == leaf]
            found.append(
                KeptDecision(
                    decision,
                    tuple(each for each in outcomes if each.leaf == leaf),
                    max(days, default=None),
                    any(withdraws(each, decision.court, decision.leaf) for each in withdrawn),
                    leaf in quiet,
                )
            )
        return sorted(found, key=lambda each: each.decision.number)

    def keep_decision(self, decision: Decision) -> None:
        """Keep a decision with its two signatures."""
        self._write(_DECISIONS, decision.leaf, decision.note)

    def keep_withdrawal(self, note: str, annex: Annex) -> None:
        """Keep a withdrawal. Raises: BadSignature, MalformedBytes."""
        self._write(_WITHDRAWN, load_withdrawal(note, annex).leaf, note)

    def keep_outcome(self, report: OutcomeReport) -> bool:
        """Keep how an alert ended; tell whether it was new. Synced before the relay lets its letter go."""
        alert = hashlib.sha256(report.alert_tag).hexdigest()
        path = self._folder / _OUTCOMES
        with alone_with(path):
            if any(each.alert == alert for each in read_lines(path, KeptOutcome)):
                return False
            append_lines(path, KeptOutcome(report.leaf.hex(), report.outcome, report.day, alert))
        return True

    def keep_silence(self, notice: QuietNotice) -> None:
        """Keep that a decision or a court went quiet, once. Synced before the relay lets its letter go."""
        leaf = "" if notice.leaf is None else notice.leaf.hex()
        kept = KeptSilence(notice.court, leaf, notice.number, notice.day)
        path = self._folder / _QUIET
        with alone_with(path):
            if kept not in read_lines(path, KeptSilence):
                append_lines(path, kept)

    def keep_answer(self, review: Review) -> None:
        """Keep that a court's notice was answered by a review that court and oversight signed."""
        with alone_with(self._folder / _ANSWERED):
            append_lines(self._folder / _ANSWERED, KeptAnswer(review.court, review.notice))

    def list_silences(self) -> list[KeptSilence]:
        """Return the notices about whole courts that nobody has answered."""
        answered = read_lines(self._folder / _ANSWERED, KeptAnswer)
        notices = [each for each in read_lines(self._folder / _QUIET, KeptSilence) if not each.leaf]
        return [each for each in notices if KeptAnswer(each.court, each.number) not in answered]

    def keep_review(self, decision: Decision, day: date) -> None:
        """Keep that a judge looked at it again."""
        with alone_with(self._folder / _REVIEWS):
            append_lines(self._folder / _REVIEWS, KeptReview(decision.leaf.hex(), day))

    def _list(self, name: str) -> list[Path]:
        return sorted((self._folder / name).glob("*.note"))

    def _write(self, name: str, leaf: bytes, note: str) -> None:
        # Named by the digest: the same one again is the same file.
        (self._folder / name).mkdir(mode=0o700, exist_ok=True)
        write_private(self._folder / name / f"{leaf.hex()[:32]}.note", note.encode())

    def _load_withdrawal(self, path: Path, annex: Annex) -> Withdrawal:
        try:
            return load_withdrawal(read_text(path), annex)
        except RecordsError:
            raise RegisterDamaged(path.name) from None


def _load(path: Path, annex: Annex) -> Decision:
    try:
        note = read_text(path)
        # As of the day it was decided: what has expired stays in the register.
        return load_decision(note, annex, parse_draft(note.rpartition("\n\n")[0] + "\n").decided_on)
    except DecisionRefused:
        raise RegisterDamaged(path.name) from None
