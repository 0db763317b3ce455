"""The tables around single terminals: what is missing of their numbers, their keys, what they are set to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, String, Table


@dataclass(frozen=True, slots=True)
class TerminalTables:
    """Gaps in the numbers, earlier and coming signing keys, remote settings."""

    gaps: Table
    keys: Table
    settings: Table


def add_terminal_tables(metadata: MetaData) -> TerminalTables:
    """Declare the tables. Times are whole seconds since 1970-01-01T00:00Z."""
    return TerminalTables(_add_gaps(metadata), _add_keys(metadata), _add_settings(metadata))


def _add_gaps(metadata: MetaData) -> Table:
    # The keeper counts; which numbers they are is not here, for that would tell how much a house has sent.
    return Table(
        "number_gaps",
        metadata,
        Column("terminal", LargeBinary, primary_key=True),
        Column("generation", BigInteger, primary_key=True, autoincrement=False),
        Column("missing", BigInteger, nullable=False),
        Column("since", BigInteger, nullable=False),  # when some were first found missing
        Column("explained", BigInteger, nullable=False),  # so many of them somebody has accounted for
        Column("settled_by", String),
        Column("settled_at", BigInteger),
    )


def _add_keys(metadata: MetaData) -> Table:
    # Every key of a terminal that has ever renewed one. The present one stands in `terminals` as well.
    return Table(
        "terminal_keys",
        metadata,
        Column("terminal", LargeBinary, primary_key=True),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("public_key", LargeBinary, nullable=False),
        Column("standing", String, nullable=False),  # KeyStanding
        Column("since", BigInteger, nullable=False),
        Column("ended_at", BigInteger),
        Column("renewal", LargeBinary),  # signed by the key before and by this one
    )


def _add_settings(metadata: MetaData) -> Table:
    # What was set at a terminal from afar, each time under the next number.
    return Table(
        "terminal_settings",
        metadata,
        Column("terminal", LargeBinary, primary_key=True),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        *(Column(name, String, nullable=False) for name in ("language", "log_level", "disk_warning")),
        Column("least_key", BigInteger, nullable=False),
        Column("set_by", String, nullable=False),
        Column("set_at", BigInteger, nullable=False),
        Column("confirmed_at", BigInteger),
    )
