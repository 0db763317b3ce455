"""The lodging house as the Czech register knows it: sent with every list, compared there with what is registered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from terminal.destinations.czechia.letters import fits_encoding

# Field → longest, as annex 3 of the operating rules has them for a line A.
_LONGEST = {
    "name": 35, "contact": 50, "district": 32, "town": 48, "quarter": 48, "street": 48,
}  # fmt: skip
_FORMS = {
    # Letters are let through: annex 3 calls the identifier alphanumeric, the operating rules say digits.
    "idub": re.compile(r"[A-Za-z0-9]{12,14}"),
    # Five letters by the rules of 2018; the police have issued six signs since.
    "mark": re.compile(r"[A-Za-z0-9]{5,6}"),
    "house_number": re.compile(r"|E?[0-9]{1,4}E?"),
    "street_number": re.compile(r"|[0-9]{1,3}[A-Za-z]?"),
    "postcode": re.compile(r"[0-9]{5}"),
}
_NEEDED = ("idub", "mark", "name", "district", "town", "postcode")


@dataclass(frozen=True, slots=True)
class House:
    """Who reports: what the police wrote on the protocol of registration."""

    idub: str
    mark: str
    name: str
    contact: str = ""
    district: str = ""
    town: str = ""
    quarter: str = ""
    street: str = ""
    house_number: str = ""
    street_number: str = ""
    postcode: str = ""


def read_house(values: Mapping[str, str]) -> House:
    """Return the house of what was typed at set-up; spaces in a postcode do not count."""
    typed = {each.name: " ".join(values.get(each.name, "").split()) for each in fields(House)}
    return House(**{**typed, "postcode": typed["postcode"].replace(" ", "")})


def find_wrong_part(house: House) -> str:
    """Return the name of the first part that breaks a published rule, "" where there is none."""
    for each in fields(House):
        value: str = getattr(house, each.name)
        if not value and each.name in _NEEDED:
            return each.name
        if len(value) > _LONGEST.get(each.name, len(value)) or not fits_encoding(value):
            return each.name
        if each.name in _FORMS and not _FORMS[each.name].fullmatch(value):
            return each.name
    return ""
