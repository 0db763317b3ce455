"""The tables of venues, areas and who may see which, and of what is reported. No guest is in any of them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table


@dataclass(frozen=True, slots=True)
class PlaceTables:
    """Venues and areas, people's areas and proposals, drafts of imports, and the days of the report."""

    areas: Table
    venues: Table
    venue_moves: Table
    account_areas: Table
    proposals: Table
    import_drafts: Table
    report_days: Table


def add_place_tables(metadata: MetaData) -> PlaceTables:
    """Declare the tables. Times are whole seconds since 1970-01-01T00:00Z, days are counted from then."""
    return PlaceTables(
        _add_areas(metadata),
        *_add_venues(metadata),
        *_add_people(metadata),
        _add_drafts(metadata),
        _add_report(metadata),
    )


def _add_areas(metadata: MetaData) -> Table:
    # A tree. The whole, sixteen zero bytes, is its root and no row.
    return Table(
        "areas",
        metadata,
        Column("id", LargeBinary, primary_key=True),
        Column("parent", LargeBinary, nullable=False),
        Column("kind", String, nullable=False),  # AreaKind
        Column("name", String, nullable=False),
        Index("areas_by_parent", "parent", "name", unique=True),
    )


def _add_venues(metadata: MetaData) -> tuple[Table, Table]:
    return (
        Table(
            "venues",
            metadata,
            Column("id", LargeBinary, primary_key=True),
            Column("licence", String, nullable=False),  # in normal form
            Column("kind", String, nullable=False),  # records.profile.VenueKind
            Column("name", String, nullable=False),
            Column("address", String, nullable=False),
            Column("latitude", Integer),  # millionths of a degree
            Column("longitude", Integer),
            Column("rooms", Integer, nullable=False),
            Column("station", LargeBinary, nullable=False),
            Column("is_closed", Boolean, nullable=False),
            Column("changed_at", BigInteger, nullable=False),
            Index("venues_by_licence", "licence", unique=True),
            Index("venues_by_station", "station"),
        ),
        # A hand-over that was proposed and waits for somebody else.
        Table(
            "venue_moves",
            metadata,
            Column("venue", LargeBinary, primary_key=True),
            Column("station", LargeBinary, nullable=False),
            Column("proposed_by", String, nullable=False),
            Column("proposed_at", BigInteger, nullable=False),
        ),
    )


def _add_people(metadata: MetaData) -> tuple[Table, Table]:
    return (
        # An account without a row sees nothing.
        Table(
            "account_areas",
            metadata,
            Column("account", String, primary_key=True),
            Column("area", LargeBinary, nullable=False),
        ),
        # What one person proposed for an account and another one has to confirm.
        Table(
            "proposals",
            metadata,
            Column("id", LargeBinary, primary_key=True),
            Column("account", String, nullable=False),
            Column("kind", String, nullable=False),  # ProposalKind
            Column("value", String, nullable=False),
            Column("proposed_by", String, nullable=False),
            Column("proposed_at", BigInteger, nullable=False),
            Index("proposals_by_account", "account", "kind", "value", unique=True),
        ),
    )


def _add_drafts(metadata: MetaData) -> Table:
    # A file that was checked and not yet imported: its rows, for whoever sent it.
    return Table(
        "import_drafts",
        metadata,
        Column("id", LargeBinary, primary_key=True),
        Column("account", String, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("body", LargeBinary, nullable=False),
    )


def _add_report(metadata: MetaData) -> Table:
    # One row a day over all houses together, rounded; null where too few houses make the figure.
    return Table(
        "report_days",
        metadata,
        Column("day", Integer, primary_key=True, autoincrement=False),
        Column("is_summed", Boolean, nullable=False),  # the records of that day were counted, for good
        Column("received", BigInteger),
        Column("within_minute", Integer),  # per cent, in steps of five
        Column("within_hour", Integer),
        Column("within_day", Integer),
        Column("deleted", BigInteger),
    )
