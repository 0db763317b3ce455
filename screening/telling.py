"""What the office tells each day: oversight the counts of this month and the one before, the station one of them.

Sums of months in steps of five, as the station tells them: two letters tell nothing of the day between them. The
station hears of no month that goes on, so that its letters of a month are all alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from records.comparing.acts import Act
from records.comparing.annex import Annex
from records.comparing.counts import CountName, encode_counts, encode_guests, make_guests_report, make_report
from records.comparing.mail import LetterKind, Role, seal_letter
from records.suite import SigningKey
from screening.clock import Clock
from screening.lines import RelayLine
from screening.store import Store
from screening.store.handles import DECISIONS_DELETED, HANDLES_DELETED, add_counts, load_counts, sum_counts
from screening.worker import Came

TOLD, TOLD_STATION = "told-oversight", "told-station"
_COMPARED = (Came.MISSED, Came.CLEARED, Came.SUPPRESSED, Came.ALERTED)
_NOT_COMPARED = (Came.CLOSED, Came.BEYOND, Came.UNREADABLE, Came.SEAL_AGAIN)
_EPOCH = date(1970, 1, 1)


def tell_oversight(store: Store, annex: Annex, key: SigningKey, relay: RelayLine, clock: Clock) -> bool:
    """Leave the day's letters, once a day; tell whether it was done now. Raises: LineBroken, StoreError."""
    with store.reading() as connection:
        if load_counts(connection, clock.day).get(TOLD):
            return False
        found = [(f"{first:%Y-%m}", sum_counts(connection, *_bound(first))) for first in _list_months(clock.now())]
    for month, counts in found:
        content = encode_counts(make_report(month, name_counts(counts)))
        relay.post_letter(
            seal_letter(
                LetterKind.OFFICE_COUNTS, Role.OFFICE, Role.OVERSIGHT, content, box=annex.oversight_box, key=key
            )
        )
    # After a power cut in between they are told again; the newest letter of a month stands for it.
    with store.writing() as connection:
        add_counts(connection, clock.day, {TOLD: 1})
    return True


def tell_station(store: Store, annex: Annex, key: SigningKey, relay: RelayLine, clock: Clock) -> bool:
    """Leave the station how many guests were compared in the month before; once a day, for one that lost a letter.

    Tell whether it was done now. Raises: LineBroken, StoreError.
    """
    with store.reading() as connection:
        if load_counts(connection, clock.day).get(TOLD_STATION):
            return False
        first = _list_months(clock.now())[-1]
        compared = name_counts(sum_counts(connection, *_bound(first)))[CountName.COMPARED, "", None]
    content = encode_guests(make_guests_report(f"{first:%Y-%m}", compared))
    relay.post_letter(
        seal_letter(LetterKind.GUESTS, Role.OFFICE, Role.STATION, content, box=annex.station_box, key=key)
    )
    with store.writing() as connection:
        add_counts(connection, clock.day, {TOLD_STATION: 1})
    return True


def name_counts(counts: Mapping[str, int]) -> dict[tuple[CountName, str, Act | None], int]:
    """Return the exact counts of a month by what oversight calls them; `make_report` hides and rounds them."""
    sums = {
        CountName.COMPARED: sum(counts.get(each, 0) for each in _COMPARED),
        CountName.CLEARED: counts.get(Came.CLEARED, 0),
        CountName.SUPPRESSED: counts.get(Came.SUPPRESSED, 0),
        CountName.ALERTED: counts.get(Came.ALERTED, 0),
        CountName.NOT_COMPARED: sum(counts.get(each, 0) for each in _NOT_COMPARED),
        CountName.DECISIONS_DELETED: counts.get(DECISIONS_DELETED, 0),
        CountName.HANDLES_DELETED: counts.get(HANDLES_DELETED, 0),
    }
    return {(name, "", None): n for name, n in sums.items()}


def _list_months(now: datetime) -> list[date]:
    """Return the first days of this month and the one before (UTC)."""
    first = now.astimezone(UTC).date().replace(day=1)
    return [first, (first - timedelta(days=1)).replace(day=1)]


def _bound(first: date) -> tuple[int, int]:
    """Return the first and the last day of a month, since 1970."""
    after = (first + timedelta(days=31)).replace(day=1)
    return (first - _EPOCH).days, (after - _EPOCH).days - 1
