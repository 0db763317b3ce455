"""What the station tells oversight each day: the counts of this month and the one before, as its boards have them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from records.comparing.acts import Act
from records.comparing.counts import CountName, make_report
from records.comparing.mail import Outcome
from station.alerts.book import AlertBook
from station.alerts.post import Post
from station.boards.figures import STEPS_S, WITHDRAWN, Figures, Kind, list_months, read_figures

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
    for court in figures.list_courts():
        right, false = (_sum_verdicts(figures, court, judged) for judged in ("right", "false"))
        counts[CountName.CONFIRMED, court, None] = right
        counts[CountName.OTHER_PERSON, court, None] = false
        counts[CountName.ENDED, court, None] = right + false
    return counts


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
