"""Ubyport as a destination: reports of foreigners over SOAP, and the file to upload by hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

import msgspec

from records.profile import Profile
from records.stays import EventKind, Venue
from terminal.destinations.asked import AskedField, Finding
from terminal.destinations.czechia.codes import DUPLICATE, CodeBook, find_about
from terminal.destinations.czechia.composing import (
    BIRTH_FORMS,
    BIRTH_PRINTED,
    PURPOSES,
    STATES,
    check_matter,
    compose_report,
    list_asked,
)
from terminal.destinations.czechia.house import House, find_wrong_part, read_house
from terminal.destinations.czechia.ntlm import NtlmHandshake
from terminal.destinations.czechia.report import Report, decode_report, encode_report
from terminal.destinations.czechia.soap_calls import (
    ERRORS,
    LONGEST,
    TEST,
    Written,
    read_code_book,
    read_longest,
    read_purposes,
    read_result,
    read_states,
    read_written,
    write_call,
    write_list_call,
    write_table_call,
)
from terminal.destinations.czechia.soap_calls import PURPOSES as PURPOSE_TABLE
from terminal.destinations.czechia.soap_calls import STATES as STATE_TABLE
from terminal.destinations.czechia.unl import MAX_LINES, name_file, write_birth_date, write_file
from terminal.destinations.line import AnswerLost, Line, NotSent, ServiceAddress
from terminal.destinations.soap import Fault, NoXml
from terminal.destinations.tables import Tables
from terminal.destinations.terms import (
    Absent,
    Accepted,
    Action,
    CannotCompose,
    CredentialField,
    Credentials,
    FallbackFile,
    Item,
    Matter,
    NoAnswer,
    NotNow,
    Outcome,
    ReceiptFile,
    Refused,
    Session,
    SignInRefused,
    Unverified,
    Withheld,
)

# The host that the police name; its certificate could not be seen, so the machine's trusted authorities decide.
_HOST = "ubyport.pcr.cz"
_PATH = "/ws_uby.svc"
_SIGNED_IN = timedelta(hours=1)
_BUSY = (429, 503)
_HOUSE_PARTS = (
    ("idub", 14), ("mark", 6), ("name", 35), ("contact", 50), ("district", 32), ("town", 48), ("quarter", 48),
    ("street", 48), ("house_number", 5), ("street_number", 4), ("postcode", 6),
)  # fmt: skip


class _Token(msgspec.Struct, frozen=True):
    """What the service said of itself while signing in."""

    longest: int
    sentences: dict[str, str]
    strengths: dict[str, int]


class Ubyport:
    """The web service of the Czech foreign police (annex 5 of Ubyport's operating rules, 19 June 2019)."""

    id = "ubyport"
    name = "Ubyport"
    address = ServiceAddress(f"https://{_HOST}/ws_uby")
    table_names = (STATES, PURPOSES, BIRTH_PRINTED)
    batch_size = 32
    # A list is receipted as one, with everybody's data in the receipt: a family belongs into one.
    hold = timedelta(minutes=2)
    # There is no method that tells what the service has (annex 5, section 3).
    can_query = False
    has_receipts = False
    credential_fields = (
        CredentialField("user", is_secret=False, max_chars=32),
        CredentialField("password"),
        *(CredentialField(part, is_secret=False, max_chars=longest) for part, longest in _HOUSE_PARTS),
    )

    def list_actions(self, event: EventKind, *, is_accepted: bool) -> tuple[Action, ...]:
        """Only the arrival is told: the service has no message for a change, a departure or a mistake."""
        return (Action.ARRIVAL,) if event is EventKind.CHECK_IN and not is_accepted else ()

    def list_asked(self, matter: Matter, tables: Tables) -> tuple[AskedField, ...]:
        """Return what is asked of this guest."""
        return list_asked(matter)

    def check(self, matter: Matter, tables: Tables) -> tuple[Finding, ...]:
        """Return what keeps this from being sent."""
        return check_matter(matter, tables)

    def compose(self, matter: Matter, tables: Tables) -> bytes:
        """Return the record of one guest. Raises: CannotCompose."""
        return encode_report(compose_report(matter, tables))

    def describe(self, data: bytes) -> tuple[tuple[str, str], ...]:
        """Return what a record says; where the register cannot hold a name, what the document prints beside it."""
        report = decode_report(data)
        said = (
            ("surname", report.surname),
            ("given", report.given),
            ("printed_name", " ".join(part for part in report.printed if part)),
            ("birth_date", write_birth_date(report.birth)),
            ("nationality", report.state),
            ("number", report.document),
            ("visa_number", report.visa),
            ("residence", report.residence),
            ("stay_purpose", f"{report.purpose:02d}"),
            ("arrival", f"{report.since:%d.%m.%Y}"),
            ("departure", f"{report.until:%d.%m.%Y}"),
            ("note", report.note),
        )
        return tuple((f"ubyport_{key}", value) for key, value in said if value)

    def sign_in(self, credentials: Credentials, line: Line, now: datetime) -> Session:
        """Try the account and the register behind it; learn its limit and its errors. Raises: SignInRefused, NotNow."""
        if part := find_wrong_part(read_house(credentials.values)):
            raise SignInRefused(part)
        session = Session(line, credentials)
        try:
            if read_result(_ask(session, *write_call(TEST)), TEST).text != "true":
                raise NotNow("test")
            longest = read_longest(_ask(session, *write_call(LONGEST)))
            book = read_code_book(_ask(session, *write_table_call(ERRORS)))
        except (NoXml, Fault):
            raise NotNow("answer") from None
        token = _Token(longest, dict(book.sentences), dict(book.strengths))
        return Session(line, credentials, msgspec.json.encode(token).decode(), now + _SIGNED_IN)

    def fetch_tables(self, session: Session) -> Tables:
        """Return states and purposes as the service has them now. Raises: NotNow, SignInRefused."""
        try:
            states = read_states(_ask(session, *write_table_call(STATE_TABLE)))
            purposes = read_purposes(_ask(session, *write_table_call(PURPOSE_TABLE)))
        except (NoXml, Fault):
            raise NotNow("tables") from None
        return Tables({STATES: states, PURPOSES: purposes, BIRTH_PRINTED: BIRTH_FORMS})

    def deliver(self, items: Sequence[Item], session: Session, now: datetime) -> list[Outcome]:
        """Report each party in a list of its own: the receipt then names nobody else. Raises: NotNow, SignInRefused."""
        token = msgspec.json.decode(session.token, type=_Token)
        outcomes: list[Outcome] = []
        for batch in _split(items, token.longest):
            try:
                outcomes += _report(batch, session, token)
            except (NotNow, SignInRefused):
                if not outcomes:
                    raise
                break
            except NoAnswer:
                outcomes += [Unverified()] * len(batch)
                break
        return outcomes + [Withheld()] * (len(items) - len(outcomes))

    def query(self, items: Sequence[Item], session: Session, now: datetime) -> list[Outcome | Absent]:
        """Never asked: `can_query` is False."""
        return [Unverified()] * len(items)

    def fetch_receipt(self, day: date, session: Session) -> ReceiptFile | None:
        """None: a receipt comes with the list it is about, and at no other time."""
        return None

    def make_fallback(
        self, items: Sequence[Item], profile: Profile, venue: Venue, now: datetime, credentials: Credentials
    ) -> FallbackFile:
        """Return the file for the portal's import, several in an archive where 99 guests are not enough.

        `now` is the house's local time. Raises: CannotCompose where the house's registration is not complete.
        """
        house = read_house(credentials.values)
        if part := find_wrong_part(house):
            raise CannotCompose(part)
        reports = [decode_report(item.data) for item in items]
        name = name_file(house, now)
        if len(reports) <= MAX_LINES:
            return FallbackFile(name, "text/plain", write_file(house, reports, now))
        return FallbackFile(f"{name.removesuffix('.unl')}.zip", "application/zip", _zip(house, reports, now))


UBYPORT = Ubyport()


def _split(items: Sequence[Item], longest: int) -> Iterator[list[Item]]:
    for _, party in groupby(items, key=lambda item: item.party):
        members = list(party)
        for start in range(0, len(members), longest):
            yield members[start : start + longest]


def _ask(session: Session, body: bytes, headers: dict[str, str]) -> bytes:
    """Return the answer to a call that tells nothing. Raises: NotNow, SignInRefused."""
    try:
        return _call(session, body, headers)
    except (AnswerLost, NoAnswer):
        raise NotNow("no answer") from None


def _call(session: Session, body: bytes, headers: dict[str, str]) -> bytes:
    """Return an answer, or the fault that comes with 500. Raises: NotNow, SignInRefused, NoAnswer, AnswerLost."""
    values = session.credentials.values
    handshake = NtlmHandshake(values.get("user", ""), values.get("password", ""), _HOST)
    try:
        answer = session.line.request("POST", _PATH, body, headers, handshake)
    except NotSent as error:
        raise NotNow(error.where) from None
    if answer.status in (401, 403):
        raise SignInRefused(f"status {answer.status}")
    if answer.status in _BUSY:
        raise NotNow(f"status {answer.status}")
    if answer.status not in (200, 500):
        raise NoAnswer(f"status {answer.status}")
    return answer.data


def _report(batch: Sequence[Item], session: Session, token: _Token) -> list[Outcome]:
    house = read_house(session.credentials.values)
    body, headers = write_list_call(house, [decode_report(item.data) for item in batch])
    try:
        written = read_written(_call(session, body, headers), len(batch))
    except (AnswerLost, NoXml, Fault) as error:
        # A fault is a crash of the service (annex 5, 5.1.2): it does not say whether the list was kept.
        raise NoAnswer(type(error).__name__) from None
    book = CodeBook(token.sentences, token.strengths)
    return [_judge(codes, written, book) for codes in written.records]


def _judge(codes: Sequence[str], written: Written, book: CodeBook) -> Outcome:
    """What became of one record: the register's own code decides, and only its receipt says that it has it."""
    if bad := [code for code in codes if not book.is_taken(code)]:
        if set(bad) == {DUPLICATE}:
            # A duplicate is refused because the register has the record already: that is what we wanted to know.
            return Accepted(f"duplicate {written.stamp}".strip(), written.complaint)
        return _refuse(bad, book)
    if bad := [code for code in written.head if not book.is_taken(code)]:
        return _refuse(bad, book)
    # A stamp without the receipt has been seen where no list was kept.
    return Accepted(written.stamp, written.receipt) if written.receipt and written.stamp else Unverified()


def _refuse(bad: Sequence[str], book: CodeBook) -> Refused:
    sentences = [book.find_words(code) for code in bad]
    about = next((found for sentence in sentences if (found := find_about(sentence))), "")
    return Refused(bad[0], about, "; ".join(f"{code}: {words}" for code, words in zip(bad, sentences, strict=True)))


def _zip(house: House, reports: Sequence[Report], now: datetime) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        for number, start in enumerate(range(0, len(reports), MAX_LINES), 1):
            name = name_file(house, now).replace(".unl", f"_{number}.unl")
            entry = zipfile.ZipInfo(name, date_time=now.timetuple()[:6])
            files.writestr(entry, write_file(house, reports[start : start + MAX_LINES], now))
    return archive.getvalue()
