"""After a guest has left, the signed receipt can be printed for as long as the delivery is kept, and nobody's name."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

import pytest

from records.receipt_text import parse_receipt_text
from terminal.link import HttpLink
from terminal.store import LeftProofs
from tests.terminal.kit import NOW, RECEIPT_KEY, Kit, make_guest
from tests.terminal.stand_in_central import StandIn
from tests.terminal.test_uploader import link, make_uploader

pytestmark = pytest.mark.usefixtures("quick_stretching")
__all__ = ["link"]


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path)


def deliver(kit: Kit, link: HttpLink) -> None:
    uploader = make_uploader(kit, link)
    while uploader.attempt() == 0.0:
        pass


def find_left(kit: Kit) -> LeftProofs:
    return LeftProofs(kit.database, UTC)


def test_guest_who_has_left_is_proved_by_the_signed_receipt(kit: Kit, central: StandIn, link: HttpLink) -> None:
    stay = kit.desk.check_in(make_guest(1), "101", 1).stay
    kit.desk.check_in(make_guest(2), "102", 1)
    deliver(kit, link)
    shown = kit.house.list_rows()[0].acknowledgement
    assert find_left(kit).count_by_day() == ()
    kit.desk.check_out([stay])
    deliver(kit, link)
    assert [row.stay for row in kit.house.list_rows()] != [stay]  # it has left the house store
    assert find_left(kit).count_by_day() == ((NOW.date(), 1),)
    (proof,) = find_left(kit).list_day(NOW.date())
    receipt = parse_receipt_text(proof.receipt, RECEIPT_KEY.public)
    assert proof.acknowledgement == receipt.acknowledgement == shown
    assert (proof.generation, proof.sequence) == (1, 1)
    assert proof.registered_at == NOW


def test_corrected_registration_is_proved_by_what_replaced_it(kit: Kit, central: StandIn, link: HttpLink) -> None:
    stay = kit.desk.check_in(make_guest(1), "101", 1).stay
    deliver(kit, link)
    kit.desk.correct(stay, guest=make_guest(3))
    kit.desk.check_out([stay])
    deliver(kit, link)
    (proof,) = find_left(kit).list_day(NOW.date())
    assert proof.sequence == 2


def test_stay_that_did_not_take_place_is_not_proved(kit: Kit, central: StandIn, link: HttpLink) -> None:
    stay = kit.desk.check_in(make_guest(1), "101", 1).stay
    deliver(kit, link)
    kit.desk.cancel(stay)
    deliver(kit, link)
    assert find_left(kit).count_by_day() == ()


def test_proof_goes_with_the_delivery(kit: Kit, central: StandIn, link: HttpLink) -> None:
    stay = kit.desk.check_in(make_guest(1), "101", 1).stay
    kit.desk.check_out([stay])
    deliver(kit, link)
    assert len(find_left(kit).list_day(NOW.date())) == 1
    kit.clock.pass_time(8 * 86_400)
    kit.outbox.delete_old(timedelta(days=7))
    assert find_left(kit).count_by_day() == ()
    assert find_left(kit).list_day(NOW.date()) == ()
