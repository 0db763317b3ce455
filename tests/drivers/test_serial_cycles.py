"""A sample of `python -m bench.serial_cycles`, and groups that are opened and closed: nothing is left behind."""

import threading
from pathlib import Path

import pytest

from bench.serial_cycles import has_grown, run_cycles
from drivers.discovery import open_reader
from drivers.reader import ReaderUp


@pytest.mark.parametrize("kind", ["sam", "wedge", "scan"])
def test_plugging_and_reading_again_and_again_leaves_nothing_behind(kind: str, tmp_path: Path) -> None:
    before, after = run_cycles(kind, 22, tmp_path)
    assert not has_grown(before, after), (before, after)


def test_group_that_is_closed_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    for _ in range(10):
        group = open_reader("sim:cards + sim:cards")
        for event in group.events():
            assert isinstance(event, ReaderUp)
            group.close()
        assert threading.active_count() == before
