"""Checks a form as it is typed, and makes the document of one that is complete. No clock, no disk."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from drivers.proto.mrz_states import read_state
from records.documents import (
    ChipVerdict,
    DocumentKind,
    HowRead,
    IdentityDocument,
    NumberFacts,
    PersonName,
    Sex,
    ShownPaper,
    TypedBecause,
    Typing,
    check_number,
    list_contradictions,
)
from records.errors import InvalidDocument
from records.numbers import normalise_number
from terminal.codes import ProblemCode
from terminal.errors import NotTaken
from terminal.guest_book import is_minor
from terminal.typed.draft import (
    LINES_KIND,
    MAX_ADDRESS,
    Finding,
    FindingCode,
    Tone,
    TypedDraft,
    TypedField,
    TypingRules,
    is_ready,
)
from terminal.typed.fields import judge_number, parse_day, read_name
from terminal.typed.forms import FORMS, Need, list_fields
from terminal.typed.lines import check_digits, check_shape, read_lines, tidy_lines

# Nobody alive was born earlier.
_OLDEST_YEARS = 120


@dataclass(slots=True)
class _Reading:
    """What has been understood of a form so far."""

    names: dict[TypedField, str] = field(default_factory=dict, repr=False)
    number: str = field(default="", repr=False)
    facts: NumberFacts = field(default_factory=NumberFacts, repr=False)
    birth_date: date | None = field(default=None, repr=False)
    sex: Sex | None = field(default=None, repr=False)
    states: dict[TypedField, str] = field(default_factory=dict, repr=False)
    valid_until: date | None = field(default=None, repr=False)
    document: IdentityDocument | None = None  # of printed lines


def check_draft(draft: TypedDraft, rules: TypingRules, today: date) -> tuple[Finding, ...]:
    """Return what is to be said of every field. Raises: NotTaken(KIND_NOT_ALLOWED) for what is not typed here."""
    return _read(draft, rules, today)[1]


def make_document(draft: TypedDraft, rules: TypingRules, today: date) -> IdentityDocument:
    """Return the document of a form that is complete. Raises: NotTaken(TYPED_INCOMPLETE, KIND_NOT_ALLOWED)."""
    reading, findings = _read(draft, rules, today)
    if not is_ready(findings):
        raise NotTaken(ProblemCode.TYPED_INCOMPLETE)
    typed = Typing(TypedBecause(draft.because), ShownPaper(draft.read(TypedField.SHOWN)))
    address = " ".join(draft.read(TypedField.ADDRESS).split())
    if reading.document is not None:
        return replace(reading.document, how_read=HowRead.TYPED, typed=typed, address=address)
    if reading.birth_date is None or reading.sex is None:
        raise NotTaken(ProblemCode.TYPED_INCOMPLETE)
    return IdentityDocument(
        kind=DocumentKind(draft.kind),
        number=reading.number,
        names=_order_names(reading.names),
        birth_date=reading.birth_date,
        sex=reading.sex,
        nationality=reading.states[TypedField.NATIONALITY],
        issuing_state=reading.states[TypedField.ISSUING_STATE],
        how_read=HowRead.TYPED,
        chip=ChipVerdict.NOT_VERIFIED,
        valid_until=reading.valid_until,
        address=address,
        typed=typed,
    )


def list_kept(draft: TypedDraft) -> frozenset[str]:
    """Return the fields that `check_document` is to take as they are; of printed lines, all that it looks at."""
    return frozenset({"number", "birth_date", "sex"}) if TypedField.LINES in draft.kept else draft.kept


def tell_from_number(draft: TypedDraft) -> dict[TypedField, str]:
    """Return what a number without fault says of fields that are still empty."""
    if draft.kind not in {kind.value for kind in FORMS} or not draft.read(TypedField.NUMBER):
        return {}
    facts, problem = judge_number(DocumentKind(draft.kind), normalise_number(draft.read(TypedField.NUMBER)))
    told: dict[TypedField, str] = {}
    if problem is None and facts.birth_date is not None and not draft.read(TypedField.BIRTH_DATE):
        told[TypedField.BIRTH_DATE] = facts.birth_date.isoformat()
    if problem is None and facts.sex is not None and not draft.read(TypedField.SEX):
        told[TypedField.SEX] = facts.sex.value
    return told


def _read(draft: TypedDraft, rules: TypingRules, today: date) -> tuple[_Reading, tuple[Finding, ...]]:
    is_without = draft.because == TypedBecause.NO_DOCUMENT
    is_known = draft.because in set(TypedBecause) and draft.kind in (*rules.kinds, LINES_KIND)
    if not is_known or (draft.kind == DocumentKind.NONE) != is_without:
        raise NotTaken(ProblemCode.KIND_NOT_ALLOWED)
    reading = _Reading()
    findings = [*_check_shown(draft, is_without=is_without)]
    if draft.kind == LINES_KIND:
        findings += _check_lines(draft, rules, reading, today)
    else:
        for name in list_fields(draft.kind, rules):
            findings += _check_field(name, draft, reading, today)
        findings += _check_names(draft, reading)
    if rules.with_address:
        findings += _check_address(draft)
    return reading, tuple(_keep(finding, draft) for finding in findings)


def _keep(finding: Finding, draft: TypedDraft) -> Finding:
    """A doubt of which somebody has said that the document really says so is none any more."""
    is_kept = finding.tone is Tone.DOUBT and finding.about in draft.kept
    return replace(finding, tone=Tone.KEPT) if is_kept else finding


def _check_shown(draft: TypedDraft, *, is_without: bool) -> Iterator[Finding]:
    papers = (ShownPaper.OTHER_PAPER, ShownPaper.NOTHING) if is_without else (ShownPaper.DOCUMENT, ShownPaper.COPY)
    if draft.read(TypedField.SHOWN) not in papers:
        yield Finding(TypedField.SHOWN, Tone.MISSING, FindingCode.MISSING)


def _check_field(name: TypedField, draft: TypedDraft, reading: _Reading, today: date) -> Iterator[Finding]:
    form, text = FORMS[DocumentKind(draft.kind)], draft.read(name)
    match name:
        case TypedField.SURNAME | TypedField.GIVEN | TypedField.NAME if text:
            reading.names[name], problem = read_name(text, is_latin=name is not TypedField.NAME)
            if problem is not None:
                yield Finding(name, Tone.WRONG, problem)
        case TypedField.NUMBER if text:
            yield from _check_number(draft, reading)
        case TypedField.BIRTH_DATE if text:
            yield from _check_birth(draft, reading, today)
        case TypedField.SEX:
            yield from _check_sex(draft, reading)
        case TypedField.ISSUING_STATE | TypedField.NATIONALITY if text:
            yield _check_state(name, text, reading)
        case TypedField.VALID_UNTIL if text:
            yield _check_expiry(text, reading, today)
        case TypedField.SHOWN | TypedField.ADDRESS:
            pass
        case _ if form.need(name) is Need.MUST:
            yield Finding(name, Tone.MISSING, FindingCode.MISSING)


def _check_names(draft: TypedDraft, reading: _Reading) -> Iterator[Finding]:
    """Some name there must be, and states that are given need not be typed."""
    form = FORMS[DocumentKind(draft.kind)]
    is_asked = Need.MUST in (form.own_name, form.latin_name)
    if not reading.names and not is_asked:
        name = TypedField.NAME if form.latin_name is Need.NO else TypedField.SURNAME
        yield Finding(name, Tone.MISSING, FindingCode.MISSING)
    if form.issuing_state is not None:
        reading.states[TypedField.ISSUING_STATE] = form.issuing_state
    if form.nationality is not None:
        reading.states[TypedField.NATIONALITY] = form.nationality


def _check_number(draft: TypedDraft, reading: _Reading) -> Iterator[Finding]:
    kind, name = DocumentKind(draft.kind), TypedField.NUMBER
    reading.number = normalise_number(draft.read(name))
    reading.facts, problem = judge_number(kind, reading.number)
    if not reading.number:
        yield Finding(name, Tone.WRONG, FindingCode.NUMBER_FORM, {"kind": kind.value})
    elif problem is None:
        yield Finding(name, Tone.GOOD, FindingCode.NUMBER_AS, {"number": reading.number})
    else:
        tone = Tone.WRONG if problem is FindingCode.TOO_LONG else Tone.DOUBT
        yield Finding(name, tone, problem, {"kind": kind.value, "n": len(reading.number)})


def _check_birth(draft: TypedDraft, reading: _Reading, today: date) -> Iterator[Finding]:
    name, day = TypedField.BIRTH_DATE, parse_day(draft.read(TypedField.BIRTH_DATE))
    reading.birth_date = day
    if day is None:
        yield Finding(name, Tone.WRONG, FindingCode.NO_DAY)
    elif day > today:
        yield Finding(name, Tone.WRONG, FindingCode.FUTURE, {"day": day})
    elif day.year < today.year - _OLDEST_YEARS:
        yield Finding(name, Tone.WRONG, FindingCode.LONG_AGO, {"day": day})
    elif draft.kind == DocumentKind.NONE and not is_minor(day, today):
        yield Finding(name, Tone.WRONG, FindingCode.ADULT, {"day": day})
    elif "birth_date" in list_contradictions(reading.facts, day, reading.facts.sex or Sex.UNKNOWN):
        yield Finding(name, Tone.DOUBT, FindingCode.NOT_IN_NUMBER, {"day": day})
    else:
        yield Finding(name, Tone.GOOD, FindingCode.DAY, {"day": day})


def _check_sex(draft: TypedDraft, reading: _Reading) -> Iterator[Finding]:
    text = draft.read(TypedField.SEX)
    if text not in set(Sex):
        yield Finding(TypedField.SEX, Tone.MISSING, FindingCode.MISSING)
        return
    reading.sex = Sex(text)
    if reading.facts.sex not in (None, reading.sex):
        yield Finding(TypedField.SEX, Tone.DOUBT, FindingCode.NOT_IN_NUMBER)


def _check_state(name: TypedField, text: str, reading: _Reading) -> Finding:
    state = read_state(text) if len(text) == 3 else None
    if state is None:
        return Finding(name, Tone.WRONG, FindingCode.NO_STATE)
    reading.states[name] = state
    return Finding(name, Tone.GOOD, FindingCode.STATE, {"state": state})


def _check_expiry(text: str, reading: _Reading, today: date) -> Finding:
    name, day = TypedField.VALID_UNTIL, parse_day(text)
    reading.valid_until = day
    if day is None:
        return Finding(name, Tone.WRONG, FindingCode.NO_DAY)
    if day < today:
        return Finding(name, Tone.WRONG, FindingCode.EXPIRED, {"day": day})
    return Finding(name, Tone.GOOD, FindingCode.DAY, {"day": day})


def _check_address(draft: TypedDraft) -> Iterator[Finding]:
    name, text = TypedField.ADDRESS, draft.read(TypedField.ADDRESS)
    if not text:
        yield Finding(name, Tone.MISSING, FindingCode.MISSING)
    elif len(text) > MAX_ADDRESS or any(unicodedata.category(sign) == "Cc" for sign in text):
        yield Finding(name, Tone.WRONG, FindingCode.TOO_LONG)


def _check_lines(draft: TypedDraft, rules: TypingRules, reading: _Reading, today: date) -> Iterator[Finding]:
    rows = tidy_lines(draft.values.get(TypedField.LINES, ""))
    if problem := check_shape(rows):
        yield problem
        return
    doubt = check_digits(rows)
    if doubt is not None:
        yield doubt
        if doubt.tone is Tone.WRONG or TypedField.LINES not in draft.kept:
            return
    document, problem = read_lines(rows, today)
    if document is None or problem is not None:
        yield problem or Finding(TypedField.LINES, Tone.WRONG, FindingCode.LINE_WHOLE)
        return
    reading.document = document
    yield from _judge_lines(document, rules, today, is_doubted=doubt is not None)


def _judge_lines(document: IdentityDocument, rules: TypingRules, today: date, *, is_doubted: bool) -> Iterator[Finding]:
    name = TypedField.LINES
    if document.kind.value not in rules.kinds:
        yield Finding(name, Tone.WRONG, FindingCode.LINE_KIND, {"kind": document.kind.value})
    elif document.valid_until is not None and document.valid_until < today:
        yield Finding(name, Tone.WRONG, FindingCode.EXPIRED, {"day": document.valid_until})
    elif not _fits(document):
        yield Finding(name, Tone.DOUBT, FindingCode.NUMBER_FORM, {"kind": document.kind.value})
    elif not is_doubted:
        values = {"name": document.names[0].text, "number": document.number, "day": document.birth_date}
        yield Finding(name, Tone.GOOD, FindingCode.LINES_READ, values)


def _fits(document: IdentityDocument) -> bool:
    try:
        check_number(document.kind, document.number)
    except InvalidDocument:
        return False
    return True


def _order_names(names: dict[TypedField, str]) -> tuple[PersonName, ...]:
    """Return the forms of the name, the Latin one first where it is the one in the passport."""
    surname, given = names.get(TypedField.SURNAME, ""), names.get(TypedField.GIVEN, "")
    latin = f"{surname} {given}".strip()
    forms = [PersonName(latin, surname, given)] if latin else []
    return (*forms, *((PersonName(names[TypedField.NAME]),) if TypedField.NAME in names else ()))
