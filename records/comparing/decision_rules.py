"""What a decision must say to be one: every rule of DESIGN.md, section 9, and that it names specimens alone."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from records.comparing import texts
from records.comparing.acts import Act
from records.comparing.decision_text import Decision, ListedDocument, ListedName
from records.comparing.errors import DecisionFault, DecisionRefused
from records.comparing.slips import tag_strings
from records.documents import DocumentKind, Sex, check_number, list_contradictions
from records.errors import InvalidDocument
from records.specimens import PUBLISHED_SPECIMENS

MAX_NAMES = 5
MAX_DOCUMENTS = 4
MAX_NAME_CHARACTERS = 80
MAX_NUMBER_CHARACTERS = 60
ADULT_YEARS = 18
_SEXES = (Sex.MALE, Sex.FEMALE)
_STATE = re.compile(r"[A-Z]{1,3}")
_RESIDENT = (DocumentKind.RESIDENT_CARD, DocumentKind.TEMPORARY_CARD)
# What China issues has no other issuing state; of these, only numbers of nobody can be listed.
_CHINESE = frozenset(
    {
        *_RESIDENT, DocumentKind.PASSPORT_HONG_KONG, DocumentKind.PASSPORT_MACAO, DocumentKind.TRAVEL_PERMIT_TAIWAN,
        DocumentKind.TRAVEL_PERMIT_HONG_KONG_MACAO, DocumentKind.PERMANENT_RESIDENCE,
        DocumentKind.RESIDENCE_PERMIT_HK_MO_TW,
    }
)  # fmt: skip
# Without rules for their numbers they would let anything through, or have no number at all.
_NEVER_LISTED = frozenset({DocumentKind.OTHER, DocumentKind.NONE})
# U+3007, the zero of Chinese names, is a number to Unicode.
_BETWEEN_LETTERS = frozenset(" '’-.·•‧〇")


def check_decision(decision: Decision, on: date) -> None:
    """Check everything that a decision says, as of the day `on`. Raises: DecisionRefused."""
    if not texts.is_label(decision.number, MAX_NUMBER_CHARACTERS):
        raise DecisionRefused(DecisionFault.NUMBER)
    _check_act(decision)
    _check_days(decision, on)
    _check_person(decision)
    _check_names(decision.names)
    _check_documents(decision)


def is_adult(born: date, on: date) -> bool:
    """Tell whether somebody has turned 18 by the day `on`; who was born on 29 February has on 1 March."""
    return on >= _add_years(born, ADULT_YEARS)


def is_specimen_document(kind: DocumentKind, issuing_state: str, number: str) -> bool:
    """Tell whether a document is one that no living person holds; stricter than `specimens.is_specimen`.

    A number that was published as a specimen counts only with the kinds and the state that print it.
    """
    if kind in _RESIDENT:
        return issuing_state == "CHN" and number.startswith("99")
    if kind in _CHINESE:
        return issuing_state == "CHN" and number in PUBLISHED_SPECIMENS
    return kind is not DocumentKind.NONE and issuing_state == "UTO"


def _check_act(decision: Decision) -> None:
    if not isinstance(decision.act, Act):
        raise DecisionRefused(DecisionFault.ACT)
    escaped = decision.escaped_from
    if (decision.act is Act.ESCAPE_FROM_CUSTODY) != (escaped is not None) or escaped is Act.ESCAPE_FROM_CUSTODY:
        raise DecisionRefused(DecisionFault.ESCAPED_FROM)


def _check_days(decision: Decision, on: date) -> None:
    if decision.decided_on > on:
        raise DecisionRefused(DecisionFault.NOT_YET)
    if not decision.decided_on <= decision.valid_until <= _add_years(decision.decided_on, 1):
        raise DecisionRefused(DecisionFault.VALIDITY)
    if decision.valid_until < on:
        raise DecisionRefused(DecisionFault.EXPIRED)


def _check_person(decision: Decision) -> None:
    if not is_adult(decision.born, decision.decided_on):
        raise DecisionRefused(DecisionFault.MINOR)
    if decision.sex not in _SEXES:
        raise DecisionRefused(DecisionFault.SEX)


def _check_names(names: tuple[ListedName, ...]) -> None:
    if not 1 <= len(names) <= MAX_NAMES or len(set(names)) != len(names):
        raise DecisionRefused(DecisionFault.NAMES)
    for name in names:
        parts = [part for part in (name.full, name.surname, name.given) if part]
        if bool(name.full) == bool(name.surname) or not all(_is_name(part) for part in parts):
            raise DecisionRefused(DecisionFault.NAMES)


def _is_name(text: str) -> bool:
    """Tell whether a text is letters, with what may stand between them: no digits, no remarks in brackets."""
    if len(text) > MAX_NAME_CHARACTERS or text != text.strip() or unicodedata.normalize("NFC", text) != text:
        return False
    if not texts.INVISIBLE.isdisjoint(text):
        return False
    kinds = [unicodedata.category(each)[0] for each in text if each not in _BETWEEN_LETTERS]
    return "L" in kinds and set(kinds) <= {"L", "M"}


def _check_documents(decision: Decision) -> None:
    kinds = [document.kind for document in decision.documents]
    if not 1 <= len(kinds) <= MAX_DOCUMENTS or len(set(kinds)) != len(kinds):
        raise DecisionRefused(DecisionFault.DOCUMENTS)
    for document in decision.documents:
        _check_document(document, decision)


def _check_document(document: ListedDocument, decision: Decision) -> None:
    if document.kind in _NEVER_LISTED:
        raise DecisionRefused(DecisionFault.KIND)
    if not _STATE.fullmatch(document.issuing_state):
        raise DecisionRefused(DecisionFault.ISSUING_STATE)
    if (document.kind in _CHINESE) and document.issuing_state != "CHN":
        raise DecisionRefused(DecisionFault.ISSUING_STATE)
    try:
        facts = check_number(document.kind, document.number)
        # A number that makes no tags would be listed and never found.
        tag_strings(document.kind, document.number)
    except InvalidDocument:
        raise DecisionRefused(DecisionFault.DOCUMENT_NUMBER) from None
    if list_contradictions(facts, decision.born, Sex(decision.sex)):
        raise DecisionRefused(DecisionFault.CONTRADICTION)
    if not is_specimen_document(document.kind, document.issuing_state, document.number):
        raise DecisionRefused(DecisionFault.NOT_A_SPECIMEN)


def _add_years(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
