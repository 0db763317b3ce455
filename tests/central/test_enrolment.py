"""Enrolment at central: one-time codes, two people, and what nobody can do alone; on both databases."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.accounts import open_accounts
from central.audit import COMMAND_LINE, CentralAct, open_audit
from central.enrolment import APPROVAL_LASTS, EnrolmentBook, EnrolmentState, House, IssuedCode, take_request
from central.errors import ActRefused
from central.ingest.app import make_app
from central.store.areas import EVERYTHING, WHOLE, AreaKind, AreaRow, Scope, insert_area
from central.store.terminals import TerminalState, load_terminals
from central.store.venues import insert_venues
from central.terminals import EventFinding, Suspensions, settle_event, suspend_terminal, withdraw_terminal
from central.two_people import ROLE, TwoPeople
from central.venue_rules import VenueFields
from central.venues import VenueBook
from records.enrolment import (
    CODE_LASTS,
    EnrolmentRequest,
    EnrolmentStatus,
    HouseDetails,
    SignedEnrolmentRequest,
    derive_code_key,
    open_enrolment_answer,
    read_code,
    sign_enrolment_request,
    write_code,
)
from records.profile import VenueKind
from records.receipt import RefusalReason, parse_refusal
from service.accounts import AccountAct, ensure_account_key
from service.accounts.one_time_codes import STEP_S, compute_code
from tests.central.town import OTHER_VENUE, TERMINAL, VENUE, Town, build_town, make_envelope, new_key
from tests.service.small_service import WEAK

PASSWORD = "a sentence of my own"
HOUSE = House(VENUE, HouseDetails("Yunxi Guesthouse", "12 Riverside Lane", "guesthouse"))


class Office:
    """Central's database with administrators, whose day can pass."""

    def __init__(self, town: Town) -> None:
        self.town, self.store = town, town.parts.store
        self.audit = open_audit(self.store, lambda: town.now)
        key = ensure_account_key(town.settings.account_key)
        self.accounts, _ = open_accounts(self.store, key, self.audit, lambda: town.now, WEAK)
        two_people = TwoPeople(self.store)
        self.book = EnrolmentBook(self.store, self.audit, two_people, lambda: town.now)
        self.suspensions = Suspensions(self.store, self.audit, two_people, lambda: town.now)

    def hire(self, *names: str, by: str = COMMAND_LINE) -> None:
        for name in names:
            self.accounts.add(name, [ROLE], by=by)
            self.settle_in(name)

    def settle_in(self, name: str) -> None:
        """Choose a password and set up the second factor, as an account's holder does."""
        self.accounts.set_password(name, PASSWORD)
        pending = self.accounts.make_factor(name)
        now = int(self.town.now.timestamp())
        code = compute_code(self.accounts.show_factor(name, pending), now - STEP_S)
        self.accounts.confirm_second_factor(name, pending, code)

    def prove(self, issued: IssuedCode, **changes: Any) -> tuple[EnrolmentStatus, SignedEnrolmentRequest]:
        request = make_request(self.town, issued.groups, **changes)
        return take_request(self.store, self.audit, self.town.parts.root, request, self.town.now)[0], request

    def wait(self, seconds: float) -> None:
        self.town.now += timedelta(seconds=seconds)

    def find_state(self, terminal: bytes) -> TerminalState | None:
        with self.store.reading() as connection:
            found = load_terminals(connection, [terminal]).get(terminal)
        return found.state if found else None

    def list_acts(self) -> list[tuple[str, str, str]]:
        return self.town.list_acts()


def make_request(
    town: Town, groups: tuple[str, ...], *, seed: int = 1, late_s: int = 0, root: str = ""
) -> SignedEnrolmentRequest:
    key, code_key = new_key(), derive_code_key(read_code(list(groups)))
    digest = bytes.fromhex(root or town.parts.root.digest)
    made_at = town.now.replace(microsecond=0) + timedelta(seconds=late_s)
    wanted = EnrolmentRequest(
        bytes([seed]) * 16, key.public, code_key.public, town.parts.root.receipt_key.data, digest, made_at
    )
    return sign_enrolment_request(wanted, key, code_key)


def open_office(town: Town) -> Office:
    made = Office(town)
    made.hire("anna", "boris")
    made.wait(60)
    return made


@pytest.fixture
def office(sqlite_town: Town) -> Office:
    """What is decided does not depend on the database; what is written does, and takes `any_office`."""
    return open_office(sqlite_town)


@pytest.fixture
def any_office(town: Town) -> Office:
    return open_office(town)


@pytest.fixture
def client(office: Office) -> FlaskClient:
    return make_app(office.town.parts, lambda: office.town.now).test_client()


def test_code_key_words_and_second_person_make_a_terminal(any_office: Office) -> None:
    office = any_office
    issued = office.book.issue("anna", HOUSE)
    status, request = office.prove(issued)
    assert status is EnrolmentStatus.WAITING
    assert office.find_state(request.request.terminal) is None
    office.book.approve("boris", issued.enrolment)
    assert office.find_state(request.request.terminal) is TerminalState.ACTIVE
    with office.store.reading() as connection:
        made = load_terminals(connection, [request.request.terminal])[request.request.terminal]
    assert (made.venue, made.key) == (VENUE, request.request.terminal_key)
    acts = [(actor, act) for actor, act, _ in office.list_acts() if act in set(CentralAct)]
    assert acts[-3:] == [
        ("anna", CentralAct.ISSUE_CODE), ("new terminal", CentralAct.USE_CODE),
        ("boris", CentralAct.APPROVE_ENROLMENT),
    ]  # fmt: skip


def test_database_holds_nothing_that_the_code_follows_from(office: Office) -> None:
    issued = office.book.issue("anna", HOUSE)
    code = read_code(list(issued.groups))
    secrets = (code, code.hex().encode(), derive_code_key(code).data, *(each.encode() for each in issued.groups))
    with office.store.reading() as connection:
        row = connection.exec_driver_sql("SELECT * FROM enrolments").one()
    kept = b" ".join(each if isinstance(each, bytes) else str(each).encode() for each in row)
    assert not [each for each in secrets if each in kept]


def test_request_is_answered_the_same_however_often_it_comes(office: Office) -> None:
    issued = office.book.issue("anna", HOUSE)
    status, request = office.prove(issued)
    parts = office.town.parts
    again = [take_request(parts.store, office.audit, parts.root, request, office.town.now) for _ in range(3)]
    assert [each[0] for each in again] == [status] * 3
    assert again[0][1] == HOUSE
    assert sum(act == CentralAct.USE_CODE for _, act, _ in office.list_acts()) == 1


def test_code_is_good_for_one_machine_for_fifteen_minutes(office: Office) -> None:
    issued = office.book.issue("anna", HOUSE)
    assert office.prove(issued, seed=1)[0] is EnrolmentStatus.WAITING
    assert office.prove(issued, seed=2)[0] is EnrolmentStatus.CODE_USED
    late = office.book.issue("anna", HOUSE)
    office.wait(CODE_LASTS.total_seconds() + 1)
    assert office.prove(late, seed=3)[0] is EnrolmentStatus.EXPIRED
    back = office.book.issue("anna", HOUSE)
    office.wait(-3600)  # the clock was set back: no way to make a code last longer
    assert office.prove(back, seed=4)[0] is EnrolmentStatus.EXPIRED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"late_s": 601}, EnrolmentStatus.WRONG_TIME),
        ({"late_s": -601}, EnrolmentStatus.WRONG_TIME),
        ({"root": "ab" * 32}, EnrolmentStatus.WRONG_ROOT),
        ({"seed": TERMINAL[0]}, EnrolmentStatus.REFUSED),  # the id of a terminal that is known already
    ],
)
def test_mistake_does_not_use_the_code_up(
    office: Office, changes: dict[str, object], expected: EnrolmentStatus
) -> None:
    issued = office.book.issue("anna", HOUSE)
    assert office.prove(issued, **changes)[0] is expected
    assert office.prove(issued, seed=9)[0] is EnrolmentStatus.WAITING


def test_nobody_approves_what_waits_for_more_than_a_day_or_was_refused(office: Office) -> None:
    waited, refused = office.book.issue("anna", HOUSE), office.book.issue("anna", HOUSE)
    office.prove(waited, seed=1)
    _, request = office.prove(refused, seed=2)
    office.book.refuse("anna", refused.enrolment)
    parts = office.town.parts
    assert take_request(parts.store, office.audit, parts.root, request, office.town.now)[0] is EnrolmentStatus.REFUSED
    office.wait(APPROVAL_LASTS.total_seconds() + 1)
    for each in (waited, refused):
        with pytest.raises(ActRefused, match="gone"):
            office.book.approve("boris", each.enrolment)


def approve_after(office: Office, act: str) -> str:
    """Do something about the accounts between code and approval; return why the approval is refused."""
    issued = office.book.issue("anna", HOUSE)
    office.prove(issued)
    approvers = {"own": "anna", "command line": COMMAND_LINE, "made since": "clara", "made by the first": "dora"}
    approver = (approvers | {"no such account": "nobody"}).get(act, "boris")
    match act:
        case "made since":
            office.hire("clara")
        case "reset since":
            office.accounts.reset("boris", by=COMMAND_LINE)
            office.settle_in("boris")
        case "given the role since":
            office.audit.write("anna", CentralAct.CONFIRM_GRANT, f"boris {ROLE}")
        case "given the role by the command line since":
            office.audit.write(COMMAND_LINE, CentralAct.GIVE_ROLE, f"boris {ROLE}")
        case "first disabled":
            office.accounts.disable("anna", by=COMMAND_LINE)
        case "second disabled":
            office.accounts.disable("boris", by=COMMAND_LINE)
    with pytest.raises(ActRefused) as refused:
        office.book.approve(approver, issued.enrolment)
    return refused.value.code


@pytest.mark.parametrize(
    ("act", "code"),
    [
        ("own", "same_person"), ("command line", "same_person"), ("made since", "too_new"), ("reset since", "too_new"),
        ("given the role since", "too_new"), ("given the role by the command line since", "too_new"),
        ("made by the first", "not_independent"), ("first disabled", "not_enabled"), ("second disabled", "not_enabled"),
        ("no such account", "not_enabled"),
    ],
)  # fmt: skip
def test_approval_is_refused_to_whoever_may_be_the_same_person(office: Office, act: str, code: str) -> None:
    office.hire("dora", by="anna")
    office.wait(60)
    assert approve_after(office, act) == code
    assert {each.state for each in office.book.list_latest()} == {EnrolmentState.WAITING}


def test_role_given_to_another_account_of_a_longer_name_is_no_hindrance(office: Office) -> None:
    issued = office.book.issue("anna", HOUSE)
    office.prove(issued)
    office.audit.write("anna", CentralAct.CONFIRM_GRANT, f"boris2 {ROLE}")
    office.book.approve("boris", issued.enrolment)


def test_code_of_the_command_line_needs_somebody_at_the_console(office: Office) -> None:
    issued = office.book.issue(COMMAND_LINE, HOUSE)
    _, request = office.prove(issued)
    office.book.approve("boris", issued.enrolment)
    assert office.find_state(request.request.terminal) is TerminalState.ACTIVE


def test_new_terminal_takes_the_place_of_a_lost_one_of_the_same_house_alone(any_office: Office) -> None:
    office = any_office
    with pytest.raises(ActRefused, match="unknown terminal"):
        office.book.issue("anna", replace(HOUSE, venue=OTHER_VENUE), replaces=TERMINAL)
    issued = office.book.issue("anna", HOUSE, replaces=TERMINAL)
    _, request = office.prove(issued)
    assert office.find_state(TERMINAL) is TerminalState.ACTIVE
    office.book.approve("boris", issued.enrolment)
    assert office.find_state(TERMINAL) is TerminalState.REPLACED
    assert office.find_state(request.request.terminal) is TerminalState.ACTIVE


def test_suspended_terminal_keeps_what_it_has_and_two_people_let_it_in(any_office: Office) -> None:
    office = any_office
    town, envelope = office.town, make_envelope()
    suspend_terminal(office.store, office.audit, "anna", TERMINAL)
    answer = town.deliver(envelope).answers[0]
    assert read_refusal(town, answer.refusal) is RefusalReason.TERMINAL_SUSPENDED
    office.suspensions.ask_to_lift("anna", TERMINAL)
    with pytest.raises(ActRefused, match="same person"):
        office.suspensions.lift("anna", TERMINAL)
    with pytest.raises(ActRefused, match="asked already"):
        office.suspensions.ask_to_lift("boris", TERMINAL)
    office.suspensions.lift("boris", TERMINAL)
    assert town.deliver(envelope).answers[0].receipt
    with pytest.raises(ActRefused, match="not in state"):
        office.suspensions.lift("boris", TERMINAL)


def read_refusal(town: Town, text: str) -> RefusalReason:
    return parse_refusal(base64.b64decode(text), town.parts.receipt_key.public).reason


def test_request_to_lift_dies_with_a_day_and_with_a_new_suspension(office: Office) -> None:
    suspend_terminal(office.store, office.audit, "anna", TERMINAL)
    office.suspensions.ask_to_lift("anna", TERMINAL)
    office.wait(24 * 3600 + 1)
    with pytest.raises(ActRefused, match="not asked"):
        office.suspensions.lift("boris", TERMINAL)
    office.suspensions.ask_to_lift("anna", TERMINAL)
    office.suspensions.lift("boris", TERMINAL)
    suspend_terminal(office.store, office.audit, "anna", TERMINAL)
    assert office.suspensions.find_request(TERMINAL) is None


def test_revoked_terminal_comes_back_by_nothing(office: Office) -> None:
    issued = office.book.issue("anna", HOUSE)
    _, request = office.prove(issued)
    office.book.approve("boris", issued.enrolment)
    terminal = request.request.terminal
    withdraw_terminal(office.store, office.audit, "anna", terminal)
    with pytest.raises(ActRefused):
        suspend_terminal(office.store, office.audit, "anna", terminal)
    with pytest.raises(ActRefused):
        office.suspensions.ask_to_lift("anna", terminal)
    with pytest.raises(ActRefused, match="gone"):
        office.book.approve("boris", issued.enrolment)
    parts = office.town.parts
    assert take_request(parts.store, office.audit, parts.root, request, office.town.now)[0] is EnrolmentStatus.REFUSED
    assert office.find_state(terminal) is TerminalState.REVOKED


def test_copied_disk_suspends_its_terminal_and_the_event_is_settled_once(any_office: Office) -> None:
    office = any_office
    town = office.town
    town.deliver(make_envelope())
    town.deliver(make_envelope(captured_at=town.now + timedelta(seconds=5)))  # another one under the same number
    with office.store.reading() as connection:
        (event,) = connection.exec_driver_sql("SELECT id FROM security_events").one()
    settle_event(office.store, office.audit, "anna", TERMINAL, event, EventFinding.COPIED, 1)
    assert office.find_state(TERMINAL) is TerminalState.SUSPENDED
    for terminal in (TERMINAL, b"\x77" * 16):
        with pytest.raises(ActRefused, match="gone"):
            settle_event(office.store, office.audit, "anna", terminal, event, EventFinding.OTHER, 1)


def test_answer_over_the_line_is_signed_and_strangers_get_one_kind_of_answer(
    office: Office, client: FlaskClient
) -> None:
    parts = office.town.parts
    issued = office.book.issue("anna", HOUSE)
    request = make_request(office.town, issued.groups)
    answer = client.post("/v1/enrolments", data=request.data)
    opened = open_enrolment_answer(answer.data, request, parts.receipt_key.public)
    assert (opened.status, opened.venue, opened.house) == (EnrolmentStatus.WAITING, VENUE, HOUSE.details)
    unknown = make_request(office.town, write_code(bytes(14)))
    answered = client.post("/v1/enrolments", data=unknown.data)
    assert (
        open_enrolment_answer(answered.data, unknown, parts.receipt_key.public).status is EnrolmentStatus.UNKNOWN_CODE
    )
    spoiled = bytearray(request.data)
    spoiled[-1] ^= 1
    bodies = {client.post("/v1/enrolments", data=data).data for data in (b"", b"x" * 284, bytes(spoiled))}
    assert len(bodies) == 1


def test_whoever_tries_codes_without_end_is_put_off_and_a_known_code_is_not(
    office: Office, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("central.limits.STRANGERS_AT_ONCE", 2)
    monkeypatch.setattr("central.limits.STRANGERS_PER_S", 0.0)
    unknown = make_request(office.town, write_code(bytes(14)))
    assert [client.post("/v1/enrolments", data=unknown.data).status_code for _ in range(4)] == [200, 200, 429, 429]
    known = make_request(office.town, office.book.issue("anna", HOUSE).groups)
    assert client.post("/v1/enrolments", data=known.data).status_code == 200


def test_at_most_a_hundred_codes_of_one_administrator_wait_and_nobody_elses_are_fewer_for_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("central.enrolment.MOST_OPEN", 2)
    for _ in range(2):
        office.book.issue("anna", HOUSE)
    with pytest.raises(ActRefused, match="too many"):
        office.book.issue("anna", HOUSE)
    assert office.book.issue("boris", HOUSE).groups


def test_chain_of_accounts_is_one_person(any_office: Office) -> None:
    """Anna made boris, who made clara: anna had boris in her hands when clara's one-time password was made."""
    office = any_office
    log = open_audit(office.store, lambda: office.town.now)
    log.write("anna", AccountAct.ADDED, "boris")
    log.write("boris", AccountAct.RESET, "clara")
    office.hire("clara", "dora")
    office.wait(1)
    issued = office.book.issue("anna", HOUSE)
    office.prove(issued)
    for second in ("clara", "boris"):
        with pytest.raises(ActRefused, match="not independent"):
            office.book.approve(second, issued.enrolment)
    office.book.approve("dora", issued.enrolment)


@pytest.mark.parametrize("act", ["approve", "lift"])
def test_second_person_is_judged_again_where_the_act_is_committed(
    office: Office, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    issued = office.book.issue("anna", HOUSE)
    office.prove(issued)
    suspend_terminal(office.store, office.audit, "anna", TERMINAL)
    office.suspensions.ask_to_lift("anna", TERMINAL)
    # Between the first look and the commit boris loses his account.
    monkeypatch.setattr(TwoPeople, "require_second", lambda *_: office.accounts.disable("boris", by="anna"))
    finish = {"approve": (office.book.approve, issued.enrolment), "lift": (office.suspensions.lift, TERMINAL)}
    do, what = finish[act]
    with pytest.raises(ActRefused, match="not enabled"):
        do("boris", what)


def add_house(office: Office, venue: bytes, station: bytes, licence: str) -> VenueBook:
    fields = VenueFields(licence, VenueKind.HOTEL, "Harbour Inn", "1 Quay", None, None, 12, station)
    with office.store.writing() as connection:
        insert_area(connection, AreaRow(station, WHOLE, AreaKind.STATION, licence))
        assert insert_venues(connection, [(venue, fields)], 0)
    return VenueBook(office.store, office.audit, lambda: office.town.now)


def test_nobody_approves_a_terminal_for_a_house_that_was_closed_since(any_office: Office) -> None:
    office, house = any_office, replace(HOUSE, venue=b"h" * 16)
    venues = add_house(office, house.venue, b"s" * 16, "LIC-0001")
    issued = office.book.issue("anna", house)
    office.prove(issued)
    venues.close("x", EVERYTHING, house.venue)
    with pytest.raises(ActRefused, match="house closed"):
        office.book.approve("boris", issued.enrolment)
    assert office.find_state(bytes([1]) * 16) is None


def test_house_that_is_closed_while_a_terminal_is_approved_has_no_terminal(
    any_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, house = any_office, replace(HOUSE, venue=b"h" * 16)
    venues = add_house(office, house.venue, b"s" * 16, "LIC-0001")
    issued = office.book.issue("anna", house)
    office.prove(issued)
    write = office.audit.write

    def close_meanwhile(actor: str, act: str, subject: str) -> None:
        write(actor, act, subject)
        if act == CentralAct.APPROVE_ENROLMENT:
            venues.close("x", EVERYTHING, house.venue)

    with monkeypatch.context() as patch:
        patch.setattr(type(office.audit), "write", lambda _, *about: close_meanwhile(*about))
        with pytest.raises(ActRefused, match="house closed"):
            office.book.approve("boris", issued.enrolment)
    assert office.find_state(bytes([1]) * 16) is None


def test_house_whose_terminals_were_replaced_and_revoked_can_be_closed(office: Office) -> None:
    house = replace(HOUSE, venue=b"h" * 16)
    venues = add_house(office, house.venue, b"s" * 16, "LIC-0001")
    for seed, replaces in ((1, None), (2, bytes([1]) * 16)):
        issued = office.book.issue("anna", house, replaces=replaces)
        office.prove(issued, seed=seed)
        office.book.approve("boris", issued.enrolment)
    withdraw_terminal(office.store, office.audit, "anna", bytes([2]) * 16)
    assert office.find_state(bytes([1]) * 16) is TerminalState.REPLACED
    venues.close("x", EVERYTHING, house.venue)


def test_codes_for_other_areas_push_nothing_out_of_the_list(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("central.enrolment.MOST_LISTED", 2)
    house = replace(HOUSE, venue=b"h" * 16)
    add_house(office, house.venue, b"s" * 16, "LIC-0001")
    own = office.book.issue("anna", house)
    office.wait(1)
    for _ in range(3):
        office.book.issue("anna", HOUSE)
    assert [each.row.id for each in office.book.list_latest(Scope(b"s" * 16))] == [own.enrolment]
    assert office.book.list_latest(Scope()) == []


PEOPLE = ("anna", "boris", "clara")
ACTS = st.tuples(
    st.sampled_from(("issue", "use", "approve", "refuse", "suspend", "ask", "lift", "revoke", "disable", "enable",
                     "reset", "wait")),
    st.sampled_from(PEOPLE), st.sampled_from(PEOPLE),
)  # fmt: skip


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=5, max_size=40))
def test_no_single_person_can_enrol_or_lift(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, str, str]]
) -> None:
    office = Office(build_town(Path(tmp_path_factory.mktemp("town"))))
    office.hire(*PEOPLE)
    codes: list[IssuedCode] = []
    try:
        for number, (act, who, whom) in enumerate(acts):
            office.wait(1)
            try:
                _do(office, codes, act, who, whom, number)
            except ActRefused:
                continue
        _check_log(office)
    finally:
        office.store.close()


def _do(office: Office, codes: list[IssuedCode], act: str, who: str, whom: str, number: int) -> None:
    if act == "issue":
        codes.append(office.book.issue(who, HOUSE))
    elif act == "reset" and who != whom:
        office.accounts.reset(whom, by=who)  # and `who` signs in with it
        office.settle_in(whom)
    elif act in ("use", "approve", "refuse") and codes:
        _do_with_code(office, codes[-1], act, who, number)
    elif act in _OTHER_ACTS:
        _OTHER_ACTS[act](office, who, whom)


def _do_with_code(office: Office, issued: IssuedCode, act: str, who: str, number: int) -> None:
    if act == "use":
        office.prove(issued, seed=number + 1)
    elif act == "approve":
        office.book.approve(who, issued.enrolment)
    else:
        office.book.refuse(who, issued.enrolment)


_OTHER_ACTS: dict[str, Callable[[Office, str, str], None]] = {
    "suspend": lambda office, who, _: suspend_terminal(office.store, office.audit, who, TERMINAL),
    "ask": lambda office, who, _: office.suspensions.ask_to_lift(who, TERMINAL),
    "lift": lambda office, who, _: office.suspensions.lift(who, TERMINAL),
    "disable": lambda office, who, whom: office.accounts.disable(whom, by=who),
    "enable": lambda office, who, whom: office.accounts.enable(whom, by=who),
    "wait": lambda office, *_: office.wait(600),
}


def _check_log(office: Office) -> None:
    """Whoever finished something is another person than the one who began it, and was never in their hands."""
    grips: set[frozenset[str]] = set()
    began: dict[str, str] = {}
    for actor, act, subject in office.list_acts():
        about = subject.split(" ")[0]
        if act == AccountAct.RESET:
            grips.add(frozenset({actor, subject}))
        elif act in (CentralAct.ISSUE_CODE, CentralAct.ASK_TO_LIFT):
            began[about] = actor
        elif act in (CentralAct.APPROVE_ENROLMENT, CentralAct.LIFT_SUSPENSION):
            assert actor != began[about]
            assert frozenset({actor, began[about]}) not in grips
    approved = {subject.split(" ")[1] for _, act, subject in office.list_acts() if act == CentralAct.APPROVE_ENROLMENT}
    with office.store.reading() as connection:
        known = {row[0].hex() for row in connection.exec_driver_sql("SELECT id FROM terminals")}
    assert known - {TERMINAL.hex(), (b"\xa2" * 16).hex()} == approved
