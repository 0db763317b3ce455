"""Who ever had whose account in their hands, and when one was last touched, as far back as the audit log's text goes.

By a one-time password somebody holds an account for a while, and could have used it: two such accounts are one person
where two are needed.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, and_, func, literal, or_, select

from service.accounts.acts import AccountAct
from service.store.audit_tables import AuditTables

_GRIPS = (str(AccountAct.ADDED), str(AccountAct.RESET))
_FRESH = (*_GRIPS, str(AccountAct.ENABLED))


def list_tied(connection: Connection, tables: AuditTables, account: str) -> set[str]:
    """Return who ever made or reset an account, or one that did, and so on; and whose it made or reset, likewise."""
    entries = tables.entries.c
    tied: set[str] = set()
    for known, found in ((entries.subject, entries.actor), (entries.actor, entries.subject)):
        held = select(literal(account).label("name")).cte("held", recursive=True)
        # UNION and not UNION ALL: two who reset each other would else have no end.
        further = select(found).where(entries.act.in_(_GRIPS), known == held.c.name)
        tied |= set(connection.execute(select(held.union(further).c.name)).scalars())
    return tied - {account}


def find_last_touch(
    connection: Connection, tables: AuditTables, account: str, giving: Collection[str] = ()
) -> int | None:
    """Return when anybody last made, reset or enabled an account, or gave it something; seconds since 1970.

    `giving` are the acts by which something is given: what follows the account's name in their subject.
    """
    entries = tables.entries.c
    made = and_(entries.act.in_(_FRESH), entries.subject == account)
    given = and_(entries.act.in_(giving), entries.subject.startswith(f"{account} ", autoescape=True))
    found: int | None = connection.execute(select(func.max(entries.time)).where(or_(made, given))).scalar_one()
    return found
