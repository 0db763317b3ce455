"""What a message says, for the guest: every value that leaves the house, none that does not.

Codes are written as the service's own tables name them, in Spanish: whoever disputes an entry there meets these words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from terminal.destinations.ses_hospedajes.codes import DocumentCode, KinshipCode, PaymentCode, SexCode
from terminal.destinations.ses_hospedajes.message import Annulment, Arrival, Person, Residence
from terminal.destinations.ses_hospedajes.tables import load_municipalities, load_states

DOCUMENT_NAMES: Mapping[str, str] = {
    DocumentCode.NIF: "NIF",
    DocumentCode.NIE: "NIE",
    DocumentCode.PASSPORT: "Pasaporte",
    DocumentCode.OTHER: "Otro documento",
}
SEX_NAMES: Mapping[str, str] = {SexCode.MAN: "Hombre", SexCode.WOMAN: "Mujer", SexCode.OTHER: "Otro"}
PAYMENT_NAMES: Mapping[str, str] = {
    PaymentCode.AT_THE_HOUSE: "Pago en destino",
    PaymentCode.CASH: "Efectivo",
    PaymentCode.CARD: "Tarjeta",
    PaymentCode.PLATFORM: "Plataforma de pago",
    PaymentCode.TRANSFER: "Transferencia",
    PaymentCode.MOBILE: "Pago por móvil",
    PaymentCode.GIFT_CARD: "Tarjeta regalo",
    PaymentCode.OTHER: "Otros",
}
KINSHIP_NAMES: Mapping[str, str] = {
    KinshipCode.CHILD: "Hijo/a",
    KinshipCode.GRANDCHILD: "Nieto/a",
    KinshipCode.NEPHEW: "Sobrino/a",
    KinshipCode.SIBLING: "Hermano/a",
    KinshipCode.WARD: "Tutor/a",
    KinshipCode.OTHER: "Otro",
    KinshipCode.GRANDPARENT: "Abuelo/a",
    KinshipCode.GREAT_GRANDPARENT: "Bisabuelo/a",
    KinshipCode.GREAT_GRANDCHILD: "Bisnieto/a",
    KinshipCode.SIBLING_IN_LAW: "Cuñado/a",
    KinshipCode.SPOUSE: "Cónyuge",
    KinshipCode.PARENT: "Padre o madre",
    KinshipCode.PARENT_IN_LAW: "Suegro/a",
    KinshipCode.UNCLE: "Tío/a",
    KinshipCode.CHILD_IN_LAW: "Yerno o nuera",
}


def describe_message(message: Arrival | Annulment) -> Iterator[tuple[str, str]]:
    """Yield (words key, value) of what is told."""
    if isinstance(message, Annulment):
        yield "ses_annulled", message.code.rpartition("/")[2]
        return
    yield from _keep(_describe_person(message.person))
    yield from _keep(_describe_residence(message.person.residence))
    contract = message.contract
    yield "ses_contract_day", contract.day.isoformat()
    yield "ses_arrival", f"{contract.arrival:%Y-%m-%d %H:%M}"
    yield "ses_departure", f"{contract.departure:%Y-%m-%d %H:%M}"
    yield "ses_payment", PAYMENT_NAMES[contract.payment]


def _describe_person(person: Person) -> Iterator[tuple[str, str]]:
    yield "ses_given", person.given
    yield "ses_surname", person.surname
    yield "ses_second_surname", person.second_surname
    yield "ses_document", DOCUMENT_NAMES[person.document] if person.document else ""
    yield "ses_number", person.number
    yield "ses_support", person.support
    yield "ses_birth_date", person.birth_date.isoformat()
    yield "ses_nationality", person.nationality
    yield "ses_sex", SEX_NAMES[person.sex] if person.sex else ""
    yield "ses_phone", person.phone
    yield "ses_phone_2", person.phone_2
    yield "ses_email", person.email
    yield "ses_kinship", KINSHIP_NAMES[person.kinship] if person.kinship else ""


def _describe_residence(home: Residence) -> Iterator[tuple[str, str]]:
    municipality = load_municipalities().get(home.municipality)
    state = load_states().get(home.state)
    place = f"{municipality.name} ({municipality.more})" if municipality else home.place
    yield "ses_street", home.street
    yield "ses_place", f"{home.postcode} {place}".strip()
    yield "ses_state", state.name if state else home.state


def _keep(pairs: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return ((key, value) for key, value in pairs if value)
