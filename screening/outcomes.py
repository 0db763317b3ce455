"""What comes back from the station: how an alert ended, and what that means for the decision."""

from __future__ import annotations

import hashlib

from records.comparing.mail import Outcome, OutcomeReport
from records.suite import make_context
from screening.clock import Clock
from screening.standing import Ending
from screening.store import Connection, Store
from screening.store.handles import add_counts
from screening.store.suppressions import propose_suppression
from screening.store.versions import add_outcome, count_outcomes, end_decision, load_decision_note
from screening.suppressing import stretch_token

# The second guest whom nobody could find ends the decision, until its court signs a new one.
MAX_NOT_FOUND = 2
# So many alerts about other persons, and the decision is quiet until its court has looked.
MAX_FALSE = 3


def take_outcome(store: Store, report: OutcomeReport, clock: Clock) -> Ending | None:
    """Keep an outcome and draw its consequences; each alert counts once. Return what ended the decision, if it did.

    *Confirmed* ends it; *could not be found* the second time, and *decision wrong*, and the third *other person* too.
    *Other person* also proposes a suppression, which one of the office's officers must approve.
    """
    alert = hashlib.sha256(make_context("outcome of alert", report.alert_tag)).digest()
    is_other = report.outcome is Outcome.OTHER_PERSON and report.token is not None
    mark = stretch_token(report.token or b"", report.leaf) if is_other else b""
    with store.writing() as connection:
        if load_decision_note(connection, report.leaf) is None:
            return None  # over already, or never here
        if not add_outcome(connection, alert, report.leaf, str(report.outcome)):
            return None
        add_counts(connection, clock.day, {f"outcome-{report.outcome}": 1})
        if mark:
            propose_suppression(connection, report.leaf, mark)
        ending = _find_ending(connection, report)
        if ending is not None:
            end_decision(connection, report.leaf, ending)
    return ending


def _find_ending(connection: Connection, report: OutcomeReport) -> Ending | None:
    so_often = count_outcomes(connection, report.leaf, str(report.outcome))
    if report.outcome is Outcome.CONFIRMED:
        return Ending.CONFIRMED
    if report.outcome is Outcome.DECISION_WRONG:
        return Ending.WRONG
    if report.outcome is Outcome.COULD_NOT_BE_FOUND and so_often >= MAX_NOT_FOUND:
        return Ending.NOT_FOUND
    if report.outcome is Outcome.OTHER_PERSON and so_often >= MAX_FALSE:
        return Ending.TOO_MANY_FALSE
    return None
