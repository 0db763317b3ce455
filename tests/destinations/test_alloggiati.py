"""Alloggiati Web: record against the manual's field rules, methods against the published WSDL, and the simulator."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.documents import DocumentKind, PersonName, Sex
from records.profile import ProfileField
from records.stays import Stay
from terminal.destinations.alloggiati import record, service
from terminal.destinations.alloggiati.destination import ALLOGGIATI
from terminal.destinations.alloggiati.record import GuestLine, fold_name, read_line, write_line
from terminal.destinations.alloggiati.states import STATE_NAMES, find_state
from terminal.destinations.asked import FindingCode
from terminal.destinations.line import HttpLine, ServiceAddress, ServiceAnswer
from terminal.destinations.sim.alloggiati import DEMO_CREDENTIALS, UTOPIA, SimulatedAlloggiati
from terminal.destinations.sim.server import run_simulator
from terminal.destinations.soap import list_children, local_name, open_envelope, parse_xml
from terminal.destinations.tables import Row, Table, Tables
from terminal.destinations.terms import (
    Action,
    Companion,
    Credentials,
    Item,
    Matter,
    NoAnswer,
    NotNow,
    Refused,
    Session,
    SignInRefused,
    Withheld,
)
from tests.destinations.kit import make_utopian, open_kit
from tests.terminal.kit import VENUE

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
# Manual WS_ALLOGGIATI rev. 01, table 1, counted from 0: name → (first, last), and what members leave blank.
PUBLISHED = {
    "role": (0, 1), "arrival": (2, 11), "nights": (12, 13), "surname": (14, 63), "given": (64, 93), "sex": (94, 94),
    "birth_date": (95, 104), "birth_place": (105, 113), "birth_province": (114, 115), "birth_state": (116, 124),
    "citizenship": (125, 133), "document": (134, 138), "number": (139, 158), "issued_at": (159, 167),
}  # fmt: skip
# The children of each request in the published WSDL, in their order ("result" and "CSV" are for answers).
WSDL = {
    "GenerateToken": ["Utente", "Password", "WsKey"],
    "Authentication_Test": ["Utente", "token"],
    "Test": ["Utente", "token", "ElencoSchedine"],
    "Send": ["Utente", "token", "ElencoSchedine"],
    "GestioneAppartamenti_Test": ["Utente", "token", "ElencoSchedine", "IdAppartamento"],
    "GestioneAppartamenti_Send": ["Utente", "token", "ElencoSchedine", "IdAppartamento"],
    "Tabella": ["Utente", "token", "tipo"],
    "Ricevuta": ["Utente", "token", "Data"],
}
NAMES = st.text(alphabet=string.ascii_uppercase + " '-.", min_size=0, max_size=28).map(lambda rest: f"A{rest}".strip())
DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2026, 11, 22))
CODES = st.text(alphabet=string.digits, min_size=9, max_size=9)


@st.composite
def lines(draw: st.DrawFn) -> GuestLine:
    role = draw(st.sampled_from(["16", "17", "18", "19", "20"]))
    is_italian = draw(st.booleans())
    has_document = role in record.WITH_DOCUMENT
    return GuestLine(
        role=role,
        arrival=draw(DAYS),
        nights=draw(st.integers(1, 30)),
        surname=draw(NAMES),
        given=draw(NAMES),
        sex=draw(st.sampled_from("12")),
        birth_date=draw(DAYS),
        birth_place=draw(CODES) if is_italian else "",
        birth_province=draw(st.text(alphabet=string.ascii_uppercase, min_size=2, max_size=2)) if is_italian else "",
        birth_state=record.ITALY if is_italian else draw(CODES),
        citizenship=draw(CODES),
        document=draw(st.sampled_from(["PASOR", "IDENT"])) if has_document else "",
        number=draw(st.text(alphabet=string.ascii_uppercase + string.digits, min_size=1, max_size=20))
        if has_document
        else "",
        issued_at=draw(CODES) if has_document else "",
    )


@given(lines())
@settings(max_examples=150, derandomize=True)
def test_every_record_has_its_fields_where_the_manual_has_them(line: GuestLine) -> None:
    text = write_line(line)
    assert len(text) == 168
    for name, (first, last) in PUBLISHED.items():
        value = getattr(line, name)
        shown = value.strftime("%d/%m/%Y") if isinstance(value, date) else f"{value:02d}" if name == "nights" else value
        assert text[first : last + 1] == shown.ljust(last - first + 1)
    if line.role in record.MEMBERS:
        assert text[134:168] == " " * 34
    assert read_line(text) == line


@given(lines(), st.sampled_from(["surname", "given", "number", "birth_place", "citizenship"]))
@settings(max_examples=60, derandomize=True)
def test_field_that_does_not_fit_is_never_cut_off(line: GuestLine, name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}$"):
        write_line(replace(line, **{name: "X" * (record.WIDTHS[name] + 1)}))
    with pytest.raises(ValueError, match=f"^{name}$"):
        write_line(replace(line, **{name: "é"}))


@given(st.text(max_size=60))
@settings(max_examples=150, derandomize=True)
def test_folded_name_is_a_name_of_the_service_or_says_that_it_is_none(text: str) -> None:
    folded = fold_name(text)
    assert folded == fold_name(folded)
    if record.NAME.fullmatch(folded):
        assert folded.isascii()


@pytest.mark.parametrize(
    ("written", "sent"),
    [("Müller", "MULLER"), ("O’Brien", "O'BRIEN"), ("Łukasz", "LUKASZ"), ("Straße", "STRASSE"), ("Ærø", "AERO")],
)
def test_accents_go_and_letters_stay(written: str, sent: str) -> None:
    assert fold_name(written) == sent


@pytest.fixture(scope="module")
def tables() -> Tables:
    with run_simulator(SimulatedAlloggiati()) as simulator:
        line = HttpLine(ServiceAddress(simulator.url))
        return ALLOGGIATI.fetch_tables(ALLOGGIATI.sign_in(Credentials(DEMO_CREDENTIALS), line, NOW))


def make_matter(
    answers: Mapping[ProfileField, str] | None = None, party: tuple[Companion, ...] = (), **changes: object
) -> Matter:
    stay = Stay("101", NOW, date(2026, 11, 24))
    usual: dict[ProfileField, str] = {ProfileField.BIRTH_STATE: UTOPIA, ProfileField.ISSUED_AT: UTOPIA}
    matter = Matter(Action.ARRIVAL, "0" * 32, make_utopian(), stay, VENUE, UTC, answers or usual, party)
    return replace(matter, **changes)  # type: ignore[arg-type]


def test_guest_alone_is_a_single_with_a_document(tables: Tables) -> None:
    text = ALLOGGIATI.compose(make_matter(), tables).decode()
    line = read_line(text)
    assert (line.role, line.nights, line.document, line.number) == ("16", 2, "PASOR", "L898902C3")
    assert (line.surname, line.given, line.citizenship) == ("ERIKSSON", "ANNA MARIA", UTOPIA)


def test_head_follows_from_what_the_members_are(tables: Tables) -> None:
    for member, head in (("19", "17"), ("20", "18")):
        other = Companion(make_utopian("D1"), {ProfileField.PARTY_ROLE: member}, False)
        assert ALLOGGIATI.compose(make_matter(party=(other,)), tables)[:2].decode() == head
        as_member = make_matter(
            {ProfileField.PARTY_ROLE: member, ProfileField.BIRTH_STATE: UTOPIA},
            (Companion(make_utopian("D1"), {}, True),),
            is_head=False,
        )
        text = ALLOGGIATI.compose(as_member, tables).decode()
        assert (text[:2], text[134:168]) == (member, " " * 34)


def test_who_was_born_in_italy_needs_the_municipality(tables: Tables) -> None:
    answers = {ProfileField.BIRTH_STATE: record.ITALY, ProfileField.ISSUED_AT: UTOPIA}
    (finding,) = ALLOGGIATI.check(make_matter(answers), tables)
    assert (finding.about, finding.code) == (ProfileField.BIRTH_PLACE, FindingCode.MISSING)
    answers[ProfileField.BIRTH_PLACE] = "403015146"
    line = read_line(ALLOGGIATI.compose(make_matter(answers), tables).decode())
    assert (line.birth_place, line.birth_province, line.birth_state) == ("403015146", "MI", record.ITALY)


@pytest.mark.parametrize(
    ("guest", "about", "code"),
    [
        (make_utopian(sex=Sex.UNSPECIFIED), "sex", FindingCode.SEX_NEEDED),
        (make_utopian(given=""), "names", FindingCode.MISSING),
        (make_utopian(surname="A" * 51), "names", FindingCode.TOO_LONG),
        (make_utopian("X" * 21), "number", FindingCode.TOO_LONG),
        (make_utopian(kind=DocumentKind.OTHER), "document", FindingCode.DOCUMENT_NOT_TAKEN),
        (make_utopian(nationality="XXX"), "nationality", FindingCode.STATE_UNKNOWN),
        (replace(make_utopian(), names=(PersonName("王 小明", "王", "小明"),)), "names", FindingCode.WRONG_SIGN),
    ],
)
def test_what_the_service_would_refuse_is_found_before(
    guest: object, about: str, code: FindingCode, tables: Tables
) -> None:
    findings = ALLOGGIATI.check(make_matter(guest=guest), tables)
    assert (about, code) in [(each.about, each.code) for each in findings]


def test_latin_form_of_a_name_is_preferred(tables: Tables) -> None:
    guest = replace(make_utopian(), names=(PersonName("王 小明", "王", "小明"), PersonName("WANG XM", "WANG", "XM")))
    assert read_line(ALLOGGIATI.compose(make_matter(guest=guest), tables).decode()).surname == "WANG"


def test_states_are_found_by_name_and_none_is_ambiguous() -> None:
    states = Table(tuple(Row(str(at), names[0]) for at, names in enumerate(STATE_NAMES.values())))
    found = {code: find_state(states, code, NOW.date()) for code in STATE_NAMES}
    assert all(found.values())
    assert find_state(states, "D", NOW.date()) == found["DEU"]
    old = Table((Row("1", "SERBIA", until=date(2006, 6, 4)), Row("2", "SERBIA")))
    assert find_state(old, "SRB", NOW.date()) == "2"


class NotedLine:
    """A line that notes what is asked, and answers what a test has put down."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers, self.asked = list(answers), list[bytes]()

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> ServiceAnswer:
        self.asked.append(body)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return ServiceAnswer(200, answer)


def test_requests_have_the_elements_of_the_published_wsdl_in_their_order() -> None:
    line = NotedLine(*[b"<no/>"] * len(WSDL))
    calls = (
        lambda: service.generate_token(line, "u", "p", "k"),
        lambda: service.test_authentication(line, "u", "t"),
        lambda: service.test_lines(line, "u", "t", ["a", "b"], ""),
        lambda: service.send_lines(line, "u", "t", ["a", "b"], ""),
        lambda: service.test_lines(line, "u", "t", ["a"], "3"),
        lambda: service.send_lines(line, "u", "t", ["a"], "3"),
        lambda: service.fetch_table(line, "u", "t", "Luoghi"),
        lambda: service.fetch_receipt(line, "u", "t", date(2026, 11, 21)),
    )
    for call in calls:
        with pytest.raises((NotNow, NoAnswer)):
            call()
    for body, (name, children) in zip(line.asked, WSDL.items(), strict=True):
        asked = open_envelope(body)
        assert asked.tag == f"{{AlloggiatiService}}{name}"
        assert [local_name(each) for each in asked] == children
    listed = list_children(open_envelope(line.asked[2])[2], "string")
    assert [each.text for each in listed] == ["a", "b"]


def answer_send(*good: bool, valid: int | None = None) -> bytes:
    results = "".join(
        f"<EsitoOperazioneServizio><esito>{str(each).lower()}</esito></EsitoOperazioneServizio>" for each in good
    )
    count = sum(good) if valid is None else valid
    return (
        '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body>'
        '<SendResponse xmlns="AlloggiatiService"><SendResult><esito>true</esito></SendResult>'
        f"<result><SchedineValide>{count}</SchedineValide><Dettaglio>{results}</Dettaglio></result>"
        "</SendResponse></soap:Body></soap:Envelope>"
    ).encode()


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"<html>", b"<no/>", answer_send(), answer_send(True), answer_send(True, True, valid=1),
        answer_send(True, True)[:-9], answer_send(True, True).replace(b"<esito>true</esito>", b"<esito>si</esito>"),
        b"<!DOCTYPE x [<!ENTITY e 'x'>]>" + answer_send(True, True),
        answer_send(True, True).replace(b"SendResponse", b"TestResponse"),
    ],
)  # fmt: skip
def test_answer_that_is_not_whole_leaves_what_was_sent_unverified(answer: bytes) -> None:
    with pytest.raises(NoAnswer):
        service.send_lines(NotedLine(answer), "u", "t", ["a", "b"], "")


def test_text_is_escaped_and_cannot_become_an_element() -> None:
    line = NotedLine(b"<no/>")
    with pytest.raises(NotNow):
        service.generate_token(line, "u</all:Utente><all:Utente>x", "p&<>\x00", "k")
    asked = open_envelope(line.asked[0])
    assert [each.text for each in asked] == ["u</all:Utente><all:Utente>x", "p&<>", "k"]
    assert parse_xml(line.asked[0]) is not None


@pytest.fixture
def session() -> Iterator[Session]:
    with run_simulator(SimulatedAlloggiati(), now=lambda: NOW) as simulator:
        line = HttpLine(ServiceAddress(simulator.url))
        yield ALLOGGIATI.sign_in(Credentials(DEMO_CREDENTIALS), line, NOW)


def make_item(text: str, party: str) -> Item:
    return Item(f"{abs(hash((text, party))):032x}", Action.ARRIVAL, party, text.encode())


def test_booking_with_one_bad_record_is_not_sent_and_the_others_are(tables: Tables, session: Session) -> None:
    good = ALLOGGIATI.compose(make_matter(), tables).decode()
    bad = good[:94] + "9" + good[95:]
    items = [make_item(good, "a"), make_item(good.replace("L898902C3", "L898902C4"), "b"), make_item(bad, "b")]
    outcomes = ALLOGGIATI.deliver(items, session, NOW)
    assert [type(each).__name__ for each in outcomes] == ["Accepted", "Withheld", "Refused"]
    assert isinstance(outcomes[1], Withheld)
    assert isinstance(outcomes[2], Refused)
    assert (outcomes[2].code, outcomes[2].about) == ("12", "sex")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda text: text[:-1], "11", "Dimensione Riga errata"),
        (lambda text: text[:2] + "20/11/2026" + text[12:], "12", "Data di Arrivo Errata"),
        (lambda text: text[:12] + "31" + text[14:], "12", "Giorni di Permanenza Errati"),
        (lambda text: "19" + text[2:], "12", "Tipo Alloggiato Errato"),
        (lambda text: text[:14] + " " * 50 + text[64:], "12", "Cognome Errato"),
        (lambda text: text[:95] + "31/02/1990" + text[105:], "12", "Data di Nascita Errata"),
        (lambda text: text[:116] + "000000000" + text[125:], "12", "Stato di Nascita Errato"),
        (lambda text: text[:105] + "403015146" + text[114:], "12", "Comune di Nascita Errato"),
        (lambda text: text[:134] + "XXXXX" + text[139:], "12", "Documento Errato"),
        (lambda text: text.replace(UTOPIA, "100000215"), "12", "Cittadinanza Errata"),
    ],
)
def test_simulator_refuses_as_the_manual_says(
    change: object, code: str, words: str, tables: Tables, session: Session
) -> None:
    text = change(ALLOGGIATI.compose(make_matter(), tables).decode())  # type: ignore[operator]
    user = DEMO_CREDENTIALS["user"]
    (result,) = service.test_lines(session.line, user, session.token, [text], "").lines
    assert (result.is_good, result.code) == (False, code)
    assert words in result.words


def test_apartments_are_told_by_their_own_methods(tables: Tables, session: Session) -> None:
    given = Credentials({**DEMO_CREDENTIALS, "apartment": "3"})
    item = make_item(ALLOGGIATI.compose(make_matter(), tables).decode(), "a")
    (outcome,) = ALLOGGIATI.deliver([item], replace(session, credentials=given), NOW)
    assert type(outcome).__name__ == "Accepted"


def test_wrong_password_and_old_token_are_refused(session: Session) -> None:
    with pytest.raises(SignInRefused):
        ALLOGGIATI.sign_in(Credentials({**DEMO_CREDENTIALS, "password": "wrong"}), session.line, NOW)
    with pytest.raises(SignInRefused):
        service.test_authentication(session.line, DEMO_CREDENTIALS["user"], "token-99")


def test_receipt_comes_the_next_day_is_kept_sealed_and_lets_the_guests_data_go(tmp_path: object) -> None:
    with open_kit(tmp_path, "it") as (kit, _):  # type: ignore[arg-type]
        kit.load_tables()
        stay = kit.check_in(make_utopian(), nights=5)
        kit.deliver(2)
        day = kit.clock.now.date()
        assert not kit.desk.find_record(stay).is_reduced
        kit.clock.pass_time(timedelta(days=1).total_seconds())
        kit.deliverer.forget_session()
        kit.deliver(3)
        media_type, data = kit.service.open_receipt(day)
        assert (media_type, data[:5]) == ("application/pdf", b"%PDF-")
        record_left = kit.desk.find_record(stay)
        assert record_left.is_reduced
        assert record_left.guest.names[0].text == "ERIKSSON ANNA MARIA"
        assert (record_left.guest.document.number, record_left.guest.nationality, record_left.answers) == ("", "", {})
        assert kit.service.describe_told(stay) == ()
        kit.clock.pass_time(timedelta(days=1828).total_seconds())
        kit.deliver()
        assert kit.parts.kept.list_entries("receipt") == []  # type: ignore[arg-type]


def test_short_stay_has_six_hours_and_a_longer_one_a_day(tmp_path: object) -> None:
    with open_kit(tmp_path, "it") as (kit, _):  # type: ignore[arg-type]
        kit.load_tables()
        for nights, hours, number in ((1, 6, "D1"), (2, 24, "D2")):
            stay = kit.check_in(make_utopian(number), nights=nights)
            assert kit.find_row(stay).due_at - kit.clock.now == timedelta(hours=hours)


def test_guest_registered_before_any_table_came_waits_for_a_persons_answers(tmp_path: object) -> None:
    with open_kit(tmp_path, "it") as (kit, simulator):  # type: ignore[arg-type]
        stay = kit.check_in(make_utopian())  # the service was never reached: registering does not wait
        kit.deliver(2)
        row = kit.find_row(stay)
        assert (row.state, row.code, row.about) == ("refused", "check_missing", "birth_state")
        assert simulator.service.list_told() == []
        kit.service.put_right(stay, {"birth_state": "Utopia", "issued_at": "UTOPIA"})
        kit.deliver(2)
        assert kit.find_row(stay).state == "accepted"
        assert len(simulator.service.list_told()) == 1
