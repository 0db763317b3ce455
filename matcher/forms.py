"""Whether the forms of a listed name are forms of one name, before a decision is taken in."""

from __future__ import annotations

from collections.abc import Sequence

from matcher.names import compare_names
from matcher.person import PersonName
from matcher.weights import WEIGHTS


def find_other_name(names: Sequence[PersonName]) -> int | None:
    """Return the place of the first form that contradicts all forms before it, or None.

    A decision names one person. Five different names in it would be five chances to meet a stranger.
    """
    for place in range(1, len(names)):
        findings = [compare_names([each], [names[place]], WEIGHTS) for each in names[:place]]
        if all(finding.bits < 0 for finding in findings):
            return place
    return None
