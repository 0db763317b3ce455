"""Spanish identity numbers: NIF and NIE, and which of them a document shows."""

from __future__ import annotations

import re

from records.documents import DocumentKind
from records.stays import HeldDocument
from terminal.destinations.ses_hospedajes.codes import DocumentCode

# The order of check letters for a number modulo 23 (Real Decreto 1553/2005, and the tax office's for K, L, M, X, Y, Z).
_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_NIF = re.compile(r"([0-9]{8}|[KLM][0-9]{7})[A-Z]")
_NIE = re.compile(r"[XYZ][0-9]{7}[A-Z]")
_LEADING = {"X": "0", "Y": "1", "Z": "2", "K": "", "L": "", "M": ""}
_PASSPORTS = frozenset(
    {
        DocumentKind.PASSPORT,
        DocumentKind.PASSPORT_DIPLOMATIC,
        DocumentKind.PASSPORT_SERVICE,
        DocumentKind.PASSPORT_HONG_KONG,
        DocumentKind.PASSPORT_MACAO,
    }
)


def is_nif(number: str) -> bool:
    """Tell whether a number is a NIF of a person, its check letter included."""
    return bool(_NIF.fullmatch(number)) and _has_check_letter(number)


def is_nie(number: str) -> bool:
    """Tell whether a number is a NIE, its check letter included."""
    return bool(_NIE.fullmatch(number)) and _has_check_letter(number)


def name_document(document: HeldDocument) -> DocumentCode | None:
    """Return the service's code of a document, None where there is none.

    A card of Spain is a NIF until its holder's number says that it is a NIE: `decide_spanish`.
    """
    if document.kind is DocumentKind.NONE:
        return None
    if document.kind in _PASSPORTS:
        return DocumentCode.PASSPORT
    if document.issuing_state == "ESP":
        return DocumentCode.NIF
    return DocumentCode.OTHER


def decide_spanish(national_number: str) -> DocumentCode:
    """Return which of the two a holder's number is, by its first letter; NIF for what is neither."""
    return DocumentCode.NIE if _NIE.fullmatch(national_number) else DocumentCode.NIF


def is_national_number(number: str) -> bool:
    """Tell whether a number is a holder's (NIF, NIE) and not a card's own."""
    return is_nif(number) or is_nie(number)


def _has_check_letter(number: str) -> bool:
    digits = _LEADING.get(number[0], number[0]) + number[1:-1]
    return _LETTERS[int(digits) % 23] == number[-1]
