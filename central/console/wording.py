"""Figures in words: ages, sizes, short ids. Templates call these with the words of the page's language."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from central.fleet.coarse import coarsen_age, coarsen_queue
from central.fleet.states import SeenTerminal
from central.health import Health
from service.pages.texts import Words

_AGES = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))
_SIZES = ((1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))
_MIB = 1_048_576
_SHOWN_OF_ID = 4


def say_age(words: Words, seconds: int) -> str:
    """Return a duration in its largest whole unit."""
    for length, unit in _AGES:
        if seconds >= length:
            return words.count(f"age.{unit}", seconds // length)
    return words.count("age.seconds", max(0, seconds))


def say_ago(words: Words, seconds: int) -> str:
    """Return how long ago something was."""
    return words("age.now") if seconds < 1 else words("age.ago", age=say_age(words, seconds))


def say_heard(words: Words, seen: SeenTerminal, now: datetime) -> str:
    """Return when a terminal was last heard. `now` is aware."""
    if seen.last_seen_at is None:
        return words("age.never")
    return say_ago(words, int((now - seen.last_seen_at).total_seconds()))


def say_size(size: int) -> str:
    """Return a number of bytes in its largest unit."""
    for length, unit in _SIZES:
        if size >= length:
            return f"{size / length:.{0 if size >= 100 * length else 1}f} {unit}"
    return f"{size} B"


def say_disk(seen: SeenTerminal) -> str:
    """Return the free disk of a terminal that was heard."""
    return say_size((seen.free_disk_mib or 0) * _MIB)


def say_waiting(words: Words, seen: SeenTerminal, key: str) -> str:
    """Return what waits at a terminal, in coarse steps, by the texts `key`_nothing and `key`."""
    age_s = coarsen_age(seen.oldest_s or 0)
    if not age_s:
        return words(f"{key}_nothing")
    most = coarsen_queue(seen.queue or 0, seen.oldest_s or 0)
    return words(key, n=most, age=say_age(words, age_s))


def say_clock(words: Words, seen: SeenTerminal) -> str:
    """Return how a terminal's clock compares with central's."""
    offset_s = seen.clock_offset_s
    if offset_s is None:
        return words("terminal.clock_unknown")
    if offset_s == 0:
        return words("terminal.clock_right")
    return words.count("terminal.clock_ahead" if offset_s > 0 else "terminal.clock_behind", abs(offset_s))


def say_health(words: Words, found: Health) -> str:
    """Return the sentence of one thing about the service."""
    values = {name: _say_value(words, name, value) for name, value in found.values.items()}
    if "ago_s" in values:
        values["ago"] = say_ago(words, values["ago_s"])
    key, days = f"health.{found.code}", found.values.get("days")
    if f"{key}_one" in words.list_keys() and isinstance(days, int):
        return words.count(key, days, **values)
    return words(key, **values)


def shorten_id(id_: str) -> str:
    """Return an id short enough for a table, with both its ends."""
    return id_ if len(id_) <= 2 * _SHOWN_OF_ID + 1 else f"{id_[:_SHOWN_OF_ID]}…{id_[-_SHOWN_OF_ID:]}"


def moment_of(seconds: int) -> datetime:
    """Return the moment of so many seconds since 1970, aware UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def _say_value(words: Words, name: str, value: Any) -> Any:
    if isinstance(value, date):
        return words.full_date(value)
    if name in ("size", "free"):
        return say_size(value)
    return value


WORDING = {
    "say_age": say_age, "say_ago": say_ago, "say_heard": say_heard, "say_size": say_size, "say_disk": say_disk,
    "say_waiting": say_waiting, "say_clock": say_clock, "say_health": say_health, "shorten_id": shorten_id,
    "moment_of": moment_of,
}  # fmt: skip
