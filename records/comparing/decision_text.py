"""The text of a decision: its fields are a closed list, and it is written in one way only, so that it has one leaf.

There is no field for ethnicity, religion, region, association, petition, debt, or anything else than who is meant and
for which act. What the values must be, `decision_rules` says; signatures, `decisions`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from records import tree
from records.comparing import texts
from records.comparing.acts import Act
from records.comparing.errors import DecisionFault, DecisionRefused
from records.documents import DocumentKind
from records.errors import MalformedBytes
from records.notes import join_lines, parse_fields

FIRST_LINE = "kuaijietong decision on one person v1"
_NAME, _PARTS, _DOCUMENT, _ESCAPED = "name", "name-in-parts", "document", "escaped-from"
_SINGLE = ("jurisdiction", "court", "number", "decided-on", "act", "valid-until", "born", "sex")
_FIELDS = frozenset({*_SINGLE, _NAME, _PARTS, _DOCUMENT, _ESCAPED})
_BETWEEN_PARTS = " / "


@dataclass(frozen=True, slots=True)
class ListedName:
    """One form of the person's name: either whole, or in its parts. Of one part, it is the surname."""

    full: str = field(default="", repr=False)
    surname: str = field(default="", repr=False)
    given: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """A document of the person."""

    kind: DocumentKind
    issuing_state: str  # ISO 3166 alpha-3, or UTO
    number: str = field(repr=False)  # normal form


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision. `note` and `leaf` are empty before it is signed and loaded."""

    jurisdiction: str
    court: str  # its label in the annex
    number: str  # the court's own file number
    decided_on: date
    act: Act
    escaped_from: Act | None  # of which act the person was held for, who escaped; None with any other act
    valid_until: date  # the last day
    names: tuple[ListedName, ...] = field(repr=False)  # 1 to 5 forms of one name
    born: date = field(repr=False)
    sex: str = field(repr=False)  # "1" or "2"
    documents: tuple[ListedDocument, ...] = field(repr=False)  # 1 to 4, one of a kind
    note: str = field(default="", repr=False)
    leaf: bytes = b""  # what stands in lists, permits and withdrawals: RFC 6962's leaf hash of the text


def draft_text(decision: Decision) -> str:
    """Return the text that the court signs. It is checked by `check_decision`, not here."""
    escaped = [f"{_ESCAPED}: {decision.escaped_from}"] if decision.escaped_from is not None else []
    lines = [
        FIRST_LINE,
        f"jurisdiction: {decision.jurisdiction}",
        f"court: {decision.court}",
        f"number: {decision.number}",
        f"decided-on: {decision.decided_on.isoformat()}",
        f"act: {decision.act}",
        *escaped,
        f"valid-until: {decision.valid_until.isoformat()}",
        *(_write_name(name) for name in decision.names),
        f"born: {decision.born.isoformat()}",
        f"sex: {decision.sex}",
        *(f"{_DOCUMENT}: {each.kind} {each.issuing_state} {each.number}" for each in decision.documents),
    ]
    return join_lines(lines)


def parse_draft(text: str) -> Decision:
    """Read a decision's text without its signatures; what it says is checked by `check_decision`.

    Raises: DecisionRefused for anything that `draft_text` would not have written.
    """
    try:
        pairs = parse_fields(text, FIRST_LINE)
    except MalformedBytes:
        raise DecisionRefused(DecisionFault.FORM) from None
    single = _read_single(pairs)
    try:
        decision = Decision(
            jurisdiction=single["jurisdiction"],
            court=single["court"],
            number=single["number"],
            decided_on=_read_day(single["decided-on"], DecisionFault.DATE),
            act=_read_act(single["act"], DecisionFault.ACT),
            escaped_from=_read_escaped(pairs),
            valid_until=_read_day(single["valid-until"], DecisionFault.DATE),
            names=tuple(_read_name(name, value) for name, value in pairs if name in (_NAME, _PARTS)),
            born=_read_day(single["born"], DecisionFault.BIRTH_DATE),
            sex=single["sex"],
            documents=tuple(_read_document(value) for name, value in pairs if name == _DOCUMENT),
        )
        texts.require_canonical(text, draft_text(decision), "decision")
    except MalformedBytes:
        raise DecisionRefused(DecisionFault.ORDER) from None
    return decision


def hash_decision(text: str) -> bytes:
    """Return the leaf of a decision's text: RFC 6962's hash of the signed text, without signature lines."""
    return tree.hash_leaf(text.encode())


def _read_single(pairs: list[tuple[str, str]]) -> dict[str, str]:
    for name, _ in pairs:
        if name not in _FIELDS:
            raise DecisionRefused(DecisionFault.FIELD, name)
    single = {name: value for name, value in pairs if name in _SINGLE}
    for name in _SINGLE:
        if name not in single:
            raise DecisionRefused(DecisionFault.MISSING, name)
    return single


def _read_day(text: str, fault: DecisionFault) -> date:
    try:
        return texts.read_day(text)
    except ValueError:
        raise DecisionRefused(fault) from None


def _read_act(text: str, fault: DecisionFault) -> Act:
    try:
        return Act(text)
    except ValueError:
        raise DecisionRefused(fault) from None


def _read_escaped(pairs: list[tuple[str, str]]) -> Act | None:
    values = [value for name, value in pairs if name == _ESCAPED]
    return _read_act(values[-1], DecisionFault.ESCAPED_FROM) if values else None


def _write_name(name: ListedName) -> str:
    if not name.surname and not name.given:
        return f"{_NAME}: {name.full}"
    if name.full:
        raise MalformedBytes("name")  # whole or in parts: both would be two forms in one
    return f"{_PARTS}: {name.surname}{_BETWEEN_PARTS + name.given if name.given else ''}"


def _read_name(field_name: str, value: str) -> ListedName:
    if field_name == _NAME:
        return ListedName(full=value)
    surname, _, given = value.partition(_BETWEEN_PARTS)
    return ListedName(surname=surname, given=given)


def _read_document(value: str) -> ListedDocument:
    kind, *rest = value.split(" ")
    if len(rest) != 2:
        raise DecisionRefused(DecisionFault.DOCUMENTS)
    try:
        return ListedDocument(DocumentKind(kind), rest[0], rest[1])
    except ValueError:
        raise DecisionRefused(DecisionFault.KIND) from None
