"""Gaps in a terminal's numbers: found by the keeper, filled by what comes late, accounted for by an administrator."""

from datetime import timedelta

import pytest

from central.audit import CentralAct
from central.errors import ActRefused
from central.store.areas import EVERYTHING
from central.store.gaps import GapRow, list_gap_terminals, list_gaps, list_missing
from central.terminals import account_for_gap
from tests.central.town import TERMINAL, Town, make_envelope


def find_gaps(town: Town) -> list[GapRow]:
    town.keep()
    with town.parts.store.reading() as connection:
        return list_gaps(connection, TERMINAL)


def account(town: Town, missing: int) -> None:
    now_s = int(town.now.timestamp())
    account_for_gap(town.parts.store, town.parts.audit, "anna", TERMINAL, 1, missing, now_s)


def test_gap_is_found_with_the_moment_it_began_and_goes_when_it_is_filled(town: Town) -> None:
    envelopes = {number: make_envelope(number) for number in range(1, 9)}
    town.deliver(*(envelopes[number] for number in (1, 2, 5, 6, 8)))
    began = int(town.now.timestamp())
    (gap,) = find_gaps(town)
    assert (gap.generation, gap.missing, gap.since, gap.is_open) == (1, 3, began, True)
    with town.parts.store.reading() as connection:
        assert list_missing(connection, TERMINAL) == [(1, 3, 4), (1, 7, 7)]
        assert list_gap_terminals(connection, EVERYTHING, began, 5) == [TERMINAL]
        assert list_gap_terminals(connection, EVERYTHING, began - 1, 5) == []
    town.now += timedelta(hours=1)
    town.deliver(envelopes[3])
    (gap,) = find_gaps(town)
    assert (gap.missing, gap.since) == (2, began)
    town.deliver(envelopes[4], envelopes[7])
    assert find_gaps(town) == []


def test_numbers_that_begin_late_are_a_gap_of_their_series_alone(sqlite_town: Town) -> None:
    sqlite_town.deliver(make_envelope(1), make_envelope(2, generation=2))
    assert [(each.generation, each.missing) for each in find_gaps(sqlite_town)] == [(2, 1)]


def test_what_somebody_has_accounted_for_is_settled_until_more_is_missing(town: Town) -> None:
    town.deliver(make_envelope(3))
    find_gaps(town)
    with pytest.raises(ActRefused, match="gone"):
        account(town, 1)  # not what the page has shown
    account(town, 2)
    with pytest.raises(ActRefused, match="gone"):
        account(town, 2)
    (gap,) = find_gaps(town)
    assert (gap.is_open, gap.settled_by) == (False, "anna")
    assert town.list_acts()[-1] == ("anna", CentralAct.SETTLE_GAP, f"{TERMINAL.hex()} 1 2")
    town.deliver(make_envelope(5))
    (gap,) = find_gaps(town)
    assert (gap.missing, gap.explained, gap.is_open) == (3, 2, True)
