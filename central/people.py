"""Accounts with their roles and areas. Nobody gives a powerful role alone.

One account administrator proposes, another one confirms; neither is the receiver. What would get round this takes the
powerful roles away: a reset, whose one-time password somebody else has seen, and enabling a disabled account. The
command line counts as one person that proposes. Only while fewer than two account administrators can sign in does it
give by itself: so the first two begin, and so a service that has lost them goes on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from central.audit import COMMAND_LINE, CentralAct
from central.console.roles import POWERFUL, Role
from central.errors import PeopleRefused
from central.store import Connection, Store
from central.store.areas import (
    EVERYTHING,
    WHOLE,
    Scope,
    hold_area,
    is_area_within,
    list_scopes,
    load_area,
    load_scope,
    write_scope,
)
from central.store.proposals import (
    Proposal,
    ProposalKind,
    drop_old_proposals,
    drop_proposals,
    insert_proposal,
    list_proposals,
    load_proposal,
    take_proposal,
)
from central.store.schema import account_tables
from central.store.standing import had_a_grip
from records.suite import ID_BYTES
from service.accounts import Account, AccountBook
from service.accounts.errors import AccountUnknown
from service.audit import Audit
from service.store.accounts import (
    add_role,
    count_holders,
    load_account,
    lock_accounts,
    remove_roles,
)

PROPOSAL_LASTS = timedelta(days=7)
FEWEST_GRANTORS = 2


@dataclass(frozen=True, slots=True)
class Person:
    """An account as account administrators see it. `area` is None for one that sees nothing."""

    account: Account
    area: bytes | None
    proposals: list[Proposal]


@dataclass(frozen=True, slots=True)
class Given:
    """What came of giving: roles given at once, and those that wait for somebody else."""

    given: list[Role]
    proposed: list[Role]
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class People:
    """Changes accounts within the scope of whoever does; each change is in the audit log before it is made.

    Changes raise PeopleRefused, AccountsError, AuditUnavailable and StoreError, and are not made then.
    """

    store: Store
    book: AccountBook
    audit: Audit
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes] = os.urandom

    def list_all(self, scope: Scope) -> list[Person]:
        """Return the accounts of a scope, by name."""
        accounts = self.book.list_all()
        with self.store.reading() as connection:
            areas, waiting = list_scopes(connection), list_proposals(connection, self._oldest_s())
            people = [
                Person(each, areas.get(each.name), [one for one in waiting if one.account == each.name])
                for each in accounts
            ]
            return [each for each in people if _is_within(connection, scope, each.area)]

    def find(self, scope: Scope, name: str) -> Person | None:
        """Return an account of a scope."""
        account = self.book.find(name)
        if account is None:
            return None
        with self.store.reading() as connection:
            area = load_scope(connection, name).area
            waiting = [each for each in list_proposals(connection, self._oldest_s()) if each.account == name]
            return Person(account, area, waiting) if _is_within(connection, scope, area) else None

    def add(
        self, actor: str, scope: Scope, name: str, roles: Collection[Role], area: bytes, language: str = ""
    ) -> Given:
        """Add an account; its powerful roles are proposed, unless nobody is there who could confirm."""
        with self.store.reading() as connection:
            _check_area(connection, scope, area)
        password = self.book.add(name, (), by=actor, language=language)
        with self.store.writing() as connection:
            _check_area(connection, scope, area, hold=True)
            write_scope(connection, name, area)
        given = self.give(actor, scope, name, roles)
        return Given(given.given, given.proposed, password)

    def give(self, actor: str, scope: Scope, name: str, roles: Collection[Role]) -> Given:
        """Give roles, or propose those that are powerful."""
        given, proposed = [], []
        for role in sorted(set(roles)):
            if role in POWERFUL and not self._is_beginning(actor):
                self.propose(actor, scope, name, ProposalKind.ROLE, str(role))
                proposed.append(role)
                continue
            self.audit.write(actor, CentralAct.GIVE_ROLE, f"{name} {role}")
            with self.store.writing() as connection:
                self._lock(connection, scope, name)
                if role in POWERFUL and not self._is_beginning(actor, connection):
                    raise PeopleRefused("needs_two")
                add_role(connection, account_tables, name, str(role))
            given.append(role)
        return Given(given, proposed)

    def take(self, actor: str, scope: Scope, name: str, role: Role) -> None:
        """Take a role away, and what waits for the account. One person may."""
        self.audit.write(actor, CentralAct.TAKE_ROLE, f"{name} {role}")
        with self.store.writing() as connection:
            self._lock(connection, scope, name)
            remove_roles(connection, account_tables, name, [str(role)])
            drop_proposals(connection, name)

    def set_area(self, actor: str, scope: Scope, name: str, area: bytes) -> bool:
        """Set what an account sees, or propose it where a powerful role would reach further. True when it is set.

        What waits for the account is dropped: it was proposed for another area.
        """
        with self.store.reading() as connection:
            needs_two = self._check_new_area(connection, scope, name, area)
        if needs_two and not self._is_beginning(actor):
            self.propose(actor, scope, name, ProposalKind.AREA, area.hex())
            return False
        self.audit.write(actor, CentralAct.SET_AREA, f"{name} {area.hex()}")
        with self.store.writing() as connection:
            self._lock(connection, scope, name)
            still_needs_two = self._check_new_area(connection, scope, name, area)
            _check_area(connection, scope, area, hold=True)
            if still_needs_two and not self._is_beginning(actor, connection):
                raise PeopleRefused("needs_two")
            write_scope(connection, name, area)
            drop_proposals(connection, name)
        return True

    def disable(self, actor: str, scope: Scope, name: str) -> None:
        """Let nobody sign in to an account, and drop what waits for it and what it proposed. One person may."""
        self._require_within(scope, name)
        self.book.disable(name, by=actor)
        with self.store.writing() as connection:
            drop_proposals(connection, name)

    def enable(self, actor: str, scope: Scope, name: str) -> Given:
        """Let an account's holder sign in again; powerful roles are proposed anew."""
        self._require_within(scope, name)
        lost = self._take_powerful(actor, name)
        self.book.enable(name, by=actor)
        return self.give(actor, scope, name, lost)

    def reset(self, actor: str, scope: Scope, name: str) -> Given:
        """Take password and second factor away; powerful roles are proposed anew.

        Else whoever resets an account could sign in to it with the one-time password, and have its roles.
        """
        self._require_within(scope, name)
        lost = self._take_powerful(actor, name)
        password = self.book.reset(name, by=actor)
        # And what two others confirmed between the two.
        lost = [*lost, *self._take_powerful(actor, name)]
        given = self.give(actor, scope, name, lost)
        return Given(given.given, given.proposed, password)

    def propose(self, actor: str, scope: Scope, name: str, kind: ProposalKind, value: str) -> None:
        """Propose a role or an area for somebody else. Raises: PeopleRefused("own", "waits", …)."""
        if actor == name:
            raise PeopleRefused("own")
        if kind is ProposalKind.ROLE and value not in POWERFUL:
            raise PeopleRefused("unknown")
        with self.store.reading() as connection:
            self._check_grantor(connection, actor)
            waiting = list_proposals(connection, self._oldest_s())
        if any((each.account, each.kind, each.value) == (name, kind, value) for each in waiting):
            raise PeopleRefused("waits")
        self.audit.write(actor, CentralAct.PROPOSE_GRANT, f"{name} {value}")
        with self.store.writing() as connection:
            self._check_grantor(connection, actor)
            self._lock(connection, scope, name)
            drop_old_proposals(connection, self._oldest_s())
            new = Proposal(self.random_bytes(ID_BYTES), name, str(kind), value, actor, self._now_s())
            if not insert_proposal(connection, new):
                raise PeopleRefused("waits")

    def confirm(self, actor: str, scope: Scope, proposal: bytes) -> Proposal:
        """Confirm what another person proposed for a third. Raises: PeopleRefused."""
        with self.store.reading() as connection:
            seen = self._find(connection, scope, proposal)
            self._check_confirmer(connection, actor, seen)
        self.audit.write(actor, CentralAct.CONFIRM_GRANT, f"{seen.account} {seen.value}")
        with self.store.writing() as connection:
            lock_accounts(connection, account_tables, [actor, seen.account, seen.proposed_by])
            if take_proposal(connection, proposal) != seen or seen.proposed_at <= self._oldest_s():
                raise PeopleRefused("unknown")
            self._check_confirmer(connection, actor, seen)
            if not _is_within(connection, scope, load_scope(connection, seen.account).area):
                raise PeopleRefused("unknown")
            if seen.kind == ProposalKind.ROLE:
                _check_receiver(connection, seen.account)
                add_role(connection, account_tables, seen.account, str(Role(seen.value)))
            else:
                _check_area(connection, scope, bytes.fromhex(seen.value), hold=True)
                write_scope(connection, seen.account, bytes.fromhex(seen.value))
                drop_proposals(connection, seen.account)  # made for another area
        return seen

    def drop(self, actor: str, scope: Scope, proposal: bytes) -> None:
        """Withdraw or decline a proposal. One person may. Raises: PeopleRefused("unknown")."""
        with self.store.reading() as connection:
            seen = self._find(connection, scope, proposal)
        self.audit.write(actor, CentralAct.DROP_GRANT, f"{seen.account} {seen.value}")
        with self.store.writing() as connection:
            take_proposal(connection, proposal)

    def _is_beginning(self, actor: str, connection: Connection | None = None) -> bool:
        """Tell whether the command line may give by itself."""
        if actor != COMMAND_LINE:
            return False
        if connection is None:
            with self.store.reading() as reading:
                return self._is_beginning(actor, reading)
        return count_holders(connection, account_tables, str(Role.ACCOUNT_ADMINISTRATOR)) < FEWEST_GRANTORS

    def _check_grantor(self, connection: Connection, name: str) -> None:
        """Raise PeopleRefused unless this account may propose and confirm, now."""
        if name == COMMAND_LINE:
            return
        found = load_account(connection, account_tables, name)
        if found is None or not found[0].is_enabled or str(Role.ACCOUNT_ADMINISTRATOR) not in found[1]:
            raise PeopleRefused("not_grantor")

    def _check_confirmer(self, connection: Connection, actor: str, seen: Proposal) -> None:
        if actor in (seen.proposed_by, seen.account) or actor == COMMAND_LINE:
            raise PeopleRefused("own")
        for each in (actor, seen.proposed_by):
            self._check_grantor(connection, each)
        # Another account is not yet another person: one that the first one made or reset was in the first one's hands.
        if seen.proposed_by != COMMAND_LINE and had_a_grip(connection, actor, seen.proposed_by):
            raise PeopleRefused("not_independent")
        proposer = EVERYTHING if seen.proposed_by == COMMAND_LINE else load_scope(connection, seen.proposed_by)
        if not _is_within(connection, proposer, load_scope(connection, seen.account).area):
            raise PeopleRefused("unknown")

    def _check_new_area(self, connection: Connection, scope: Scope, name: str, area: bytes) -> bool:
        """Check an area for an account; return whether it needs two."""
        found = load_account(connection, account_tables, name)
        before = load_scope(connection, name)
        if found is None or not _is_within(connection, scope, before.area):
            raise PeopleRefused("unknown")
        _check_area(connection, scope, area)
        reaches_further = not before.is_whole and not _is_within(connection, before, area)
        return reaches_further and any(role in POWERFUL for role in found[1])

    def _find(self, connection: Connection, scope: Scope, proposal: bytes) -> Proposal:
        found = load_proposal(connection, proposal)
        if found is None or found.proposed_at <= self._oldest_s():
            raise PeopleRefused("unknown")
        if not _is_within(connection, scope, load_scope(connection, found.account).area):
            raise PeopleRefused("unknown")
        return found

    def _take_powerful(self, actor: str, name: str) -> list[Role]:
        account = self.book.find(name)
        for role in sorted(POWERFUL & {Role(each) for each in (account.roles if account else ())}):
            self.audit.write(actor, CentralAct.TAKE_ROLE, f"{name} {role}")
        with self.store.writing() as connection:
            lock_accounts(connection, account_tables, [name])
            drop_proposals(connection, name)
            return [Role(each) for each in remove_roles(connection, account_tables, name, [*map(str, POWERFUL)])]

    def _lock(self, connection: Connection, scope: Scope, name: str) -> None:
        lock_accounts(connection, account_tables, [name])
        if load_account(connection, account_tables, name) is None:
            raise AccountUnknown
        if not _is_within(connection, scope, load_scope(connection, name).area):
            raise PeopleRefused("unknown")

    def _require_within(self, scope: Scope, name: str) -> None:
        if self.book.find(name) is None:
            raise AccountUnknown
        if self.find(scope, name) is None:
            raise PeopleRefused("unknown")

    def _now_s(self) -> int:
        return int(self.clock().timestamp())

    def _oldest_s(self) -> int:
        return self._now_s() - int(PROPOSAL_LASTS.total_seconds())


def _is_within(connection: Connection, scope: Scope, area: bytes | None) -> bool:
    """Tell whether an account of this area is within a scope; one without any is within the whole alone."""
    return scope.is_whole if area is None else scope.is_whole or is_area_within(connection, scope, area)


def _check_area(connection: Connection, scope: Scope, area: bytes, *, hold: bool = False) -> None:
    find = hold_area if hold else load_area
    is_there = area == WHOLE or find(connection, area) is not None
    if not is_there or not _is_within(connection, scope, area):
        raise PeopleRefused("area")


def _check_receiver(connection: Connection, name: str) -> None:
    """Raise PeopleRefused unless the holder, and nobody with a one-time password, has the account."""
    found = load_account(connection, account_tables, name)
    if found is None or not found[0].is_enabled:
        raise PeopleRefused("receiver_disabled")
    if found[0].one_time_until is not None or found[0].factor is None:
        raise PeopleRefused("receiver_new")
