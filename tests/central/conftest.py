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
    taken: list[str] = []
    made: list[str] = []

    def take() -> str:
        taken.append(cluster.take())
        return cluster.url(taken[-1])

    def make_empty() -> str:
        made.append(cluster.create(template="template0"))
        return cluster.url(made[-1])

    yield Database("postgresql", take, make_empty)
    for name in taken:
        cluster.give_back(name)
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
