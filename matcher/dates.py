"""How a guest's birth date compares with the listed one. Sex stands here too: it can only contradict."""

from __future__ import annotations

from matcher.person import PartialDate


def grade_dates(listed: PartialDate, guest: PartialDate) -> str:
    """Return same, day_month_swapped, one_digit, month_only, year_only, unknown or contradiction.

    month_only and year_only: the guest's document states no more, and that much agrees.
    """
    if not guest.year:
        return "unknown"
    if guest.is_full:
        return _grade_full(listed, guest)
    if guest.year != listed.year or guest.month not in (0, listed.month):
        return "contradiction"
    return "month_only" if guest.month else "year_only"


def _grade_full(listed: PartialDate, guest: PartialDate) -> str:
    if listed == guest:
        return "same_habit" if (guest.month, guest.day) == (1, 1) else "same"
    if listed.year == guest.year and (listed.month, listed.day) == (guest.day, guest.month):
        return "day_month_swapped"
    if (listed.month, listed.day) == (guest.month, guest.day) == (1, 1):
        return "contradiction"  # of two people registered so, every sixth pair would be one digit apart
    pairs = zip(_write(listed), _write(guest), strict=True)
    return "one_digit" if sum(a != b for a, b in pairs) == 1 else "contradiction"


def _write(day: PartialDate) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"


def grade_sex(listed: str, guest: str) -> str:
    """Return contradiction where one is male and the other female, else silent: half of all people agree."""
    return "contradiction" if {listed, guest} == {"1", "2"} else "silent"
