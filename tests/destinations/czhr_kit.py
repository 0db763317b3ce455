"""Guests of nobody for the Czech and the Croatian service, and matters about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from records.documents import ChipVerdict, DocumentKind, HowRead, PersonName, Sex, ShownPaper, TypedBecause, Typing
from records.profile import ProfileField
from records.stays import Guest, HeldDocument, Stay, Venue
from terminal.destinations.tables import Tables
from terminal.destinations.terms import Action, Companion, Destination, Item, Matter

NOW = datetime.now(UTC).replace(microsecond=0)
PRAGUE, ZAGREB = ZoneInfo("Europe/Prague"), ZoneInfo("Europe/Zagreb")
VENUE = Venue("b0" * 16, "Penzion Ukázka", "Smyšlená 12, Praha")
STAY = Stay("101", NOW, NOW.astimezone(PRAGUE).date() + timedelta(days=2))
TYPED_CHILD = Typing(TypedBecause.NO_DOCUMENT, ShownPaper.NOTHING)


def make_guest(
    number: str = "U00000011",
    *,
    surname: str = "LINDGREN",
    given: str = "KARL JOHAN",
    birth: date = date(1981, 3, 5),
    sex: Sex = Sex.MALE,
    kind: DocumentKind = DocumentKind.PASSPORT,
    state: str = "UTO",
) -> Guest:
    """Return a citizen of Utopia; without a number, a child without a document."""
    is_without = kind is DocumentKind.NONE
    document = HeldDocument(
        kind,
        number,
        "" if is_without else state,
        HowRead.TYPED if is_without else HowRead.CHIP,
        ChipVerdict.NOT_VERIFIED if is_without else ChipVerdict.VERIFIED,
        TYPED_CHILD if is_without else None,
    )
    name = PersonName(f"{surname} {given}".strip(), surname, given)
    return Guest((name,), birth, sex, state, document)


FAMILY = (
    make_guest(),
    make_guest("U00000012", given="MARTA", birth=date(1983, 7, 9), sex=Sex.FEMALE),
    make_guest("U00000022", given="ELSA", birth=date(2016, 9, 21), sex=Sex.FEMALE),
    make_guest("", given="NILS", birth=date(2024, 2, 2), kind=DocumentKind.NONE),
)
CZECH_ANSWERS = {ProfileField.HOME_ADDRESS: "Hlavní 1, Utopie"}
CROATIAN_ANSWERS = {ProfileField.BIRTH_TOWN: "Amaurot", ProfileField.HOME_TOWN: "Amaurot"}
CHILD_PAPER = {ProfileField.PAPER_KIND: "999", ProfileField.PAPER_NUMBER: "Z1234"}


def make_matter(
    guest: Guest,
    answers: Mapping[ProfileField, str],
    *,
    index: int = 1,
    party: Sequence[Guest] = (),
    action: Action = Action.ARRIVAL,
    stay: Stay = STAY,
    earlier: str = "",
    zone: ZoneInfo = PRAGUE,
) -> Matter:
    """Return a matter about a guest; the first of `party` is its head."""
    others = tuple(Companion(each, answers, each is party[0]) for each in party if each is not guest)
    return Matter(
        action=action,
        reference=f"{index:032x}",
        guest=guest,
        stay=stay,
        venue=VENUE,
        zone=zone,
        answers=answers,
        party=others,
        is_head=not party or party[0] is guest,
        earlier=earlier,
    )


def make_item(destination: Destination, matter: Matter, tables: Tables, party: str = "p1") -> Item:
    """Return the composed message about a matter."""
    return Item(matter.reference, matter.action, party, destination.compose(matter, tables))


def leave(stay: Stay, at: datetime) -> Stay:
    """Return a stay that has ended."""
    return replace(stay, departed_at=at)
