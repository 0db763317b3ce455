"""What one act does to an alert, and what officers may write with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from station.alerts.snapshots import Written
from station.alerts.states import State, Step
from station.errors import NotWritten

# In characters. Enough for what to do and what was found; there are no attachments.
TO_LENGTH = 60
NOTE_LENGTH = 300
REPORT_LENGTH = 600


@dataclass(frozen=True, slots=True)
class Change:
    """One act: done as a whole if the alert is still as the act wants it, else not at all."""

    step: Step
    officer: str
    values: Mapping[str, object]  # columns, as they are to be
    states: Collection[State]  # the alert must be in one of these
    holder: str | None  # and in the hands of this officer ("": nobody's; None: anybody's or nobody's)
    still: Mapping[str, object] = field(default_factory=dict)  # and have these columns as they were read
    other: str = ""  # the officer from whom, or to whom, it goes
    written: Written | None = field(default=None, repr=False)
    counted: str = ""
    letters: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class TakenStep:
    """One step of an alert, opened."""

    step: Step
    officer: str
    other: str
    at: int  # seconds since 1970
    written: Written = field(repr=False)

    @property
    def moment(self) -> datetime:
        """When it was taken, aware UTC."""
        return datetime.fromtimestamp(self.at, UTC)


def read_written(to: str, text: str) -> Written:
    """Return what somebody typed, with plain spaces and line ends and no control characters."""
    return Written(
        " ".join(_clean(to).split()), "\n".join(" ".join(line.split()) for line in _clean(text).split("\n")).strip()
    )


def check_written(written: Written, *, to: int, text: int, most: int) -> None:
    """Refuse what is shorter than `to` and `text`, or longer than may be, in characters. Raises: NotWritten."""
    if not to <= len(written.to) <= TO_LENGTH or not text <= len(written.text) <= most:
        raise NotWritten


def _clean(typed: str) -> str:
    plain = typed.replace("\r\n", "\n").replace("\t", " ")
    # Category C: control characters, and those that turn or hide the writing around them.
    return "".join(each for each in plain if each == "\n" or not unicodedata.category(each).startswith("C"))
