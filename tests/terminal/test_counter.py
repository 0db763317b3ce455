"""The counter as the screen knows it: cards, touches, and what is shown after each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from drivers.sim.scripted import CardsReader
from drivers.sim.specimens import SPECIMENS
from records.errors import InvalidDocument
from terminal.codes import ProblemCode
from terminal.counter import Counter
from terminal.counter import listener as listener_module
from terminal.desk import Desk
from terminal.errors import NotSealed
from terminal.pending import MAX_PENDING
from terminal.state import CancelReason, CounterError, CounterService, CounterState, Delivery
from terminal.typed.draft import TypedField
from tests.terminal.kit import Kit, make_document

pytestmark = pytest.mark.usefixtures("quick_stretching")


class Bench:
    """A counter, the hand that puts cards on its reader, and the eye on its screen."""

    def __init__(self, kit: Kit) -> None:
        self.kit, self.reader, self.saved = kit, CardsReader(), 0
        self.counter = Counter(kit.desk, self.reader, on_saved=self.note_saved)
        self.counter.start()
        self.wait(lambda state: state.reader.state == "ready")

    def note_saved(self) -> None:
        self.saved += 1

    def wait(self, is_shown: Callable[[CounterState], bool], timeout_s: float = 3.0) -> CounterState:
        """Return the first state that shows what is waited for."""
        deadline = time.monotonic() + timeout_s
        while not is_shown(state := self.counter.state()):
            assert time.monotonic() < deadline, state
            self.counter.wait_for_change(state.version, 0.2)
        return state

    def put(self, card: str) -> CounterState:
        """Put a card down, and lift it when it was read."""
        self.reader.put(card)
        state = self.wait(lambda state: state.reader.state == "lift")
        self.reader.remove()
        self.wait(lambda state: state.reader.state == "ready")
        return state


@pytest.fixture
def bench(kit: Kit) -> Iterator[Bench]:
    bench = Bench(kit)
    yield bench
    bench.counter.stop()


def valid_cards() -> list[str]:
    return [card.id for card in SPECIMENS.values() if card.id not in ("expired",) and "expired" not in card.id]


def expect_code(action: Callable[[], Any]) -> str:
    with pytest.raises(CounterError) as caught:
        action()
    return caught.value.code


def test_counter_is_what_the_screen_expects(bench: Bench) -> None:
    service: CounterService = bench.counter
    assert service.state().is_demonstration
    assert set(service.notice()) == {"name", "law", "authority", "redress", "retention_days"}
    assert service.notice()["retention_days"] == {"zh": "30", "en": "30"}


def test_card_to_guest_to_room_to_slip_to_check_out(bench: Bench) -> None:
    state = bench.put("wang")
    (pending,) = state.pending
    assert (pending.number, state.failure) == (SPECIMENS["wang"].number, None)
    done = bench.counter.check_in(pending.id, "101", 2)
    assert bench.saved == 1
    state = bench.counter.state()
    assert state.pending == ()
    (guest,) = state.house
    assert (guest.stay, guest.room, guest.name, guest.delivery) == (done.stay, "101", pending.name, Delivery.SAVED)
    assert state.queue.waiting == 1
    assert bench.counter.slip(done.stay) == done.slip
    bench.counter.check_out([done.stay])
    state = bench.counter.state()
    assert (state.house, len(state.departed_waiting), bench.saved) == ((), 1, 2)


def test_two_touches_make_one_guest(bench: Bench) -> None:
    (pending,) = bench.put("wang").pending
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(bench.counter.check_in(pending.id, "101", 1))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10.0)
    assert len(answers) == 4
    assert len({answer.stay for answer in answers}) == 1
    assert len(bench.counter.state().house) == 1


def test_same_card_twice_waits_once(bench: Bench) -> None:
    first = bench.put("wang").pending
    assert bench.put("wang").pending == first


def test_next_card_can_lie_there_before_the_last_is_finished(bench: Bench) -> None:
    bench.put("wang")
    state = bench.put(next(card for card in valid_cards() if card != "wang"))
    assert len(state.pending) == 2
    assert state.pending[0].number == SPECIMENS["wang"].number


def test_card_of_a_guest_in_house_is_not_taken_again(bench: Bench) -> None:
    (pending,) = bench.put("wang").pending
    done = bench.counter.check_in(pending.id, "101", 1)
    state = bench.put("wang")
    assert (state.pending, state.failure) == ((), ProblemCode.ALREADY_IN_HOUSE)
    bench.counter.dismiss()
    assert bench.counter.state().failure is None
    bench.counter.check_out([done.stay])
    assert len(bench.put("wang").pending) == 1


def test_minors_are_taken_and_marked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    child = make_document(birth=bench.kit.clock.now.date().replace(year=2019))
    monkeypatch.setattr(listener_module, "parse_document", lambda _: child)
    (pending,) = bench.put("wang").pending
    assert pending.is_minor
    with pytest.raises(CounterError) as caught:
        bench.counter.check_in(pending.id, "101", 1)
    assert caught.value.code == ProblemCode.GUARDIAN_NEEDED
    guardian = {TypedField.GUARDIAN_NAME: "王大明", TypedField.RELATION: "parent", TypedField.PHONE: "010 0000 0000"}
    assert bench.counter.check_in(pending.id, "101", 1, guardian)
    assert bench.put("wang").failure == ProblemCode.ALREADY_IN_HOUSE


def test_failure_of_the_reader_is_shown_and_the_next_card_clears_it(bench: Bench) -> None:
    bench.reader.fail("card_removed")
    bench.wait(lambda state: state.failure == "card_removed")
    bench.reader.remove()
    bench.wait(lambda state: state.reader.state == "ready")
    assert bench.put("wang").failure is None


def test_reader_that_goes_away_and_comes_back(bench: Bench) -> None:
    bench.reader.go_down("reader_gone")
    state = bench.wait(lambda state: state.reader.state == "down")
    assert state.reader.problem == "reader_gone"
    bench.reader.come_up()
    assert bench.wait(lambda state: state.reader.state == "ready").reader.problem is None


def _no_specimen(_: object) -> object:
    return replace(make_document(), number="E00000000", issuing_state="CHN", kind="414")


def _misread(_: object) -> object:
    raise InvalidDocument("names")


def _bug(_: object) -> object:
    raise ZeroDivisionError("ZYXWMARK")


@pytest.mark.parametrize(
    ("parse", "code"),
    [(_no_specimen, "not_a_specimen"), (_misread, "invalid_names"), (_bug, "invalid_document")],
    ids=["no specimen", "misread", "bug"],
)
def test_document_that_is_not_taken_leaves_a_reason_and_nothing_else(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    parse: Callable[[object], object],
    code: str,
) -> None:
    monkeypatch.setattr(listener_module, "parse_document", parse)
    state = bench.put("wang")
    assert (state.pending, state.failure) == ((), code)
    assert "ZYXWMARK" not in "".join(capfd.readouterr())
    monkeypatch.undo()
    assert len(bench.put("wang").pending) == 1


def test_reader_program_that_fails_is_shown(kit: Kit) -> None:
    class Broken(CardsReader):
        def events(self) -> Iterator[Any]:
            raise ZeroDivisionError

    counter = Counter(kit.desk, Broken())
    counter.start()
    deadline = time.monotonic() + 3
    while counter.state().reader.problem is None and time.monotonic() < deadline:
        counter.wait_for_change(counter.state().version, 0.1)
    assert counter.state().reader.problem == ProblemCode.READER_STOPPED
    counter.stop()


def test_what_was_refused_is_sealed_again_at_the_start_and_after_each_upload(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = iter([1, 0, NotSealed(), 2])

    def seal_again(_: Desk) -> int:
        each = next(found)
        if isinstance(each, Exception):
            raise each
        return each

    monkeypatch.setattr(Desk, "seal_again", seal_again)
    bench = Bench(kit)
    assert bench.saved == 1
    version = bench.counter.state().version
    for _ in range(3):
        bench.counter.note_change()
    bench.counter.stop()
    assert bench.saved == 2
    assert bench.counter.state().version == version + 3, "a fault in it does not keep the screen from its news"


def test_requests_that_cannot_be_done_say_why(bench: Bench) -> None:
    (pending,) = bench.put("wang").pending
    counter = bench.counter
    assert expect_code(lambda: counter.check_in("nobody", "101", 1)) == "no_such_guest"
    assert expect_code(lambda: counter.check_in(pending.id, "999", 1)) == "no_such_room"
    assert expect_code(lambda: counter.check_in(pending.id, "101", 0)) == "too_few_nights"
    assert expect_code(lambda: counter.check_in(pending.id, "101", 31)) == "too_many_nights"
    assert expect_code(lambda: counter.check_out(["00" * 16])) == "no_such_stay"
    assert expect_code(lambda: counter.slip("00" * 16)) == "no_such_stay"
    # Still waiting: a mistake of the hand costs nothing.
    assert counter.check_in(pending.id, "101", 30)


def check_in(bench: Bench, card: str = "wang", room: str = "101") -> str:
    (pending,) = bench.put(card).pending
    return bench.counter.check_in(pending.id, room, 1).stay


def test_undo_takes_the_check_in_back_and_lets_the_guest_wait_again(bench: Bench) -> None:
    stay = check_in(bench)
    assert bench.counter.state().house[0].can_undo
    pending = bench.counter.undo(stay)
    state = bench.counter.state()
    assert (state.house, [guest.id for guest in state.pending]) == ((), [pending])
    assert [guest.is_cancelled for guest in state.departed_waiting] == [True]
    assert expect_code(lambda: bench.counter.undo(stay)) == "no_such_stay"
    assert bench.counter.check_in(pending, "102", 1).stay != stay
    assert bench.kit.outbox.measure_queue().waiting == 3


def test_undo_is_over_after_a_minute(bench: Bench) -> None:
    stay = check_in(bench)
    bench.kit.clock.pass_time(61)
    assert not bench.counter.state().house[0].can_undo
    assert expect_code(lambda: bench.counter.undo(stay)) == "too_late_to_undo"
    bench.counter.cancel(stay, CancelReason.MISTAKE)
    assert bench.counter.state().house == ()


def test_changes_of_a_stay_are_shown_and_wake_the_uploader(bench: Bench) -> None:
    stay, today = check_in(bench), bench.counter.state().today
    bench.counter.move(stay, "102")
    bench.counter.extend(stay, today + timedelta(days=4))
    bench.counter.correct(stay, departure=today + timedelta(days=2))
    (guest,) = bench.counter.state().house
    assert (guest.room, guest.planned_departure) == ("102", today + timedelta(days=2))
    assert guest.latest_departure == today + timedelta(days=30)
    assert bench.saved == 4


def test_another_document_is_taken_for_the_same_stay(bench: Bench) -> None:
    stay = check_in(bench)
    (right,) = bench.put("li").pending
    assert expect_code(lambda: bench.counter.correct(stay, pending="nobody")) == "no_such_guest"
    bench.counter.correct(stay, pending=right.id)
    state = bench.counter.state()
    assert (state.pending, [guest.name for guest in state.house]) == ((), [right.name])
    assert len(bench.put("wang").pending) == 1, "the wrong one is free again"


def test_requests_about_a_stay_that_cannot_be_done_say_why(bench: Bench) -> None:
    stay, today = check_in(bench), bench.counter.state().today
    counter = bench.counter
    assert expect_code(lambda: counter.move(stay, "101")) == "same_room"
    assert expect_code(lambda: counter.extend(stay, today + timedelta(days=31))) == "stay_too_long"
    assert expect_code(lambda: counter.extend(stay, today)) == "not_later"
    assert expect_code(lambda: counter.correct(stay)) == "nothing_to_correct"
    assert expect_code(lambda: counter.cancel("00" * 16, CancelReason.MISTAKE)) == "no_such_stay"
    assert bench.saved == 1


def test_guest_put_aside_is_gone(bench: Bench) -> None:
    (pending,) = bench.put("wang").pending
    bench.counter.discard(pending.id)
    assert bench.counter.state().pending == ()
    assert expect_code(lambda: bench.counter.check_in(pending.id, "101", 1)) == "no_such_guest"


def test_pending_guests_are_never_many(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = iter(make_document(index) for index in range(1, 99, 2))
    monkeypatch.setattr(listener_module, "parse_document", lambda _: next(documents))
    for _ in range(MAX_PENDING):
        bench.put("wang")
    state = bench.put("wang")
    assert (len(state.pending), state.failure) == (MAX_PENDING, ProblemCode.TOO_MANY_PENDING)


def test_wait_for_change_returns_at_once_on_news_and_in_time_without(bench: Bench) -> None:
    version = bench.counter.state().version
    begin = time.monotonic()
    assert bench.counter.wait_for_change(version, 0.1) == version
    assert time.monotonic() - begin < 1.0
    timer = threading.Timer(0.05, bench.counter.dismiss)
    timer.start()
    assert bench.counter.wait_for_change(version, 5.0) > version
    timer.join()


def test_stop_lets_go_of_whoever_waits(bench: Bench) -> None:
    version = bench.counter.state().version
    threading.Timer(0.05, bench.counter.stop).start()
    begin = time.monotonic()
    bench.counter.wait_for_change(version, 10.0)
    assert time.monotonic() - begin < 2.0


def test_state_can_be_asked_while_a_guest_is_being_sealed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (pending,) = bench.put("wang").pending
    sealing, go_on = threading.Event(), threading.Event()
    seal = type(bench.kit.desk)._prepare

    def seal_slowly(*arguments: Any) -> Any:
        sealing.set()
        assert go_on.wait(5.0)
        return seal(*arguments)

    monkeypatch.setattr(type(bench.kit.desk), "_prepare", seal_slowly)
    thread = threading.Thread(target=bench.counter.check_in, args=(pending.id, "101", 1))
    thread.start()
    assert sealing.wait(5.0)
    begin = time.monotonic()
    assert bench.counter.state().house == ()
    assert time.monotonic() - begin < 0.5
    go_on.set()
    thread.join(5.0)
    assert len(bench.counter.state().house) == 1
