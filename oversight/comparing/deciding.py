"""The court's tool: a draft from a file, shown in full, signed by two judges one after the other, and withdrawn.

Offline: it reads and writes files. A draft comes from a file and not from the command line, where a name would stay in
the shell's history and in the list of processes.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from oversight.comparing.errors import DraftRefused, FirstSignatureFalse, NotThisCourt, SignedAlready
from records.comparing.acts import Act
from records.comparing.annex import Annex, CourtOfDecisions
from records.comparing.decisions import (
    Decision,
    ListedDocument,
    ListedName,
    check_decision,
    load_decision,
    parse_draft,
    sign_first,
    sign_second,
)
from records.comparing.errors import DecisionFault, DecisionRefused
from records.comparing.withdrawals import Withdrawal, WithdrawalReason, sign_withdrawal
from records.documents import DocumentKind
from records.errors import BadSignature, MalformedBytes
from records.notes import NoteVerifier, Signer, split_note
from records.numbers import normalise_number

MAX_DRAFT_BYTES = 16 * 1024
_NEEDED = frozenset({"number", "act", "valid_until", "names", "born", "sex", "documents"})
_FIELDS = _NEEDED | {"escaped_from", "decided_on"}
_NAME_FIELDS = frozenset({"surname", "given"})
_DOCUMENT_FIELDS = frozenset({"kind", "issuing_state", "number"})


@dataclass(frozen=True, slots=True)
class SignedStep:
    """A decision with one more signature."""

    note: str
    decision: Decision
    is_complete: bool


def read_draft(data: bytes, *, jurisdiction: str, court: str, today: date) -> Decision:
    """Return the decision that a JSON file describes, checked as oversight and office will check it.

    Raises: DraftRefused for what is no such file, DecisionRefused naming the fault (and an unknown field by its name).
    """
    return compose_decision(_read_json(data), jurisdiction=jurisdiction, court=court, today=today)


def compose_decision(raw: dict[str, Any], *, jurisdiction: str, court: str, today: date) -> Decision:
    """Return the decision of these fields, those of the JSON file. Raises: as `read_draft`."""
    _check_names_of_fields(raw, _FIELDS, _NEEDED)
    escaped = raw.get("escaped_from")
    decision = Decision(
        jurisdiction=jurisdiction,
        court=court,
        number=_text(raw["number"]),
        decided_on=_read(date.fromisoformat, raw.get("decided_on", today.isoformat()), DecisionFault.DATE),
        act=_read(Act, raw["act"], DecisionFault.ACT),
        escaped_from=None if escaped is None else _read(Act, escaped, DecisionFault.ESCAPED_FROM),
        valid_until=_read(date.fromisoformat, raw["valid_until"], DecisionFault.DATE),
        names=tuple(_read_name(each) for each in _list(raw["names"])),
        born=_read(date.fromisoformat, raw["born"], DecisionFault.BIRTH_DATE),
        sex=_text(raw["sex"]),
        documents=tuple(_read_document(each) for each in _list(raw["documents"])),
    )
    check_decision(decision, today)
    return decision


def read_next(text: str, judge: NoteVerifier, annex: Annex, today: date) -> Decision:
    """Return what this judge would sign, with everything checked that can be: before it is shown to anybody.

    A text could carry orders to a screen, and a first signature be false. Raises: NotThisCourt, SignedAlready,
    FirstSignatureFalse, DecisionRefused.
    """
    draft, signatures = _split(text) if "\n\n" in text else (text, [])
    decision = parse_draft(draft)
    court = _find_own_court(decision, judge, annex)
    if signatures:
        if len(signatures) != 1 or signatures[0][0] == judge.name:
            raise SignedAlready
        _check_first(draft, signatures[0], court)
    check_decision(decision, today)
    return decision


def sign_next(text: str, signer: Signer, annex: Annex, today: date) -> SignedStep:
    """Return a draft with its first signature, or a half-signed decision with its second.

    The first judge's signature is checked before the second judge signs, and the whole is loaded as everybody will
    load it. Raises: as `read_next`, and whatever the signer's token says.
    """
    decision = read_next(text, signer.verifier, annex, today)
    if "\n\n" not in text:
        return SignedStep(sign_first(decision, signer), decision, False)
    note = sign_second(text, signer)
    return SignedStep(note, load_decision(note, annex, today), True)


def withdraw_decision(note: str, reason: WithdrawalReason, signer: Signer, annex: Annex, today: date) -> str:
    """Return the signed withdrawal of a decision of this judge's own court. Raises: NotThisCourt, DecisionRefused."""
    draft, _ = _split(note)
    # As of the day it was decided: an expired one may be withdrawn too.
    decision = load_decision(note, annex, parse_draft(draft).decided_on)
    _find_own_court(decision, signer.verifier, annex)
    return sign_withdrawal(
        Withdrawal(decision.jurisdiction, decision.court, decision.number, decision.leaf, today, reason), signer
    )


def find_court_of(verifier_name: str, annex: Annex) -> CourtOfDecisions:
    """Return the court that has a key of this name. Raises: NotThisCourt."""
    for court in annex.courts:
        if any(key.name == verifier_name for key in court.keys):
            return court
    raise NotThisCourt


def _find_own_court(decision: Decision, judge: NoteVerifier, annex: Annex) -> CourtOfDecisions:
    court = annex.find_court(decision.court)
    if court is None or judge not in court.keys or decision.jurisdiction != annex.jurisdiction:
        raise NotThisCourt
    return court


def _check_first(draft: str, signature: tuple[str, bytes], court: CourtOfDecisions) -> None:
    name, data = signature
    key = next((each for each in court.keys if (each.name, each.key_id) == (name, data[:4])), None)
    if key is None:
        raise FirstSignatureFalse
    try:
        key.key.verify(draft.encode(), data[4:])
    except BadSignature:
        raise FirstSignatureFalse from None


def _split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    try:
        return split_note(note)
    except MalformedBytes:
        raise DecisionRefused(DecisionFault.FORM) from None


def _read_json(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_DRAFT_BYTES:
        raise DraftRefused("too long")
    try:
        raw = json.loads(data, object_pairs_hook=_refuse_twice)
    except (ValueError, RecursionError):
        raise DraftRefused("no JSON") from None
    if not isinstance(raw, dict):
        raise DraftRefused("no JSON object")
    return raw


def _refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers of one file could otherwise see two different people.
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError
    return dict(pairs)


def _check_names_of_fields(raw: dict[str, Any], allowed: frozenset[str], needed: frozenset[str]) -> None:
    for name in raw:
        if name not in allowed:
            raise DecisionRefused(DecisionFault.FIELD, name.replace("_", "-"))
    for name in sorted(needed - raw.keys()):
        raise DecisionRefused(DecisionFault.MISSING, name.replace("_", "-"))


def _read_name(raw: Any) -> ListedName:
    if isinstance(raw, str):
        return ListedName(full=_name(raw))
    if not isinstance(raw, dict):
        raise DecisionRefused(DecisionFault.NAMES)
    _check_names_of_fields(raw, _NAME_FIELDS, frozenset({"surname"}))
    return ListedName(surname=_name(raw["surname"]), given=_name(raw.get("given", "")))


def _read_document(raw: Any) -> ListedDocument:
    if not isinstance(raw, dict):
        raise DecisionRefused(DecisionFault.DOCUMENTS)
    _check_names_of_fields(raw, _DOCUMENT_FIELDS, _DOCUMENT_FIELDS)
    kind = _read(DocumentKind, raw["kind"], DecisionFault.KIND)
    return ListedDocument(kind, _text(raw["issuing_state"]), normalise_number(_text(raw["number"])))


def _read(form: Callable[[str], Any], value: Any, fault: DecisionFault) -> Any:
    try:
        return form(_text(value))
    except ValueError:
        raise DecisionRefused(fault) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise DraftRefused("a value that is no text")
    return value


def _name(value: Any) -> str:
    # A compatibility form from an old table is the same name; decisions have one form of it.
    return unicodedata.normalize("NFC", _text(value)).strip()


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise DraftRefused("names and documents are lists")
    return value
