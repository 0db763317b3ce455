"""The Croatian destination against its simulator: the whole life of a stay under one id that is made here."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from records.documents import DocumentKind, Sex
from records.profile import ProfileField
from records.stays import EventKind
from terminal.destinations.asked import Finding, FindingCode
from terminal.destinations.croatia.calls import act, browse, read_cookies
from terminal.destinations.croatia.composing import find_document
from terminal.destinations.croatia.destination import EVISITOR
from terminal.destinations.croatia.messages import Gender, Message, decode_message, encode_message
from terminal.destinations.line import HttpLine, ServiceAddress, ServiceAnswer
from terminal.destinations.sim.evisitor import DEMO_CREDENTIALS, SimulatedEVisitor
from terminal.destinations.sim.server import run_simulator
from terminal.destinations.terms import (
    Absent,
    Accepted,
    Action,
    CannotCompose,
    Credentials,
    Item,
    NoAnswer,
    NotNow,
    Refused,
    SignInRefused,
    Unverified,
    Withheld,
)
from tests.destinations.czhr_kit import (
    CHILD_PAPER,
    CROATIAN_ANSWERS,
    FAMILY,
    NOW,
    STAY,
    VENUE,
    ZAGREB,
    leave,
    make_guest,
    make_item,
    make_matter,
)

CREDENTIALS = Credentials(DEMO_CREDENTIALS)


@pytest.fixture(scope="module")
def running() -> Iterator[SimpleNamespace]:
    """A simulator and a line to it."""
    with run_simulator(SimulatedEVisitor()) as server:
        yield SimpleNamespace(server=server, line=HttpLine(ServiceAddress(server.url), read_timeout_s=3.0))


@pytest.fixture
def service(running: SimpleNamespace) -> SimpleNamespace:
    """The same with a register that has nothing yet, and a session there."""
    running.register = running.server.service = SimulatedEVisitor()
    running.server.faults.clear()
    running.session = EVISITOR.sign_in(CREDENTIALS, running.line, NOW)
    running.tables = EVISITOR.fetch_tables(running.session)
    return running


def compose(service: SimpleNamespace, guest: Any, answers: Any = CROATIAN_ANSWERS, **rest: Any) -> Item:
    matter = make_matter(guest, answers, party=FAMILY if guest in FAMILY else (), zone=ZAGREB, **rest)
    return make_item(EVISITOR, matter, service.tables)


def compose_family(service: SimpleNamespace) -> list[Item]:
    answers = [CROATIAN_ANSWERS, CROATIAN_ANSWERS, CROATIAN_ANSWERS, {**CROATIAN_ANSWERS, **CHILD_PAPER}]
    return [
        compose(service, guest, each, index=index)
        for index, (guest, each) in enumerate(zip(FAMILY, answers, strict=True), 1)
    ]


def body_of(item: Item) -> dict[str, str]:
    return dict(decode_message(item.data).body)


def test_a_family_of_four_is_checked_in_with_four_ids(service: SimpleNamespace) -> None:
    items = compose_family(service)
    outcomes = EVISITOR.deliver(items, service.session, NOW)
    assert outcomes == [Accepted(body_of(item)["ID"]) for item in items]
    assert len(service.register.stays) == 4
    assert [body_of(item)["TTPaymentCategory"] for item in items] == ["14", "14", "1", "1"]
    assert body_of(items[3])["DocumentType"] == "999"


def test_the_house_is_put_in_when_it_is_sent(service: SimpleNamespace) -> None:
    (item,) = compose_family(service)[:1]
    EVISITOR.deliver([item], service.session, NOW)
    (stay,) = service.register.stays.values()
    assert stay.body["Facility"] == DEMO_CREDENTIALS["facility"]


def test_sending_twice_registers_once(service: SimpleNamespace) -> None:
    items = compose_family(service)
    EVISITOR.deliver(items, service.session, NOW)
    service.server.faults.append("twice")
    assert EVISITOR.deliver(items, service.session, NOW)[0] == Accepted(body_of(items[0])["ID"])
    told = service.register.list_told()
    assert [line.split()[:2] for line in told] == [["CheckInTourist", body_of(item)["ID"]] for item in items]


@pytest.mark.parametrize("fault", ["lost", "cut", "garbled", "down"])
def test_what_may_have_arrived_is_asked_about_by_its_id(service: SimpleNamespace, fault: str) -> None:
    items = compose_family(service)[:3]
    service.server.faults.append(fault)
    outcomes = EVISITOR.deliver(items, service.session, NOW)
    # An empty answer is a success, and half of nothing too.
    assert outcomes[0] == (Accepted(body_of(items[0])["ID"]) if fault == "cut" else Unverified())
    (found,) = EVISITOR.query(items[:1], service.session, NOW)
    assert found == (Absent() if fault == "down" else Accepted(body_of(items[0])["ID"]))
    if fault != "cut":
        assert outcomes[1:] == [Withheld(), Withheld()]


def test_service_that_is_busy_has_taken_nothing(service: SimpleNamespace) -> None:
    service.server.faults.append("busy")
    with pytest.raises(NotNow):
        EVISITOR.deliver(compose_family(service), service.session, NOW)
    assert service.register.list_told() == []


def test_the_whole_life_of_a_stay_goes_under_one_id(service: SimpleNamespace) -> None:
    guest = FAMILY[0]
    item = compose(service, guest)
    (accepted,) = EVISITOR.deliver([item], service.session, NOW)
    assert isinstance(accepted, Accepted)
    longer = replace(STAY, planned_departure=STAY.planned_departure + timedelta(days=3))
    correction = compose(service, guest, index=2, action=Action.CORRECTION, stay=longer, earlier=accepted.handle)
    assert EVISITOR.deliver([correction], service.session, NOW) == [accepted]
    left = compose(service, guest, index=3, action=Action.DEPARTURE, stay=leave(longer, NOW), earlier=accepted.handle)
    assert EVISITOR.deliver([left], service.session, NOW) == [accepted]
    stay = accepted.handle
    assert service.register.list_told() == [
        f"CheckInTourist {stay} LINDGREN KARL JOHAN",
        f"edit {stay}",
        f"CheckOutTourist {stay}",
    ]
    assert EVISITOR.query([left], service.session, NOW) == [accepted]


def test_a_stay_that_did_not_take_place_is_cancelled(service: SimpleNamespace) -> None:
    item = compose(service, FAMILY[0])
    (accepted,) = EVISITOR.deliver([item], service.session, NOW)
    assert isinstance(accepted, Accepted)
    annulment = compose(service, FAMILY[0], index=2, action=Action.ANNULMENT, earlier=accepted.handle)
    assert EVISITOR.query([annulment], service.session, NOW) == [Absent()]
    assert EVISITOR.deliver([annulment], service.session, NOW) == [accepted]
    assert EVISITOR.query([annulment], service.session, NOW) == [accepted]
    # Cancelled there: neither there nor simply missing, so a person looks.
    assert EVISITOR.query([item], service.session, NOW) == [Unverified()]


def test_somebody_who_is_here_already_is_refused_in_plain_words(service: SimpleNamespace) -> None:
    EVISITOR.deliver([compose(service, FAMILY[0])], service.session, NOW)
    (again,) = EVISITOR.deliver([compose(service, FAMILY[0], index=9)], service.session, NOW)
    assert isinstance(again, Refused)
    assert (again.code, again.about) == ("already_here", "number")
    assert "već prijavljen" in again.words


def test_already_here_under_our_own_id_is_what_we_wanted(service: SimpleNamespace) -> None:
    class Forgetful(SimulatedEVisitor):
        """Checks for doubles before it looks at the id: the wiki leaves the order open."""

        def _edit(self, before: Any, body: dict[str, str]) -> None:
            self._turn_away()

        def _turn_away(self) -> None:
            from terminal.destinations.sim import evisitor

            raise evisitor._Turned(evisitor._ALREADY)

    service.server.service = Forgetful()
    session = EVISITOR.sign_in(CREDENTIALS, service.line, NOW)
    item = compose(service, FAMILY[0])
    first = EVISITOR.deliver([item], session, NOW)
    assert EVISITOR.deliver([item], session, NOW) == first


def test_a_refused_check_in_is_put_right(service: SimpleNamespace) -> None:
    item = compose(service, FAMILY[0])
    message = decode_message(item.data)
    wrong = replace(item, data=encode_message(Message(message.action, {**message.body, "CityOfBirth": ""})))
    (refused,) = EVISITOR.deliver([wrong], service.session, NOW)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.about) == ("birth_town", ProfileField.BIRTH_TOWN)
    assert isinstance(EVISITOR.deliver([item], service.session, NOW)[0], Accepted)


def test_a_sign_in_that_has_ended_is_made_again_once(service: SimpleNamespace) -> None:
    service.register._sessions.clear()
    assert isinstance(EVISITOR.deliver([compose(service, FAMILY[0])], service.session, NOW)[0], Accepted)


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"user": "other"}, {"facility": "7"}])
def test_credentials_and_house_are_checked_at_set_up(service: SimpleNamespace, changes: dict[str, str]) -> None:
    with pytest.raises(SignInRefused):
        EVISITOR.sign_in(Credentials({**DEMO_CREDENTIALS, **changes}), service.line, NOW)


@pytest.mark.parametrize(
    ("status", "data", "error"),
    [
        (400, {"UserMessage": None, "SystemMessage": "Application is not registered or is"}, SignInRefused),
        (400, {"UserMessage": "You are not authorized for action 'Read'", "SystemMessage": None}, SignInRefused),
        (200, "The requested URL was rejected. Please consult with your administrator.", NotNow),
        (503, "", NotNow),
        (429, "", NotNow),
        (500, "oops", NoAnswer),
        (302, "", NoAnswer),
    ],
)  # fmt: skip
def test_other_answers_are_told_apart(service: SimpleNamespace, status: int, data: Any, error: type[Exception]) -> None:
    class Odd(SimulatedEVisitor):
        def answer(self, method: str, path: str, headers: Any, body: bytes, now: Any) -> ServiceAnswer:
            text = data if isinstance(data, str) else json.dumps(data)
            return ServiceAnswer(status, text.encode())

    service.server.service = Odd()
    with pytest.raises(error):
        act(service.session, "CheckInTourist", {"ID": "x"})


def test_cookies_are_sent_as_the_gateway_wants_them() -> None:
    lines = ".ASPXAUTH=1; path=/; HttpOnly\naffinity=2; path=/\nbroken"
    assert read_cookies(lines) == ".ASPXAUTH=1; affinity=2"


def test_each_event_is_told_as_far_as_the_service_has_a_message() -> None:
    def told(kind: EventKind) -> tuple[Action, ...]:
        return EVISITOR.list_actions(kind, is_accepted=True)

    assert told(EventKind.MOVE) == ()
    assert told(EventKind.EXTEND) == told(EventKind.CORRECT) == (Action.CORRECTION,)
    assert told(EventKind.CHECK_OUT) == (Action.DEPARTURE,)
    assert told(EventKind.CANCEL) == (Action.ANNULMENT,)
    assert EVISITOR.list_actions(EventKind.CHECK_IN, is_accepted=False) == (Action.ARRIVAL,)
    assert EVISITOR.list_actions(EventKind.CANCEL, is_accepted=False) == ()


@pytest.mark.parametrize(
    ("guest", "answers", "about", "code"),
    [
        (make_guest(state="XXX"), CROATIAN_ANSWERS, ProfileField.BIRTH_STATE, FindingCode.MISSING),
        (make_guest(), {}, ProfileField.BIRTH_TOWN, FindingCode.MISSING),
        (make_guest(sex=Sex.UNSPECIFIED), CROATIAN_ANSWERS, ProfileField.REGISTER_SEX, FindingCode.MISSING),
        (
            make_guest(),
            {**CROATIAN_ANSWERS, ProfileField.BIRTH_STATE: "HRV"},
            ProfileField.BIRTH_TOWN,
            FindingCode.WRONG_FORM,
        ),
        (
            make_guest(),
            {**CROATIAN_ANSWERS, ProfileField.RESIDENCE_STATE: "CHE"},
            ProfileField.BORDER_CROSSING,
            FindingCode.MISSING,
        ),
        (
            make_guest(),
            {**CROATIAN_ANSWERS, ProfileField.ARRIVAL_KIND: "A"},
            ProfileField.AGENCY,
            FindingCode.MISSING,
        ),
        (make_guest("", kind=DocumentKind.NONE), CROATIAN_ANSWERS, ProfileField.PAPER_KIND, FindingCode.MISSING),
    ],
)
def test_what_would_be_refused_is_found_at_the_counter(
    service: SimpleNamespace, guest: Any, answers: Any, about: ProfileField, code: FindingCode
) -> None:
    matter = make_matter(guest, answers, zone=ZAGREB)
    findings = EVISITOR.check(matter, service.tables)
    assert findings[0] == Finding(about, code)
    with pytest.raises(CannotCompose):
        EVISITOR.compose(matter, service.tables)


def test_who_comes_from_outside_the_union_tells_where_they_entered(service: SimpleNamespace) -> None:
    answers = {
        **CROATIAN_ANSWERS,
        ProfileField.RESIDENCE_STATE: "CHE",
        ProfileField.BORDER_CROSSING: "B01",
        ProfileField.PASSAGE_DAY: f"{NOW.date() - timedelta(days=1):%d.%m.%Y}",
    }
    item = compose(service, make_guest(), answers)
    assert body_of(item)["PassageDate"] == f"{NOW.date() - timedelta(days=1):%Y%m%d}"
    assert isinstance(EVISITOR.deliver([item], service.session, NOW)[0], Accepted)


def test_an_ordinary_guest_is_asked_for_two_towns_alone(service: SimpleNamespace) -> None:
    matter = make_matter(make_guest(), {}, zone=ZAGREB)
    found = {each.about for each in EVISITOR.check(matter, service.tables)}
    assert found == {ProfileField.BIRTH_TOWN, ProfileField.HOME_TOWN}


def test_answers_that_are_no_longer_asked_for_are_not_sent(service: SimpleNamespace) -> None:
    answers = {**CROATIAN_ANSWERS, ProfileField.BORDER_CROSSING: "B01", ProfileField.AGENCY: "HR12345678901"}
    assert not {"BorderCrossingHr", "TouristAgency"} & body_of(compose(service, make_guest(), answers)).keys()


@pytest.mark.parametrize(
    ("kind", "state", "code"),
    [
        (DocumentKind.PASSPORT, "UTO", "002"), (DocumentKind.IDENTITY_CARD_FOREIGN, "UTO", "027"),
        (DocumentKind.PASSPORT_DIPLOMATIC, "UTO", "006"), (DocumentKind.PASSPORT_SERVICE, "UTO", "007"),
        (DocumentKind.IDENTITY_CARD_FOREIGN, "HRV", "051"), (DocumentKind.PASSPORT, "HRV", "900"),
        (DocumentKind.PASSPORT_SERVICE, "HRV", "037"), (DocumentKind.OTHER, "UTO", ""),
    ],
)  # fmt: skip
def test_kinds_of_document_are_found_in_the_services_table(
    service: SimpleNamespace, kind: DocumentKind, state: str, code: str
) -> None:
    assert find_document(make_guest(kind=kind, state=state), service.tables) == code


def test_who_has_one_name_and_no_sex_in_the_document_is_registered_all_the_same(service: SimpleNamespace) -> None:
    guest = make_guest(given="", sex=Sex.UNSPECIFIED)
    item = compose(service, guest, {**CROATIAN_ANSWERS, ProfileField.REGISTER_SEX: Gender.FEMALE})
    assert (body_of(item)["TouristName"], body_of(item)["Gender"]) == ("-", "ženski")
    assert isinstance(EVISITOR.deliver([item], service.session, NOW)[0], Accepted)


def test_slip_says_all_that_was_sent_of_the_guest(service: SimpleNamespace) -> None:
    item = compose(service, FAMILY[0])
    said = dict(EVISITOR.describe(item.data))
    sent = body_of(item)
    assert {f"evisitor_{name.lower()}" for name in sent} - {"evisitor_facility"} == said.keys()


def test_fallback_is_the_portals_file_for_check_ins_and_check_outs(service: SimpleNamespace) -> None:
    items = compose_family(service)
    profile: Any = SimpleNamespace()
    file = EVISITOR.make_fallback(items, profile, VENUE, NOW, CREDENTIALS)
    root = ElementTree.fromstring(file.data)
    assert (root.tag, len(root), root[0].tag) == ("ArrayOfTouristCheckIn", 4, "TouristCheckIn")
    assert root[0].get("Facility") == DEMO_CREDENTIALS["facility"]
    assert not list(root[0])
    left = compose(service, FAMILY[0], index=3, action=Action.DEPARTURE, stay=leave(STAY, NOW), earlier="x")
    both = EVISITOR.make_fallback([*items, left], profile, VENUE, NOW, CREDENTIALS)
    with zipfile.ZipFile(BytesIO(both.data)) as archive:
        assert len(archive.namelist()) == 2
    annulment = compose(service, FAMILY[0], index=4, action=Action.ANNULMENT, earlier="x")
    with pytest.raises(CannotCompose):
        EVISITOR.make_fallback([annulment], profile, VENUE, NOW, CREDENTIALS)


def test_tables_are_the_services_own(service: SimpleNamespace) -> None:
    assert service.tables.has_all(EVISITOR.table_names)
    assert not service.tables.find("union").has("CHE")
    with pytest.raises(SignInRefused):
        browse(service.session, "FacilityCategoryLookup")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"StayFrom": "20200101", "ForeseenStayUntil": "20200103"}, "Nije dopušten"),
        ({"ForeseenStayUntil": "20990101"}, "maksimalan"),
        ({"Citizenship": "DEU"}, "simulator"),
        ({"TTPaymentCategory": "99"}, "šifrarniku"),
        ({"CountryOfBirth": "ZZZ"}, "šifrarniku"),
        ({"TTPaymentCategory": "1"}, "dobi turista"),
        ({"Unknown": "x"}, "formata"),
    ],
)
def test_simulator_refuses_what_the_service_refuses(
    service: SimpleNamespace, changes: dict[str, str], words: str
) -> None:
    reply = act(
        service.session, "CheckInTourist", {**body_of(compose(service, FAMILY[0])), "Facility": "0000001"} | changes
    )
    assert reply.complaint is not None
    assert words in reply.complaint.words
