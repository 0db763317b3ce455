"""A court's withdrawal of a decision: one signature is enough, since it only ever ends something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from records.comparing import texts
from records.comparing.annex import Annex
from records.comparing.decision_rules import MAX_NUMBER_CHARACTERS
from records.errors import BadSignature, MalformedBytes
from records.notes import Signer, join_lines, open_note, parse_unique_fields, sign_note

FIRST_LINE = "kuaijietong withdrawal of a decision v1"
_FIELDS = frozenset({"jurisdiction", "court", "decision", "leaf", "withdrawn-on", "reason"})


class WithdrawalReason(StrEnum):
    """Why a court withdraws; it changes nothing in what follows."""

    FOUND = "found"
    ACQUITTED = "acquitted"
    OVERTURNED = "overturned"
    WRONG_PERSON = "wrong-person"
    MISTAKE = "mistake"
    DIED = "died"
    NO_LONGER_NEEDED = "no-longer-needed"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A decision that is over."""

    jurisdiction: str
    court: str
    decision: str  # the court's file number
    leaf: bytes
    withdrawn_on: date
    reason: WithdrawalReason


def sign_withdrawal(withdrawal: Withdrawal, signer: Signer) -> str:
    """Return the withdrawal as a signed note."""
    return sign_note(_draft(withdrawal), signer)


def load_withdrawal(note: str, annex: Annex) -> Withdrawal:
    """Verify and parse a withdrawal: signed by any one key of the court that it names.

    That court and leaf belong together, whoever holds the decision checks (`withdraws`). Raises: BadSignature,
    MalformedBytes.
    """
    labels = [line.removeprefix("court: ") for line in note.split("\n") if line.startswith("court: ")]
    court = annex.find_court(labels[0]) if labels else None
    if court is None:
        raise MalformedBytes("court")
    for key in court.keys:
        try:
            text = open_note(note, key)
        except BadSignature:
            continue
        return _parse(text, annex, court.label)
    raise BadSignature("note")


def _parse(text: str, annex: Annex, court: str) -> Withdrawal:
    found = parse_unique_fields(text, FIRST_LINE, _FIELDS)
    try:
        withdrawal = Withdrawal(
            found["jurisdiction"], found["court"], found["decision"], texts.read_digest(found["leaf"]),
            texts.read_day(found["withdrawn-on"]), WithdrawalReason(found["reason"]),
        )  # fmt: skip
    except ValueError:
        raise MalformedBytes("withdrawal") from None
    texts.require_canonical(text, _draft(withdrawal), "withdrawal")
    if withdrawal.jurisdiction != annex.jurisdiction:
        raise MalformedBytes("jurisdiction")
    if withdrawal.court != court:
        raise MalformedBytes("court")
    if not texts.is_label(withdrawal.decision, MAX_NUMBER_CHARACTERS):
        raise MalformedBytes("decision")
    return withdrawal


def withdraws(withdrawal: Withdrawal, court: str, leaf: bytes) -> bool:
    """Tell whether a withdrawal is of the decision with this leaf: only its own court can withdraw it."""
    return (withdrawal.court, withdrawal.leaf) == (court, leaf)


def _draft(withdrawal: Withdrawal) -> str:
    return join_lines(
        [
            FIRST_LINE,
            f"jurisdiction: {withdrawal.jurisdiction}",
            f"court: {withdrawal.court}",
            f"decision: {withdrawal.decision}",
            f"leaf: {withdrawal.leaf.hex()}",
            f"withdrawn-on: {withdrawal.withdrawn_on.isoformat()}",
            f"reason: {withdrawal.reason}",
        ]
    )
