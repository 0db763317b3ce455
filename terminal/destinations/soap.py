"""SOAP in a few lines: an envelope around elements that we write, and an answer read without opening any door.

Not zeep: it fetches the WSDL from the network at the start (or from a copy that drifts), brings lxml and four more
packages, and binds values by a schema that the services themselves do not keep. What we send is a handful of flat
elements; what we read is searched by name. One decision for all destinations (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from terminal.errors import TerminalError

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
_MAX_XML_CHARS = 32 * 1024 * 1024
# XML 1.0 has no place for these, escaped or not.
_NO_XML = {code: None for code in range(32) if chr(code) not in "\t\n\r"}


class NoXml(TerminalError):
    """The receiving service gave an answer that is not the XML it promises."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element to be written: a name with its prefix, and text or children in order."""

    name: str
    content: str | Sequence[Element] = field(default="", repr=False)
    attributes: tuple[tuple[str, str], ...] = field(default=(), repr=False)


class Fault(TerminalError):
    """The receiving service answered with a SOAP fault."""

    def __init__(self, code: str, words: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.words = words  # may quote what was sent: sealed or dropped, never logged


def write_element(element: Element) -> str:
    """Return an element as XML; text is escaped, characters that XML cannot hold are left out."""
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in element.attributes)
    if isinstance(element.content, str):
        inner = escape(element.content.translate(_NO_XML))
    else:
        inner = "".join(write_element(each) for each in element.content)
    return f"<{element.name}{attributes}>{inner}</{element.name}>"


def write_envelope(
    body: Element, *, namespaces: Iterable[tuple[str, str]], version: str = SOAP_12, header: Sequence[Element] = ()
) -> bytes:
    """Return a SOAP envelope in UTF-8. `namespaces` are (prefix, name) pairs; the envelope's own is `soap`."""
    declared = (("xmlns:soap", version), *((f"xmlns:{prefix}", name) for prefix, name in namespaces))
    envelope = Element("soap:Envelope", (Element("soap:Header", header), Element("soap:Body", (body,))), declared)
    return ('<?xml version="1.0" encoding="utf-8"?>' + write_element(envelope)).encode()


def parse_xml(data: bytes) -> ElementTree.Element:
    """Return the root of an answer. Raises: NoXml.

    A document type is refused before anything is parsed: with it go entities, their expansion, and files and addresses
    that they could name. UTF-8 alone, so that no other encoding can hide one.
    """
    try:
        text = data.decode("utf-8-sig")
        if len(text) > _MAX_XML_CHARS or "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper():
            raise NoXml("document type")
        return ElementTree.fromstring(text)
    except (UnicodeDecodeError, ElementTree.ParseError, ValueError, RecursionError):
        raise NoXml("form") from None


def open_envelope(data: bytes) -> ElementTree.Element:
    """Return the first element of the body of an answer in either version of SOAP. Raises: NoXml, Fault."""
    root = parse_xml(data)
    for version in (SOAP_12, SOAP_11):
        body = root.find(f"{{{version}}}Body") if root.tag == f"{{{version}}}Envelope" else None
        if body is not None and len(body):
            first = body[0]
            if first.tag == f"{{{version}}}Fault":
                raise _read_fault(first, version)
            return first
    raise NoXml("envelope")


def find_text(element: ElementTree.Element, *path: str) -> str:
    """Return the text beneath local names, whatever their namespaces; "" where there is none."""
    found = find_child(element, *path)
    return "" if found is None else (found.text or "").strip()


def find_child(element: ElementTree.Element, *path: str) -> ElementTree.Element | None:
    """Return the first element beneath local names, whatever their namespaces."""
    here: ElementTree.Element | None = element
    for name in path:
        here = next((each for each in here if local_name(each) == name), None) if here is not None else None
    return here


def list_children(element: ElementTree.Element | None, name: str) -> list[ElementTree.Element]:
    """Return the children of a local name, in order."""
    return [] if element is None else [each for each in element if local_name(each) == name]


def local_name(element: ElementTree.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _read_fault(fault: ElementTree.Element, version: str) -> Fault:
    if version == SOAP_12:
        return Fault(find_text(fault, "Code", "Value"), find_text(fault, "Reason", "Text"))
    return Fault(find_text(fault, "faultcode"), find_text(fault, "faultstring"))
