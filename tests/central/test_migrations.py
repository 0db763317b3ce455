"""The database's way from empty to the newest version, and what is refused."""

from dataclasses import astuple
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from central.store import open_store
from central.store.base import MIGRATIONS
from central.store.schema import account_tables, audit_tables, metadata, place_tables, terminal_tables
from oversight.store.base import MIGRATIONS as OFFICE_MIGRATIONS
from service.store import DatabaseAddressRefused, DatabaseTooNew, migrate, open_engine
from tests.central.databases import Database


def list_revisions() -> list[str]:
    """Every revision, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def test_migrations_lead_to_the_tables_of_the_models(tmp_path: Path, database: Database) -> None:
    store = open_store(database.empty(tmp_path))
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == list_revisions()[-1]
    store.close()


def test_every_migration_goes_up_and_down_again(tmp_path: Path, database: Database) -> None:
    engine = open_engine(database.empty(tmp_path))
    for revision, before in zip(list_revisions(), ["base", *list_revisions()], strict=False):
        for _ in range(2):
            migrate(engine, MIGRATIONS, revision)
            assert "records" in inspect(engine).get_table_names()
            migrate(engine, MIGRATIONS, before, down=True)
        migrate(engine, MIGRATIONS, revision)
    migrate(engine, MIGRATIONS, "base", down=True)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_database_from_before_the_migrations_keeps_its_rows(tmp_path: Path, database: Database) -> None:
    address = database.empty(tmp_path)
    engine = open_engine(address)
    newer = {"named_keys", "heartbeats", "heartbeat_slots", "house_shares", "allowances"}
    newer |= {"received", "fleet_slots", "keeper_pass", "releases", "enrolments", "lift_requests", "settled_events"}
    newer |= {table.name for table in astuple(terminal_tables)}
    newer |= {"notices"}
    newer |= {table.name for each in (account_tables, audit_tables, place_tables) for table in astuple(each)}
    old = [table for name, table in metadata.tables.items() if name not in newer]
    with engine.begin() as connection:
        metadata.create_all(connection, tables=old)
        connection.execute(metadata.tables["counts"].insert(), {"day": 1, "name": "kept", "count": 7})
    engine.dispose()
    store = open_store(address)
    with store.reading() as connection:
        assert connection.execute(metadata.tables["counts"].select()).all() == [(1, "kept", 7)]
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    store.close()


def test_newer_database_is_refused_and_left_as_it_is(tmp_path: Path, database: Database) -> None:
    address = database.empty(tmp_path)
    open_store(address).close()
    engine = open_engine(address)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew) as refused:
        open_store(address)
    assert "newer version" in str(refused.value)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"
    engine.dispose()


@pytest.mark.parametrize(
    "address",
    ["", "sqlite://", "mysql://secret@host/db", "postgresql+psycopg2://secret@host/db", "secret", "://secret"],
)
def test_other_addresses_are_refused_without_quoting_them(address: str) -> None:
    with pytest.raises(DatabaseAddressRefused) as refused:
        open_store(address)
    assert "secret" not in str(refused.value)


def test_files_of_the_steps_begin_with_their_numbers_which_a_start_goes_by() -> None:
    config = Config()
    for folder in (MIGRATIONS, OFFICE_MIGRATIONS):
        config.set_main_option("script_location", str(folder))
        for each in ScriptDirectory.from_config(config).walk_revisions():
            assert Path(each.path).name.startswith(f"v{each.revision}_")
