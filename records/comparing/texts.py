"""Values that stand in comparison's signed texts, each written in one way only."""

from __future__ import annotations

import base64
import re
from datetime import UTC, date, datetime

from records.errors import MalformedBytes

_COUNT = re.compile(r"0|[1-9][0-9]{0,9}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
MAX_U32 = 2**32 - 1
# Letters and marks that nothing shows: with them two texts that look the same are two, and a name may be a blank.
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")


def write_time(moment: datetime) -> str:
    """Return a moment (aware) in whole seconds of UTC: YYYY-MM-DDThh:mm:ssZ."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_time(text: str) -> datetime:
    """Read what `write_time` writes. Raises: ValueError."""
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if write_time(moment) != text:
        raise ValueError  # strptime also takes "2026-1-2T3:4:5Z"
    return moment


def read_day(text: str) -> date:
    """Read a whole day, YYYY-MM-DD. Raises: ValueError."""
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError  # Python also takes 20260102 and 2026-W01-5
    return day


def read_count(text: str) -> int:
    """Read an unsigned number of 32 bits in decimal digits. Raises: ValueError."""
    if not _COUNT.fullmatch(text) or int(text) > MAX_U32:
        raise ValueError
    return int(text)


def read_digest(text: str) -> bytes:
    """Read 32 bytes in hexadecimal. Raises: ValueError."""
    if not _DIGEST.fullmatch(text):
        raise ValueError
    return bytes.fromhex(text)


def write_bytes(data: bytes) -> str:
    """Return base64."""
    return base64.b64encode(data).decode()


def read_bytes(text: str) -> bytes:
    """Read base64 in its one canonical form. Raises: ValueError."""
    data = base64.b64decode(text, validate=True)
    if write_bytes(data) != text:
        raise ValueError  # loose last bits: one value would have many texts
    return data


def require_canonical(text: str, written_again: str, what: str) -> None:
    """Raise MalformedBytes(what) unless a text is exactly what its own writer makes of its values."""
    if text != written_again:
        raise MalformedBytes(what)


def is_label(text: str, most: int) -> bool:
    """Tell whether a text is one line of at most `most` characters that can be seen, without space at its ends."""
    return 0 < len(text) <= most and text == text.strip() and text.isprintable() and INVISIBLE.isdisjoint(text)
