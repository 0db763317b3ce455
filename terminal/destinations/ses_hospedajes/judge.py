"""From what the service said to what becomes of each item."""

from __future__ import annotations

import re

import msgspec

from records.profile import ProfileField
from terminal.destinations.ses_hospedajes.answer import Batch, Reply
from terminal.destinations.ses_hospedajes.codes import BatchState, Meaning, read_code
from terminal.destinations.terms import Accepted, Outcome, Pending, Refused, SignInRefused, Unverified, Withheld

# The element a refusal names, and where it is put right.
_ABOUT: dict[str, ProfileField | str] = {
    "nombre": "names",
    "apellido1": "names",
    "apellido2": ProfileField.SECOND_SURNAME,
    "tipoDocumento": "document",
    "numeroDocumento": "number",
    "soporteDocumento": ProfileField.SUPPORT_NUMBER,
    "fechaNacimiento": "birth_date",
    "nacionalidad": "nationality",
    "sexo": "sex",
    "direccion": ProfileField.RESIDENCE_STREET,
    "codigoMunicipio": ProfileField.RESIDENCE_MUNICIPALITY,
    "nombreMunicipio": ProfileField.RESIDENCE_PLACE,
    "codigoPostal": ProfileField.RESIDENCE_POSTCODE,
    "pais": ProfileField.RESIDENCE_STATE,
    "telefono": ProfileField.PHONE,
    "telefono2": ProfileField.PHONE,
    "correo": ProfileField.EMAIL,
    "parentesco": ProfileField.KINSHIP,
    "tipoPago": ProfileField.PAYMENT_KIND,
    "fechaContrato": ProfileField.CONTRACT_DAY,
    "fechaEntrada": "stay",
    "fechaSalida": "stay",
}
_NAMED = re.compile(r"\b(" + "|".join(sorted(_ABOUT, key=len, reverse=True)) + r")\b")
_PERSON = re.compile(r"persona\s*\[([0-9]+)\]")
# Of one communication of a batch; `tipoError` has five places in the schema and a sentence in the manual's example.
REFUSED_COMMUNICATION = "communication"


class Handle(msgspec.Struct, frozen=True, array_like=True):
    """Where one guest stands: the batch, the communication's place there, the person's place in it, and its code."""

    batch: str
    place: int
    person: int
    code: str = ""  # of the communication, once it has one


def write_handle(handle: Handle) -> str:
    """Return a handle as the queue keeps it."""
    return f"{handle.batch}/{handle.place}/{handle.person}/{handle.code}"


def read_handle(text: str) -> Handle | None:
    """Return a handle, None for what is none."""
    found = re.fullmatch(r"([^/]{1,36})/([0-9]{1,4})/([0-9]{1,4})/([^/]{0,36})", text)
    return Handle(found[1], int(found[2]), int(found[3]), found[4]) if found else None


def judge_reply(reply: Reply, place: int, person: int) -> Outcome:
    """Return what the answer to a telling request means for one guest of it.

    Raises: SignInRefused for codes that name the venue's set-up; nothing was taken then.
    """
    meaning = read_code(reply.code)
    if meaning is Meaning.SET_UP:
        raise SignInRefused(str(reply.code))
    if meaning is Meaning.TAKEN and reply.batch:
        return Pending(write_handle(Handle(reply.batch, place, person)))
    if meaning is Meaning.REFUSED and not reply.is_repetition:
        return _refuse(str(reply.code), reply.words, person)
    return Unverified()


def judge_batch(batch: Batch, handle: Handle) -> Outcome:
    """Return what became of one guest of a batch."""
    if batch.state in (BatchState.AT_WORK, BatchState.WAITING):
        return Pending(write_handle(handle))
    result = batch.results.get(handle.place)
    if result is not None and result.code:
        proof = {
            "lote": batch.id, "orden": handle.place, "codigoComunicacion": result.code,
            "fechaPeticion": batch.received, "fechaProcesamiento": batch.processed,
        }  # fmt: skip
        told = Handle(batch.id, handle.place, handle.person, result.code)
        return Accepted(write_handle(told), msgspec.json.encode(proof), shown=result.code)
    if result is not None:
        return _refuse(REFUSED_COMMUNICATION, result.words, handle.person)
    if batch.state is BatchState.MALFORMED:
        return _refuse("batch_2", "", handle.person)
    # Finished, and not a word of this one: only a person can look.
    return Unverified()


def _refuse(code: str, words: str, person: int) -> Outcome:
    """A communication is refused as a whole: the guest it names is to be put right, the others of the party wait."""
    named = find_person(words) or 1
    return Refused(code, find_about(words), words) if person == named else Withheld()


def find_about(words: str) -> ProfileField | str:
    """Return what a refusal's words are about: the first element they name; "" where they name none."""
    found = _NAMED.search(words)
    return _ABOUT[found[1]] if found else ""


def find_person(words: str) -> int:
    """Return which person of a communication its words name, from 1; 0 where they name none."""
    found = _PERSON.search(words)
    return int(found[1]) if found else 0
