"""The small service on each database. One database serves all tests of a kind: making it takes longer than they do."""

import shutil
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from central.store import open_store
from central.store.schema import account_tables
from service.store import Store, open_engine
from tests.central.conftest import postgresql
from tests.central.databases import Cluster
from tests.service.small_service import SmallService

__all__ = ["postgresql"]


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "small.db"
    store = open_store(path)
    store.truncate_log()
    store.close()
    return path


@pytest.fixture(scope="session")
def shared_store(postgresql: Cluster) -> Iterator[Store]:
    store = open_store(postgresql.url(postgresql.create()))
    yield store
    store.close()


@pytest.fixture
def sqlite_service(empty_file: Path, tmp_path: Path) -> Iterator[SmallService]:
    opened = SmallService(Store(open_engine(Path(shutil.copy(empty_file, tmp_path)))))
    yield opened
    opened.store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest) -> SmallService:
    if request.param == "sqlite":
        opened: SmallService = request.getfixturevalue("sqlite_service")
        return opened
    store: Store = request.getfixturevalue("shared_store")
    with store.writing() as connection:
        for table in (getattr(account_tables, each.name) for each in fields(account_tables)):
            connection.execute(table.delete())
    return SmallService(store)
