"""Nobody alone: what one administrator begins, another one has to finish (DESIGN.md, section 9).

The command line may begin, and never finishes: whoever has the machine has no name there.
"""

from __future__ import annotations

from dataclasses import dataclass

from central.audit import COMMAND_LINE, CentralAct
from central.console.roles import Role
from central.errors import ActRefused
from central.store import Connection, Store
from central.store.schema import account_tables
from central.store.standing import had_a_grip, was_touched
from service.store.accounts import load_account, lock_accounts

ROLE = Role.TERMINAL_ADMINISTRATOR
# The second is the command line's, which gives by itself while there are too few people.
_GIVING = (str(CentralAct.CONFIRM_GRANT), str(CentralAct.GIVE_ROLE))


@dataclass(frozen=True, slots=True)
class TwoPeople:
    """Judges whether the account that finishes is another person's than the one that began, as far as can be told."""

    store: Store

    def require_second(self, first: str, first_at: int, second: str) -> None:
        """Raise ActRefused unless `second` may finish what `first` began: before anything is written down of it.

        As `judge_second`, which the transaction that does the act has to ask once more.
        """
        with self.store.reading() as connection:
            self.judge_second(connection, first, first_at, second)

    def judge_second(
        self, connection: Connection, first: str, first_at: int, second: str, *, lock: bool = False
    ) -> None:
        """Raise ActRefused unless `second` may finish what `first` began at a time (seconds since 1970).

        With `lock` neither account changes before the transaction ends.

        Codes: same_person; not_enabled (either account is not there, disabled, without own password or factor, or no
        longer a terminal administrator); not_independent (one made or reset the other's account, or one that did);
        too_new (the second account was made, reset or enabled, or given a role, since: its password may be in
        somebody else's hands).
        """
        if first == second or second == COMMAND_LINE:
            raise ActRefused("same_person")
        by_account = [each for each in (first, second) if each != COMMAND_LINE]
        if lock:
            lock_accounts(connection, account_tables, by_account)
        if not all(_is_able(connection, each) for each in by_account):
            raise ActRefused("not_enabled")
        if first != COMMAND_LINE and had_a_grip(connection, first, second):
            raise ActRefused("not_independent")
        if was_touched(connection, second, first_at, _GIVING):
            raise ActRefused("too_new")


def _is_able(connection: Connection, name: str) -> bool:
    found = load_account(connection, account_tables, name)
    if found is None:
        return False
    account, roles = found
    has_own = account.one_time_until is None and account.factor is not None
    return account.is_enabled and has_own and str(ROLE) in roles
