"""An office for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.screening.bureau import Bureau, build_bureau


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    built = build_bureau(tmp_path / "office")
    yield built
    built.office.store.close()
