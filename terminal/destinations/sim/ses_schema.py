"""The published schemas of SES.HOSPEDAJES for travellers, as rules of our own: names, order, how often, and how long.

Written from altaParteHospedaje.xsd 1.0.0, anularComunicacion.xsd 1.0.0, consultarComunicacion.xsd 1.0.0 and
tiposGenerales.xsd 1.0.1. `python -m bench.ses_schemas DIR` holds these rules against the files themselves, as they are
published, with mutated requests: the files are not ours to ship.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree.ElementTree import Element

from terminal.destinations.ses_hospedajes.request import ANNULMENTS, ARRIVALS, QUERY

_MANY = 1_000_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element with text."""

    max_chars: int = _MANY
    min_chars: int = 0
    pattern: str = ""
    is_collapsed: bool = True
    form: str = "text"  # text, date, time, int


@dataclass(frozen=True, slots=True)
class Part:
    """An element in a sequence: its name, what it holds, and how often it may stand there."""

    name: str
    holds: Leaf | tuple[Part, ...]
    least: int = 1
    most: int = 1


def _text(limit: int) -> Leaf:
    return Leaf(limit)


_STATE = Leaf(pattern="[a-zA-Z]{3}")
_CODE = _text(36)
_ROLES = Leaf(pattern="VI|CP|CS|TI")
_EMAIL = Leaf(250, 1, r"[^@]+@[^.]+\..+", is_collapsed=False)
_DAY, _MOMENT, _INT = Leaf(form="date"), Leaf(form="time"), Leaf(form="int")
_RESIDENCE = (
    Part("direccion", _text(100)),
    Part("direccionComplementaria", _text(100), 0),
    Part("codigoMunicipio", Leaf(pattern="[0-9]{5}"), 0),
    Part("nombreMunicipio", _text(100), 0),
    Part("codigoPostal", _text(20)),
    Part("pais", _STATE),
)
_PAYMENT = (
    Part("tipoPago", _text(5)),
    Part("fechaPago", _DAY, 0),
    Part("medioPago", _text(50), 0),
    Part("titular", _text(100), 0),
    Part("caducidadTarjeta", _text(7), 0),
)
_CONTRACT = (
    Part("referencia", _text(50)),
    Part("fechaContrato", _DAY),
    Part("fechaEntrada", _MOMENT),
    Part("fechaSalida", _MOMENT),
    Part("numPersonas", _INT),
    Part("numHabitaciones", _INT, 0),
    Part("internet", Leaf(pattern="true|false|1|0"), 0),
    Part("pago", _PAYMENT),
)
_PERSON = (
    Part("rol", _ROLES),
    Part("nombre", _text(50)),
    Part("apellido1", _text(50)),
    Part("apellido2", _text(50), 0),
    Part("tipoDocumento", _text(5), 0),
    Part("numeroDocumento", Leaf(15, is_collapsed=False), 0),
    Part("soporteDocumento", Leaf(9, is_collapsed=False), 0),
    Part("fechaNacimiento", _DAY),
    Part("nacionalidad", _STATE, 0),
    Part("sexo", _text(1), 0),
    Part("direccion", _RESIDENCE),
    Part("telefono", _text(20), 0),
    Part("telefono2", _text(20), 0),
    Part("correo", _EMAIL, 0),
    Part("parentesco", _text(2), 0),
)
_ARRIVAL = (Part("contrato", _CONTRACT), Part("persona", _PERSON, most=_MANY))
_ARRIVALS = (Part("solicitud", (Part("codigoEstablecimiento", _text(10)), Part("comunicacion", _ARRIVAL, most=_MANY))),)
# Root element and the parts beneath it. Annulments and queries qualify every element, arrivals none.
_FILES: dict[str, tuple[tuple[Part, ...], str]] = {
    f"{{{ARRIVALS}}}peticion": (_ARRIVALS, ""),
    f"{{{ANNULMENTS}}}comunicaciones": (
        (Part("codigoComunicacion", _CODE, most=_MANY),), f"{{{ANNULMENTS}}}"
    ),
    f"{{{QUERY}}}lotes": ((Part("lote", _CODE, most=_MANY),), f"{{{QUERY}}}"),
}  # fmt: skip


def find_breach(root: Element) -> str:
    """Return where a file breaks the schemas: the path of the first element that does, "" for none."""
    parts, prefix = _FILES.get(root.tag, ((), ""))
    if not parts or root.attrib:
        return root.tag
    return next(_find(root, parts, prefix), "")


def _find(element: Element, parts: tuple[Part, ...], prefix: str) -> Iterator[str]:
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        yield element.tag
    children = list(element)
    for part in parts:
        taken = 0
        while children and children[0].tag == prefix + part.name and taken < part.most:
            yield from _find_in(children.pop(0), part, prefix)
            taken += 1
        if taken < part.least:
            yield part.name
    if children:
        yield children[0].tag


def _find_in(child: Element, part: Part, prefix: str) -> Iterator[str]:
    if child.attrib:
        yield part.name
    elif isinstance(part.holds, tuple):
        yield from (f"{part.name}/{each}" for each in _find(child, part.holds, prefix))
    elif len(child) or not _fits(part.holds, child.text or ""):
        yield part.name


def _fits(leaf: Leaf, text: str) -> bool:
    value = " ".join(text.split()) if leaf.is_collapsed else text
    if not leaf.min_chars <= len(value) <= leaf.max_chars:
        return False
    if leaf.pattern and not re.fullmatch(leaf.pattern, value):
        return False
    return leaf.form == "text" or _is_form(leaf.form, value)


def _is_form(form: str, value: str) -> bool:
    try:
        match form:
            case "int":
                return bool(re.fullmatch("[+-]?[0-9]+", value)) and -(2**31) <= int(value) < 2**31
            case "date":
                found = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(Z|[+-][0-9]{2}:[0-9]{2})?", value)
                return bool(found) and bool(date.fromisoformat(found[1] if found else ""))
            case _:
                return bool(re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T", value)) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False
