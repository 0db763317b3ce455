"""What SES.HOSPEDAJES refuses of a communication that its schemas let through: manual 3.1.3, 3.1.1.1, 4.1 and 4.2.

Written on the XML alone, apart from the terminal's own checks: each is the other's test.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from xml.etree.ElementTree import Element

from terminal.destinations.ses_hospedajes.codes import DocumentCode, KinshipCode, PaymentCode, SexCode
from terminal.destinations.ses_hospedajes.identity import is_nie, is_nif
from terminal.destinations.ses_hospedajes.tables import SPAIN, load_municipalities, load_states

# Numbers on specimens that the police publish, and the same number as a NIE: the simulator takes no others of Spain.
SPECIMEN_NUMBERS = frozenset({"99999999R", "X9999999J"})
UTOPIA = "UTO"
_EMPTY = "Es obligatorio indicar un valor en el campo. {}"
_WRONG = "Valor incorrecto. {}"


def list_breaches(communication: Element, day: date) -> Iterator[str]:
    """Yield what is wrong with a communication, in the service's manner: a sentence and the element it is about."""
    people = communication.findall("persona")
    contract = communication.find("contrato")
    if contract is not None:
        yield from _judge_contract(contract, len(people))
    arrival = _read_arrival(communication) or day
    has_adult = any(_is_of_age(each, arrival) for each in people)
    for place, person in enumerate(people, 1):
        for breach in _judge_person(person, arrival, has_adult):
            yield f"persona [{place}]: {breach}"


def find_stranger(communication: Element) -> int:
    """Return the place of the first person who is neither invented nor a published specimen, from 1; 0 for none."""
    people = enumerate(communication.findall("persona"), 1)
    return next((place for place, each in people if not _is_specimen(each)), 0)


def _is_specimen(person: Element) -> bool:
    return _read(person, "nacionalidad") == UTOPIA or _read(person, "numeroDocumento") in SPECIMEN_NUMBERS


def _judge_contract(contract: Element, people: int) -> Iterator[str]:
    if not _read(contract, "referencia"):
        yield _EMPTY.format("referencia")
    if _read(contract, "numPersonas") != str(people):
        yield _WRONG.format("numPersonas")
    if _read(contract, "fechaSalida") <= _read(contract, "fechaEntrada"):
        yield _WRONG.format("fechaSalida")
    if _read(contract, "fechaContrato") > _read(contract, "fechaEntrada")[:10]:
        yield _WRONG.format("fechaContrato")
    if _read(contract, "pago/tipoPago") not in set(PaymentCode):
        yield _WRONG.format("tipoPago")


def _judge_person(person: Element, arrival: date, has_adult: bool) -> Iterator[str]:
    if _read(person, "rol") != "VI":
        yield _WRONG.format("rol")
    yield from (_EMPTY.format(name) for name in ("nombre", "apellido1") if not _read(person, name))
    yield from _judge_document(person, is_needed=_is_of_age(person, arrival))
    if _read(person, "sexo") not in {"", *SexCode}:
        yield _WRONG.format("sexo")
    if not any(_read(person, name) for name in ("telefono", "telefono2", "correo")):
        yield _EMPTY.format("telefono")
    if _read(person, "fechaNacimiento") > arrival.isoformat():
        yield _WRONG.format("fechaNacimiento")
    if _read(person, "parentesco") not in {"", *KinshipCode}:
        yield _WRONG.format("parentesco")
    elif not _is_of_age(person, arrival) and not (_read(person, "parentesco") and has_adult):
        yield _EMPTY.format("parentesco")
    home = person.find("direccion")
    if home is not None:
        yield from _judge_residence(home)


def _judge_document(person: Element, *, is_needed: bool) -> Iterator[str]:
    kind, number = _read(person, "tipoDocumento"), _read(person, "numeroDocumento")
    if kind not in {"", *DocumentCode} or (is_needed and not kind):
        yield _WRONG.format("tipoDocumento")
    if bool(kind) != bool(number):
        yield _EMPTY.format("numeroDocumento")
    if (kind == DocumentCode.NIF and not is_nif(number)) or (kind == DocumentCode.NIE and not is_nie(number)):
        yield _WRONG.format("numeroDocumento")
    if kind in (DocumentCode.NIF, DocumentCode.NIE) and not _read(person, "soporteDocumento"):
        yield _EMPTY.format("soporteDocumento")
    if kind == DocumentCode.NIF and not _read(person, "apellido2"):
        yield _EMPTY.format("apellido2")


def _judge_residence(home: Element) -> Iterator[str]:
    state, municipality = _read(home, "pais"), _read(home, "codigoMunicipio")
    yield from (_EMPTY.format(name) for name in ("direccion", "codigoPostal") if not _read(home, name))
    if state != UTOPIA and not load_states().has(state):
        yield _WRONG.format("pais")
    if state == SPAIN and not load_municipalities().has(municipality):
        yield _WRONG.format("codigoMunicipio")
    if state != SPAIN and not _read(home, "nombreMunicipio"):
        yield _EMPTY.format("nombreMunicipio")


def _is_of_age(person: Element, day: date) -> bool:
    born = date.fromisoformat(_read(person, "fechaNacimiento")[:10])
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day)) >= 18


def _read_arrival(communication: Element) -> date | None:
    text = _read(communication, "contrato/fechaEntrada")
    return date.fromisoformat(text[:10]) if text else None


def _read(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
