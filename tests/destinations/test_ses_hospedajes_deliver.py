"""Spain: what is delivered, queried and taken back, against the simulated service."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from terminal.destinations.line import AnswerLost, HttpLine, NotSent, ServiceAddress, ServiceAnswer
from terminal.destinations.ses_hospedajes.codes import RETURN_CODES, BatchState, Meaning
from terminal.destinations.ses_hospedajes.deliver import deliver_items, read_arrival
from terminal.destinations.ses_hospedajes.destination import SES_HOSPEDAJES
from terminal.destinations.ses_hospedajes.judge import read_handle
from terminal.destinations.ses_hospedajes.request import pack, write_arrivals, write_query, write_request
from terminal.destinations.ses_hospedajes.talk import PATH
from terminal.destinations.sim.ses_hospedajes import DEMO_CREDENTIALS, SimulatedSes
from terminal.destinations.sim.ses_schema import find_breach
from terminal.destinations.soap import parse_xml
from terminal.destinations.terms import (
    Absent,
    Accepted,
    Action,
    Credentials,
    Item,
    NotNow,
    Outcome,
    Pending,
    Refused,
    Session,
    SignInRefused,
    Unverified,
    Withheld,
)
from tests.destinations.spaniards import ABROAD, ADULT, CHILD, NOW, F, make_guest, make_item, make_items, make_matter

FAMILY = [
    make_matter(ADULT, reference="1" * 32),
    make_matter(CHILD, ABROAD | {F.KINSHIP: "HJ"}, party=(ADULT,), reference="2" * 32),
]


@dataclass
class StraightLine:
    """A line without a network: the service's own answers, or one that a test puts in their place."""

    service: SimulatedSes
    instead: list[ServiceAnswer | Exception] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> ServiceAnswer:
        self.sent.append(body)
        told = {name.lower(): value for name, value in (headers or {}).items()}
        if self.instead:
            other = self.instead.pop(0)
            if isinstance(other, Exception):
                raise other
            return other
        return self.service.answer(method, path, told, body, datetime.now(UTC))


@pytest.fixture
def line() -> StraightLine:
    return StraightLine(SimulatedSes())


@pytest.fixture
def session(line: StraightLine) -> Session:
    return Session(line, Credentials(DEMO_CREDENTIALS))


def make_family(name: str = "family") -> list[Item]:
    return [make_item(each, name) for each in FAMILY]


def deliver(items: list[Item], session: Session) -> list[Outcome]:
    """Without the look at whether the service is at work, which has a test of its own."""
    return deliver_items(items, session)


def query(items: list[Item], outcomes: list[Outcome], session: Session) -> list[Outcome | Absent]:
    asked = [
        replace(item, handle=told.handle if isinstance(told, Pending) else "")
        for item, told in zip(items, outcomes, strict=True)
    ]
    return SES_HOSPEDAJES.query(asked, session, NOW)


def settle(items: list[Item], session: Session) -> list[Outcome | Absent]:
    return query(items, deliver(items, session), session)


def unpack(body: bytes) -> bytes:
    packed = body.split(b"<solicitud>")[1].split(b"</solicitud>")[0]
    archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(packed)))
    return archive.read(archive.namelist()[0])


def annul(told: Outcome | Absent, reference: str = "9" * 32) -> Item:
    assert isinstance(told, Accepted)
    return make_item(make_matter(action=Action.ANNULMENT, earlier=told.handle, reference=reference))


def test_a_family_is_one_communication_and_accepted_by_its_code(line: StraightLine, session: Session) -> None:
    told = settle(make_family(), session)
    codes = {read_handle(each.handle).code for each in told if isinstance(each, Accepted)}  # type: ignore[union-attr]
    assert len(codes) == 1
    assert len(line.service.list_told()) == 2
    assert unpack(line.sent[0]).count(b"<comunicacion>") == 1
    assert b"<numPersonas>2</numPersonas>" in unpack(line.sent[0])
    proof = told[0]
    assert isinstance(proof, Accepted)
    assert codes.pop().encode() in proof.proof


def test_signing_in_names_no_guest_and_finds_wrong_credentials(line: StraightLine) -> None:
    SES_HOSPEDAJES.sign_in(Credentials(DEMO_CREDENTIALS), line, NOW)
    for name in ("password", "user", "lessor"):
        with pytest.raises(SignInRefused):
            SES_HOSPEDAJES.sign_in(Credentials(DEMO_CREDENTIALS | {name: "0000000009"}), line, NOW)
    assert line.service.list_told() == []


def test_tables_come_from_the_service_and_the_release(session: Session) -> None:
    assert SES_HOSPEDAJES.fetch_tables(session).has_all(SES_HOSPEDAJES.table_names)


def test_a_hundred_communications_go_in_one_request_and_ten_batches_in_one_query(
    line: StraightLine, session: Session
) -> None:
    items = make_items(101)
    outcomes = deliver(items, session)
    assert [unpack(each).count(b"<comunicacion>") for each in line.sent] == [100, 1]
    line.sent.clear()
    elsewhere = [Pending(f"{place:036}/1/1/") for place in range(20)]
    SES_HOSPEDAJES.query(
        [replace(item, handle=each.handle) for item, each in zip(items, elsewhere, strict=False)], session, NOW
    )
    assert [unpack(each).count(b"<con:lote>") for each in line.sent] == [10, 10]
    assert all(isinstance(each, Accepted) for each in query(items, outcomes, session))


@pytest.mark.parametrize(("code", "meaning"), RETURN_CODES.items())
def test_every_return_code_is_either_a_refusal_or_the_set_up_or_unknown(
    code: int, meaning: Meaning, line: StraightLine, session: Session
) -> None:
    if code == 0:
        return
    line.service.forced.append(code)
    if meaning is Meaning.SET_UP:
        with pytest.raises(SignInRefused):
            deliver(make_family(), session)
        return
    first, second = deliver(make_family(), session)
    expected = Unverified if meaning is Meaning.UNKNOWN else Refused
    assert isinstance(first, expected)
    assert isinstance(second, Unverified if meaning is Meaning.UNKNOWN else Withheld)
    assert line.service.list_told() == []


@pytest.mark.parametrize("state", [BatchState.WAITING, BatchState.AT_WORK])
def test_a_batch_that_is_not_done_is_asked_again(state: BatchState, line: StraightLine, session: Session) -> None:
    items = make_family()
    outcomes = deliver(items, session)
    line.service.unfinished.append(state)
    assert query(items, outcomes, session) == outcomes
    assert all(isinstance(each, Accepted) for each in query(items, outcomes, session))


def test_a_malformed_batch_is_refused_and_an_unexpected_one_is_left_to_a_person(
    line: StraightLine, session: Session
) -> None:
    items = make_family()
    outcomes = deliver(items, session)
    line.service.unfinished.extend([BatchState.MALFORMED, BatchState.UNEXPECTED])
    first, second = query(items, outcomes, session)
    assert (first, second) == (Refused("batch_2"), Withheld())
    assert query(items, outcomes, session) == [Unverified(), Unverified()]


def test_one_refused_communication_leaves_the_others_of_the_batch_accepted(
    line: StraightLine, session: Session
) -> None:
    other = make_item(make_matter(make_guest(number="L0000001"), reference="3" * 32))
    wrong = make_matter(make_guest("EVA", nationality="FRA"), reference="4" * 32)  # no specimen: the simulator refuses
    told = settle([*make_family(), make_item(wrong), other], session)
    assert [type(each) for each in told] == [Accepted, Accepted, Refused, Accepted]


def test_a_refusal_names_the_guest_and_the_field_and_the_others_of_the_party_wait(
    line: StraightLine, session: Session
) -> None:
    items = make_family()
    mended = items[1].data.replace(b'"phone":"+33 612 345 678",', b"")
    assert mended != items[1].data
    told = settle([items[0], replace(items[1], data=mended)], session)
    assert isinstance(told[0], Withheld)
    assert isinstance(told[1], Refused)
    assert (told[1].code, told[1].about) == ("communication", F.PHONE)
    # Put right, the whole family is told again: nothing of it was taken.
    assert all(isinstance(each, Accepted) for each in settle(make_family(), session))
    assert len(line.service.list_told()) == 2


def test_a_file_that_is_turned_away_for_one_party_is_sent_party_by_party(line: StraightLine, session: Session) -> None:
    line.service.forced.append(10118)
    told = settle(make_items(3), session)
    assert [type(each) for each in told] == [Accepted] * 3
    assert len(line.sent) == 1 + 3 + 1


def test_what_could_not_be_sent_any_more_waits_and_what_was_sent_stays_so(line: StraightLine, session: Session) -> None:
    line.service.forced.append(10118)
    original = line.request
    calls = []

    def drop_after_two(*arguments: object) -> ServiceAnswer:
        calls.append(arguments)
        if len(calls) > 2:
            raise NotSent
        return original(*arguments)  # type: ignore[arg-type]

    line.request = drop_after_two  # type: ignore[assignment,method-assign]
    told = deliver(make_items(3), session)
    assert [type(each) for each in told] == [Pending, Withheld, Withheld]


@pytest.mark.parametrize(
    ("instead", "raised"),
    [
        (NotSent(), NotNow),
        (ServiceAnswer(401, b""), SignInRefused),
        (ServiceAnswer(403, b""), SignInRefused),
    ],
)
def test_while_nothing_was_taken_everything_waits_again(
    instead: ServiceAnswer | Exception, raised: type[Exception], line: StraightLine, session: Session
) -> None:
    line.instead.append(instead)
    with pytest.raises(raised):
        deliver(make_family(), session)


@pytest.mark.parametrize(
    "instead",
    [
        AnswerLost(),
        ServiceAnswer(200, b""),
        ServiceAnswer(200, b"<html>Service Unavailable"),
        ServiceAnswer(200, b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'),
        ServiceAnswer(500, b"oops"),
        ServiceAnswer(502, b""),
        ServiceAnswer(503, b""),
        ServiceAnswer(429, b""),
        ServiceAnswer(504, b""),
        ServiceAnswer(302, b"", {"location": "https://example.com"}),
    ],
)
def test_an_answer_that_nobody_can_believe_leaves_it_unverified_and_nothing_is_resent(
    instead: ServiceAnswer | Exception, line: StraightLine, session: Session
) -> None:
    line.instead.append(instead)
    items = make_family()
    assert deliver(items, session) == [Unverified(), Unverified()]
    # Without the number of a batch the service has nothing to be asked about: a person looks.
    assert query(items, [Unverified(), Unverified()], session) == [Unverified(), Unverified()]
    assert len(line.sent) <= 2


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_that_is_not_at_work_is_told_nothing(status: int, line: StraightLine, session: Session) -> None:
    line.instead.append(ServiceAnswer(status, b""))
    with pytest.raises(NotNow):
        SES_HOSPEDAJES.deliver(make_family(), session, NOW)
    assert len(line.sent) == 1
    assert not line.service.is_telling("POST", PATH, {}, line.sent[0])


def test_a_file_that_was_taken_is_recognised_when_a_person_lets_it_go_again(
    line: StraightLine, session: Session
) -> None:
    items = make_family()
    deliver(items, session)
    assert deliver(items, session) == [Unverified(), Unverified()]
    assert len(line.service.list_told()) == 2


def test_an_annulment_takes_the_whole_family_back_and_twice_is_once(line: StraightLine, session: Session) -> None:
    items = make_family()
    first = settle(items, session)
    both = [annul(each, reference) for each, reference in zip(first, ("8" * 32, "9" * 32), strict=True)]
    outcomes = deliver(both, session)
    assert unpack(line.sent[-1]).count(b"codigoComunicacion>") == 2  # one element
    assert all(isinstance(each, Accepted) for each in query(both, outcomes, session))
    assert line.service.list_told() == []
    # Unverified, it is asked about at the batch of what it takes back.
    assert all(isinstance(each, Accepted) for each in query(both, [Unverified(), Unverified()], session))


def test_an_annulment_that_never_came_waits_to_be_sent_again(line: StraightLine, session: Session) -> None:
    told = settle(make_family(), session)
    line.instead.append(AnswerLost())
    item = annul(told[0])
    assert deliver([item], session) == [Pending("")]
    assert query([item], [Pending("")], session) == [Withheld()]


def test_annulments_go_before_arrivals(line: StraightLine, session: Session) -> None:
    told = settle(make_family(), session)
    again = make_item(make_matter(make_guest(number="L0000001"), reference="5" * 32))
    deliver([again, annul(told[0])], session)
    assert [b"<tipoOperacion>B" in each for each in line.sent[-2:]] == [True, False]


def test_answers_are_read_in_the_spelling_of_the_manual_too(line: StraightLine, session: Session) -> None:
    items = make_family()
    batch = "00000000-0000-0000-0000-000000000000"
    head = (
        '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Header/><SOAP-ENV:Body>'
        '<ns3:comunicacionResponse xmlns:ns3="http://www.soap.servicios.hospedajes.mir.es/comunicacion"><respuesta>'
    )
    tail = "</ns3:comunicacionResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    taken = f"<codigoRetorno>0</codigoRetorno><descripcion>Ok</descripcion><lote >{batch}</lote ></respuesta>"
    line.instead.append(ServiceAnswer(200, (head + taken + tail).encode()))
    outcomes = deliver(items, session)
    assert outcomes[0] == Pending(f"{batch}/1/1/")
    refused = (
        "<codigo>0</codigo><descripcion>Ok</descripcion></respuesta><resultado>"
        f"<lote> {batch}</lote><tipoComuniacion> PV</tipoComuniacion><tipoOperacion>A</tipoOperacion>"
        "<codigoEstado> 6</codigoEstado><resultadoComunicaciones><resutadoComunicacion><orden> 1</orden>"
        "<tipoError> Error validación de datos </tipoError><error> Error de validación en la comunicación [1]: [No "
        "existe un establecimiento para ese código. codigoEstablecimiento: [1234567890]] </error>"
        "</resutadoComunicacion></resultadoComunicaciones></resultado>"
    )
    line.instead.append(ServiceAnswer(200, (head + refused + tail).encode()))
    told = query(items, outcomes, session)
    assert isinstance(told[0], Refused)
    assert "No existe un establecimiento" in told[0].words


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda body: body.replace(b"<codigoArrendador>0000000001", b"<codigoArrendador>"), b"10100"),
        (lambda body: body.replace(b"<codigoArrendador>0000000001", b"<codigoArrendador>0000000009"), b"10103"),
        (lambda body: body.replace(b"<aplicacion>Kuaijietong", b"<aplicacion>"), b"10101"),
        (lambda body: body.replace(b"<aplicacion>Kuaijietong", b"<aplicacion>" + b"K" * 51), b"10150"),
        (lambda body: body.replace(b"<tipoOperacion>A", b"<tipoOperacion>"), b"10112"),
        (lambda body: body.replace(b"<tipoOperacion>A", b"<tipoOperacion>Z"), b"10117"),
        (lambda body: body.replace(b"<tipoComunicacion>PV", b"<tipoComunicacion>"), b"10116"),
        (lambda body: body.replace(b"<tipoComunicacion>PV", b"<tipoComunicacion>XX"), b"10122"),
        (lambda body: body.replace(b"<tipoComunicacion>PV", b"<tipoComunicacion>AV"), b"10119"),
        (lambda body: body.replace(b"<solicitud>", b"<solicitud>!"), b"10111"),
        (lambda body: body.replace(b"<solicitud>", b"<other>").replace(b"</solicitud>", b"</other>"), b"10140"),
        (lambda body: body.replace(b"cabecera>", b"header>"), b"10109"),
        (lambda body: body.replace(b"peticion>", b"request>"), b"10108"),
    ],
)
def test_the_simulator_refuses_what_the_manual_refuses(
    change: Callable[[bytes], bytes], code: bytes, line: StraightLine
) -> None:
    file = write_arrivals("0000000002", [[read_arrival(each) for each in make_family()]])
    body = change(write_request("0000000001", "A", file))
    token = base64.b64encode(f"{DEMO_CREDENTIALS['user']}:{DEMO_CREDENTIALS['password']}".encode()).decode()
    answered = line.service.answer("POST", PATH, {"authorization": f"Basic {token}"}, body, NOW)
    assert b"<codigo>" + code + b"</codigo>" in answered.data


def test_the_simulator_takes_no_bomb_and_no_living_person(session: Session, line: StraightLine) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.xml", b" " * (9 * 1024 * 1024))
    body = write_request("0000000001", "A", write_query(("1",))).replace(
        pack(write_query(("1",))).encode(), base64.b64encode(packed.getvalue())
    )
    token = base64.b64encode(f"{DEMO_CREDENTIALS['user']}:{DEMO_CREDENTIALS['password']}".encode()).decode()
    answered = line.service.answer("POST", PATH, {"authorization": f"Basic {token}"}, body, NOW)
    assert b"10111" in answered.data
    living = make_item(make_matter(make_guest(nationality="FRA", state="FRA")))
    assert isinstance(settle([living], session)[0], Refused)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("<rol>VI</rol>", ""),
        lambda text: text.replace("<rol>VI</rol>", "<rol>XX</rol>"),
        lambda text: text.replace("<nombre>ANNA</nombre><apellido1>ERIKSSON</apellido1>", "<apellido1>E</apellido1>"),
        lambda text: text.replace("<nombre>ANNA</nombre>", "<nombre>" + "A" * 51 + "</nombre>"),
        lambda text: text.replace("<fechaNacimiento>1974-08-12", "<fechaNacimiento>1974-13-12"),
        lambda text: text.replace("<pais>FRA", "<pais>FR"),
        lambda text: text.replace("<sexo>M</sexo>", "<sexo>M</sexo><sexo>M</sexo>"),
        lambda text: text.replace("<rol>", "<extra/><rol>"),
        lambda text: text.replace("<solicitud>", "<solicitud>text"),
        lambda text: text.replace("<rol>", '<rol a="b">'),
        lambda text: text.replace("altaParteHospedaje", "altaReservaHospedaje"),
        lambda text: text.replace("<numPersonas>1", "<numPersonas>one"),
    ],
)
def test_the_schema_of_the_simulator_is_strict(change: Callable[[str], str]) -> None:
    text = write_arrivals("0000000002", [[read_arrival(make_item(make_matter()))]]).decode()
    assert find_breach(parse_xml(text.encode())) == ""
    assert change(text) != text
    assert find_breach(parse_xml(change(text).encode())) != ""


def test_the_fallback_is_the_file_that_the_portal_takes(session: Session) -> None:
    file = SES_HOSPEDAJES.make_fallback(make_family(), None, None, NOW, None)  # type: ignore[arg-type]
    assert find_breach(parse_xml(file.data)) == ""
    assert "ERIKSSON" not in file.name


def test_nothing_that_is_refused_shows_a_guest_in_its_repr(session: Session, line: StraightLine) -> None:
    items = make_family()
    line.service.forced.append(10118)
    shown = repr((items, deliver(items, session), FAMILY, read_arrival(items[0])))
    for secret in ("ERIKSSON", "L898902C3", "1974", "612 345", "République"):
        assert secret not in shown


def test_the_real_address_is_pinned_and_a_simulator_is_on_this_machine_alone() -> None:
    assert SES_HOSPEDAJES.address.url == "https://hospedajes.ses.mir.es"
    HttpLine(SES_HOSPEDAJES.address)
    with pytest.raises(Exception, match=r"loopback|address"):
        HttpLine(ServiceAddress("http://hospedajes.ses.mir.es"))
