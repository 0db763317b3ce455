"""A terminal alone whose secret is another one than before: what the recovery card opens again, and nothing else."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from records.errors import CannotOpen
from terminal.codes import ProblemCode
from terminal.errors import NotTaken
from terminal.service_showing import show_service
from terminal.showing import show_lock
from terminal.store import DeliveryState, KeptKind, open_house_key
from terminal.store.house_key import HouseKeyFault
from terminal.uploader import UploadStatus
from tests.destinations.cases import CASES, Case
from tests.destinations.kit import StandaloneKit, make_utopian, open_kit
from tests.terminal.kit import TERMINAL

OTHER_GUEST = make_utopian("D23145891", "STEARNE", "EVA")


def move_to_another_machine(kit: StandaloneKit) -> None:
    """Start with the same disk and another secret."""
    kit.keys = replace(kit.keys, local=os.urandom(32))
    kit.reopen()
    kit.desk.open_house()


def find_names(kit: StandaloneKit) -> dict[str, str | None]:
    """Return the name in each room, None where it cannot be read."""
    return {row.room: None if record is None else record.guest.names[0].text for row, record in kit.desk.list_house()}


def test_card_opens_on_another_machine_what_was_registered_and_it_is_told_once(tmp_path: Path) -> None:
    with open_kit(tmp_path, "it") as (kit, simulator):
        kit.load_tables()
        stay = kit.check_in(make_utopian())
        code = kit.desk.make_card()
        move_to_another_machine(kit)
        assert find_names(kit) == {"101": None}
        kit.deliver()
        assert kit.find_row(stay).state is DeliveryState.WAITING
        kit.desk.unlock(code)
        assert find_names(kit) == {"101": "ERIKSSON ANNA MARIA"}
        assert kit.parts.find_credentials() is not None
        kit.deliver()
        assert kit.find_row(stay).state is DeliveryState.ACCEPTED
        assert len(simulator.service.list_told()) == 1
        kit.reopen()
        kit.desk.open_house()
        assert find_names(kit) == {"101": "ERIKSSON ANNA MARIA"}


def test_whoever_comes_before_the_card_is_typed_is_registered_and_told(tmp_path: Path) -> None:
    with open_kit(tmp_path, "it") as (kit, _):
        kit.load_tables()
        kit.check_in(make_utopian())
        code = kit.desk.make_card()
        credentials = kit.parts.find_credentials()
        assert credentials is not None
        move_to_another_machine(kit)
        assert show_service(kit.service, UploadStatus()).problem == ProblemCode.NO_CREDENTIALS
        kit.service.keep_credentials(credentials)
        stay = kit.check_in(OTHER_GUEST, room="102")
        kit.deliver()
        assert kit.find_row(stay).state is DeliveryState.ACCEPTED
        kit.desk.unlock(code)
        assert find_names(kit) == {"101": "ERIKSSON ANNA MARIA", "102": "STEARNE EVA"}


def test_screen_says_early_what_cannot_be_sent_and_until_when_it_has_to_be(tmp_path: Path) -> None:
    with open_kit(tmp_path, "it") as (kit, _):
        kit.load_tables()
        stay = kit.check_in(make_utopian(), nights=1)
        assert show_service(kit.service, UploadStatus()).closed == 0
        kit.desk.make_card()
        move_to_another_machine(kit)
        shown = show_service(kit.service, UploadStatus())
        assert (shown.closed, shown.closed_due) == (1, kit.find_row(stay).due_at)
        assert [row.is_closed for row in shown.rows] == [True]
        lock = show_lock(kit.desk, None)
        assert (lock.is_locked, lock.problem, lock.can_make_card) == (True, ProblemCode.MACHINE_CHANGED, False)
        assert lock.card_made_at is not None


def test_card_that_was_used_or_replaced_opens_nothing(tmp_path: Path) -> None:
    with open_kit(tmp_path, "it") as (kit, _):
        kit.load_tables()
        kit.check_in(make_utopian())
        old, code = kit.desk.make_card(), kit.desk.make_card()
        move_to_another_machine(kit)
        for wrong in (old, bytes(16)):
            with pytest.raises(NotTaken) as refused:
                kit.desk.unlock(wrong)
            assert refused.value.code == ProblemCode.CARD_REFUSED
        kit.desk.unlock(code)
        assert show_lock(kit.desk, None).card_made_at is None
        fresh = kit.desk.make_card()
        move_to_another_machine(kit)
        with pytest.raises(NotTaken):
            kit.desk.unlock(code)
        kit.desk.unlock(fresh)
        assert find_names(kit) == {"101": "ERIKSSON ANNA MARIA"}


def test_card_of_the_first_machine_survives_two_moves(tmp_path: Path) -> None:
    with open_kit(tmp_path, "it") as (kit, _):
        kit.load_tables()
        kit.check_in(make_utopian())
        code = kit.desk.make_card()
        move_to_another_machine(kit)
        with pytest.raises(NotTaken):
            kit.desk.make_card()  # it would end the card of those who wait for theirs
        move_to_another_machine(kit)
        kit.desk.unlock(code)
        assert find_names(kit) == {"101": "ERIKSSON ANNA MARIA"}


def test_without_a_card_the_names_are_gone_and_a_person_tells_on_paper(tmp_path: Path) -> None:
    with open_kit(tmp_path, "it") as (kit, simulator):
        kit.load_tables()
        stay = kit.check_in(make_utopian())
        reference = kit.find_row(stay).reference
        with pytest.raises(NotTaken):
            kit.service.note_on_paper(reference)  # who can be read is told by this machine
        kit.desk.make_card()
        move_to_another_machine(kit)
        kit.service.give_up_card()
        assert show_lock(kit.desk, None).can_make_card
        assert find_names(kit) == {"101": None}
        kit.service.note_on_paper(reference)
        assert kit.find_row(stay).state is DeliveryState.HANDED_IN
        assert show_service(kit.service, UploadStatus()).closed == 0
        kit.deliver()
        assert simulator.service.list_told() == []


def test_disk_without_the_card_opens_nothing_and_the_card_without_its_salt_neither(tmp_path: Path) -> None:
    with open_kit(tmp_path, "it") as (kit, _):
        kit.load_tables()
        kit.check_in(make_utopian())
        code = kit.desk.make_card()
        move_to_another_machine(kit)
        for kind in KeptKind:
            for entry in kit.parts.kept.list_entries(kind):
                with pytest.raises(CannotOpen):
                    kit.parts.kept.get(kind, entry.name)
        # As of a backup of the database alone: the salt lies in the erasable file beside it.
        kit.desk.house.key.destroy_card()
        with pytest.raises(NotTaken):
            kit.desk.unlock(code)


def test_terminal_with_a_central_seals_to_no_key_that_its_secret_did_not_put_there(tmp_path: Path) -> None:
    with open_kit(tmp_path, "it") as (kit, _):
        planted = kit.desk.house.key.public
        key = open_house_key(kit.database, tmp_path / "house.keys", os.urandom(32), TERMINAL, any_file_system=True)
        assert key.fault is HouseKeyFault.PROOF
        assert key.public != planted


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_receipts_and_registrations_open_again_with_the_card(tmp_path: Path, case: Case) -> None:
    with open_kit(tmp_path, case.profile) as (kit, _):
        deliver_and_receive(kit)
        code = kit.desk.make_card()
        before = read_kept(kit)
        assert len(before) > 1  # the credentials, and what proves the registration
        move_to_another_machine(kit)
        kit.desk.unlock(code)
        assert read_kept(kit) == before


def deliver_and_receive(kit: StandaloneKit) -> str:
    """Let one guest be told, and fetch what proves it on the next day."""
    case = next(each for each in CASES.values() if each.profile == kit.profile_id)
    kit.load_tables()
    stay = kit.check_in(case.guest, **case.answers)
    kit.deliver(times=3)
    kit.clock.now = kit.clock.now.replace(hour=12) + timedelta(days=1)
    kit.deliver(times=2)
    return stay


def read_kept(kit: StandaloneKit) -> dict[tuple[str, str], bytes | None]:
    """Return everything that is kept, opened."""
    kept = kit.parts.kept
    return {(kind, each.name): kept.get(kind, each.name) for kind in KeptKind for each in kept.list_entries(kind)}
