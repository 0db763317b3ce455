"""The town of each test, on each database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.central.databases import Cluster, Database
from tests.central.town import Town, build_town


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Empty databases of each kind; what is particular to one kind takes `sqlite` or `postgresql` instead."""
    if request.param == "sqlite":
        yield Database("sqlite", str, str)
        return
    cluster: Cluster = request.getfixturevalue("postgresql")
    made: list[str] = []

    def create(**template: str) -> str:
        made.append(cluster.create(**template))
        return cluster.url(made[-1])

    yield Database("postgresql", create, lambda: create(template="template0"))
    for name in made:
        cluster.drop(name)


@pytest.fixture
def town(tmp_path: Path, database: Database) -> Iterator[Town]:
    built = build_town(tmp_path / "town", database=database.address())
    yield built
    built.parts.store.close()


@pytest.fixture
def sqlite_town(tmp_path: Path) -> Iterator[Town]:
    """A town whose test looks into SQLite's own files."""
    built = build_town(tmp_path / "town")
    yield built
    built.parts.store.close()
