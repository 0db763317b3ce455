"""The page of retention says what the audit log and the keeper say, and turns red where something can be opened."""

from datetime import timedelta

import pytest

from central.console.retention_pages import load_retention
from central.console.roles import Role
from central.retention.overdue import find_overdue, look_daily
from central.store.terminals import Terminal, write_terminal
from service.pages import load_words
from tests.central.console.small_fleet import SmallFleet
from tests.central.town import TERMINAL, TERMINAL_KEY, VENUE, make_envelope

EN = load_words("central.console", "en")


def read(fleet: SmallFleet) -> str:
    client = fleet.open_client(Role.AUDITOR)
    client.post("/language", data={"language": "en"}, headers={"Origin": "http://localhost"})
    answer = client.get("/retention")
    assert answer.status_code == 200
    return answer.text


def grow_old(fleet: SmallFleet) -> None:
    with fleet.store.writing() as connection:
        write_terminal(connection, Terminal(TERMINAL, VENUE, TERMINAL_KEY.public))
    for sequence in (1, 2, 3):
        fleet.town.deliver(make_envelope(sequence))
    fleet.town.pass_days(fleet.town.parts.profile.retention_days + 1)
    fleet.now = fleet.town.now


def test_what_was_destroyed_stands_there_with_its_entry_and_nothing_overdue_opens(fleet: SmallFleet) -> None:
    parts = fleet.town.parts
    assert load_retention(fleet.store, fleet.now).grade == "soon"  # nobody has looked yet
    grow_old(fleet)
    fleet.town.keep()
    assert look_daily(parts, fleet.now) is not None
    assert look_daily(parts, fleet.now + timedelta(minutes=1)) is None  # once a day
    page = load_retention(fleet.store, fleet.now)
    assert page.grade == "good"
    assert page.destroyed[0].keys >= 1
    assert page.destroyed[0].last <= fleet.now.date()
    assert page.next_due is not None
    assert page.next_due > fleet.now.date()
    text = read(fleet)
    assert EN("retention.well") in text
    assert EN("retention.clean") in text
    assert f">{page.destroyed[0].entry}<" in text


def test_key_that_should_be_gone_turns_the_page_red(fleet: SmallFleet) -> None:
    fleet.town.keep()
    grow_old(fleet)
    found = find_overdue(fleet.settings, fleet.town.parts.audit, [], fleet.now)
    assert not found.is_clean
    page = load_retention(fleet.store, fleet.now)
    assert (page.grade, page.looked[0].opened, page.looked[0].by) == ("wrong", 3, "command line")
    assert EN("retention.dirty", overdue=3, opened=3, keys=1) in read(fleet)
    fleet.town.keep()
    fleet.town.pass_days(1)
    fleet.now = fleet.town.now
    assert load_retention(fleet.store, fleet.now).is_late  # until the keeper has passed
    fleet.town.keep()
    look_daily(fleet.town.parts, fleet.now)
    assert load_retention(fleet.store, fleet.now).grade == "good"


@pytest.mark.parametrize("hours", [0, 30, 48])
def test_look_of_days_ago_is_not_enough(fleet: SmallFleet, hours: int) -> None:
    look_daily(fleet.town.parts, fleet.now)
    assert load_retention(fleet.store, fleet.now + timedelta(hours=hours)).grade == ("soon" if hours > 36 else "good")
