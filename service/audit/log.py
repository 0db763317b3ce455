"""The audit log in a service's database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from service.audit.entry import Act, LogAct
from service.audit.errors import AuditUnavailable
from service.store import Store, StoreError
from service.store.audit import add_entries, count_leaves, lock_log
from service.store.audit_tables import AuditTables


@dataclass(frozen=True, slots=True)
class AuditLog:
    """A service's log. Any number of processes may write at once; numbers have no gaps."""

    store: Store
    tables: AuditTables
    acts: frozenset[str]  # the closed list of the service's own acts
    clock: Callable[[], datetime]

    def write(self, actor: str, act: str, subject: str = "") -> None:
        """Commit one entry to the disk before returning.

        Raises: AuditUnavailable; ValueError for an act that is not on the service's list; MalformedBytes for a text
        that is too long or not printable.
        """
        if act not in self.acts and act not in {*LogAct}:
            raise ValueError(act)
        new = Act(actor, act, subject)
        try:
            with self.store.writing() as connection:
                lock_log(connection)
                number = count_leaves(connection, self.tables)
                add_entries(connection, self.tables, [new.make_entry(number, int(self.clock().timestamp()))])
        except (StoreError, OSError):
            raise AuditUnavailable from None
