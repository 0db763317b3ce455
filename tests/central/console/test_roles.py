"""Every route of the console for every role, by a table that does not believe the code."""

from msgspec.structs import replace

from central.console.app import make_app, make_parts
from tests.central.console.small_fleet import SmallFleet
from tests.service.role_matrix import EVERYBODY, check_matrix

TERMINALS, VENUES, AUDITOR = "terminal administrator", "venue administrator", "auditor"
EXPECTED = {
    "overview": {TERMINALS, VENUES, AUDITOR},
    "terminals": {TERMINALS, VENUES},
    "terminal": {TERMINALS, VENUES},
    "audit_log": {AUDITOR},
    "health": EVERYBODY,
}


def test_each_route_answers_those_whom_it_is_for_and_nobody_else(fleet: SmallFleet) -> None:
    settings = replace(fleet.settings, console_origin="http://console.test")
    parts = make_parts(settings, fleet.store, lambda: fleet.now)
    app = make_app(parts, settings, fleet.store)
    assert check_matrix(app, parts, EXPECTED, {"terminal": "a1" * 16, "id": "a1" * 16}) > 100
