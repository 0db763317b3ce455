"""From a guest at the counter to a check-in: what is asked, what is found wrong, and the body that is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from records.documents import DocumentKind, Sex
from records.profile import ProfileField
from records.stays import Guest
from terminal.destinations.asked import AskedField, FieldKind, Finding, FindingCode, check_answers, complete_answers
from terminal.destinations.croatia.messages import (
    LEAVES_AT,
    NO_NAME,
    TIME,
    Gender,
    choose_payment_category,
    write_day,
)
from terminal.destinations.croatia.rules import CROATIA, Broken, find_broken
from terminal.destinations.tables import Row, Tables, fold_name
from terminal.destinations.terms import CannotCompose, Matter

COUNTRIES, UNION, DOCUMENTS, CATEGORIES = "countries", "union", "documents", "categories"
BORDERS, ARRIVALS, SERVICES, SEXES = "borders", "arrivals", "services", "sexes"
NEEDED_TABLES = (COUNTRIES, UNION, DOCUMENTS, CATEGORIES, ARRIVALS, SERVICES)

_SETTLEMENT = r"[^\s-][^-]*-[^\s-].*"
_OIB_OR_VAT = r"[A-Za-z0-9]{4,20}"
_BY_ONESELF, _NIGHT = "I", "noćenje"
_OFFERED = 6
# Kind of document → the service's code and the beginning of its name, where public clients agree on the code.
_FOREIGN = {
    DocumentKind.PASSPORT: ("002", "osobna putovnica strana"),
    DocumentKind.PASSPORT_HONG_KONG: ("002", "osobna putovnica strana"),
    DocumentKind.PASSPORT_MACAO: ("002", "osobna putovnica strana"),
    DocumentKind.PASSPORT_DIPLOMATIC: ("006", "diplomatska putovnica strana"),
    DocumentKind.PASSPORT_SERVICE: ("007", "sluzbena putovnica strana"),
    DocumentKind.IDENTITY_CARD_FOREIGN: ("027", "osobna iskaznica strana"),
}
_CROATIAN = {
    DocumentKind.PASSPORT: ("", "osobna putovnica domaca"),
    DocumentKind.PASSPORT_DIPLOMATIC: ("", "diplomatska putovnica domaca"),
    DocumentKind.PASSPORT_SERVICE: ("037", "sluzbena putovnica domaca"),
    DocumentKind.IDENTITY_CARD_FOREIGN: ("051", "osobna iskaznica domaca"),
}
# Codes that ICAO 9303 prints and ISO 3166 does not have.
_OTHER_CODES = {"GBD": "GBR", "GBN": "GBR", "GBO": "GBR", "GBP": "GBR", "GBS": "GBR", "RKS": "XKX"}
# Field of the body → what the counter puts right.
ABOUT: Mapping[str, ProfileField | str] = {
    "CityOfBirth": ProfileField.BIRTH_TOWN, "CountryOfBirth": ProfileField.BIRTH_STATE,
    "CityOfResidence": ProfileField.HOME_TOWN, "CountryOfResidence": ProfileField.RESIDENCE_STATE,
    "TTPaymentCategory": ProfileField.TAX_CATEGORY, "ArrivalOrganisation": ProfileField.ARRIVAL_KIND,
    "OfferedServiceType": ProfileField.SERVICE_KIND, "BorderCrossingHr": ProfileField.BORDER_CROSSING,
    "PassageDate": ProfileField.PASSAGE_DAY, "TouristAgency": ProfileField.AGENCY, "DocumentType": "document",
    "DocumentNumber": "number", "TouristName": "names", "TouristSurname": "names", "Gender": "sex",
    "DateOfBirth": "birth_date", "Citizenship": "nationality", "StayFrom": "stay", "ForeseenStayUntil": "stay",
    "TimeStayFrom": "stay", "TimeEstimatedStayUntil": "stay",
}  # fmt: skip


def list_asked(matter: Matter, tables: Tables) -> tuple[AskedField, ...]:
    """Return what the service wants to know beyond the document; some of it only after another answer."""
    return tuple(_list_asked(matter, tables))


def check_matter(matter: Matter, tables: Tables) -> tuple[Finding, ...]:
    """Return what keeps a guest from being checked in, in the order of the form."""
    if not tables.has_all(NEEDED_TABLES):
        return (Finding("nationality", FindingCode.NOT_YET),)
    return tuple(_check(matter, tables))


def compose_body(matter: Matter, tables: Tables, stay_id: str, facility: str) -> dict[str, str]:
    """Return the body of a check-in. Raises: CannotCompose naming the field."""
    for finding in check_matter(matter, tables):
        raise CannotCompose(str(finding.about))
    return _compose(matter, tables, stay_id, facility)


def find_country(nationality: str, tables: Tables) -> str:
    """Return the service's code of a state as documents print it, "" where its table has none."""
    countries = tables.find(COUNTRIES)
    return next((code for code in (nationality, _OTHER_CODES.get(nationality, "")) if countries.has(code)), "")


def find_document(guest: Guest, tables: Tables) -> str:
    """Return the service's code of a kind of document, "" where it has to be asked."""
    kinds = _CROATIAN if guest.document.issuing_state == CROATIA else _FOREIGN
    code, name = kinds.get(guest.document.kind, ("", ""))
    documents = tables.find(DOCUMENTS)
    if not name or not guest.document.number:
        return ""
    if code and documents.has(code):
        return code
    return next((row.code for row in documents.rows if fold_name(row.name) == name), "")


def _list_asked(matter: Matter, tables: Tables) -> Iterator[AskedField]:
    guest, answers = matter.guest, matter.answers
    home = find_country(guest.nationality, tables)
    if guest.sex not in (Sex.MALE, Sex.FEMALE):
        yield AskedField(ProfileField.REGISTER_SEX, FieldKind.CHOICE, table=SEXES, few=tuple(Gender))
    if not find_document(guest, tables):
        yield AskedField(ProfileField.PAPER_KIND, FieldKind.CHOICE, table=DOCUMENTS)
        yield AskedField(ProfileField.PAPER_NUMBER, FieldKind.TEXT, default=guest.document.number, max_chars=32)
    birth_state = answers.get(ProfileField.BIRTH_STATE) or home
    yield AskedField(ProfileField.BIRTH_STATE, FieldKind.CHOICE, table=COUNTRIES, default=home)
    yield _ask_town(ProfileField.BIRTH_TOWN, birth_state, is_shared=False)
    state = answers.get(ProfileField.RESIDENCE_STATE) or home
    yield AskedField(ProfileField.RESIDENCE_STATE, FieldKind.CHOICE, table=COUNTRIES, default=home, is_shared=True)
    yield _ask_town(ProfileField.HOME_TOWN, state, is_shared=True)
    if union := tuple(row.code for row in tables.find(UNION).rows):
        unless, latest = (ProfileField.RESIDENCE_STATE, union), matter.find_arrival_day()
        yield AskedField(ProfileField.BORDER_CROSSING, FieldKind.CHOICE, table=BORDERS, is_shared=True, unless=unless)
        yield AskedField(ProfileField.PASSAGE_DAY, FieldKind.DATE, is_shared=True, latest=latest, unless=unless)
    yield from _ask_house(matter, tables)


def _ask_town(about: ProfileField, state: str, *, is_shared: bool) -> AskedField:
    """A town abroad is free text; one in Croatia has to be "town-settlement" of the service's own list."""
    pattern = _SETTLEMENT if state == CROATIA else ""
    return AskedField(about, FieldKind.TEXT, is_shared=is_shared, pattern=pattern, max_chars=100)


def _ask_house(matter: Matter, tables: Tables) -> Iterator[AskedField]:
    """What the house knows better than the guest: it is there already, and touched only where it is otherwise."""
    category = choose_payment_category(matter.guest.birth_date, matter.find_arrival_day())
    categories = tables.find(CATEGORIES)
    yield AskedField(
        ProfileField.TAX_CATEGORY,
        FieldKind.CHOICE,
        table=CATEGORIES,
        default=category if categories.has(category) else "",
    )
    arrivals = tables.find(ARRIVALS)
    yield AskedField(
        ProfileField.ARRIVAL_KIND,
        FieldKind.CHOICE,
        table=ARRIVALS,
        few=tuple(row.code for row in arrivals.rows[:_OFFERED]),
        default=_BY_ONESELF if arrivals.has(_BY_ONESELF) else "",
        is_shared=True,
    )
    yield AskedField(
        ProfileField.AGENCY,
        FieldKind.TEXT,
        is_shared=True,
        pattern=_OIB_OR_VAT,
        max_chars=20,
        unless=(ProfileField.ARRIVAL_KIND, ("", *(row.code for row in arrivals.rows if not _is_agency(row)))),
    )
    services = tables.find(SERVICES)
    yield AskedField(
        ProfileField.SERVICE_KIND,
        FieldKind.CHOICE,
        table=SERVICES,
        few=tuple(row.code for row in services.rows[:_OFFERED]),
        default=services.find_code(_NIGHT),
        is_shared=True,
    )


def _is_agency(row: Row) -> bool:
    """Tell whether a way of arriving means that an agency brought the guest, which then has to be named."""
    return "agencij" in row.name.casefold()


def _check(matter: Matter, tables: Tables) -> Iterator[Finding]:
    answers = check_answers(list_asked(matter, tables), matter.answers, tables)
    yield from answers
    if not find_country(matter.guest.nationality, tables):
        yield Finding("nationality", FindingCode.STATE_UNKNOWN)
    elif not answers:
        # The id and the house come from elsewhere: any will do for looking at the rest.
        body = _compose(matter, tables, "0" * 8 + "-0000-4000-8000-" + "0" * 12, "0")
        state = body["CountryOfResidence"]
        for name, broken in find_broken(body, outside_union=not tables.find(UNION).has(state)):
            yield Finding(ABOUT.get(name, "stay"), _judge(broken))


def _judge(broken: Broken) -> FindingCode:
    return FindingCode.WRONG_FORM if broken in (Broken.WRONG_FORM, Broken.NO_SETTLEMENT) else FindingCode.MISSING


def _compose(matter: Matter, tables: Tables, stay_id: str, facility: str) -> dict[str, str]:
    guest = matter.guest
    answers = complete_answers(list_asked(matter, tables), matter.answers, tables)
    arrived = matter.stay.arrived_at.astimezone(matter.zone)
    surname, given = _split_name(guest)
    body = {
        "ID": stay_id,
        "Facility": facility,
        "StayFrom": write_day(arrived.date()),
        "TimeStayFrom": arrived.strftime(TIME),
        "ForeseenStayUntil": write_day(matter.stay.planned_departure),
        "TimeEstimatedStayUntil": LEAVES_AT,
        "DocumentType": find_document(guest, tables) or answers.get(ProfileField.PAPER_KIND, ""),
        "DocumentNumber": answers.get(ProfileField.PAPER_NUMBER) or guest.document.number,
        "TouristName": given,
        "TouristSurname": surname,
        "Gender": _find_gender(guest, answers),
        "DateOfBirth": write_day(guest.birth_date),
        "CountryOfBirth": answers.get(ProfileField.BIRTH_STATE, ""),
        "CityOfBirth": answers.get(ProfileField.BIRTH_TOWN, ""),
        "Citizenship": find_country(guest.nationality, tables),
        "CountryOfResidence": answers.get(ProfileField.RESIDENCE_STATE, ""),
        "CityOfResidence": answers.get(ProfileField.HOME_TOWN, ""),
        "TTPaymentCategory": answers.get(ProfileField.TAX_CATEGORY, ""),
        "ArrivalOrganisation": answers.get(ProfileField.ARRIVAL_KIND, ""),
        "OfferedServiceType": answers.get(ProfileField.SERVICE_KIND, ""),
    }
    passage = answers.get(ProfileField.PASSAGE_DAY)
    optional = {
        "BorderCrossingHr": answers.get(ProfileField.BORDER_CROSSING, ""),
        "PassageDate": write_day(date.fromisoformat(passage)) if passage else "",
        "TouristAgency": answers.get(ProfileField.AGENCY, ""),
    }
    return body | {name: value for name, value in optional.items() if value}


def _find_gender(guest: Guest, answers: Mapping[ProfileField, str]) -> str:
    known = {Sex.MALE: Gender.MALE.value, Sex.FEMALE: Gender.FEMALE.value}
    return known.get(guest.sex) or answers.get(ProfileField.REGISTER_SEX, "")


def _split_name(guest: Guest) -> tuple[str, str]:
    """Return surname and given names; both are obligatory, so who has one name has a dash for the other."""
    name = guest.names[0]
    if not name.surname:
        return name.text, NO_NAME
    return name.surname, name.given or NO_NAME
