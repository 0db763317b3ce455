"""The key of a chip as somebody types it at the counter: the access number, or what the printed page says."""

from __future__ import annotations

import re

from records.numbers import normalise_number
from terminal.typed.fields import parse_day

NUMBER_DIGITS = 6


def compose_key(access_number: str, document_number: str, birth: str, expiry: str) -> str:
    """Return what `KeyedReader.give_key` takes, "" for what cannot be a key.

    Six digits are an access number; else number, birth date and expiry as the page prints them (see `parse_day`).
    """
    if access_number:
        return access_number if re.fullmatch(rf"[0-9]{{{NUMBER_DIGITS}}}", access_number, re.ASCII) else ""
    number, born, expires = normalise_number(document_number), parse_day(birth), parse_day(expiry)
    if not number or born is None or expires is None:
        return ""
    return f"{number},{born:%y%m%d},{expires:%y%m%d}"
