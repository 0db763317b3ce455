"""Nobody alone: what one administrator begins, another one has to finish (DESIGN.md, section 9).

The command line may begin, and never finishes: whoever has the machine has no name there.
"""

from __future__ import annotations

from dataclasses import dataclass

from central.audit import COMMAND_LINE, CentralAct
from central.console.roles import Role
from central.errors import ActRefused
from central.store import Store
from central.store.standing import had_a_grip, was_touched
from service.accounts import Account, AccountBook

ROLE = Role.TERMINAL_ADMINISTRATOR
# The second is the command line's, which gives by itself while there are too few people.
_GIVING = (str(CentralAct.CONFIRM_GRANT), str(CentralAct.GIVE_ROLE))


@dataclass(frozen=True, slots=True)
class TwoPeople:
    """Judges whether the account that finishes is another person's than the one that began, as far as can be told."""

    store: Store
    accounts: AccountBook

    def require_second(self, first: str, first_at: int, second: str) -> None:
        """Raise ActRefused unless `second` may finish what `first` began at a time (seconds since 1970).

        Codes: same_person; not_enabled (either account is not there, disabled, without own password or factor, or no
        longer a terminal administrator); not_independent (one made or reset the other's account); too_new (the second
        account was made, reset or enabled, or given a role, since: its password may be in somebody else's hands).
        """
        if first == second or second == COMMAND_LINE:
            raise ActRefused("same_person")
        by_account = [each for each in (first, second) if each != COMMAND_LINE]
        if not all(_is_able(self.accounts.find(each)) for each in by_account):
            raise ActRefused("not_enabled")
        with self.store.reading() as connection:
            if first != COMMAND_LINE and had_a_grip(connection, first, second):
                raise ActRefused("not_independent")
            if was_touched(connection, second, first_at, _GIVING):
                raise ActRefused("too_new")


def _is_able(account: Account | None) -> bool:
    if account is None:
        return False
    return account.is_enabled and account.has_own_password and account.has_factor and str(ROLE) in account.roles
