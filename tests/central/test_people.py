"""Nobody gives a powerful role alone, whatever one person tries, in whatever order."""

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from central.accounts import open_accounts
from central.audit import COMMAND_LINE, open_audit
from central.console.roles import POWERFUL, Role
from central.errors import PeopleRefused
from central.people import PROPOSAL_LASTS, People
from central.store import Store, open_store
from central.store.areas import EVERYTHING, WHOLE, AreaKind, AreaRow, Scope, insert_area, load_scope
from central.store.proposals import ProposalKind, list_proposals
from central.store.schema import account_tables, place_tables
from service.accounts import AccountAct, AccountKey, AccountsError
from service.accounts.one_time_codes import compute_code
from service.store.accounts import add_role
from tests.central.databases import Database
from tests.service.list_audit import ListAudit
from tests.service.small_service import WEAK

START = datetime(2026, 3, 10, 12, tzinfo=UTC)
NORTH, SOUTH, FIRST = (bytes([number]) * 16 for number in (1, 2, 3))
VENUES, TERMINALS, ACCOUNTS = Role.VENUE_ADMINISTRATOR, Role.TERMINAL_ADMINISTRATOR, Role.ACCOUNT_ADMINISTRATOR


@dataclass(slots=True)
class Office:
    """Accounts, with the clock in the test's hand."""

    store: Store
    now: datetime = START
    audit: ListAudit = field(default_factory=ListAudit)
    people: People = field(init=False)

    def __post_init__(self) -> None:
        book, _ = open_accounts(self.store, AccountKey(bytes(32)), self.audit, lambda: self.now, WEAK)
        self.people = People(self.store, book, self.audit, lambda: self.now)
        with self.store.writing() as connection:
            for area, parent, name in ((NORTH, WHOLE, "North"), (SOUTH, WHOLE, "South"), (FIRST, NORTH, "First")):
                insert_area(connection, AreaRow(area, parent, AreaKind.DISTRICT, name))

    def hire(self, name: str, *roles: Role, area: bytes = WHOLE, signs_in: bool = True) -> None:
        """Make an account as it is after everything was done; roles are simply there."""
        self.people.add(COMMAND_LINE, EVERYTHING, name, (), area)
        if signs_in:
            self.sign_in(name)
        with self.store.writing() as connection:
            for role in roles:
                add_role(connection, account_tables, name, str(role))

    def sign_in(self, name: str) -> None:
        """Let an account's holder choose a password and a second factor."""
        book = self.people.book
        book.set_password(name, f"a long sentence of {name} {self.now}")
        pending = book.make_factor(name)
        self.now += timedelta(seconds=30)
        book.confirm_second_factor(
            name, pending, compute_code(book.show_factor(name, pending), int(self.now.timestamp()))
        )

    def roles(self, name: str) -> set[Role]:
        account = self.people.book.find(name)
        return {Role(role) for role in account.roles} if account else set()

    def waiting(self) -> list[bytes]:
        with self.store.reading() as connection:
            return [each.id for each in list_proposals(connection, 0)]


@pytest.fixture
def any_office(tmp_path: Path, database: Database) -> Iterator[Office]:
    """On each database: what locks rows and takes them."""
    store = open_store(database.address() or tmp_path / "central.db")
    yield Office(store)
    store.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    store = open_store(tmp_path / "central.db")
    yield Office(store)
    store.close()


def make_staffed(office: Office) -> None:
    for name in ("anna", "berta", "carl"):
        office.hire(name, ACCOUNTS)
    office.hire("dora")


def refused(field_: str) -> Any:
    return pytest.raises(PeopleRefused, check=lambda error: error.field == field_)


def test_powerful_role_is_proposed_by_one_and_confirmed_by_another(any_office: Office) -> None:
    make_staffed(any_office)
    assert any_office.people.give("anna", EVERYTHING, "dora", [VENUES]).proposed == [VENUES]
    assert any_office.roles("dora") == set()
    (proposal,) = any_office.waiting()
    for actor in ("anna", "dora", COMMAND_LINE):
        with refused("own"):
            any_office.people.confirm(actor, EVERYTHING, proposal)
    any_office.people.confirm("berta", EVERYTHING, proposal)
    assert any_office.roles("dora") == {VENUES}
    assert ("anna", "propose grant", "dora venue administrator") in any_office.audit.entries
    assert ("berta", "confirm grant", "dora venue administrator") in any_office.audit.entries
    with refused("unknown"):
        any_office.people.confirm("berta", EVERYTHING, proposal)


def test_first_two_come_from_the_command_line_and_then_it_only_proposes(any_office: Office) -> None:
    for name in ("anna", "berta"):
        assert any_office.people.add(COMMAND_LINE, EVERYTHING, name, [ACCOUNTS], WHOLE).given == [ACCOUNTS]
        any_office.sign_in(name)
    later = any_office.people.add(COMMAND_LINE, EVERYTHING, "carl", [ACCOUNTS, Role.AUDITOR], WHOLE)
    assert (later.given, later.proposed) == ([Role.AUDITOR], [ACCOUNTS])
    any_office.sign_in("carl")
    any_office.people.confirm("anna", EVERYTHING, any_office.waiting()[0])
    assert ACCOUNTS in any_office.roles("carl")
    any_office.people.disable("anna", EVERYTHING, "carl")
    any_office.people.disable("anna", EVERYTHING, "berta")
    assert any_office.people.give(COMMAND_LINE, EVERYTHING, "anna", [VENUES]).given == [VENUES]


def test_proposal_lapses(office: Office) -> None:
    make_staffed(office)
    office.people.give("anna", EVERYTHING, "dora", [VENUES])
    office.now += PROPOSAL_LASTS
    with refused("unknown"):
        office.people.confirm("berta", EVERYTHING, office.waiting()[0])
    office.people.give("anna", EVERYTHING, "dora", [VENUES])  # again


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (lambda office: office.people.disable("berta", EVERYTHING, "anna"), "unknown"),
        (lambda office: office.people.take("berta", EVERYTHING, "anna", ACCOUNTS), "unknown"),
        (lambda office: office.people.reset("berta", EVERYTHING, "dora"), "unknown"),
        (lambda office: office.people.disable("berta", EVERYTHING, "dora"), "unknown"),
        (lambda office: office.people.set_area("anna", EVERYTHING, "dora", NORTH), "unknown"),
        (lambda office: office.people.take("carl", EVERYTHING, "berta", ACCOUNTS), "not_grantor"),
    ],
)
def test_what_happened_meanwhile_counts(office: Office, meanwhile: Callable[[Office], object], why: str) -> None:
    make_staffed(office)
    office.people.give("anna", EVERYTHING, "dora", [VENUES])
    (proposal,) = office.waiting()
    meanwhile(office)
    with refused(why):
        office.people.confirm("berta", EVERYTHING, proposal)
    assert office.roles("dora") == set()


def test_account_whose_one_time_password_somebody_has_seen_receives_nothing(office: Office) -> None:
    make_staffed(office)
    office.people.add("anna", EVERYTHING, "eva", [VENUES], WHOLE)
    with refused("receiver_new"):
        office.people.confirm("berta", EVERYTHING, office.waiting()[0])
    office.sign_in("eva")
    # Refused, it was not used up.
    office.people.confirm("berta", EVERYTHING, office.waiting()[0])
    given = office.people.reset("anna", EVERYTHING, "eva")
    assert given.proposed == [VENUES]
    assert office.roles("eva") == set()


def test_enabled_again_is_not_given_again(office: Office) -> None:
    make_staffed(office)
    office.hire("eva", TERMINALS, Role.AUDITOR)
    office.people.disable("anna", EVERYTHING, "eva")
    assert office.people.enable("anna", EVERYTHING, "eva").proposed == [TERMINALS]
    assert office.roles("eva") == {Role.AUDITOR}


def test_area_that_reaches_further_takes_two_and_a_smaller_one_does_not(any_office: Office) -> None:
    make_staffed(any_office)
    any_office.hire("eva", VENUES, area=NORTH)
    assert any_office.people.set_area("anna", EVERYTHING, "eva", FIRST)
    assert not any_office.people.set_area("anna", EVERYTHING, "eva", NORTH)
    with refused("own"):
        any_office.people.confirm("anna", EVERYTHING, any_office.waiting()[0])
    any_office.people.confirm("berta", EVERYTHING, any_office.waiting()[0])
    with any_office.store.reading() as connection:
        assert load_scope(connection, "eva") == Scope(NORTH)


def test_grantor_of_an_area_reaches_nobody_outside_it(office: Office) -> None:
    make_staffed(office)
    office.hire("eva", area=SOUTH)
    office.people.give("anna", EVERYTHING, "eva", [VENUES])
    north, people = Scope(NORTH), office.people
    with refused("area"):
        people.add("nora", north, "new", [], SOUTH)
    with refused("area"):
        people.add("nora", north, "new", [], WHOLE)
    assert people.find(north, "eva") is None
    assert people.find(north, "anna") is None
    changes: list[Callable[[], object]] = [
        lambda: people.give("nora", north, "eva", [Role.AUDITOR]),
        lambda: people.take("nora", north, "eva", VENUES),
        lambda: people.set_area("nora", north, "eva", NORTH),
        lambda: people.disable("nora", north, "eva"),
        lambda: people.reset("nora", north, "eva"),
        lambda: people.enable("nora", north, "eva"),
        lambda: people.confirm("nora", north, office.waiting()[0]),
        lambda: people.drop("nora", north, office.waiting()[0]),
    ]
    for change in changes:
        with refused("unknown"):
            change()


NAMES = ("anna", "dora", "eva", "new")  # berta takes no part
WHAT = ["give", "give", "confirm", "confirm", "area", "reset", "sign in", "enable", "disable", "take", "add", "drop"]
ACTS = st.tuples(
    st.sampled_from(WHAT), st.sampled_from(NAMES), st.sampled_from([VENUES, ACCOUNTS]),
    st.sampled_from([WHOLE, NORTH]), st.integers(0, 3),
)  # fmt: skip
Deed = tuple[str, str, Role, bytes, int]


def do(office: Office, actor: str, deed: Deed) -> bool:
    """Do one thing as one person; False where it is refused."""
    what, name, role, area, number = deed
    people, waiting = office.people, office.waiting()
    chosen = waiting[number % len(waiting)] if waiting else bytes(16)
    deeds: dict[str, Callable[[], object]] = {
        "give": lambda: people.give(actor, EVERYTHING, name, [role]),
        "take": lambda: people.take(actor, EVERYTHING, name, role),
        "area": lambda: people.set_area(actor, EVERYTHING, name, area),
        "disable": lambda: people.disable(actor, EVERYTHING, name),
        "enable": lambda: people.enable(actor, EVERYTHING, name),
        "reset": lambda: people.reset(actor, EVERYTHING, name),
        "add": lambda: people.add(actor, EVERYTHING, name, [role], area),
        "confirm": lambda: people.confirm(actor, EVERYTHING, chosen),
        "drop": lambda: people.drop(actor, EVERYTHING, chosen),
        "sign in": lambda: office.sign_in(name),
    }
    try:
        deeds[what]()
    except (PeopleRefused, AccountsError):
        return False
    return True


@dataclass(slots=True)
class Snapshot:
    """What every example begins with."""

    office: Office
    rows: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, roles in (("anna", [ACCOUNTS]), ("berta", [ACCOUNTS]), ("dora", []), ("eva", [VENUES])):
            self.office.hire(name, *roles, area=NORTH if name == "eva" else WHOLE)
        tables = (*astuple(account_tables), place_tables.proposals, place_tables.account_areas)
        with self.office.store.reading() as connection:
            self.rows = {table: [dict(row._mapping) for row in connection.execute(table.select())] for table in tables}

    def restore(self) -> None:
        with self.office.store.writing() as connection:
            for table, rows in self.rows.items():
                connection.execute(table.delete())
                if rows:
                    connection.execute(table.insert(), rows)


@pytest.fixture
def snapshot(tmp_path: Path) -> Iterator[Snapshot]:
    store = open_store(tmp_path / "central.db")
    yield Snapshot(Office(store))
    store.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(deeds=st.lists(ACTS, min_size=3, max_size=9))
@example(deeds=[("give", "dora", VENUES, WHOLE, 0), ("confirm", "anna", VENUES, WHOLE, 0)])
@example(deeds=[("reset", "eva", VENUES, WHOLE, 0)])
@example(deeds=[("area", "eva", VENUES, WHOLE, 0), ("confirm", "anna", VENUES, WHOLE, 0)])
@example(deeds=[("disable", "eva", VENUES, WHOLE, 0), ("enable", "eva", VENUES, WHOLE, 0)])
def test_one_person_with_every_account_of_their_own_making_gains_nothing(snapshot: Snapshot, deeds: list[Deed]) -> None:
    """Anna acts as herself and as every account whose one-time password she has seen; nobody else acts."""
    snapshot.restore()
    office, hers = snapshot.office, {"anna"}
    held, reach = find_powers(office), find_reaches(office)
    for deed in deeds:
        # Pages admit account administrators alone.
        for actor in sorted(each for each in hers if ACCOUNTS in office.roles(each)):
            if do(office, actor, deed) and deed[0] in ("reset", "add"):
                hers.add(deed[1])
        now, now_reach = find_powers(office), find_reaches(office)
        for name in NAMES:
            assert now[name] <= held[name], f"{name} has gained a role"
            assert not now[name] or now_reach[name] <= reach[name], f"{name} reaches further"
            assert name == "anna" or name not in hers or not now[name], f"anna has the roles of {name}"
        held, reach = now, now_reach


def find_powers(office: Office) -> dict[str, set[Role]]:
    """The powerful roles of everybody who may sign in."""
    enabled = {each.name for each in office.people.book.list_all() if each.is_enabled}
    return {name: office.roles(name) & POWERFUL if name in enabled else set() for name in NAMES}


def find_reaches(office: Office) -> dict[str, int]:
    """How far everybody sees: nothing, the district, everything."""
    with office.store.reading() as connection:
        return {name: {None: 0, NORTH: 1, WHOLE: 2}[load_scope(connection, name).area] for name in NAMES}


def test_account_that_the_proposer_made_or_reset_confirms_nothing(office: Office) -> None:
    office.hire("anna", ACCOUNTS)
    office.hire("berta", ACCOUNTS)
    office.hire("chen", ACCOUNTS)
    office.hire("dora")
    office.people.propose("anna", EVERYTHING, "dora", ProposalKind.ROLE, str(VENUES))
    log = open_audit(office.store, lambda: office.now)
    log.write("anna", AccountAct.RESET, "berta")
    with pytest.raises(PeopleRefused, match="not_independent"):
        office.people.confirm("berta", EVERYTHING, office.waiting()[0])
    office.people.confirm("chen", EVERYTHING, office.waiting()[0])
    assert office.roles("dora") == {VENUES}
