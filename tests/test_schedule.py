"""The order of the files names files that there are, and keeps together what shares a town."""

from pathlib import Path

import pytest

from tests.schedule import COMPARING_TOWN, IN_COMPARING_TOWN, IN_ONE_TOWN, LONG, ONE_TOWN, _Waiting

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("town", "together"), [("one_town", IN_ONE_TOWN), ("comparing_town", IN_COMPARING_TOWN)])
def test_files_that_take_a_shared_town_are_those_that_stay_together(town: str, together: set[str]) -> None:
    files = [path for path in (ROOT / "tests" / "path").glob("test_*.py") if f"{town}: Demo" in path.read_text()]
    assert {path.relative_to(ROOT).as_posix() for path in files} == together


def test_each_beginning_in_the_order_is_that_of_a_file() -> None:
    files = [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")]
    starts = [start for start in LONG if start not in (ONE_TOWN, COMPARING_TOWN)]
    assert [start for start in starts if not any(file.startswith(start) for file in files)] == []


def test_long_files_are_handed_out_first_and_then_those_of_most_tests() -> None:
    few, many = {"a": False}, {"a": False, "b": False}
    waiting = _Waiting({"tests/records/test_few.py": few, "tests/records/test_many.py": many})
    waiting |= {"tests/browser/test_face.py": few, ONE_TOWN: few}
    assert [waiting.popitem(last=False)[0] for _ in range(4)] == [
        ONE_TOWN, "tests/browser/test_face.py", "tests/records/test_many.py", "tests/records/test_few.py",
    ]  # fmt: skip
