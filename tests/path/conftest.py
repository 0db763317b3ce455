"""One town for all tests that leave a town as it is, and one with comparison for those about it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import urllib3

from tests.path.demonstration import COUNTERS, Demonstration, run_demonstration
from tests.path.guests import invent_listed
from tests.path.listing import prepare_listing
from tests.schedule import IN_COMPARING_TOWN, IN_ONE_TOWN

# See tests/path/quick/sitecustomize.py.
QUICK = Path(__file__).parent / "quick"
# Whom the town with comparison has on its list beside the demonstration's six.
LISTED = 40

# The towns that run: which files live in each, and how it is ended.
_running: dict[frozenset[str], ExitStack] = {}


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End a town after the last test of its files: its twenty processes would run on beside all other tests."""
    for files in [files for files in _running if _find_file(item) in files]:
        # A worker has all tests in its list and runs some; those of one town follow each other there.
        is_worker = hasattr(item.config, "workerinput")
        rest = item.session.items[item.session.items.index(item) + 1 :]
        following = [nextitem] if is_worker and nextitem else [] if is_worker else rest
        if not any(_find_file(each) in files for each in following):
            _running.pop(files).close()


def _find_file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


@pytest.fixture(scope="session")
def one_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A town of four counters, and a fifth that nobody has set up. A file has a counter, or some, for itself.

    The files that live in it stand in tests/schedule.py, so that one worker has them all.
    """
    folder = tmp_path_factory.mktemp("one") / "town"
    with ExitStack() as end:
        _running[frozenset(IN_ONE_TOWN)] = end
        yield end.enter_context(run_demonstration(folder, "--counters", f"{COUNTERS}", "--fresh-counter"))


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
        patch.setenv("PYTHONPATH", str(QUICK))
        with ExitStack() as end:
            running = run_demonstration(base / "town", "--counters", f"{COUNTERS}", comparing=True)
            town = end.enter_context(running)
            patch.undo()
            town.facts["notices_at_start"] = [read_notice(each["counter"]) for each in town.facts["counters"]]
            _running[frozenset(IN_COMPARING_TOWN)] = end
            yield town


def read_notice(counter: str) -> str:
    """Return a counter's page with the guest notice, as it is at this moment."""
    reply = urllib3.request("GET", f"{counter}?open=notice", headers={"Sec-Fetch-Site": "none"}, retries=False)
    assert reply.status == 200
    return reply.data.decode()
