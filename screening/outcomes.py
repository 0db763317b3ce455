"""What comes back from the station: how an alert ended, and what that means for the decision."""

from __future__ import annotations

import hashlib

from records.comparing.mail import Outcome, OutcomeReport, SuppressionProposal
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


def take_outcome(store: Store, report: OutcomeReport, clock: Clock) -> Ending | None:
    """Keep an outcome and draw its consequences; each alert counts once. Return what ended the decision, if it did.

    *Confirmed* ends it, *decision wrong* too, and *could not be found* the second time. Whether too many were false
    is the station's to tell (`screening.quieting`): it knows whether that is more than one officer's word.
    """
    alert = hashlib.sha256(make_context("outcome of alert", report.alert_tag)).digest()
    with store.writing() as connection:
        if load_decision_note(connection, report.leaf) is None:
            return None  # over already, or never here
        if not add_outcome(connection, alert, report.leaf, str(report.outcome)):
            return None
        add_counts(connection, clock.day, {f"outcome-{report.outcome}": 1})
        ending = _find_ending(connection, report)
        if ending is not None:
            end_decision(connection, report.leaf, ending, day=clock.day)
    return ending


def take_proposal(store: Store, proposal: SuppressionProposal, clock: Clock) -> bool:
    """Keep what two officers of the station propose; an officer of the office must sign it too. False: known, or over.

    Cost: 0.2 s, on purpose (`stretch_token`).
    """
    mark = stretch_token(proposal.token, proposal.leaf)
    with store.writing() as connection:
        is_new = load_decision_note(connection, proposal.leaf) is not None and propose_suppression(
            connection, proposal.leaf, mark
        )
        if is_new:
            add_counts(connection, clock.day, {"suppression-proposed": 1})
    return is_new


def _find_ending(connection: Connection, report: OutcomeReport) -> Ending | None:
    if report.outcome is Outcome.CONFIRMED:
        return Ending.CONFIRMED
    if report.outcome is Outcome.DECISION_WRONG:
        return Ending.WRONG
    so_often = count_outcomes(connection, report.leaf, str(report.outcome))
    if report.outcome is Outcome.COULD_NOT_BE_FOUND and so_often >= MAX_NOT_FOUND:
        return Ending.NOT_FOUND
    return None
