"""Alloggiati Web as a destination: what is asked, checked, composed and sent for a guest in Italy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from records.documents import DocumentKind, PersonName, Sex
from records.profile import Profile, ProfileField
from records.stays import EventKind, Guest, Venue
from terminal.destinations.alloggiati import record, service
from terminal.destinations.alloggiati.record import GuestLine
from terminal.destinations.alloggiati.states import find_state
from terminal.destinations.asked import AskedField, FieldKind, Finding, FindingCode, check_answers, complete_answers
from terminal.destinations.line import Line, ServiceAddress
from terminal.destinations.tables import Table, Tables
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
    Outcome,
    ReceiptFile,
    Refused,
    Session,
    Unverified,
    Withheld,
)

STATES, PLACES, DOCUMENTS, ROLES = "states", "places", "documents", "roles"
# Kinds of document of the table Tipi_Documento; the service's own list is longer.
_DOCUMENTS = {
    DocumentKind.PASSPORT: "PASOR",
    DocumentKind.PASSPORT_HONG_KONG: "PASOR",
    DocumentKind.PASSPORT_MACAO: "PASOR",
    DocumentKind.PASSPORT_DIPLOMATIC: "PASDI",
    DocumentKind.PASSPORT_SERVICE: "PASSE",
    DocumentKind.IDENTITY_CARD_FOREIGN: "IDENT",
}
_SEXES = {Sex.MALE: "1", Sex.FEMALE: "2"}
_ADULT_YEARS = 18
# What a refusal of the service speaks of: words of its detail (as the manual prints one) and the part to put right.
_ABOUT = (
    ("ARRIVO", "stay"), ("PERMANENZA", "stay"), ("COGNOME", "names"), ("NOME", "names"), ("SESSO", "sex"),
    ("DATA NASCITA", "birth_date"), ("DATA DI NASCITA", "birth_date"), ("COMUNE", ProfileField.BIRTH_PLACE),
    ("PROVINCIA", ProfileField.BIRTH_PLACE), ("STATO", ProfileField.BIRTH_STATE), ("CITTADINANZA", "nationality"),
    ("RILASCIO", ProfileField.ISSUED_AT), ("DOCUMENTO", "number"), ("ALLOGGIATO", ProfileField.PARTY_ROLE),
)  # fmt: skip


class Alloggiati:
    """The one instance is `ALLOGGIATI`."""

    id = "alloggiati"
    name = "Alloggiati Web"
    # As the manual gives it. No published digest of its certificate was found: the machine's trusted authorities
    # decide, for this name alone.
    address = ServiceAddress("https://alloggiatiweb.poliziadistato.it")
    credential_fields = (
        CredentialField("user", is_secret=False, max_chars=32),
        CredentialField("password"),
        CredentialField("key", max_chars=256),
        CredentialField("apartment", is_secret=False, is_required=False, max_chars=6),
    )
    table_names = (STATES, PLACES, DOCUMENTS, ROLES)
    batch_size = 100
    # A family is one message: its members follow their head.
    hold = timedelta(minutes=10)
    can_query = False
    has_receipts = True

    def list_actions(self, event: EventKind, *, is_accepted: bool) -> tuple[Action, ...]:
        """Return the arrival alone: the service has no message for anything else."""
        return (Action.ARRIVAL,) if event is EventKind.CHECK_IN and not is_accepted else ()

    def list_asked(self, matter: Matter, tables: Tables) -> tuple[AskedField, ...]:
        """Return the place of birth, who issued the document, and for whoever comes second: family or group."""
        today, states = matter.find_arrival_day(), tables.find(STATES)
        asked = []
        if matter.party and not matter.is_head:
            kind = record.RELATIVE if self._looks_like_family(matter) else record.GROUP_MEMBER
            asked.append(
                AskedField(
                    ProfileField.PARTY_ROLE, FieldKind.CHOICE, ROLES, (record.RELATIVE, record.GROUP_MEMBER), kind,
                    is_shared=True,
                )
            )  # fmt: skip
        home = find_state(states, matter.guest.nationality, today)
        asked.append(AskedField(ProfileField.BIRTH_STATE, FieldKind.CHOICE, STATES, default=home))
        asked.append(
            AskedField(
                ProfileField.BIRTH_PLACE, FieldKind.CHOICE, PLACES, only_if=(ProfileField.BIRTH_STATE, record.ITALY)
            )
        )
        if matter.is_head:
            issuer = find_state(states, matter.guest.document.issuing_state, today)
            asked.append(AskedField(ProfileField.ISSUED_AT, FieldKind.CHOICE, STATES, default=issuer))
        return tuple(asked)

    def check(self, matter: Matter, tables: Tables) -> tuple[Finding, ...]:
        """Return what the service would refuse."""
        if not tables.has_all(self.table_names):
            return (Finding("stay", FindingCode.NOT_YET),)
        asked = self.list_asked(matter, tables)
        return (*self._check_guest(matter, tables), *check_answers(asked, matter.answers, tables))

    def compose(self, matter: Matter, tables: Tables) -> bytes:
        """Return the record of one guest. Raises: CannotCompose."""
        findings = self.check(matter, tables)
        if findings:
            raise CannotCompose(str(findings[0].about))
        try:
            return record.write_line(self._fill_line(matter, tables)).encode("ascii")
        except ValueError as error:
            raise CannotCompose(str(error)) from None

    def describe(self, data: bytes) -> tuple[tuple[str, str], ...]:
        """Return the record's fields as they were sent; empty ones are left out."""
        return tuple(
            (f"alloggiati_{name}", text)
            for name, first, last in record.LAYOUT
            if (text := data.decode("ascii")[first : last + 1].strip())
        )

    def sign_in(self, credentials: Credentials, line: Line, now: datetime) -> Session:  # noqa: ARG002
        """Return a session with the service's token. Raises: SignInRefused, NotNow."""
        values = credentials.values
        token, until = service.generate_token(line, values["user"], values["password"], values["key"])
        service.test_authentication(line, values["user"], token)
        return Session(line, credentials, token, until)

    def fetch_tables(self, session: Session) -> Tables:
        """Return the service's tables. Raises: NotNow."""
        user, token = session.credentials.values["user"], session.token
        states, places = service.read_places(service.fetch_table(session.line, user, token, "Luoghi"))
        documents = service.read_places(service.fetch_table(session.line, user, token, "Tipi_Documento"))[1]
        roles = service.read_places(service.fetch_table(session.line, user, token, "Tipi_Alloggiato"))[1]
        return Tables({STATES: states, PLACES: places, DOCUMENTS: documents, ROLES: roles})

    def deliver(self, items: Sequence[Item], session: Session, now: datetime) -> list[Outcome]:  # noqa: ARG002
        """Have all records checked, then send those whose whole booking is good. Raises: NotNow, NoAnswer."""
        user, apartment = session.credentials.values["user"], session.credentials.values.get("apartment", "")
        texts = [item.data.decode("ascii") for item in items]
        tested = service.test_lines(session.line, user, session.token, texts, apartment).lines
        bad = {item.party for item, result in zip(items, tested, strict=True) if not result.is_good}
        good = [at for at, item in enumerate(items) if item.party not in bad]
        outcomes: list[Outcome] = [
            Withheld() if result.is_good else _refuse(result) for result in tested
        ]  # those to be sent are replaced below
        if good:
            sent = service.send_lines(session.line, user, session.token, [texts[at] for at in good], apartment)
            for at, result in zip(good, sent.lines, strict=True):
                outcomes[at] = Accepted() if result.is_good else _refuse(result)
        return outcomes

    def query(self, items: Sequence[Item], session: Session, now: datetime) -> list[Outcome | Absent]:  # noqa: ARG002
        """Unverified, each: the service answers no question about one guest, and a person looks at the portal."""
        return [Unverified()] * len(items)

    def fetch_receipt(self, day: date, session: Session) -> ReceiptFile | None:
        """Return the receipt of a past day. Raises: NotNow."""
        data = service.fetch_receipt(session.line, session.credentials.values["user"], session.token, day)
        return None if data is None else ReceiptFile(day, f"ricevuta-{day.isoformat()}.pdf", "application/pdf", data)

    def make_fallback(
        self,
        items: Sequence[Item],
        profile: Profile,  # noqa: ARG002
        venue: Venue,  # noqa: ARG002
        now: datetime,
        credentials: Credentials,  # noqa: ARG002
    ) -> FallbackFile:
        """Return the file that the portal takes by hand: the records, CR LF after each but the last."""
        data = b"\r\n".join(item.data for item in items)
        return FallbackFile(f"schedine-{now:%Y%m%d-%H%M}.txt", "text/plain", data)

    def _looks_like_family(self, matter: Matter) -> bool:
        surname = _choose_name(matter.guest)[0]
        is_child = _count_years(matter.guest.birth_date, matter.find_arrival_day()) < _ADULT_YEARS
        return is_child or any(surname and _choose_name(other.guest)[0] == surname for other in matter.party)

    def _check_guest(self, matter: Matter, tables: Tables) -> list[Finding]:
        guest, findings, today = matter.guest, list[Finding](), matter.find_arrival_day()
        surname, given = _choose_name(guest)
        if not surname or not given:
            findings.append(Finding("names", FindingCode.MISSING))
        elif not all(record.NAME.fullmatch(each) for each in (surname, given)):
            findings.append(Finding("names", FindingCode.WRONG_SIGN))
        elif len(surname) > record.WIDTHS["surname"] or len(given) > record.WIDTHS["given"]:
            findings.append(Finding("names", FindingCode.TOO_LONG))
        if guest.sex not in _SEXES:
            findings.append(Finding("sex", FindingCode.SEX_NEEDED))
        if not find_state(tables.find(STATES), guest.nationality, today):
            findings.append(Finding("nationality", FindingCode.STATE_UNKNOWN))
        if matter.count_nights() > record.MAX_NIGHTS:
            findings.append(Finding("stay", FindingCode.TOO_MANY_NIGHTS))
        if matter.is_head:
            findings.extend(self._check_document(guest, tables.find(DOCUMENTS)))
        return findings

    def _check_document(self, guest: Guest, documents: Table) -> list[Finding]:
        code = _DOCUMENTS.get(guest.document.kind, "")
        if not documents.has(code):
            return [Finding("document", FindingCode.DOCUMENT_NOT_TAKEN)]
        if not 0 < len(guest.document.number) <= record.WIDTHS["number"]:
            return [Finding("number", FindingCode.TOO_LONG if guest.document.number else FindingCode.MISSING)]
        return []

    def _fill_line(self, matter: Matter, tables: Tables) -> GuestLine:
        guest, today = matter.guest, matter.find_arrival_day()
        answers = complete_answers(self.list_asked(matter, tables), matter.answers, tables)
        surname, given = _choose_name(guest)
        place = tables.find(PLACES).get(answers.get(ProfileField.BIRTH_PLACE, ""))
        role = self._choose_role(matter)
        has_document = role in record.WITH_DOCUMENT
        return GuestLine(
            role=role,
            arrival=today,
            nights=max(matter.count_nights(), 1),
            surname=surname,
            given=given,
            sex=_SEXES[guest.sex],
            birth_date=guest.birth_date,
            birth_place=place.code if place else "",
            birth_province=place.more if place else "",
            birth_state=answers[ProfileField.BIRTH_STATE],
            citizenship=find_state(tables.find(STATES), guest.nationality, today),
            document=_DOCUMENTS[guest.document.kind] if has_document else "",
            number=guest.document.number if has_document else "",
            issued_at=answers[ProfileField.ISSUED_AT] if has_document else "",
        )

    def _choose_role(self, matter: Matter) -> str:
        """Return the guest's code: one member of a group makes all of them a group, whatever was said of the others."""
        if not matter.party:
            return record.SINGLE
        said = [other.answers.get(ProfileField.PARTY_ROLE, "") for other in matter.party if not other.is_head]
        said += [] if matter.is_head else [matter.answers.get(ProfileField.PARTY_ROLE, "")]
        is_group = record.GROUP_MEMBER in said
        if matter.is_head:
            return record.GROUP_HEAD if is_group else record.FAMILY_HEAD
        return record.GROUP_MEMBER if is_group else record.RELATIVE


ALLOGGIATI = Alloggiati()


def _choose_name(guest: Guest) -> tuple[str, str]:
    """Return surname and given names in the service's letters, of the first form that has both of them so."""
    folded = [_fold_parts(name) for name in guest.names]
    return next((each for each in folded if all(record.NAME.fullmatch(part) for part in each)), folded[0])


def _fold_parts(name: PersonName) -> tuple[str, str]:
    return record.fold_name(name.surname), record.fold_name(name.given)


def _refuse(result: service.Result) -> Refused:
    upper = result.words.upper()
    about = next((about for words, about in _ABOUT if words in upper), "")
    return Refused(result.code, about, result.words)


def _count_years(birth: date, today: date) -> int:
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
