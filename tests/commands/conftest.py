"""A folder on a file system that overwrites in place, as a real service asks for."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from records.erasable import require_overwriting
from records.errors import KeyFileRefused
from tests.commands.installation import Installation, make_installation


@pytest.fixture
def real_folder(tmp_path: Path) -> Iterator[Path]:
    try:
        require_overwriting(tmp_path)
    except KeyFileRefused:
        with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="kjt-") as folder:  # containers: overlay elsewhere
            yield Path(folder) / "real"
    else:
        yield tmp_path / "real"


@pytest.fixture
def installation(real_folder: Path) -> Installation:
    return make_installation(real_folder)
