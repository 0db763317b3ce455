"""The rules eVisitor's wiki gives for a check-in, held against a body before it is sent (and by the simulator)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from terminal.destinations.croatia.messages import Gender, is_id, read_day

CROATIA = "HRV"
AGENCY = "A"
# Fields that the wiki does not call optional. CityOfBirth it calls optional, and refuses the check-in without it.
NEEDED = (
    "ID", "Facility", "StayFrom", "TimeStayFrom", "ForeseenStayUntil", "TimeEstimatedStayUntil", "DocumentType",
    "DocumentNumber", "TouristName", "TouristSurname", "Gender", "DateOfBirth", "CountryOfBirth", "CityOfBirth",
    "Citizenship", "CountryOfResidence", "CityOfResidence", "TTPaymentCategory", "ArrivalOrganisation",
    "OfferedServiceType",
)  # fmt: skip
OPTIONAL = (
    "ResidenceAddress", "BorderCrossingHr", "PassageDate", "TouristMiddleName", "TouristEmail", "TouristTelephone",
    "AccommodationUnitType", "IsTTFlatRatePaymentVacationHome", "TouristAgency", "TTPayerID",
)  # fmt: skip
_DAYS = ("StayFrom", "ForeseenStayUntil", "DateOfBirth", "PassageDate")
_TIMES = ("TimeStayFrom", "TimeEstimatedStayUntil")
_STATES = ("CountryOfBirth", "Citizenship", "CountryOfResidence")


class Broken(StrEnum):
    """A rule that a body breaks; the value is the service's own sentence where the wiki prints one."""

    NO_ID = "Nije zadan ID."
    MISSING = "Podatak je obavezan."
    WRONG_FORM = "Podatak nije ispravnog formata."
    LEAVES_BEFORE = "Upisan datum boravka do je manji od datuma boravka od."
    LEAVES_AT_ONCE = "Upisano vrijeme odlaska je manje od upisanog vremena dolaska."
    NO_BORDER = "Potrebno je upisati granični prijelaz, te datum prijelaza."
    NO_BIRTH_TOWN = "Grad rođenja nije zadan."
    NO_HOME_TOWN = "Grad prebivališta nije zadan."
    NO_SETTLEMENT = "Naselje nije u šifrarniku."


def find_broken(body: Mapping[str, str], *, outside_union: bool) -> list[tuple[str, Broken]]:
    """Return what is wrong with the body of a check-in: field and rule, in the order of the fields.

    `outside_union`: the service's table says of the state of residence that it is no member of the European Union.
    """
    found = [(name, _name_missing(name)) for name in NEEDED if not body.get(name, "").strip()]
    missing = {name for name, _ in found}
    found += [(name, Broken.WRONG_FORM) for name in body if name not in missing and not _has_form(name, body[name])]
    found += [(name, Broken.WRONG_FORM) for name in body if name not in (*NEEDED, *OPTIONAL)]
    if outside_union and not (body.get("BorderCrossingHr") and body.get("PassageDate")):
        found.append(("BorderCrossingHr", Broken.NO_BORDER))
    for country, town in (("CountryOfBirth", "CityOfBirth"), ("CountryOfResidence", "CityOfResidence")):
        if body.get(country) == CROATIA and town not in missing and not is_settlement(body[town]):
            found.append((town, Broken.NO_SETTLEMENT))
    return found or _check_order(body)


def is_settlement(text: str) -> bool:
    """Tell whether a text has the form "town-settlement" of the service's list for places in Croatia."""
    return re.fullmatch(r"[^\s-][^-]*-[^\s-].*", text) is not None


def _name_missing(name: str) -> Broken:
    known = {"ID": Broken.NO_ID, "CityOfBirth": Broken.NO_BIRTH_TOWN, "CityOfResidence": Broken.NO_HOME_TOWN}
    return known.get(name, Broken.MISSING)


def _has_form(name: str, value: str) -> bool:
    if name == "ID":
        return is_id(value)
    if name in _DAYS:
        return _read_day(value) is not None
    if name in _TIMES:
        return re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value) is not None
    if name in _STATES:
        return re.fullmatch("[A-Z]{3}", value) is not None
    return name != "Gender" or value in set(Gender)


def _check_order(body: Mapping[str, str]) -> list[tuple[str, Broken]]:
    arrives, leaves = read_day(body["StayFrom"]), read_day(body["ForeseenStayUntil"])
    if arrives > leaves:
        return [("ForeseenStayUntil", Broken.LEAVES_BEFORE)]
    if arrives == leaves and body["TimeEstimatedStayUntil"] <= body["TimeStayFrom"]:
        return [("TimeEstimatedStayUntil", Broken.LEAVES_AT_ONCE)]
    return []


def _read_day(text: str) -> date | None:
    try:
        return read_day(text)
    except ValueError:
        return None
