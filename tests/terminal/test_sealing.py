"""What the desk seals opens for its guest, and for nobody by less."""

from __future__ import annotations

import threading

import pytest

from records import part as part_module
from records.envelope import EnvelopeKind, check_event, parse_envelope, verify_envelope
from records.errors import CannotOpen
from records.part import open_as_guest, open_with_order, strip_court_layer
from records.slip import derive_guest_key, derive_stay_tag
from records.stays import EventKind
from terminal.codes import ProblemCode
from terminal.errors import NotSealed, NotTaken
from terminal.sealing import seal_event, sign_void
from tests.terminal.kit import COURT, KEYS, NOW, OVERSIGHT, TERMINAL, Kit, make_guest


def test_sealed_check_in_opens_with_slip_and_number_and_with_a_whole_order(kit: Kit) -> None:
    guest = make_guest()
    done = kit.desk.check_in(guest, "101", 2)
    (waiting,) = kit.outbox.list_waiting()
    envelope = parse_envelope(waiting.envelope)
    verify_envelope(envelope, KEYS.signing.public)
    assert envelope.part is not None
    header = envelope.header
    assert (header.kind, header.terminal, header.generation, header.sequence) == (EnvelopeKind.RECORD, TERMINAL, 1, 1)
    assert header.stay_tag == derive_stay_tag(done.slip.slip_key) == bytes.fromhex(done.stay)
    guest_key = derive_guest_key(done.slip.slip_key, guest.document.number)
    event = open_as_guest(envelope.part, header.scope, guest_key)
    check_event(header, event)
    assert (event.event, event.guest, event.stay.room) == (EventKind.CHECK_IN, guest, "101")
    stripped = strip_court_layer(envelope.part, header.scope, COURT)
    assert open_with_order(envelope.part, header.scope, stripped.sealed_key, OVERSIGHT, guest.document.number) == event
    with pytest.raises(CannotOpen):
        open_as_guest(envelope.part, header.scope, derive_guest_key(done.slip.slip_key, "990101199003070027"))


def test_two_desks_of_one_process_can_seal_at_once(kit: Kit) -> None:
    """With more than one lane, two Argon2id derivations at once in one process wait for each other for ever."""
    stay = kit.desk.book.plan_stay("101", 1, NOW)
    sealed = []

    def seal(index: int) -> None:
        event = kit.desk.book.compose_stay_event(
            EventKind.CHECK_IN, make_guest(index), stay, now=NOW, record=bytes([index]) * 16
        )
        sealed.append(seal_event(event, bytes(16), kit.root, TERMINAL))

    threads = [threading.Thread(target=seal, args=(index,), daemon=True) for index in (1, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)
    assert len(sealed) == 2


@pytest.mark.usefixtures("quick_stretching")
def test_what_does_not_open_again_is_not_kept(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_module, "encode_event", lambda _: b'{"event":"check_in"}')
    with pytest.raises(NotSealed):
        kit.desk.check_in(make_guest(), "101", 1)
    assert kit.outbox.list_waiting() == []
    assert kit.house.list_rows() == []


@pytest.mark.usefixtures("quick_stretching")
def test_record_is_bound_to_its_own_guest(kit: Kit) -> None:
    first = kit.desk.check_in(make_guest(1), "101", 1)
    kit.desk.check_in(make_guest(3), "101", 1)
    envelope = parse_envelope(kit.outbox.list_waiting()[1].envelope)
    assert envelope.part is not None
    with pytest.raises(CannotOpen):
        open_as_guest(
            envelope.part, envelope.header.scope, derive_guest_key(first.slip.slip_key, make_guest(1).document.number)
        )


@pytest.mark.usefixtures("quick_stretching")
def test_void_closes_the_number_and_says_nothing_of_the_stay(kit: Kit) -> None:
    kit.desk.check_in(make_guest(), "101", 1)
    refused = parse_envelope(kit.outbox.list_waiting()[0].envelope).header
    void = parse_envelope(sign_void(refused, KEYS.signing).data)
    verify_envelope(void, KEYS.signing.public)
    assert (void.header.kind, void.header.sequence, void.part) == (EnvelopeKind.VOID, refused.sequence, None)
    assert void.header.stay_tag == bytes(16)


@pytest.mark.usefixtures("quick_stretching")
def test_same_document_is_not_registered_twice_while_in_house(kit: Kit) -> None:
    done = kit.desk.check_in(make_guest(), "101", 1)
    with pytest.raises(NotTaken) as caught:
        kit.desk.check_in(make_guest(), "102", 1)
    assert caught.value.code is ProblemCode.ALREADY_IN_HOUSE
    kit.desk.check_out([done.stay])
    assert kit.desk.check_in(make_guest(), "102", 1).stay != done.stay
