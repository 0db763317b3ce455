"""The town of each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.central.town import Town, build_town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    built = build_town(tmp_path / "town")
    yield built
    built.parts.store.close()
