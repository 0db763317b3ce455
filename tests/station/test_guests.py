"""Alerts per 10,000 guests: told by the office, for months that are over, and telling of nobody."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from records.comparing.acts import Act
from records.comparing.counts import (
    FEWEST_GUESTS,
    GuestsReport,
    decode_guests,
    encode_guests,
    make_guests_report,
)
from records.comparing.mail import CONTENT_BYTES, LetterKind, Role, seal_letter
from records.comparing.padding import encode_padded
from records.errors import MalformedBytes
from records.notes import NoteSigner
from station.boards.figures import Figures, Kind
from station.boards.guests import Share, make_share
from station.stations import PoliceStation, Stations, write_stations
from station.store.figures import RAISED, add_of_act
from tests.records.comparing import world
from tests.records.comparing.bad_letters import make_bad_letters
from tests.records.comparing.guest import VENUE
from tests.station.small_station import AUDITOR, SUPERVISOR, SmallStation

MONTH, BEFORE = "2026-10", "2026-09"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStation]:
    small = SmallStation(tmp_path)
    yield small
    small.close()


def write(report: GuestsReport, sender: NoteSigner = world.OFFICE) -> bytes:
    content = encode_padded(report, CONTENT_BYTES, "guests")
    return seal_letter(
        LetterKind.GUESTS, Role.OFFICE, Role.STATION, content, box=world.STATION_BOX.public, key=sender.key
    )


def deliver(small: SmallStation, *letters: bytes) -> None:
    small.relay.letters = dict(enumerate(letters, 1))
    assert small.station.post.fetch(small.relay) == len(letters)
    assert small.relay.letters == {}


def raise_many(small: SmallStation, month: str, station: str, n: int) -> None:
    with small.station.store.writing() as connection:
        for _ in range(n):
            add_of_act(connection, month, station, (world.COURT, Act.INTENTIONAL_HOMICIDE), RAISED)


def read_file(small: SmallStation, query: str = "", name: str = AUDITOR) -> dict[tuple[str, str], str]:
    text = small.open_client(name).get(f"/boards.csv{query}").get_data().decode("utf-8-sig")
    return {(row["figure"], row["of"]): row["value"] for row in csv.DictReader(io.StringIO(text))}


def make(guests: int, alerts: int) -> Share:
    told = make_guests_report(MONTH, guests).compared
    counts = {(Kind.GUESTS,): told or 0, (Kind.OF_ACT, "Court", "act", RAISED): alerts}
    share = make_share(MONTH, Figures(Counter(counts)))
    assert share is not None
    return share


def test_share_of_a_month_is_on_the_board_and_in_its_file(tmp_path: Path, database: str) -> None:
    small = SmallStation(tmp_path, database=database)
    told = GuestsReport(MONTH, 12_000), GuestsReport(MONTH, 12_345), GuestsReport(BEFORE, None)
    deliver(small, *map(write, told))
    small.reopen()
    raise_many(small, MONTH, "station", 38)
    found = read_file(small)
    assert found["guests-compared-in-month", MONTH] == "12345", "the newest word stands"
    assert found["raised-in-month", MONTH] == "35"
    # 35 of 12,349 at least, 39 of 12,345 at most: what was, 38 of some 12,347, lies between.
    assert found["alerts-per-10000-guests-at-least", MONTH] == "28.3"
    assert found["alerts-per-10000-guests-at-most", MONTH] == "31.6"
    assert found["guests-compared-in-month", BEFORE] == "<1000"
    assert found["alerts-per-10000-guests-at-least", BEFORE] == ""
    page = small.open_client(AUDITOR).get("/boards").text
    assert "28.3 to 31.6" in page
    assert "fewer than 1000" in page
    small.close()


def test_page_says_that_nothing_was_told_yet(small: SmallStation) -> None:
    assert "has not told yet how many guests" in small.open_client(SUPERVISOR).get("/boards").text
    assert not any(figure.startswith(("guests", "alerts-per")) for figure, _ in read_file(small))


def test_station_by_itself_has_no_share_and_the_page_says_why(tmp_path: Path) -> None:
    riverside = PoliceStation("riverside", "河边所", "Riverside", frozenset({VENUE}))
    stations = Stations((riverside, PoliceStation("centre", "中心", "Centre")), "centre")
    write_stations(tmp_path / "stations.toml", stations)
    small = SmallStation(tmp_path, stations=tmp_path / "stations.toml")
    deliver(small, write(GuestsReport(MONTH, 20_000)))
    for station in ("riverside", "centre"):
        raise_many(small, MONTH, station, 10)
    assert read_file(small)["raised-in-month", MONTH] == "20"
    assert ("guests-compared-in-month", MONTH) not in read_file(small, "?station=riverside")
    page = small.open_client(AUDITOR).get("/boards?station=riverside").text
    assert "Only for the whole jurisdiction" in page
    assert "20000" not in page
    small.close()


@pytest.mark.parametrize(
    "letter",
    [
        write(GuestsReport(MONTH, 12_343)),
        write(GuestsReport(MONTH, FEWEST_GUESTS - 5)),
        write(GuestsReport("2026-11", 12_340)),
        write(GuestsReport("2026-12", 12_340)),
        write(GuestsReport("2025-10", 12_340)),
        write(GuestsReport("2026-10-01", 12_340)),
        write(GuestsReport(MONTH, 12_340), world.FIRST_JUDGE),
        write(GuestsReport(MONTH, 12_340), world.STATION),
    ],
    ids=["no step", "few", "goes on", "to come", "too old", "a day", "court's", "station's own"],
)
def test_letter_that_tells_too_much_or_is_not_the_offices_is_set_aside(small: SmallStation, letter: bytes) -> None:
    with structlog.testing.capture_logs() as logged:
        deliver(small, letter)
    assert [each["event"] for each in logged] == ["letter_refused"]
    assert not any(figure.startswith("guests") for figure, _ in read_file(small))


def test_letters_that_say_nothing_keep_no_other_back(small: SmallStation) -> None:
    box, office = world.STATION_BOX.public, world.OFFICE.key
    bad = make_bad_letters(LetterKind.GUESTS, Role.OFFICE, Role.STATION, box, office)
    with structlog.testing.capture_logs() as logged:
        deliver(small, *bad, write(GuestsReport(MONTH, 12_340)))
    assert [(each["kind"], each["sender"]) for each in logged] == [("GUESTS", "OFFICE")] * len(bad)
    assert read_file(small)["guests-compared-in-month", MONTH] == "12340"


def test_no_difference_of_two_reports_tells_a_single_guest() -> None:
    # Every report of up to so many guests: what is told is none of them, or a step.
    told = {make_guests_report(MONTH, exact).compared for exact in range(FEWEST_GUESTS + 300)}
    assert told == {None, *range(FEWEST_GUESTS, FEWEST_GUESTS + 300, 5)}
    for exact in (FEWEST_GUESTS, 12_345):
        assert len({make(exact + more, 23) for more in range(5)}) == 1
        assert len({make(exact, 20 + more) for more in range(5)}) == 1


@pytest.mark.parametrize(
    ("guests", "alerts", "is_told"),
    [(999, 40, False), (1000, 40, True), (50_000, 4, False), (50_000, 5, True), (50_000, 0, True), (0, 0, False)],
)
def test_share_is_told_only_where_neither_guests_nor_alerts_are_few(guests: int, alerts: int, is_told: bool) -> None:
    share = make(guests, alerts)
    assert (share.at_least is not None, share.at_most is not None) == (is_told, is_told)


def test_what_is_told_holds_the_true_share() -> None:
    for guests in range(1000, 1012):
        for alerts in (0, *range(5, 16)):
            share = make(guests, alerts)
            assert share.at_least is not None
            assert share.at_most is not None
            assert share.at_least <= 10_000 * alerts / guests <= share.at_most


def test_content_of_a_letter_is_read_as_it_was_written_and_nothing_else_is_written() -> None:
    report = make_guests_report(MONTH, 12_349)
    assert decode_guests(encode_guests(report)) == report == GuestsReport(MONTH, 12_345)
    for bad in (GuestsReport(MONTH, 7), GuestsReport(MONTH, -5), GuestsReport("October", None)):
        with pytest.raises(MalformedBytes):
            encode_guests(bad)
