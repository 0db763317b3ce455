"""One town for all tests that leave a town as it is, and one with comparison for those about it."""

from collections.abc import Iterator

import pytest
import urllib3

from tests.path.demonstration import COUNTERS, Demonstration, run_demonstration
from tests.path.guests import invent_listed
from tests.path.listing import prepare_listing

# Whom the town with comparison has on its list beside the demonstration's six.
LISTED = 40


@pytest.fixture(scope="session")
def one_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A town of four counters, and a fifth that nobody has set up. A file has a counter, or some, for itself.

    The files that live in it stand in tests/schedule.py, so that one worker has them all.
    """
    folder = tmp_path_factory.mktemp("one") / "town"
    with run_demonstration(folder, "--counters", f"{COUNTERS}", "--fresh-counter") as running:
        yield running


@pytest.fixture(scope="session")
def comparing_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A town of four counters with comparison. Whatever its processes leave in a temporary file is in `tmp` beside it.

    The files that live in it stand in tests/schedule.py; the last of them kills its processes.
    """
    base = tmp_path_factory.mktemp("comparing")
    (base / "tmp").mkdir()
    prepare_listing(base / "town", [invent_listed(n) for n in range(LISTED)], COUNTERS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(base / "tmp"))
        running = run_demonstration(base / "town", "--counters", f"{COUNTERS}", comparing=True)
        with running as town:
            patch.undo()
            town.facts["notices_at_start"] = [read_notice(each["counter"]) for each in town.facts["counters"]]
            yield town


def read_notice(counter: str) -> str:
    """Return a counter's page with the guest notice, as it is at this moment."""
    reply = urllib3.request("GET", f"{counter}?open=notice", headers={"Sec-Fetch-Site": "none"}, retries=False)
    assert reply.status == 200
    return reply.data.decode()
