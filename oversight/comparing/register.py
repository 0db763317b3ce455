"""The registry's folder: decisions that two judges signed, withdrawals, what became of alerts, and reviews.

    decisions/*.note   withdrawn/*.note   outcomes.jsonl   reviews.jsonl      beside box.key and box.pub

The last two name nobody: digests, file numbers and days. A judge's machine has a copy without `box.key`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

import msgspec

from oversight.comparing.errors import RegisterDamaged, RegisterMissing
from oversight.comparing.list_files import read_text
from oversight.keys import write_private
from records.comparing.annex import Annex
from records.comparing.decisions import Decision, load_decision, parse_draft
from records.comparing.errors import DecisionRefused
from records.comparing.mail import Outcome, OutcomeReport
from records.comparing.withdrawals import Withdrawal, load_withdrawal, withdraws
from records.errors import RecordsError

_DECISIONS, _WITHDRAWN, _OUTCOMES, _REVIEWS = "decisions", "withdrawn", "outcomes.jsonl", "reviews.jsonl"
_MARK = "box.pub"
Line = TypeVar("Line", bound=msgspec.Struct)


class KeptOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one alert of a decision ended."""

    leaf: str
    outcome: Outcome
    day: date
    alert: str  # a digest, so that a letter that comes twice counts once


class KeptReview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That a judge looked at a decision again, and left it in force."""

    leaf: str
    day: date


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """A decision of this court, with all that came after it."""

    decision: Decision = field(repr=False)
    outcomes: tuple[KeptOutcome, ...] = ()
    reviewed_on: date | None = None
    is_withdrawn: bool = False


class Register:
    """A registry's folder, as it stands."""

    def __init__(self, folder: Path) -> None:
        """Raises: RegisterMissing. An empty folder would answer that nobody was ever confirmed."""
        if not (folder / _MARK).is_file():
            raise RegisterMissing(folder.name)
        self._folder = folder

    def load(self, annex: Annex) -> list[KeptDecision]:
        """Return every decision, by file number. Raises: RegisterDamaged naming the file."""
        withdrawn = [self._load_withdrawal(path, annex) for path in self._list(_WITHDRAWN)]
        outcomes = _read_lines(self._folder / _OUTCOMES, KeptOutcome)
        reviews = _read_lines(self._folder / _REVIEWS, KeptReview)
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
        if any(each.alert == alert for each in _read_lines(path, KeptOutcome)):
            return False
        _append(path, KeptOutcome(report.leaf.hex(), report.outcome, report.day, alert))
        return True

    def keep_review(self, decision: Decision, day: date) -> None:
        """Keep that a judge looked at it again."""
        _append(self._folder / _REVIEWS, KeptReview(decision.leaf.hex(), day))

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


def _read_lines(path: Path, form: type[Line]) -> list[Line]:
    if not path.exists():
        return []
    try:
        return [msgspec.json.decode(line, type=form) for line in path.read_bytes().splitlines()]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise RegisterDamaged(path.name) from None


def _append(path: Path, line: msgspec.Struct) -> None:
    # Whole or not at all: a line cut in two by a power cut would make the file unreadable.
    before = path.read_bytes() if path.exists() else b""
    write_private(path, before + msgspec.json.encode(line) + b"\n")
