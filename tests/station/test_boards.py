"""The boards: figures that point at nobody, whatever is subtracted from what, and for whom they are."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from records.comparing.mail import Outcome
from records.small_counts import round_count
from station.alerts.snapshots import Written
from station.alerts.states import EndedBecause, State
from station.boards.board import find_quantile, make_board
from station.boards.export import write_csv
from station.boards.figures import STEPS_S, Figures, Kind, find_step, list_months, read_figures
from station.stations import PoliceStation, Stations, write_stations
from station.store.alerts import AlertRow
from tests.records.comparing import world
from tests.records.comparing.guest import VENUE
from tests.station.small_book import end
from tests.station.small_station import AUDITOR, OFFICER, OTHER_OFFICER, SUPERVISOR, SmallStation

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MONTH = "2026-11"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStation]:
    small = SmallStation(tmp_path)
    yield small
    small.close()


def work(small: SmallStation, outcome: Outcome, times: int = 1, *, minutes: int = 2) -> None:
    """Have alerts come, and work each to its outcome."""
    book = small.station.book
    for _ in range(times):
        alert = bytes.fromhex(small.raise_alert(int.from_bytes(os.urandom(5), "big")))
        small.wait(seconds=20)
        book.accept(alert, OFFICER)
        book.dispatch(alert, OFFICER, Written(to="patrol 3"))
        small.wait(minutes=minutes)
        book.handle(alert, OFFICER)
        small.wait(minutes=minutes)
        end(book, alert, OFFICER, outcome)
    small.station.quieting.go_round()


def make(counts: dict[tuple[str, ...], int], rows: tuple[AlertRow, ...] = ()) -> tuple[dict[str, int | None], object]:
    board = make_board(MONTH, Figures(Counter(counts)), (), rows, NOW)
    return {each.name: each.n for each in board.ended}, board


@pytest.mark.parametrize(("exact", "shown"), [(0, 0), (1, None), (4, None), (5, 5), (9, 5), (10, 10), (14, 10)])
def test_counts_are_told_in_steps_of_five_and_small_ones_not(exact: int, shown: int | None) -> None:
    assert round_count(exact) == shown


def test_no_difference_of_two_shown_counts_is_a_small_number() -> None:
    # Of months, of stations and the district, of the same board before and after one alert.
    for whole, part in product(range(60), repeat=2):
        one, other = round_count(whole + part), round_count(part)
        if one is not None and other is not None:
            assert (one - other) % 5 == 0


def test_a_step_of_time_holds_what_is_not_longer_than_its_end() -> None:
    assert [find_step(seconds) for seconds in (-1, 0, 15, 16, 60, 61)] == [0, 0, 0, 1, 2, 3]
    assert find_step(10**6) == len(STEPS_S)


@pytest.mark.parametrize(
    ("steps", "median", "p90"),
    [
        ([0, 0], None, None),
        ([1, 0, 0], 0, 0),
        ([5, 4, 1], 0, 1),
        ([5, 5, 0], 0, 1),
        ([0, 0, 7], 2, 2),
        ([9, 0, 1], 0, 0),
    ],
)
def test_a_quantile_is_the_first_step_that_holds_its_share(
    steps: list[int], median: int | None, p90: int | None
) -> None:
    assert (find_quantile(steps, 0.5), find_quantile(steps, 0.9)) == (median, p90)


@pytest.mark.parametrize(
    ("right", "false", "judged", "percent"),
    [
        (4, 0, None, None), (5, 0, 5, 100), (20, 4, 20, None), (20, 5, 25, 80), (4, 20, 20, None), (13, 7, 20, 65),
        (0, 6, 5, 0),
    ],
)  # fmt: skip
def test_a_share_is_told_only_where_neither_side_of_it_is_small(
    right: int, false: int, judged: int | None, percent: int | None
) -> None:
    counts = {(Kind.JUDGED, "Court", "exact", "right"): right, (Kind.JUDGED, "Court", "exact", "false"): false}
    _, board = make(counts)
    (one, _) = board.precision  # type: ignore[attr-defined]
    assert (one.judged, one.right_percent) == (judged, percent)


def test_times_of_few_are_not_told() -> None:
    for n, is_median, is_p90 in ((4, False, False), (5, True, False), (9, True, False), (10, True, True)):
        _, board = make({(Kind.ACCEPTED, "2"): n})
        times = board.times[0]  # type: ignore[attr-defined]
        assert (times.median is not None, times.p90 is not None) == (is_median, is_p90)


def test_open_alerts_are_sorted_by_state_and_age_and_few_are_not_told() -> None:
    def make_row(age_s: int) -> AlertRow:
        return AlertRow(os.urandom(16), State.RAISED, "exact", int(NOW.timestamp()) - age_s, 0, b"")

    rows = tuple(make_row(age) for age in [0, 899] * 4 + [900] * 4 + [14_400] * 12)
    _, board = make({}, rows)
    assert board.open[0].ages == (5, None, 0, 10)  # type: ignore[attr-defined]


def test_what_ended_is_counted_by_month_and_step_and_says_neither_day_nor_guest(small: SmallStation) -> None:
    work(small, Outcome.CONFIRMED, 3)
    work(small, Outcome.OTHER_PERSON, 2)
    small.station.book.withdraw(bytes.fromhex(small.raise_alert()), EndedBecause.WITHDRAWN)
    small.station.quieting.go_round()
    with small.station.store.reading() as connection:
        found = read_figures(connection, MONTH, None)
    assert found.read(Kind.ENDED, "confirmed") == 3
    assert found.read(Kind.ENDED, "withdrawn") == 1
    assert found.read(Kind.JUDGED, world.COURT, "exact", "false") == 2
    assert found.read_steps(Kind.ACCEPTED)[find_step(20)] == 5
    assert found.read_steps(Kind.ARRIVED)[find_step(140)] == 5
    assert found.read_steps(Kind.CLOSED)[find_step(260)] == 5
    assert {name[0] for name in found.counts} == {str(kind) for kind in Kind} - {Kind.DELETED, Kind.GUESTS}


def test_figures_are_kept_as_long_as_boards_show_them(small: SmallStation) -> None:
    work(small, Outcome.CONFIRMED)
    for days, is_kept in ((360, True), (13, True), (1, False)):
        small.wait(days=days)
        small.station.quieting.tidy(small.now)
        with small.station.store.reading() as connection:
            assert bool(read_figures(connection, MONTH, None).counts) is is_kept, small.now
    assert list_months(datetime(2027, 1, 31, tzinfo=UTC))[:2] == ["2027-01", "2026-12"]
    assert len(list_months(NOW)) == 13


def test_page_and_file_say_the_same_and_nothing_small(small: SmallStation) -> None:
    work(small, Outcome.CONFIRMED, 7)
    work(small, Outcome.OTHER_PERSON, 3)
    client = small.open_client(SUPERVISOR)
    page = client.get("/boards").text
    assert "1 to 4" in page
    answer = client.get("/boards.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="board-district-2026-11.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    values = {(row["figure"], row["of"], row["in"]): row["value"] for row in rows}
    assert values["ended", "confirmed", ""] == "5"
    assert values["ended", "other-person", ""] == "<5"
    assert values["ended", "decision-wrong", ""] == "0"
    assert values["judged", world.COURT, "exact"] == "10"
    assert values["right-percent", world.COURT, "exact"] == "", "three were false: a share would tell"
    assert {row["value"] for row in rows if row["value"].isdigit()} <= {"0", "5", "10"}
    for acts in ("look at board", "export board"):
        assert (SUPERVISOR, acts) in {each[:2] for each in small.list_acts()}


def test_a_name_that_a_spreadsheet_would_take_for_a_formula_is_text() -> None:
    counts = {(Kind.JUDGED, "=cmd()", "exact", "right"): 5}
    _, board = make(counts)
    assert b"\n2026-11,district,judged,'=cmd()" in write_csv(board, "").replace(b"\r", b"")  # type: ignore[arg-type]


@pytest.mark.parametrize("query", ["month=2026-10-01", "month=2024-01", "month=2026-12", "station=elsewhere", "month="])
def test_board_of_any_other_time_or_place_is_not_there(small: SmallStation, query: str) -> None:
    client = small.open_client(SUPERVISOR)
    assert client.get(f"/boards?{query}").status_code == 404
    assert client.get(f"/boards.csv?{query}").status_code == 404


def test_supervisor_sees_their_own_station_and_the_district_and_who_supervises_sees_all(tmp_path: Path) -> None:
    stations = Stations(
        (
            PoliceStation("riverside", "河边所", "Riverside", frozenset({VENUE})),
            PoliceStation("hilltop", "山顶所", "Hilltop"),
            PoliceStation("centre", "中心", "Centre"),
        ),
        "centre",
    )
    write_stations(tmp_path / "stations.toml", stations)
    small = SmallStation(tmp_path, stations=tmp_path / "stations.toml")
    small.open_client(SUPERVISOR)
    small.station.pages.accounts.add("head", ("supervisor",), by="test", language="en")  # type: ignore[arg-type]
    from station.stations import Roster

    roster = Roster(small.station.store, small.station.book.stations)
    for account, code in ((SUPERVISOR, "hilltop"), ("head", "centre"), (OFFICER, "riverside")):
        roster.put(account, code)
    work(small, Outcome.CONFIRMED, 6)
    client = small.open_client(SUPERVISOR)
    assert client.get("/boards?station=hilltop").status_code == 200
    assert client.get("/boards?station=riverside").status_code == 404
    own = client.get("/boards.csv?station=hilltop").text
    assert "ended,confirmed,,0" in own
    district, month = client.get("/boards.csv").text, f"{small.now:%Y-%m}"
    assert month not in district, "what changes with each alert tells who knows their own of the others'"
    assert "open-now,raised,<900 s,0" in district
    assert 'id="open-now"' not in client.get(f"/boards?month={month}&station=").text
    assert f"{month},hilltop,ended" in own
    for name in ("head", AUDITOR):
        answer = small.open_client(name).get("/boards.csv?station=riverside")
        assert "riverside,ended,confirmed,,5" in answer.text
        assert "district,ended,confirmed,,5" in small.open_client(name).get("/boards.csv").text
    small.wait(days=31)
    assert "district,ended,confirmed,,5" in small.open_client(SUPERVISOR).get(f"/boards.csv?month={month}").text
    small.close()


def test_board_says_which_court_is_quiet(small: SmallStation) -> None:
    from station.store.outcomes import CourtTally, keep_court_tally

    with small.station.store.writing() as connection:
        keep_court_tally(connection, world.COURT, replace(CourtTally(), quiet_on="2026-11-20", notice=1))
    page = small.open_client(SUPERVISOR).get("/boards").text
    assert f"{world.COURT} is quiet since 2026-11-20" in page


def test_second_look_is_for_an_officer_who_had_no_part_and_shows_the_alert_once_more(small: SmallStation) -> None:
    closer, other = small.open_client(), small.open_client(OTHER_OFFICER)
    small.wait(minutes=1)  # an account that was made meanwhile seconds nothing
    work(small, Outcome.OTHER_PERSON)
    (row,) = small.station.seconds.list_waiting()
    alert = row.id.hex()
    assert "1 more waits for an officer who had no part in it" in closer.get("/second-looks").text
    assert closer.get(f"/alerts/{alert}/second").status_code == 403
    origin = {"Origin": "http://localhost"}
    assert closer.post(f"/alerts/{alert}/agree", headers=origin).status_code == 409
    assert f"/alerts/{alert}/second" in other.get("/second-looks").text
    page = other.get(f"/alerts/{alert}/second").text
    assert "王小明" in page
    assert (OTHER_OFFICER, "look at alert", alert) in small.list_acts()
    assert other.post(f"/alerts/{alert}/agree", headers=origin).status_code == 303
    assert other.get(f"/alerts/{alert}/second").status_code == 403, "decided: nobody looks any more"
    assert other.post(f"/alerts/{alert}/disagree", headers=origin).status_code == 409
    assert (OTHER_OFFICER, "agree with outcome", alert) in small.list_acts()


def test_whoever_handed_the_alert_on_is_no_second_officer(small: SmallStation) -> None:
    alert = bytes.fromhex(small.raise_alert())
    book = small.station.book
    book.accept(alert, OTHER_OFFICER)
    book.take_over(alert, OFFICER, held_by=OTHER_OFFICER)
    book.close(alert, OFFICER, Outcome.OTHER_PERSON, ())
    row = book.find(alert)
    assert [small.station.seconds.is_for(row, name) for name in (OFFICER, OTHER_OFFICER, SUPERVISOR)] == [
        False, False, True,
    ]  # fmt: skip


def test_alert_says_how_often_its_decision_meant_somebody_else(small: SmallStation) -> None:
    client = small.open_client()
    alert = small.raise_alert(1)
    assert "No alert because of this decision was closed as somebody else" in client.get(f"/alerts/{alert}").text
    work(small, Outcome.OTHER_PERSON, 2)
    assert "2 alerts because of this decision were closed as somebody else" in client.get(f"/alerts/{alert}").text


def test_note_of_an_ended_alert_is_for_who_held_it_and_says_that_it_was_somebody_else(small: SmallStation) -> None:
    client, second = small.open_client(), small.open_client(OTHER_OFFICER)
    small.wait(minutes=1)
    alert = small.raise_alert()
    assert "It was found that you are not" not in client.get(f"/alerts/{alert}/note").text
    small.station.book.accept(bytes.fromhex(alert), OFFICER)
    small.station.book.close(bytes.fromhex(alert), OFFICER, Outcome.OTHER_PERSON, ())
    assert "It was found that you are not" in client.get(f"/alerts/{alert}/note").text
    assert "经核实，您不是该决定所涉的人" in client.get(f"/alerts/{alert}/note?language=zh").text
    assert client.get(f"/alerts/{alert}/note?language=../x").status_code == 200
    assert second.get(f"/alerts/{alert}/note").status_code == 200, "the second officer"
    small.station.seconds.agree(small.station.book.find(bytes.fromhex(alert)), OTHER_OFFICER)


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        (Outcome.DECISION_WRONG, "The decision was found to be wrong"),
        (Outcome.IDENTITY_MISUSED, ""),
        (Outcome.CONFIRMED, ""),
    ],
)
def test_note_clears_nobody_whom_the_outcome_did_not_clear(small: SmallStation, outcome: Outcome, found: str) -> None:
    work(small, outcome)
    (row,) = small.station.book.list_ended()
    page = small.open_client().get(f"/alerts/{row.id.hex()}/note").text
    assert found in page
    assert ("Nothing of this may be held against you" in page) is bool(found)
    if outcome is Outcome.CONFIRMED:
        assert small.open_client(OTHER_OFFICER).get(f"/alerts/{row.id.hex()}/note").status_code == 403
