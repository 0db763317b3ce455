"""Ubyport as annex 5 and the letters of the police describe it: strict, in memory, for specimens alone.

Numbers of errors: 112, 106 and 150 are the service's own; all others here are made up, for the real ones are printed
nowhere and come with the table `Chyby`, which this simulator serves too.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from terminal.destinations.czechia.house import read_house
from terminal.destinations.czechia.report import INPASS, MAX_GIVEN, MAX_SURNAME, is_birth
from terminal.destinations.czechia.soap_calls import (
    ADDRESSING,
    DATA,
    ERRORS,
    INSTANCE,
    LONGEST,
    METHODS,
    PURPOSES,
    STATES,
    TABLE,
    TEST,
    WRITE,
)
from terminal.destinations.line import ServiceAnswer
from terminal.destinations.sim.pdf import draw_pdf
from terminal.destinations.sim.server import CONNECTION
from terminal.destinations.sim.ubyport_account import NtlmDoor
from terminal.destinations.sim.ubyport_tables import ERROR_ROWS, PURPOSE_ROWS, STATE_ROWS
from terminal.destinations.soap import SOAP_11, NoXml, find_child, find_text, list_children, local_name, parse_xml

MAX_GUESTS = 32
LATE_AFTER = timedelta(days=3)
SPECIMEN_STATE = "UTO"
DEMO_CREDENTIALS = {
    "user": "uby-wsdemo01",
    "password": "Ukazka-2026",
    "idub": "999900000001",
    "mark": "UKAZK",
    "name": "Penzion Ukázka",
    "contact": "recepce@example.org",
    "district": "Praha",
    "town": "Praha",
    "quarter": "Nusle",
    "street": "Smyšlená",
    "house_number": "12",
    "street_number": "3a",
    "postcode": "14000",
}
# The members in the order of the contract. What stands elsewhere is skipped without a word, as the real service does.
_LIST_MEMBERS = (
    "Ubytovani", "VracetPDF", "uCont", "uHomN", "uIdub", "uMark", "uName", "uOb", "uObCa", "uOkr", "uOriN", "uPsc",
    "uStr",
)  # fmt: skip
_GUEST_MEMBERS = (
    "cDate", "cDocN", "cFirstN", "cFrom", "cNati", "cNote", "cPlac", "cPurp", "cResi", "cSpz", "cSurN", "cUntil",
    "cVisN",
)  # fmt: skip
# What makes a record the same as another: the letter of the police, answer A3.
_KEY_MEMBERS = ("cFrom", "cUntil", "cSurN", "cFirstN", "cDate", "cNati", "cDocN", "cPurp")


class SimulatedUbyport:
    """One register of one house. `list_told` has a line for each record taken, by document and days."""

    def __init__(self, credentials: Mapping[str, str] = DEMO_CREDENTIALS) -> None:
        self._house = read_house(credentials)
        self._door = NtlmDoor(credentials["user"], credentials["password"])
        self._taken: set[tuple[str, ...]] = set()
        self._told: list[str] = []

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes, now: datetime) -> ServiceAnswer:
        """Answer one request as the service does."""
        if path != "/ws_uby.svc" or method != "POST":
            return ServiceAnswer(404, b"")
        refused = self._door.check(headers.get(CONNECTION, ""), headers.get("authorization", ""))
        if refused is not None:
            return refused
        try:
            call = _open_call(body, headers)
            return ServiceAnswer(200, self._answer_call(call, now), {"content-type": "text/xml; charset=utf-8"})
        except NoXml as error:
            return ServiceAnswer(500, _write_fault(error.where), {"content-type": "text/xml; charset=utf-8"})

    def is_telling(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG002
        """Tell whether a request reports guests."""
        return bool(body) and headers.get("soapaction", "").strip('"').endswith(f"/{WRITE}")

    def list_told(self) -> list[str]:
        """Return what was taken, one line each."""
        return list(self._told)

    def _answer_call(self, call: ElementTree.Element, now: datetime) -> bytes:
        method = local_name(call)
        if find_text(call, "AutentificationCode") == "":
            raise NoXml("AutentificationCode")
        if method == TEST:
            return _write_answer(method, "true")
        if method == LONGEST:
            return _write_answer(method, f"{MAX_GUESTS}")
        if method == TABLE:
            rows = {STATES: STATE_ROWS, PURPOSES: PURPOSE_ROWS, ERRORS: ERROR_ROWS}.get(find_text(call, "CoChci"))
            if rows is None:
                raise NoXml("CoChci")
            return _write_answer(method, "".join(_write_row(row) for row in rows))
        if method == WRITE:
            return _write_answer(method, self._take_list(call, now))
        raise NoXml(method)

    def _take_list(self, call: ElementTree.Element, now: datetime) -> str:
        found = find_child(call, "Seznam")
        if found is None or not found.tag.startswith(f"{{{METHODS}}}"):
            raise NoXml("Seznam")
        head = _bind(found, _LIST_MEMBERS)
        guests = [_bind(each, _GUEST_MEMBERS) for each in list_children(find_child(found, "Ubytovani"), "Ubytovany")]
        if not 0 < len(guests) <= MAX_GUESTS:
            raise NoXml("Seznam je delší než povolená délka")
        head_codes = self._check_house(head)
        codes = [self._check_guest(guest, now) for guest in guests]
        is_refused = bool(head_codes)
        taken = [guest for guest, each in zip(guests, codes, strict=True) if not is_refused and not _is_refused(each)]
        for guest in taken:
            self._taken.add(_key(guest))
            days = f"{guest['cFrom'][:10]} {guest['cUntil'][:10]}"
            self._told.append(f"{guest['cSurN']} {guest['cFirstN']} {guest['cDocN']} {days}")
        return self._write_result(head_codes, codes, guests, len(taken), head.get("VracetPDF") == "true", now)

    def _check_house(self, head: Mapping[str, str]) -> list[str]:
        """Compare the house with what is registered, as the operating rules say."""
        house = self._house
        wanted = {
            "uIdub": (house.idub, "13"), "uMark": (house.mark, "13"), "uName": (house.name, "5"),
            "uOkr": (house.district, "7"), "uOb": (house.town, "8"), "uPsc": (house.postcode, "12"),
        }  # fmt: skip
        return sorted({code for name, (value, code) in wanted.items() if head.get(name) != value}, key=int)

    def _check_guest(self, guest: Mapping[str, str], now: datetime) -> list[str]:
        codes = [code for name, code in _GUEST_RULES if not _RULES[name](guest)]
        if not codes and _read_time(guest["cFrom"]) > now.replace(tzinfo=None) + timedelta(days=1):
            codes.append("109")
        if not codes and _key(guest) in self._taken:
            return ["150"]
        if not codes and now.replace(tzinfo=None) - _read_time(guest["cFrom"]) > LATE_AFTER:
            codes.append("112")
        return codes

    def _write_result(
        self,
        head: Sequence[str],
        codes: Sequence[Sequence[str]],
        guests: Sequence[Mapping[str, str]],
        taken: int,
        wants_pdf: bool,
        now: datetime,
    ) -> str:
        stamp = str(uuid.uuid4()).upper()
        records = "".join(f"<b:string>;{''.join(f'{code};' for code in each)}</b:string>" for each in codes)
        receipt = complaint = ""
        if wants_pdf and taken:
            receipt = base64.b64encode(_draw_receipt(stamp, taken, len(guests), now)).decode("ascii")
        if wants_pdf and taken < len(guests):
            complaint = base64.b64encode(_draw_receipt(stamp, taken, len(guests), now)).decode("ascii")
        return (
            f"<a:ChybyHlavicky>{''.join(f'{code};' for code in head)}</a:ChybyHlavicky>"
            '<a:ChybyZaznamu xmlns:b="http://schemas.microsoft.com/2003/10/Serialization/Arrays">'
            f"{records}</a:ChybyZaznamu>{_write_pdf('DokumentChybyPotvrzeni', complaint)}"
            f"{_write_pdf('DokumentPotvrzeni', receipt)}<a:PseudoRazitko>{stamp}</a:PseudoRazitko>"
        )


def _has_name(guest: Mapping[str, str], name: str, longest: int) -> bool:
    value = guest[name]
    return len(value) <= longest and all(sign.isalpha() or sign in "'- " for sign in value) and _fits(value)


def _fits(value: str) -> bool:
    try:
        value.encode("cp1250")
    except UnicodeEncodeError:
        return False
    return True


def _is_alnum(value: str, shortest: int, longest: int) -> bool:
    return shortest <= len(value) <= longest and value.isascii() and (value.isalnum() or not value)


_RULES: dict[str, Callable[[Mapping[str, str]], bool]] = {
    "surname": lambda guest: bool(guest["cSurN"]) and _has_name(guest, "cSurN", MAX_SURNAME),
    "given": lambda guest: _has_name(guest, "cFirstN", MAX_GIVEN),
    "birth": lambda guest: is_birth(guest["cDate"]),
    # No living person holds a document of Utopia; nothing else is let in.
    "state": lambda guest: guest["cNati"] == SPECIMEN_STATE,
    "document": lambda guest: _is_alnum(guest["cDocN"], 4, 30),
    "note": lambda guest: len(guest["cNote"]) <= 255 and (guest["cDocN"] != INPASS or bool(guest["cNote"].strip())),
    "visa": lambda guest: _is_alnum(guest["cVisN"], 0, 15),
    # Figures alone are no address: a rule of a public client, which annex 5 does not have.
    "residence": lambda guest: len(guest["cResi"]) <= 128 and not guest["cResi"].strip().isdigit(),
    "purpose": lambda guest: not guest["cPurp"] or guest["cPurp"].zfill(2) in {row["Kod2"] for row in PURPOSE_ROWS},
    "days": lambda guest: _order_days(guest),
}
_GUEST_RULES = (
    ("surname", "101"), ("given", "102"), ("birth", "103"), ("state", "104"), ("document", "106"), ("note", "107"),
    ("visa", "108"), ("residence", "110"), ("purpose", "111"), ("days", "105"),
)  # fmt: skip


def _order_days(guest: Mapping[str, str]) -> bool:
    try:
        return _read_time(guest["cFrom"]).date() < _read_time(guest["cUntil"]).date()
    except ValueError:
        return False


def _read_time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _is_refused(codes: Sequence[str]) -> bool:
    return any(code != "112" for code in codes)


def _key(guest: Mapping[str, str]) -> tuple[str, ...]:
    days = {name: guest[name][:10] for name in ("cFrom", "cUntil")}
    return tuple(days.get(name, guest[name]) for name in _KEY_MEMBERS)


def _bind(element: ElementTree.Element, members: Sequence[str]) -> dict[str, str]:
    """Return the members that stand in the order of the contract; of an absent or nil one, nothing."""
    bound, place = dict.fromkeys(members, ""), 0
    for child in element:
        name = local_name(child)
        if name in members[place:] and child.tag == f"{{{DATA}}}{name}":
            place = members.index(name) + 1
            bound[name] = "" if child.get(f"{{{INSTANCE}}}nil") == "true" else (child.text or "")
    return bound


def _open_call(body: bytes, headers: Mapping[str, str]) -> ElementTree.Element:
    root = parse_xml(body)
    found = root.find(f"{{{SOAP_11}}}Body")
    action = root.find(f"{{{SOAP_11}}}Header/{{{ADDRESSING}}}Action")
    if found is None or len(found) != 1 or not found[0].tag.startswith(f"{{{METHODS}}}"):
        raise NoXml("Body")
    named = f"{METHODS}/IWS_UBY/{local_name(found[0])}"
    if headers.get("soapaction", "").strip('"') != named or (action is not None and action.text != named):
        raise NoXml("SOAPAction")
    if not headers.get("content-type", "").startswith("text/xml"):
        raise NoXml("Content-Type")
    return found[0]


def _write_answer(method: str, inner: str) -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP_11}"><s:Header /><s:Body><{method}Response xmlns="{METHODS}">'
        f'<{method}Result xmlns:a="{DATA}" xmlns:i="{INSTANCE}">{inner}</{method}Result>'
        f"</{method}Response></s:Body></s:Envelope>"
    ).encode()


def _write_row(row: Mapping[str, str]) -> str:
    names = ("Id", "Kod2", "Kod3", "PlatiDo", "PlatiOd", "TextCZ", "TextENG", "TextKratkyCZ", "TextKratkyENG")
    inner = "".join(f"<a:{name}>{escape(row.get(name, ''))}</a:{name}>" for name in names)
    return f"<a:CiselnikType>{inner}</a:CiselnikType>"


def _write_pdf(name: str, data: str) -> str:
    return f"<a:{name}>{data}</a:{name}>" if data else f'<a:{name} i:nil="true" />'


def _write_fault(words: str) -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP_11}"><s:Header /><s:Body><s:Fault><faultcode>s:Chyba běhu programu</faultcode>'
        f'<faultstring xml:lang="cs-CZ">Server was unable to process request. ---&gt; {escape(words)}</faultstring>'
        "</s:Fault></s:Body></s:Envelope>"
    ).encode()


def _draw_receipt(stamp: str, taken: int, all_told: int, now: datetime) -> bytes:
    return draw_pdf(
        (
            "DORUCENKA - SIMULATOR, NO LEGAL EFFECT",
            f"Datum doruceni: {now:%d.%m.%Y %H:%M:%S} UTC",
            f"Pocet zaznamu: {all_told}",
            f"Prijato: {taken}",
            f"Odmitnuto: {all_told - taken}",
            f"Kodove oznaceni: {stamp}",
        )
    )
