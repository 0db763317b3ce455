"""A service with two districts that must not see each other: each has a station, houses, terminals and an account."""

from dataclasses import dataclass

from central.console.roles import Role
from central.store.areas import AreaKind
from central.store.proposals import Proposal, ProposalKind, insert_proposal
from central.store.venues import MoveRow, insert_move
from tests.central.console.small_fleet import SmallFleet, make_id


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two districts."""

    district: bytes
    station: bytes
    venue: bytes
    terminal: bytes
    account: str
    enrolment: bytes
    marks: tuple[str, ...]  # what only this side may read


def make_side(fleet: SmallFleet, name: str, first: int) -> Side:
    """Make a district with six houses, one of them in trouble, and one waiting proposal."""
    district = fleet.add_area(f"District {name}")
    station = fleet.add_area(f"Station {name}", district, AreaKind.STATION)
    numbers = range(first, first + 6)
    for number in numbers:
        fleet.add_venue(number, station, name=f"{name} House {number}", address=f"{name} Road {number}")
        fleet.add(number, heard_ago_s=90_000 if number == first else 20)
    fleet.add_event(make_id(first))
    account = f"{name.lower()}-colleague"
    fleet.sign_in(Role.AUDITOR, name=account, area=district)
    proposal = Proposal(make_id(first, "proposal"), account, ProposalKind.ROLE, "venue administrator", "x", fleet.now_s)
    with fleet.store.writing() as connection:
        insert_proposal(connection, proposal)
    enrolment = fleet.issue_code(house=first).enrolment
    ids = [make_id(number, use).hex() for number in numbers for use in ("house", "terminal")]
    names = [f"{name} House", f"{name} Road", f"LIC-{first:05}", account, proposal.id.hex()]
    return Side(district, station, make_id(first, "house"), make_id(first), account, enrolment, (*ids, *names))


def make_two_sides(fleet: SmallFleet) -> tuple[Side, Side]:
    """Return both; within the first a hand-over waits."""
    here, there = make_side(fleet, "East", 300), make_side(fleet, "West", 500)
    second = fleet.add_area("Station East 2", here.district, AreaKind.STATION)
    with fleet.store.writing() as connection:
        insert_move(connection, MoveRow(here.venue, second, "x", fleet.now_s))
    fleet.let_keeper_pass()
    return here, there
