"""Whether the forms of a listed name are forms of one name, before a decision is taken in."""

from __future__ import annotations

from collections.abc import Sequence

from matcher.name_forms import parse_name
from matcher.names import compare_names
from matcher.person import PersonName
from matcher.weights import WEIGHTS


def find_other_name(names: Sequence[PersonName]) -> int | None:
    """Return the place of the first form that is another name than the forms before it, or None.

    A decision names one person. Five different names in it would be five chances to meet a stranger. So one form must
    agree with all others: each agreeing with the one before would lead from a name to any other. And two forms in Han
    characters must agree with each other, because letters between them would join any two that sound alike.
    """
    for place in range(1, len(names)):
        forms = names[: place + 1]
        has_middle = any(all(not _contradict(middle, each) for each in forms) for middle in forms)
        if not has_middle or any(_are_two_in_han(each, names[place]) for each in forms[:place]):
            return place
    return None


def _contradict(one: PersonName, other: PersonName) -> bool:
    return compare_names([one], [other], WEIGHTS).bits < 0


def _are_two_in_han(one: PersonName, other: PersonName) -> bool:
    scripts = {parse_name(each).script for each in (one, other)}
    return scripts == {"han"} and _contradict(one, other)
