"""The house key: closed after a start, opened by central's share or a recovery card, and what works meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from records.envelope import parse_envelope
from records.errors import CannotOpen
from records.part import open_as_guest
from records.slip import derive_guest_key
from records.stays import EventKind, guest_secret
from terminal.codes import ProblemCode
from terminal.errors import NotSaved, NotTaken
from terminal.keys import TerminalKeys
from terminal.store import Database
from terminal.store.house_key import HouseKeyFault
from tests.terminal.kit import KEYS, NOW, SHARE, Kit, make_bytes, make_guest
from tests.terminal.test_store import deliver_all

pytestmark = pytest.mark.usefixtures("quick_stretching")

TODAY = NOW.date()
OTHER_SHARE = make_bytes("another share", 32)


def lock(kit: Kit, share: bytes = SHARE) -> None:
    """Take central's share, and restart the terminal without it."""
    assert kit.desk.take_share(share)
    kit.reopen()


def list_names(kit: Kit) -> list[str | None]:
    return [record.guest.names[0].text if record else None for _, record in kit.desk.list_house()]


def code_of(action: Callable[[], Any]) -> str:
    with pytest.raises(NotTaken) as caught:
        action()
    return caught.value.code


def test_until_the_first_share_a_stand_in_opens_the_house_and_then_it_is_destroyed(kit: Kit) -> None:
    kit.desk.check_in(make_guest(name="甲"), "101", 1)
    kit.reopen()
    assert (list_names(kit), kit.house.key.is_stand_in) == (["甲"], True)
    stand_in = kit.house.key._slots.read(0)
    assert stand_in is not None
    before = kit.house.key.public
    assert kit.desk.take_share(SHARE)
    assert kit.house.key.public != before
    assert (list_names(kit), kit.house.key.is_stand_in) == (["甲"], False)
    assert stand_in not in (kit.folder / "house.keys").read_bytes()
    kit.reopen()
    assert not kit.house.key.open_with(kit.house.key.derive(stand_in))
    assert list_names(kit) == [None]


def test_after_a_start_rooms_and_numbers_are_there_and_names_come_with_the_share(kit: Kit) -> None:
    done = kit.desk.check_in(make_guest(name="甲"), "201", 1)
    lock(kit)
    ((row, record),) = kit.desk.list_house()
    assert (row.room, row.number, record, kit.house.key.is_open) == ("201", done.number, None, False)
    assert kit.desk.take_share(SHARE)
    assert list_names(kit) == ["甲"]
    assert kit.desk.find_slip(done.stay) == done.slip


def test_nothing_on_the_disk_opens_a_closed_house(kit: Kit) -> None:
    """Local secret, database and key files together: what a thief has who switches the machine off."""
    kit.desk.check_in(make_guest(name="甲"), "201", 1)
    lock(kit)
    slots = [kit.house.key._slots.read(slot) for slot in (0, 1)]
    assert slots == [None, None]
    for guess in (bytes(32), KEYS.local, b"", kit.house.key.public.data[:32]):
        assert not kit.house.key.open_with(kit.house.key.derive(guess))
    assert kit.house.open_all() == {}


def test_registering_works_at_once_while_the_house_is_closed(kit: Kit) -> None:
    kit.desk.check_in(make_guest(1, name="甲"), "101", 1)
    lock(kit)
    done = kit.desk.check_in(make_guest(3, name="乙"), "102", 1)
    assert list_names(kit) == [None, "乙"]
    kit.desk.move(done.stay, "201")
    kit.desk.correct(done.stay, guest=make_guest(5, name="丙"))
    assert list_names(kit) == [None, "丙"]
    kit.reopen()
    assert list_names(kit) == [None, None], "the start after it has forgotten who came meanwhile"
    kit.desk.take_share(SHARE)
    assert list_names(kit) == ["甲", "丙"]


def test_changes_of_a_guest_who_cannot_be_read_wait_with_a_plain_word(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(), "101", 1).stay
    lock(kit)
    for attempt in (
        lambda: kit.desk.move(stay, "102"),
        lambda: kit.desk.extend(stay, TODAY + timedelta(days=3)),
        lambda: kit.desk.correct(stay, room="102"),
        lambda: kit.desk.cancel(stay),
        lambda: kit.desk.find_slip(stay),
    ):
        assert code_of(attempt) == ProblemCode.HOUSE_LOCKED
    assert len(kit.outbox.list_waiting()) == 1


def test_check_out_by_number_is_kept_and_sealed_once_the_names_are_back(kit: Kit) -> None:
    closed = kit.desk.check_in(make_guest(1), "101", 2).stay
    lock(kit)
    read = kit.desk.check_in(make_guest(3), "102", 1).stay
    deliver_all(kit)
    kit.clock.pass_time(3600)
    kit.desk.check_out([closed, read])
    left = kit.clock.now
    assert code_of(lambda: kit.desk.check_out([closed])) == ProblemCode.NO_SUCH_STAY
    assert len(kit.outbox.list_waiting()) == 1, "the one that could be sealed"
    deliver_all(kit)
    assert kit.house.forget_departed() == [read]
    assert kit.desk.seal_check_outs() == 0
    kit.clock.pass_time(7200)
    kit.reopen()
    assert kit.desk.seal_check_outs() == 0

    kit.desk.take_share(SHARE)
    slip_key = kit.house.open_all()[closed].slip_key
    assert (kit.desk.seal_check_outs(), kit.desk.seal_check_outs()) == (1, 0)
    (waiting,) = kit.outbox.list_waiting()
    envelope = parse_envelope(waiting.envelope)
    assert envelope.part is not None
    key = derive_guest_key(slip_key, guest_secret(make_guest(1)))
    event = open_as_guest(envelope.part, envelope.header.scope, key)
    assert (event.event, event.stay.departed_at, event.captured_at) == (EventKind.CHECK_OUT, left, left)
    deliver_all(kit)
    assert kit.house.forget_departed() == [closed]


def test_check_outs_are_all_kept_or_none(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = kit.desk.check_in(make_guest(1), "101", 1).stay
    lock(kit)
    read = kit.desk.check_in(make_guest(3), "102", 1).stay
    assert code_of(lambda: kit.desk.check_out([read, closed, "0" * 32])) == ProblemCode.NO_SUCH_STAY
    monkeypatch.setattr(kit.outbox, "add", lambda *_: (_ for _ in ()).throw(NotSaved()))
    with pytest.raises(NotSaved):
        kit.desk.check_out([closed, read])
    assert [row.departed_at for row, _ in kit.desk.list_house()] == [None, None]


def test_another_share_waits_for_the_card_of_a_closed_house_and_is_then_taken(kit: Kit) -> None:
    kit.desk.check_in(make_guest(1, name="甲"), "101", 1)
    kit.desk.take_share(SHARE)
    code = kit.desk.make_card()
    kit.reopen()
    before = kit.house.key.public
    kit.desk.check_in(make_guest(3, name="乙"), "102", 1)
    assert not kit.desk.take_share(OTHER_SHARE)
    assert (kit.house.key.public, list_names(kit)) == (before, [None, "乙"])
    kit.desk.unlock(code)
    assert kit.desk.take_share(OTHER_SHARE)
    assert (list_names(kit), kit.house.key.find_card_day()) == (["甲", "乙"], None)
    kit.reopen()
    assert code_of(lambda: kit.desk.unlock(code)) == ProblemCode.CARD_REFUSED
    assert kit.desk.take_share(OTHER_SHARE)
    assert list_names(kit) == ["甲", "乙"]


def test_without_a_card_another_share_is_for_whoever_can_be_read_and_the_rest_leave_by_number(kit: Kit) -> None:
    old = kit.desk.check_in(make_guest(1, name="甲"), "101", 1).stay
    lock(kit)
    kit.desk.check_in(make_guest(3, name="乙"), "102", 1)
    assert kit.desk.take_share(OTHER_SHARE)
    assert list_names(kit) == [None, "乙"]
    kit.reopen()
    kit.desk.take_share(OTHER_SHARE)
    assert list_names(kit) == [None, "乙"]
    kit.desk.check_out([old])
    (row, _), _ = kit.desk.list_house()
    assert row.check_out_waits
    assert kit.desk.take_share(SHARE), "central has its backup back"
    assert list_names(kit) == ["甲", "乙"]
    assert kit.desk.seal_check_outs() == 1


def test_power_cut_while_everything_is_sealed_anew_leaves_the_old_or_the_new(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.desk.check_in(make_guest(name="甲"), "101", 1)
    with monkeypatch.context() as patch:
        patch.setattr(kit.house.key, "replace", lambda *_: (_ for _ in ()).throw(NotSaved()))
        with pytest.raises(NotSaved):
            kit.desk.take_share(SHARE)
    kit.reopen()
    assert list_names(kit) == ["甲"]
    with monkeypatch.context() as patch:
        patch.setattr(kit.house.key, "settle", lambda _: None)  # cut off after the commit
        kit.desk.take_share(SHARE)
    kit.reopen()
    assert (list_names(kit), kit.house.key._slots.list_live()) == ([None], [])
    kit.desk.take_share(SHARE)
    assert list_names(kit) == ["甲"]


def test_key_that_somebody_else_has_put_there_is_never_sealed_to(kit: Kit) -> None:
    kit.desk.check_in(make_guest(name="甲"), "101", 1)
    before = kit.house.key.public
    kit.keys = TerminalKeys(KEYS.signing, bytes(32))  # to these, the kept key is a stranger's
    kit.reopen()
    assert kit.house.key.fault is HouseKeyFault.PROOF
    assert kit.house.key.public != before
    assert list_names(kit) == [None]
    kit.keys = KEYS
    kit.reopen()
    assert kit.house.key.public == before
    assert list_names(kit) == ["甲"]


def test_card_opens_the_house_without_central_and_no_other_code_does(kit: Kit) -> None:
    assert code_of(kit.desk.make_card) == ProblemCode.NO_CARD_YET
    kit.desk.check_in(make_guest(name="甲"), "101", 1)
    kit.desk.take_share(SHARE)
    assert kit.house.key.find_card_day() is None
    code = kit.desk.make_card()
    assert (len(code), kit.house.key.find_card_day()) == (16, NOW)
    kit.reopen()
    assert code_of(kit.desk.make_card) == ProblemCode.NO_CARD_YET, "a closed house makes no card"
    assert code_of(lambda: kit.desk.unlock(bytes(16))) == ProblemCode.CARD_REFUSED
    assert list_names(kit) == [None]
    kit.desk.unlock(code)
    assert list_names(kit) == ["甲"]
    assert kit.desk.take_share(SHARE)


def test_new_card_ends_the_old_one_even_with_an_old_copy_of_the_database(kit: Kit, tmp_path: Path) -> None:
    kit.desk.check_in(make_guest(name="甲"), "101", 1)
    kit.desk.take_share(SHARE)
    old = kit.desk.make_card()
    kit.close()
    shutil.copy(kit.folder / "terminal.sqlite", tmp_path / "copy")
    kit.open()
    kit.desk.take_share(SHARE)
    new = kit.desk.make_card()
    assert old != new
    kit.reopen()
    assert code_of(lambda: kit.desk.unlock(old)) == ProblemCode.CARD_REFUSED
    kit.close()
    shutil.copy(tmp_path / "copy", kit.folder / "terminal.sqlite")
    kit.open()
    assert code_of(lambda: kit.desk.unlock(old)) == ProblemCode.CARD_REFUSED


def test_card_is_worth_nothing_without_the_machines_own_secret(kit: Kit) -> None:
    kit.desk.take_share(SHARE)
    code = kit.desk.make_card()
    key = kit.house.key
    key._local = bytes(32)
    key._secret = None
    assert not key.open_with_card(code)


def test_card_that_could_not_be_kept_is_none_and_says_so(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.desk.take_share(SHARE)
    kit.desk.make_card()
    with monkeypatch.context() as patch:
        patch.setattr(kit.house.key._slots, "write", lambda *_: (_ for _ in ()).throw(OSError()))
        with pytest.raises(NotSaved):
            kit.desk.make_card()
    assert kit.house.key.find_card_day() is None
    kit.reopen()
    kit.desk.take_share(SHARE)
    assert len(kit.desk.make_card()) == 16


def test_closed_house_opens_nothing_and_shows_nothing_in_a_repr(kit: Kit) -> None:
    lock(kit)
    with pytest.raises(CannotOpen):
        kit.house.key.open(b"", b"")
    kit.desk.take_share(SHARE)
    assert KEYS.local.hex() not in repr((kit.keys, kit.house.key, kit.desk))
    assert repr(KEYS.local) not in repr((kit.keys, kit.house.key, kit.desk))


# Guests who were never checked out


def test_guest_who_was_never_checked_out_is_forgotten_a_week_after_the_planned_day(kit: Kit) -> None:
    kit.desk.check_in(make_guest(1), "101", 1)
    stays_longer = kit.desk.check_in(make_guest(3), "102", 20).stay
    deliver_all(kit)
    day = 86_400
    for _ in range(7):
        kit.clock.pass_time(day)
        assert kit.desk.forget_overdue() == []
    told = kit.house.list_rows()[0].told_at
    assert told == NOW + timedelta(days=2), "on the first day after the planned one"
    kit.clock.pass_time(day)
    (gone,) = kit.desk.forget_overdue()
    assert [row.stay for row in kit.house.list_rows()] == [stays_longer] != [gone]
    assert len(kit.house._keys.list_live()) == 1, "its key is destroyed"
    assert kit.desk.forget_gone() == {stays_longer}
    assert kit.outbox.list_waiting() == [], "no departure is made up"


def test_owner_is_told_for_a_day_even_where_the_machine_was_off_or_its_clock_leapt(kit: Kit) -> None:
    kit.desk.check_in(make_guest(), "101", 1)
    deliver_all(kit)
    kit.clock.pass_time(60 * 86_400)
    kit.reopen()
    assert kit.desk.forget_overdue() == []
    kit.clock.pass_time(86_399)
    assert kit.desk.forget_overdue() == []
    kit.clock.pass_time(1)
    assert len(kit.desk.forget_overdue()) == 1


def test_guest_who_stays_longer_after_all_is_kept(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(), "101", 1).stay
    kit.clock.pass_time(5 * 86_400)
    kit.desk.forget_overdue()
    kit.desk.extend(stay, TODAY + timedelta(days=9))
    deliver_all(kit)
    assert kit.desk.forget_overdue() == []
    assert kit.house.list_rows()[0].told_at is None
    kit.clock.pass_time(5 * 86_400)
    assert kit.desk.forget_overdue() == []
    kit.clock.pass_time(10 * 86_400)
    assert kit.desk.forget_overdue() == [stay]


def test_what_has_no_receipt_yet_is_not_forgotten(kit: Kit) -> None:
    kit.desk.check_in(make_guest(), "101", 1)
    kit.clock.pass_time(40 * 86_400)
    kit.desk.forget_overdue()
    kit.clock.pass_time(86_400)
    assert kit.desk.forget_overdue() == []
    deliver_all(kit)
    assert len(kit.desk.forget_overdue()) == 1


def test_check_out_that_nobody_could_seal_is_given_up_in_the_end(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(), "101", 1).stay
    deliver_all(kit)
    lock(kit)
    kit.desk.check_out([stay])
    for _ in range(8):
        assert kit.desk.forget_overdue() == []
        kit.clock.pass_time(86_400)
    assert kit.desk.forget_overdue() == [stay]


def test_full_disk_forgets_nobody_by_half(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.desk.check_in(make_guest(), "101", 1)
    deliver_all(kit)
    kit.clock.pass_time(30 * 86_400)
    kit.desk.forget_overdue()
    kit.clock.pass_time(86_400)
    with monkeypatch.context() as patch:
        patch.setattr(Database, "transaction", lambda _: (_ for _ in ()).throw(NotSaved()))
        with pytest.raises(NotSaved):
            kit.desk.forget_overdue()
    assert len(kit.house.open_all()) == 1
