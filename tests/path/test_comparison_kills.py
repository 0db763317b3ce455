"""`kill -9` of whom chance chooses while guests are compared: every alert once, none lost, none silent for long.

A seeded sample of `python -m bench.comparison_kills`, in the town that several files share.
"""

import random
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.path.conftest import LISTED
from tests.path.demonstration import Demonstration
from tests.path.guests import MOST_GUESTS
from tests.path.kills import SETTLED, Clerk, Disks, Killer, kill_along, open_officer
from tests.path.left_behind import read_rows
from tests.path.test_comparison_apart import ALERTED, GUESTS
from tests.path.test_power_cuts import wait_until

SEED = 3647  # with this one each of the six is killed once
KILLS = 6
SILENT_S = 120.0  # the most that an alert may be silent
# The ledger's words for whoever is never compared, because the permit or the counter was gone.
NEVER = {"no permit", "stopped", "other permit", "given up"}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900}) as context:
        yield context.new_page()


@pytest.mark.timeout(420)
def test_whoever_is_killed_no_alert_is_lost_doubled_or_silent_for_long(
    comparing_town: Demonstration, page: Page
) -> None:
    chances = [random.Random(f"{SEED} {name}") for name in ("killer", "clerk", "officer")]
    officer = open_officer(page, comparing_town, chances[2], most_wait_s=1.0)
    # Whatever the other files left on its way is there before the counting begins.
    relay = comparing_town.folder / "comparison" / "relay" / "relay.db"
    wait_until(lambda: not read_rows(relay, "SELECT 1 FROM alerts"), "the station has fetched all")
    disks = Disks(comparing_town)
    first = len(ALERTED)
    clerk = Clerk(comparing_town, disks, chances[1], 0.5, first, LISTED - 1 - first, first_stranger=GUESTS)
    clerk.wait_for_permit()
    found = kill_along(Killer(comparing_town, chances[0], pause_s=1.2), clerk, disks, officer, KILLS)
    assert clerk.strangers < MOST_GUESTS - GUESTS
    assert found.killed.total() == KILLS
    assert (found.lost, found.doubled, found.early) == (0, 0, 0)
    assert found.longest_s <= SILENT_S
    # Whom the permit covered was compared, the last one at least; whoever it did not cover was not.
    assert found.ends[SETTLED] > 0
    assert found.told_s
    assert found.ends.keys() <= {SETTLED, *NEVER}
