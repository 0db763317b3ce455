"""Every route of the console for every role, by a table that does not believe the code."""

from central.console.app import make_app
from tests.central.console.small_fleet import SmallFleet
from tests.service.role_matrix import EVERYBODY, check_matrix

TERMINALS, VENUES, AUDITOR = "terminal administrator", "venue administrator", "auditor"
EXPECTED = {
    "overview": {TERMINALS, VENUES, AUDITOR},
    "terminals": {TERMINALS, VENUES},
    "terminal": {TERMINALS, VENUES},
    "audit_log": {AUDITOR},
    "enrolments": {TERMINALS},
    "enrolment": {TERMINALS},
    "new_enrolment": {TERMINALS},
    "approve_enrolment": {TERMINALS},
    "refuse_enrolment": {TERMINALS},
    "suspend_terminal": {TERMINALS},
    "ask_to_lift_terminal": {TERMINALS},
    "lift_terminal": {TERMINALS},
    "revoke_terminal": {TERMINALS},
    "settle_event": {TERMINALS},
    "health": EVERYBODY,
}


def test_each_route_answers_those_whom_it_is_for_and_nobody_else(fleet: SmallFleet) -> None:
    parts = fleet.make_parts("http://console.test")
    app = make_app(parts, fleet.settings, fleet.store)
    assert check_matrix(app, parts, EXPECTED, {"terminal": "a1" * 16, "enrolment": "e1" * 16}) > 100
