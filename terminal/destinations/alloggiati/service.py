"""The web service of Alloggiati Web: its methods as SOAP 1.2, and what its answers mean (manual, section 3)."""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from xml.etree import ElementTree

from terminal.destinations.line import AnswerLost, Line, NotSent
from terminal.destinations.soap import (
    Element,
    Fault,
    NoXml,
    find_child,
    find_text,
    list_children,
    open_envelope,
    write_envelope,
)
from terminal.destinations.tables import Row, Table
from terminal.destinations.terms import NoAnswer, NotNow, SignInRefused

NAMESPACE = "AlloggiatiService"
PATH = "/service/service.asmx"
CONTENT_TYPE = "application/soap+xml; charset=utf-8"
_STATE = "ES"  # what stands in place of a province in the rows of states


@dataclass(frozen=True, slots=True)
class Result:
    """EsitoOperazioneServizio: whether an operation, or one record of it, went well, and if not, why."""

    is_good: bool
    code: str = ""
    words: str = field(default="", repr=False)  # description and detail; may quote the record


@dataclass(frozen=True, slots=True)
class ListResult:
    """ElencoSchedineEsito: the operation's own result and one for each record."""

    whole: Result
    lines: tuple[Result, ...]


def generate_token(line: Line, user: str, password: str, key: str) -> tuple[str, datetime | None]:
    """Return a token and when it ends. Raises: SignInRefused, NotNow."""
    fields = (("Utente", user), ("Password", password), ("WsKey", key))
    answer = _ask_quietly(line, "GenerateToken", fields)
    result = _read_result(find_child(answer, "result"))
    token = find_text(answer, "GenerateTokenResult", "token")
    if not result.is_good or not token:
        raise SignInRefused(result.code)
    return token, _read_moment(find_text(answer, "GenerateTokenResult", "expires"))


def test_authentication(line: Line, user: str, token: str) -> None:
    """Raise SignInRefused unless the token is good. Raises NotNow too."""
    answer = _ask_quietly(line, "Authentication_Test", (("Utente", user), ("token", token)))
    result = _read_result(find_child(answer, "Authentication_TestResult"))
    if not result.is_good:
        raise SignInRefused(result.code)


def fetch_table(line: Line, user: str, token: str, name: str) -> list[list[str]]:
    """Return the rows of a table without its head. Raises: SignInRefused, NotNow."""
    answer = _ask_quietly(line, "Tabella", (("Utente", user), ("token", token), ("tipo", name)))
    result = _read_result(find_child(answer, "TabellaResult"))
    if not result.is_good:
        raise NotNow(result.code)
    rows = csv.reader(io.StringIO(find_text(answer, "CSV")), delimiter=";")
    return [[cell.strip() for cell in row] for row in rows if row][1:]


def read_places(rows: list[list[str]]) -> tuple[Table, Table]:
    """Return states and municipalities of the table of places: code, name, province, last day."""
    read = [
        Row(row[0], row[1], row[2] if len(row) > 2 else "", _read_day(row[3]) if len(row) > 3 else None)
        for row in rows
        if len(row) > 1
    ]
    states = tuple(Row(row.code, row.name, "", row.until) for row in read if row.more == _STATE)
    return Table(states), Table(tuple(row for row in read if row.more != _STATE))


def test_lines(line: Line, user: str, token: str, lines: Sequence[str], apartment: str) -> ListResult:
    """Have records checked, and none taken. Raises: SignInRefused, NotNow."""
    method, fields = _choose_method("Test", user, token, lines, apartment)
    answer = _ask_quietly(line, method, fields)
    result = _read_list(answer, method, len(lines))
    if result is None:
        raise NotNow("answer")
    return result


def send_lines(line: Line, user: str, token: str, lines: Sequence[str], apartment: str) -> ListResult:
    """Send records. Raises: NotNow while nothing has left; NoAnswer for whatever is not a whole answer."""
    method, fields = _choose_method("Send", user, token, lines, apartment)
    try:
        result = _read_list(_ask(line, method, fields), method, len(lines))
    except NotSent as error:
        raise NotNow(error.where) from None
    except (AnswerLost, NoXml, Fault, NotNow) as error:
        # Also what reads like "not now": the records have left, and only a whole answer tells what became of them.
        raise NoAnswer(type(error).__name__) from None
    if result is None:
        raise NoAnswer("answer")
    return result


def fetch_receipt(line: Line, user: str, token: str, day: date) -> bytes | None:
    """Return the receipt of a day as a PDF, None where there is none. Raises: NotNow."""
    fields = (("Utente", user), ("token", token), ("Data", f"{day.isoformat()}T00:00:00"))
    answer = _ask_quietly(line, "Ricevuta", fields)
    result, text = _read_result(find_child(answer, "RicevutaResult")), find_text(answer, "PDF")
    if not result.is_good or not text:
        return None
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise NotNow("receipt") from None
    return data if data.startswith(b"%PDF-") else None


Fields = tuple[tuple[str, str | Sequence[str]], ...]


def _choose_method(name: str, user: str, token: str, lines: Sequence[str], apartment: str) -> tuple[str, Fields]:
    fields: Fields = (("Utente", user), ("token", token), ("ElencoSchedine", lines))
    if apartment:
        return f"GestioneAppartamenti_{name}", (*fields, ("IdAppartamento", apartment))
    return name, fields


def _ask_quietly(line: Line, method: str, fields: Fields) -> ElementTree.Element:
    """Ask for something that changes nothing there: whatever goes wrong, nothing was told. Raises: NotNow."""
    try:
        return _ask(line, method, fields)
    except (NotSent, AnswerLost, NoXml, Fault) as error:
        raise NotNow(type(error).__name__) from None


def _ask(line: Line, method: str, fields: Fields) -> ElementTree.Element:
    body = Element(f"all:{method}", tuple(_write_field(name, value) for name, value in fields))
    data = write_envelope(body, namespaces=(("all", NAMESPACE),))
    answer = line.request("POST", PATH, data, {"Content-Type": CONTENT_TYPE})
    found = open_envelope(answer.data)
    if found.tag != f"{{{NAMESPACE}}}{method}Response":
        raise NoXml("method")
    return found


def _write_field(name: str, value: str | Sequence[str]) -> Element:
    if isinstance(value, str):
        return Element(f"all:{name}", value)
    return Element(f"all:{name}", tuple(Element("all:string", each) for each in value))


def _read_list(answer: ElementTree.Element, method: str, count: int) -> ListResult | None:
    """Return the results, None for an answer that does not speak of exactly `count` records."""
    whole = _read_result(find_child(answer, f"{method}Result"))
    details = list_children(find_child(answer, "result", "Dettaglio"), "EsitoOperazioneServizio")
    lines = tuple(_read_result(each) for each in details)
    valid = find_text(answer, "result", "SchedineValide")
    if len(lines) != count or valid != str(sum(each.is_good for each in lines)):
        return None
    return ListResult(whole, lines)


def _read_result(element: ElementTree.Element | None) -> Result:
    if element is None or find_text(element, "esito") not in ("true", "false", "1", "0"):
        raise NotNow("result")
    words = " · ".join(filter(None, (find_text(element, "ErroreDes"), find_text(element, "ErroreDettaglio"))))
    return Result(find_text(element, "esito") in ("true", "1"), find_text(element, "ErroreCod"), words)


def _read_moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _read_day(text: str) -> date | None:
    day, _, rest = text.partition("/")
    month, _, year = rest.partition("/")
    try:
        return date(int(year[:4]), int(month), int(day))
    except ValueError:
        return None
