"""Handing over at the end of a shift, signed by both: each with password and second factor, for the alerts shown.

Offering, taking and refusing stand in the audit log, alert by alert, and with what each of the two signed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

from flask import Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.accounts import AccountsError
from service.pages import current, shows
from service.pages.cookies import Cookies
from service.pages.drawing import draw
from service.pages.holder import confirm_holder, make_steps, read_proof
from service.pages.parts import PageParts
from station.alerts.handing import end_offer, list_held, list_offered, offer, take_offered
from station.alerts.signing import name_half
from station.audit import StationAct
from station.console.colleagues import list_colleagues
from station.console.parts import ConsoleParts
from station.console.shown import ListedAlert
from station.errors import NobodyThere, NothingOffered, SecondOfficerNeeded, StationError
from station.roles import OFFICERS
from station.stations import Sight
from station.store.alerts import AlertRow
from station.store.ties import load_ties


def add_handing(app: Flask, parts: ConsoleParts) -> None:
    """Add the page of the hand-over and its acts."""

    @shows(app, "/hand-over", roles=OFFICERS, look=None)
    def hand_over() -> ResponseReturnValue:
        return _draw(parts)

    @shows(app, "/hand-over/offer", roles=OFFICERS, look=None, methods=("POST",))
    def offer_alerts() -> ResponseReturnValue:
        return _act(parts, lambda: _offer(parts, current().name, request.form.get("to", "")))

    @shows(app, "/hand-over/end", roles=OFFICERS, look=None, methods=("POST",))
    def end_offers() -> ResponseReturnValue:
        return _act(parts, lambda: _end(parts, current().name, request.form.get("from", "")))

    @shows(app, "/hand-over/take", roles=OFFICERS, look=None, methods=("POST",))
    def take_alerts() -> ResponseReturnValue:
        return _act(parts, lambda: _take(parts, current().name, request.form.get("from", "")))


def _offer(parts: ConsoleParts, officer: str, to: str) -> None:
    if to not in list_colleagues(parts, officer):
        raise NobodyThere
    _require_two(parts, officer, to)
    found = _list_signed(list_held(parts.book, officer))
    with_what = _sign(parts.pages, officer)
    for row in _list_still(found, list_held(parts.book, officer)):
        parts.pages.audit.write(officer, StationAct.OFFER, name_half(row.id.hex(), to, with_what))
        offer(parts.book, row, officer, to)


def _end(parts: ConsoleParts, officer: str, offered_by: str) -> None:
    """Take one's own offers back, or refuse those of a colleague."""
    for row in list_held(parts.book, offered_by or officer):
        if row.offered_to and officer in (row.holder, row.offered_to):
            parts.pages.audit.write(officer, StationAct.END_OFFER, f"{row.id.hex()} {row.offered_to}")
            end_offer(parts.book, row, officer)


def _take(parts: ConsoleParts, officer: str, offered_by: str) -> None:
    sight = parts.roster.find_sight(officer)
    offered = [row for row in _list_seen(sight, list_offered(parts.book, officer)) if row.holder == offered_by]
    found = _list_signed(offered)
    _require_two(parts, offered_by, officer)
    with_what = _sign(parts.pages, officer)
    taken = 0
    for row in _list_still(found, list_offered(parts.book, officer)):
        parts.pages.audit.write(officer, StationAct.HAND_OVER, name_half(row.id.hex(), offered_by, with_what))
        with suppress(NothingOffered):  # one that has ended meanwhile holds up no other that was signed for
            take_offered(parts.book, row, officer)
            taken += 1
    if not taken:
        raise NothingOffered


def _require_two(parts: ConsoleParts, one: str, other: str) -> None:
    """Refuse where one of the two made or reset the other's account: both halves could be one person's."""
    with parts.book.store.reading() as connection:
        if not load_ties(connection, other).is_apart(one):
            raise SecondOfficerNeeded


def _list_signed(rows: list[AlertRow]) -> list[AlertRow]:
    """Return those of the alerts that the form shows: nobody signs for what came since. Raises: NothingOffered."""
    shown = frozenset(request.form.getlist("alert"))
    found = [row for row in rows if row.id.hex() in shown]
    if not found:
        raise NothingOffered
    return found


def _list_still(signed: list[AlertRow], now: list[AlertRow]) -> list[AlertRow]:
    """Return, as they are now, those that are still what was signed for: a signature takes a second, or a touch."""
    holders = {row.id: row.holder for row in signed}
    return [row for row in now if holders.get(row.id) == row.holder]


def _sign(parts: PageParts, officer: str) -> str:
    """Make sure that the officer signs, not who found the browser open; return with what. Raises: AccountsError."""
    cookies = Cookies(parts.name, parts.is_https)
    factor = confirm_holder(parts, make_steps(parts), cookies, officer, read_proof())
    assert factor is not None  # noqa: S101 - a proof was asked for
    return factor.value


def _act(parts: ConsoleParts, act: Callable[[], None]) -> ResponseReturnValue:
    try:
        act()
    except (StationError, AccountsError) as problem:
        return _draw(parts, problem)
    if "HX-Request" in request.headers:
        return _draw(parts)
    return redirect(url_for("hand_over"), HTTPStatus.SEE_OTHER)


def _draw(parts: ConsoleParts, problem: StationError | AccountsError | None = None) -> ResponseReturnValue:
    officer = current().name
    offers: dict[str, list[ListedAlert]] = {}
    for row in _list_seen(parts.roster.find_sight(officer), list_offered(parts.book, officer)):
        offers.setdefault(row.holder, []).append(ListedAlert(row))
    is_part = request.headers.get("HX-Target") == "detail"
    return draw(
        f"station/{'hand_over_part' if is_part else 'hand_over'}.html",
        HTTPStatus.OK if problem is None or is_part else HTTPStatus.CONFLICT,
        held=[ListedAlert(row) for row in list_held(parts.book, officer)],
        offers=offers,
        colleagues=list_colleagues(parts, officer),
        has_keys=make_steps(parts.pages).relying is not None and current().keys > 0,
        problem=problem,
        is_stations_own=isinstance(problem, StationError),
    )


def _list_seen(sight: Sight | None, rows: list[AlertRow]) -> list[AlertRow]:
    return [] if sight is None else sight.choose(rows)
