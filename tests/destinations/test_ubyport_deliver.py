"""The Czech destination against its simulator: what is taken, refused, doubtful, and what is never told."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from records.documents import DocumentKind, HowRead, PersonName, ShownPaper, TypedBecause, Typing
from records.profile import ProfileField
from records.stays import EventKind
from terminal.destinations.asked import Finding, FindingCode
from terminal.destinations.czechia.codes import CodeBook, find_about, shorten_code, split_codes
from terminal.destinations.czechia.composing import compose_report
from terminal.destinations.czechia.destination import UBYPORT
from terminal.destinations.czechia.report import decode_report
from terminal.destinations.czechia.soap_calls import (
    WRITE,
    read_code_book,
    read_longest,
    read_purposes,
    read_states,
    read_written,
    write_list_call,
)
from terminal.destinations.line import HttpLine, ServiceAddress, ServiceAnswer
from terminal.destinations.sim.server import SimulatorServer, run_simulator
from terminal.destinations.sim.ubyport import DEMO_CREDENTIALS, SimulatedUbyport
from terminal.destinations.soap import Fault, NoXml, open_envelope
from terminal.destinations.terms import (
    Accepted,
    Action,
    CannotCompose,
    Credentials,
    NotNow,
    Refused,
    Session,
    SignInRefused,
    Unverified,
    Withheld,
)
from terminal.store import DeliveryState
from tests.destinations.czhr_kit import CZECH_ANSWERS, FAMILY, NOW, STAY, VENUE, make_guest, make_item, make_matter
from tests.destinations.kit import open_kit
from tests.destinations.test_ubyport_encode import HOUSE, REPORT

CREDENTIALS = Credentials(DEMO_CREDENTIALS)


@pytest.fixture(scope="module")
def running() -> Iterator[SimpleNamespace]:
    """A simulator, a line to it, a session and the tables: once, because every request signs in."""
    with run_simulator(SimulatedUbyport()) as server:
        line = HttpLine(ServiceAddress(server.url), read_timeout_s=3.0)
        session = UBYPORT.sign_in(CREDENTIALS, line, NOW)
        yield SimpleNamespace(server=server, line=line, session=session, tables=UBYPORT.fetch_tables(session))


@pytest.fixture
def service(running: SimpleNamespace) -> SimpleNamespace:
    """The same with a register that has nothing yet."""
    running.register = running.server.service = SimulatedUbyport()
    running.server.faults.clear()
    return running


def compose_family(service: SimpleNamespace) -> list[Any]:
    return [
        make_item(UBYPORT, make_matter(guest, CZECH_ANSWERS, index=index, party=FAMILY), service.tables)
        for index, guest in enumerate(FAMILY)
    ]


def test_a_family_of_four_is_one_list_with_one_receipt(service: SimpleNamespace) -> None:
    outcomes = UBYPORT.deliver(compose_family(service), service.session, NOW)
    assert [type(each) for each in outcomes] == [Accepted] * 4
    stamps = {each.handle for each in outcomes if isinstance(each, Accepted)}
    assert len(stamps) == 1
    proof = outcomes[0].proof if isinstance(outcomes[0], Accepted) else b""
    assert proof.startswith(b"%PDF-")
    assert stamps.pop().encode() in proof
    assert len(service.register.list_told()) == 4


def test_a_child_in_a_parents_passport_is_named_by_it(service: SimpleNamespace) -> None:
    report = compose_report(make_matter(FAMILY[3], CZECH_ANSWERS, party=FAMILY), service.tables)
    assert (report.document, report.note) == ("INPASS", "U00000011")


def test_parties_have_receipts_of_their_own(service: SimpleNamespace) -> None:
    items = [
        make_item(UBYPORT, make_matter(make_guest(f"U0000010{n}"), CZECH_ANSWERS, index=n), service.tables, f"p{n}")
        for n in range(3)
    ]
    outcomes = UBYPORT.deliver(items, service.session, NOW)
    assert len({each.handle for each in outcomes if isinstance(each, Accepted)}) == 3


def test_a_list_is_never_longer_than_the_service_says(service: SimpleNamespace) -> None:
    items = [
        make_item(UBYPORT, make_matter(make_guest(f"U00002{n:03d}"), CZECH_ANSWERS, index=n), service.tables)
        for n in range(33)
    ]
    outcomes = UBYPORT.deliver(items, service.session, NOW)
    assert all(isinstance(each, Accepted) for each in outcomes)
    assert len({each.handle for each in outcomes if isinstance(each, Accepted)}) == 2


def test_a_refused_record_is_put_right_alone(service: SimpleNamespace) -> None:
    items = compose_family(service)
    wrong = items[1].data.replace(b"U00000012", b"U12")
    outcomes = UBYPORT.deliver([items[0], replace(items[1], data=wrong)], service.session, NOW)
    assert isinstance(outcomes[0], Accepted)
    assert isinstance(outcomes[1], Refused)
    assert (outcomes[1].code, outcomes[1].about) == ("106", "number")
    assert "cestovního dokladu" in outcomes[1].words
    assert isinstance(UBYPORT.deliver([items[1]], service.session, NOW)[0], Accepted)
    assert len(service.register.list_told()) == 2


def test_a_refusal_that_no_check_foresaw_says_what_to_put_right(service: SimpleNamespace) -> None:
    item = make_item(UBYPORT, make_matter(FAMILY[0], {ProfileField.HOME_ADDRESS: "12345"}), service.tables)
    (refused,) = UBYPORT.deliver([item], service.session, NOW)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.about) == ("110", ProfileField.HOME_ADDRESS)


def test_a_duplicate_proves_that_it_was_taken(service: SimpleNamespace) -> None:
    items = compose_family(service)[:1]
    UBYPORT.deliver(items, service.session, NOW)
    (again,) = UBYPORT.deliver(items, service.session, NOW)
    assert isinstance(again, Accepted)
    assert again.handle.startswith("duplicate ")
    assert len(service.register.list_told()) == 1


def test_late_is_only_information(service: SimpleNamespace) -> None:
    long_ago = replace(STAY, arrived_at=NOW - timedelta(days=9))
    item = make_item(UBYPORT, make_matter(FAMILY[0], CZECH_ANSWERS, stay=long_ago), service.tables)
    (outcome,) = UBYPORT.deliver([item], service.session, NOW)
    assert isinstance(outcome, Accepted)


@pytest.mark.parametrize("fault", ["lost", "cut", "garbled", "down"])
def test_what_may_have_arrived_is_unverified_and_the_rest_waits(service: SimpleNamespace, fault: str) -> None:
    items = [
        make_item(UBYPORT, make_matter(make_guest(f"U0000030{n}"), CZECH_ANSWERS, index=n), service.tables, f"p{n}")
        for n in range(3)
    ]
    service.server.faults.append(fault)
    assert UBYPORT.deliver(items, service.session, NOW) == [Unverified(), Withheld(), Withheld()]
    assert not UBYPORT.can_query


def test_a_later_list_that_fails_leaves_the_earlier_receipt(service: SimpleNamespace) -> None:
    items = [
        make_item(UBYPORT, make_matter(make_guest(f"U0000040{n}"), CZECH_ANSWERS, index=n), service.tables, f"p{n}")
        for n in range(3)
    ]
    first = UBYPORT.deliver(items[:1], service.session, NOW)
    assert isinstance(first[0], Accepted)
    service.server.faults.append("busy")
    with pytest.raises(NotNow):
        UBYPORT.deliver(items[1:], service.session, NOW)
    assert len(service.register.list_told()) == 1


def test_a_line_that_repeats_itself_registers_once(service: SimpleNamespace) -> None:
    service.server.faults.append("twice")
    (outcome,) = UBYPORT.deliver(compose_family(service)[:1], service.session, NOW)
    assert isinstance(outcome, Accepted)
    assert len(service.register.list_told()) == 1


@pytest.mark.parametrize(
    "changes", [{"password": "wrong"}, {"user": "uby-wsother1"}, {"idub": "12"}, {"postcode": "1"}, {"mark": ""}]
)
def test_credentials_are_checked_at_set_up(service: SimpleNamespace, changes: dict[str, str]) -> None:
    with pytest.raises(SignInRefused):
        UBYPORT.sign_in(Credentials({**DEMO_CREDENTIALS, **changes}), service.line, NOW)


def test_a_house_that_is_registered_otherwise_is_told_so(service: SimpleNamespace) -> None:
    other = Credentials({**DEMO_CREDENTIALS, "mark": "JINAK"})
    session = UBYPORT.sign_in(other, service.line, NOW)
    (outcome,) = UBYPORT.deliver(compose_family(service)[:1], session, NOW)
    assert isinstance(outcome, Refused)
    assert outcome.code == "13"
    assert service.register.list_told() == []


def test_nothing_leaves_before_the_connection_is_signed_in() -> None:
    seen: list[tuple[str, bytes]] = []

    class Eavesdropper(SimulatedUbyport):
        def answer(self, method: str, path: str, headers: Any, body: bytes, now: Any) -> ServiceAnswer:
            answer = super().answer(method, path, headers, body, now)
            seen.append((headers.get("authorization", ""), body if answer.status == 401 else b""))
            return answer

    with run_simulator(Eavesdropper()) as server:
        line = HttpLine(ServiceAddress(server.url))
        session = UBYPORT.sign_in(CREDENTIALS, line, NOW)
        UBYPORT.deliver(compose_family(SimpleNamespace(tables=UBYPORT.fetch_tables(session)))[:1], session, NOW)
    assert all(authorization.startswith("NTLM ") for authorization, _ in seen)
    assert {body for _, body in seen} == {b""}
    assert DEMO_CREDENTIALS["password"] not in "".join(authorization for authorization, _ in seen)


@pytest.mark.parametrize("challenge", ["NTLM bm9uZQ==", "NTLM", "Basic realm=x", "NTLM TlRMTVNTUAACAAAA"])
def test_a_challenge_that_is_none_sends_nothing(service: SimpleNamespace, challenge: str) -> None:
    class Odd(SimulatedUbyport):
        def answer(self, method: str, path: str, headers: Any, body: bytes, now: Any) -> ServiceAnswer:
            assert body == b""
            return ServiceAnswer(401, b"", {"www-authenticate": challenge})

    with run_simulator(Odd()) as server:
        session = replace(service.session, line=HttpLine(ServiceAddress(server.url)))
        with pytest.raises(NotNow):
            UBYPORT.deliver(compose_family(service)[:1], session, NOW)


def test_only_arrivals_are_told() -> None:
    told = {kind: UBYPORT.list_actions(kind, is_accepted=True) for kind in EventKind}
    assert not any(told.values())
    assert UBYPORT.list_actions(EventKind.CHECK_IN, is_accepted=False) == (Action.ARRIVAL,)


@pytest.mark.parametrize(
    ("guest", "answers", "finding"),
    [
        (make_guest(state="CZE"), CZECH_ANSWERS, Finding("nationality", FindingCode.STATE_UNKNOWN)),
        (make_guest(surname="王"), CZECH_ANSWERS, Finding("names", FindingCode.WRONG_SIGN)),
        (make_guest("U1"), CZECH_ANSWERS, Finding("number", FindingCode.WRONG_FORM)),
        (make_guest(birth=date(1899, 1, 1)), CZECH_ANSWERS, Finding("birth_date", FindingCode.WRONG_FORM)),
        (make_guest(), {}, Finding(ProfileField.HOME_ADDRESS, FindingCode.MISSING)),
        (
            make_guest(),
            {ProfileField.HOME_ADDRESS: "北京"},
            Finding(ProfileField.HOME_ADDRESS, FindingCode.WRONG_SIGN),
        ),
        (
            make_guest(),
            {**CZECH_ANSWERS, ProfileField.VISA_NUMBER: "v-1"},
            Finding(ProfileField.VISA_NUMBER, FindingCode.WRONG_FORM),
        ),
        (
            make_guest("", kind=DocumentKind.NONE),
            CZECH_ANSWERS,
            Finding(ProfileField.PARENT_DOCUMENT, FindingCode.MISSING),
        ),
    ],
)
def test_what_would_be_refused_is_found_at_the_counter(
    service: SimpleNamespace, guest: Any, answers: dict[ProfileField, str], finding: Finding
) -> None:
    matter = make_matter(guest, answers)
    assert UBYPORT.check(matter, service.tables) == (finding,)
    with pytest.raises(CannotCompose):
        UBYPORT.compose(matter, service.tables)


def test_a_name_that_is_sent_otherwise_is_shown_as_printed(service: SimpleNamespace) -> None:
    guest = make_guest(surname="MUÑOZ", given="JOSÉ ÅKE")
    said = dict(UBYPORT.describe(UBYPORT.compose(make_matter(guest, CZECH_ANSWERS), service.tables)))
    shown = tuple(said[f"ubyport_{name}"] for name in ("surname", "given", "printed_name"))
    assert shown == ("MUNOZ", "JOSÉ AAKE", "MUÑOZ JOSÉ ÅKE")


def test_given_names_without_room_go_into_the_note(service: SimpleNamespace) -> None:
    guest = make_guest(given="ANNA MARIA ELISABETH CHARLOTTE")
    report = compose_report(make_matter(guest, CZECH_ANSWERS), service.tables)
    assert (report.given, report.note) == ("ANNA MARIA ELISABETH", "CHARLOTTE")
    assert report.printed == ("LINDGREN", "ANNA MARIA ELISABETH CHARLOTTE")


def test_the_form_of_the_name_that_the_register_holds_is_chosen(service: SimpleNamespace) -> None:
    guest = replace(make_guest(), names=(PersonName("王小明"), PersonName("WANG XIAOMING", "WANG", "XIAOMING")))
    assert compose_report(make_matter(guest, CZECH_ANSWERS), service.tables).surname == "WANG"


def test_a_birth_year_alone_is_sent_as_one(service: SimpleNamespace) -> None:
    guest = make_guest(birth=date(1958, 1, 1))
    typed = Typing(TypedBecause.NOTHING_TO_READ, ShownPaper.DOCUMENT)
    guest = replace(guest, document=replace(guest.document, how_read=HowRead.TYPED, typed=typed))
    matter = make_matter(guest, {**CZECH_ANSWERS, ProfileField.BIRTH_PRINTED: "year"})
    assert compose_report(matter, service.tables).birth == "00001958"


def test_only_who_may_need_a_visa_is_asked_for_it(service: SimpleNamespace) -> None:
    asked = {each.id for each in UBYPORT.list_asked(make_matter(make_guest(state="DEU"), {}), service.tables)}
    assert asked == {ProfileField.HOME_ADDRESS, ProfileField.STAY_PURPOSE}
    assert ProfileField.VISA_NUMBER in {
        each.id for each in UBYPORT.list_asked(make_matter(make_guest(state="CHN"), {}), service.tables)
    }


def test_fallback_is_the_portals_file_and_an_archive_for_many(service: SimpleNamespace) -> None:
    items = compose_family(service)
    file = UBYPORT.make_fallback(items, SimpleNamespace(), VENUE, NOW, CREDENTIALS)  # type: ignore[arg-type]
    assert file.name.startswith("999900000001_")
    lines = file.data.decode("cp1250").split("\r\n")
    assert [line.split("|")[0] for line in lines] == ["A", "U", "U", "U", "U", ""]
    many = UBYPORT.make_fallback(items * 25, SimpleNamespace(), VENUE, NOW, CREDENTIALS)  # type: ignore[arg-type]
    with zipfile.ZipFile(BytesIO(many.data)) as archive:
        assert [archive.read(name).count(b"\r\nU|") for name in archive.namelist()] == [99, 1]


# Answers as annex 5 prints them, byte for byte but for the spaces between elements.
PUBLISHED_REFUSAL = b"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header /><s:Body>
<ZapisUbytovaneResponse xmlns="http://UBY.pcr.cz/WS_UBY">
<ZapisUbytovaneResult xmlns:a="http://schemas.datacontract.org/2004/07/WS_UBY"
 xmlns:i="http://www.w3.org/2001/XMLSchema-instance">
<a:ChybyHlavicky>5;6;7;8;9;10;11;12;13;</a:ChybyHlavicky>
<a:ChybyZaznamu xmlns:b="http://schemas.microsoft.com/2003/10/Serialization/Arrays">
<b:string>;112;106;</b:string></a:ChybyZaznamu>
</ZapisUbytovaneResult></ZapisUbytovaneResponse></s:Body></s:Envelope>"""
PUBLISHED_FAULT = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header /><s:Body><s:Fault>
<faultcode>s:Chyba běhu programu</faultcode><faultstring xml:lang="cs-CZ">Server was unable to process request. ---&gt;
Length cannot be less than zero.</faultstring></s:Fault></s:Body></s:Envelope>""".encode()
PUBLISHED_LENGTH = b"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header /><s:Body>
<MaximalniDelkaSeznamuResponse xmlns="http://UBY.pcr.cz/WS_UBY">
<MaximalniDelkaSeznamuResult>32</MaximalniDelkaSeznamuResult></MaximalniDelkaSeznamuResponse></s:Body></s:Envelope>"""
_TABLE = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header /><s:Body>
<DejMiCiselnikResponse xmlns="http://UBY.pcr.cz/WS_UBY"><DejMiCiselnikResult
 xmlns:a="http://schemas.datacontract.org/2004/07/WS_UBY" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">
<a:CiselnikType>%s</a:CiselnikType></DejMiCiselnikResult></DejMiCiselnikResponse></s:Body></s:Envelope>"""
PUBLISHED_STATE = (
    _TABLE % "<a:Id>104</a:Id><a:Kod2>AF</a:Kod2><a:Kod3>AFG</a:Kod3><a:PlatiDo /><a:PlatiOd />"
    "<a:TextCZ>Afghánská islámská republika</a:TextCZ><a:TextENG>Afghanistan</a:TextENG>"
    "<a:TextKratkyCZ>Afghánistán</a:TextKratkyCZ><a:TextKratkyENG />"
).encode()
PUBLISHED_ERROR = (
    _TABLE % "<a:Id>0</a:Id><a:Kod2>ERR_CZE_112</a:Kod2><a:Kod3>Oznámeno pozdě</a:Kod3><a:PlatiDo /><a:PlatiOd />"
    "<a:TextCZ /><a:TextENG>INFORMACE</a:TextENG><a:TextKratkyCZ>0</a:TextKratkyCZ><a:TextKratkyENG>O podezření z"
    " chyby je nutno informovat uživatele, procedura pracuje dále</a:TextKratkyENG>"
).encode()
PUBLISHED_PURPOSE = (_TABLE % "<a:Id>0</a:Id><a:Kod2>99</a:Kod2><a:TextCZ>99 - OSTATNÍ / JINÉ</a:TextCZ>").encode()


def test_published_answers_are_read() -> None:
    written = read_written(PUBLISHED_REFUSAL, 1)
    assert written.head == ("5", "6", "7", "8", "9", "10", "11", "12", "13")
    assert written.records == (("112", "106"),)
    assert (written.stamp, written.receipt) == ("", b"")
    assert read_longest(PUBLISHED_LENGTH) == 32
    (state,) = read_states(PUBLISHED_STATE).rows
    assert (state.code, state.name, state.more) == ("AFG", "Afghánistán", "Afghanistan")
    assert read_code_book(PUBLISHED_ERROR) == CodeBook({"112": "Oznámeno pozdě"}, {"112": 0})
    (purpose,) = read_purposes(PUBLISHED_PURPOSE).rows
    assert (purpose.code, purpose.name) == ("99", "OSTATNÍ / JINÉ")
    with pytest.raises(Fault) as caught:
        read_written(PUBLISHED_FAULT, 1)
    assert caught.value.code == "s:Chyba běhu programu"


def test_a_list_has_the_members_of_the_published_call_in_its_order() -> None:
    body, headers = write_list_call(HOUSE, [REPORT])
    call = open_envelope(body)
    assert call.tag == f"{{http://UBY.pcr.cz/WS_UBY}}{WRITE}"
    code, listed = call
    assert (code.tag, code.text) == ("{http://UBY.pcr.cz/WS_UBY}AutentificationCode", "X")
    names = [each.tag.rpartition("}")[2] for each in listed]
    assert names == sorted(names)
    assert names[:2] == ["Ubytovani", "VracetPDF"]
    (guest,) = listed[0]
    fields = [each.tag.rpartition("}")[2] for each in guest]
    assert fields == [
        "cDate", "cDocN", "cFirstN", "cFrom", "cNati", "cNote", "cPlac", "cPurp", "cResi", "cSpz", "cSurN", "cUntil",
        "cVisN",
    ]  # fmt: skip
    assert all(each.tag.startswith("{http://schemas.datacontract.org/2004/07/WS_UBY}") for each in guest)
    assert headers["SOAPAction"] == '"http://UBY.pcr.cz/WS_UBY/IWS_UBY/ZapisUbytovane"'


@pytest.mark.parametrize("count", [0, 2])
def test_an_answer_about_another_number_of_guests_is_none(count: int) -> None:
    with pytest.raises(NoXml):
        read_written(PUBLISHED_REFUSAL, count)


def test_a_stamp_without_a_receipt_is_no_acceptance(service: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terminal.destinations.czechia.soap_calls._read_pdf", lambda _: b"")
    assert UBYPORT.deliver(compose_family(service)[:1], service.session, NOW) == [Unverified()]


def test_a_stamp_that_is_none_is_not_kept() -> None:
    stamped = PUBLISHED_REFUSAL.replace(b"</a:ChybyZaznamu>", b"</a:ChybyZaznamu><a:PseudoRazitko>%b</a:PseudoRazitko>")
    guid = b"F8EA613D-C8C5-4671-924D-EE4F8588E08D"
    assert read_written(stamped % guid, 1).stamp == guid.decode()
    assert read_written(stamped.replace(b"PseudoRazitko", b"PseudoRazirko") % guid, 1).stamp == guid.decode()
    assert read_written(stamped % b"LINDGREN KARL", 1).stamp == ""


def test_codes_are_read_in_every_published_form() -> None:
    assert split_codes(";112;106;") == ["112", "106"]
    assert {shorten_code(each) for each in ("ERR_CZE_112", "0112", "112")} == {"112"}
    book = CodeBook({}, {"7": 2, "8": 3})
    assert [book.is_taken(code) for code in ("112", "1", "150", "7", "8", "999")] == [
        True,
        True,
        False,
        True,
        False,
        False,
    ]
    assert find_about("Datum narození je nekorektní") == "birth_date"
    assert find_about("Nic") == ""


def test_a_session_without_its_line_shows_no_password(service: SimpleNamespace) -> None:
    session: Session = service.session
    assert DEMO_CREDENTIALS["password"] not in repr(session)
    assert decode_report(compose_family(service)[0].data).surname == "LINDGREN"


def test_server_stops_with_its_port() -> None:
    server = SimulatorServer(SimulatedUbyport())
    server.start()
    server.stop()


def test_a_booking_behind_a_lost_list_waits_and_is_told_next_time(tmp_path: Path) -> None:
    with open_kit(tmp_path, "cz") as (kit, simulator):
        kit.load_tables()
        stays = [kit.check_in(guest, home_address="Hlavní 1, Utopie") for guest in FAMILY[:3]]
        simulator.faults.extend(["none", "lost"])
        kit.deliver()
        assert [kit.find_row(stay).state for stay in stays] == [
            DeliveryState.ACCEPTED,
            DeliveryState.UNVERIFIED,
            DeliveryState.WAITING,
        ]
        kit.deliver()
        assert kit.find_row(stays[2]).state is DeliveryState.ACCEPTED
        assert len(simulator.service.list_told()) == 3
