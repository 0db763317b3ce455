"""The tables of accounts, attached to a service's own metadata. No password, code or token is in them as it is."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, MetaData, String, Table


@dataclass(frozen=True, slots=True)
class AccountTables:
    """The tables of one service's accounts."""

    accounts: Table
    account_roles: Table
    recovery_codes: Table
    sessions: Table
    attempts: Table
    security_keys: Table


def add_account_tables(metadata: MetaData) -> AccountTables:
    """Declare the tables. Times are whole seconds since 1970-01-01T00:00Z."""
    return AccountTables(
        Table(
            "accounts",
            metadata,
            Column("name", String, primary_key=True),
            Column("password", String, nullable=False),  # Argon2id, a PHC string
            Column("one_time_until", BigInteger),  # null: the password was chosen by its holder
            Column("factor", LargeBinary),  # TOTP secret, encrypted under a key that is not in the database
            Column("last_step", BigInteger, nullable=False),  # of the last code that was accepted
            Column("language", String, nullable=False),
            Column("is_enabled", Boolean, nullable=False),
            Column("made_at", BigInteger, nullable=False),
        ),
        Table(
            "account_roles",
            metadata,
            Column("account", String, primary_key=True),
            Column("role", String, primary_key=True),
        ),
        Table(
            "recovery_codes",
            metadata,
            Column("account", String, primary_key=True),
            Column("digest", LargeBinary, primary_key=True),
        ),
        Table(
            "sessions",
            metadata,
            Column("digest", LargeBinary, primary_key=True),  # SHA-256 of the token
            Column("account", String, nullable=False),  # "" after a wrong name, which is said only later
            Column("standing", String, nullable=False),
            Column("opened_at", BigInteger, nullable=False),
            Column("seen_at", BigInteger, nullable=False),
            Column("browser", String, nullable=False),
            Column("tries", BigInteger, nullable=False),  # of codes
            Column("pending_factor", LargeBinary),  # encrypted, until a code of it was typed
            Column("challenge", LargeBinary),  # for a security key: what for, and what it signs once
            Column("challenge_until", BigInteger),
            Index("sessions_by_account", "account"),
            Index("sessions_by_time", "seen_at"),
        ),
        # Failed sign-ins by who is tried and from where, both under a key: what was typed as a name may be a password.
        Table(
            "attempts",
            metadata,
            Column("subject", LargeBinary, primary_key=True),
            Column("failures", BigInteger, nullable=False),
            Column("last_at", BigInteger, nullable=False),
            Index("attempts_by_time", "last_at"),
        ),
        _add_security_keys(metadata),
    )


def _add_security_keys(metadata: MetaData) -> Table:
    return Table(
        "security_keys",
        metadata,
        Column("credential", LargeBinary, primary_key=True),  # the id that the key gave itself
        Column("account", String, nullable=False),
        Column("public_key", LargeBinary, nullable=False),  # COSE
        Column("sign_count", BigInteger, nullable=False),
        Column("title", String, nullable=False),  # its holder's name for it
        Column("made_at", BigInteger, nullable=False),
        Column("used_at", BigInteger),
        Column("suspected_at", BigInteger),  # its counter went back: there may be a copy, and neither is taken
        Index("security_keys_by_account", "account"),
    )
