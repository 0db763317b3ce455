"""What administrators do on a terminal's page: suspend, ask to lift, lift, revoke, and settle a security event."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from central.console.roles import TERMINALS
from central.console.scopes import current_scope
from central.console.table import load_terminal
from central.errors import ActRefused
from central.remote_settings import CHOICES, SettingsBook
from central.store import Store
from central.terminals import (
    EventFinding,
    Suspensions,
    account_for_gap,
    settle_event,
    suspend_terminal,
    withdraw_terminal,
)
from central.two_people import TwoPeople
from service.pages import PageParts, shows
from service.pages.access import current
from service.pages.drawing import draw

_MOST_EVENTS = 2**31  # what the database's column holds
_MOST_NUMBERS = 2**63
_Act = Callable[[str, bytes], None]


def make_suspensions(parts: PageParts, store: Store) -> Suspensions:
    """Return what lifts suspensions."""
    return Suspensions(store, parts.audit, TwoPeople(store), parts.clock)


def add_standing_pages(app: Flask, parts: PageParts, store: Store) -> None:
    """Add the acts to the console; each leads back to the terminal's page."""
    suspensions = make_suspensions(parts, store)

    def answer(act: _Act, terminal: str) -> ResponseReturnValue:
        number = bytes.fromhex(terminal)
        try:
            act(current().name, number)
        except ActRefused as refused:
            found = load_terminal(store, number, current_scope(), parts.clock())
            if found is None:
                abort(HTTPStatus.NOT_FOUND)
            asked = suspensions.find_request(number)
            # What refreshes itself is the page, not the act once more.
            return draw(
                "console/terminal.html", HTTPStatus.CONFLICT, page=found, asked=asked, problem=refused,
                live_address=url_for("terminal", terminal=terminal),
            )  # fmt: skip
        return redirect(url_for("terminal", terminal=terminal), HTTPStatus.SEE_OTHER)

    for name, act in _list_acts(parts, store, suspensions).items():
        _add_act(app, name, act, answer)


def _list_acts(parts: PageParts, store: Store, suspensions: Suspensions) -> dict[str, _Act]:
    def withdraw(by: str, terminal: bytes) -> None:
        if request.form.get("sure") != "yes":
            raise ActRefused("not_sure")
        if not withdraw_terminal(store, parts.audit, by, terminal):
            raise ActRefused("gone")

    def suspend(by: str, terminal: bytes) -> None:
        suspend_terminal(store, parts.audit, by, terminal)

    def settle(by: str, terminal: bytes) -> None:
        event, finding = request.form.get("event", 0, type=int), request.form.get("finding", "")
        if finding not in set(EventFinding) or not 0 < event < _MOST_EVENTS:
            raise ActRefused("no_finding")
        settle_event(store, parts.audit, by, terminal, event, EventFinding(finding), int(parts.clock().timestamp()))

    def settle_one_gap(by: str, terminal: bytes) -> None:
        generation, missing = (request.form.get(name, 0, type=int) for name in ("generation", "missing"))
        if not (0 < generation < _MOST_NUMBERS and 0 < missing < _MOST_NUMBERS):
            raise ActRefused("gone")
        account_for_gap(store, parts.audit, by, terminal, generation, missing, int(parts.clock().timestamp()))

    book = SettingsBook(store, parts.audit, parts.clock)

    def set_it(by: str, terminal: bytes) -> None:
        chosen = {name: request.form.get(name, "") for name in CHOICES}
        book.change(by, terminal, chosen, new_key=request.form.get("new_key") == "yes")

    return {
        "set_terminal": set_it,
        "suspend_terminal": suspend,
        "ask_to_lift_terminal": suspensions.ask_to_lift,
        "lift_terminal": suspensions.lift,
        "revoke_terminal": withdraw,
        "settle_event": settle,
        "settle_gap": settle_one_gap,
    }


def _add_act(app: Flask, name: str, act: _Act, answer: Callable[[_Act, str], ResponseReturnValue]) -> None:
    def view(terminal: str) -> ResponseReturnValue:
        return answer(act, terminal)

    view.__name__ = name
    path = f"/terminals/<id:terminal>/{name.removesuffix('_terminal').replace('_', '-')}"
    shows(app, path, roles=TERMINALS, look=None, methods=("POST",))(view)
