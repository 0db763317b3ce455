"""How a court's decisions stand: in force, ending soon, to be looked at again, suspended, ended; and what renews them.

The counts are those by which the office ends a decision (`screening.outcomes`); the court learns of the same outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from oversight.comparing.errors import ConfirmedAlready, WithdrawnAlready
from oversight.comparing.register import KeptDecision
from records.comparing.decisions import Decision, check_decision
from records.comparing.mail import Outcome

NOT_FOUND_SUSPENDS = 2
OTHERS_SUSPEND = 3
# Half of the longest validity: nobody stays compared for a year without a judge having looked again.
REVIEW_AFTER = timedelta(days=182)


class Standing(StrEnum):
    """How a decision stands, the most urgent first."""

    WRONG = "wrong"  # the station says so: look at it, withdraw it or renew it
    NOT_FOUND = "not-found"  # suspended until renewed
    OTHERS = "others"  # too many other persons: quiet until renewed
    ENDS_SOON = "ends-soon"
    REVIEW = "review"  # half a year without a look
    IN_FORCE = "in-force"
    EXPIRED = "expired"
    REPLACED = "replaced"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


ASKS_FOR_SOMETHING = (Standing.WRONG, Standing.NOT_FOUND, Standing.OTHERS, Standing.ENDS_SOON, Standing.REVIEW)


@dataclass(frozen=True, slots=True)
class Due:
    """A decision, how it stands, and until when something is to be done."""

    decision: Decision = field(repr=False)
    standing: Standing
    by: date


def list_standing(kept: Sequence[KeptDecision], today: date, within: timedelta) -> list[Due]:
    """Return how every decision stands, the most urgent first; `within` is how long before its end notice is given."""
    order = list(Standing)
    found = [_judge(each, kept, today, within) for each in kept]
    return sorted(found, key=lambda each: (order.index(each.standing), each.by, each.decision.number))


def find_earlier(decision: Decision, kept: Sequence[KeptDecision]) -> list[KeptDecision]:
    """Return the decisions that this one follows: of its file number, or about the same person.

    The same person: a document in common, or a name, the birth date and the sex.
    """
    return [
        each
        for each in kept
        if each.decision.leaf != decision.leaf
        and (
            each.decision.number == decision.number
            or _share_document(each.decision, decision)
            or _share_name(each.decision, decision)
        )
    ]


def refuse_confirmed(decision: Decision, kept: Sequence[KeptDecision]) -> None:
    """Raise ConfirmedAlready when an alert confirmed the same person for the same act under an earlier decision.

    By document: two people may have one name and one birth date, and the judge is shown that there was one.
    """
    wanted = (decision.act, decision.escaped_from)
    for each in kept:
        is_same = (each.decision.act, each.decision.escaped_from) == wanted
        if is_same and is_confirmed(each) and _share_document(each.decision, decision):
            raise ConfirmedAlready(each.decision.number)


def renew_decision(
    earlier: KeptDecision, kept: Sequence[KeptDecision], *, number: str, valid_until: date, today: date
) -> Decision:
    """Return an unsigned decision that follows an earlier one, decided today; two judges must sign it like any other.

    Raises: ConfirmedAlready, WithdrawnAlready, DecisionRefused.
    """
    if earlier.is_withdrawn:
        raise WithdrawnAlready(earlier.decision.number)
    renewed = replace(
        earlier.decision, number=number, decided_on=today, valid_until=valid_until, note="", leaf=b""
    )  # fmt: skip
    check_decision(renewed, today)
    refuse_confirmed(renewed, kept)
    return renewed


def is_confirmed(kept: KeptDecision) -> bool:
    """Tell whether an alert of this decision was confirmed, which ended it."""
    return any(each.outcome is Outcome.CONFIRMED for each in kept.outcomes)


def _judge(each: KeptDecision, all_of_them: Sequence[KeptDecision], today: date, within: timedelta) -> Due:
    decision, by = each.decision, each.decision.valid_until
    newest = max((outcome.day for outcome in each.outcomes), default=by)
    counts = {outcome: sum(one.outcome is outcome for one in each.outcomes) for outcome in Outcome}
    review_by = (each.reviewed_on or decision.decided_on) + REVIEW_AFTER
    if each.is_withdrawn:
        standing = Standing.WITHDRAWN
    elif counts[Outcome.CONFIRMED]:
        standing, by = Standing.CONFIRMED, newest
    elif _is_replaced(decision, all_of_them):
        standing = Standing.REPLACED
    elif by < today:
        standing = Standing.EXPIRED
    elif counts[Outcome.DECISION_WRONG]:
        standing, by = Standing.WRONG, newest
    elif counts[Outcome.COULD_NOT_BE_FOUND] >= NOT_FOUND_SUSPENDS:
        standing, by = Standing.NOT_FOUND, newest
    elif counts[Outcome.OTHER_PERSON] >= OTHERS_SUSPEND:
        standing, by = Standing.OTHERS, newest
    elif by <= today + within:
        standing = Standing.ENDS_SOON
    elif review_by <= today + within:
        standing, by = Standing.REVIEW, review_by
    else:
        standing = Standing.IN_FORCE
    return Due(decision, standing, by)


def _is_replaced(decision: Decision, all_of_them: Sequence[KeptDecision]) -> bool:
    return any(
        not each.is_withdrawn
        and each.decision.act == decision.act
        and each.decision.decided_on > decision.decided_on
        and _share_document(each.decision, decision)
        for each in all_of_them
    )


def _share_name(one: Decision, other: Decision) -> bool:
    return (one.born, one.sex) == (other.born, other.sex) and bool(set(one.names) & set(other.names))


def _share_document(one: Decision, other: Decision) -> bool:
    mine = {(each.issuing_state, each.number) for each in one.documents}
    return any((each.issuing_state, each.number) in mine for each in other.documents)
