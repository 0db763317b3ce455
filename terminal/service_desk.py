"""The counter's own view of the receiving service: what it asks, what waits there, and what a person decides."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

import msgspec

from records.errors import CannotOpen
from records.profile import ProfileField
from records.stays import EventKind, Guest, Stay
from terminal.codes import ProblemCode
from terminal.destinations.asked import (
    AskedField,
    FieldKind,
    Finding,
    check_answers,
    complete_answers,
    list_options,
)
from terminal.destinations.tables import label
from terminal.destinations.terms import (
    Action,
    CannotCompose,
    Credentials,
    FallbackFile,
    Item,
    Matter,
    NotNow,
    SignInRefused,
)
from terminal.errors import NotTaken, TerminalError
from terminal.inspections import KeptLook
from terminal.matters import Member, list_allowed, make_matter, read_member
from terminal.service_parts import CREDENTIALS_NAME, ServiceParts
from terminal.service_state import AskedForm, ShownField
from terminal.store import Change, DeliveryRow, DeliveryState, KeptKind

# So few rows are touched; more are searched.
FEW = 8
_S = DeliveryState
_UNSENT = frozenset({_S.WAITING, _S.REFUSED})


class ServiceDesk:
    """What a person does about the receiving service. The caller tells screen and deliverer afterwards."""

    def __init__(self, parts: ServiceParts, forget_session: Callable[[], None] = lambda: None) -> None:
        self.parts, self._forget_session = parts, forget_session
        self._handing_in: tuple[str, ...] = ()
        self.look = KeptLook(parts.desk)
        self._lock = threading.Lock()

    def complete(
        self, guest: Guest, room: str, nights: int, beside: str, typed: Mapping[str, str] | None
    ) -> dict[ProfileField, str]:
        """Return the answers as they are kept with a guest. Raises: NotTaken(ASKED_INCOMPLETE), others of the stay."""
        book = self.parts.desk.book
        asked = self.ask(guest, book.plan_stay(room, nights, self.parts.desk.clock.now()), beside, typed)
        if asked is None:
            return {}
        form, answers = asked
        # What the form cannot put right does not keep the guest from being registered: it shows among the deliveries.
        if any(field.finding for field in form.fields):
            raise NotTaken(ProblemCode.ASKED_INCOMPLETE)
        return answers

    def ask(
        self, guest: Guest, stay: Stay, beside: str, typed: Mapping[str, str] | None
    ) -> tuple[AskedForm, dict[ProfileField, str]] | None:
        """Return the form of somebody about to be registered and the answers as they would be kept; None for nobody."""
        book = self.parts.desk.book
        if not book.jurisdiction.profile.is_registered(guest.nationality):
            return None
        if not self.parts.tables.has_all(self.parts.destination.table_names):
            # Never loaded: registering does not wait for them, and what is missing is asked among the deliveries.
            return None
        others = self._list_party(beside)
        answers = {} if typed is None else _read_typed(typed)
        member = Member("", guest, stay, answers, book.venue)
        matter = make_matter(book, member, [*others, member])
        if typed is None and (earlier := others[-1].answers if others else self._find_answers(beside)):
            # What is true of the whole booking was answered by the last of it, be that told already or not.
            shared = {
                each.id for each in self.parts.destination.list_asked(matter, self.parts.tables) if each.is_shared
            }
            answers = {name: text for name, text in earlier.items() if name in shared}
            matter = replace(matter, answers=answers)
        return self._make_form(matter, answers)

    def ask_again(self, stay: str, typed: Mapping[str, str] | None) -> tuple[AskedForm, dict[ProfileField, str]]:
        """Return the form of somebody registered, with what was answered. Raises: NotTaken."""
        record = self.parts.desk.find_record(stay)
        member = read_member(stay, record)
        others = [each for each in self._list_party(stay) if each.key != stay]
        answers = dict(record.answers) if typed is None else _read_typed(typed)
        book = self.parts.desk.book
        member = Member(stay, record.guest, record.stay, answers, record.venue)
        return self._make_form(make_matter(book, member, [*others, member]), answers)

    def search(self, table: str, text: str) -> list[tuple[str, str]]:
        """Return (code, words) of the rows that fit."""
        return [(row.code, label(row)) for row in self.parts.tables.find(table).search(text)]

    def put_right(self, stay: str, typed: Mapping[str, str]) -> None:
        """Register other answers; a refused arrival waits again. Raises: NotTaken, NotSaved."""
        form, answers = self.ask_again(stay, typed)
        if any(field.finding for field in form.fields):
            raise NotTaken(ProblemCode.ASKED_INCOMPLETE)
        if dict(self.parts.desk.find_record(stay).answers) == answers:
            self.send_again(stay)
        else:
            self.parts.desk.correct(stay, answers=answers)

    def send_again(self, stay: str) -> None:
        """Let what was refused of a stay wait again as it is. Raises: NotTaken, NotSaved."""
        rows = self.parts.queue.list_rows(frozenset({_S.REFUSED}), stay=stay)
        if not rows:
            raise NotTaken(ProblemCode.NO_SUCH_DELIVERY)
        self.parts.queue.settle([Change(row.reference, _S.WAITING) for row in rows])

    def send_now(self) -> None:
        """Let no booking wait for its rest. Raises: NotSaved."""
        now = self.parts.desk.clock.now()
        with self.parts.desk.database.transaction() as connection:
            for row in self.parts.queue.list_rows(frozenset({_S.WAITING})):
                if row.ready_at > now:
                    self.parts.queue.hold_party(connection, row.party, now)

    def note_seen(self, reference: str, *, is_there: bool) -> None:
        """Take a person's word for what became of something unverified. Raises: NotTaken, NotSaved."""
        row = self.parts.queue.find(reference)
        if row is None or row.state is not _S.UNVERIFIED:
            raise NotTaken(ProblemCode.NO_SUCH_DELIVERY)
        self.parts.queue.settle([Change(reference, _S.ACCEPTED if is_there else _S.WAITING)])

    def give_up_card(self) -> None:
        """Go on without the card that would open what an earlier secret has sealed. Raises: NotSaved."""
        with self.parts.desk.hold():
            self.parts.desk.house.give_up_before()

    def note_on_paper(self, reference: str) -> None:
        """Take a person's word that somebody was told on paper, who cannot be read here. Raises: NotTaken, NotSaved."""
        row = self.parts.queue.find(reference)
        is_closed = row is not None and row.stay in list_closed(self.parts)
        if not is_closed or row is None or row.state not in _UNSENT | {_S.PENDING, _S.UNVERIFIED}:
            raise NotTaken(ProblemCode.NO_SUCH_DELIVERY)
        self.parts.queue.settle([Change(reference, _S.HANDED_IN)])

    def make_fallback(self) -> FallbackFile:
        """Return the file to hand in, of every arrival that is certainly not there. Raises: NotTaken."""
        parts, items = self.parts, list[Item]()
        rows = parts.queue.list_rows(_UNSENT)
        parties: dict[str, list[DeliveryRow]] = {}
        for row in rows:
            if row.action == Action.ARRIVAL:
                parties.setdefault(row.party, []).append(row)
        for members in parties.values():
            items.extend(self._compose(members))
        if not items:
            raise NotTaken(ProblemCode.NOTHING_TO_HAND_IN)
        with self._lock:
            self._handing_in = tuple(item.reference for item in items)
        book = parts.desk.book
        local = parts.desk.clock.now().astimezone(book.zone)
        try:
            credentials = parts.find_credentials() or Credentials({})
            return parts.destination.make_fallback(items, book.jurisdiction.profile, book.venue, local, credentials)
        except CannotOpen:
            raise NotTaken(ProblemCode.HOUSE_LOCKED) from None
        except CannotCompose:
            raise NotTaken(ProblemCode.NO_CREDENTIALS) from None

    def note_handed_in(self) -> None:
        """Take a person's word that the last file made was handed in. Raises: NotTaken, NotSaved."""
        with self._lock:
            references, self._handing_in = self._handing_in, ()
        rows = [row for row in self.parts.queue.list_rows(_UNSENT) if row.reference in references]
        if not rows:
            raise NotTaken(ProblemCode.NOTHING_TO_HAND_IN)
        self.parts.queue.settle([Change(row.reference, _S.HANDED_IN) for row in rows])

    def save_credentials(self, values: Mapping[str, str], renew_by: date | None) -> None:
        """Keep the venue's credentials once the service has taken them. Raises: NotTaken, NotSaved."""
        parts, now = self.parts, self.parts.desk.clock.now()
        fields = parts.destination.credential_fields
        kept = {each.id: values.get(each.id, "").strip()[: each.max_chars] for each in fields}
        if any(each.is_required and not kept[each.id] for each in fields):
            raise NotTaken(ProblemCode.CREDENTIALS_REFUSED)
        try:
            session = parts.destination.sign_in(Credentials(kept, renew_by), parts.line, now)
        except SignInRefused:
            raise NotTaken(ProblemCode.CREDENTIALS_REFUSED) from None
        except NotNow:
            raise NotTaken(ProblemCode.SERVICE_DOWN) from None
        except TerminalError:
            raise NotTaken(ProblemCode.SERVICE_UNCLEAR) from None
        self.keep_credentials(Credentials(kept, session.renew_by or renew_by))
        self._forget_session()

    def keep_credentials(self, credentials: Credentials) -> None:
        """Keep credentials, sealed, without asking anybody. Raises: NotSaved."""
        data = msgspec.json.encode(credentials)
        with self.parts.desk.database.transaction() as connection:
            self.parts.kept.put(
                connection, KeptKind.CREDENTIALS, CREDENTIALS_NAME, data, now=self.parts.desk.clock.now()
            )

    def open_receipt(self, day: date, mark: str = "") -> tuple[str, bytes]:
        """Return media type and bytes of a receipt. Raises: NotTaken."""
        self.look.require(day)
        name = f"{day.isoformat()} {mark}".strip()
        entries = [each for each in self.parts.kept.list_entries(KeptKind.RECEIPT) if each.name == name]
        try:
            data = self.parts.kept.get(KeptKind.RECEIPT, name)
        except CannotOpen:
            raise NotTaken(ProblemCode.HOUSE_LOCKED) from None
        if data is None or not entries:
            raise NotTaken(ProblemCode.NO_SUCH_DELIVERY)
        return entries[0].media_type, data

    def describe_told(self, stay: str) -> tuple[tuple[str, str], ...]:
        """Return what is or was told of a guest, for the slip; () where nothing is. Raises: NotTaken."""
        parts = self.parts
        record = parts.desk.find_record(stay)
        rows = [
            row for row in parts.queue.list_rows(frozenset(DeliveryState), stay=stay) if row.action == Action.ARRIVAL
        ]
        if record.is_reduced or not rows:
            return ()
        last = rows[-1]  # what was annulled and told again counts as it was told last
        if last.state is _S.WITHDRAWN:
            return ()
        told = parts.open_told(last, record) if last.state not in _UNSENT else None
        if told is not None:
            return parts.destination.describe(told.data)
        members = [row for row in parts.queue.list_rows(_UNSENT, party=last.party) if row.action == Action.ARRIVAL]
        composed = {item.reference: item.data for item in self._compose(members)}
        data = composed.get(last.reference)
        return () if data is None else parts.destination.describe(data)

    def _compose(self, rows: Sequence[DeliveryRow]) -> list[Item]:
        """Return what could be told of members of one booking, the head first; who cannot be composed is left out."""
        parts = self.parts
        members: dict[str, Member] = {}
        for row in rows:
            try:
                members[row.stay] = read_member(row.stay, parts.desk.find_record(row.stay))
            except NotTaken:
                continue
        found: list[tuple[bool, Item]] = []
        for row in rows:
            if row.stay in members:
                matter = make_matter(
                    parts.desk.book, members[row.stay], list(members.values()), reference=row.reference
                )
                try:
                    data = parts.destination.compose(matter, parts.tables)
                except CannotCompose:
                    continue
                found.append((matter.is_head, Item(row.reference, Action.ARRIVAL, row.party, data)))
        return [item for _, item in sorted(found, key=lambda pair: not pair[0])]

    def _find_answers(self, stay: str) -> Mapping[ProfileField, str]:
        """Return what somebody registered answered; nothing where they are gone."""
        try:
            return self.parts.desk.find_record(stay).answers
        except NotTaken:
            return {}

    def _list_party(self, beside: str) -> list[Member]:
        """Return those of a booking whose arrival has not left yet; all, where who comes later is told with them."""
        joins = self.parts.destination.list_actions(EventKind.CHECK_IN, is_accepted=True)
        rows = self.parts.queue.list_rows(frozenset(DeliveryState) if Action.ANNULMENT in joins else _UNSENT)
        party = next((row.party for row in rows if row.stay == beside), "")
        members: dict[str, Member] = {}
        for row in rows:
            if party and row.party == party and row.action == Action.ARRIVAL and row.state is not _S.WITHDRAWN:
                try:
                    members[row.stay] = read_member(row.stay, self.parts.desk.find_record(row.stay))
                except NotTaken:
                    continue
        return list(members.values())

    def _make_form(
        self, matter: Matter, answers: Mapping[ProfileField, str]
    ) -> tuple[AskedForm, dict[ProfileField, str]]:
        parts = self.parts
        asked = list_allowed(parts.destination, parts.desk.book.jurisdiction.profile, matter, parts.tables)
        kept = complete_answers(asked, answers, parts.tables)
        # The destination's own rules too: one field may be needed only because another is empty.
        checked = parts.destination.check(replace(matter, answers=kept), parts.tables)
        findings = (*checked, *check_answers(asked, answers, parts.tables))
        found = {finding.about: finding for finding in findings}
        fields = tuple(self._show_field(each, asked, answers, found.get(each.id)) for each in asked)
        ids = {each.id for each in asked}
        others = (each for each in checked if each.about not in ids)
        return AskedForm(fields, tuple((str(each.about), str(each.code)) for each in others)), kept

    def _show_only_if(self, asked: AskedField, fields: Sequence[AskedField]) -> tuple[str, str] | None:
        """Return which other field has to show which words for this one to be asked."""
        if asked.only_if is None:
            return None
        name, code = asked.only_if
        return str(name), self._show_answers(name, (code,), fields)[0]

    def _show_unless(self, asked: AskedField, fields: Sequence[AskedField]) -> tuple[str, tuple[str, ...]] | None:
        """Return which other field must show none of which words for this one to be asked."""
        if asked.unless is None:
            return None
        name, codes = asked.unless
        return str(name), self._show_answers(name, codes, fields)

    def _show_answers(self, name: str, codes: Sequence[str], fields: Sequence[AskedField]) -> tuple[str, ...]:
        """Return what the form holds for each of these answers: the code of what is touched, the words of a search."""
        other = next((each for each in fields if each.id == name), None)
        options = None if other is None else list_options(other, self.parts.tables)
        if options is None or len(options.rows) <= FEW:
            return tuple(codes)
        rows = {code: options.get(code) for code in codes}
        return tuple(code if row is None else label(row) for code, row in rows.items())

    def _show_field(
        self,
        asked: AskedField,
        fields: Sequence[AskedField],
        answers: Mapping[ProfileField, str],
        finding: Finding | None,
    ) -> ShownField:
        value = answers.get(asked.id, "") or asked.default
        options: tuple[tuple[str, str], ...] = ()
        shown = value
        if asked.kind is FieldKind.CHOICE:
            table = list_options(asked, self.parts.tables)
            value = table.find_code(value) or value
            row = table.get(value)
            shown = label(row) if row is not None else value
            if len(table.rows) <= FEW:
                options = tuple((row.code, label(row)) for row in table.rows)
        return ShownField(
            id=asked.id,
            kind=asked.kind,
            table=asked.table,
            options=options,
            value=value,
            shown=shown,
            is_required=asked.is_required,
            only_if=self._show_only_if(asked, fields),
            unless=self._show_unless(asked, fields),
            finding="" if finding is None else finding.code,
        )


def list_closed(parts: ServiceParts) -> set[str]:
    """Return the stays whose guest cannot be read: what is told of them can be neither composed nor sent."""
    return {row.stay for row, record in parts.desk.list_house() if record is None}


def _read_typed(typed: Mapping[str, str]) -> dict[ProfileField, str]:
    known = {each.value: each for each in ProfileField}
    return {known[name]: value[:400] for name, value in typed.items() if name in known}
