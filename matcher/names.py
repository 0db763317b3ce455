"""How two names compare: a first form, by equal parts in any order. Other spellings and scripts follow."""

from __future__ import annotations

import re
import unicodedata

from matcher.person import PersonName

_BREAKS = re.compile(r"[\s\W_]+")


def grade_names(listed: tuple[PersonName, ...], guest: tuple[PersonName, ...]) -> str:
    """Return the best grade of any two forms: same, part_missing or different."""
    grades = {_grade_parts(_split(a), _split(b)) for a in listed for b in guest}
    return min(grades, key=("same", "part_missing", "different").index)


def _split(name: PersonName) -> tuple[str, ...]:
    text = unicodedata.normalize("NFKC", name.full or f"{name.surname} {name.given}").casefold()
    return tuple(sorted(part for part in _BREAKS.split(text) if part))


def _grade_parts(listed: tuple[str, ...], guest: tuple[str, ...]) -> str:
    if listed == guest or "".join(listed) == "".join(guest):
        return "same"
    common = set(listed) & set(guest)
    return "part_missing" if len(common) > 1 and common in (set(listed), set(guest)) else "different"
