"""The station's database: its migrations lead to its tables and back, and what was there goes on."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from service.store import migrate, open_engine
from station.store.base import MIGRATIONS, open_store
from station.store.schema import metadata
from tests.station.small_book import DISTRICT, SmallBook


def test_migrations_lead_to_the_tables_and_back(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "new.db")
    migrate(engine, MIGRATIONS, "head")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
        connection.rollback()
    migrate(engine, MIGRATIONS, "base", down=True)
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    engine.dispose()


def test_alert_of_before_there_were_stations_goes_to_the_supervising_one(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "old.db")
    migrate(engine, MIGRATIONS, "0001")
    with engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO alerts (id, state, verdict, raised_at, holder, accepted_at, outcome, ended_because, slot, "
            "locked) VALUES (x'0011223344556677', 'accepted', 'exact', 100, 'lin', 160, '', '', 0, x'00')"
        ))  # fmt: skip
    engine.dispose()
    open_store(tmp_path / "old.db").close()
    small = SmallBook(tmp_path, tmp_path / "old.db")
    assert small.book.settle_strays() == 1
    (row,) = small.book.list_open()
    assert (row.station, row.is_known_venue, row.since, row.level) == (DISTRICT, False, 160, 0)
    small.close()
