"""The boards, for supervisors and auditors: a month of one station or of the district, on the page and as a file."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, abort, request
from flask.typing import ResponseReturnValue

from records.comparing.counts import FEWEST_GUESTS
from records.small_counts import FEWEST
from service.pages import current, shows
from service.pages.drawing import draw
from station.audit import StationAct
from station.boards.board import AGES_S, FEWEST_FOR_P90, Board, make_board, name_step
from station.boards.export import write_csv
from station.boards.figures import list_months, read_figures
from station.console.parts import ConsoleParts
from station.roles import BOARD_READERS, Role
from station.stations import PoliceStation
from station.store.outcomes import list_quiet_courts

DISTRICT = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which board an address asks for, and which there are for whoever asks."""

    month: str
    station: str  # a code, or DISTRICT
    months: tuple[str, ...]
    stations: tuple[PoliceStation, ...]  # none where there is one station alone
    is_now: bool  # whether this is the month that is not over


def add_boards(app: Flask, parts: ConsoleParts) -> None:
    """Add the boards to the application."""

    @shows(app, "/boards", roles=BOARD_READERS, look=StationAct.BOARD)
    def boards() -> ResponseReturnValue:
        wanted = _read_wanted(parts, first=_choose_first(parts))
        with parts.book.store.reading() as connection:
            quiet = list_quiet_courts(connection)
        return draw(
            "station/boards.html", wanted=wanted, board=_make_board(parts, wanted), quiet=quiet, fewest=FEWEST,
            fewest_guests=FEWEST_GUESTS,
            fewest_for_p90=FEWEST_FOR_P90, ages=AGES_S, name_step=name_step,
            chosen=parts.book.stations.find(wanted.station),
        )  # fmt: skip

    @shows(app, "/boards.csv", roles=BOARD_READERS, look=StationAct.EXPORT_BOARD)
    def boards_file() -> ResponseReturnValue:
        wanted = _read_wanted(parts)
        answer = Response(write_csv(_make_board(parts, wanted), wanted.station), content_type="text/csv; charset=utf-8")
        name = f"board-{wanted.station or 'district'}-{wanted.month}.csv"
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer


def _read_wanted(parts: ConsoleParts, first: str = DISTRICT) -> Wanted:
    """Return what the address asks for, the board `first` where it names none; 404 where this reader has no such board.

    Of the district, whoever does not supervise it sees months that are over. They know every alert of their own
    station: from a board that changes with each of those they would learn of others', one by one.
    """
    months, stations = tuple(list_months(parts.pages.clock())), _list_stations(parts)
    month, station = request.args.get("month", months[0]), request.args.get("station", first)
    if month not in months or station not in {DISTRICT, *(each.code for each in stations)}:
        abort(HTTPStatus.NOT_FOUND)
    now = months[0]
    if station == DISTRICT and not _sees_all(parts):
        months = months[1:]
        month = months[0] if month == now else month
    return Wanted(month, station, months, stations, month == now)


def _choose_first(parts: ConsoleParts) -> str:
    """Return the board that is shown first: one's own, of the month that goes on; to who sees all, the district's."""
    own = () if _sees_all(parts) else _list_stations(parts)
    return own[0].code if own else DISTRICT


def _list_stations(parts: ConsoleParts) -> tuple[PoliceStation, ...]:
    """Return the stations that have a board for whoever asks: their own; every one for whoever supervises or audits."""
    stations = parts.book.stations
    if not stations.are_several:
        return ()
    if _sees_all(parts):
        return stations.listed
    sight = parts.roster.find_sight(current().name)
    return tuple(each for each in stations.listed if sight is not None and each.code == sight.station)


def _sees_all(parts: ConsoleParts) -> bool:
    """Tell whether whoever asks audits, or works at the station that supervises the others."""
    sight = parts.roster.find_sight(current().name)
    return str(Role.AUDITOR) in current().roles or (sight is not None and sight.is_supervising)


def _make_board(parts: ConsoleParts, wanted: Wanted) -> Board:
    station = wanted.station or None
    with parts.book.store.reading() as connection:
        figures = read_figures(connection, wanted.month, station)
        trend = [(month, read_figures(connection, month, station)) for month in reversed(wanted.months)]
    rows = parts.book.list_open() if wanted.is_now else []
    chosen = [row for row in rows if station in (None, row.station)]
    return make_board(wanted.month, figures, trend, chosen, parts.pages.clock())
