"""Invented guests of a house in Spain, for tests and benches."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from records.documents import ChipVerdict, DocumentKind, HowRead, PersonName, Sex, ShownPaper, TypedBecause, Typing
from records.profile import ProfileField
from records.stays import Guest, HeldDocument, Stay, Venue
from terminal.destinations.ses_hospedajes.destination import SES_HOSPEDAJES
from terminal.destinations.ses_hospedajes.tables import (
    DOCUMENTS,
    KINSHIPS,
    MUNICIPALITIES,
    PAYMENTS,
    SEXES,
    STATES,
    load_municipalities,
    load_states,
)
from terminal.destinations.sim.ses_hospedajes import _TABLES
from terminal.destinations.tables import Row, Table, Tables
from terminal.destinations.terms import Action, Companion, Item, Matter

NOW = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
STAY = Stay("12", NOW, date(2026, 11, 25))
VENUE = Venue("0" * 32, "Casa de la Plaza")
MADRID = ZoneInfo("Europe/Madrid")
F = ProfileField
ABROAD = {
    F.RESIDENCE_STATE: "FRA", F.RESIDENCE_POSTCODE: "69001", F.RESIDENCE_PLACE: "Lyon",
    F.RESIDENCE_STREET: "1 rue de la République", F.PHONE: "+33 612 345 678", F.PAYMENT_KIND: "EFECT",
    F.CONTRACT_DAY: "2026-11-22",
}  # fmt: skip
AT_HOME = {
    F.RESIDENCE_STATE: "ESP", F.RESIDENCE_POSTCODE: "28001", F.RESIDENCE_MUNICIPALITY: "28079",
    F.RESIDENCE_STREET: "C/ Serrano 127", F.EMAIL: "carmen@example.es", F.PAYMENT_KIND: "TARJT",
    F.CONTRACT_DAY: "2026-11-22",
}  # fmt: skip
TABLES = Tables(
    {
        **{
            name: Table(tuple(Row(code, words) for code, words in _TABLES[name].items()))
            for name in (DOCUMENTS, PAYMENTS, KINSHIPS, SEXES)
        },
        MUNICIPALITIES: load_municipalities(),
        STATES: load_states(),
    }
)


def make_guest(
    given: str = "ANNA",
    surname: str = "ERIKSSON",
    born: date = date(1974, 8, 12),
    *,
    kind: DocumentKind = DocumentKind.PASSPORT,
    number: str = "L898902C3",
    state: str = "UTO",
    nationality: str = "UTO",
) -> Guest:
    """Return a guest with a passport of Utopia, or another document."""
    if kind is DocumentKind.NONE:
        typing = Typing(TypedBecause.NO_DOCUMENT, ShownPaper.NOTHING)
        held = HeldDocument(kind, "", "", HowRead.TYPED, ChipVerdict.NOT_VERIFIED, typing)
    else:
        held = HeldDocument(kind, number, state, HowRead.MRZ, ChipVerdict.NOT_VERIFIED)
    name = PersonName(f"{given} {surname}".strip(), surname, given)
    return Guest((name,), born, Sex.FEMALE, nationality, held)


ADULT = make_guest()
# The published specimen of the Spanish card: the printed lines hold its own number, 99999999R stands beside it.
SPANIARD = make_guest(
    "CARMEN", "ESPANOLA ESPANOLA", date(1980, 1, 1), kind=DocumentKind.IDENTITY_CARD_FOREIGN, number="BAA000589",
    state="ESP", nationality="ESP",
)  # fmt: skip
CHILD = make_guest("LEO", born=date(2016, 5, 1), kind=DocumentKind.NONE)


def make_matter(
    guest: Guest = ADULT,
    answers: dict[ProfileField, str] = ABROAD,
    *,
    party: tuple[Guest, ...] = (),
    reference: str = "a" * 32,
    stay: Stay = STAY,
    action: Action = Action.ARRIVAL,
    earlier: str = "",
) -> Matter:
    """Return what is told of a guest; `party` are the others, the head first."""
    others = tuple(Companion(each, ABROAD, place == 0) for place, each in enumerate(party))
    return Matter(action, reference, guest, stay, VENUE, MADRID, answers, others, not party, earlier)


def make_item(matter: Matter, party: str = "") -> Item:
    """Compose an item."""
    data = SES_HOSPEDAJES.compose(matter, TABLES)
    return Item(matter.reference, matter.action, party or matter.reference, data)


def make_items(count: int) -> list[Item]:
    """Return arrivals of so many guests, each a party."""
    guests = (make_guest(number=f"L{place:07}") for place in range(count))
    return [make_item(make_matter(guest, reference=f"{place:032x}")) for place, guest in enumerate(guests)]
