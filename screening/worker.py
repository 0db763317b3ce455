"""Comparing one guest: tags first, and only where one is a decision's too, the person."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from matcher.compare import compare_person
from matcher.numbers import SLIPS, pick_document
from matcher.person import Listed, Person, PersonDocument, PersonName
from matcher.verdict import Verdict
from records.comparing.alerts import (
    MAX_REASONS,
    AlertBlock,
    AlertReason,
    AlertVerdict,
    compute_alert_tag,
    encode_block,
)
from records.comparing.answers import AnswerState, make_hit, make_miss
from records.comparing.comparison import OpenedPart, open_part, unlock_person_bytes
from records.comparing.people import ComparedPerson, decode_person
from records.comparing.relay_wire import HandedOn
from records.errors import CannotOpen, MalformedBytes
from screening.day import Day
from screening.handles import Claim
from screening.index import Entry, Found
from screening.keys import OfficeKeys
from screening.suppressing import compute_token, stretch_token

_CLEARED = "cleared"
_NEAR = frozenset({"same", *SLIPS})
_ORDER = {"exact": 2, "strong": 1}


class Came(StrEnum):
    """What came of a comparison. Only counts of these are kept."""

    MISSED = "missed"  # no tag is a decision's: the person was not opened
    CLEARED = "cleared"  # opened, and not the person of the decision
    SUPPRESSED = "suppressed"
    ALERTED = "alerted"
    CLOSED = "closed-before"
    BEYOND = "beyond-the-permit"
    UNREADABLE = "unreadable"
    SEAL_AGAIN = "seal-again"


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison's answer and what to count."""

    answer: bytes = field(repr=False)
    came: Came


@dataclass(frozen=True, slots=True)
class _Alerting:
    entry: Entry = field(repr=False)
    verdict: Verdict = field(repr=False)
    encoded: bytes = field(repr=False)
    token: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A guest whom a decision's tag has opened."""

    encoded: bytes = field(repr=False)
    said: ComparedPerson = field(repr=False)
    guest: Person = field(repr=False)


def has_key(day: Day, item: HandedOn) -> bool:
    """Tell whether a comparison is sealed for this permit, to a passing key that still exists."""
    return item.permit == day.permit.number and day.passing.find(item.passing_key_id) is not None


def compare(day: Day, item: HandedOn, claim: Claim, keys: OfficeKeys) -> Compared:
    """Compare one guest and make the answer, of the same size whatever it says.

    Cost: 0.25 ms for a miss. Nothing of the guest outlives the call but what is sealed in the answer.
    """
    key = day.passing.find(item.passing_key_id) if has_key(day, item) else None
    if key is None:
        return answer_again(day, item)
    if claim is not Claim.OPEN:
        return _answer_miss(day, item, Came.CLOSED if claim is Claim.CLOSED else Came.BEYOND)
    try:
        opened = open_part(item.part, item.handle, item.permit, key)
    except (CannotOpen, MalformedBytes):
        return _answer_miss(day, item, Came.UNREADABLE)
    came, alerting = _match(day, opened, item.handle, keys)
    if alerting is None:
        return _answer_miss(day, item, came)
    try:
        return Compared(_make_hit(day, item, alerting, keys), Came.ALERTED)
    except MalformedBytes:
        # It is counted. Raised, it would be told to its whole batch as "later", and so tell that there was a hit.
        return _answer_miss(day, item, Came.UNREADABLE)


def answer_again(day: Day, item: HandedOn) -> Compared:
    """Answer that this must be sealed anew: its passing key or permit is not (or no longer) the office's."""
    answer = make_miss(item.handle, item.permit, day.station_key, AnswerState.SEAL_AGAIN)
    return Compared(answer.to_bytes(), Came.SEAL_AGAIN)


def _match(day: Day, opened: OpenedPart, handle: bytes, keys: OfficeKeys) -> tuple[Came, _Alerting | None]:
    """Return what came of it, and the strongest of what is to be alerted."""
    came, best = Came.MISSED, None
    judged: set[bytes] = set()
    opened_person: _Opened | None = None
    for found in day.index.find(opened.tags):
        leaf = found.entry.decision.leaf
        if leaf in judged:
            continue  # two numbers one slip apart share several strings
        try:
            # Whatever tag opens a guest, it is the one person: opened once.
            opened_person = opened_person or _open_person(opened, found, handle)
            judged.add(leaf)
            if not may_be_one(found.entry.listed, opened_person.guest):
                came = _worse(came, Came.CLEARED)
                continue
            verdict = compare_person(found.entry.listed, opened_person.guest)
        except Exception:  # whatever a hostile terminal wrote into a person: it is that one's loss, not the batch's
            came = _worse(came, Came.UNREADABLE)
            continue
        if verdict.verdict == _CLEARED:
            came = _worse(came, Came.CLEARED)
            continue
        token = compute_token(keys.suppressions, leaf, opened_person.said)
        if leaf in day.marks and stretch_token(token, leaf) in day.marks[leaf]:
            came = _worse(came, Came.SUPPRESSED)
            continue
        if best is None or _rank(verdict) > _rank(best.verdict):
            best = _Alerting(found.entry, verdict, opened_person.encoded, token)
    return came, best


def may_be_one(listed: Listed, guest: Person) -> bool:
    """Tell whether a guest's number is one of a decision's or one slip from it; all others the matcher clears.

    Tags bring them together too: a character that moved leaves the same string. This look costs a tenth.
    """
    return pick_document(listed, guest.document)[1] in _NEAR


def _open_person(opened: OpenedPart, found: Found, handle: bytes) -> _Opened:
    encoded = unlock_person_bytes(opened, found.place, found.output, handle)
    said = decode_person(encoded)
    return _Opened(encoded, said, _make_person(said))


def _make_hit(day: Day, item: HandedOn, alerting: _Alerting, keys: OfficeKeys) -> bytes:
    decision, verdict = alerting.entry.decision, alerting.verdict
    index, proof = day.tree.prove(decision.leaf)
    reasons = tuple(
        AlertReason(each.feature, each.verdict, each.weight_bits, each.text_zh, each.text_en)
        for each in verdict.reasons
    )
    block = AlertBlock(
        alerting.encoded, AlertVerdict[verdict.verdict.upper()], verdict.score, reasons[:MAX_REASONS], decision.note,
        item.permit, index, len(day.tree.leaves), proof, alerting.token,
    )  # fmt: skip
    tag = compute_alert_tag(keys.alert_tags, item.handle, decision.leaf)
    return make_hit(item.handle, tag, _fit(block), day.station_key).to_bytes()


def _fit(block: AlertBlock) -> AlertBlock:
    """Leave out the least telling reasons until the block fits: an alert must not be lost for its words."""
    while len(block.reasons) > 1:
        try:
            encode_block(block)
            return block
        except MalformedBytes:
            least = min(block.reasons, key=lambda each: abs(each.weight_bits))
            block = replace(block, reasons=tuple(each for each in block.reasons if each is not least))
    return block


def _answer_miss(day: Day, item: HandedOn, came: Came) -> Compared:
    return Compared(make_miss(item.handle, item.permit, day.station_key).to_bytes(), came)


def _make_person(person: ComparedPerson) -> Person:
    return Person(
        tuple(PersonName(each.full, each.surname, each.given) for each in person.names),
        PersonDocument(str(person.kind), person.number),
        person.birth_date,
        str(person.sex),
        str(person.how_read),
        str(person.chip),
    )


def _rank(verdict: Verdict) -> tuple[int, float]:
    return _ORDER[verdict.verdict], verdict.score


def _worse(came: Came, now: Came) -> Came:
    """Return what is counted where several decisions were looked at: the furthest that one got."""
    order = (Came.MISSED, Came.UNREADABLE, Came.CLEARED, Came.SUPPRESSED)
    return max(came, now, key=order.index)
