"""The desk's book: numbers of permits and lists, and how often what was asked. No handle, number or tag is in it.

It is the desk's only file that changes. The key of the day is in no file at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import msgspec

from oversight.comparing.errors import BookDamaged
from oversight.keys import write_private
from records.comparing.desk_memory import Mark
from records.comparing.texts import MAX_U32

BOOK_FILE = "desk.json"
# Written down this many evaluations ahead: after a crash the day's count is too high, never too low.
_AHEAD = 32
_MOST_DAYS = 400
# A relay asks every two seconds, and every relay knows one of the last marks, unless its own file is an old one.
_MOST_HEADS = 64
_FARTHEST = 10**9  # whither a relay that lies could move the count; there is room beyond


class Counted(StrEnum):
    """What the desk counts."""

    EVALUATED = "evaluated"  # batches, one per handle
    REPEATED = "repeated"  # the same batch once more
    SECOND_BATCH = "second-batch"  # refused: another batch under a handle that had one
    REPEATED_TOO_OFTEN = "repeated-too-often"  # refused
    OVER_MAXIMUM = "over-maximum"  # refused: the permit's or the day's maximum
    STRANGER = "stranger"  # refused: asked by somebody whose question it is not
    NO_PERMIT = "no-permit"  # refused: none, another, expired or stopped
    MALFORMED = "malformed"  # refused
    LISTED = "listed"  # decisions evaluated for the office
    NOT_LISTED = "not-listed"  # refused: asked for a decision that is not under the permit's list
    PERMITS = "permits"
    STOPS = "stops"
    PUT_BACK = "put-back"  # times that the relay remembered a later book than this one


@dataclass(slots=True)
class LastPermit:
    """The newest permit and its stop, as signed notes; "" where there is none."""

    permit: str = ""
    stop: str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    permits: int = 0  # the newest permit's number
    lists: int = 0  # the newest list's number
    permit: str = ""
    stop: str = ""
    is_stopped_by_person: bool = False
    is_put_back: bool = False
    acts: int = 0  # permits and stops that were written down
    heads: tuple[str, ...] = ()  # the digests over the last of them, the newest at the end
    days: dict[date, dict[str, int]] = {}


class DeskBook:
    """The book, and today's counts in memory before they are written."""

    def __init__(self, folder: Path) -> None:
        """Open the book of a folder; an absent one is empty. Raises: BookDamaged."""
        self._path = folder / BOOK_FILE
        self._file = _read(self._path)
        _check(self._file)
        self._written = {day: dict(counts) for day, counts in self._file.days.items()}

    @property
    def newest_list(self) -> int:
        """The number of the newest list that a permit named."""
        return self._file.lists

    @property
    def last(self) -> LastPermit:
        """The newest permit, in force or not, and its stop."""
        return LastPermit(self._file.permit, self._file.stop)

    @property
    def mark(self) -> Mark:
        """How many permits and stops there were, and the digest over them all."""
        return Mark(self._file.acts, self._file.heads[-1]) if self._file.heads else Mark()

    def knows(self, mark: Mark) -> bool:
        """Tell whether a mark is one of this book's last: False when an older book, or another one, was put here."""
        if mark.acts == 0:
            return mark == Mark()
        back = self._file.acts - mark.acts
        return 0 <= back < len(self._file.heads) and self._file.heads[-1 - back] == mark.head

    def go_on_from(self, mark: Mark) -> None:
        """Follow a mark that this book does not know, and wait for two people, as after a person's stop."""
        if self._file.acts < mark.acts <= _FARTHEST:
            self._file.acts, self._file.heads = mark.acts, (mark.head,)
        self._file.is_stopped_by_person = self._file.is_put_back = True
        self._add_act()
        self.write()

    @property
    def is_stopped_by_person(self) -> bool:
        """Whether somebody stopped comparison, and nobody has gone on since."""
        return self._file.is_stopped_by_person

    @property
    def is_put_back(self) -> bool:
        """Whether a relay remembered a later book than this one, and nobody has gone on since."""
        return self._file.is_put_back

    def take_permit_number(self) -> int:
        """Return the next permit's number, used up even if nothing comes of it. Raises: BookDamaged."""
        if self._file.permits >= MAX_U32:
            raise BookDamaged
        self._file.permits += 1
        self.write()
        return self._file.permits

    def keep_permit(self, note: str, list_number: int) -> None:
        """Write down a permit before anybody hears of it."""
        before = msgspec.structs.replace(self._file)
        self._file.permit, self._file.stop, self._file.lists = note, "", list_number
        self._file.is_stopped_by_person = self._file.is_put_back = False
        self._add_act()
        try:
            self.write()
        except OSError:
            # Nobody has gone on: a person's stop stands as it stood.
            self._file = before
            raise

    def keep_stop(self, note: str, *, by_person: bool) -> None:
        """Write down a stop: a person's, or a desk's that begins without the key of what it had permitted."""
        self._file.stop = note
        self._file.is_stopped_by_person |= by_person
        self._add_act()
        self.write()

    def count(self, what: Counted, day: date, by: int = 1) -> None:
        """Count something. An evaluation is written down before it is made."""
        counts = self._file.days.setdefault(day, {})
        counts[what] = counts.get(what, 0) + by
        if what is Counted.EVALUATED and counts[what] > self._written.get(day, {}).get(what, 0):
            self.write(ahead=_AHEAD)

    def raise_evaluated(self, day: date, told: int) -> None:
        """Count at least as many evaluations of a day as a relay had. Repeats are among its own."""
        missing = told - self.read(Counted.EVALUATED, day) - self.read(Counted.REPEATED, day)
        if missing > 0:
            self.count(Counted.EVALUATED, day, missing)

    def read(self, what: Counted, day: date) -> int:
        """Return a day's count."""
        return self._file.days.get(day, {}).get(what, 0)

    def list_days(self) -> dict[date, dict[str, int]]:
        """Return all counts by day."""
        return {day: dict(counts) for day, counts in sorted(self._file.days.items())}

    def write(self, ahead: int = 0) -> None:
        """Write the book; evaluations `ahead` of the count."""
        for day in sorted(self._file.days)[:-_MOST_DAYS]:
            del self._file.days[day]
        days = {day: dict(counts) for day, counts in self._file.days.items()}
        for day, counts in days.items():
            evaluated = counts.get(Counted.EVALUATED, 0)
            # What was promised ahead stays promised, until the desk ends in order.
            promised = self._written.get(day, {}).get(Counted.EVALUATED, 0) if ahead >= 0 else 0
            if evaluated:
                counts[Counted.EVALUATED] = max(evaluated + max(0, ahead - 1), promised)
        write_private(self._path, msgspec.json.encode(msgspec.structs.replace(self._file, days=days)))
        self._written = days

    def _add_act(self) -> None:
        made = self.mark.follow(*_describe(self._file))
        self._file.acts, self._file.heads = made.acts, (*self._file.heads, made.head)[-_MOST_HEADS:]

    def close(self) -> None:
        """Write the exact counts at the end."""
        self.write(ahead=-1)


def _read(path: Path) -> _File:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return _File()
    except (OSError, msgspec.MsgspecError, ValueError):
        raise BookDamaged(path.name) from None


def _describe(file: _File) -> tuple[str, ...]:
    return file.permit, file.stop, str(file.lists), str(file.is_stopped_by_person)


def _check(file: _File) -> None:
    """Check that what a book says of permit and stop is what its newest digest covers. Raises: BookDamaged."""
    heads = file.heads
    if len(heads) >= 2 and Mark(file.acts - 1, heads[-2]).follow(*_describe(file)) != Mark(file.acts, heads[-1]):
        raise BookDamaged(BOOK_FILE)
    if len(heads) == 1 and file.acts == 1 and Mark().follow(*_describe(file)).head != heads[0]:
        raise BookDamaged(BOOK_FILE)
