"""Alloggiati Web, simulated after its manual (WS_ALLOGGIATI, rev. 01): strict, and for specimens alone.

Invented here, because no source says it: codes other than 11 and 12 for what is refused as a whole, the codes of most
states and of municipalities that begin with 499, and what the receipt looks like. Utopia is in its table of states as
in no real one: a record that has not Utopia as its citizenship, or as the state that issued the document, is nobody's
specimen and is refused.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from xml.etree import ElementTree

from terminal.destinations.alloggiati import record
from terminal.destinations.alloggiati.service import NAMESPACE, PATH
from terminal.destinations.alloggiati.states import STATE_NAMES
from terminal.destinations.line import ServiceAnswer
from terminal.destinations.soap import (
    SOAP_12,
    Element,
    Fault,
    NoXml,
    find_child,
    find_text,
    list_children,
    local_name,
    open_envelope,
    write_element,
)

DEMO_CREDENTIALS = {"user": "XX002458", "password": "demonstration", "key": "DEMO-WSKEY-0000"}
TOKEN_LASTS = timedelta(hours=1)
UTOPIA = "100000999"
APARTMENTS = ("0", "1", "3")
_PUBLISHED = {"ITA": record.ITALY, "FRA": "100000215", "UTO": UTOPIA}
_PLACES = (
    ("405028001", "ABANO TERME", "PD"), ("408037006", "BOLOGNA", "BO"), ("409048017", "FIRENZE", "FI"),
    ("403015146", "MILANO", "MI"), ("415063049", "NAPOLI", "NA"), ("412058091", "ROMA", "RM"),
    ("499000001", "GENOVA", "GE"), ("499000002", "PALERMO", "PA"), ("499000003", "TORINO", "TO"),
    ("499000004", "SAMONE", "TN"), ("499000005", "SAMONE", "TO"),
)  # fmt: skip
_DOCUMENTS = (
    ("IDENT", "CARTA DI IDENTITA'"), ("IDELE", "CARTA IDENTITA' ELETTRONICA"), ("PASDI", "PASSAPORTO DIPLOMATICO"),
    ("PASOR", "PASSAPORTO ORDINARIO"), ("PASSE", "PASSAPORTO DI SERVIZIO"), ("PATEN", "PATENTE DI GUIDA"),
)  # fmt: skip
_ROLES = (
    ("16", "OSPITE SINGOLO"), ("17", "CAPO FAMIGLIA"), ("18", "CAPO GRUPPO"), ("19", "FAMILIARE"),
    ("20", "MEMBRO GRUPPO"),
)  # fmt: skip
_ERRORS = (("11", "SCHEDINA_FORMATO_NON_CORRETTO"), ("12", "SCHEDINA_CAMPO_NON_CORRETTO"))
_TELLING = ("Send", "GestioneAppartamenti_Send")
_GOOD = ("true", "", "", "")


class SimulatedAlloggiati:
    """One service with one venue. Everything is in memory."""

    def __init__(self, credentials: Mapping[str, str] = DEMO_CREDENTIALS, zone: tzinfo = UTC) -> None:
        self._credentials, self._zone = credentials, zone
        self._tokens: dict[str, datetime] = {}
        self._told: list[tuple[date, str]] = []
        states = [
            (_PUBLISHED.get(code, f"1009{at:05d}"), names[0]) for at, (code, names) in enumerate(STATE_NAMES.items())
        ]
        self._states = dict(states)
        self._places = {code: province for code, _, province in _PLACES}
        rows = [f"{code};{name};ES;" for code, name in states]
        rows += [f"{code};{name};{province};" for code, name, province in _PLACES]
        self._tables = {
            "Luoghi": ["Codice;Descrizione;Provincia;DataFineVal", *rows],
            "Tipi_Documento": ["Codice;Descrizione", *(";".join(row) for row in _DOCUMENTS)],
            "Tipi_Alloggiato": ["Codice;Descrizione", *(";".join(row) for row in _ROLES)],
            "TipoErrore": ["Codice;Descrizione", *(";".join(row) for row in _ERRORS)],
            "ListaAppartamenti": [
                "IDAPP;Descrizione;COMUNE;PROV;Indirizzo;Proprietario",
                *(f"{each};CASA {each};NAPOLI;NA;VIA INVENTATA 1;NESSUNO" for each in APARTMENTS),
            ],
        }

    def is_telling(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG002
        """Tell whether this is a Send."""
        return any(f":{name}>".encode() in body for name in _TELLING)

    def list_told(self) -> list[str]:
        """Return the records that were taken."""
        return [line for _, line in self._told]

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes, now: datetime) -> ServiceAnswer:
        """Answer one request."""
        if method != "POST" or path != PATH or "soap+xml" not in headers.get("content-type", ""):
            return ServiceAnswer(404, b"")
        try:
            asked = open_envelope(body)
        except (NoXml, Fault):
            return self._fault("soap:Sender", "Server was unable to read request.")
        name = local_name(asked)
        if asked.tag != f"{{{NAMESPACE}}}{name}":
            return self._fault("soap:Sender", "unknown method")
        if name == "GenerateToken":
            return self._generate_token(asked, now)
        if not self._is_signed_in(asked, now):
            return self._write(name, (_write_result(f"{name}Result", ("false", "2", "TOKEN_NON_VALIDO", "")),))
        return self._answer_signed_in(name, asked, now)

    def _answer_signed_in(self, name: str, asked: ElementTree.Element, now: datetime) -> ServiceAnswer:
        good = _write_result(f"{name}Result", _GOOD)
        plain = name.removeprefix("GestioneAppartamenti_")
        if name == "Authentication_Test":
            return self._write(name, (good,))
        if plain in ("Test", "Send"):
            return self._take(name, plain == "Send", asked, now)
        if name == "Tabella" and find_text(asked, "tipo") in self._tables:
            return self._write(name, (good, Element("CSV", "\n".join(self._tables[find_text(asked, "tipo")]))))
        if name == "Ricevuta":
            return self._give_receipt(asked, now)
        return self._fault("soap:Sender", "unknown method")

    def _generate_token(self, asked: ElementTree.Element, now: datetime) -> ServiceAnswer:
        given = {name: find_text(asked, name) for name in ("Utente", "Password", "WsKey")}
        wanted = dict(zip(given, (self._credentials[each] for each in ("user", "password", "key")), strict=True))
        if given != wanted:
            failed = _write_result("result", ("false", "1", "AUTENTICAZIONE_FALLITA", ""))
            return self._write("GenerateToken", (failed,))
        token, until = f"token-{len(self._tokens) + 1}", now + TOKEN_LASTS
        self._tokens[token] = until
        info = (
            Element("issued", now.isoformat()),
            Element("expires", until.isoformat()),
            Element("token", token),
        )
        return self._write("GenerateToken", (Element("GenerateTokenResult", info), _write_result("result", _GOOD)))

    def _is_signed_in(self, asked: ElementTree.Element, now: datetime) -> bool:
        until = self._tokens.get(find_text(asked, "token"))
        return find_text(asked, "Utente") == self._credentials["user"] and until is not None and now < until

    def _take(self, name: str, is_sent: bool, asked: ElementTree.Element, now: datetime) -> ServiceAnswer:
        if name.startswith("Gestione") and find_text(asked, "IdAppartamento") not in APARTMENTS:
            return self._write(name, (_write_result(f"{name}Result", ("false", "3", "APPARTAMENTO_NON_VALIDO", "")),))
        lines = [each.text or "" for each in list_children(find_child(asked, "ElencoSchedine"), "string")]
        today = now.astimezone(self._zone).date()
        results, head = [], ""
        for line in lines:
            result, head = self._judge(line, head, today)
            results.append(result)
        if is_sent:
            taken = (line for line, result in zip(lines, results, strict=True) if result == _GOOD)
            self._told.extend((today, line) for line in taken)
        details = Element("Dettaglio", tuple(_write_result("EsitoOperazioneServizio", each) for each in results))
        valid = Element("SchedineValide", str(sum(each == _GOOD for each in results)))
        return self._write(name, (_write_result(f"{name}Result", _GOOD), Element("result", (valid, details))))

    def _judge(self, line: str, head: str, today: date) -> tuple[tuple[str, str, str, str], str]:
        """Return the result of one record, and the role of the head that following members belong to."""
        if len(line) != record.LENGTH:
            return ("false", *_ERRORS[0], "Dimensione Riga errata"), ""
        try:
            read = record.read_line(line)
        except ValueError as error:
            return ("false", *_ERRORS[1], _WRONG.get(str(error), "Campo Errato")), ""
        wrong = self._find_wrong(read, line, head, today)
        if wrong:
            return ("false", *_ERRORS[1], wrong), ""
        return _GOOD, read.role if read.role not in record.MEMBERS else head

    def _find_wrong(self, read: record.GuestLine, line: str, head: str, today: date) -> str:
        needed = {record.RELATIVE: record.FAMILY_HEAD, record.GROUP_MEMBER: record.GROUP_HEAD}.get(read.role, "")
        is_italian = read.birth_state == record.ITALY
        province = self._places.get(read.birth_place, "")
        utopian = UTOPIA in (read.citizenship, read.issued_at)
        checks = (
            (read.role in dict(_ROLES) and (not needed or head == needed), "Tipo Alloggiato Errato"),
            (today - timedelta(days=1) <= read.arrival <= today, "Data di Arrivo Errata"),
            (1 <= read.nights <= record.MAX_NIGHTS, "Giorni di Permanenza Errati"),
            (bool(record.NAME.fullmatch(read.surname)), "Cognome Errato"),
            (bool(record.NAME.fullmatch(read.given)), "Nome Errato"),
            (read.sex in ("1", "2"), "Sesso Errato"),
            (read.birth_date <= today, "Data di Nascita Errata"),
            (read.birth_state in self._states, "Stato di Nascita Errato"),
            (bool(province) if is_italian else not read.birth_place, "Comune di Nascita Errato"),
            (read.birth_province == (province if is_italian else ""), "Provincia di Nascita Errata"),
            (read.citizenship in self._states, "Cittadinanza Errata"),
            (self._has_good_document(read), "Documento Errato"),
            (utopian, "Cittadinanza Errata: solo esemplari (Utopia)"),
            (line.isascii() and line.isprintable(), "Carattere Errato"),
        )
        return next((words for is_good, words in checks if not is_good), "")

    def _has_good_document(self, read: record.GuestLine) -> bool:
        if read.role in record.MEMBERS:
            return not (read.document or read.number or read.issued_at)
        is_issuer = read.issued_at in self._states or read.issued_at in self._places
        return read.document in dict(_DOCUMENTS) and bool(read.number) and is_issuer

    def _give_receipt(self, asked: ElementTree.Element, now: datetime) -> ServiceAnswer:
        today = now.astimezone(self._zone).date()
        try:
            day = datetime.fromisoformat(find_text(asked, "Data")).date()
        except ValueError:
            return self._fault("soap:Sender", "Data")
        counts = Counter(told for told, _ in self._told)
        if not today - timedelta(days=30) <= day < today or not counts[day]:
            return self._write("Ricevuta", (_write_result("RicevutaResult", ("false", "4", "RICEVUTA_ASSENTE", "")),))
        pdf = base64.b64encode(make_pdf(f"SIMULATORE - Ricevuta {day:%d/%m/%Y} - schedine: {counts[day]}")).decode()
        return self._write("Ricevuta", (_write_result("RicevutaResult", _GOOD), Element("PDF", pdf)))

    def _write(self, name: str, children: tuple[Element, ...]) -> ServiceAnswer:
        response = Element(f"{name}Response", children, (("xmlns", NAMESPACE),))
        return _envelope(response, 200)

    def _fault(self, code: str, words: str) -> ServiceAnswer:
        reason = Element("soap:Reason", (Element("soap:Text", words),))
        fault = Element("soap:Fault", (Element("soap:Code", (Element("soap:Value", code),)), reason))
        return _envelope(fault, 500)


# What cannot even be read, by the field that `read_line` names.
_WRONG = {
    "arrival": "Data di Arrivo Errata",
    "birth_date": "Data di Nascita Errata",
    "nights": "Giorni di Permanenza Errati",
}


def make_pdf(text: str) -> bytes:
    """Return a page with one line of text, for a receipt that can be opened."""
    stream = f"BT /F1 14 Tf 40 780 Td ({text}) Tj ET".encode("ascii", "replace")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    data, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj%s endobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return data + end % (table, len(data))


def _write_result(name: str, result: tuple[str, str, str, str]) -> Element:
    names = ("esito", "ErroreCod", "ErroreDes", "ErroreDettaglio")
    return Element(name, tuple(Element(each, text) for each, text in zip(names, result, strict=True)))


def _envelope(body: Element, status: int) -> ServiceAnswer:
    whole = Element("soap:Envelope", (Element("soap:Body", (body,)),), (("xmlns:soap", SOAP_12),))
    data = ('<?xml version="1.0" encoding="utf-8"?>' + write_element(whole)).encode()
    return ServiceAnswer(status, data, {"Content-Type": "application/soap+xml; charset=utf-8"})
