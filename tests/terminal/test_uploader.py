"""Between outbox and central: whatever happens on the line, nothing is lost and nothing is there twice."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from records.envelope import parse_envelope
from records.receipt import RefusalReason, parse_receipt
from terminal.codes import ProblemCode
from terminal.errors import TerminalError, Unreachable, Untrusted
from terminal.link import LONGEST_WAIT_S, USUAL_WAIT_S, HttpLink, read_wait_s
from terminal.state import Delivery
from terminal.uploader import (
    BACKOFF_CAP_S,
    IDLE_S,
    WAIT_SPREAD_S,
    Uploader,
    UploadStatus,
    choose_delay_s,
    upload_pending,
)
from tests.terminal.kit import RECEIPT_KEY, Kit, make_guest
from tests.terminal.stand_in_central import Fault, StandIn

pytestmark = pytest.mark.usefixtures("quick_stretching")


@pytest.fixture
def link(central: StandIn) -> Iterator[HttpLink]:
    """A line to the stand-in."""
    link = HttpLink(central.url, connect_timeout_s=2.0, read_timeout_s=2.0, deadline_s=0.6)
    yield link
    link.close()


def check_in(kit: Kit, count: int, begin: int = 1) -> list[str]:
    return [kit.desk.check_in(make_guest(begin + 2 * i), "101", 1).stay for i in range(count)]


def make_uploader(kit: Kit, link: HttpLink, on_change: Callable[[], None] = lambda: None) -> Uploader:
    return Uploader(
        kit.outbox, kit.house, link, RECEIPT_KEY.public,
        keep=timedelta(days=7), on_change=on_change, chance=random.Random(7),
    )  # fmt: skip


def held_stays(central: StandIn) -> list[str]:
    return [e.header.stay_tag.hex() for _, e in sorted(central.accepted.items())]


def test_everything_that_waits_is_delivered_in_order(kit: Kit, central: StandIn, link: HttpLink) -> None:
    stays = check_in(kit, 3)
    kit.clock.pass_time(90)
    upload = upload_pending(kit.outbox, link, RECEIPT_KEY.public)
    assert (upload.sent, upload.delivered, upload.is_whole) == (3, 3, True)
    assert held_stays(central) == stays
    assert central.ages == [90, 90, 90]
    assert kit.outbox.list_waiting() == []
    assert upload_pending(kit.outbox, link, RECEIPT_KEY.public).sent == 0
    assert central.requests == 1


def test_backlog_goes_out_fifty_at_a_time(kit: Kit, central: StandIn, link: HttpLink) -> None:
    stays = check_in(kit, 53)
    uploader = make_uploader(kit, link)
    assert [uploader.attempt(), uploader.attempt(), uploader.attempt()] == [0.0, 0.0, IDLE_S]
    assert (central.requests, held_stays(central)) == (2, stays)


LOST_REPLIES = [Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.HALF_REPLY, Fault.STATUS_500, Fault.STATUS_400]
STRANGE_REPLIES = [Fault.REDIRECT, Fault.NOT_JSON, Fault.TOO_LONG, Fault.FEWER_ANSWERS]
SPOILT_ANSWERS = [
    Fault.NO_ANSWER, Fault.FORGED_RECEIPT, Fault.RECEIPT_FOR_OTHER_BYTES, Fault.RECEIPT_FOR_OTHER_NUMBER,
    Fault.RECEIPT_DAMAGED, Fault.REFUSAL_UNSIGNED, Fault.REFUSAL_OF_OTHER_BYTES,
]  # fmt: skip


@pytest.mark.parametrize("fault", [*LOST_REPLIES, *STRANGE_REPLIES, *SPOILT_ANSWERS], ids=lambda fault: fault.name)
def test_fault_on_the_line_changes_nothing_and_the_next_try_delivers(
    kit: Kit, central: StandIn, link: HttpLink, fault: Fault
) -> None:
    stays = check_in(kit, 2)
    before = kit.outbox.list_waiting()
    central.faults = [fault]
    if fault in SPOILT_ANSWERS:
        assert upload_pending(kit.outbox, link, RECEIPT_KEY.public).unanswered == 2
    else:
        with pytest.raises((Unreachable, Untrusted)):
            upload_pending(kit.outbox, link, RECEIPT_KEY.public)
    assert kit.outbox.list_waiting() == before
    assert {each.delivery for each in kit.outbox.list_deliveries().values()} == {Delivery.SAVED}
    assert upload_pending(kit.outbox, link, RECEIPT_KEY.public).delivered == 2
    assert held_stays(central) == stays
    assert kit.outbox.list_waiting() == []


def test_many_faults_in_any_order_lose_nothing_and_double_nothing(kit: Kit, central: StandIn, link: HttpLink) -> None:
    chance = random.Random(20261122)
    uploader, stays = make_uploader(kit, link), []
    for begin in range(1, 60, 4):
        stays += check_in(kit, 2, begin)
        central.faults = chance.choices(list(Fault), k=2)
        uploader.attempt()
    while kit.outbox.list_waiting():
        uploader.attempt()
    assert held_stays(central) == stays
    assert [sequence for _, sequence in sorted(central.accepted)] == list(range(1, len(stays) + 1))


def test_refused_connection_is_unreachable_and_nothing_changes(kit: Kit) -> None:
    check_in(kit, 1)
    link = HttpLink("http://127.0.0.1:9/", connect_timeout_s=1.0)
    uploader = make_uploader(kit, link)
    assert 0 <= uploader.attempt() <= 0.5
    assert (uploader.status.online, uploader.status.problem) == (False, ProblemCode.UNREACHABLE)
    assert len(kit.outbox.list_waiting()) == 1


def test_status_says_since_when_nobody_answers(kit: Kit, central: StandIn, link: HttpLink) -> None:
    nowhere = HttpLink("http://127.0.0.1:9/")
    check_in(kit, 1)
    uploader = Uploader(
        kit.outbox, kit.house, nowhere, RECEIPT_KEY.public, keep=timedelta(days=7), now=lambda: kit.clock.now
    )
    since = kit.clock.now
    for _ in range(3):
        uploader.attempt()
        kit.clock.pass_time(3600)
    assert uploader.status.offline_since == since
    uploader._link = link
    uploader.attempt()
    assert uploader.status == UploadStatus()
    nowhere.close()


def test_receipt_is_kept_with_the_stay_for_as_long_as_it_is_here(kit: Kit, central: StandIn, link: HttpLink) -> None:
    (stay,) = check_in(kit, 1)
    upload_pending(kit.outbox, link, RECEIPT_KEY.public)
    kit.clock.pass_time(8 * 86_400)
    kit.outbox.delete_old()  # the envelope, not the proof
    ((row, _),) = kit.desk.list_house()
    assert row.stay == stay
    assert row.receipt is not None
    assert row.acknowledgement == row.receipt.acknowledgement
    assert parse_receipt(row.receipt.data, RECEIPT_KEY.public) == row.receipt


def test_number_that_an_earlier_version_kept_is_still_shown(kit: Kit) -> None:
    check_in(kit, 1)
    with kit.database.transaction() as connection:
        connection.execute("UPDATE house SET acknowledgement = '5A7E-46B3-D424-9E6F'")
    ((row, _),) = kit.desk.list_house()
    assert (row.acknowledgement, row.receipt) == ("5A7E-46B3-D424-9E6F", None)


def test_latest_signed_time_is_known_after_a_restart_too(kit: Kit, central: StandIn, link: HttpLink) -> None:
    check_in(kit, 2)
    assert kit.outbox.find_signed_time() is None
    upload_pending(kit.outbox, link, RECEIPT_KEY.public)
    signed = kit.outbox.find_signed_time()
    assert signed is not None
    kit.reopen()
    assert kit.outbox.find_signed_time() == signed


def test_server_that_says_nothing_is_given_up_in_time(kit: Kit, central: StandIn) -> None:
    check_in(kit, 1)
    link = HttpLink(central.url, read_timeout_s=0.2)
    with central.lock:  # the stand-in cannot answer while the test holds this
        begin = time.monotonic()
        with pytest.raises(Unreachable):
            upload_pending(kit.outbox, link, RECEIPT_KEY.public)
        assert time.monotonic() - begin < 2.0
    link.close()


@pytest.mark.parametrize("fault", [Fault.DRIP, Fault.DRIP_HEADERS])
def test_line_that_drips_is_cut_in_time_and_the_next_try_delivers_once(
    kit: Kit, central: StandIn, fault: Fault
) -> None:
    check_in(kit, 1)
    central.faults = [fault]
    link = HttpLink(central.url, read_timeout_s=2.0, deadline_s=0.4)
    begin = time.monotonic()
    with pytest.raises(Unreachable):
        upload_pending(kit.outbox, link, RECEIPT_KEY.public)
    assert 0.3 < time.monotonic() - begin < 1.5
    assert upload_pending(kit.outbox, link, RECEIPT_KEY.public).delivered == 1
    assert len(central.accepted) == 1
    link.close()


def test_deadline_also_holds_on_a_connection_that_was_kept_open(kit: Kit, central: StandIn) -> None:
    link = HttpLink(central.url, read_timeout_s=2.0, deadline_s=0.4)
    check_in(kit, 1)
    assert upload_pending(kit.outbox, link, RECEIPT_KEY.public).delivered == 1
    check_in(kit, 1, begin=3)
    central.faults = [Fault.DRIP]
    with pytest.raises(Unreachable):
        upload_pending(kit.outbox, link, RECEIPT_KEY.public)
    assert upload_pending(kit.outbox, link, RECEIPT_KEY.public).delivered == 1
    link.close()


def test_request_to_wait_is_obeyed_shown_and_costs_nothing(kit: Kit, central: StandIn, link: HttpLink) -> None:
    stays = check_in(kit, 2)
    changes: list[str] = []
    uploader = make_uploader(kit, link, on_change=lambda: changes.append("changed"))
    central.faults = [Fault.STATUS_429]
    assert 7 <= uploader.attempt() <= 7 + WAIT_SPREAD_S
    assert (uploader.status.online, uploader.status.problem) == (True, ProblemCode.ASKED_TO_WAIT)
    assert (changes, central.accepted) == (["changed"], {})
    assert uploader.attempt() == 0.0
    assert (uploader.status.problem, held_stays(central)) == (None, stays)


def test_nobody_is_woken_to_send_while_asked_to_wait(kit: Kit, central: StandIn, link: HttpLink) -> None:
    check_in(kit, 1)
    asked = threading.Event()
    uploader = make_uploader(kit, link, on_change=asked.set)
    central.faults = [Fault.STATUS_429]
    uploader.start()
    assert asked.wait(10)
    uploader.wake()  # as by the next guest who is saved
    uploader.stop()
    assert (uploader._thread.is_alive(), central.requests) == (False, 1)


@pytest.mark.parametrize(
    ("said", "waits_s"),
    [("7", 7), ("0", 1), ("86400", LONGEST_WAIT_S), ("9" * 30, USUAL_WAIT_S), ("-1", USUAL_WAIT_S), ("", USUAL_WAIT_S),
     ("Fri, 31 Dec 1999 23:59:59 GMT", USUAL_WAIT_S), ("٣", USUAL_WAIT_S)],
)  # fmt: skip
def test_nobody_can_ask_to_wait_for_long(said: str, waits_s: int) -> None:
    assert read_wait_s(said) == waits_s


def test_answers_that_say_not_now_are_no_false_ones(kit: Kit, central: StandIn, link: HttpLink) -> None:
    check_in(kit, 2)
    uploader = make_uploader(kit, link)
    central.faults = [Fault.NO_ANSWER]
    assert uploader.attempt() <= 0.5
    assert uploader.status.problem is ProblemCode.ASKED_TO_WAIT
    central.faults = [Fault.FORGED_RECEIPT]
    uploader.attempt()
    assert uploader.status.problem is ProblemCode.UNTRUSTED


def test_refused_envelope_is_set_aside_and_the_others_go_on(kit: Kit, central: StandIn, link: HttpLink) -> None:
    stays = check_in(kit, 3)
    central.refuse_with = {_record_of(kit, 1): RefusalReason.WRONG_KEYS}
    uploader = make_uploader(kit, link)
    uploader.attempt()
    uploader.attempt()
    assert central.voids == [2]
    assert [stay for stay in held_stays(central) if stay != "00" * 16] == [stays[0], stays[2]]
    assert kit.outbox.list_deliveries()[stays[1]].refusal == "wrong_keys"
    assert central.complete_through(1) == 3


def test_unknown_terminal_keeps_everything_and_tries_slowly(kit: Kit, central: StandIn, link: HttpLink) -> None:
    stays = check_in(kit, 2)
    central.refuse_all = RefusalReason.UNKNOWN_TERMINAL
    uploader = make_uploader(kit, link)
    delays = [uploader.attempt() for _ in range(20)]
    assert uploader.status.problem is ProblemCode.UNKNOWN_TERMINAL
    assert max(delays) > BACKOFF_CAP_S / 2
    assert len(kit.outbox.list_waiting()) == 2
    central.refuse_all = None
    assert uploader.attempt() == 0.0
    assert uploader.status.problem is None
    assert held_stays(central) == stays


def test_central_that_only_refuses_is_not_hurried(kit: Kit, central: StandIn, link: HttpLink) -> None:
    check_in(kit, 2)
    central.refuse_all = RefusalReason.SEQUENCE_CONFLICT
    uploader = make_uploader(kit, link)
    delays = [uploader.attempt() for _ in range(20)]
    assert max(delays) > BACKOFF_CAP_S / 2
    central.refuse_all = None
    assert uploader.attempt() == 0.0
    assert kit.outbox.list_waiting() == []


def test_restored_central_gets_again_what_it_has_lost(kit: Kit, central: StandIn, link: HttpLink) -> None:
    stays = check_in(kit, 4)
    upload_pending(kit.outbox, link, RECEIPT_KEY.public)
    for sequence in (3, 4):  # yesterday's backup
        del central.receipts[central.accepted.pop((1, sequence)).digest]
    stays += check_in(kit, 1, 51)
    assert upload_pending(kit.outbox, link, RECEIPT_KEY.public).reopened == 3
    assert upload_pending(kit.outbox, link, RECEIPT_KEY.public).delivered == 3
    assert sorted(held_stays(central)) == sorted(stays)
    assert central.complete_through(1) == 5


def test_forged_hint_costs_one_repetition_and_no_more(kit: Kit, central: StandIn, link: HttpLink) -> None:
    check_in(kit, 2)
    upload_pending(kit.outbox, link, RECEIPT_KEY.public)
    central.hint = 0
    uploader = make_uploader(kit, link)
    check_in(kit, 1, 51)
    assert [uploader.attempt() for _ in range(3)] == [0.0, 0.0, IDLE_S]
    central.hint = -5
    check_in(kit, 1, 61)
    assert [uploader.attempt() for _ in range(2)] == [0.0, IDLE_S]


def test_restored_terminal_delivers_under_a_new_generation(kit: Kit, central: StandIn, link: HttpLink) -> None:
    old = check_in(kit, 1)
    upload_pending(kit.outbox, link, RECEIPT_KEY.public)
    with kit.database.transaction() as connection:  # as a disk restored from before the first guest
        connection.execute("DELETE FROM outbox")
        connection.execute("DELETE FROM house")
        connection.execute("UPDATE terminal SET last_sequence = 0, acknowledged_through = 0")
    kit.house.release_unused()
    new = check_in(kit, 2, 51)
    uploader = make_uploader(kit, link)
    uploader.attempt()
    uploader.attempt()
    assert kit.outbox.list_waiting() == []
    assert set(held_stays(central)) == {*old, *new}
    assert len(central.records) == 3


def test_stay_is_forgotten_once_its_check_out_is_receipted(kit: Kit, central: StandIn, link: HttpLink) -> None:
    (stay,) = check_in(kit, 1)
    uploader = make_uploader(kit, link)
    uploader.attempt()
    kit.desk.check_out([stay])
    assert len(kit.house.list_rows()) == 1
    uploader.attempt()
    assert kit.house.list_rows() == []
    assert held_stays(central) == [stay, stay]


def test_delay_is_random_under_a_doubling_limit() -> None:
    chance = random.Random(1)
    for failures, limit in [(1, 0.5), (2, 1.0), (3, 2.0), (7, 32.0), (8, 60.0), (5000, 60.0)]:
        delays = [choose_delay_s(failures, chance) for _ in range(300)]
        assert 0 <= min(delays) < limit / 10
        assert limit * 0.9 < max(delays) <= limit


def test_thread_sends_what_is_saved_at_once_and_stops_cleanly(kit: Kit, central: StandIn, link: HttpLink) -> None:
    changed = threading.Event()
    uploader = make_uploader(kit, link, changed.set)
    uploader.start()
    stays = check_in(kit, 1)
    uploader.wake()
    assert changed.wait(5.0)
    assert held_stays(central) == stays
    begin = time.monotonic()
    uploader.stop()
    assert time.monotonic() - begin < 1.0
    assert not uploader._thread.is_alive()


def test_save_ends_a_running_delay(kit: Kit, central: StandIn, link: HttpLink) -> None:
    uploader = make_uploader(kit, link)
    uploader._failures = 30
    central.faults = [Fault.STATUS_500]
    check_in(kit, 1)
    uploader.start()
    wait_until(lambda: central.requests == 1)
    uploader.wake()
    wait_until(lambda: not kit.outbox.list_waiting())
    uploader.stop()


def test_fault_of_our_own_does_not_end_the_thread(
    kit: Kit, central: StandIn, link: HttpLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[UploadStatus] = []
    uploader = make_uploader(kit, link, lambda: seen.append(uploader.status))
    deliver = link.deliver
    broken = iter([RuntimeError("a fault"), TerminalError()])

    def deliver_at_last(body: bytes) -> object:
        if (error := next(broken, None)) is not None:
            raise error
        return deliver(body)

    monkeypatch.setattr(link, "deliver", deliver_at_last)
    stays = check_in(kit, 1)
    uploader.start()
    wait_until(lambda: not kit.outbox.list_waiting(), 5.0)
    uploader.stop()
    assert held_stays(central) == stays
    # Nor does the screen go on saying meanwhile that all is well.
    assert [status.online for status in seen] == [False, True]


def wait_until(is_true: Callable[[], bool], timeout_s: float = 3.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _record_of(kit: Kit, index: int) -> bytes:
    return parse_envelope(kit.outbox.list_waiting()[index].envelope).header.record
