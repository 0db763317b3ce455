"""Silence: what the station says had too many false alerts is compared no longer, until it was reviewed.

A decision ends, and its court can sign another. A court rests: none of its decisions is compared, whichever list
brings it, until the court and oversight have signed a review of this very silence.
"""

from __future__ import annotations

from records.comparing.mail import QuietNotice
from records.comparing.reviews import Review
from screening.standing import Ending
from screening.store import Store
from screening.store.quiet_courts import answer_notice, keep_notice
from screening.store.versions import end_decision, load_decision_note


def take_notice(store: Store, notice: QuietNotice, day: int) -> bool:
    """Make a decision or a court quiet on a day (since 1970); False for what is known, answered or over already."""
    with store.writing() as connection:
        if notice.leaf is None:
            return keep_notice(connection, notice.court, notice.number)
        is_here = load_decision_note(connection, notice.leaf) is not None
        return is_here and end_decision(connection, notice.leaf, Ending.TOO_MANY_FALSE, day=day)


def take_review(store: Store, review: Review) -> bool:
    """Let a court's decisions be compared again, from the next permit on; False where it answers another silence."""
    with store.writing() as connection:
        return answer_notice(connection, review.court, review.notice)
