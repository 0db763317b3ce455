"""The events of a stay at the desk: what each seals, what it replaces, and what the slip opens afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from records.envelope import NO_ID, Envelope, parse_envelope
from records.errors import CannotOpen
from records.part import open_as_guest, open_with_order, strip_court_layer
from records.receipt import RefusalReason, sign_refusal
from records.root import DisclosureKey
from records.slip import derive_guest_key
from records.stays import EventKind, StayEvent, guest_secret
from records.suite import HybridSecretKey
from terminal.codes import ProblemCode
from terminal.errors import NotSaved, NotTaken
from terminal.link import HttpLink
from terminal.store import HouseStore, Waiting
from terminal.uploader import upload_pending
from tests.terminal.kit import COURT, NOW, OVERSIGHT, RECEIPT_KEY, Kit, make_bytes, make_guest, make_root
from tests.terminal.stand_in_central import StandIn
from tests.terminal.test_store import deliver_all

pytestmark = pytest.mark.usefixtures("quick_stretching")

TODAY = NOW.date()
NEW_COURT = HybridSecretKey.from_bytes(make_bytes("court of another month", 96))


def read_all(kit: Kit, stay: str, guest_index: int = 1) -> list[tuple[Envelope, StayEvent]]:
    """Open everything that waits, as the guest with the slip and this number."""
    record = kit.house.open_all()[stay]
    key = derive_guest_key(record.slip_key, guest_secret(make_guest(guest_index)))
    envelopes = [parse_envelope(each.envelope) for each in kit.outbox.list_waiting() if each.kind == "record"]
    return [(each, open_as_guest(_part(each), each.header.scope, key)) for each in envelopes]


def _part(envelope: Envelope) -> Any:
    assert envelope.part is not None
    return envelope.part


def refuse(kit: Kit, *waiting: Waiting) -> None:
    kit.outbox.settle((each, sign_refusal(each.digest, RefusalReason.WRONG_KEYS, NOW, RECEIPT_KEY)) for each in waiting)


def change_keys(kit: Kit) -> None:
    """Let another root file come into force that names another key of the court."""
    kit.root = make_root(court_keys=(DisclosureKey("2026-11", NEW_COURT.public),))
    kit.reopen()


def code_of(action: Callable[[], Any]) -> str:
    with pytest.raises(NotTaken) as caught:
        action()
    return caught.value.code


def test_each_event_carries_the_whole_stay_as_it_then_stands(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(), "101", 1).stay
    kit.desk.move(stay, "102")
    kit.desk.extend(stay, TODAY + timedelta(days=3))
    kit.reopen()
    kit.desk.check_out([stay])
    events = [event for _, event in read_all(kit, stay)]
    assert [each.event for each in events] == ["check_in", "move", "extend", "check_out"]
    assert [each.stay.room for each in events] == ["101", "102", "102", "102"]
    assert [(each.stay.planned_departure - TODAY).days for each in events] == [1, 1, 3, 3]
    assert [each.stay.departed_at is None for each in events] == [True, True, True, False]
    assert {each.replaces for each in events} == {""}


def test_stay_of_thirty_nights_is_the_longest_and_more_is_refused(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(), "101", 29).stay
    assert code_of(lambda: kit.desk.extend(stay, TODAY + timedelta(days=31))) == ProblemCode.STAY_TOO_LONG
    kit.desk.extend(stay, TODAY + timedelta(days=30))
    assert code_of(lambda: kit.desk.extend(stay, TODAY + timedelta(days=30))) == ProblemCode.NOT_LATER
    kit.clock.pass_time(40 * 86_400)
    assert code_of(lambda: kit.desk.extend(stay, TODAY + timedelta(days=41))) == ProblemCode.STAY_TOO_LONG
    assert len(kit.outbox.list_waiting()) == 2


def test_overdue_guest_is_not_extended_into_the_past(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(), "101", 1).stay
    kit.clock.pass_time(5 * 86_400)
    assert code_of(lambda: kit.desk.extend(stay, TODAY + timedelta(days=4))) == ProblemCode.NOT_LATER
    kit.desk.extend(stay, TODAY + timedelta(days=5))


def test_changes_that_change_nothing_are_refused(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(), "101", 1).stay
    assert code_of(lambda: kit.desk.move(stay, "101")) == ProblemCode.SAME_ROOM
    assert code_of(lambda: kit.desk.move(stay, "999")) == ProblemCode.NO_SUCH_ROOM
    assert code_of(lambda: kit.desk.correct(stay)) == ProblemCode.NOTHING_TO_CORRECT
    assert code_of(lambda: kit.desk.correct(stay, guest=make_guest())) == ProblemCode.NOTHING_TO_CORRECT
    assert code_of(lambda: kit.desk.correct(stay, departure=TODAY)) == ProblemCode.TOO_FEW_NIGHTS
    kit.desk.check_out([stay])
    assert code_of(lambda: kit.desk.move(stay, "102")) == ProblemCode.NO_SUCH_STAY
    assert code_of(lambda: kit.desk.cancel(stay)) == ProblemCode.NO_SUCH_STAY


def test_after_another_document_every_earlier_event_is_replaced_and_the_slip_opens_with_the_right_number(
    kit: Kit,
) -> None:
    done = kit.desk.check_in(make_guest(1), "101", 1)
    kit.desk.move(done.stay, "102")
    wrong = [envelope.header.record for envelope, _ in read_all(kit, done.stay)]
    kit.desk.correct(done.stay, guest=make_guest(3))
    assert kit.desk.find_slip(done.stay) == done.slip
    with pytest.raises(CannotOpen):
        read_all(kit, done.stay)
    standing = kit.outbox.list_waiting()[2:]
    key = derive_guest_key(kit.house.open_all()[done.stay].slip_key, guest_secret(make_guest(3)))
    corrected = [parse_envelope(each.envelope) for each in standing]
    assert [each.header.replaces for each in corrected] == wrong
    for envelope in corrected:
        event = open_as_guest(_part(envelope), envelope.header.scope, key)
        assert (event.event, event.guest, event.stay.room) == (EventKind.CORRECT, make_guest(3), "102")
    assert kit.desk.is_in_house(make_guest(3))
    assert not kit.desk.is_in_house(make_guest(1))


def test_document_of_another_guest_in_house_corrects_nothing(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(1), "101", 1).stay
    kit.desk.check_in(make_guest(3), "102", 1)
    assert code_of(lambda: kit.desk.correct(stay, guest=make_guest(3))) == ProblemCode.ALREADY_IN_HOUSE


def test_misread_name_under_the_same_number_can_be_corrected(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(1, name="王小名"), "101", 1).stay
    assert not kit.desk.has_registered(make_guest(1))
    kit.desk.correct(stay, guest=make_guest(1))
    assert kit.desk.has_registered(make_guest(1))
    assert [event.guest.names[0].text for _, event in read_all(kit, stay)] == ["王小名", "王小明"]


def test_wrong_room_is_corrected_as_far_back_as_it_was_wrong_and_no_further(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(), "101", 1).stay
    kit.desk.move(stay, "102")
    kit.desk.move(stay, "101")
    kit.desk.extend(stay, TODAY + timedelta(days=2))
    before = [envelope.header.record for envelope, _ in read_all(kit, stay)]
    kit.desk.correct(stay, room="201")
    corrected = read_all(kit, stay)[4:]
    assert [envelope.header.replaces for envelope, _ in corrected] == before[2:]
    assert {event.stay.room for _, event in corrected} == {"201"}


def test_planned_departure_can_be_corrected_to_an_earlier_day(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(), "101", 20).stay
    kit.desk.correct(stay, departure=TODAY + timedelta(days=2))
    (row,) = kit.house.list_rows()
    assert row.planned_departure == date(2026, 11, 24)
    assert read_all(kit, stay)[1][1].stay.planned_departure == row.planned_departure


def test_cancelled_stay_leaves_the_house_once_everything_is_receipted(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(), "101", 1).stay
    kit.desk.cancel(stay)
    events = [event for _, event in read_all(kit, stay)]
    assert [each.event for each in events] == ["check_in", "cancel"]
    assert events[-1].stay.departed_at is None
    assert not kit.desk.is_in_house(make_guest())
    assert kit.house.forget_departed() == []
    deliver_all(kit)
    assert kit.house.forget_departed() == [stay]
    assert kit.house._keys.list_live() == []


def test_refused_event_is_sealed_again_as_it_was_and_the_last_event_stays_the_last(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(), "101", 1).stay
    kit.desk.move(stay, "102")
    kit.desk.cancel(stay)
    check_in, _, cancel = kit.outbox.list_waiting()
    old_cancel = parse_envelope(cancel.envelope).header
    refuse(kit, check_in)
    assert kit.desk.seal_again() == 0, "our own root names these keys"
    change_keys(kit)
    assert kit.desk.seal_again() == 1
    sent = read_all(kit, stay)
    assert [event.event for _, event in sent] == ["move", "cancel", "check_in", "cancel"]
    assert (sent[2][1].stay.room, sent[2][0].header.replaces) == ("101", NO_ID)
    assert sent[2][0].header.record != parse_envelope(check_in.envelope).header.record
    assert sent[3][0].header.replaces == old_cancel.record
    assert {envelope.header.court_key for envelope, _ in sent[2:]} == {NEW_COURT.public.key_id}
    # What the old keys still cost the others brings nothing twice.
    refuse(kit, *(each for each in kit.outbox.list_waiting() if each.sequence in (2, 3) and each.kind == "record"))
    assert kit.desk.seal_again() == 1, "the move; the cancellation has gone out again already"
    assert [event.event for _, event in read_all(kit, stay)] == ["check_in", "cancel", "move", "cancel"]
    deliver_all(kit)
    assert kit.house.forget_departed() == [stay]


@pytest.mark.parametrize("reason", [each for each in RefusalReason if not each.concerns_terminal and each != 4])
def test_person_can_send_again_what_was_refused_for_any_reason(kit: Kit, reason: RefusalReason) -> None:
    stay = kit.desk.check_in(make_guest(), "101", 1).stay
    (first,) = kit.outbox.list_waiting()
    kit.outbox.settle([(first, sign_refusal(first.digest, reason, NOW, RECEIPT_KEY))])
    assert kit.desk.seal_again() == 0, "by itself only what other keys may mend"
    kit.desk.send_again(stay)
    ((envelope, event),) = read_all(kit, stay)
    assert (event.event, event.stay.room, envelope.header.replaces) == ("check_in", "101", NO_ID)
    assert envelope.header.record != parse_envelope(first.envelope).header.record
    before = kit.outbox.list_waiting()
    kit.desk.send_again(stay)  # a second touch
    assert kit.outbox.list_waiting() == before
    deliver_all(kit)
    assert kit.outbox.list_deliveries() == {}
    assert code_of(lambda: kit.desk.send_again("00" * 16)) == ProblemCode.NO_SUCH_STAY


def test_departed_guest_whose_registration_was_refused_can_be_sent_again(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(), "101", 1).stay
    kit.desk.check_out([stay])
    refuse(kit, *kit.outbox.list_waiting())
    deliver_all(kit)
    assert kit.house.forget_departed() == []
    kit.desk.send_again(stay)
    assert [event.event for _, event in read_all(kit, stay)] == ["check_in", "check_out"]
    deliver_all(kit)
    assert kit.house.forget_departed() == [stay]


def test_refused_correction_still_replaces_the_wrong_record_when_it_is_sealed_again(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(1), "101", 1).stay
    wrong = parse_envelope(kit.outbox.list_waiting()[0].envelope).header.record
    kit.desk.correct(stay, guest=make_guest(3))
    refuse(kit, kit.outbox.list_waiting()[1])
    change_keys(kit)
    assert kit.desk.seal_again() == 1
    again = parse_envelope(kit.outbox.list_waiting()[-1].envelope)
    assert again.header.replaces == wrong


def test_refused_record_that_was_corrected_since_is_not_sent_again(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(1), "101", 1).stay
    (first,) = kit.outbox.list_waiting()
    refuse(kit, first)
    kit.desk.correct(stay, guest=make_guest(3))
    change_keys(kit)
    assert kit.desk.seal_again() == 0
    assert kit.outbox.list_refused(RefusalReason.WRONG_KEYS) == []
    (corrected,) = read_all(kit, stay, 3)
    assert corrected[1].event is EventKind.CORRECT


def test_refused_record_of_a_forgotten_guest_stays_in_sight(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(), "101", 1).stay
    kit.desk.check_out([stay])
    deliver_all(kit)
    assert kit.outbox.reopen_above(1, 2) == 0
    assert kit.house.forget_departed() == [stay]
    assert kit.outbox.count_abandoned() == 0
    assert kit.outbox.reopen_above(1, 0) == 2
    refuse(kit, *kit.outbox.list_waiting())
    change_keys(kit)
    assert kit.desk.seal_again() == 0
    assert kit.outbox.count_abandoned() == 2


def test_stay_kept_by_an_earlier_version_can_be_corrected(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(1), "101", 1).stay
    record = kit.house.open_all()[stay]
    object.__setattr__(record, "events", ())
    with kit.database.transaction() as connection:
        kit.house.update(connection, stay, record)
    kit.reopen()
    kit.desk.correct(stay, guest=make_guest(3))
    first, second = (parse_envelope(each.envelope).header for each in kit.outbox.list_waiting())
    assert second.replaces == first.record


def test_whole_stay_made_offline_goes_out_in_order_and_is_forgotten(kit: Kit, central: StandIn) -> None:
    stay = kit.desk.check_in(make_guest(1), "101", 1).stay
    kit.desk.move(stay, "102")
    kit.desk.correct(stay, guest=make_guest(3))
    kit.desk.extend(stay, TODAY + timedelta(days=2))
    kit.reopen()
    kit.desk.check_out([stay])
    kinds = [kind for kind, _ in kit.outbox.list_events(stay)]
    assert kinds == ["check_in", "move", "correct", "correct", "extend", "check_out"]
    link = HttpLink(central.url)
    assert upload_pending(kit.outbox, link, RECEIPT_KEY.public).delivered == 6
    link.close()
    assert kit.house.forget_departed() == [stay]
    held = [envelope for _, envelope in sorted(central.accepted.items())]
    replaced = {each.header.replaces for each in held} - {NO_ID}
    assert replaced == {each.header.record for each in held[:2]}
    for envelope in held:
        # An order finds what stands by the right number alone.
        layer = strip_court_layer(_part(envelope), envelope.header.scope, COURT)
        number = make_guest(1 if envelope.header.record in replaced else 3).document.number
        assert open_with_order(_part(envelope), envelope.header.scope, layer.sealed_key, OVERSIGHT, number)


def test_nothing_of_a_changed_stay_is_changed_when_the_disk_refuses(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    stay = kit.desk.check_in(make_guest(1), "101", 1).stay
    before = kit.house.open_all(), kit.desk.list_house(), kit.outbox.list_waiting()

    def refuse(*_: object) -> None:
        raise NotSaved(ProblemCode.DISK_FULL)

    monkeypatch.setattr(HouseStore, "update", refuse)
    for action in (
        lambda: kit.desk.move(stay, "102"),
        lambda: kit.desk.correct(stay, guest=make_guest(3)),
        lambda: kit.desk.cancel(stay),
        lambda: kit.desk.check_out([stay]),
    ):
        with pytest.raises(NotSaved):
            action()
        assert (kit.house.open_all(), kit.desk.list_house(), kit.outbox.list_waiting()) == before
