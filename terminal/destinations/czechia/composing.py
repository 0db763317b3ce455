"""From a guest at the counter to the register's record: what is asked, what is found wrong, and what is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time

from records.documents import DocumentKind, HowRead
from records.profile import ProfileField
from records.stays import Guest
from terminal.destinations.asked import AskedField, FieldKind, Finding, FindingCode, check_answers, complete_answers
from terminal.destinations.czechia.letters import NotWritten, Written, write_name
from terminal.destinations.czechia.report import (
    INPASS,
    MAX_DOCUMENT,
    MAX_GIVEN,
    MAX_RESIDENCE,
    MAX_VISA,
    MIN_DOCUMENT,
    OTHER_PURPOSE,
    BirthKnown,
    Report,
    Wrong,
    find_wrong,
    write_birth,
)
from terminal.destinations.tables import Row, Table, Tables
from terminal.destinations.terms import CannotCompose, Matter

STATES, PURPOSES, BIRTH_PRINTED = "states", "purposes", "birth_printed"
# Of the release: what the document prints of a birth date, shown as it would print it.
BIRTH_FORMS = Table((Row(BirthKnown.DAY, "31.12.1980"), Row(BirthKnown.MONTH, "12.1980"), Row(BirthKnown.YEAR, "1980")))
# Other, tourism, business, visits, health, study, employment, sport: who says anything else is registered as "other".
_OFFERED_PURPOSES = ("99", "10", "01", "03", "00", "11", "27", "07")
# Nationals of these never have a visa: they are not asked for its number.
_NO_VISA = frozenset(
    {
        "AUT", "BEL", "BGR", "CHE", "CYP", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GRC", "HRV", "HUN", "IRL", "ISL",
        "ITA", "LIE", "LTU", "LUX", "LVA", "MLT", "NLD", "NOR", "POL", "PRT", "ROU", "SVK", "SVN", "SWE",
    }
)  # fmt: skip
# Codes that ICAO 9303 prints and ISO 3166 does not have, as the register's table calls them.
_OTHER_CODES = {"RKS": "XXK", "GBD": "GBR", "GBN": "GBR", "GBO": "GBR", "GBP": "GBR", "GBS": "GBR"}
# Field of a report → what the counter puts right.
_ABOUT: dict[str, ProfileField | str] = {
    "surname": "names", "given": "names", "birth": "birth_date", "state": "nationality", "document": "number",
    "visa": ProfileField.VISA_NUMBER, "residence": ProfileField.HOME_ADDRESS, "purpose": ProfileField.STAY_PURPOSE,
    "note": ProfileField.PARENT_DOCUMENT, "until": "stay",
}  # fmt: skip
_CODES = {
    Wrong.MISSING: FindingCode.MISSING, Wrong.TOO_LONG: FindingCode.TOO_LONG, Wrong.WRONG_SIGN: FindingCode.WRONG_SIGN,
    Wrong.WRONG_FORM: FindingCode.WRONG_FORM, Wrong.OUT_OF_RANGE: FindingCode.DAY_OUT_OF_RANGE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Names:
    surname: Written
    given: Written
    rest: str = field(default="", repr=False)  # given names for which the register has no room


def list_asked(matter: Matter) -> tuple[AskedField, ...]:
    """Return what the register wants to know beyond the document, the same for the whole booking where it is."""
    guest = matter.guest
    asked = [AskedField(ProfileField.HOME_ADDRESS, FieldKind.TEXT, is_shared=True, max_chars=MAX_RESIDENCE)]
    asked.append(
        AskedField(
            ProfileField.STAY_PURPOSE,
            FieldKind.CHOICE,
            table=PURPOSES,
            few=_OFFERED_PURPOSES,
            default=f"{OTHER_PURPOSE}",
            is_shared=True,
        )
    )
    if guest.nationality not in _NO_VISA and guest.document.kind is not DocumentKind.NONE:
        asked.append(
            AskedField(
                ProfileField.VISA_NUMBER,
                FieldKind.TEXT,
                is_required=False,
                pattern=f"[A-Z0-9]{{1,{MAX_VISA}}}",
                max_chars=MAX_VISA,
            )
        )
    if guest.document.kind is DocumentKind.NONE:
        asked.append(
            AskedField(
                ProfileField.PARENT_DOCUMENT,
                FieldKind.TEXT,
                default=_find_parent_number(matter),
                pattern=f"[A-Z0-9]{{{MIN_DOCUMENT},{MAX_DOCUMENT}}}",
                max_chars=MAX_DOCUMENT,
            )
        )
    if guest.document.how_read is HowRead.TYPED:
        asked.append(
            AskedField(
                ProfileField.BIRTH_PRINTED,
                FieldKind.CHOICE,
                table=BIRTH_PRINTED,
                few=tuple(BirthKnown),
                default=BirthKnown.DAY,
            )
        )
    return tuple(asked)


def check_matter(matter: Matter, tables: Tables) -> tuple[Finding, ...]:
    """Return what keeps a guest from being reported, in the order of the form."""
    if not tables.has_all((STATES, PURPOSES)):
        return (Finding("nationality", FindingCode.NOT_YET),)
    return tuple(_check(matter, tables))


def compose_report(matter: Matter, tables: Tables) -> Report:
    """Return the record. Raises: CannotCompose naming the field."""
    for finding in check_matter(matter, tables):
        raise CannotCompose(str(finding.about))
    return _compose(matter, tables)


def find_state(nationality: str, tables: Tables) -> str:
    """Return the register's code of a nationality as documents print it, "" where its table has none."""
    states = tables.find(STATES)
    return next((code for code in (nationality, _OTHER_CODES.get(nationality, "")) if states.has(code)), "")


def _check(matter: Matter, tables: Tables) -> Iterator[Finding]:
    answers = check_answers(list_asked(matter), matter.answers, tables)
    yield from answers
    if not find_state(matter.guest.nationality, tables):
        yield Finding("nationality", FindingCode.STATE_UNKNOWN)
        return
    try:
        _write_names(matter.guest)
    except NotWritten:
        yield Finding("names", FindingCode.WRONG_SIGN)
        return
    if answers:
        return
    for name, wrong in find_wrong(_compose(matter, tables)):
        yield Finding(_ABOUT[name], _CODES[wrong])


def _compose(matter: Matter, tables: Tables) -> Report:
    guest = matter.guest
    answers = complete_answers(list_asked(matter), matter.answers, tables)
    names = _write_names(guest)
    is_without = guest.document.kind is DocumentKind.NONE
    notes = [answers.get(ProfileField.PARENT_DOCUMENT, "") if is_without else "", names.rest]
    printed = (guest.names[0].surname or guest.names[0].text, guest.names[0].given)
    return Report(
        since=matter.stay.arrived_at.astimezone(matter.zone).replace(tzinfo=None, microsecond=0),
        until=datetime.combine(matter.stay.planned_departure, time()),
        surname=names.surname.text,
        given=names.given.text,
        birth=write_birth(guest.birth_date, BirthKnown(answers.get(ProfileField.BIRTH_PRINTED, BirthKnown.DAY))),
        state=find_state(guest.nationality, tables),
        document=INPASS if is_without else guest.document.number,
        visa=answers.get(ProfileField.VISA_NUMBER, ""),
        residence=answers.get(ProfileField.HOME_ADDRESS, ""),
        purpose=int(answers.get(ProfileField.STAY_PURPOSE, f"{OTHER_PURPOSE}")),
        note=" ".join(note for note in notes if note),
        printed=printed if names.surname.is_changed or names.given.is_changed or names.rest else ("", ""),
    )


def _write_names(guest: Guest) -> _Names:
    """Return the first form of the name that the register can hold. Raises: NotWritten."""
    for name in guest.names:
        try:
            surname, given = write_name(name.surname or name.text), write_name(name.given if name.surname else "")
        except NotWritten:
            continue
        kept, rest = _shorten_given(given.text)
        return _Names(surname, Written(kept, given.is_changed), rest)
    raise NotWritten


def _shorten_given(given: str) -> tuple[str, str]:
    """Return as many whole given names as there is room for, and the others, which go into the note."""
    if len(given) <= MAX_GIVEN:
        return given, ""
    kept = given[: MAX_GIVEN + 1].rpartition(" ")[0]
    return (kept, given[len(kept) :].strip()) if kept else (given, "")


def _find_parent_number(matter: Matter) -> str:
    numbers = (each.guest.document.number for each in matter.party if each.is_head or each.guest.document.number)
    return next((number for number in numbers if number), "")
