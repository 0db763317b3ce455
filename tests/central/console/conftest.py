"""The small fleet of the console's tests, on each database."""

import pytest

from tests.central.console.small_fleet import SmallFleet
from tests.central.town import Town


@pytest.fixture
def fleet(town: Town) -> SmallFleet:
    return SmallFleet(town)
