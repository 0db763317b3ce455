"""Queries of accounts, their recovery codes and failed attempts. Times are seconds since 1970."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, func, insert, select, update

from service.store.account_tables import AccountTables
from service.store.store import make_upsert


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account as it is kept."""

    name: str
    password: str = field(repr=False)
    one_time_until: int | None
    factor: bytes | None = field(repr=False)
    last_step: int
    language: str
    is_enabled: bool
    made_at: int


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """How often a subject failed, and when last."""

    failures: int
    last_at: int


def insert_account(connection: Connection, tables: AccountTables, row: AccountRow, roles: Collection[str]) -> bool:
    """Add an account with its roles; False when there is one of that name."""
    values = {name: getattr(row, name) for name in AccountRow.__slots__}
    statement = make_upsert(connection, tables.accounts).values(values).on_conflict_do_nothing()
    if connection.execute(statement.returning(tables.accounts.c.name)).one_or_none() is None:
        return False
    if roles:
        connection.execute(insert(tables.account_roles), [{"account": row.name, "role": role} for role in roles])
    return True


def load_account(connection: Connection, tables: AccountTables, name: str) -> tuple[AccountRow, frozenset[str]] | None:
    """Return an account and its roles."""
    row = connection.execute(select(tables.accounts).where(tables.accounts.c.name == name)).one_or_none()
    # Both are asked for in either case: it takes as long for a name that there is not.
    roles = connection.execute(select(tables.account_roles.c.role).where(tables.account_roles.c.account == name))
    found = frozenset(roles.scalars())
    return None if row is None else (AccountRow(**row._mapping), found)


def list_accounts(connection: Connection, tables: AccountTables) -> list[tuple[AccountRow, frozenset[str]]]:
    """Return every account with its roles, by name."""
    roles: dict[str, set[str]] = {}
    for account, role in connection.execute(select(tables.account_roles)):
        roles.setdefault(account, set()).add(role)
    rows = connection.execute(select(tables.accounts).order_by(tables.accounts.c.name))
    return [(AccountRow(**row._mapping), frozenset(roles.get(row.name, ()))) for row in rows]


def change_account(connection: Connection, tables: AccountTables, name: str, **values: object) -> bool:
    """Change columns of an account; False when there is none of that name."""
    statement = update(tables.accounts).where(tables.accounts.c.name == name).values(values)
    return connection.execute(statement).rowcount == 1


def use_step(connection: Connection, tables: AccountTables, name: str, step: int) -> bool:
    """Take a code's step as used; False when it, or a later one, was used before."""
    accounts = tables.accounts
    statement = update(accounts).where(accounts.c.name == name, accounts.c.last_step < step).values(last_step=step)
    return connection.execute(statement).rowcount == 1


def replace_codes(connection: Connection, tables: AccountTables, name: str, digests: Collection[bytes]) -> None:
    """Keep these recovery codes instead of the earlier ones."""
    codes = tables.recovery_codes
    connection.execute(delete(codes).where(codes.c.account == name))
    if digests:
        connection.execute(insert(codes), [{"account": name, "digest": digest} for digest in digests])


def use_code(connection: Connection, tables: AccountTables, name: str, digest: bytes) -> bool:
    """Remove a recovery code; False when it is not there (any more)."""
    codes = tables.recovery_codes
    statement = delete(codes).where(codes.c.account == name, codes.c.digest == digest)
    return connection.execute(statement).rowcount == 1


def count_codes(connection: Connection, tables: AccountTables, name: str) -> int:
    """Return how many recovery codes are left."""
    codes = tables.recovery_codes
    return connection.execute(select(func.count()).where(codes.c.account == name)).scalar_one()


def lock_attempts(
    connection: Connection, tables: AccountTables, subjects: Collection[bytes], now: int
) -> dict[bytes, AttemptRow]:
    """Return the attempts on subjects, kept from others until the transaction ends; makes missing rows."""
    attempts = tables.attempts
    # In one order, so that two attempts never wait for each other.
    for subject in sorted(subjects):
        new = make_upsert(connection, attempts).values(subject=subject, failures=0, last_at=now)
        connection.execute(new.on_conflict_do_nothing())
    query = select(attempts).where(attempts.c.subject.in_(subjects)).order_by(attempts.c.subject).with_for_update()
    return {row.subject: AttemptRow(row.failures, row.last_at) for row in connection.execute(query)}


def write_attempt(connection: Connection, tables: AccountTables, subject: bytes, failures: int, now: int) -> None:
    """Note a failure's number and time."""
    attempts = tables.attempts
    statement = update(attempts).where(attempts.c.subject == subject).values(failures=failures, last_at=now)
    connection.execute(statement)


def forget_attempts(connection: Connection, tables: AccountTables, subjects: Collection[bytes]) -> None:
    """Forget the failures of subjects."""
    connection.execute(delete(tables.attempts).where(tables.attempts.c.subject.in_(subjects)))


def forget_old_attempts(connection: Connection, tables: AccountTables, before: int) -> None:
    """Forget failures whose last is older than `before`."""
    connection.execute(delete(tables.attempts).where(tables.attempts.c.last_at < before))


def lock_accounts(connection: Connection, tables: AccountTables, names: Collection[str]) -> None:
    """Let nobody else change some accounts until this transaction ends. SQLite has one writer anyway."""
    names_in_order = select(tables.accounts.c.name).where(tables.accounts.c.name.in_(names))
    connection.execute(names_in_order.order_by(tables.accounts.c.name).with_for_update()).all()


def add_role(connection: Connection, tables: AccountTables, name: str, role: str) -> None:
    """Give an account a role that it may have already."""
    statement = make_upsert(connection, tables.account_roles).values(account=name, role=role)
    connection.execute(statement.on_conflict_do_nothing())


def remove_roles(connection: Connection, tables: AccountTables, name: str, roles: Collection[str]) -> list[str]:
    """Take roles from an account; returns those that it had."""
    held = tables.account_roles
    statement = delete(held).where(held.c.account == name, held.c.role.in_(roles)).returning(held.c.role)
    return sorted(connection.execute(statement).scalars())


def count_holders(connection: Connection, tables: AccountTables, role: str) -> int:
    """Return how many accounts that may sign in have a role."""
    accounts, held = tables.accounts, tables.account_roles
    query = select(func.count()).select_from(accounts.join(held, held.c.account == accounts.c.name))
    return connection.execute(query.where(held.c.role == role, accounts.c.is_enabled)).scalar_one()
