"""Whether the station believes an alert: decided from what court, oversight and counter signed or sealed.

Nothing here trusts the office that made the alert or the relay that brought it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from records import tree
from records.comparing.alerts import AlertBlock, AlertVerdict
from records.comparing.annex import Annex
from records.comparing.decisions import Decision, ListedDocument, is_adult, is_specimen_document, load_decision
from records.comparing.errors import AlertFault, AlertRefused, DecisionRefused
from records.comparing.passing_keys import MAX_CLOCK_ERROR
from records.comparing.people import ComparedPerson, decode_person
from records.comparing.permits import Permit, Stop
from records.comparing.places import Place
from records.comparing.slips import normal_form, tag_strings
from records.documents import DocumentKind, HowRead
from records.errors import InvalidDocument, MalformedBytes

COMPARED_WITHIN = timedelta(hours=24)
# Kinds that one number may stand on: of a resident card and its temporary one it is the same.
_SAME_NUMBER = (frozenset({DocumentKind.RESIDENT_CARD, DocumentKind.TEMPORARY_CARD}),)


def verify_alert(
    block: AlertBlock,
    place: Place,
    annex: Annex,
    permits: Mapping[int, Permit],
    withdrawn: Collection[bytes],
    now: datetime,
    stops: Collection[Stop] = (),
) -> Decision:
    """Return the decision that an alert is for, once everything about it holds.

    `permits` are those of the last days by number, `withdrawn` the leaves of decisions that are over, `stops` those
    that the station has seen. Whether the
    place is that of the house which the relay names, the station checks beside this. Raises: AlertRefused.
    """
    _check_times(place, now)
    permit = permits.get(block.permit)
    if permit is None:
        raise AlertRefused(AlertFault.PERMIT)
    if not permit.is_in_force(place.compared_at):
        raise AlertRefused(AlertFault.PERMIT_TIME)
    if any(stop.permit == block.permit and stop.stopped_at <= place.compared_at for stop in stops):
        raise AlertRefused(AlertFault.STOPPED)
    try:
        decision = load_decision(block.decision_note, annex, now.astimezone(UTC).date())
    except DecisionRefused as error:
        raise AlertRefused(AlertFault.DECISION, error.fault) from None
    if decision.leaf in withdrawn:
        raise AlertRefused(AlertFault.WITHDRAWN)
    is_included = block.leaf_count == permit.decisions and tree.verify_inclusion(
        decision.leaf, block.leaf_index, permit.decisions, block.proof, permit.list_root
    )
    if not is_included:
        raise AlertRefused(AlertFault.INCLUSION)
    _check_person(block, place, decision)
    return decision


def shares_kind(one: DocumentKind, other: DocumentKind) -> bool:
    """Tell whether two kinds of document carry numbers of one kind."""
    return one == other or any({one, other} <= kinds for kinds in _SAME_NUMBER)


def is_within_one_slip(listed: ListedDocument, person: ComparedPerson) -> bool:
    """Tell whether a listed document and the guest's are of one kind and state, and share one of their strings.

    Tags know neither kind nor state: without this, a passport of another state with the same number would do.
    """
    if not shares_kind(listed.kind, person.kind) or listed.issuing_state != person.issuing_state:
        return False
    try:
        ours, theirs = tag_strings(listed.kind, listed.number), tag_strings(person.kind, person.number)
    except InvalidDocument:
        return False
    return not set(ours).isdisjoint(theirs)


def is_same_number(listed: ListedDocument, person: ComparedPerson) -> bool:
    """Tell whether a listed document and the guest's are within one slip and have the same normal form."""
    same = normal_form(listed.kind, listed.number) == normal_form(person.kind, person.number)
    return same and is_within_one_slip(listed, person)


def _check_times(place: Place, now: datetime) -> None:
    if place.compared_at > now + MAX_CLOCK_ERROR:
        raise AlertRefused(AlertFault.CLOCK)
    if not timedelta(0) <= place.compared_at - place.checked_in_at < COMPARED_WITHIN:
        raise AlertRefused(AlertFault.CHECK_IN)


def _check_person(block: AlertBlock, place: Place, decision: Decision) -> None:
    try:
        person, is_theirs = decode_person(block.person), place.is_of(block.person)
    except MalformedBytes:
        raise AlertRefused(AlertFault.PERSON) from None
    if not is_theirs:
        raise AlertRefused(AlertFault.PERSON)
    if person.how_read is HowRead.TYPED:
        raise AlertRefused(AlertFault.HOW_READ)
    if not is_adult(person.born, place.compared_at.astimezone(UTC).date()):
        raise AlertRefused(AlertFault.MINOR)
    if not is_specimen_document(person.kind, person.issuing_state, person.number):
        raise AlertRefused(AlertFault.NOT_A_SPECIMEN)
    if not any(is_within_one_slip(listed, person) for listed in decision.documents):
        raise AlertRefused(AlertFault.DOCUMENT)
    if block.verdict is AlertVerdict.EXACT and not any(is_same_number(listed, person) for listed in decision.documents):
        raise AlertRefused(AlertFault.VERDICT)
