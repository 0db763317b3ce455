"""Outbox and house store on real files: numbers without gaps, ages, and guests that are really gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from records import erasable as erasable_module
from records.envelope import parse_envelope
from records.part import open_with_order, strip_court_layer
from records.receipt import Receipt, RefusalReason, sign_receipt, sign_refusal
from records.root import DisclosureKey
from records.stays import EventKind
from records.suite import HybridSecretKey
from terminal.clock import Stamp, measure_age_s
from terminal.codes import ProblemCode
from terminal.errors import NotSaved, NotTaken, StoreRefused
from terminal.state import Delivery
from terminal.store import Connection, Database, Waiting, open_database, open_house
from terminal.store import house as house_module
from tests.terminal.kit import NOW, OVERSIGHT, RECEIPT_KEY, TERMINAL, Kit, make_bytes, make_guest, make_root

pytestmark = pytest.mark.usefixtures("quick_stretching")


def make_receipt(waiting: Waiting) -> Receipt:
    return sign_receipt(TERMINAL, waiting.generation, waiting.sequence, waiting.digest, NOW, RECEIPT_KEY)


def deliver_all(kit: Kit) -> None:
    kit.outbox.settle([(waiting, make_receipt(waiting)) for waiting in kit.outbox.list_waiting()])


def refuse_first(kit: Kit, reason: RefusalReason) -> None:
    first = kit.outbox.list_waiting()[0]
    kit.outbox.settle([(first, sign_refusal(first.digest, reason, NOW, RECEIPT_KEY))])


def fill_house(kit: Kit) -> None:
    for index in range(3, 99, 2):
        kit.desk.check_in(make_guest(index), "101", 1)


def test_numbers_have_no_gaps_across_restarts_and_failures(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.desk.check_in(make_guest(1), "101", 1)
    kit.reopen()
    with monkeypatch.context() as patch:
        patch.setattr(kit.house, "add", lambda *_: (_ for _ in ()).throw(NotSaved()))
        with pytest.raises(NotSaved):
            kit.desk.check_in(make_guest(3), "101", 1)
    kit.desk.check_in(make_guest(5), "102", 1)
    assert [each.sequence for each in kit.outbox.list_waiting()] == [1, 2]
    assert [row.number for row in kit.house.list_rows()] == [1, 2]


def test_full_disk_saves_nothing_and_says_so(kit: Kit) -> None:
    kit.desk.check_in(make_guest(1), "101", 1)
    with kit.database.reading() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(NotSaved) as caught:
        fill_house(kit)
    assert caught.value.code is ProblemCode.DISK_FULL
    with kit.database.reading() as connection:
        connection.execute("PRAGMA max_page_count = 100000")
    sequences = [each.sequence for each in kit.outbox.list_waiting()]
    assert sequences == list(range(1, len(sequences) + 1))
    assert len(kit.house.list_rows()) == len(sequences) == len(kit.house.open_all())


def test_key_slot_of_a_failed_check_in_is_free_again(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit.outbox, "add", lambda *_: (_ for _ in ()).throw(NotSaved()))
    with pytest.raises(NotSaved):
        kit.desk.check_in(make_guest(), "101", 1)
    assert kit.house._keys.list_live() == []


def test_house_with_as_many_guests_as_places_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house_module, "SLOTS", 1)
    kit = Kit(tmp_path)
    kit.desk.check_in(make_guest(1), "101", 1)
    with pytest.raises(NotSaved) as caught:
        kit.desk.check_in(make_guest(3), "101", 1)
    assert caught.value.code is ProblemCode.HOUSE_FULL
    kit.close()


def test_guest_in_house_is_there_after_a_restart(kit: Kit) -> None:
    done = kit.desk.check_in(make_guest(name="欧阳若兰"), "201", 3)
    kit.reopen()
    ((row, record),) = kit.desk.list_house()
    assert record is not None
    assert (row.stay, row.number, row.room, record.guest.names[0].text) == (done.stay, done.number, "201", "欧阳若兰")
    assert row.planned_departure == NOW.date() + timedelta(days=3)
    assert kit.desk.find_slip(done.stay) == done.slip


def test_stay_leaves_the_house_store_when_left_and_receipted(kit: Kit) -> None:
    done = kit.desk.check_in(make_guest(), "201", 1)
    deliver_all(kit)
    assert kit.house.forget_departed() == []
    kit.desk.check_out([done.stay])
    assert kit.house.forget_departed() == []
    deliver_all(kit)
    assert kit.house.forget_departed() == [done.stay]
    assert kit.house.list_rows() == []
    assert kit.house._keys.list_live() == []
    with pytest.raises(NotTaken):
        kit.desk.find_slip(done.stay)


def test_backup_of_the_database_says_nothing_once_the_stay_was_forgotten(kit: Kit, tmp_path: Path) -> None:
    done = kit.desk.check_in(make_guest(), "201", 1)
    with kit.database.reading() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    backup = tmp_path / "backup"
    backup.mkdir()
    shutil.copy(kit.folder / "terminal.sqlite", backup)
    kit.desk.check_out([done.stay])
    deliver_all(kit)
    kit.house.forget_departed()
    shutil.copy(kit.folder / "stays.keys", backup)
    restored = Kit(backup)
    assert len(restored.house.list_rows()) == 1
    assert restored.house.open_all() == {}
    restored.close()


def test_check_out_of_several_is_all_or_none(kit: Kit) -> None:
    first = kit.desk.check_in(make_guest(1), "101", 1)
    second = kit.desk.check_in(make_guest(3), "101", 1)
    with pytest.raises(NotTaken) as caught:
        kit.desk.check_out([first.stay, "00" * 16])
    assert caught.value.code is ProblemCode.NO_SUCH_STAY
    kit.desk.check_out([first.stay, second.stay, first.stay])
    assert [each.sequence for each in kit.outbox.list_waiting()] == [1, 2, 3, 4]
    with pytest.raises(NotTaken):
        kit.desk.check_out([first.stay])


def test_age_counts_by_the_machine_and_not_by_the_wall_clock(kit: Kit) -> None:
    kit.desk.check_in(make_guest(), "101", 1)
    kit.clock.pass_time(60)
    kit.clock.now -= timedelta(days=3)
    kit.database.close()
    kit.open()
    assert [each.age_s for each in kit.outbox.list_waiting()] == [60]
    kit.clock.now += timedelta(days=3)
    kit.clock.boot, kit.clock.boottime_s = "boot-2", 5.0
    kit.clock.now += timedelta(seconds=40)
    kit.reopen()
    # Whatever is done to the clock later, what was known at the start stays.
    kit.clock.now += timedelta(days=9)
    kit.reopen()
    assert [each.age_s for each in kit.outbox.list_waiting()] == [100]


def test_clock_that_went_back_over_a_restart_counts_as_no_time() -> None:
    assert measure_age_s(Stamp("a", 10.0, 5000.0), Stamp("b", 3.0, 4000.0)) == 0
    assert measure_age_s(Stamp("a", 10.0, 5000.0), Stamp("b", 3.0, 5600.0)) == 600
    assert measure_age_s(Stamp("", 10.0, 5000.0), Stamp("", 13.0, 5600.0)) == 600


def test_saved_received_and_refused_are_told_apart(kit: Kit) -> None:
    first = kit.desk.check_in(make_guest(1), "101", 1)
    assert kit.outbox.list_deliveries()[first.stay].delivery is Delivery.SAVED
    receipt = make_receipt(kit.outbox.list_waiting()[0])
    deliver_all(kit)
    assert kit.outbox.list_deliveries() == {}
    assert kit.house.list_rows()[0].acknowledgement == receipt.acknowledgement
    second = kit.desk.check_in(make_guest(3), "101", 1)
    refuse_first(kit, RefusalReason.WRONG_KEYS)
    described = kit.outbox.list_deliveries()[second.stay]
    assert (described.delivery, described.refusal) == (Delivery.REFUSED, "wrong_keys")


def test_refused_envelope_is_kept_and_a_void_goes_out_under_its_number(kit: Kit) -> None:
    done = kit.desk.check_in(make_guest(), "101", 1)
    refused = kit.outbox.list_waiting()[0]
    refuse_first(kit, RefusalReason.RECORD_CONFLICT)
    (void,) = kit.outbox.list_waiting()
    assert (void.kind, void.generation, void.sequence) == ("void", 1, 1)
    deliver_all(kit)
    kit.desk.check_out([done.stay])
    deliver_all(kit)
    # The guest stays known here until a person has looked.
    assert kit.house.forget_departed() == []
    with kit.database.reading() as connection:
        ((kept,),) = connection.execute("SELECT envelope FROM outbox WHERE state = 'refused'").fetchall()
    assert kept == refused.envelope


def test_stay_refused_for_keys_of_an_older_root_is_sealed_again_and_forgotten_in_the_end(kit: Kit) -> None:
    done = kit.desk.check_in(make_guest(), "101", 1)
    kit.clock.pass_time(3600)
    kit.desk.check_out([done.stay])
    old = [parse_envelope(each.envelope).header for each in kit.outbox.list_waiting()]
    refuse_first(kit, RefusalReason.WRONG_KEYS)
    assert kit.desk.seal_again() == 0, "our own root names these keys: another sealing would be refused as well"
    new_court = HybridSecretKey.from_bytes(make_bytes("court of december", 96))
    kit.root = make_root(court_keys=(DisclosureKey("2026-12", new_court.public),))
    kit.reopen()
    assert kit.desk.seal_again() == 1, "and the check-out after it, so that it stays the last"
    kit.outbox.settle(
        (waiting, sign_refusal(waiting.digest, RefusalReason.WRONG_KEYS, NOW, RECEIPT_KEY))
        for waiting in kit.outbox.list_waiting()
        if waiting.sequence == 2
    )
    assert kit.desk.seal_again() == 0, "what was refused now has gone out again already"
    again = {each.sequence: parse_envelope(each.envelope) for each in kit.outbox.list_waiting()}
    assert sorted(again) == [1, 2, 3, 4]
    for before, sequence, event in ((old[0], 3, EventKind.CHECK_IN), (old[1], 4, EventKind.CHECK_OUT)):
        envelope = again[sequence]
        assert envelope.part is not None
        header = envelope.header
        assert (header.stay_tag, header.captured_at) == (before.stay_tag, before.captured_at)
        assert header.record != before.record
        layer = strip_court_layer(envelope.part, header.scope, new_court)
        opened = open_with_order(envelope.part, header.scope, layer.sealed_key, OVERSIGHT, make_guest().document.number)
        assert (opened.event, opened.stay.departed_at is not None) == (event, event is EventKind.CHECK_OUT)
    deliver_all(kit)
    assert kit.house.forget_departed() == [done.stay]


def test_refusal_that_concerns_the_terminal_changes_nothing(kit: Kit) -> None:
    kit.desk.check_in(make_guest(), "101", 1)
    before = kit.outbox.list_waiting()
    refuse_first(kit, RefusalReason.TERMINAL_REVOKED)
    assert kit.outbox.list_waiting() == before


def test_sequence_conflict_starts_a_new_generation_over_the_same_parts(kit: Kit) -> None:
    for index in (1, 3, 5):
        kit.desk.check_in(make_guest(index), "101", 1)
    first, *_ = kit.outbox.list_waiting()
    kit.outbox.settle([(first, make_receipt(first))])
    before = [parse_envelope(each.envelope) for each in kit.outbox.list_waiting()]
    refuse_first(kit, RefusalReason.SEQUENCE_CONFLICT)
    after = kit.outbox.list_waiting()
    assert [(each.generation, each.sequence) for each in after] == [(2, 1), (2, 2)]
    assert [parse_envelope(each.envelope).part_digest for each in after] == [each.part_digest for each in before]
    kit.desk.check_in(make_guest(7), "101", 1)
    assert [each.sequence for each in kit.outbox.list_waiting()] == [1, 2, 3]


def test_refused_void_starts_a_new_generation_and_is_not_voided_again(kit: Kit) -> None:
    kit.desk.check_in(make_guest(1), "101", 1)
    kit.desk.check_in(make_guest(3), "101", 1)
    refuse_first(kit, RefusalReason.WRONG_KEYS)
    refuse_first(kit, RefusalReason.BAD_SIGNATURE)
    assert [(each.generation, each.sequence, each.kind) for each in kit.outbox.list_waiting()] == [(2, 1, "record")]


def test_refusal_beside_a_sequence_conflict_leaves_nothing_under_the_old_generation(kit: Kit) -> None:
    for index in (1, 3):
        kit.desk.check_in(make_guest(index), "101", 1)
    reasons = (RefusalReason.SEQUENCE_CONFLICT, RefusalReason.WRONG_KEYS)
    kit.outbox.settle(
        (waiting, sign_refusal(waiting.digest, reason, NOW, RECEIPT_KEY))
        for waiting, reason in zip(kit.outbox.list_waiting(), reasons, strict=True)
    )
    # A void of generation 1 here would be refused for ever, and sent again for ever.
    waiting = [(each.generation, each.sequence, each.kind) for each in kit.outbox.list_waiting()]
    assert waiting == [(2, 1, "record"), (2, 2, "record")]
    refuse_first(kit, RefusalReason.WRONG_KEYS)
    assert [(each.generation, each.sequence, each.kind) for each in kit.outbox.list_waiting()] == [
        (2, 1, "void"),
        (2, 2, "record"),
    ]


def test_refusal_of_what_has_its_receipt_by_now_changes_nothing(kit: Kit) -> None:
    kit.desk.check_in(make_guest(1), "101", 1)
    (waiting,) = kit.outbox.list_waiting()
    deliver_all(kit)
    kit.outbox.settle([(waiting, sign_refusal(waiting.digest, RefusalReason.MALFORMED, NOW, RECEIPT_KEY))])
    assert (kit.outbox.list_waiting(), kit.outbox.list_deliveries()) == ([], {})


def test_full_disk_does_not_keep_the_counter_from_starting(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    done = kit.desk.check_in(make_guest(), "101", 1)
    kit.desk.check_out([done.stay])
    deliver_all(kit)
    kit.desk.check_in(make_guest(3), "102", 1)
    kit.clock.boot = "boot-2"

    @contextmanager
    def refuse(_: Database) -> Iterator[Connection]:
        raise NotSaved(ProblemCode.DISK_FULL)
        yield

    with monkeypatch.context() as patch:
        patch.setattr(Database, "transaction", refuse)
        kit.reopen()
        assert len(kit.house.open_all()) == 2
        assert len(kit.outbox.list_waiting()) == 1
    assert kit.house.forget_departed() == [done.stay]


def test_key_file_that_was_moved_where_old_blocks_stay_is_refused(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasable_module, "find_mount", lambda _: ("btrfs", frozenset()))
    with pytest.raises(StoreRefused, match="file system"):
        open_house(kit.database, kit.folder / "stays.keys", kit.house.key, TERMINAL, any_file_system=False)
    open_house(kit.database, kit.folder / "stays.keys", kit.house.key, TERMINAL, any_file_system=True)


def test_delivered_envelopes_wait_again_when_central_has_gone_back(kit: Kit) -> None:
    for index in (1, 3, 5):
        kit.desk.check_in(make_guest(index), "101", 1)
    deliver_all(kit)
    assert kit.outbox.reopen_above(1, 3) == 0
    assert kit.outbox.reopen_above(7, 0) == 0
    assert kit.outbox.reopen_above(1, 1) == 2
    assert [each.sequence for each in kit.outbox.list_waiting()] == [2, 3]
    deliver_all(kit)
    # The same low word again is no step back.
    assert kit.outbox.reopen_above(1, 1) == 0


def test_delivered_envelopes_are_deleted_after_a_week(kit: Kit) -> None:
    kit.desk.check_in(make_guest(1), "101", 1)
    deliver_all(kit)
    kit.desk.check_in(make_guest(3), "101", 1)
    kit.clock.pass_time(7 * 86_400 - 1)
    kit.reopen()
    assert kit.outbox.delete_old() == 0
    kit.clock.pass_time(1)
    kit.reopen()
    assert kit.outbox.delete_old() == 1
    kit.desk.check_in(make_guest(5), "101", 1)
    assert [each.sequence for each in kit.outbox.list_waiting()] == [2, 3]
    assert kit.outbox.list_deliveries().keys() == {each[0].stay for each in kit.desk.list_house()[1:]}


def test_database_of_another_terminal_or_version_is_refused(kit: Kit, tmp_path: Path) -> None:
    with pytest.raises(StoreRefused):
        open_database(tmp_path / "terminal.sqlite", bytes(16))
    with kit.database.reading() as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreRefused):
        open_database(tmp_path / "terminal.sqlite", TERMINAL)
    (tmp_path / "other.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreRefused):
        open_database(tmp_path / "other.sqlite", TERMINAL)


def test_saved_means_committed_to_disk(kit: Kit) -> None:
    with kit.database.reading() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)


def test_nothing_personal_shows_in_a_repr(kit: Kit) -> None:
    guest = make_guest(name="ZYXWMARK")
    kit.desk.check_in(guest, "101", 1)
    (record,) = kit.house.open_all().values()
    shown = repr((kit.desk, record, replace(record), kit.outbox.list_waiting()))
    assert "ZYXWMARK" not in shown
    assert guest.document.number not in shown
    assert record.slip_key.hex() not in shown
