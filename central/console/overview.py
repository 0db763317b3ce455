"""What the overview shows: the fleet in counts and totals, the terminals that need somebody, and the service itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from central.console.plots import Plot, draw_fleet, find_first_slot
from central.enrolment import EnrolmentState
from central.fleet.coarse import coarsen_age, coarsen_count, coarsen_queue
from central.fleet.states import SeenTerminal, make_seen
from central.fleet.troubles import Trouble, find_troubles, make_bounds
from central.health import Grade, Health, check_service
from central.keys import count_days
from central.settings import CentralSettings
from central.store import Store
from central.store.areas import Scope
from central.store.enrolments import count_in_state
from central.store.fleet import SLOT_S
from central.store.gaps import GAP_SHOWN_AFTER_S, list_gap_terminals
from central.store.inspection import measure_database
from central.store.terminal_pages import (
    FleetCounts,
    SecurityEvent,
    Show,
    Wanted,
    count_fleet,
    find_terminals,
    list_security_events,
)
from central.store.totals import FleetSlot, load_counts, load_fleet_slots, load_keeper_pass

MOST_URGENT = 8
MOST_EVENTS = 5
REFUSALS_DAYS = 7
_REFUSED = {
    "refused: ": "envelope",
    "refused delivery: ": "delivery",
    "refused heartbeat: ": "heartbeat",
    "refused house share: ": "share",
    "refused enrolment: ": "enrolment",
    "refused key renewal: ": "renewal",
    "put off: ": "put_off",
}
LATE = "late"


@dataclass(frozen=True, slots=True)
class TroubledTerminal:
    """A terminal, and what is wrong with it."""

    seen: SeenTerminal
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class Received:
    """Records received over all terminals together; None where too few houses were heard."""

    today: int | None
    last_day: int | None
    until: datetime | None  # the end of what was summed up; None before the first time


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often something was refused for one reason; what was taken late is told in steps."""

    code: str
    today: int
    week: int

    @property
    def is_coarse(self) -> bool:
        """True when the figures are at most so many."""
        return self.code == LATE


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the page. Whoever sees an area alone gets no figure that is the whole service's."""

    now: datetime
    is_whole: bool
    counts: FleetCounts
    urgent: list[TroubledTerminal]
    health: list[Health]
    received: Received
    plots: list[Plot]
    refusals: list[Refusals]
    events: list[SecurityEvent]
    gaps: list[bytes]  # terminals whose numbers have gaps that nobody has accounted for
    undecided: int  # new terminals that wait for a second administrator

    @property
    def needing(self) -> int:
        """How many things about the service need somebody."""
        return sum(each.grade is not Grade.GOOD for each in self.health)

    @property
    def is_wrong(self) -> bool:
        """True when something is wrong now, not only soon."""
        return self.counts.troubled > 0 or any(each.grade is Grade.WRONG for each in self.health)

    @property
    def largest_queue(self) -> int:
        """The most that waits at one terminal, in coarse steps."""
        return coarsen_queue(self.counts.largest_queue, self.counts.oldest_s)

    @property
    def oldest_s(self) -> int:
        """The longest wait, in coarse steps."""
        return coarsen_age(self.counts.oldest_s)


def load_overview(store: Store, settings: CentralSettings, scope: Scope, now: datetime) -> Overview:
    """Read what the overview shows to a scope, all of one moment. `now` is aware. Raises: StoreError."""
    bounds, today = make_bounds(now), count_days(now.astimezone(UTC).date())
    with store.reading() as connection:
        counts = count_fleet(connection, bounds, scope)
        rows, _ = find_terminals(connection, Wanted(show=Show.TROUBLED, most=MOST_URGENT), bounds, scope)
        # Twenty-four hours, or since midnight where a day was longer.
        first = min(find_first_slot(now), _find_midnight(now) // SLOT_S)
        # There are no totals by area: beside the whole's they would tell of what is left, which may be one house.
        slots = load_fleet_slots(connection, first) if scope.is_whole else []
        refused = load_counts(connection, today - REFUSALS_DAYS + 1) if scope.is_whole else []
        since = int((now - timedelta(days=REFUSALS_DAYS)).timestamp())
        events = list_security_events(connection, since, MOST_EVENTS, scope)
        gaps = list_gap_terminals(connection, scope, int(now.timestamp()) - GAP_SHOWN_AFTER_S, MOST_EVENTS)
        # Of the whole alone: what is waited for elsewhere is nobody's business here.
        undecided = (
            0 if not scope.is_whole else count_in_state(connection, EnrolmentState.WAITING.value, int(now.timestamp()))
        )
        keeper, database_bytes = load_keeper_pass(connection), measure_database(connection)
    urgent = [TroubledTerminal(seen, find_troubles(seen)) for seen in (make_seen(row, now) for row in rows)]
    return Overview(
        now, scope.is_whole, counts, urgent, check_service(settings, keeper, database_bytes, now),
        sum_received(slots, now),
        draw_fleet([each for each in slots if each.slot >= find_first_slot(now)], now),
        sum_refusals(refused, today), events, gaps, undecided,
    )  # fmt: skip


def sum_received(slots: list[FleetSlot], now: datetime) -> Received:
    """Return the totals of today, by this machine's time zone, and of the last day. `now` is aware."""
    midnight = _find_midnight(now) // SLOT_S
    until = datetime.fromtimestamp((slots[-1].slot + 1) * SLOT_S, UTC) if slots else None
    today = _sum_shown(each for each in slots if each.slot >= midnight)
    return Received(today, _sum_shown(each for each in slots if each.slot >= find_first_slot(now)), until)


def sum_refusals(counts: list[tuple[int, str, int]], today: int) -> list[Refusals]:
    """Return what was refused, by code, the most frequent first."""
    by_day, by_week = Counter[str](), Counter[str]()
    for day, name, count in counts:
        code = _find_code(name)
        if code:
            by_week[code] += count
            by_day[code] += count if day == today else 0
    return [_make_refusals(code, by_day[code], count) for code, count in by_week.most_common()]


def _make_refusals(code: str, today: int, week: int) -> Refusals:
    # What came late was received: where few houses are, its number would tell how many guests came to one.
    return Refusals(code, coarsen_count(today), coarsen_count(week)) if code == LATE else Refusals(code, today, week)


def _sum_shown(slots: Iterable[FleetSlot]) -> int | None:
    shown = [each.records for each in slots if each.records is not None]
    return sum(shown) if shown else None


def _find_midnight(now: datetime) -> int:
    return int(now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0).timestamp())


def _find_code(name: str) -> str:
    """Return the code of a counter's text, "" for one that counts no refusal."""
    if name == LATE:
        return LATE
    for start, family in _REFUSED.items():
        if name.startswith(start):
            return f"{family}_{name.removeprefix(start).replace(' ', '_')}"
    return ""
