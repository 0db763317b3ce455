"""Asking for the share: what is believed, what is said of a failure, and that nothing else waits for it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from drivers.sim.scripted import CardsReader
from records.house_share import parse_share_request, seal_share, verify_share_request
from records.receipt import RefusalReason, sign_refusal
from records.suite import SigningKey
from terminal.codes import ProblemCode
from terminal.counter import Counter
from terminal.errors import NotSaved, Unreachable, Untrusted
from terminal.house_watch import IDLE_S, HouseWatch, Refused, fetch_share
from terminal.link import HttpLink
from terminal.recovery_card import CARD_WAITS_S, read_code
from terminal.state import CounterError, Delivery
from tests.terminal.kit import KEYS, NOW, RECEIPT_KEY, SHARE, TERMINAL, Kit, make_bytes, make_guest
from tests.terminal.stand_in_central import FORGER, StandIn
from tests.terminal.test_process import wait_until
from tests.terminal.test_store import deliver_all

pytestmark = pytest.mark.usefixtures("quick_stretching")


def give_share(data: bytes) -> bytes:
    return seal_share(SHARE, parse_share_request(data), NOW, RECEIPT_KEY)


def refuse(reason: RefusalReason, key: SigningKey = RECEIPT_KEY) -> Callable[[bytes], bytes]:
    return lambda data: sign_refusal(parse_share_request(data).digest, reason, NOW, key).data


def be_silent(_: bytes) -> bytes:
    raise Unreachable("test")


@dataclass
class Line:
    """A line in the test's hand."""

    answer: Callable[[bytes], bytes] = give_share
    sent: list[bytes] = field(default_factory=list)

    def ask_share(self, data: bytes) -> bytes:
        self.sent.append(data)
        return self.answer(data)


def make_watch(kit: Kit, line: Line | HttpLink, on_change: Callable[[], None] = lambda: None) -> HouseWatch:
    return HouseWatch(kit.desk, line, lambda: RECEIPT_KEY.public, on_change=on_change, chance=random.Random(1))


def fetch(line: Line | HttpLink) -> bytes:
    return fetch_share(line, TERMINAL, KEYS.signing, RECEIPT_KEY.public, NOW + timedelta(milliseconds=400))


def test_request_is_signed_dated_and_has_a_key_of_its_own() -> None:
    line = Line()
    assert (fetch(line), fetch(line)) == (SHARE, SHARE)
    first, second = (parse_share_request(each) for each in line.sent)
    verify_share_request(first, KEYS.signing.public)
    assert (first.request.terminal, first.request.sent_at) == (TERMINAL, NOW)
    assert first.request.reply_key != second.request.reply_key


def answer_another(data: bytes) -> bytes:
    signed = parse_share_request(data)
    return seal_share(SHARE, parse_share_request(_ask_again(signed.data)), NOW, RECEIPT_KEY)


def _ask_again(_: bytes) -> bytes:
    line = Line()
    fetch(line)
    return line.sent[0]


FALSE_ANSWERS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "a page": lambda _: b"<html>sign in to the wireless network</html>",
    "one byte short": lambda data: give_share(data)[:-1],
    "signed by another key": lambda data: seal_share(SHARE, parse_share_request(data), NOW, FORGER),
    "to another request": answer_another,
    "a refusal that another key signed": refuse(RefusalReason.TERMINAL_REVOKED, FORGER),
    "a refusal of another request": lambda data: refuse(RefusalReason.TERMINAL_REVOKED)(_ask_again(data)),
}


@pytest.mark.parametrize("case", FALSE_ANSWERS)
def test_answer_that_is_not_centrals_to_this_request_is_not_believed(kit: Kit, case: str) -> None:
    line = Line(FALSE_ANSWERS[case])
    with pytest.raises(Untrusted):
        fetch(line)
    watch = make_watch(kit, line)
    watch.attempt()
    assert watch.problem is ProblemCode.UNTRUSTED


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        (RefusalReason.TERMINAL_REVOKED, ProblemCode.TERMINAL_REVOKED),
        (RefusalReason.UNKNOWN_TERMINAL, ProblemCode.UNKNOWN_TERMINAL),
        (RefusalReason.BAD_SIGNATURE, ProblemCode.UNKNOWN_TERMINAL),
        (RefusalReason.WRONG_TIME, ProblemCode.WRONG_TIME),
    ],
)
def test_signed_refusal_is_told_and_asked_again(kit: Kit, reason: RefusalReason, problem: ProblemCode) -> None:
    line = Line(refuse(reason))
    with pytest.raises(Refused):
        fetch(line)
    watch = make_watch(kit, line)
    assert watch.attempt() < 60.0
    assert watch.problem is problem
    line.answer = give_share
    assert watch.attempt() == IDLE_S
    assert (watch.problem, kit.house.key.is_stand_in) == (None, False)
    asked = len(line.sent)
    watch.attempt()
    assert len(line.sent) == asked, "once is enough"


def test_names_and_noted_check_outs_come_back_with_the_share(kit: Kit) -> None:
    stay = kit.desk.check_in(make_guest(name="甲"), "101", 1).stay
    kit.desk.check_in(make_guest(3, name="乙"), "102", 1)
    kit.desk.take_share(SHARE)
    deliver_all(kit)
    kit.reopen()
    line = Line(be_silent)
    saved: list[int] = []
    counter = Counter(
        kit.desk, CardsReader(), find_share_problem=lambda: watch.problem, on_saved=lambda: saved.append(1)
    )
    watch = make_watch(kit, line, counter.note_change)
    version = counter.state().version
    watch.attempt()
    state = counter.state()
    assert state.version > version, "the screen is told why"
    assert (state.lock.is_locked, state.lock.problem) == (True, ProblemCode.UNREACHABLE)
    assert [guest.name for guest in state.house] == [None, None]
    counter.check_out([stay])
    (left,) = counter.state().departed_waiting
    assert (left.stay, left.name, left.delivery) == (stay, None, Delivery.SAVED)

    line.answer = give_share
    watch.attempt()
    state = counter.state()
    assert (state.lock.is_locked, state.lock.problem) == (False, None)
    assert ([guest.name for guest in state.house], state.departed_waiting[0].name) == (["乙"], "甲")
    assert (state.queue.waiting, len(saved)) == (1, 2)
    assert [kind for kind, _ in kit.outbox.list_events(stay)] == ["check_in", "check_out"]


def test_card_opens_while_central_is_away_and_is_shown_once(kit: Kit) -> None:
    kit.desk.check_in(make_guest(name="甲"), "101", 1)
    kit.desk.take_share(SHARE)
    woken: list[int] = []

    def start() -> Counter:
        return Counter(kit.desk, CardsReader(), on_unlocked=lambda: woken.append(1))

    counter = start()
    assert counter.take_card() == ()
    counter.make_card()
    groups = counter.take_card()
    assert (len(groups), counter.take_card()) == (8, ())
    assert counter.state().lock.card_made_at == NOW
    assert read_code(list(groups))
    kit.reopen()
    counter = start()
    with pytest.raises(CounterError) as caught:
        counter.unlock(["000000"] * 8)
    assert caught.value.code == ProblemCode.CARD_REFUSED
    assert counter.state().house[0].name is None
    counter.unlock(list(groups))
    assert (counter.state().house[0].name, woken) == ("甲", [1])


def test_card_that_nobody_fetched_is_not_shown_later(kit: Kit) -> None:
    kit.desk.take_share(SHARE)
    counter = Counter(kit.desk, CardsReader())
    counter.make_card()
    kit.clock.pass_time(CARD_WAITS_S + 1)
    assert counter.take_card() == ()


def test_overdue_guest_is_told_of_with_the_day_and_then_gone_from_screen_and_memory(kit: Kit) -> None:
    kit.desk.check_in(make_guest(), "101", 2)
    deliver_all(kit)
    counter = Counter(kit.desk, CardsReader())
    watch = make_watch(kit, Line(), counter.note_change)
    watch.attempt()
    assert counter.state().house[0].forget_on is None
    kit.clock.pass_time(3 * 86_400)
    watch.attempt()
    assert counter.state().house[0].forget_on == NOW.date() + timedelta(days=9)
    kit.clock.pass_time(6 * 86_400)
    watch.attempt()
    assert counter.state().house == ()
    assert kit.desk._opened == {}


def test_disk_that_refuses_does_not_end_the_watch(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bool:
        raise NotSaved

    watch = make_watch(kit, Line())
    monkeypatch.setattr(kit.house, "take_share", fail)
    monkeypatch.setattr(kit.house, "forget_overdue", fail)
    watch.attempt()
    assert watch.problem is ProblemCode.NOT_SAVED


def test_thread_outlives_a_fault_is_woken_and_stops_at_once(kit: Kit) -> None:
    came = threading.Event()

    def fail_once(data: bytes) -> bytes:
        if not came.is_set():
            came.set()
            raise RuntimeError("test")
        return give_share(data)

    watch = make_watch(kit, Line(fail_once))
    watch.start()
    assert came.wait(5.0)
    watch.wake()
    wait_until(lambda: not kit.house.key.is_stand_in)
    watch.stop()
    assert not watch._thread.is_alive()


def test_share_comes_over_a_real_line(central: StandIn, kit: Kit) -> None:
    link = HttpLink(central.url)
    now = datetime.now(UTC)
    assert fetch_share(link, TERMINAL, KEYS.signing, RECEIPT_KEY.public, now) == SHARE
    central.share = RefusalReason.TERMINAL_REVOKED
    with pytest.raises(Refused):
        fetch_share(link, TERMINAL, KEYS.signing, RECEIPT_KEY.public, now)
    central.share = None
    with pytest.raises(Untrusted):
        fetch_share(link, TERMINAL, KEYS.signing, RECEIPT_KEY.public, now)
    link.close()


def test_share_that_is_not_the_lists_is_told(kit: Kit) -> None:
    kit.desk.check_in(make_guest(), "101", 1)
    kit.desk.take_share(make_bytes("of before", 32))
    kit.desk.make_card()
    kit.reopen()
    watch = make_watch(kit, Line())
    watch.attempt()
    assert watch.problem is ProblemCode.OTHER_SHARE


@pytest.mark.parametrize("reason", [RefusalReason.TERMINAL_REVOKED, RefusalReason.TERMINAL_SUSPENDED])
def test_terminal_that_is_shut_out_and_let_in_again_is_told_so_and_keeps_its_names(
    kit: Kit, reason: RefusalReason
) -> None:
    line = Line(give_share)
    watch = make_watch(kit, line)
    watch.attempt()
    assert (watch.problem, watch.standing) == (None, None)
    line.answer = refuse(reason)
    watch.attempt()
    assert watch.standing is None  # nobody has raised a doubt
    watch.doubt()
    watch.attempt()
    assert watch.standing is watch.problem is ProblemCode(reason.name.lower())
    assert kit.desk.house.key.is_open
    line.answer = be_silent
    watch.doubt()
    watch.attempt()
    assert watch.standing is not None  # silence lets nobody in
    line.answer = give_share
    watch.doubt()
    watch.attempt()
    assert watch.standing is None
