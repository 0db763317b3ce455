"""Which fields each kind of document has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from records.documents import DocumentKind
from terminal.typed.draft import LINES_KIND, TypedField, TypingRules


class Need(Enum):
    """Whether a form has a field."""

    NO = auto()
    MAY = auto()
    MUST = auto()


@dataclass(frozen=True, slots=True)
class TypedForm:
    """The fields of one kind. States that every document of the kind has are given, and not asked."""

    own_name: Need
    latin_name: Need
    number: Need = Need.MUST
    valid_until: Need = Need.MAY  # empty: unlimited, or not stated
    issuing_state: str | None = None  # None: asked
    nationality: str | None = None

    def need(self, name: TypedField) -> Need:
        """Return whether the form has a field. The address is the profile's affair."""
        asked = {
            TypedField.NAME: self.own_name,
            TypedField.SURNAME: self.latin_name,
            TypedField.GIVEN: Need.NO if self.latin_name is Need.NO else Need.MAY,
            TypedField.NUMBER: self.number,
            TypedField.VALID_UNTIL: self.valid_until,
            TypedField.ISSUING_STATE: Need.MUST if self.issuing_state is None else Need.NO,
            TypedField.NATIONALITY: Need.MUST if self.nationality is None else Need.NO,
        }
        return asked.get(name, Need.MUST)


_CHINESE = TypedForm(Need.MUST, Need.NO, issuing_state="CHN", nationality="CHN")
_PASSPORT = TypedForm(Need.MAY, Need.MUST, valid_until=Need.MUST)
_PASSPORT_OF_CHINA = TypedForm(Need.MAY, Need.MUST, valid_until=Need.MUST, issuing_state="CHN", nationality="CHN")
_PERMIT = TypedForm(Need.MUST, Need.MAY, valid_until=Need.MUST, issuing_state="CHN", nationality="CHN")
FORMS: dict[DocumentKind, TypedForm] = {
    DocumentKind.RESIDENT_CARD: _CHINESE,
    DocumentKind.TEMPORARY_CARD: TypedForm(
        Need.MUST, Need.NO, valid_until=Need.MUST, issuing_state="CHN", nationality="CHN"
    ),
    DocumentKind.PASSPORT_DIPLOMATIC: _PASSPORT,
    DocumentKind.PASSPORT_SERVICE: _PASSPORT,
    DocumentKind.PASSPORT: _PASSPORT,
    DocumentKind.PASSPORT_HONG_KONG: _PASSPORT_OF_CHINA,
    DocumentKind.PASSPORT_MACAO: _PASSPORT_OF_CHINA,
    DocumentKind.TRAVEL_PERMIT_TAIWAN: _PERMIT,
    DocumentKind.TRAVEL_PERMIT_HONG_KONG_MACAO: _PERMIT,
    # The 2017 card bears a Latin name alone, the 2023 one both where there is a Chinese one.
    DocumentKind.PERMANENT_RESIDENCE: TypedForm(Need.MAY, Need.MUST, valid_until=Need.MUST, issuing_state="CHN"),
    DocumentKind.RESIDENCE_PERMIT_HK_MO_TW: TypedForm(
        Need.MUST, Need.NO, valid_until=Need.MUST, issuing_state="CHN", nationality="CHN"
    ),
    DocumentKind.IDENTITY_CARD_FOREIGN: TypedForm(Need.MAY, Need.MAY),
    DocumentKind.OTHER: TypedForm(Need.MAY, Need.MAY, number=Need.MAY),
    DocumentKind.NONE: TypedForm(Need.MAY, Need.MAY, number=Need.NO, valid_until=Need.NO, issuing_state=""),
}
_GUARDIAN = (TypedField.GUARDIAN_NAME, TypedField.RELATION, TypedField.PHONE)


def list_fields(kind: str, rules: TypingRules) -> tuple[TypedField, ...]:
    """Return the fields of a form in their order. Raises: ValueError for what is no kind."""
    if kind == LINES_KIND:
        return (TypedField.SHOWN, TypedField.LINES, *((TypedField.ADDRESS,) if rules.with_address else ()))
    form = FORMS[DocumentKind(kind)]
    return tuple(
        name
        for name in TypedField
        if name is not TypedField.LINES
        and name not in _GUARDIAN
        and (name is not TypedField.ADDRESS or rules.with_address)
        and form.need(name) is not Need.NO
    )
