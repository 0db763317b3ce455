"""What is asked at the counter beyond the document: declared by a destination, drawn by one generic form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from records.profile import ProfileField
from terminal.destinations.tables import Table, Tables

MAX_ANSWER = 160


class FieldKind(StrEnum):
    """How a field is asked."""

    TEXT = "text"
    CHOICE = "choice"  # a row of a table: few rows are touched, many are searched
    DATE = "date"  # ISO 8601 once it is understood


@dataclass(frozen=True, slots=True)
class AskedField:
    """One field of the form. Its words are `asked.<id>`, with `asked_hint.<id>` below it where there are such."""

    id: ProfileField
    kind: FieldKind
    table: str = ""  # CHOICE: name of the table; options of `few` instead where the destination narrows it
    few: tuple[str, ...] = ()  # CHOICE: these codes alone, in this order (touched, not searched)
    default: str = field(default="", repr=False)  # a code, an ISO day, or text: taken when nobody changes it
    is_required: bool = True
    is_shared: bool = False  # true of the whole booking: answered once, offered to the next of the same party
    pattern: str = ""  # TEXT: a regular expression the whole answer has to match
    max_chars: int = MAX_ANSWER  # TEXT
    earliest: date | None = None  # DATE
    latest: date | None = None
    only_if: tuple[ProfileField, str] | None = None  # shown, and asked, only while another field has this answer
    unless: tuple[ProfileField, tuple[str, ...]] | None = None  # neither while another field has one of these answers

    def is_hidden(self, values: Mapping[ProfileField, str]) -> bool:
        """Tell whether the other answers leave nothing to ask here."""
        if self.only_if is not None and values.get(self.only_if[0]) != self.only_if[1]:
            return True
        return self.unless is not None and values.get(self.unless[0]) in self.unless[1]


class FindingCode(StrEnum):
    """What is wrong with an answer or a guest; the screen has the words (`asked_finding.<code>`)."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    WRONG_FORM = "wrong_form"
    NOT_IN_TABLE = "not_in_table"
    NO_DAY = "no_day"
    DAY_OUT_OF_RANGE = "day_out_of_range"
    WRONG_SIGN = "wrong_sign"  # a character that the service cannot take
    TOO_MANY_NIGHTS = "too_many_nights"
    DOCUMENT_NOT_TAKEN = "document_not_taken"  # the service has no code for this kind of document
    STATE_UNKNOWN = "state_unknown"  # the service's table has no such state
    NOT_YET = "not_yet"  # the tables were never loaded, so nothing can be checked
    CODE_UNKNOWN = "code_unknown"  # the service's own code of what is to be annulled is not here
    SEX_NEEDED = "sex_needed"  # the service knows male and female alone, and the document says neither


# What a finding may be about besides a ProfileField.
GUEST_PARTS = ("names", "birth_date", "sex", "nationality", "document", "number", "issuing_state", "stay", "party")


@dataclass(frozen=True, slots=True)
class Finding:
    """Why something cannot be sent: which part, and what is wrong with it. Holds no value of the guest."""

    about: ProfileField | str  # a ProfileField, or one of GUEST_PARTS
    code: FindingCode


def check_answers(
    asked: Sequence[AskedField], answers: Mapping[ProfileField, str], tables: Tables
) -> tuple[Finding, ...]:
    """Return what is wrong with answers, in the order of the form. An empty answer falls back on the default."""
    return tuple(_check(asked, answers, tables))


def complete_answers(
    asked: Sequence[AskedField], answers: Mapping[ProfileField, str], tables: Tables
) -> dict[ProfileField, str]:
    """Return the answers in the form they are kept: choices as codes, days as ISO 8601, text with single spaces.

    What was not asked is left out. What is wrong stays as it was typed: `check_answers` says so.
    """
    kept = {each.id: value for each in asked if (value := _read(each, answers, tables))}
    hidden = {each.id for each in asked if each.is_hidden(kept)}
    return {name: value for name, value in kept.items() if name not in hidden}


def parse_day(text: str) -> date | None:
    """Return the day of "2026-11-22" or, as Europe writes it, "22.11.2026" and "22/11/2026"; None for anything else."""
    folded = unicodedata.normalize("NFKC", text).strip()
    if found := re.fullmatch(r"([0-9]{1,2})[./ -]+([0-9]{1,2})[./ -]+([0-9]{4})", folded):
        parts = (found[3], found[2], found[1])
    elif found := re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", folded):
        parts = (found[1], found[2], found[3])
    else:
        return None
    try:
        return date(int(parts[0]), int(parts[1]), int(parts[2]))
    except ValueError:
        return None


def list_options(asked: AskedField, tables: Tables) -> Table:
    """Return the rows a choice may be made of."""
    table = tables.find(asked.table)
    return table.narrow(asked.few) if asked.few else table


def _read(asked: AskedField, answers: Mapping[ProfileField, str], tables: Tables) -> str:
    typed = " ".join(unicodedata.normalize("NFC", answers.get(asked.id, "")).split()) or asked.default
    if asked.kind is FieldKind.CHOICE and typed:
        return list_options(asked, tables).find_code(typed) or typed
    if asked.kind is FieldKind.DATE and (day := parse_day(typed)):
        return day.isoformat()
    return typed


def _check(asked: Sequence[AskedField], answers: Mapping[ProfileField, str], tables: Tables) -> Iterator[Finding]:
    values = {each.id: _read(each, answers, tables) for each in asked}
    for each in asked:
        value = values[each.id]
        if each.is_hidden(values):
            continue
        if not value:
            if each.is_required:
                yield Finding(each.id, FindingCode.MISSING)
        elif code := _judge(each, value, tables):
            yield Finding(each.id, code)


def _judge(asked: AskedField, value: str, tables: Tables) -> FindingCode | None:
    if asked.kind is FieldKind.CHOICE:
        return None if list_options(asked, tables).has(value) else FindingCode.NOT_IN_TABLE
    if asked.kind is FieldKind.DATE:
        day = parse_day(value)
        if day is None:
            return FindingCode.NO_DAY
        is_within = (asked.earliest or day) <= day <= (asked.latest or day)
        return None if is_within else FindingCode.DAY_OUT_OF_RANGE
    if len(value) > asked.max_chars:
        return FindingCode.TOO_LONG
    return None if not asked.pattern or re.fullmatch(asked.pattern, value) else FindingCode.WRONG_FORM
