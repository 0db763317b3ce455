"""One town for all tests that leave a town as it is."""

from collections.abc import Iterator

import pytest

from tests.path.demonstration import COUNTERS, Demonstration, run_demonstration


@pytest.fixture(scope="session")
def one_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A town of four counters, and a fifth that nobody has set up. A file has a counter, or some, for itself.

    The files that live in it stand in tests/schedule.py, so that one worker has them all.
    """
    folder = tmp_path_factory.mktemp("one") / "town"
    with run_demonstration(folder, "--counters", f"{COUNTERS}", "--fresh-counter") as running:
        yield running
