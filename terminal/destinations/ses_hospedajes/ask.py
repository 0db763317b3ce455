"""What is asked at the counter for Spain, with the fewest touches: nothing that document or booking already say."""

from __future__ import annotations

from collections.abc import Iterator

from records.profile import ProfileField
from terminal.destinations.asked import AskedField, FieldKind
from terminal.destinations.ses_hospedajes.codes import DocumentCode, KinshipCode, PaymentCode
from terminal.destinations.ses_hospedajes.compose import (
    EMAIL,
    MAX_EMAIL,
    MAX_NAME,
    MAX_PHONE,
    MAX_POSTCODE,
    MAX_STREET,
    PHONE,
    find_numbers,
    guess_second_surname,
    is_of_age,
)
from terminal.destinations.ses_hospedajes.identity import is_national_number
from terminal.destinations.ses_hospedajes.tables import KINSHIPS, MUNICIPALITIES, PAYMENTS, SPAIN, STATES
from terminal.destinations.tables import Tables
from terminal.destinations.terms import Matter

_NATIONAL = r"\s*(?:[0-9]{8}|[KLMXYZklmxyz][0-9]{7})[ -]?[A-Za-z]\s*"

# What a minor can well be to an adult beside them, so few that they are touched; the others are "other".
_KINSHIPS = (
    KinshipCode.CHILD, KinshipCode.GRANDCHILD, KinshipCode.GREAT_GRANDCHILD, KinshipCode.NEPHEW, KinshipCode.SIBLING,
    KinshipCode.SPOUSE, KinshipCode.WARD, KinshipCode.OTHER,
)  # fmt: skip


def list_fields(matter: Matter, tables: Tables) -> Iterator[AskedField]:
    """Yield the fields of one guest. Residence, contact and payment are answered once for a booking."""
    yield from _list_identity(matter)
    if not is_of_age(matter):
        yield AskedField(ProfileField.KINSHIP, FieldKind.CHOICE, table=KINSHIPS, few=_KINSHIPS)
    yield from _list_residence(matter, tables)
    # One of the two is enough, and the check says so: neither is required by itself.
    yield AskedField(
        ProfileField.PHONE, FieldKind.TEXT, is_required=False, is_shared=True, pattern=PHONE, max_chars=MAX_PHONE
    )
    yield AskedField(
        ProfileField.EMAIL, FieldKind.TEXT, is_required=False, is_shared=True, pattern=EMAIL, max_chars=MAX_EMAIL
    )
    today = matter.find_arrival_day()
    yield AskedField(ProfileField.CONTRACT_DAY, FieldKind.DATE, default=today.isoformat(), is_shared=True, latest=today)
    yield AskedField(
        ProfileField.PAYMENT_KIND, FieldKind.CHOICE, table=PAYMENTS, few=tuple(PaymentCode), is_shared=True
    )


def _list_identity(matter: Matter) -> Iterator[AskedField]:
    kind, _, support = find_numbers(matter)
    if kind not in (DocumentCode.NIF, DocumentCode.NIE):
        return
    number = matter.guest.document.number
    if not is_national_number(number):
        yield AskedField(ProfileField.NATIONAL_NUMBER, FieldKind.TEXT, pattern=_NATIONAL, max_chars=12)
        support = support or number
    yield AskedField(
        ProfileField.SUPPORT_NUMBER, FieldKind.TEXT, default=support, pattern=r"[A-Za-z0-9]{1,9}", max_chars=9
    )
    name = matter.guest.names[0]
    yield AskedField(
        ProfileField.SECOND_SURNAME,
        FieldKind.TEXT,
        default=guess_second_surname(name.surname),
        is_required=kind is DocumentCode.NIF,
        max_chars=MAX_NAME,
    )


def _list_residence(matter: Matter, tables: Tables) -> Iterator[AskedField]:
    # Most guests live where their passport comes from; shown, and changed with one touch.
    nationality = matter.guest.nationality
    default = nationality if tables.find(STATES).has(nationality) else ""
    yield AskedField(ProfileField.RESIDENCE_STATE, FieldKind.CHOICE, table=STATES, default=default, is_shared=True)
    yield AskedField(ProfileField.RESIDENCE_POSTCODE, FieldKind.TEXT, is_shared=True, max_chars=MAX_POSTCODE)
    in_spain = (ProfileField.RESIDENCE_STATE, SPAIN)
    yield AskedField(
        ProfileField.RESIDENCE_MUNICIPALITY, FieldKind.CHOICE, table=MUNICIPALITIES, is_shared=True, only_if=in_spain
    )
    yield AskedField(
        ProfileField.RESIDENCE_PLACE,
        FieldKind.TEXT,
        is_shared=True,
        max_chars=MAX_STREET,
        unless=(ProfileField.RESIDENCE_STATE, (SPAIN,)),
    )
    yield AskedField(ProfileField.RESIDENCE_STREET, FieldKind.TEXT, is_shared=True, max_chars=MAX_STREET)
