"""Profiles: what one jurisdiction asks of a guest register, within the ceilings that stand in this source."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import resources
from typing import Literal

import msgspec

from records.documents import DocumentKind
from records.errors import RootRefused

# Ceilings: a profile may ask for less, never for more.
MAX_NIGHTS = 30
MAX_RETENTION_DAYS = 3 * 366
# Of a receiving service's receipts alone, which prove that the duty was done.
MAX_RECEIPT_DAYS = 5 * 366


class ProfileField(StrEnum):
    """Fields a record may hold beyond names, birth date, sex, nationality and document."""

    ADDRESS = "address"
    GUARDIAN = "guardian"  # of guests under 18 alone: name, relation and telephone
    # What a destination asks beyond the document (terminal/destinations). Each names the law that asks for it; none is
    # ever in a record for central.
    PARTY_ROLE = "party_role"  # Italy, DM 7.1.2013 annex: alone, head of a family or group, member
    BIRTH_STATE = "birth_state"  # Italy, the same; Croatia, eVisitor rules (NN 126/15)
    BIRTH_PLACE = "birth_place"  # Italy, the same, of those born in Italy
    ISSUED_AT = "issued_at"  # Italy, the same: place or state that issued the document
    SECOND_SURNAME = "second_surname"  # Spain, RD 933/2021 annex I A
    NATIONAL_NUMBER = "national_number"  # Spain, the same: NIF or NIE, where the document's number is the card's own
    SUPPORT_NUMBER = "support_number"  # Spain, the same: of the card itself, for NIF and NIE
    KINSHIP = "kinship"  # Spain, the same: to an adult of the party, of guests under 18
    PHONE = "phone"  # Spain, the same
    PHONE_2 = "phone_2"  # Spain, the same
    EMAIL = "email"  # Spain, the same
    RESIDENCE_STREET = "residence_street"  # Spain, the same
    RESIDENCE_PLACE = "residence_place"  # Spain, the same
    RESIDENCE_MUNICIPALITY = "residence_municipality"  # Spain, the same: INE code, of residents of Spain
    RESIDENCE_POSTCODE = "residence_postcode"  # Spain, the same
    RESIDENCE_STATE = "residence_state"  # Spain, Croatia, the same
    PAYMENT_KIND = "payment_kind"  # Spain, RD 933/2021 annex I A: of the contract
    CONTRACT_DAY = "contract_day"  # Spain, the same
    VISA_NUMBER = "visa_number"  # Czech Republic, zák. 326/1999 § 102: of guests who need a visa
    STAY_PURPOSE = "stay_purpose"  # Czech Republic, the same
    TAX_CATEGORY = "tax_category"  # Croatia, eVisitor rules: category of the tourist tax
    ARRIVAL_KIND = "arrival_kind"  # Croatia, the same: how the arrival was organised
    SERVICE_KIND = "service_kind"  # Croatia, the same: what was offered
    BIRTH_TOWN = "birth_town"  # Croatia, eVisitor rules: of those born there as "town-settlement"
    HOME_TOWN = "home_town"  # Croatia, the same, of those who live there
    HOME_ADDRESS = "home_address"  # Czech Republic, zák. 326/1999 § 97: permanent residence abroad, in one line
    BIRTH_PRINTED = "birth_printed"  # Czech Republic, Ubyport annex 5: how much of a birth date the document prints
    PARENT_DOCUMENT = "parent_document"  # Czech Republic, the same: of a child entered in a parent's passport
    REGISTER_SEX = "register_sex"  # Croatia, eVisitor rules: where the document says neither male nor female
    PAPER_KIND = "paper_kind"  # Croatia, the same: of guests without a document that a machine reads
    PAPER_NUMBER = "paper_number"  # Croatia, the same
    BORDER_CROSSING = "border_crossing"  # Croatia, the same: of residents of states outside the European Union
    PASSAGE_DAY = "passage_day"  # Croatia, the same
    AGENCY = "agency"  # Croatia, the same: tax number of the agency that brought the guest


class VenueKind(StrEnum):
    """Commercial lodging. There is no kind for a private home, a refuge or a dormitory."""

    HOTEL = "hotel"
    GUESTHOUSE = "guesthouse"
    HOSTEL = "hostel"
    DAY_RENTAL = "day_rental"
    HOLIDAY_LET = "holiday_let"
    CAMPSITE = "campsite"


class Registered(StrEnum):
    """Whom the law of the place asks a house to register."""

    EVERYBODY = "everybody"
    FOREIGNERS = "foreigners"  # whoever is not a national of `home`


class _Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    zh: str
    en: str
    # The language of the place, where its service is a destination's.
    it: str = ""
    cs: str = ""
    es: str = ""
    hr: str = ""


class _DestinationFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    language: Literal["it", "cs", "es", "hr"]
    home: str  # ISO 3166 alpha-3
    delete: Literal["receipt", "retention"]
    receipt_days: int
    registers: Registered = Registered.EVERYBODY
    short_deadline_h: int = 0
    short_nights: int = 0
    departure_deadline_h: int = 0


class _ProfileFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    name: _Text
    law: _Text
    authority: _Text
    redress: _Text
    retention_days: int
    deadline_h: int
    document_kinds: tuple[DocumentKind, ...]
    venue_kinds: tuple[VenueKind, ...]
    extra_fields: tuple[ProfileField, ...] = ()
    generic: bool = False
    destination: _DestinationFile | None = None
    collected: _Text | None = None  # with a destination: what is registered, in words for the guest
    kept: _Text | None = None  # with a destination: how long, and where, in words for the guest


@dataclass(frozen=True, slots=True)
class DestinationTerms:
    """What a profile says of the receiving service its law names (DESIGN.md, section 8a)."""

    id: str  # as terminal/destinations/catalogue.py knows it
    language: str  # of the place: it, cs, es, hr; its texts stand beside zh and en
    home: str  # ISO 3166 alpha-3 of the country
    registers: Registered
    is_deleted_at_receipt: bool  # the guest's data goes as soon as the receipt is here; otherwise after retention_days
    receipt_days: int  # how long receipts of the service are kept
    short_deadline_h: int = 0  # instead of deadline_h, for stays of at most short_nights; 0: there is none
    short_nights: int = 0
    departure_deadline_h: int = 0  # after the departure; 0: departures have none

    def count_hours(self, nights: int, deadline_h: int) -> int:
        """Return how many hours after the arrival it has to be told, for a stay of so many nights."""
        is_short = bool(self.short_deadline_h) and nights <= self.short_nights
        return self.short_deadline_h if is_short else deadline_h


@dataclass(frozen=True, slots=True)
class Profile:
    """A jurisdiction's profile and the SHA-256 of the file it came from."""

    digest: str  # hexadecimal
    id: str
    name: dict[str, str]  # by language: zh, en, and of the place where there is a destination
    law: dict[str, str]
    authority: dict[str, str]
    redress: dict[str, str]
    retention_days: int
    deadline_h: int
    document_kinds: frozenset[DocumentKind]
    venue_kinds: frozenset[VenueKind]
    extra_fields: frozenset[ProfileField]
    is_generic: bool = False  # names no law of its own: whoever installs it is told to name one
    destination: DestinationTerms | None = None  # the receiving service, where the law names one
    collected: dict[str, str] = field(default_factory=dict)  # with a destination: what is registered, for the guest
    kept: dict[str, str] = field(default_factory=dict)  # with a destination: how long and where

    def is_registered(self, nationality: str) -> bool:
        """Tell whether the law asks for this guest at all; who has no nationality in the document is a foreigner."""
        terms = self.destination
        return terms is None or terms.registers is Registered.EVERYBODY or nationality != terms.home


def load_profile(profile_id: str) -> Profile:
    """Load a profile that ships with this release. Raises: RootRefused("profile")."""
    if not profile_id.isidentifier():
        raise RootRefused("profile")
    file = resources.files("records") / "profiles" / f"{profile_id}.toml"
    if not file.is_file():
        raise RootRefused("profile")
    return parse_profile(file.read_bytes())


def parse_profile(data: bytes) -> Profile:
    """Parse a profile file and hold it against the ceilings. Raises: RootRefused("profile")."""
    try:
        parsed = msgspec.convert(tomllib.loads(data.decode()), _ProfileFile)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise RootRefused("profile") from None
    if not 0 < parsed.retention_days <= MAX_RETENTION_DAYS or parsed.deadline_h <= 0:
        raise RootRefused("profile")
    if not parsed.document_kinds or not parsed.venue_kinds:
        raise RootRefused("profile")
    terms = _read_destination(parsed)
    return Profile(
        digest=hashlib.sha256(data).hexdigest(),
        id=parsed.id,
        name=_list_texts(parsed.name, terms),
        law=_list_texts(parsed.law, terms),
        authority=_list_texts(parsed.authority, terms),
        redress=_list_texts(parsed.redress, terms),
        retention_days=parsed.retention_days,
        deadline_h=parsed.deadline_h,
        document_kinds=frozenset(parsed.document_kinds),
        venue_kinds=frozenset(parsed.venue_kinds),
        extra_fields=frozenset(parsed.extra_fields),
        is_generic=parsed.generic,
        destination=terms,
        collected=_list_texts(parsed.collected, terms) if parsed.collected else {},
        kept=_list_texts(parsed.kept, terms) if parsed.kept else {},
    )


# What a record for central may hold; everything else goes to the service that asks for it, and nowhere else.
RECORD_FIELDS = frozenset({ProfileField.ADDRESS, ProfileField.GUARDIAN})


def _read_destination(parsed: _ProfileFile) -> DestinationTerms | None:
    found = parsed.destination
    if found is None:
        if not RECORD_FIELDS.issuperset(parsed.extra_fields):
            raise RootRefused("profile")
        return None
    hours = (found.short_deadline_h, found.short_nights, found.departure_deadline_h)
    is_sound = (
        found.id.isidentifier()
        and re.fullmatch("[A-Z]{3}", found.home)
        and parsed.collected is not None
        and parsed.kept is not None
        and 0 < found.receipt_days <= MAX_RECEIPT_DAYS
        and min(hours) >= 0
        and found.short_deadline_h <= parsed.deadline_h
        and (found.short_deadline_h > 0) == (found.short_nights > 0)
    )
    if not is_sound:
        raise RootRefused("profile")
    return DestinationTerms(
        id=found.id,
        language=found.language,
        home=found.home,
        registers=found.registers,
        is_deleted_at_receipt=found.delete == "receipt",
        receipt_days=found.receipt_days,
        short_deadline_h=found.short_deadline_h,
        short_nights=found.short_nights,
        departure_deadline_h=found.departure_deadline_h,
    )


def _list_texts(text: _Text, terms: DestinationTerms | None) -> dict[str, str]:
    """Return a text by language: zh and en, and the place's own where the profile has a destination."""
    languages = ("zh", "en") if terms is None else ("zh", "en", terms.language)
    texts = {language: getattr(text, language) for language in languages}
    if not all(texts.values()):
        raise RootRefused("profile")
    return texts
