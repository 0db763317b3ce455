"""What eVisitor answers: nothing for a success, a pair of messages for everything else, whatever the status says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

# "[[[Nije zadan ID.]]]": the marks of a translation tool that the service forgets to take off.
_MARKS = re.compile(r"\[\[\[|\]\]\]")
_DAY = re.compile(r"/Date\((-?[0-9]{1,15})([+-][0-9]{4})?\)/")
_MANY_CHARS = 500


class Said(StrEnum):
    """What an error of the service means to the house. The words are in texts/ (`hr_said.<value>`)."""

    ALREADY_HERE = "already_here"  # the same person is registered in this house and has not left
    TOO_OLD = "too_old"  # beyond the days the service lets a house go back
    TOO_LONG = "too_long"
    BORDER_NEEDED = "border_needed"
    BIRTH_TOWN = "birth_town"
    HOME_TOWN = "home_town"
    DATES = "dates"
    CATEGORY = "category"
    ARRIVAL_FIXED = "arrival_fixed"  # a house cannot change when somebody arrived
    NO_ID = "no_id"
    FLAT_RATE = "flat_rate"
    LEFT_BEFORE = "left_before"
    LEFT_TOMORROW = "left_tomorrow"
    NOT_SIGNED_IN = "not_signed_in"
    NOT_REGISTERED = "not_registered"  # the application, or its key of the test service
    NOT_ALLOWED = "not_allowed"
    BLOCKED = "blocked"  # the gateway before the service turned the request away
    OTHER = "other"


# Parts of the sentences that the wiki and public clients print, folded to lower case; the first that fits.
_SENTENCES: tuple[tuple[str, Said], ...] = (
    ("već prijavljen", Said.ALREADY_HERE),
    ("dva puta prijavljujete", Said.ALREADY_HERE),
    ("granični prijelaz", Said.BORDER_NEEDED),
    ("maksimalan broj dana", Said.TOO_LONG),
    ("nije dopušten unos datuma", Said.TOO_OLD),
    ("grad rođenja", Said.BIRTH_TOWN),
    ("grad prebivališta", Said.HOME_TOWN),
    ("datum boravka do je manji", Said.DATES),
    ("vrijeme odlaska je manje", Said.DATES),
    ("datum odjave je manji", Said.LEFT_BEFORE),
    ("veći od današnjeg", Said.LEFT_TOMORROW),
    ("paušalno plaćanje", Said.FLAT_RATE),
    ("nije zadan id", Said.NO_ID),
    ("kategorij", Said.CATEGORY),
    ("not authenticated", Said.NOT_SIGNED_IN),
    ("not logged in", Said.NOT_SIGNED_IN),
    ("session has expired", Said.NOT_SIGNED_IN),
    ("session expired", Said.NOT_SIGNED_IN),
    ("application is not registered", Said.NOT_REGISTERED),
    ("not authorized", Said.NOT_ALLOWED),
    ("requested url was rejected", Said.BLOCKED),
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why the service did not do what it was asked: what it means, and its own words."""

    said: Said
    words: str = field(default="", repr=False)  # may quote the guest


class NotUnderstood(ValueError):
    """The answer has none of the forms that the service's wiki describes."""


def read_answer(status: int, data: bytes) -> object:
    """Return the JSON of a success, None for an empty one, or a `Complaint`.

    A complaint comes with 400 and with 200 alike. Raises: NotUnderstood for everything else: whatever was asked for may
    have been done and may not.
    """
    value = _parse(data)
    if isinstance(value, dict) and {"UserMessage", "SystemMessage"} & value.keys():
        words = _join(value)
        if words or status >= 400:
            return Complaint(judge_words(words), words)
        return None
    if status == 401:
        return Complaint(Said.NOT_SIGNED_IN)
    if status >= 300 or value is _NO_JSON:
        words = data[:_MANY_CHARS].decode("utf-8", "replace")
        if judge_words(words) is Said.BLOCKED:
            return Complaint(Said.BLOCKED)
        raise NotUnderstood(f"status {status}")
    return value


def judge_words(words: str) -> Said:
    """Return what a sentence of the service means; OTHER for one that no source printed."""
    folded = words.casefold()
    return next((said for part, said in _SENTENCES if part in folded), Said.OTHER)


def read_moment(text: str) -> datetime:
    """Parse the service's form of a moment, "/Date(1426028400000+0100)/", as aware UTC. Raises: ValueError."""
    found = _DAY.fullmatch(text)
    if found is None:
        raise ValueError("not a moment")
    # The offset says only how it is to be shown.
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found[1]))


def write_filter(*conditions: tuple[str, str, str]) -> str:
    """Return the query of a browse: (property, operation, value) each, as the wiki's examples write it."""
    filters = [dict(zip(("Property", "Operation", "Value"), each, strict=True)) for each in conditions]
    return f"?filters={quote(json.dumps(filters, separators=(',', ':')), safe='')}"


def read_records(answer: object) -> list[Mapping[str, object]]:
    """Return the rows of a browse. Raises: NotUnderstood."""
    rows = answer.get("Records") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NotUnderstood("records")
    return rows


_NO_JSON = object()


def _parse(data: bytes) -> object:
    if not data.strip():
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return _NO_JSON


def _join(value: Mapping[str, object]) -> str:
    said = [text for name in ("UserMessage", "SystemMessage") if isinstance(text := value.get(name), str)]
    return _MARKS.sub("", " ".join(said))[:_MANY_CHARS].strip()
