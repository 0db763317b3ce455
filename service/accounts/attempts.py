"""What slows down guessing: waiting times that grow with each failure, for an account and for an address.

An attempt counts as a failure before it is judged, so that a hundred at once are no way around it, and is
forgotten when it succeeds. Nobody is locked out by strangers: a browser in which the account's holder signed in
before is counted by itself, and a security key is taken wherever it is, whatever was tried at the account. Elsewhere
a wait ends after minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from service.accounts.errors import PleaseWait
from service.accounts.key import AccountKey
from service.store import Connection
from service.store.account_tables import AccountTables
from service.store.accounts import AttemptRow, forget_attempts, forget_old_attempts, lock_attempts, write_attempt

FORGOTTEN_AFTER_S = 24 * 3600
_FREE = 5  # failures that cost nothing
_ACCOUNT = "account"
_LONGEST_S = {_ACCOUNT: 600, "address": 900, "browser": 300}


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who is tried from where. `known` is the number of a browser that the account's holder used before."""

    name: str = field(repr=False)  # as typed, which may be a password
    address: str = field(repr=False)
    known: str = field(default="", repr=False)

    def list_subjects(self) -> dict[str, str]:
        """Return what the failures are counted by, each with its kind."""
        if self.known:
            return {"browser": self.known}
        return {_ACCOUNT: self.name, "address": self.address}


def find_wait(kind: str, row: AttemptRow, now: int) -> int:
    """Return the seconds until the next attempt may be made."""
    beyond = row.failures - _FREE
    if beyond < 0:
        return 0
    wait_s: int = min(2 ** min(beyond, 20), _LONGEST_S[kind])
    # Never longer than that, also when the clock was ahead and is put right.
    return min(wait_s, max(0, row.last_at + wait_s - now))


def count_attempt(
    connection: Connection, tables: AccountTables, key: AccountKey, attempt: Attempt, now: int, *, may_use_key: bool
) -> int:
    """Count an attempt that is about to be made; returns the seconds for which no code may be tried.

    These are 0, except with `may_use_key` while others have tried the account too often. Raises: PleaseWait.
    """
    forget_old_attempts(connection, tables, now - FORGOTTEN_AFTER_S)
    marks = {key.mark(f"attempt {kind}", text): kind for kind, text in attempt.list_subjects().items()}
    rows = lock_attempts(connection, tables, marks, now)
    waits = {marks[mark]: find_wait(marks[mark], row, now) for mark, row in rows.items()}
    no_code_s = waits.pop(_ACCOUNT, 0) if may_use_key else 0
    if wait_s := max(waits.values(), default=0):
        raise PleaseWait(wait_s)
    for mark, row in rows.items():
        if not (no_code_s and marks[mark] == _ACCOUNT):  # waiting makes no wait longer
            write_attempt(connection, tables, mark, row.failures + 1, now)
    return no_code_s


def forgive_attempts(connection: Connection, tables: AccountTables, key: AccountKey, attempt: Attempt) -> None:
    """Forget the failures after a success."""
    forget_attempts(
        connection, tables, [key.mark(f"attempt {kind}", text) for kind, text in attempt.list_subjects().items()]
    )
