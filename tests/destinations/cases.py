"""The destinations that every contract test runs over. A country adds one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from records.documents import Sex
from records.stays import Guest
from tests.destinations.kit import make_utopian


@dataclass(frozen=True)
class Case:
    """What a contract test needs of a country."""

    profile: str
    guest: Guest
    family: tuple[Guest, ...]  # four, the head first; no two with the same document
    answers: Mapping[str, str] = field(default_factory=dict)  # beyond the defaults: of everybody
    # Answers with which the service refuses (they pass our own checks), and with which it then takes it; None where
    # whatever the service refuses is found here first.
    told_holds: str = "ERIKSSON"  # what a line of the simulator's `list_told` holds of `guest`
    refused_by_service: bool = True  # the simulator can be made to refuse what our own check lets pass


def make_family(surname: str, *, are_grown: bool = False) -> tuple[Guest, ...]:
    """Return father, mother and two children, who may be of age."""
    years = (2001, 2003) if are_grown else (2015, 2018)
    return (
        make_utopian("D23145890", surname, "CARL", birth=date(1980, 1, 2), sex=Sex.MALE),
        make_utopian("D23145891", surname, "EVA", birth=date(1982, 3, 4)),
        make_utopian("D23145892", surname, "MAX", birth=date(years[0], 5, 6), sex=Sex.MALE),
        make_utopian("D23145893", surname, "LISA", birth=date(years[1], 7, 8)),
    )


CASES = {
    "alloggiati": Case("it", make_utopian(), make_family("STEARNE")),
    "ubyport": Case("cz", make_utopian(), make_family("STEARNE"), {"home_address": "Hlavní 1, Amaurot"}),
    "evisitor": Case("hr", make_utopian(), make_family("STEARNE"), {"birth_town": "Amaurot", "home_town": "Amaurot"}),
    "ses_hospedajes": Case(
        "es",
        make_utopian(),
        make_family("STEARNE", are_grown=True),  # a minor alone cannot be told
        {
            "residence_state": "FRA",
            "residence_postcode": "69001",
            "residence_place": "Lyon",
            "kinship": "HJ",
            "residence_street": "1 rue de la Paix",
            "phone": "+33 612 345 678",
            "payment_kind": "EFECT",
        },
    ),
}
