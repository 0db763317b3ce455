"""How two document numbers differ, and which of them the check characters say is the misreading.

Only a number's date and sex are ever read, and only from kinds that have them; nothing reads its region.
"""

from __future__ import annotations

from datetime import date

from matcher.person import Listed, PartialDate, Person, PersonDocument
from records.comparing.slips import normal_form
from records.documents import DocumentKind, NumberFacts, check_number
from records.errors import InvalidDocument
from records.numbers import compute_mod_10_731

SLIPS = frozenset({"wrong_character", "missing_character", "additional_character", "neighbours_swapped"})

_RESIDENT = frozenset({"111", "112", "x01"})
_PASSPORTS = frozenset({"411", "412", "413", "414", "420", "421"})
_UNKNOWN_KINDS = frozenset({"990", ""})
_HAS_CHECK = frozenset({"111", "112", "x01", "553"})
_KINDS = frozenset(kind.value for kind in DocumentKind)


def grade_number(listed: PersonDocument, guest: PersonDocument) -> str:
    """Return same, one of SLIPS, or different: how the guest's number differs from the listed one.

    A character that moved further than one place is no slip, although such numbers share a tag.
    """
    return grade_strings(normal_form(listed.kind, listed.number), normal_form(guest.kind, guest.number))


def grade_strings(listed: str, guest: str) -> str:
    """Return how the second of two normal forms differs from the first: same, one of SLIPS, or different."""
    if listed == guest:
        return "same"
    start = _common_length(listed, guest)
    end = _common_length(listed[start:][::-1], guest[start:][::-1])
    was, became = listed[start : len(listed) - end], guest[start : len(guest) - end]
    if len(was) <= 1 and len(became) <= 1:
        return ("additional_character", "missing_character", "wrong_character")[len(was) + (len(was) & len(became))]
    return "neighbours_swapped" if len(was) == 2 and was[::-1] == became else "different"


def _common_length(first: str, second: str) -> int:
    length = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        length += 1
    return length


def grade_sequence(listed: PersonDocument, guest: PersonDocument, grade: str) -> str:
    """Return at_end where a slip is such that the two may be documents issued one after the other, else silent.

    Families and twins are given neighbouring numbers: those differ in the last places, before a check character if
    there is one. A slip further ahead, or a character too few or too many there, no neighbour's number explains.
    """
    if grade not in SLIPS:
        return "silent"
    was, became = normal_form(listed.kind, listed.number), normal_form(guest.kind, guest.number)
    longest = max(len(was), len(became))
    return "at_end" if _common_length(was, became) >= longest - _count_last_places(listed.kind, longest) else "silent"


def _count_last_places(kind: str, length: int) -> int:
    """Return in how many places at the end numbers of documents issued together differ."""
    if kind in _HAS_CHECK:
        return 4  # three of a sequence, and the check character
    # The travel permit of 11 characters ends in two that count how often it was issued to the same person.
    return 4 if kind == "516" and length >= 11 else 2


def pick_document(listed: Listed, guest: PersonDocument) -> tuple[PersonDocument, str]:
    """Return the listed document nearest to the guest's, and the grade of its number."""
    graded = [(document, grade_number(document, guest)) for document in listed.documents]
    order = ("same", *sorted(SLIPS), "different")
    return min(graded, key=lambda each: (order.index(each[1]), not are_of_one_family(each[0].kind, guest.kind)))


def are_of_one_family(listed: str, guest: str) -> bool:
    """Tell whether two kinds may be the same document, as a reader or a clerk names it; "other" may be any."""
    if listed == guest or _UNKNOWN_KINDS & {listed, guest}:
        return True
    return any(listed in family and guest in family for family in (_RESIDENT, _PASSPORTS))


def grade_check(listed: PersonDocument, guest: Person, grade: str) -> str:
    """Return what check characters say of a slip: whose number is the misreading, if it is one.

    guest_misread, list_mistaken, both_valid (two real numbers, so two documents), neither_valid, or untold.
    A zone's number passed its 7-3-1 check digit: a slip which changes that digit would have been refused when read.
    """
    if grade not in SLIPS:
        return "untold"
    if listed.kind in _HAS_CHECK and guest.document.kind in _HAS_CHECK:
        return {
            (True, True): "both_valid",
            (True, False): "guest_misread",
            (False, True): "list_mistaken",
            (False, False): "neither_valid",
        }[_is_valid(listed), _is_valid(guest.document)]
    return _grade_passport_check(listed, guest)


def _grade_passport_check(listed: PersonDocument, guest: Person) -> str:
    if not _is_valid(listed):
        return "list_mistaken" if _is_valid(guest.document) else "neither_valid"
    if not _is_valid(guest.document):
        return "guest_misread"
    if guest.chip == "verified":
        return "both_valid"  # the chip's signature covers the number, so no character of it was misread
    if guest.how_read not in ("mrz", "chip"):
        return "untold"
    checks = {compute_mod_10_731(normal_form(each.kind, each.number)) for each in (listed, guest.document)}
    return "untold" if len(checks) == 1 else "both_valid"


def _is_valid(document: PersonDocument) -> bool:
    return _read_facts(document) is not None


def _read_facts(document: PersonDocument) -> NumberFacts | None:
    """Return what the number tells of its holder; None where the rule of its kind refuses it."""
    if document.kind not in _KINDS:
        return NumberFacts()
    try:
        return check_number(DocumentKind(document.kind), normal_form(document.kind, document.number))
    except InvalidDocument:
        return None


def grade_what_number_says(listed: PersonDocument, guest: Person, born: PartialDate) -> str:
    """Return whether the listed number's own date and sex fit the guest's card.

    fits, contradicts (the number belongs to somebody born another day or of another sex), or silent.
    """
    facts = _read_facts(listed)
    if facts is None or facts == NumberFacts():
        return "silent"
    if facts.sex is not None and guest.sex in ("1", "2") and facts.sex.value != guest.sex:
        return "contradicts"
    if not born.is_full:
        return "silent"
    day = date(born.year, born.month, born.day)
    fits = facts.birth_date in (None, day) and facts.birth_yymmdd in ("", f"{day:%y%m%d}")
    return "fits" if fits else "contradicts"
