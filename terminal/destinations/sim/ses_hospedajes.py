"""SES.HOSPEDAJES on this machine: strict, in memory, specimens only.

It answers as the schema does where manual and schema differ. A file that it has had before is turned away with 10121:
so the field reports, and the manual says nothing (docs/destinations/spain.md).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import uuid
import zipfile
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from xml.etree.ElementTree import Element

from terminal.destinations.line import ServiceAnswer
from terminal.destinations.ses_hospedajes import describe
from terminal.destinations.ses_hospedajes.codes import MAX_BATCHES_ASKED, MAX_COMMUNICATIONS, BatchState
from terminal.destinations.ses_hospedajes.request import ANNULMENTS, ARRIVALS, SERVICE
from terminal.destinations.ses_hospedajes.tables import DOCUMENTS, KINSHIPS, PAYMENTS, SEXES
from terminal.destinations.ses_hospedajes.talk import PATH
from terminal.destinations.sim.ses_rules import find_stranger, list_breaches
from terminal.destinations.sim.ses_schema import find_breach
from terminal.destinations.soap import SOAP_11, NoXml, find_child, find_text, open_envelope, parse_xml, write_envelope
from terminal.destinations.soap import Element as Written

DEMO_CREDENTIALS = {
    "lessor": "0000000001", "establishment": "0000000002", "user": "B99999999WS", "password": "demonstration",
}  # fmt: skip
_MAX_FILE_BYTES = 8 * 1024 * 1024
WORDS = {
    0: "Ok", 10100: "No ha informado el código de arrendador", 10101: "No ha informado el código de aplicación",
    10103: "El código de arrendador no existe en el sistema", 10107: "Usuario incorrecto",
    10108: "No ha informado la petición", 10109: "No ha informado la cabecera",
    10110: "No ha informado la solicitud", 10111: "Formato de solicitud incorrecto",
    10112: "No ha informado el código de la operación", 10113: "El código de comunicación no existe en el sistema",
    10116: "No ha informado el tipo de la comunicación",
    10117: "La operación sólo podrá tener como valores 'A', 'C' ó 'B'",
    10118: "Error en el formato de fichero XML",
    10119: "El arrendador no puede realizar ese tipo de comunicaciones",
    10120: "El arrendador no tiene habilitada la opción de servicio web", 10121: "Error de validación",
    10122: "Tipo de comunicación no válido", 10128: "El usuario no está indicado en la cabecera",
    10130: "Valor incorrecto para el campo", 10131: "Es obligatorio indicar un valor en el campo",
    10136: "Se ha superado el número máximo de comunicaciones a consultar", 10140: "Solicitud no informada",
    10150: "Se ha superado el número máximo de caracteres de la aplicación",
    10159: "El tipo de comunicación informado no es válido",
    10160: "No ha informado del código de la comunicación",
    10180: "El formato del código de comunicación no es válido", 10999: "Error no controlado",
}  # fmt: skip
_TABLES: Mapping[str, Mapping[str, str]] = {
    DOCUMENTS: describe.DOCUMENT_NAMES,
    SEXES: describe.SEX_NAMES,
    PAYMENTS: describe.PAYMENT_NAMES,
    KINSHIPS: describe.KINSHIP_NAMES,
}


@dataclass(slots=True)
class _Told:
    """A communication as it was taken, or why it was not."""

    code: str = ""
    error: str = field(default="", repr=False)
    lines: tuple[str, ...] = field(default=(), repr=False)
    is_annulled: bool = False


@dataclass(frozen=True, slots=True)
class _Batch:
    id: str
    operation: str
    received: datetime
    told: tuple[_Told, ...]


class _Turned(Exception):
    """The request is turned away with a return code."""

    def __init__(self, code: int, words: str = "") -> None:
        super().__init__(code)
        self.code, self.words = code, words or WORDS[code]


class SimulatedSes:
    """The service. `forced` are return codes, and `unfinished` states, that the next requests and queries get."""

    def __init__(self) -> None:
        self.forced: deque[int] = deque()
        self.unfinished: deque[BatchState] = deque()
        self._batches: dict[str, _Batch] = {}
        self._seen: set[bytes] = set()

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes, now: datetime) -> ServiceAnswer:
        """Answer one request (`server.SimulatedService`)."""
        if method != "POST" or path != PATH:
            return ServiceAnswer(404, b"")
        if not _is_let_in(headers):
            return ServiceAnswer(401, b"")
        try:
            asked = open_envelope(body)
        except NoXml:
            return _fault()
        name = asked.tag.removeprefix(f"{{{SERVICE}}}")
        if name == "catalogoRequest":
            return _wrap("catalogoResponse", _list_table(find_text(asked, "peticion", "catalogo")))
        if name != "comunicacionRequest":
            return _fault()
        try:
            return _wrap("comunicacionResponse", self._work(asked, now))
        except _Turned as turned:
            return _wrap("comunicacionResponse", (_write_reply(turned.code, turned.words),))

    def is_telling(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG002
        """Tell whether a request is of arrivals or annulments."""
        return any(b"<tipoOperacion>" + each + b"</tipoOperacion>" in body for each in (b"A", b"B"))

    def list_told(self) -> list[str]:
        """Return a line for each guest that stands in the register now: what was annulled does not."""
        told = [each for batch in self._batches.values() for each in batch.told if not each.is_annulled]
        return [line for each in told for line in each.lines]

    def _work(self, asked: Element, now: datetime) -> Sequence[Written]:
        operation = _read_header(asked)
        if self.forced:
            raise _Turned(self.forced.popleft())
        packed = find_text(asked, "peticion", "solicitud")
        root = _unpack(packed)
        if breach := find_breach(root):
            raise _Turned(10118, f"{WORDS[10118]}: {breach}"[:100])
        if operation == "C":
            return self._report([(each.text or "").strip() for each in root])
        digest = hashlib.sha256(packed.encode()).digest()
        if operation == "A" and digest in self._seen:
            raise _Turned(10121, "Error de validación. Lote duplicado")
        told = self._annul(root) if operation == "B" else _register(root, now)
        self._seen.add(digest)
        batch = _Batch(str(uuid.uuid4()), operation, now, told)
        self._batches[batch.id] = batch
        return (_write_reply(0, WORDS[0], batch.id),)

    def _annul(self, root: Element) -> tuple[_Told, ...]:
        if root.tag != f"{{{ANNULMENTS}}}comunicaciones":
            raise _Turned(10118)
        codes = [(each.text or "").strip() for each in root]
        known = {each.code: each for batch in self._batches.values() for each in batch.told if each.code}
        if not all(codes):
            raise _Turned(10160)
        if not all(_is_uuid(each) for each in codes):
            raise _Turned(10180)
        if not all(each in known for each in codes):
            raise _Turned(10113)
        for each in codes:
            known[each].is_annulled = True
        return ()

    def _report(self, ids: Sequence[str]) -> Sequence[Written]:
        if len(ids) > MAX_BATCHES_ASKED:
            raise _Turned(10136)
        known = [self._batches[each] for each in ids if each in self._batches]
        return (_write_reply(0, WORDS[0]), *(self._write_batch(each) for each in known))

    def _write_batch(self, batch: _Batch) -> Written:
        has_errors = any(each.error for each in batch.told)
        state = BatchState.DONE_WITH_ERRORS if has_errors else BatchState.DONE
        if self.unfinished:
            state = self.unfinished.popleft()
        moment = batch.received.isoformat(timespec="milliseconds")
        fields = {
            "lote": batch.id, "tipoComunicacion": "PV", "tipoOperacion": batch.operation, "fechaPeticion": moment,
            "fechaProcesamiento": moment, "codigoEstado": str(int(state)), "descEstado": state.name,
            "identificadorUsuario": DEMO_CREDENTIALS["user"], "nombreUsuario": "Demostración",
            "codigoArrendador": DEMO_CREDENTIALS["lessor"], "aplicacion": "Kuaijietong",
        }  # fmt: skip
        results = [_write_result(place, each) for place, each in enumerate(batch.told, 1)]
        shown = results if state in (BatchState.DONE, BatchState.DONE_WITH_ERRORS) else []
        block = (Written("resultadoComunicaciones", shown),) if shown else ()
        return Written("resultado", (*(Written(name, text) for name, text in fields.items()), *block))


def _read_header(asked: Element) -> str:
    """Return the operation. Raises: _Turned for what the header lacks."""
    request, header = find_child(asked, "peticion"), find_child(asked, "peticion", "cabecera")
    if request is None:
        raise _Turned(10108)
    if header is None:
        raise _Turned(10109)
    lessor, operation = find_text(header, "codigoArrendador"), find_text(header, "tipoOperacion")
    application, kind = find_text(header, "aplicacion"), find_text(header, "tipoComunicacion")
    wrong = {
        10100: not lessor, 10103: lessor != DEMO_CREDENTIALS["lessor"], 10101: not application,
        10150: len(application) > 50, 10112: not operation, 10117: operation not in ("A", "B", "C"),
        10116: operation == "A" and not kind, 10122: operation == "A" and kind not in ("PV", "RH", "AV", "RV"),
        10119: operation == "A" and kind != "PV", 10140: find_child(request, "solicitud") is None,
        10110: not find_text(request, "solicitud"),
    }  # fmt: skip
    for code, is_wrong in wrong.items():
        if is_wrong:
            raise _Turned(code)
    return operation


def _unpack(packed: str) -> Element:
    try:
        archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(packed, validate=True)))
        entries = archive.infolist()
        if len(entries) != 1 or entries[0].file_size > _MAX_FILE_BYTES:
            raise _Turned(10111)
        return parse_xml(archive.read(entries[0]))
    except (binascii.Error, ValueError, zipfile.BadZipFile, EOFError):
        raise _Turned(10111) from None
    except NoXml:
        raise _Turned(10118) from None


def _register(root: Element, now: datetime) -> tuple[_Told, ...]:
    if root.tag != f"{{{ARRIVALS}}}peticion":
        raise _Turned(10118)
    told = root.findall("solicitud/comunicacion")
    if len(told) > MAX_COMMUNICATIONS:
        raise _Turned(10130)
    establishment = (root.findtext("solicitud/codigoEstablecimiento") or "").strip()
    return tuple(_judge(each, place, establishment, now) for place, each in enumerate(told, 1))


def _judge(communication: Element, place: int, establishment: str, now: datetime) -> _Told:
    if establishment != DEMO_CREDENTIALS["establishment"]:
        breach = f"No existe un establecimiento para ese código. codigoEstablecimiento: [{establishment}]"
    elif stranger := find_stranger(communication):
        breach = f"persona [{stranger}]: Esto es una demostración: solo documentos de muestra. numeroDocumento"
    else:
        breach = next(list_breaches(communication, now.date()), "")
    if breach:
        # The schema allows a hundred characters; the manual's own example has more, and so have these.
        return _Told(error=f"Error de validación en la comunicación [{place}]: [{breach}]")
    return _Told(code=str(uuid.uuid4()), lines=tuple(_write_line(each) for each in communication.findall("persona")))


def _write_line(person: Element) -> str:
    names = ("nombre", "apellido1", "apellido2", "numeroDocumento", "fechaNacimiento")
    return " ".join((person.findtext(name) or "").strip() for name in names)


def _write_reply(code: int, words: str, batch: str = "") -> Written:
    lot = (Written("lote", batch),) if batch else ()
    return Written("respuesta", (Written("codigo", str(code)), Written("descripcion", words), *lot))


def _write_result(place: int, told: _Told) -> Written:
    annulled = (Written("anulada", "true"),) if told.is_annulled else ()
    if told.code:
        outcome: tuple[Written, ...] = (Written("codigoComunicacion", told.code),)
    else:
        outcome = (Written("tipoError", "VALID"), Written("error", told.error))
    return Written("resultadoComunicacion", (Written("orden", str(place)), *annulled, *outcome))


def _list_table(name: str) -> Sequence[Written]:
    rows = _TABLES[name] if name in _TABLES else {} if name else {each: each for each in _TABLES}
    written = [Written("tupla", (Written("codigo", code), Written("descripcion", text))) for code, text in rows.items()]
    control = Written("resultado", (Written("codigo", "0"), Written("descripcion", WORDS[0])))
    return (control, Written("respuesta", (Written("resultado", written),)))


def _wrap(name: str, content: Sequence[Written]) -> ServiceAnswer:
    namespaces = (("ns3", SERVICE),)
    data = write_envelope(Written(f"ns3:{name}", tuple(content)), namespaces=namespaces, version=SOAP_11)
    return ServiceAnswer(200, data, {"Content-Type": "text/xml; charset=utf-8"})


def _fault() -> ServiceAnswer:
    words = (Written("faultcode", "soap:Client"), Written("faultstring", "Validation error"))
    return ServiceAnswer(500, write_envelope(Written("soap:Fault", words), namespaces=(), version=SOAP_11))


def _is_let_in(headers: Mapping[str, str]) -> bool:
    expected = f"{DEMO_CREDENTIALS['user']}:{DEMO_CREDENTIALS['password']}".encode()
    return headers.get("authorization", "") == "Basic " + base64.b64encode(expected).decode()


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
