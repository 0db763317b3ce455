"""Two at once, on both databases: one wins, the other is told who, and a timer that comes late does nothing."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from records.comparing.mail import Outcome
from station.alerts.book import AlertBook
from station.alerts.handing import end_offer, offer, take_offered
from station.alerts.snapshots import Written
from station.alerts.states import EndedBecause, State
from station.alerts.timers import escalate, list_overdue, return_to_queue
from station.errors import InOtherHands, NothingOffered, StationError
from tests.central.databases import Cluster
from tests.station.small_book import SmallBook

FOUND = Written("", "nobody there")
Race = Callable[[AlertBook, bytes], object]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallBook]:
    folder = tmp_path_factory.mktemp("races")
    database: Path | str = folder / "station.db"
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgresql")
        database = cluster.url(cluster.create(template="template0"))
    small = SmallBook(folder, database)
    yield small
    small.close()


def race(small: SmallBook, alert: bytes, *runners: Race) -> list[str]:
    """Run each on a connection pool of its own, as processes do; return what was refused, by whom it was held."""
    begin, refused = threading.Barrier(len(runners)), []
    books = [small.open_book(small.slots) for _ in runners]

    def run(book: AlertBook, act: Race) -> None:
        begin.wait()
        try:
            if act(book, alert) is False:
                refused.append("late")
        except StationError as problem:
            refused.append(problem.detail)

    threads = [threading.Thread(target=run, args=each) for each in zip(books, runners, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for book in books:
        book.store.close()
    return refused


def test_of_five_who_accept_one_wins_and_four_are_told_who(small: SmallBook) -> None:
    alert = small.raise_alert()
    names = ("lin", "mori", "okafor", "vesna", "wang")
    refused = race(small, alert, *(lambda book, each, name=name: book.accept(each, name) for name in names))
    assert refused == [small.book.find(alert).holder] * 4
    steps = [each.step for each in small.book.list_steps(small.book.find(alert))]
    assert steps == ["raised", "accepted"]


@pytest.mark.parametrize("late", ["escalate", "return"])
def test_keeper_that_read_before_an_officer_acted_does_nothing(small: SmallBook, late: str) -> None:
    alert = small.raise_alert()
    if late == "return":
        small.book.accept(alert, "lin")
        row = small.book.find(alert)
        small.book.take_over(alert, "okafor", held_by="lin")
        assert not return_to_queue(small.book, row)
        assert small.book.find(alert).holder == "okafor"
        return
    row = small.book.find(alert)
    small.book.accept(alert, "lin")
    assert not escalate(small.book, row, 1)
    assert small.book.find(alert).state == State.ACCEPTED


def test_two_keepers_call_an_alert_out_once(small: SmallBook) -> None:
    alert = small.raise_alert()
    small.now = small.now.fromtimestamp(small.now.timestamp() + 70, small.now.tzinfo)
    due = next(each for each in list_overdue(small.book) if each[0].id == alert)
    refused = race(small, alert, *(lambda book, _: escalate(book, *due) for _ in range(3)))
    assert refused == ["late", "late"]
    assert small.book.find(alert).level == 1


def test_closing_and_withdrawing_at_once_ends_it_one_way(small: SmallBook) -> None:
    for _ in range(4):
        alert = small.raise_alert()
        small.book.accept(alert, "lin")
        refused = race(
            small, alert,
            lambda book, each: book.close(each, "lin", Outcome.OTHER_PERSON, (b"letter",)),
            lambda book, each: book.withdraw(each, EndedBecause.WITHDRAWN),
        )  # fmt: skip
        row = small.book.find(alert)
        assert len(refused) == 1
        assert (row.state == State.CLOSED, row.state == State.WITHDRAWN) == (bool(row.outcome), bool(row.ended_because))


def test_offer_that_is_taken_and_taken_back_at_once_is_one_of_both(small: SmallBook) -> None:
    for _ in range(4):
        alert = small.raise_alert()
        small.book.accept(alert, "lin")
        assert offer(small.book, small.book.find(alert), "lin", "mori")
        row = small.book.find(alert)
        refused = race(
            small, alert, lambda book, _, row=row: take_offered(book, row, "mori"),
            lambda book, _, row=row: end_offer(book, row, "lin"),
        )  # fmt: skip
        found = small.book.find(alert)
        assert len(refused) == 1
        assert found.holder == ("lin" if refused == [""] else "mori")
        assert found.offered_to == ""


def test_whoever_handed_over_can_do_nothing_any_more(small: SmallBook) -> None:
    alert = small.raise_alert()
    small.book.accept(alert, "lin")
    offer(small.book, small.book.find(alert), "lin", "mori")
    take_offered(small.book, small.book.find(alert), "mori")
    with pytest.raises(InOtherHands):
        small.book.report(alert, "lin", FOUND)
    with pytest.raises(NothingOffered):
        take_offered(small.book, small.book.find(alert), "okafor")
    small.book.report(alert, "mori", FOUND)
