"""What the station tells oversight each day: the counts of this month and the one before, as its boards have them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from records.comparing.acts import Act
from records.comparing.counts import CountName, make_acts_report, make_report
from records.comparing.mail import Outcome
from station.alerts.book import AlertBook
from station.alerts.post import Post
from station.alerts.quieting import FALSE
from station.boards.figures import STEPS_S, WITHDRAWN, Figures, Kind, list_months, read_figures
from station.store.figures import ALERT, DAY_KEY, DELETED, RAISED

TOLD = "told oversight"
_MINUTE_S, _THREE_MINUTES_S = 60, 180
Counts = dict[tuple[CountName, str, Act | None], int]


def tell_oversight(book: AlertBook, post: Post, clock: Callable[[], datetime]) -> bool:
    """Leave the day's letters, once a day; tell whether any were. Raises: StoreError."""
    if book.read_count(TOLD):
        return False
    with book.store.reading() as connection:
        found = [(month, read_figures(connection, month, None)) for month in list_months(clock())[:2]]
    letters = tuple(post.report_counts(make_report(month, sum_figures(figures))) for month, figures in found)
    letters += tuple(
        post.report_acts(make_acts_report(month, court, counts))
        for month, figures in found
        for court, counts in sum_acts(figures).items()
    )
    # In one transaction with the letters: a day is told once, or again.
    book.count(TOLD, letters)
    return True


def sum_figures(figures: Figures) -> Counts:
    """Return the counts of a month of all stations together, exact; `make_report` hides and rounds them."""
    ended = {way: figures.read(Kind.ENDED, way) for way in (*map(str, Outcome), WITHDRAWN)}
    counts: Counts = {(CountName(way), "", None): n for way, n in ended.items()}
    counts[CountName.ENDED, "", None] = sum(ended.values())
    accepted = _sum_steps(figures.read_steps(Kind.ACCEPTED))
    counts |= {(name, "", None): accepted[name] for name in _BY_TIME}
    counts[CountName.NOBODY, "", None] = max(0, sum(ended.values()) - accepted.total())
    counts[CountName.RAISED, "", None] = figures.count_raised()
    counts[CountName.ALERTS_DELETED, "", None] = figures.read(Kind.DELETED, ALERT)
    counts[CountName.DAY_KEYS_DELETED, "", None] = figures.read(Kind.DELETED, DAY_KEY)
    for court in figures.list_courts():
        right, false = (_sum_verdicts(figures, court, judged) for judged in ("right", "false"))
        counts[CountName.CONFIRMED, court, None] = right
        counts[CountName.OTHER_PERSON, court, None] = false
        counts[CountName.ENDED, court, None] = right + false
    return counts


def sum_acts(figures: Figures) -> dict[str, Counter[tuple[Act, CountName]]]:
    """Return the exact counts of a month by court, and of each by act."""
    courts: dict[str, Counter[tuple[Act, CountName]]] = {}
    for name, n in figures.counts.items():
        if name[0] != Kind.OF_ACT:
            continue
        _, court, act, what = name
        told = courts.setdefault(court, Counter())
        for each in _OF_ACT[what]:
            told[Act(act), each] += n
    return courts


_ENDED_FALSE = (CountName.ENDED, CountName.OTHER_PERSON)
_OF_ACT: Mapping[str, tuple[CountName, ...]] = {
    RAISED: (CountName.RAISED,),
    DELETED: (CountName.ALERTS_DELETED,),
    WITHDRAWN: (CountName.ENDED, CountName.WITHDRAWN),
    Outcome.CONFIRMED: (CountName.ENDED, CountName.CONFIRMED),
    Outcome.COULD_NOT_BE_FOUND: (CountName.ENDED, CountName.COULD_NOT_BE_FOUND),
    **dict.fromkeys(FALSE, _ENDED_FALSE),
}
_BY_TIME = (CountName.WITHIN_ONE_MINUTE, CountName.WITHIN_THREE_MINUTES, CountName.LATER)


def _sum_steps(steps: list[int]) -> Counter[CountName]:
    found: Counter[CountName] = Counter()
    for number, n in enumerate(steps):
        if number <= bisect_left(STEPS_S, _MINUTE_S):
            found[CountName.WITHIN_ONE_MINUTE] += n
        elif number <= bisect_left(STEPS_S, _THREE_MINUTES_S):
            found[CountName.WITHIN_THREE_MINUTES] += n
        else:
            found[CountName.LATER] += n
    return found


def _sum_verdicts(figures: Figures, court: str, judged: str) -> int:
    return sum(figures.read(Kind.JUDGED, court, verdict, judged) for verdict in ("exact", "strong"))
