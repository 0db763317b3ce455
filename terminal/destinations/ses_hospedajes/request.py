"""The XML of requests: what leaves this machine. Source: the published schemas and WSDL, manual 3.1.3 and its annexes.

The elements of an arrival have no namespace but the first; those of an annulment and of a query have (the schemas say
`elementFormDefault="qualified"` there alone).
"""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator, Sequence

from terminal.destinations.ses_hospedajes.message import Arrival, Contract, Person, Residence
from terminal.destinations.soap import SOAP_11, Element, write_element, write_envelope

SERVICE = "http://www.soap.servicios.hospedajes.mir.es/comunicacion"
ARRIVALS = "http://www.neg.hospedajes.mir.es/altaParteHospedaje"
ANNULMENTS = "http://www.neg.hospedajes.mir.es/anularComunicacion"
QUERY = "http://www.neg.hospedajes.mir.es/consultarComunicacion"
APPLICATION = "Kuaijietong"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_ROLE = "VI"  # every guest; TI, the holder, is of reservations


def write_arrivals(establishment: str, parties: Sequence[Sequence[Arrival]]) -> bytes:
    """Return the file of arrivals: one communication for each party, its contract that of the first."""
    told = [_write_communication(party) for party in parties]
    request = Element("solicitud", (Element("codigoEstablecimiento", establishment), *told))
    return _write_file(Element("alt:peticion", (request,), (("xmlns:alt", ARRIVALS),)))


def write_annulments(codes: Sequence[str]) -> bytes:
    """Return the file that takes communications back."""
    told = tuple(Element("anul:codigoComunicacion", code) for code in codes)
    return _write_file(Element("anul:comunicaciones", told, (("xmlns:anul", ANNULMENTS),)))


def write_query(batches: Sequence[str]) -> bytes:
    """Return the file that asks what became of batches."""
    asked = tuple(Element("con:lote", batch) for batch in batches)
    return _write_file(Element("con:lotes", asked, (("xmlns:con", QUERY),)))


def pack(file: bytes) -> str:
    """Return a file zipped and in base64: the same text for the same file, so that a repetition is one."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("solicitud.xml", (1980, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, file)
    return base64.b64encode(packed.getvalue()).decode()


def write_request(lessor: str, operation: str, file: bytes) -> bytes:
    """Return the SOAP envelope around a file. `operation` is A (arrivals), B (annulments) or C (query)."""
    kind = (Element("tipoComunicacion", "PV"),) if operation == "A" else ()
    header = (
        Element("codigoArrendador", lessor),
        Element("aplicacion", APPLICATION),
        Element("tipoOperacion", operation),
        *kind,
    )
    asked = Element("peticion", (Element("cabecera", header), Element("solicitud", pack(file))))
    return _wrap("comunicacionRequest", asked)


def write_catalogue_request(table: str) -> bytes:
    """Return the SOAP envelope that asks for a table."""
    return _wrap("catalogoRequest", Element("peticion", (Element("catalogo", table),)))


def _wrap(name: str, content: Element) -> bytes:
    return write_envelope(Element(f"com:{name}", (content,)), namespaces=(("com", SERVICE),), version=SOAP_11)


def _write_file(root: Element) -> bytes:
    return (_DECLARATION + write_element(root)).encode()


def _write_communication(party: Sequence[Arrival]) -> Element:
    contract = _write_contract(party[0].contract, len(party))
    return Element("comunicacion", (contract, *(_write_person(each.person) for each in party)))


def _write_contract(contract: Contract, people: int) -> Element:
    # Rooms, internet, and of the payment anything but its kind are not demanded by the service: they are left out.
    return Element(
        "contrato",
        (
            Element("referencia", contract.reference),
            Element("fechaContrato", contract.day.isoformat()),
            Element("fechaEntrada", contract.arrival.isoformat(timespec="seconds")),
            Element("fechaSalida", contract.departure.isoformat(timespec="seconds")),
            Element("numPersonas", str(people)),
            Element("pago", (Element("tipoPago", contract.payment),)),
        ),
    )


def _write_person(person: Person) -> Element:
    fields = (
        ("rol", _ROLE),
        ("nombre", person.given),
        ("apellido1", person.surname),
        ("apellido2", person.second_surname),
        ("tipoDocumento", person.document or ""),
        ("numeroDocumento", person.number),
        ("soporteDocumento", person.support),
        ("fechaNacimiento", person.birth_date.isoformat()),
        ("nacionalidad", person.nationality),
        ("sexo", person.sex or ""),
    )
    contact = (
        ("telefono", person.phone),
        ("telefono2", person.phone_2),
        ("correo", person.email),
        ("parentesco", person.kinship or ""),
    )
    return Element("persona", (*_keep(fields), _write_residence(person.residence), *_keep(contact)))


def _write_residence(home: Residence) -> Element:
    fields = (
        ("direccion", home.street),
        ("codigoMunicipio", home.municipality),
        ("nombreMunicipio", home.place),
        ("codigoPostal", home.postcode),
        ("pais", home.state),
    )
    return Element("direccion", tuple(_keep(fields)))


def _keep(fields: Sequence[tuple[str, str]]) -> Iterator[Element]:
    return (Element(name, value) for name, value in fields if value)
