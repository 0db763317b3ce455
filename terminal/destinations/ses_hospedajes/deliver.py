"""Deliveries and queries of SES.HOSPEDAJES: batches, parties, and what became of each item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from terminal.destinations.ses_hospedajes import request, talk
from terminal.destinations.ses_hospedajes.answer import Batch
from terminal.destinations.ses_hospedajes.codes import MAX_ANNULLED, MAX_COMMUNICATIONS, PERHAPS_ONE_OF_MANY, BatchState
from terminal.destinations.ses_hospedajes.judge import Handle, judge_batch, judge_reply, read_handle, write_handle
from terminal.destinations.ses_hospedajes.message import Annulment, Arrival, decode_message
from terminal.destinations.terms import (
    Absent,
    Accepted,
    Action,
    CannotCompose,
    Item,
    NoAnswer,
    NotNow,
    Outcome,
    Pending,
    Session,
    SignInRefused,
    Unverified,
    Withheld,
)

# What became of an item, by its reference; Withheld, of one that was not sent after all: it waits again.
_Told = dict[str, Outcome]


def deliver_items(items: Sequence[Item], session: Session) -> list[Outcome]:
    """Tell items, annulments first: what replaces a communication must not meet it. Raises: as `terms.deliver`."""
    told: _Told = {}
    for some in [*_split_annulments(items), *_split_arrivals(items)]:
        try:
            told |= _tell(some, session)
        except (NotNow, SignInRefused):
            if not told:
                raise
            break  # what was told before is told; the rest waits
        except NoAnswer:
            told |= {each.reference: _leave_open(each) for each in some}
            break
    return [told.get(each.reference, Withheld()) for each in items]


def query_items(items: Sequence[Item], session: Session) -> list[Outcome | Absent]:
    """Ask what became of items. An arrival whose batch number never came cannot be asked about: a person looks.

    An annulment can: the batch of what it takes back says so, and to annul twice is to annul once.
    """
    asked = {each.reference: _find_batches(each) for each in items}
    batches = talk.ask(session, sorted({handle.batch for handles in asked.values() for handle in handles}))
    return [_judge_item(each, asked[each.reference], batches) for each in items]


def group_parties(items: Sequence[Item]) -> list[list[Item]]:
    """Return arrivals by party, in order: each is one communication."""
    return [list(group) for _, group in groupby(items, key=lambda each: each.party or each.reference)]


def read_arrival(item: Item) -> Arrival:
    """Return the arrival of an item. Raises: CannotCompose for anything else."""
    message = decode_message(item.data)
    if not isinstance(message, Arrival):
        raise CannotCompose("action")
    return message


def _leave_open(item: Item) -> Outcome:
    """An annulment without an answer can be asked about by what it takes back; an arrival by nothing."""
    return Pending("") if item.action is Action.ANNULMENT else Unverified()


def _split_annulments(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return talk.split([each for each in items if each.action is Action.ANNULMENT], MAX_ANNULLED)


def _split_arrivals(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    parties = group_parties([each for each in items if each.action is not Action.ANNULMENT])
    return ([each for party in some for each in party] for some in talk.split(parties, MAX_COMMUNICATIONS))


def _tell(items: Sequence[Item], session: Session) -> _Told:
    if items[0].action is Action.ANNULMENT:
        return _tell_annulments(items, session)
    parties = group_parties(items)
    reply = talk.tell(session, "A", _write_arrivals(parties, session))
    if reply.code in PERHAPS_ONE_OF_MANY and not reply.is_repetition and len(parties) > 1:
        # The whole file was turned away, perhaps for one party: the others shall not wait for its correction.
        return _tell_one_by_one(parties, session)
    return {
        each.reference: judge_reply(reply, place, person)
        for place, party in enumerate(parties, 1)
        for person, each in enumerate(party, 1)
    }


def _tell_one_by_one(parties: Sequence[list[Item]], session: Session) -> _Told:
    told: _Told = {}
    for party in parties:
        try:
            told |= _tell(party, session)
        except (NotNow, SignInRefused):
            break
        except NoAnswer:
            told |= {each.reference: Unverified() for each in party}
            break
    return told


def _tell_annulments(items: Sequence[Item], session: Session) -> _Told:
    handles = {each.reference: _read_earlier(each) for each in items}
    # Guests of one party share one communication; it is taken back once.
    codes = list(dict.fromkeys(handle.code for handle in handles.values()))
    reply = talk.tell(session, "B", request.write_annulments(codes))
    return {reference: judge_reply(reply, codes.index(handle.code) + 1, 1) for reference, handle in handles.items()}


def _write_arrivals(parties: Sequence[Sequence[Item]], session: Session) -> bytes:
    establishment = session.credentials.values.get("establishment", "")
    return request.write_arrivals(establishment, [[read_arrival(each) for each in party] for party in parties])


def _find_batches(item: Item) -> list[Handle]:
    """Return where an item stands: of an annulment first what it takes back, then its own batch."""
    own = read_handle(item.handle)
    earlier = [_read_earlier(item)] if item.action is Action.ANNULMENT else []
    return [*earlier, own] if own is not None else earlier


def _judge_item(item: Item, handles: Sequence[Handle], batches: Mapping[str, Batch]) -> Outcome:
    if not handles or handles[0].batch not in batches:
        return Unverified()
    batch = batches[handles[0].batch]
    if item.action is not Action.ANNULMENT:
        return judge_batch(batch, handles[0])
    result = batch.results.get(handles[0].place)
    if result is not None and result.is_annulled:
        return Accepted(write_handle(handles[0]))
    if len(handles) == 1:
        return Withheld()  # nobody has annulled it, and nothing is lost by sending it again
    own = batches.get(handles[1].batch)
    if own is not None and own.state is BatchState.DONE:
        return Accepted(write_handle(handles[0]))
    is_under_way = own is not None and own.state in (BatchState.AT_WORK, BatchState.WAITING)
    return Pending(item.handle) if is_under_way else Unverified()


def _read_earlier(item: Item) -> Handle:
    message = decode_message(item.data)
    handle = read_handle(message.code) if isinstance(message, Annulment) else None
    if handle is None or not handle.code:
        raise CannotCompose("earlier")
    return handle
