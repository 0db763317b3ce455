"""The databases of office and relay: their migrations lead to their tables, and back to nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, inspect

from central.relay.store import base as relay
from central.relay.store import schema as relay_schema
from screening.store import base as office
from screening.store import schema as office_schema
from service.store import migrate, open_engine

STORES = [(relay.MIGRATIONS, relay_schema.metadata), (office.MIGRATIONS, office_schema.metadata)]


@pytest.mark.parametrize(("migrations", "metadata"), STORES, ids=["relay", "office"])
def test_migrations_lead_to_the_tables_and_back(tmp_path: Path, migrations: Path, metadata: MetaData) -> None:
    engine = open_engine(tmp_path / "new.db")
    migrate(engine, migrations, "head")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
        connection.rollback()
    migrate(engine, migrations, "base", down=True)
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    engine.dispose()


def test_no_table_of_either_has_a_column_for_a_guest_a_house_or_a_moment() -> None:
    columns = {
        f"{name}.{column.name}"
        for _, metadata in STORES
        for name, table in metadata.tables.items()
        for column in table.columns
        if not name.startswith("audit_")  # of officers and the process: what it may say is tested beside it
    }
    # The venue of an alert is central's own knowledge; the person and the place beside it are sealed to the station.
    assert {each for each in columns if "venue" in each or "terminal" in each} == {"alerts.venue"}
    assert not {each for each in columns if any(word in each for word in ("person", "number_", "made_at", "time"))}
