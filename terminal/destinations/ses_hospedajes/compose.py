"""From a guest at the counter to the service's fields, and what the service is known to refuse of them.

Source: manual 3.1.3, 3.1.1.1 and 4.1, and the schemas; the stricter holds (docs/destinations/spain.md).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from records.documents import Sex
from records.profile import ProfileField
from terminal.destinations.asked import Finding, FindingCode, parse_day
from terminal.destinations.ses_hospedajes.codes import DocumentCode, KinshipCode, PaymentCode, SexCode
from terminal.destinations.ses_hospedajes.identity import (
    decide_spanish,
    is_national_number,
    is_nie,
    is_nif,
    name_document,
)
from terminal.destinations.ses_hospedajes.message import Arrival, Contract, Person, Residence
from terminal.destinations.ses_hospedajes.tables import MUNICIPALITIES, SPAIN, STATES, is_of_province
from terminal.destinations.tables import Tables
from terminal.destinations.terms import CannotCompose, Matter

OF_AGE = 18
MAX_NAME, MAX_NUMBER, MAX_SUPPORT, MAX_STREET, MAX_POSTCODE, MAX_PHONE, MAX_EMAIL = 50, 15, 9, 100, 20, 20, 250
EMAIL = r"[^@\s]+@[^.\s@]+\.[^\s@]+"  # the schema's, and no second @ nor space
PHONE = r"\+?[0-9][0-9 ()./-]{5,18}"
SPANISH_POSTCODE = r"(0[1-9]|[1-4][0-9]|5[0-2])[0-9]{3}"
SUPPORT = r"[A-Z0-9]{1,9}"
# A contract that says no hour of leaving: noon, when rooms are given back.
_NOON = time(12)
_SEXES = {Sex.MALE: SexCode.MAN, Sex.FEMALE: SexCode.WOMAN, Sex.UNSPECIFIED: SexCode.OTHER}


def is_of_age(matter: Matter) -> bool:
    """Tell whether the guest is 18 or older on the day of arrival."""
    return count_years(matter.guest.birth_date, matter.find_arrival_day()) >= OF_AGE


def count_years(born: date, day: date) -> int:
    """Return whole years of life on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def split_surnames(surname: str, second: str) -> tuple[str, str]:
    """Return first and second surname: the printed lines of Spain hold both in one field.

    Where the second one is the end of what was read it is taken off the first.
    """
    first, space, last = surname.rpartition(f" {second}") if second else ("", "", "")
    return (first, second) if space and first and not last else (surname, second)


def guess_second_surname(surname: str) -> str:
    """Return the last of several words of a surname: right for most Spaniards, and shown before it is sent."""
    words = surname.split()
    return words[-1] if len(words) > 1 else ""


def find_numbers(matter: Matter) -> tuple[DocumentCode | None, str, str]:
    """Return kind, holder's number and support number of the document, with what was typed of them.

    The printed lines of Spanish cards give the card's own number, the support number; the holder's stands beside it.
    """
    document = matter.guest.document
    kind = name_document(document)
    if kind is not DocumentCode.NIF:
        return kind, document.number, ""
    typed = _squeeze(_answer(matter, ProfileField.NATIONAL_NUMBER))
    support = _squeeze(_answer(matter, ProfileField.SUPPORT_NUMBER))
    if is_national_number(document.number):
        return decide_spanish(document.number), document.number, support
    return decide_spanish(typed), typed, support or document.number


def compose_arrival(matter: Matter, tables: Tables) -> Arrival:
    """Return what is told of one guest. Raises: CannotCompose, naming the field, where `list_findings` has any."""
    for finding in list_findings(matter, tables):
        raise CannotCompose(str(finding.about))
    kind, number, support = find_numbers(matter)
    surname, second = split_surnames(*_read_surnames(matter))
    person = Person(
        given=_read_given(matter),
        surname=surname,
        second_surname=second,
        birth_date=matter.guest.birth_date,
        residence=_read_residence(matter),
        document=kind,
        number=number,
        support=support if kind in (DocumentCode.NIF, DocumentCode.NIE) else "",
        nationality=matter.guest.nationality,
        sex=_SEXES.get(matter.guest.sex),
        phone=_answer(matter, ProfileField.PHONE),
        email=_answer(matter, ProfileField.EMAIL),
        kinship=None if is_of_age(matter) else KinshipCode(_answer(matter, ProfileField.KINSHIP)),
    )
    return Arrival(_read_contract(matter), person)


def list_findings(matter: Matter, tables: Tables) -> Iterator[Finding]:
    """Yield what keeps a guest from being told, in the order of the form."""
    if not tables.has_all((MUNICIPALITIES, STATES)):
        yield Finding("stay", FindingCode.NOT_YET)
    yield from _judge_names(matter)
    yield from _judge_document(matter)
    yield from _judge_residence(matter, tables)
    yield from _judge_contact(matter)
    if not is_of_age(matter):
        yield from _judge_minor(matter)
    yield from _judge_contract(matter)
    if matter.guest.birth_date > matter.find_arrival_day():
        yield Finding("birth_date", FindingCode.DAY_OUT_OF_RANGE)
    if not re.fullmatch("[A-Z]{3}", matter.guest.nationality):
        yield Finding("nationality", FindingCode.STATE_UNKNOWN)


def _judge_contract(matter: Matter) -> Iterator[Finding]:
    if _answer(matter, ProfileField.PAYMENT_KIND) not in set(PaymentCode):
        yield Finding(ProfileField.PAYMENT_KIND, FindingCode.MISSING)
    contracted = _answer(matter, ProfileField.CONTRACT_DAY)
    day = parse_day(contracted)
    if contracted and day is None:
        yield Finding(ProfileField.CONTRACT_DAY, FindingCode.NO_DAY)
    elif day is not None and day > matter.find_arrival_day():
        yield Finding(ProfileField.CONTRACT_DAY, FindingCode.DAY_OUT_OF_RANGE)


def _judge_names(matter: Matter) -> Iterator[Finding]:
    surname, second = split_surnames(*_read_surnames(matter))
    given = _read_given(matter)
    if not surname or not given:
        yield Finding("names", FindingCode.MISSING)
    elif max(len(surname), len(given)) > MAX_NAME:
        yield Finding("names", FindingCode.TOO_LONG)
    if len(second) > MAX_NAME:
        yield Finding(ProfileField.SECOND_SURNAME, FindingCode.TOO_LONG)
    if not second and find_numbers(matter)[0] is DocumentCode.NIF:
        yield Finding(ProfileField.SECOND_SURNAME, FindingCode.MISSING)


def _judge_document(matter: Matter) -> Iterator[Finding]:
    kind, number, support = find_numbers(matter)
    if kind is None:
        if is_of_age(matter):
            yield Finding("document", FindingCode.MISSING)
        return
    about = ProfileField.NATIONAL_NUMBER if kind in (DocumentCode.NIF, DocumentCode.NIE) else "number"
    if not number:
        yield Finding(about, FindingCode.MISSING)
    elif len(number) > MAX_NUMBER:
        yield Finding(about, FindingCode.TOO_LONG)
    elif (kind is DocumentCode.NIF and not is_nif(number)) or (kind is DocumentCode.NIE and not is_nie(number)):
        yield Finding(about, FindingCode.WRONG_FORM)
    if kind in (DocumentCode.NIF, DocumentCode.NIE) and not re.fullmatch(SUPPORT, support):
        code = FindingCode.WRONG_FORM if support else FindingCode.MISSING
        yield Finding(ProfileField.SUPPORT_NUMBER, code)


def _judge_residence(matter: Matter, tables: Tables) -> Iterator[Finding]:
    home = _read_residence(matter)
    if not home.state:
        yield Finding(ProfileField.RESIDENCE_STATE, FindingCode.MISSING)
    elif not tables.find(STATES).has(home.state):
        yield Finding(ProfileField.RESIDENCE_STATE, FindingCode.NOT_IN_TABLE)
    yield from _judge_text(ProfileField.RESIDENCE_POSTCODE, home.postcode, MAX_POSTCODE)
    if home.state == SPAIN:
        yield from _judge_municipality(home, tables)
    else:
        yield from _judge_text(ProfileField.RESIDENCE_PLACE, home.place, MAX_STREET)
    yield from _judge_text(ProfileField.RESIDENCE_STREET, home.street, MAX_STREET)


def _judge_municipality(home: Residence, tables: Tables) -> Iterator[Finding]:
    if home.postcode and not re.fullmatch(SPANISH_POSTCODE, home.postcode):
        yield Finding(ProfileField.RESIDENCE_POSTCODE, FindingCode.WRONG_FORM)
    if not home.municipality:
        yield Finding(ProfileField.RESIDENCE_MUNICIPALITY, FindingCode.MISSING)
    elif not tables.find(MUNICIPALITIES).has(home.municipality):
        yield Finding(ProfileField.RESIDENCE_MUNICIPALITY, FindingCode.NOT_IN_TABLE)
    elif home.postcode and not is_of_province(home.municipality, home.postcode):
        yield Finding(ProfileField.RESIDENCE_POSTCODE, FindingCode.WRONG_FORM)


def _judge_contact(matter: Matter) -> Iterator[Finding]:
    phone, email = _answer(matter, ProfileField.PHONE), _answer(matter, ProfileField.EMAIL)
    if not phone and not email:
        yield Finding(ProfileField.PHONE, FindingCode.MISSING)
    if phone and not re.fullmatch(PHONE, phone):
        yield Finding(ProfileField.PHONE, FindingCode.WRONG_FORM)
    if email and (len(email) > MAX_EMAIL or not re.fullmatch(EMAIL, email)):
        yield Finding(ProfileField.EMAIL, FindingCode.WRONG_FORM)


def _judge_minor(matter: Matter) -> Iterator[Finding]:
    day = matter.find_arrival_day()
    if _answer(matter, ProfileField.KINSHIP) not in set(KinshipCode):
        yield Finding(ProfileField.KINSHIP, FindingCode.MISSING)
    if not any(count_years(each.guest.birth_date, day) >= OF_AGE for each in matter.party):
        # A communication with a minor and no adult is refused.
        yield Finding("party", FindingCode.MISSING)


def _judge_text(about: ProfileField, value: str, limit: int) -> Iterator[Finding]:
    if not value:
        yield Finding(about, FindingCode.MISSING)
    elif len(value) > limit:
        yield Finding(about, FindingCode.TOO_LONG)


def _read_given(matter: Matter) -> str:
    # Whoever has one name only has it told as both: the service wants a given name and a surname of everybody.
    name = matter.guest.names[0]
    return _clean(name.given) or _clean(name.surname) or _clean(name.text)


def _read_surnames(matter: Matter) -> tuple[str, str]:
    name = matter.guest.names[0]
    surname = _clean(name.surname) or _clean(name.given) or _clean(name.text)
    return surname, _answer(matter, ProfileField.SECOND_SURNAME)


def _read_residence(matter: Matter) -> Residence:
    state = _answer(matter, ProfileField.RESIDENCE_STATE)
    is_spain = state == SPAIN
    return Residence(
        street=_answer(matter, ProfileField.RESIDENCE_STREET),
        postcode=_answer(matter, ProfileField.RESIDENCE_POSTCODE),
        state=state,
        municipality=_answer(matter, ProfileField.RESIDENCE_MUNICIPALITY) if is_spain else "",
        place="" if is_spain else _answer(matter, ProfileField.RESIDENCE_PLACE),
    )


def _read_contract(matter: Matter) -> Contract:
    arrival = matter.stay.arrived_at.astimezone(matter.zone).replace(tzinfo=None, microsecond=0)
    departure = datetime.combine(matter.stay.planned_departure, _NOON)
    if departure <= arrival:  # a room for the day
        departure = max(datetime.combine(arrival.date(), time(23, 59, 59)), arrival + timedelta(minutes=1))
    contracted = parse_day(_answer(matter, ProfileField.CONTRACT_DAY))
    return Contract(
        reference=matter.reference,
        day=contracted or arrival.date(),
        arrival=arrival,
        departure=departure,
        payment=PaymentCode(_answer(matter, ProfileField.PAYMENT_KIND)),
    )


def _answer(matter: Matter, asked: ProfileField) -> str:
    return _clean(matter.answers.get(asked, ""))


def _clean(text: str) -> str:
    """Return text without signs that nobody can see and XML partly cannot hold, and with single spaces."""
    seen = "".join(" " if sign.isspace() else sign for sign in unicodedata.normalize("NFC", text))
    return " ".join("".join(sign for sign in seen if not unicodedata.category(sign).startswith("C")).split())


def _squeeze(typed: str) -> str:
    return re.sub(r"[\s.-]", "", typed).upper()
