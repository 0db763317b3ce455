"""The four calls of the Czech web service, and what comes back, as annex 5 of the operating rules prints them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from xml.etree import ElementTree

from terminal.destinations.czechia.codes import CodeBook, shorten_code, split_codes
from terminal.destinations.czechia.house import House
from terminal.destinations.czechia.report import Report
from terminal.destinations.soap import (
    SOAP_11,
    Element,
    NoXml,
    find_child,
    find_text,
    list_children,
    local_name,
    open_envelope,
    write_envelope,
)
from terminal.destinations.tables import Row, Table

METHODS = "http://UBY.pcr.cz/WS_UBY"
DATA = "http://schemas.datacontract.org/2004/07/WS_UBY"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
ADDRESSING = "http://schemas.microsoft.com/ws/2005/05/addressing/none"
TEST, LONGEST, TABLE, WRITE = "TestDostupnosti", "MaximalniDelkaSeznamu", "DejMiCiselnik", "ZapisUbytovane"
STATES, PURPOSES, ERRORS = "Staty", "UcelyPobytu", "Chyby"
# Kept for a later kind of sign-in, and must not be empty: annex 5 recommends this sign.
_CODE = "X"
_TIME = "%Y-%m-%dT%H:%M:%S"
# A GUID in every published example. It is kept and shown as it is, so that nothing else is taken for one.
_STAMP = re.compile(r"[0-9A-Fa-f-]{8,64}")
_MAX_PDF_BYTES = 8 * 1024 * 1024
_NAMESPACES = (("m", METHODS), ("d", DATA), ("i", INSTANCE), ("a", ADDRESSING))


@dataclass(frozen=True, slots=True)
class Written:
    """What the service says of a list: codes of the head and of each record, the receipt, and its mark."""

    head: tuple[str, ...]
    records: tuple[tuple[str, ...], ...]
    stamp: str
    receipt: bytes = field(default=b"", repr=False)  # PDF; it names every guest of the list
    complaint: bytes = field(default=b"", repr=False)  # PDF of what was not taken


def write_call(method: str, *parameters: Element) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of one call."""
    action = f"{METHODS}/IWS_UBY/{method}"
    header = Element("a:Action", action, (("soap:mustUnderstand", "1"),))
    body = Element(f"m:{method}", (Element("m:AutentificationCode", _CODE), *parameters))
    envelope = write_envelope(body, namespaces=_NAMESPACES, version=SOAP_11, header=(header,))
    return envelope, {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}


def write_table_call(name: str) -> tuple[bytes, dict[str, str]]:
    """Return the call for one of the three tables."""
    return write_call(TABLE, Element("m:CoChci", name))


def write_list_call(house: House, reports: Sequence[Report]) -> tuple[bytes, dict[str, str]]:
    """Return the call that reports guests and asks for the receipt.

    The order of the members is that of the service's contract, capitals first: what stands elsewhere is skipped there
    without a word, the wish for a receipt too.
    """
    members = (
        Element("d:Ubytovani", tuple(_write_guest(report) for report in reports)),
        Element("d:VracetPDF", "true"),
        _write("d:uCont", house.contact),
        _write("d:uHomN", house.house_number),
        _write("d:uIdub", house.idub),
        _write("d:uMark", house.mark),
        _write("d:uName", house.name),
        _write("d:uOb", house.town),
        _write("d:uObCa", house.quarter),
        _write("d:uOkr", house.district),
        _write("d:uOriN", house.street_number),
        _write("d:uPsc", house.postcode),
        _write("d:uStr", house.street),
    )
    return write_call(WRITE, Element("m:Seznam", members))


def read_result(data: bytes, method: str) -> ElementTree.Element:
    """Return the result element of an answer. Raises: NoXml, soap.Fault."""
    found = open_envelope(data)
    result = find_child(found, f"{method}Result")
    if local_name(found) != f"{method}Response" or result is None:
        raise NoXml("result")
    return result


def read_longest(data: bytes) -> int:
    """Return how many guests one list may have. Raises: NoXml, soap.Fault."""
    text = (read_result(data, LONGEST).text or "").strip()
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise NoXml("length")
    return int(text)


def read_rows(data: bytes) -> list[ElementTree.Element]:
    """Return the rows of a table. Raises: NoXml, soap.Fault."""
    rows = list_children(read_result(data, TABLE), "CiselnikType")
    if not rows:
        raise NoXml("table")
    return rows


def read_states(data: bytes) -> Table:
    """Return the table of states: code of three letters, Czech name, English name. Raises: NoXml, soap.Fault."""
    rows = []
    for row in read_rows(data):
        code = find_text(row, "Kod3")
        name = find_text(row, "TextKratkyCZ") or find_text(row, "TextCZ") or code
        english = find_text(row, "TextKratkyENG") or find_text(row, "TextENG")
        if code:
            rows.append(Row(code, name, english))
    return Table(tuple(rows))


def read_purposes(data: bytes) -> Table:
    """Return the table of purposes: two figures, and the Czech name without them. Raises: NoXml, soap.Fault."""
    found = [(find_text(row, "Kod2"), find_text(row, "TextCZ")) for row in read_rows(data)]
    return Table(tuple(Row(code, name.removeprefix(f"{code} - ")) for code, name in found if code))


def read_code_book(data: bytes) -> CodeBook:
    """Return the table of errors: its columns hold other things than their names say. Raises: NoXml, soap.Fault."""
    sentences, strengths = {}, {}
    for row in read_rows(data):
        code = shorten_code(find_text(row, "Kod2"))
        sentences[code] = find_text(row, "Kod3")
        strength = find_text(row, "TextKratkyCZ")
        if strength.isascii() and strength.isdigit():
            strengths[code] = int(strength)
    return CodeBook(sentences, strengths)


def read_written(data: bytes, count: int) -> Written:
    """Return what became of a list of `count` guests. Raises: NoXml where it does not fit the list, soap.Fault."""
    result = read_result(data, WRITE)
    listed = find_child(result, "ChybyZaznamu")
    records = tuple(tuple(split_codes(each.text or "")) for each in (() if listed is None else listed))
    if len(records) != count:
        raise NoXml("records")
    return Written(
        head=tuple(split_codes(find_text(result, "ChybyHlavicky"))),
        records=records,
        # Annex 5 writes the name in two ways.
        stamp=_read_stamp(find_text(result, "PseudoRazitko") or find_text(result, "PseudoRazirko")),
        receipt=_read_pdf(find_text(result, "DokumentPotvrzeni")),
        complaint=_read_pdf(find_text(result, "DokumentChybyPotvrzeni")),
    )


def _write_guest(report: Report) -> Element:
    return Element(
        "d:Ubytovany",
        (
            _write("d:cDate", report.birth),
            _write("d:cDocN", report.document),
            _write("d:cFirstN", report.given),
            _write("d:cFrom", _write_time(report.since)),
            _write("d:cNati", report.state),
            _write("d:cNote", report.note),
            _write("d:cPlac", ""),  # not used: annex 5
            _write("d:cPurp", f"{report.purpose}"),
            _write("d:cResi", report.residence),
            _write("d:cSpz", ""),  # not used
            _write("d:cSurN", report.surname),
            _write("d:cUntil", _write_time(report.until)),
            _write("d:cVisN", report.visa),
        ),
    )


def _write_time(moment: datetime) -> str:
    return moment.strftime(_TIME)


def _write(name: str, text: str) -> Element:
    """An empty text and none are not the same to the service: what we do not have is none."""
    return Element(name, text) if text else Element(name, "", (("i:nil", "true"),))


def _read_stamp(text: str) -> str:
    return text if _STAMP.fullmatch(text) else ""


def _read_pdf(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return data if data.startswith(b"%PDF-") and len(data) <= _MAX_PDF_BYTES else b""
