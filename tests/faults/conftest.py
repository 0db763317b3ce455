"""The real ingest process on each database, one for all faults."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.central.databases import Cluster
from tests.central.test_processes import find_port, run_process, wait_ready
from tests.central.town import build_town
from tests.faults.house import Central, House
from tests.faults.proxy import Proxy, run_proxy
from tests.terminal.conftest import quick_stretching

__all__ = ["quick_stretching"]


@contextmanager
def run_central(folder: Path, database: str) -> Iterator[Central]:
    """Build a town and run its ingest."""
    port = find_port()
    town = build_town(folder, now=datetime.now(UTC), port=port, database=database)
    with run_process("ingest", town.settings_path):
        wait_ready(port)
        yield Central(town, port)
    town.parts.store.close()


@pytest.fixture(scope="session")
def sqlite_central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Central]:
    """Ingest on SQLite."""
    with run_central(tmp_path_factory.mktemp("faults") / "town", "") as running:
        yield running


@pytest.fixture(scope="session")
def postgresql_central(tmp_path_factory: pytest.TempPathFactory, postgresql: Cluster) -> Iterator[Central]:
    """Ingest on PostgreSQL."""
    with run_central(tmp_path_factory.mktemp("faults") / "town", postgresql.url(postgresql.create())) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def central(request: pytest.FixtureRequest) -> Central:
    """Ingest, on one database after the other."""
    found: Central = request.getfixturevalue(f"{request.param}_central")
    return found


@pytest.fixture
def proxy(central: Central) -> Iterator[Proxy]:
    """The line."""
    with run_proxy(central.port) as running:
        yield running


@pytest.fixture
def open_house(central: Central, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Open houses at this central; they are closed at the end."""
    houses: list[House] = []

    def open_one(url: str, **changes: float) -> House:
        houses.append(House(tmp_path / f"house-{len(houses)}", central, url, **changes))  # type: ignore[arg-type]
        return houses[-1]

    yield open_one
    for each in houses:
        each.close()
