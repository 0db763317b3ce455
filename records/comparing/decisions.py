"""A court's decision about one person: the only thing that puts anybody on a list (FORMAT.md, "Decision").

Two signatures, by different keys of one court, over its exact bytes. A decision loads only while it is in force, only
with the annex that knows the court's keys, and only if it names a specimen.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from records.comparing.acts import Act, describe_act
from records.comparing.annex import Annex, CourtOfDecisions
from records.comparing.decision_rules import check_decision, is_adult, is_specimen_document
from records.comparing.decision_text import (
    FIRST_LINE,
    Decision,
    ListedDocument,
    ListedName,
    draft_text,
    hash_decision,
    parse_draft,
)
from records.comparing.errors import DecisionFault, DecisionRefused
from records.documents import DocumentKind, Sex
from records.errors import BadSignature, RecordsError
from records.notes import Signer, add_signature, sign_note, split_note

__all__ = [
    "FIRST_LINE", "MAX_NOTE_BYTES", "Act", "Decision", "ListedDocument", "ListedName", "check_decision",
    "describe_decision", "describe_kind", "draft_text", "hash_decision", "is_adult", "is_specimen_document",
    "load_decision", "parse_draft", "sign_decision", "sign_first", "sign_second",
]  # fmt: skip
# So that every one fits into an alert of fixed size, with proof and reasons beside it.
MAX_NOTE_BYTES = 3072
_SIGNATURES = 2
_KIND_WORDS: dict[DocumentKind, tuple[str, str]] = {
    DocumentKind.RESIDENT_CARD: ("居民身份证", "resident identity card"),
    DocumentKind.TEMPORARY_CARD: ("临时居民身份证", "temporary identity card"),
    DocumentKind.PASSPORT_DIPLOMATIC: ("外交护照", "diplomatic passport"),
    DocumentKind.PASSPORT_SERVICE: ("公务护照", "service passport"),
    DocumentKind.PASSPORT: ("普通护照", "passport"),
    DocumentKind.PASSPORT_HONG_KONG: ("香港特别行政区护照", "Hong Kong SAR passport"),
    DocumentKind.PASSPORT_MACAO: ("澳门特别行政区护照", "Macao SAR passport"),
    DocumentKind.TRAVEL_PERMIT_TAIWAN: ("台湾居民来往大陆通行证", "travel permit for Taiwan residents"),
    DocumentKind.TRAVEL_PERMIT_HONG_KONG_MACAO: ("港澳居民来往内地通行证", "travel permit for Hong Kong and Macao"),
    DocumentKind.PERMANENT_RESIDENCE: ("外国人永久居留身份证", "permanent residence card"),
    DocumentKind.RESIDENCE_PERMIT_HK_MO_TW: ("港澳台居民居住证", "residence permit for Hong Kong, Macao and Taiwan"),
    DocumentKind.IDENTITY_CARD_FOREIGN: ("外国身份证", "foreign identity card"),
}


def sign_decision(decision: Decision, first: Signer, second: Signer) -> str:
    """Return the decision as a note that two keys have signed.

    Raises: DecisionRefused for one that would be refused on the day it was decided, and for one key twice.
    """
    if first.key.public == second.key.public:
        raise DecisionRefused(DecisionFault.SAME_KEY)
    return sign_second(sign_first(decision, first), second)


def sign_first(decision: Decision, signer: Signer) -> str:
    """Return the decision with the first of its signatures. It does not load yet. Raises: DecisionRefused."""
    check_decision(decision, decision.decided_on)
    return sign_note(draft_text(decision), signer)


def sign_second(note: str, signer: Signer) -> str:
    """Return the note with another signature below the first, over the same text.

    What the text says is checked once more; whose the first signature is, `load_decision` checks. Raises:
    DecisionRefused.
    """
    text, signatures = _split(note)
    decision = parse_draft(text)
    check_decision(decision, decision.decided_on)
    if len(signatures) != 1:
        raise DecisionRefused(DecisionFault.SIGNATURES)
    if signatures[0][0] == signer.name or signatures[0][1][:4] == signer.verifier.key_id:
        raise DecisionRefused(DecisionFault.SAME_KEY)
    return add_signature(note, signer)


def load_decision(note: str, annex: Annex, on: date) -> Decision:
    """Verify and parse a decision as of the day `on`.

    Raises: DecisionRefused with one fault of the closed list.
    """
    if len(note.encode(errors="replace")) > MAX_NOTE_BYTES:
        raise DecisionRefused(DecisionFault.SIZE)
    text, signatures = _split(note)
    court = _find_court(text, annex)
    _check_signatures(text, signatures, court)
    decision = parse_draft(text)
    if decision.jurisdiction != annex.jurisdiction:
        raise DecisionRefused(DecisionFault.JURISDICTION)
    # parse_draft takes the court's field once only; this is the one whose keys were asked.
    if decision.court != court.label:
        raise DecisionRefused(DecisionFault.COURT)
    check_decision(decision, on)
    return replace(decision, note=note, leaf=hash_decision(text))


def describe_decision(decision: Decision) -> list[str]:
    """Return in plain words, Chinese and English, what a court signs or oversight countersigns: everything in it."""
    act_zh, act_en = describe_act(decision.act)
    lines = [
        f"演示，仅限样本 Demonstration, specimens only. 辖区 Jurisdiction: {decision.jurisdiction}",
        f"法院 Court: {decision.court}　文号 File number: {decision.number}　{decision.decided_on}",
        "请将以下一人在入住登记时进行比对，别无他人：",
        "asks that ONE person, and nobody else, be compared when checking in at lodgings:",
        *(f"  姓名 Name: {_say_name(name)}" for name in decision.names),
        f"  出生日期 Born: {decision.born}　性别 Sex: {'男 male' if decision.sex == Sex.MALE else '女 female'}",
    ]
    for document in decision.documents:
        zh, en = describe_kind(document.kind)
        lines.append(f"  证件 Document: {zh} {en}, {document.issuing_state} {document.number}")
    lines.append(f"  行为 Act: {act_zh}　{act_en}")
    if decision.escaped_from is not None:
        zh, en = describe_act(decision.escaped_from)
        lines.append(f"  羁押所涉行为 Held for: {zh}　{en}")
    days = (decision.valid_until - decision.decided_on).days
    return [
        *lines,
        f"  有效期至 Valid until: {decision.valid_until}（{days} 天 days; 最长十二个月 at most twelve months）",
        "命中时，当地派出所会收到提醒；是否本人须由人核实。 If a document number fits, the local station is alerted;",
        "whether it is this person, a human must find out. 法院可随时撤回。 The court can withdraw it at any time.",
    ]


def describe_kind(kind: DocumentKind) -> tuple[str, str]:
    """Return a kind of document that a decision may name in plain words: Chinese and English."""
    return _KIND_WORDS.get(kind, ("", str(kind)))


def _say_name(name: ListedName) -> str:
    return name.full or " ".join(filter(None, (f"姓 surname {name.surname}", name.given and f"名 given {name.given}")))


def _split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    try:
        return split_note(note)
    except (RecordsError, UnicodeEncodeError):
        raise DecisionRefused(DecisionFault.FORM) from None


def _find_court(text: str, annex: Annex) -> CourtOfDecisions:
    # Read before any signature is checked, only to know whose keys to ask.
    labels = [line.removeprefix("court: ") for line in text.split("\n") if line.startswith("court: ")]
    court = annex.find_court(labels[0]) if len(labels) == 1 else None
    if court is None:
        raise DecisionRefused(DecisionFault.COURT)
    return court


def _check_signatures(text: str, signatures: list[tuple[str, bytes]], court: CourtOfDecisions) -> None:
    """Check that two different keys of the court signed, and that nothing else stands below the text."""
    keys = {(verifier.name, verifier.key_id): verifier for verifier in court.keys}
    named = [(name, data[:4]) for name, data in signatures]
    if not set(named) <= keys.keys():
        raise DecisionRefused(DecisionFault.FOREIGN_KEY)
    if len(named) != _SIGNATURES:
        raise DecisionRefused(DecisionFault.SIGNATURES)
    if len(set(named)) != _SIGNATURES:
        raise DecisionRefused(DecisionFault.SAME_KEY)
    for name, data in signatures:
        try:
            keys[name, data[:4]].key.verify(text.encode(), data[4:])
        except BadSignature:
            raise DecisionRefused(DecisionFault.CHANGED) from None
