"""The tables of what came of alerts: counts by decision, court and month. No guest, no place, no day.

A row of an alert goes when the alert is forgotten; what stays are counts, and a decision by its digest until it ends.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, MetaData, String, Table


@dataclass(frozen=True, slots=True)
class OutcomeTables:
    """The tables, for `station.store.outcomes`."""

    settled: Table
    second_looks: Table
    decisions: Table
    courts: Table
    figures: Table


def add_outcome_tables(metadata: MetaData) -> OutcomeTables:
    """Add the tables to a service's metadata."""
    return OutcomeTables(
        # Ended alerts that were counted: each once.
        Table("settled_alerts", metadata, Column("alert", LargeBinary, primary_key=True)),
        Table(
            "second_looks",
            metadata,
            Column("alert", LargeBinary, primary_key=True),
            Column("officer", String, nullable=False),  # never one who worked the alert
            Column("is_agreed", Boolean, nullable=False),
        ),
        Table(
            "decision_tallies",
            metadata,
            Column("leaf", LargeBinary, primary_key=True),  # hash of the decision's text
            Column("other_person", BigInteger, nullable=False),
            *_add_tally(),
            Column("forget_at", BigInteger, nullable=False),
        ),
        Table(
            "court_tallies",
            metadata,
            Column("court", String, primary_key=True),
            Column("closed", BigInteger, nullable=False),  # since the last review
            *_add_tally(),
            Column("notice", BigInteger, nullable=False),  # how often it went quiet
        ),
        Table(
            "figures",
            metadata,
            Column("month", String, primary_key=True),  # YYYY-MM
            Column("station", String, primary_key=True),  # a code; "" for what is of all together
            Column("name", String, primary_key=True),  # station.boards.figures.Kind, and of what
            Column("n", BigInteger, nullable=False),
        ),
    )


def _add_tally() -> tuple[Column[int], Column[str], Column[bool], Column[str]]:
    return (
        Column("false", BigInteger, nullable=False),
        Column("first_officer", String, nullable=False),  # the only one so far who had part in these, or ""
        Column("is_of_two", Boolean, nullable=False),  # two different officers had
        Column("quiet_on", String, nullable=False),  # a day, or ""
    )
