"""The console's pages of enrolment and standing, as a browser without script gets them."""

import re
from pathlib import Path

from flask.testing import FlaskClient

import central
from central.audit import CentralAct
from central.console.roles import Role
from central.enrolment import EnrolmentState
from central.store.areas import AreaKind
from central.store.schema import terminal_tables
from central.store.terminals import TerminalState
from central.store.venues import set_closed
from central.terminals import EventFinding
from records.profile import VenueKind
from service.accounts.one_time_codes import STEP_S, compute_code
from service.pages import load_words
from tests.central.console.small_fleet import SmallFleet, make_id, make_well
from tests.central.console.test_pages import read

EN, ZH = (load_words("central.console", language) for language in ("en", "zh"))
OWN = {"Origin": "http://localhost"}
TERMINALS = Role.TERMINAL_ADMINISTRATOR


def open_administrator(fleet: SmallFleet, name: str) -> FlaskClient:
    """A terminal administrator with a password and a second factor of their own."""
    client = fleet.open_client(TERMINALS, name=name)
    book = fleet.make_parts().accounts
    book.set_password(name, "a sentence of my own")
    pending = book.make_factor(name)
    book.confirm_second_factor(name, pending, compute_code(book.show_factor(name, pending), fleet.now_s - STEP_S))
    client.set_cookie("kjt-central-console-session", fleet.sign_in(TERMINALS, name=name))
    return client


def add_house(fleet: SmallFleet) -> bytes:
    """Register a house that has no terminal yet."""
    return fleet.add_venue(950, fleet.add_area("Station", kind=AreaKind.STATION))


def post(client: FlaskClient, path: str, status: int = 303, **form: str) -> str:
    answer = client.post(path, data=form, headers=OWN)
    assert answer.status_code == status, answer.text
    return answer.text


def test_code_is_shown_once_and_its_entry_leads_to_an_approval_by_somebody_else(fleet: SmallFleet) -> None:
    anna, boris = open_administrator(fleet, "anna"), open_administrator(fleet, "boris")
    fleet.now = fleet.now.replace(second=59)
    page = post(anna, f"/venues/{add_house(fleet).hex()}/enrol", 200)
    assert len(re.findall(r"<li>\d{6}</li>", page)) == 7
    (entry,) = set(re.findall(r"/enrolments/[0-9a-f]{32}", page))
    assert not re.search(r"\d{6}</li>", read(anna, entry))
    (row,) = fleet.make_book().list_latest()
    assert row.state is EnrolmentState.CODE
    # The code of the page is used through the fleet's own helper for another one: words come only with a request.
    issued = fleet.issue_code(by="anna")
    fleet.use_code(issued)
    entry = f"/enrolments/{issued.enrolment.hex()}"
    assert EN("enrolment.own") in read(anna, entry)
    assert EN("problem.not_compared") in post(boris, f"{entry}/approve", 409)
    assert EN("problem.same_person") in post(anna, f"{entry}/approve", 409, compared="yes")
    assert EN.count("overview.undecided", 1) in read(boris, "/")
    post(boris, f"{entry}/approve", compared="yes")
    assert make_id(900).hex() in read(boris, entry)
    assert EN.count("overview.undecided", 1) not in read(boris, "/")
    assert EN("problem.gone") in post(boris, f"{entry}/approve", 409, compared="yes")


def test_only_a_registered_and_open_house_gets_a_code(fleet: SmallFleet) -> None:
    anna, house = open_administrator(fleet, "anna"), add_house(fleet)
    page = post(anna, f"/venues/{house.hex()}/enrol", 200, replaces="a1" * 16)
    assert EN("problem.unknown_terminal") in page
    page = post(anna, f"/venues/{house.hex()}/enrol", 200, replaces="xyz")
    assert EN("problem.bad_house") in page
    post(anna, f"/venues/{'77' * 16}/enrol", 404)
    with fleet.store.writing() as connection:
        set_closed(connection, house, fleet.now_s, is_closed=True)
    post(anna, f"/venues/{house.hex()}/enrol", 404)
    assert fleet.make_book().list_latest() == []


def test_suspended_terminal_is_let_in_by_another_one_and_revoked_for_good(fleet: SmallFleet) -> None:
    make_well(fleet, 3)
    anna, boris = open_administrator(fleet, "anna"), open_administrator(fleet, "boris")
    fleet.now = fleet.now.replace(second=59)
    page = f"/terminals/{make_id(1).hex()}"
    post(anna, f"{page}/suspend")
    assert EN("terminal.suspended_to_do") in read(boris, page)
    assert EN("problem.not_asked") in post(boris, f"{page}/lift", 409)
    post(anna, f"{page}/ask-to-lift")
    refused = post(anna, f"{page}/lift", 409)
    assert EN("problem.same_person") in refused
    assert f'hx-get="{page}"' in refused  # what refreshes itself is the page, not the act
    post(boris, f"{page}/lift")
    assert EN("problem.not_sure") in post(boris, f"{page}/revoke", 409)
    post(boris, f"{page}/revoke", sure="yes")
    assert EN("terminal.revoked_to_do") in read(boris, page)
    assert "standing.suspend" not in read(boris, page)
    acts = [(actor, act) for actor, act, _ in fleet.read_acts() if act in set(CentralAct)]
    assert acts == [
        ("anna", CentralAct.SUSPEND_TERMINAL), ("anna", CentralAct.ASK_TO_LIFT), ("boris", CentralAct.LIFT_SUSPENSION),
        ("boris", CentralAct.REVOKE_TERMINAL),
    ]  # fmt: skip
    assert post(boris, f"/terminals/{'77' * 16}/suspend", 404)


def test_security_event_is_settled_and_stays_so(fleet: SmallFleet) -> None:
    terminal = fleet.add(1)
    fleet.add_event(terminal)
    anna, page = open_administrator(fleet, "anna"), f"/terminals/{terminal.hex()}"
    (event,) = re.findall(r'name="event" value="(\d+)"', read(anna, page))
    for number, finding in ((event, "nothing"), ("0", "other"), (str(2**70), "other"), ("", "other")):
        assert EN("problem.no_finding") in post(anna, f"{page}/settle-event", 409, event=number, finding=finding)
    post(anna, f"{page}/settle-event", event=event, finding="restored")
    assert EN("settle.is_restored") in read(anna, page)
    assert EN("settle.title") not in read(anna, page)
    assert EN("problem.gone") in post(anna, f"{page}/settle-event", 409, event=event, finding="other")


def test_everything_that_may_be_said_has_words() -> None:
    folder = Path(central.__file__).parent
    source = "".join(path.read_text("utf-8") for path in folder.rglob("*.py"))
    codes = set(re.findall(r'ActRefused\("([a-z_]+)"\)', source))
    assert len(codes) > 12
    for words in (EN, ZH):
        keys = words.list_keys()
        assert {f"problem.{code}" for code in codes} <= keys
        assert {f"venue_kind.{kind}" for kind in VenueKind} <= keys
        assert {f"settle.{finding}" for finding in EventFinding} <= keys
        assert {f"enrolment.state_{state}" for state in EnrolmentState} <= keys
        assert {f"state.{state}" for state in TerminalState} <= keys


def test_missing_numbers_are_shown_without_the_numbers_and_accounted_for(fleet: SmallFleet) -> None:
    terminal = fleet.add(1)
    with fleet.store.writing() as connection:
        values = {"terminal": terminal, "generation": 1, "missing": 4711, "explained": 0}
        connection.execute(terminal_tables.gaps.insert(), {**values, "since": fleet.now_s - 3600})
        connection.execute(terminal_tables.gaps.insert(), {**values, "generation": 2, "since": fleet.now_s - 60})
    anna, page = open_administrator(fleet, "anna"), f"/terminals/{terminal.hex()}"
    text = read(anna, page)
    assert EN.count("gaps.missing", 4711, generation=1) in text
    assert EN.count("gaps.missing", 4711, generation=2) not in text  # it may be filled within minutes
    assert EN("gaps.short") in read(anna, "/")
    for generation, missing in (("1", "4710"), ("9", "4711"), ("x", "4711"), ("1", str(2**64)), ("", "")):
        assert EN("problem.gone") in post(anna, f"{page}/settle-gap", 409, generation=generation, missing=missing)
    post(anna, f"{page}/settle-gap", generation="1", missing="4711")
    text = read(anna, page)
    assert EN("gaps.settled") in text
    assert EN("gaps.settle_title") not in text
    assert EN("gaps.short") not in read(anna, "/")
