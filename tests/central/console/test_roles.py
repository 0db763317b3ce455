"""Every route of the console for every role, inside and outside the area, by a table that does not believe the code."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from central.console.app import make_app
from central.console.roles import Role
from central.console.scopes import REACHES
from central.store.areas import WHOLE, write_scope
from tests.central.console.small_fleet import COOKIE, SmallFleet, make_id
from tests.central.console.two_areas import Side, make_two_sides
from tests.service.role_matrix import EVERYBODY, OWN, REACHED, build_path, check_matrix, list_doors

TERMINALS, VENUES, ACCOUNTS, AUDITOR = (
    "terminal administrator", "venue administrator", "account administrator", "auditor",
)  # fmt: skip
ALL = {TERMINALS, VENUES, ACCOUNTS, AUDITOR}
EXPECTED = {
    "overview": ALL,
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
    "settle_gap": {TERMINALS},
    "set_terminal": {TERMINALS},
    "retention": ALL,
    "notices": {TERMINALS},
    "send_notice": {TERMINALS},
    "health": EVERYBODY,
    "venues": {TERMINALS, VENUES},
    "venue": {TERMINALS, VENUES},
    "venue_map": {TERMINALS, VENUES},
    "areas": {TERMINALS, VENUES},
    **{
        key: {VENUES}
        for key in ("new_venue", "change_venue", "close_venue", "reopen_venue", "export_venues", "venue_template")
    },
    **{
        key: {VENUES}
        for key in ("hand_overs", "propose_move", "accept_move", "drop_move", "import_venues", "take_import")
    },
    **{key: {VENUES} for key in ("add_area", "rename_area", "remove_area")},
    **{key: {ACCOUNTS} for key in ("accounts", "add_account", "person", "give_role", "take_role", "set_area")},
    **{key: {ACCOUNTS} for key in ("disable_account", "enable_account", "reset_account")},
    **{key: {ACCOUNTS} for key in ("confirm_grant", "drop_grant")},
    **{key: {TERMINALS} for key in ("releases", "open_release", "withdraw_release")},
    "report": ALL,
    "report_file": ALL,
    "public_report": EVERYBODY,
    "public_report_file": EVERYBODY,
}
# What shows nothing of a place, and is the same wherever somebody's area is.
OF_NO_PLACE = {
    "health", "venue_template", "report", "report_file", "public_report", "public_report_file", "retention",
}  # fmt: skip
# What cannot be told apart by area.
OF_THE_WHOLE = {"audit_log", "releases", "open_release", "withdraw_release"}


def name_values(side: Side) -> dict[str, object]:
    return {
        "terminal": side.terminal.hex(), "venue": side.venue.hex(), "area": side.station.hex(),
        "moving": side.venue.hex(), "account": side.account, "draft": "d1" * 16, "proposal": "d2" * 16,
        "version": "1.2.3", "enrolment": side.enrolment.hex(),
    }  # fmt: skip


def test_each_route_answers_those_whom_it_is_for_and_nobody_else(fleet: SmallFleet) -> None:
    here, _ = make_two_sides(fleet)
    parts = fleet.make_parts("http://console.test")
    app = make_app(parts, fleet.settings, fleet.store)

    def see_the_whole(account: str) -> None:
        with fleet.store.writing() as connection:
            write_scope(connection, account, WHOLE)

    assert check_matrix(app, parts, EXPECTED, name_values(here), see_the_whole) > 300


def test_each_route_of_a_place_answers_in_its_area_and_nowhere_else(fleet: SmallFleet) -> None:
    here, there = make_two_sides(fleet)
    app = fleet.make_app()
    for name, view in app.view_functions.items():
        app.view_functions[name] = replace(view, run=lambda **_: REACHED)  # type: ignore[type-var]
    cells = 0
    for area in (here.district, here.station, there.district, None):
        client = open_as(fleet, app, area)
        for rule, method in list_doors(app):
            if rule.endpoint in OWN or method == "OPTIONS":
                continue
            path = build_path(app, rule, name_values(here))
            status = client.open(path, method=method, headers={"Origin": "http://localhost"}).status_code
            assert status == find_expected(rule.endpoint, rule.arguments, area, here), f"{method} {path} {area!r}"
            cells += 1
    assert cells > 120


def find_expected(endpoint: str, variables: set[str], area: bytes | None, here: Side) -> int:
    if endpoint in OF_NO_PLACE:
        return 200
    if area is None or endpoint in OF_THE_WHOLE:
        return 403
    if not variables or variables <= {"draft", "proposal"}:
        return 200
    # An account belongs to the district; whoever sees one of its stations alone does not see it.
    sees = {here.district} if variables == {"account"} else {here.district, here.station}
    return 200 if area in sees else 404


def open_as(fleet: SmallFleet, app: Flask, area: bytes | None) -> FlaskClient:
    """A browser of somebody with every role and one area."""
    name = f"all-{area.hex()[:6] if area else 'none'}"
    client = app.test_client()
    client.set_cookie(COOKIE, fleet.sign_in(*Role, name=name, area=area))
    return client


def test_every_route_says_what_of_the_service_it_reaches(fleet: SmallFleet) -> None:
    endpoints = {rule.endpoint for rule in fleet.make_app().url_map.iter_rules()} - set(OWN)
    assert endpoints == set(REACHES) == set(EXPECTED)


def test_route_that_is_not_on_the_list_answers_nobody(fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(REACHES, "venues")
    client = fleet.open_client(*Role)
    assert client.get("/venues").status_code == 403
    assert client.get("/areas").status_code == 200


def list_pages(app: Flask, sides: tuple[Side, Side]) -> Iterator[str]:
    """Every address that can be looked at, of both sides, and questions that try to reach further."""
    for rule, method in list_doors(app):
        if method == "GET" and rule.endpoint not in ("static", "own"):
            yield from (build_path(app, rule, name_values(side)) for side in sides)
    other = sides[0]
    for path in ("/venues", "/terminals"):
        for query in (f"area={other.district.hex()}", "show=all", f"text={other.marks[0]}", "text=East", "page=2"):
            yield f"{path}?{query}"
    yield "/venues?box=-90000000,-180000000,90000000,180000000&show=all"
    yield "/map?box=-90000000,-180000000,90000000,180000000"


def test_nobody_reads_anything_of_another_area_on_any_page(any_fleet: SmallFleet) -> None:
    here, there = make_two_sides(any_fleet)
    app = any_fleet.make_app()
    client = open_as(any_fleet, app, there.district)
    seen: set[str] = set()
    for path in list_pages(app, (here, there)):
        answer = client.get(path)
        # What was asked for stands in the form, and in no other place.
        asked = path.partition("text=")[2]
        leaked = [mark for mark in here.marks if mark in answer.text and not (asked and asked in mark)]
        assert not leaked, path
        seen |= {mark for mark in there.marks if mark in answer.text}
    # It reads its own, so that the absence of the other's says something.
    assert make_id(500, "house").hex() in seen
    assert there.account in seen
    assert "West Road" in seen


def test_nobody_changes_anything_of_another_area(fleet: SmallFleet) -> None:
    here, there = make_two_sides(fleet)
    app = fleet.make_app()
    client = open_as(fleet, app, there.district)
    before = fleet.town.dump()
    form = {
        "name": "x", "station": there.station.hex(), "parent": here.district.hex(), "kind": "station",
        "area": here.district.hex(), "role": "auditor", "licence": "LIC-77777", "rooms": "1", "address": "x",
    }  # fmt: skip
    asked = 0
    for rule, method in list_doors(app):
        if method != "POST" or rule.endpoint in OWN:
            continue
        proposal = {"proposal": make_id(300, "proposal").hex()}
        path = build_path(app, rule, {**name_values(here), **proposal})
        status = client.post(path, data=form, headers={"Origin": "http://localhost"}).status_code
        assert status in (403, 404, 409, 422), path
        asked += 1
    assert asked > 18
    after = fleet.town.dump()
    # Who is signed in, and since when, is all that may have changed.
    assert {name for name in before if before[name] != after[name]} <= {"sessions"}
