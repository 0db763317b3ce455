"""eVisitor as a destination: check-in, correction, check-out and cancelling, each by an id that is made here."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from records.profile import Profile
from records.stays import EventKind, Venue
from terminal.destinations.asked import AskedField, Finding
from terminal.destinations.croatia.answers import Complaint, Said
from terminal.destinations.croatia.calls import act, browse, read_token, sign_in
from terminal.destinations.croatia.composing import (
    ABOUT,
    ARRIVALS,
    BORDERS,
    CATEGORIES,
    COUNTRIES,
    DOCUMENTS,
    SERVICES,
    SEXES,
    UNION,
    check_matter,
    compose_body,
    list_asked,
)
from terminal.destinations.croatia.files import write_check_ins, write_check_outs
from terminal.destinations.croatia.messages import (
    CANCEL,
    CHECK_IN,
    CHECK_OUT,
    Gender,
    Message,
    decode_message,
    encode_message,
    make_id,
    write_cancel,
    write_check_out,
)
from terminal.destinations.line import Line, ServiceAddress
from terminal.destinations.tables import Row, Table, Tables
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

# What the service prints beside a cancelled check-in.
_REASON = "Pogrešna prijava"
# The house is not in a composed message: it belongs to the credentials, and is put in when it is sent.
_FACILITY = "Facility"
_HERE = "0"
_ABOUT = {
    Said.BORDER_NEEDED: ABOUT["BorderCrossingHr"],
    Said.BIRTH_TOWN: ABOUT["CityOfBirth"],
    Said.HOME_TOWN: ABOUT["CityOfResidence"],
    Said.CATEGORY: ABOUT["TTPaymentCategory"],
    Said.ALREADY_HERE: "number",
    Said.DATES: "stay",
    Said.TOO_OLD: "stay",
    Said.TOO_LONG: "stay",
    Said.ARRIVAL_FIXED: "stay",
    Said.LEFT_BEFORE: "stay",
    Said.LEFT_TOMORROW: "stay",
}
_SHOWN = (
    "TouristSurname", "TouristName", "Gender", "DateOfBirth", "CountryOfBirth", "CityOfBirth", "Citizenship",
    "DocumentType", "DocumentNumber", "CountryOfResidence", "CityOfResidence", "BorderCrossingHr", "PassageDate",
    "StayFrom", "TimeStayFrom", "ForeseenStayUntil", "TimeEstimatedStayUntil", "TTPaymentCategory",
    "ArrivalOrganisation", "TouristAgency", "OfferedServiceType", "CheckOutDate", "CheckOutTime", "Reason", "ID",
)  # fmt: skip


class EVisitor:
    """The Web API of the Croatian tourist boards' register (its public wiki, page of 3 April 2023)."""

    id = "evisitor"
    name = "eVisitor"
    address = ServiceAddress("https://www.evisitor.hr/eVisitorRhetos_API")
    table_names = (COUNTRIES, UNION, DOCUMENTS, CATEGORIES, BORDERS, ARRIVALS, SERVICES, SEXES)
    # One action is about one guest; what is left in doubt is asked about by its id, so that a few at once are no risk.
    batch_size = 20
    hold = timedelta(0)
    can_query = True
    has_receipts = False
    credential_fields = (
        CredentialField("user", is_secret=False, max_chars=64),
        CredentialField("password"),
        CredentialField("facility", is_secret=False, max_chars=16),
    )

    def list_actions(self, event: EventKind, *, is_accepted: bool) -> tuple[Action, ...]:
        """Rooms are not told; everything else about a stay is."""
        if event is EventKind.CHECK_OUT:
            return (Action.DEPARTURE,)
        if not is_accepted:
            return (Action.ARRIVAL,) if event is EventKind.CHECK_IN else ()
        changed = {EventKind.EXTEND: Action.CORRECTION, EventKind.CORRECT: Action.CORRECTION}
        found = Action.ANNULMENT if event is EventKind.CANCEL else changed.get(event)
        return () if found is None else (found,)

    def list_asked(self, matter: Matter, tables: Tables) -> tuple[AskedField, ...]:
        """Return what is asked of this guest."""
        return list_asked(matter, tables)

    def check(self, matter: Matter, tables: Tables) -> tuple[Finding, ...]:
        """Return what keeps this from being sent; a departure or a cancelling needs nothing but the id."""
        return check_matter(matter, tables) if matter.action in (Action.ARRIVAL, Action.CORRECTION) else ()

    def compose(self, matter: Matter, tables: Tables) -> bytes:
        """Return the action about one guest. Raises: CannotCompose."""
        return encode_message(_compose(matter, tables))

    def describe(self, data: bytes) -> tuple[tuple[str, str], ...]:
        """Return what an action says of the guest."""
        body = decode_message(data).body
        return tuple((f"evisitor_{name.lower()}", body[name]) for name in _SHOWN if body.get(name))

    def sign_in(self, credentials: Credentials, line: Line, now: datetime) -> Session:
        """Sign in, and see that the house belongs to the account. Raises: SignInRefused, NotNow."""
        return sign_in(credentials, line, now)

    def fetch_tables(self, session: Session) -> Tables:
        """Return the service's tables as they are now. Raises: NotNow, SignInRefused."""
        active = ("Active", "equal", "true")
        countries = browse(session, "CountryLookup", active)
        house = ("FacilityID", "equal", read_token(session).facility_id)
        union = [row for row in countries if row.get("IsEUMember") is True]
        return Tables(
            {
                COUNTRIES: _read_table(countries, "CodeThreeLetters", "NameNational"),
                UNION: _read_table(union, "CodeThreeLetters", "NameNational"),
                DOCUMENTS: _read_table(browse(session, "DocumentTtypeLookup", active), "Code", "Name"),
                CATEGORIES: _read_table(browse(session, "TTPaymentCategoryLookup2", house, active), "Code", "Name"),
                BORDERS: _read_table(browse(session, "BorderCrossingHRlookup", active), "Code", "Name"),
                ARRIVALS: _read_table(browse(session, "ArrivalOrganisationLookup", active), "CodeMI", "Name"),
                SERVICES: _read_table(browse(session, "OfferedServiceTypeLookup", active), "Name", "Name"),
                SEXES: Table(tuple(Row(each, each) for each in Gender)),
            }
        )

    def deliver(self, items: Sequence[Item], session: Session, now: datetime) -> list[Outcome]:
        """Carry out actions one after the other. Raises: NotNow, SignInRefused, about the first alone."""
        outcomes: list[Outcome] = []
        for item in items:
            try:
                outcomes.append(self._deliver(item, session, now))
            except (NotNow, SignInRefused):
                if not outcomes:
                    raise
                break
            except NoAnswer:
                outcomes.append(Unverified())
                break
        return outcomes + [Withheld()] * (len(items) - len(outcomes))

    def query(self, items: Sequence[Item], session: Session, now: datetime) -> list[Outcome | Absent]:
        """Look for the ids that were made here. Raises: NotNow, SignInRefused."""
        return [_query(item, session) for item in items]

    def fetch_receipt(self, day: date, session: Session) -> ReceiptFile | None:
        """None: the service gives no receipt, only its lists."""
        return None

    def make_fallback(
        self, items: Sequence[Item], profile: Profile, venue: Venue, now: datetime, credentials: Credentials
    ) -> FallbackFile:
        """Return the file for the portal's "check-in by file", or an archive of two where there are departures too.

        Raises: CannotCompose where only cancellings are left: they are made at the portal by hand.
        """
        files = dict(_write_files(items, credentials.values.get("facility", "")))
        if not files:
            raise CannotCompose("stay")
        stem = f"evisitor-{now:%Y-%m-%d-%H%M}"
        if len(files) == 1:
            ((kind, data),) = files.items()
            return FallbackFile(f"{stem}-{kind}.xml", "application/xml", data)
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for kind, data in files.items():
                packed.writestr(zipfile.ZipInfo(f"{stem}-{kind}.xml", date_time=now.timetuple()[:6]), data)
        return FallbackFile(f"{stem}.zip", "application/zip", archive.getvalue())

    def _deliver(self, item: Item, session: Session, now: datetime) -> Outcome:
        message = _place(decode_message(item.data), session.credentials.values.get("facility", ""))
        reply = act(session, message.action, message.body)
        if reply.complaint is not None and reply.complaint.said is Said.NOT_SIGNED_IN:
            # Nothing was done for somebody who is not signed in: once more, and only once.
            session = sign_in(session.credentials, session.line, now)
            reply = act(session, message.action, message.body)
        if reply.complaint is None:
            return Accepted(message.body["ID"])
        if reply.complaint.said is Said.ALREADY_HERE and _find(session, "ListOfTourists", message.body["ID"]):
            # It is this very check-in that is there already.
            return Accepted(message.body["ID"])
        return _refuse(reply.complaint)


EVISITOR = EVisitor()


def _compose(matter: Matter, tables: Tables) -> Message:
    if matter.action is Action.ANNULMENT:
        return write_cancel(matter.earlier, _REASON)
    if matter.action is Action.DEPARTURE:
        left = matter.stay.departed_at
        if left is None:
            raise CannotCompose("stay")
        return write_check_out(matter.earlier, left.astimezone(matter.zone))
    stay_id = matter.earlier if matter.action is Action.CORRECTION else make_id(matter.reference)
    return Message(CHECK_IN, compose_body(matter, tables, stay_id, _HERE))


def _place(message: Message, facility: str) -> Message:
    if _FACILITY not in message.body:
        return message
    return Message(message.action, {**message.body, _FACILITY: facility})


def _refuse(complaint: Complaint) -> Refused:
    return Refused(complaint.said.value, _ABOUT.get(complaint.said, ""), complaint.words)


def _query(item: Item, session: Session) -> Outcome | Absent:
    message = decode_message(item.data)
    stay_id = message.body["ID"]
    row = _find(session, "ListOfTourists", stay_id)
    if message.action == CANCEL:
        if row is not None:
            return Absent()
        return Accepted(stay_id) if _find(session, "TouristCancelledBrowse", stay_id) else Unverified()
    if row is None:
        if message.action == CHECK_IN and _find(session, "TouristCancelledBrowse", stay_id) is None:
            return Absent() if item.action is Action.ARRIVAL else Unverified()
        return Unverified()
    if message.action == CHECK_OUT:
        return Accepted(stay_id) if row.get("CheckedOutTourist") is True else Absent()
    # Of a correction the lists do not show enough; but the same id with the same data changes nothing that it has
    # changed before, so it is told again.
    return Accepted(stay_id) if item.action is Action.ARRIVAL else Absent()


def _find(session: Session, name: str, stay_id: str) -> Mapping[str, object] | None:
    return next(iter(browse(session, name, ("ID", "equal", stay_id))), None)


def _read_table(rows: Iterable[Mapping[str, object]], code: str, name: str) -> Table:
    found = ((row.get(code), row.get(name)) for row in rows)
    return Table(tuple(Row(one, other) for one, other in found if isinstance(one, str) and isinstance(other, str)))


def _write_files(items: Sequence[Item], facility: str) -> Iterable[tuple[str, bytes]]:
    messages = [(item.action, _place(decode_message(item.data), facility)) for item in items]
    arrivals = [message.body for _, message in messages if message.action == CHECK_IN]
    departures = [message.body for _, message in messages if message.action == CHECK_OUT]
    edits = frozenset(message.body["ID"] for action, message in messages if action is Action.CORRECTION)
    if arrivals:
        yield "prijava", write_check_ins(arrivals, edits=edits)
    if departures:
        yield "odjava", write_check_outs(departures)
