"""The console asks nothing of the tables that know which house sent what, and when.

Records received are known to it as totals over all terminals, from a table that holds nothing else.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple

import pytest
from sqlalchemy import event

from central.console.roles import Role
from central.store import Store
from central.store.areas import AreaKind
from central.store.schema import account_tables, audit_tables, metadata, place_tables
from central.store.terminals import load_terminals
from tests.central.console.small_fleet import SmallFleet, make_id, make_troubled
from tests.central.town import make_envelope
from tests.service.role_matrix import build_path

# Whatever was made of envelopes, and the counts on their way into a total.
OF_RECORDS = {"envelopes", "runs", "records", "replaced", "tombstones", "hand_overs", "received"}
# What tells how busy a house is, and when its counter was switched on.
OF_HOUSES = {"allowances", "house_shares"}


@contextmanager
def note_tables(store: Store) -> Iterator[set[str]]:
    """Collect the tables that statements name."""
    seen: set[str] = set()

    def note(_: object, __: object, statement: str, *___: object) -> None:
        # A column may be called like a table: "fleet_slots.records" names the first alone.
        tables = {*re.findall(r"(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)", statement), *re.findall(r"(\w+)\.", statement)}
        seen.update(tables & metadata.tables.keys())

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


def test_no_page_asks_the_tables_of_records(fleet: SmallFleet) -> None:
    make_troubled(fleet, 6)
    fleet.add_venue(103, fleet.add_area("Station", kind=AreaKind.STATION))
    enrolment = fleet.issue_code().enrolment
    client = fleet.open_client(*Role)
    values = {"terminal": make_id(103).hex(), "venue": make_id(103, "house").hex(), "account": "anna"}
    values["enrolment"] = enrolment.hex()
    with note_tables(fleet.store) as seen:
        asked = 0
        for rule in client.application.url_map.iter_rules():
            if rule.endpoint in ("static", "own") or "GET" not in (rule.methods or ()):
                continue
            if rule.endpoint.startswith("public"):
                continue  # not there unless the settings ask for it
            # Nobody here has a security key, or an app beside one, that could be removed.
            wanted = (404,) if rule.endpoint in ("pages.remove_key", "pages.remove_app") else (200, 303)
            assert client.get(build_path(client.application, rule, values)).status_code in wanted
            asked += 1
    assert asked > 20
    assert {"terminals", "heartbeats", "heartbeat_slots", "fleet_slots", "keeper_pass", "security_events"} <= seen
    assert not seen & (OF_RECORDS | OF_HOUSES)


def test_console_needs_no_key_that_opens_or_signs_what_is_kept(fleet: SmallFleet) -> None:
    make_troubled(fleet, 6)
    fleet.settings.receipt_key.parent.rename(fleet.settings.data / "away")  # as its unit hides them
    client = fleet.open_client(*Role)
    for path in ("/", "/terminals", f"/terminals/{make_id(103).hex()}", "/audit-log", "/health"):
        assert client.get(path).status_code == 200


def test_every_table_is_either_of_records_or_known_not_to_be() -> None:
    """A new table must be put on one of the two lists."""
    of_machines = {
        "terminals",
        "heartbeats",
        "heartbeat_slots",
        "fleet_slots",
        "keeper_pass",
        "releases",
        "lift_requests",
        "terminal_keys",
        "terminal_settings",
        "number_gaps",  # how many are missing, and not which: those would tell how much a house has sent
        "notices",
    }
    of_the_service = {"counts", "security_events", "settled_events", "named_keys", "enrolments"}
    of_administrators = {table.name for each in (account_tables, audit_tables) for table in astuple(each)}
    of_places = {table.name for table in astuple(place_tables)}  # venues and areas, and the report over all houses
    known = of_machines | of_the_service | of_administrators | of_places
    assert metadata.tables.keys() - known == OF_RECORDS | OF_HOUSES


def test_question_to_such_a_table_would_be_seen(fleet: SmallFleet) -> None:
    town = fleet.town
    with note_tables(fleet.store) as seen:
        town.deliver(make_envelope())
        with fleet.store.reading() as connection:
            load_terminals(connection, [make_id(1)])
    assert "terminals" in seen
    with note_tables(fleet.store) as seen:
        town.ask(b"\1" * 16)
    assert "records" in seen


@pytest.mark.parametrize("column", ["terminal", "venue", "stay_tag"])
def test_totals_have_no_column_that_tells_whose_they_are(column: str) -> None:
    assert column not in metadata.tables["fleet_slots"].columns
    assert column not in metadata.tables["received"].columns
