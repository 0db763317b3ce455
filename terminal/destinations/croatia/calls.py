"""The calls of eVisitor's Web API: sign-in with cookies, actions, and the lists that say what the service has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

import msgspec

from terminal.destinations.croatia.answers import (
    Complaint,
    NotUnderstood,
    Said,
    read_answer,
    read_records,
    write_filter,
)
from terminal.destinations.line import AnswerLost, Line, NotSent, ServiceAnswer
from terminal.destinations.terms import Credentials, NoAnswer, NotNow, Session, SignInRefused

SIGN_IN = "/Resources/AspNetFormsAuth/Authentication/Login"
REST = "/Rest/Htz"
# The service says nothing of how long a sign-in lasts; a new one costs one request.
SIGNED_IN = timedelta(minutes=10)
_BUSY = (429, 503)
_REFUSES_ALL = (Said.NOT_REGISTERED, Said.NOT_ALLOWED)


class Token(msgspec.Struct, frozen=True):
    """What a sign-in left behind: the cookies, and the service's own id of the house."""

    cookies: str
    facility_id: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the service said to an action: None for "done"."""

    complaint: Complaint | None = field(default=None, repr=False)


def sign_in(credentials: Credentials, line: Line, now: datetime) -> Session:
    """Return a session with the house's account, after looking whether the house is this account's.

    Raises: SignInRefused, NotNow.
    """
    values = credentials.values
    body = {"userName": values.get("user", ""), "password": values.get("password", ""), "persistCookie": False}
    answer = _request(line, "POST", SIGN_IN, json.dumps(body).encode(), "")
    said = _read(answer, SignInRefused)
    if isinstance(said, Complaint) or said is not True:
        raise SignInRefused("account")
    cookies = read_cookies(answer.headers.get("set-cookie", ""))
    session = Session(line, credentials, _write_token(cookies, ""), now + SIGNED_IN)
    houses = browse(session, "FacilityBrowse", ("Code", "equal", values.get("facility", "")))
    if len(houses) != 1 or not isinstance(house_id := houses[0].get("ID"), str):
        raise SignInRefused("facility")
    return Session(line, credentials, _write_token(cookies, house_id), now + SIGNED_IN)


def read_token(session: Session) -> Token:
    """Return what a sign-in left behind."""
    return msgspec.json.decode(session.token, type=Token)


def read_cookies(lines: str) -> str:
    """Return the `Cookie` header for a sign-in's `Set-Cookie` lines, with a semicolon between two of them.

    The service's gateway turns away a request with anything else between them (its wiki, 2022).
    """
    pairs = [line.split(";", 1)[0].strip() for line in lines.split("\n")]
    return "; ".join(pair for pair in pairs if "=" in pair)


def browse(session: Session, name: str, *conditions: tuple[str, str, str]) -> list[Mapping[str, object]]:
    """Return rows of a list. Raises: NotNow, SignInRefused."""
    query = write_filter(*conditions) if conditions else ""
    path = f"{REST}/{quote(name)}/{query}"
    said = _read(_request(session.line, "GET", path, b"", read_token(session).cookies), NotNow)
    if isinstance(said, Complaint):
        raise _choose_error(said)
    try:
        return read_records(said)
    except NotUnderstood:
        raise NotNow(name) from None


def act(session: Session, action: str, body: Mapping[str, str]) -> Reply:
    """Carry out an action. Raises: NotNow, SignInRefused while nothing was done; NoAnswer where nobody can say."""
    data = json.dumps(body, ensure_ascii=False).encode()
    try:
        answer = session.line.request("POST", f"{REST}/{action}/", data, _write_headers(read_token(session).cookies))
    except NotSent as error:
        raise NotNow(error.where) from None
    except AnswerLost as error:
        raise NoAnswer(error.where) from None
    if answer.status in _BUSY:
        raise NotNow(f"status {answer.status}")
    try:
        said = read_answer(answer.status, answer.data)
    except NotUnderstood as error:
        raise NoAnswer(str(error)) from None
    if not isinstance(said, Complaint):
        return Reply()
    if said.said in (Said.BLOCKED, *_REFUSES_ALL):
        raise _choose_error(said)
    return Reply(said)


def _choose_error(complaint: Complaint) -> NotNow | SignInRefused:
    return SignInRefused(complaint.said) if complaint.said in _REFUSES_ALL else NotNow(complaint.said)


def _read(answer: ServiceAnswer, error: type[NotNow] | type[SignInRefused]) -> object:
    if answer.status in _BUSY:
        raise NotNow(f"status {answer.status}")
    if error is SignInRefused and answer.status in (401, 403):
        raise SignInRefused(f"status {answer.status}")
    try:
        return read_answer(answer.status, answer.data)
    except NotUnderstood:
        raise NotNow(f"status {answer.status}") from None


def _request(line: Line, method: str, path: str, body: bytes, cookies: str) -> ServiceAnswer:
    """Send a request that tells nothing. Raises: NotNow."""
    try:
        return line.request(method, path, body, _write_headers(cookies))
    except (NotSent, AnswerLost) as error:
        raise NotNow(error.where) from None


def _write_headers(cookies: str) -> dict[str, str]:
    headers = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}
    return headers | ({"Cookie": cookies} if cookies else {})


def _write_token(cookies: str, facility_id: str) -> str:
    return msgspec.json.encode(Token(cookies, facility_id)).decode()
