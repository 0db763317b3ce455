"""The station's two databases: SQLite in its own folder, and a PostgreSQL that several processes may share."""

from collections.abc import Iterator

import pytest

from station.store import open_store
from tests.central.databases import Cluster

_TEMPLATE = "kjt_station"


@pytest.fixture(scope="session")
def station_cluster(postgresql: Cluster) -> Cluster:
    """The cluster, with a template that has the station's tables."""
    postgresql.run(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
    open_store(postgresql.url(_TEMPLATE)).close()
    return postgresql


@pytest.fixture
def shared_database(station_cluster: Cluster) -> Iterator[str]:
    """The URL of an empty station's database on PostgreSQL."""
    name = station_cluster.create(_TEMPLATE)
    yield station_cluster.url(name)
    station_cluster.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """The setting of each kind: empty for the file in the data folder."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("shared_database"))
