"""The small fleet of the console's tests."""

import pytest

from tests.central.console.small_fleet import SmallFleet
from tests.central.town import Town


@pytest.fixture
def fleet(sqlite_town: Town) -> SmallFleet:
    """What pages say does not depend on the database; what they ask it does, and takes `any_fleet`."""
    return SmallFleet(sqlite_town)


@pytest.fixture
def any_fleet(town: Town) -> SmallFleet:
    """A fleet on each database."""
    return SmallFleet(town)
