"""eVisitor as its wiki describes it: strict, in memory, for specimens alone.

Sentences are those of the wiki and of public clients; sentences for what they leave open are made up and marked so.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from terminal.destinations.croatia.calls import REST, SIGN_IN
from terminal.destinations.croatia.messages import CANCEL, CHECK_IN, CHECK_OUT, choose_payment_category, is_id, read_day
from terminal.destinations.croatia.rules import NEEDED, Broken, find_broken
from terminal.destinations.line import ServiceAnswer
from terminal.destinations.sim.evisitor_tables import TABLES

ZONE = ZoneInfo("Europe/Zagreb")
# Parameters of the real service whose values the wiki does not print; 14 days back is what a public client saw.
LONGEST_STAY, DAYS_BACK = 365, 14
SIGN_IN_LASTS = timedelta(minutes=20)
SPECIMEN_STATE = "UTO"
FACILITY_ID = "7f7b4d3e-1111-4222-8333-000000000001"
DEMO_CREDENTIALS = {"user": "ukazka", "password": "Primjer-2026", "facility": "0000001"}
_ACTIONS = (CHECK_IN, CHECK_OUT, CANCEL)
_OF_CHILDREN = ("1", "2")
_TOO_OLD = "Nije dopušten unos datuma boravka od koji ne zadovoljava definirana prava."
_ALREADY = "Turist je već prijavljen u navedenom objektu."


@dataclass
class _Stay:
    body: dict[str, str]
    has_left: bool = False
    is_cancelled: bool = False

    def is_same_person(self, body: Mapping[str, str]) -> bool:
        """As the wiki prints the rule: house, birth date, kind and number of the document, state of residence."""
        names = ("Facility", "DateOfBirth", "DocumentType", "DocumentNumber", "CountryOfResidence")
        return all(self.body[name] == body[name] for name in names)


class _Turned(Exception):
    """The service does not do it. `words` is its sentence."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass
class SimulatedEVisitor:
    """The register of one house's account."""

    credentials: Mapping[str, str] = field(default_factory=lambda: dict(DEMO_CREDENTIALS))
    stays: dict[str, _Stay] = field(default_factory=dict)
    _sessions: dict[str, datetime] = field(default_factory=dict)
    _told: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes, now: datetime) -> ServiceAnswer:
        """Answer one request as the service does."""
        parts = urlsplit(path)
        try:
            if parts.path == SIGN_IN:
                return self._sign_in(method, body, now)
            if not self._is_signed_in(headers.get("cookie", ""), now):
                return _say(None, "User is not authenticated.", 200)
            name = parts.path.removeprefix(f"{REST}/").rstrip("/")
            if method == "POST" and name in _ACTIONS:
                return self._act(name, body, now)
            if method == "GET":
                return _reply({"Records": self._browse(name, parts.query)})
        except _Turned as turned:
            return _say(turned.words, None, 400)
        return ServiceAnswer(404, b"")

    def is_telling(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG002
        """Tell whether a request changes something here."""
        return method == "POST" and urlsplit(path).path.removeprefix(f"{REST}/").rstrip("/") in _ACTIONS

    def list_told(self) -> list[str]:
        """Return what was taken, one line each: a check-in that was there already is an edit, not a second one."""
        return list(self._told)

    def _sign_in(self, method: str, body: bytes, now: datetime) -> ServiceAnswer:
        typed = _read_object(body)
        wanted = (self.credentials["user"], self.credentials["password"])
        if method != "POST" or (typed.get("userName"), typed.get("password")) != wanted:
            return _reply(False)
        session = secrets.token_hex(16)
        self._sessions[session] = now + SIGN_IN_LASTS
        cookies = (f".ASPXAUTH={session}; path=/; HttpOnly", "affinity=1; path=/", "language=hr; path=/")
        return ServiceAnswer(200, b"true", {"content-type": "application/json", "set-cookie": "\n".join(cookies)})

    def _is_signed_in(self, cookies: str, now: datetime) -> bool:
        pairs = dict(pair.split("=", 1) for pair in cookies.split("; ") if "=" in pair)
        has_all = {".ASPXAUTH", "affinity", "language"} <= pairs.keys()
        return has_all and self._sessions.get(pairs[".ASPXAUTH"], now) > now

    def _act(self, action: str, data: bytes, now: datetime) -> ServiceAnswer:
        typed = _read_object(data)
        body = {name: value for name, value in typed.items() if isinstance(value, str)}
        if len(body) < len(typed) or not is_id(body.get("ID", "")):
            raise _Turned(f"[[[{Broken.NO_ID}]]]")
        today = now.astimezone(ZONE).date()
        actions: dict[str, Callable[[dict[str, str], date], None]] = {
            CHECK_IN: self._check_in,
            CHECK_OUT: self._check_out,
            CANCEL: self._cancel,
        }
        actions[action](body, today)
        return ServiceAnswer(200, b"")

    def _check_in(self, body: dict[str, str], today: date) -> None:
        countries = {row["CodeThreeLetters"]: row for row in TABLES["CountryLookup"]}
        outside = countries.get(body.get("CountryOfResidence", ""), {}).get("IsEUMember") is False
        for name, broken in find_broken(body, outside_union=outside):
            raise _Turned(broken.value if broken is not Broken.MISSING else f"{broken.value} ({name})")
        self._check_tables(body)
        arrives, leaves = read_day(body["StayFrom"]), read_day(body["ForeseenStayUntil"])
        if (leaves - arrives).days > LONGEST_STAY:
            raise _Turned("Prekoračen je maksimalan broj dana boravka turista.")
        before = self.stays.get(body["ID"])
        if before is not None:
            self._edit(before, body)
            return
        if (today - arrives).days >= DAYS_BACK:
            raise _Turned(_TOO_OLD)
        if any(self._is_active(stay) and stay.is_same_person(body) for stay in self.stays.values()):
            raise _Turned(_ALREADY)
        self.stays[body["ID"]] = _Stay(body)
        self._told.append(f"{CHECK_IN} {body['ID']} {body['TouristSurname']} {body['TouristName']}")

    def _edit(self, before: _Stay, body: dict[str, str]) -> None:
        """The same id again is a change of the stay; with the same data it changes nothing."""
        if not self._is_active(before):
            raise _Turned("Moguće je izmijeniti samo aktivne prijave.")  # made up
        fixed = ("StayFrom", "TimeStayFrom", "Facility")
        if any(before.body[name] != body[name] for name in fixed):
            raise _Turned("Podatke o dolasku nije moguće naknadno mijenjati.")  # made up
        if before.body != body:
            self._told.append(f"edit {body['ID']}")
        before.body = body

    def _check_tables(self, body: Mapping[str, str]) -> None:
        columns = (
            ("CountryLookup", "CodeThreeLetters", ("CountryOfBirth", "Citizenship", "CountryOfResidence")),
            ("DocumentTtypeLookup", "Code", ("DocumentType",)),
            ("TTPaymentCategoryLookup2", "Code", ("TTPaymentCategory",)),
            ("ArrivalOrganisationLookup", "CodeMI", ("ArrivalOrganisation",)),
            ("OfferedServiceTypeLookup", "Name", ("OfferedServiceType",)),
            ("BorderCrossingHRlookup", "Code", ("BorderCrossingHr",)),
        )
        for table, column, names in columns:
            codes = {row[column] for row in TABLES[table]}
            for name in names:
                if body.get(name, "") not in (codes if name in NEEDED else {*codes, ""}):
                    raise _Turned(f"Vrijednost nije u šifrarniku ({name}).")  # made up
        if body["Facility"] != self.credentials["facility"]:
            raise _Turned("Objekt ne postoji.")  # made up
        if body["Citizenship"] != SPECIMEN_STATE:
            raise _Turned("Ovo je simulator: prima samo uzorke (UTO).")  # made up: nobody living is a citizen of Utopia
        expected = choose_payment_category(read_day(body["DateOfBirth"]), read_day(body["StayFrom"]))
        if body["TTPaymentCategory"] in _OF_CHILDREN and body["TTPaymentCategory"] != expected:
            raise _Turned("Kategorija turističke pristojbe ne odgovara dobi turista.")  # made up
        if body["ArrivalOrganisation"] == "A" and not body.get("TouristAgency"):
            raise _Turned("Potrebno je upisati turističku agenciju.")  # made up

    def _check_out(self, body: dict[str, str], today: date) -> None:
        stay = self._find_stay(body)
        left = read_day(body.get("CheckOutDate", ""))
        if left < read_day(stay.body["StayFrom"]):
            raise _Turned("Upisan datum odjave je manji od datuma boravka od.")
        if left > today:
            raise _Turned("Datum odjave turista ne smije biti veći od današnjeg datuma.")
        if not stay.has_left:
            self._told.append(f"{CHECK_OUT} {body['ID']}")
        stay.has_left = True

    def _cancel(self, body: dict[str, str], today: date) -> None:  # noqa: ARG002
        stay = self._find_stay(body)
        if not stay.is_cancelled:
            self._told.append(f"{CANCEL} {body['ID']}")
        stay.is_cancelled = True

    def _find_stay(self, body: Mapping[str, str]) -> _Stay:
        stay = self.stays.get(body["ID"])
        if stay is None:
            raise _Turned("Prijava ne postoji.")  # made up
        return stay

    def _is_active(self, stay: _Stay) -> bool:
        return not stay.has_left and not stay.is_cancelled

    def _browse(self, name: str, query: str) -> list[Mapping[str, object]]:
        rows = self._list_rows(name)
        for condition in json.loads(parse_qs(query).get("filters", ["[]"])[0]):
            if condition["Operation"] != "equal":
                raise _Turned("Operacija nije podržana.")  # made up
            wanted = {"true": True, "false": False}.get(condition["Value"], condition["Value"])
            rows = [row for row in rows if row.get(condition["Property"]) == wanted]
        return rows

    def _list_rows(self, name: str) -> list[Mapping[str, object]]:
        if name == "FacilityBrowse":
            return [{"ID": FACILITY_ID, "Code": self.credentials["facility"], "Name": "Kuća Primjer"}]
        if name in ("ListOfTourists", "ListOfTouristsExtended"):
            return [_show(stay) for stay in self.stays.values() if not stay.is_cancelled]
        if name == "TouristCancelledBrowse":
            return [_show(stay) for stay in self.stays.values() if stay.is_cancelled]
        if name not in TABLES:
            raise _Turned(f"You are not authorized for action 'Read' ({name})")
        return [{**row, "Active": True, "FacilityID": FACILITY_ID} for row in TABLES[name]]


def _show(stay: _Stay) -> Mapping[str, object]:
    arrived = datetime.combine(read_day(stay.body["StayFrom"]), datetime.min.time(), UTC)
    return {
        "ID": stay.body["ID"],
        "FacilityID": FACILITY_ID,
        "TTPayerID": str(uuid.UUID(int=1)),
        "CheckedOutTourist": stay.has_left,
        "SurnameAndName": f"{stay.body['TouristSurname']} {stay.body['TouristName']}",
        "DateTimeOfArrival": f"/Date({int(arrived.timestamp()) * 1000}+0100)/",
    }


def _read_object(data: bytes) -> dict[str, object]:
    try:
        value = json.loads(data)
    except ValueError:
        raise _Turned("Zahtjev nije ispravan JSON.") from None  # made up
    if not isinstance(value, dict):
        raise _Turned("Zahtjev nije ispravan JSON.")  # made up
    return value


def _reply(value: object) -> ServiceAnswer:
    return ServiceAnswer(200, json.dumps(value, ensure_ascii=False).encode(), {"content-type": "application/json"})


def _say(user: str | None, system: str | None, status: int) -> ServiceAnswer:
    body = json.dumps({"UserMessage": user, "SystemMessage": system}, ensure_ascii=False).encode()
    return ServiceAnswer(status, body, {"content-type": "application/json"})
