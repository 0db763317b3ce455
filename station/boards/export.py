"""A board as CSV: the same figures as on the page, hidden and rounded in the same way, and nothing besides."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from records.comparing.counts import FEWEST_GUESTS
from records.small_counts import write_count
from station.boards.board import AGES_S, Board, Precision, name_step
from station.boards.guests import Share

_HEAD = ("figure", "of", "in", "value")
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(board: Board, station: str) -> bytes:
    """Return the file, UTF-8 with the mark that spreadsheets look for. `station` is a code, or "" for the district."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("month", "station", *_HEAD))
    for row in _list_rows(board):
        writer.writerow([_defuse(each) for each in (board.month, station or "district", *row)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _list_rows(board: Board) -> Iterator[tuple[str, str, str, str]]:
    for each in board.ended:
        yield "ended", each.name, "", write_count(each.n)
    for one in board.precision:
        yield "judged", one.court, one.verdict, write_count(one.judged)
        yield "right-percent", one.court, one.verdict, _say_percent(one)
    for times in board.times:
        for number, n in enumerate(times.steps):
            yield "time", times.kind, _name_step(number), write_count(n)
        yield "time-median", times.kind, "", "" if times.median is None else _name_step(times.median)
        yield "time-p90", times.kind, "", "" if times.p90 is None else _name_step(times.p90)
    for state in board.open:
        for age, n in zip((*(f"<{end} s" for end in AGES_S), f">={AGES_S[-1]} s"), state.ages, strict=True):
            yield "open-now", state.state, age, write_count(n)
    for month in board.trend:
        yield "ended-in-month", month.name, "", write_count(month.n)
    for share in board.shares:
        yield "guests-compared-in-month", share.month, "", _say_guests(share)
        yield "raised-in-month", share.month, "", write_count(share.alerts)
        yield "alerts-per-10000-guests-at-least", share.month, "", _say_share(share.at_least)
        yield "alerts-per-10000-guests-at-most", share.month, "", _say_share(share.at_most)


def _say_percent(one: Precision) -> str:
    return "" if one.right_percent is None else str(one.right_percent)


def _say_guests(share: Share) -> str:
    return f"<{FEWEST_GUESTS}" if share.guests is None else str(share.guests)


def _say_share(per: float | None) -> str:
    return "" if per is None else f"{per:.1f}"


def _name_step(number: int) -> str:
    seconds, is_beyond = name_step(number)
    return f">{seconds} s" if is_beyond else f"<={seconds} s"


def _defuse(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
