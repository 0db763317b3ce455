"""One request and its answer: what HTTP, SOAP and the line say before the service's own codes are read."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import TypeVar

from terminal.destinations.line import AnswerLost, NotSent
from terminal.destinations.ses_hospedajes import answer, request
from terminal.destinations.ses_hospedajes.codes import MAX_BATCHES_ASKED, Meaning, read_code
from terminal.destinations.soap import Fault, NoXml
from terminal.destinations.tables import Table
from terminal.destinations.terms import NoAnswer, NotNow, Session, SignInRefused

PATH = "/hospedajes-web/ws/v1/comunicacion"
# Not at work, or too much asked. Of a telling request even these leave it open: a front end may answer so afterwards.
_NOT_HANDLED = (429, 503)
_NOT_LET_IN = (401, 403)
# Asked about at sign-in: no batch has it, so nothing comes back but whether we are known.
NO_BATCH = "00000000-0000-0000-0000-000000000000"
_T = TypeVar("_T")


def send(session: Session, envelope: bytes, *, is_telling: bool = False) -> bytes:
    """Return the body of the answer to an envelope.

    Raises: NotNow and SignInRefused while certainly nothing was taken; NoAnswer otherwise.
    """
    values = session.credentials.values
    token = base64.b64encode(f"{values.get('user', '')}:{values.get('password', '')}".encode()).decode()
    headers = {
        "Authorization": f"Basic {token}",
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": '""',
        "User-Agent": request.APPLICATION,
    }
    try:
        answered = session.line.request("POST", PATH, envelope, headers)
    except NotSent:
        raise NotNow("not sent") from None
    except AnswerLost:
        raise NoAnswer("lost") from None
    if answered.status in _NOT_LET_IN:
        raise SignInRefused(str(answered.status))
    if answered.status in _NOT_HANDLED and not is_telling:
        raise NotNow(str(answered.status))
    # A SOAP fault comes with 500; whether the body is an answer at all is seen when it is read.
    if answered.status not in (200, 500):
        raise NoAnswer(str(answered.status))
    return answered.data


def tell(session: Session, operation: str, file: bytes) -> answer.Reply:
    """Send a file of arrivals (A) or annulments (B) and return what was said at once.

    Raises: as `send`.
    """
    lessor = session.credentials.values.get("lessor", "")
    data = send(session, request.write_request(lessor, operation, file), is_telling=True)
    try:
        return answer.read_reply(data)
    except (NoXml, Fault):
        raise NoAnswer("form") from None


def knock(session: Session) -> None:
    """Ask about a batch that nobody has: user, password and lessor code are looked at, and no guest is named.

    Raises: NotNow, SignInRefused. Before anything is told, so that a service that is down leaves nothing in doubt.
    """
    try:
        ask(session, (NO_BATCH,))
    except NoAnswer:
        raise NotNow("not at work") from None


def ask(session: Session, batches: Sequence[str]) -> dict[str, answer.Batch]:
    """Return what is known of batches. The service leaves out those it does not have.

    Raises: NotNow, SignInRefused, NoAnswer.
    """
    found: dict[str, answer.Batch] = {}
    lessor = session.credentials.values.get("lessor", "")
    for some in split(batches, MAX_BATCHES_ASKED):
        data = send(session, request.write_request(lessor, "C", request.write_query(some)))
        try:
            reply, known = answer.read_batches(data)
        except (NoXml, Fault):
            raise NoAnswer("form") from None
        _require_taken(reply)
        found |= known
    return found


def fetch_table(session: Session, name: str) -> Table:
    """Return a table of the service. Raises: NotNow, SignInRefused."""
    try:
        reply, table = answer.read_table(send(session, request.write_catalogue_request(name)))
    except (NoXml, Fault, NoAnswer):
        # Nothing was told, so nothing can have been taken.
        raise NotNow("table") from None
    _require_taken(reply)
    return table


def split(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """Yield items in runs of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _require_taken(reply: answer.Reply) -> None:
    meaning = read_code(reply.code)
    if meaning is Meaning.SET_UP:
        raise SignInRefused(str(reply.code))
    if meaning is not Meaning.TAKEN:
        raise NotNow(str(reply.code))
