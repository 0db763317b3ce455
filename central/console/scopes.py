"""Who sees which part of the service. Asked here before any view runs; a route that is not on the list answers 403."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus

from flask import Flask, abort, g, request

from central.store import Connection, Store
from central.store.areas import Scope, is_area_within, is_venue_within, load_scope
from central.store.enrolments import load_enrolment
from central.store.terminals import load_terminals
from central.store.venues import load_move
from service.pages.access import current, find_current


class Reach(StrEnum):
    """What of the service a route shows."""

    NOTHING = "nothing"  # nothing of any place
    WITHIN = "within"  # what lies in the own area: what the address names is looked at here, lists by the scope
    WHOLE = "whole"  # what cannot be told apart by area: for whoever sees the whole


REACHES: dict[str, Reach] = {
    "overview": Reach.WITHIN,
    "terminals": Reach.WITHIN,
    "terminal": Reach.WITHIN,
    "audit_log": Reach.WHOLE,
    "health": Reach.NOTHING,
    "venues": Reach.WITHIN,
    "venue": Reach.WITHIN,
    "new_venue": Reach.WITHIN,
    "change_venue": Reach.WITHIN,
    "close_venue": Reach.WITHIN,
    "reopen_venue": Reach.WITHIN,
    "hand_overs": Reach.WITHIN,
    "propose_move": Reach.WITHIN,
    "accept_move": Reach.WITHIN,
    "drop_move": Reach.WITHIN,
    "export_venues": Reach.WITHIN,
    "import_venues": Reach.WITHIN,
    "take_import": Reach.WITHIN,
    "venue_template": Reach.NOTHING,
    "venue_map": Reach.WITHIN,
    "areas": Reach.WITHIN,
    "add_area": Reach.WITHIN,
    "rename_area": Reach.WITHIN,
    "remove_area": Reach.WITHIN,
    "accounts": Reach.WITHIN,
    "add_account": Reach.WITHIN,
    "person": Reach.WITHIN,
    "give_role": Reach.WITHIN,
    "take_role": Reach.WITHIN,
    "set_area": Reach.WITHIN,
    "disable_account": Reach.WITHIN,
    "enable_account": Reach.WITHIN,
    "reset_account": Reach.WITHIN,
    "confirm_grant": Reach.WITHIN,
    "drop_grant": Reach.WITHIN,
    "enrolments": Reach.WITHIN,
    "enrolment": Reach.WITHIN,
    "new_enrolment": Reach.WITHIN,
    "approve_enrolment": Reach.WITHIN,
    "refuse_enrolment": Reach.WITHIN,
    "suspend_terminal": Reach.WITHIN,
    "ask_to_lift_terminal": Reach.WITHIN,
    "lift_terminal": Reach.WITHIN,
    "revoke_terminal": Reach.WITHIN,
    "settle_event": Reach.WITHIN,
    "settle_gap": Reach.WITHIN,
    "set_terminal": Reach.WITHIN,
    "notices": Reach.WITHIN,
    "send_notice": Reach.WITHIN,
    "releases": Reach.WHOLE,
    "open_release": Reach.WHOLE,
    "withdraw_release": Reach.WHOLE,
    "retention": Reach.NOTHING,  # days and keys of the whole, and nobody's house
    "report": Reach.NOTHING,  # totals over all houses, the same for everybody
    "report_file": Reach.NOTHING,
    "public_report": Reach.NOTHING,
    "public_report_file": Reach.NOTHING,
}
# The pages' own: sign-in, own account, files.
_OWN = frozenset({"static", "own"})


def attach_scopes(app: Flask, store: Store) -> None:
    """Refuse what lies outside the area of whoever asks, as if it were not there."""

    def check() -> None:
        endpoint = request.endpoint
        if endpoint is None or endpoint in _OWN or endpoint.startswith("pages."):
            return
        reach = REACHES.get(endpoint)
        if reach is Reach.NOTHING:
            return
        if reach is None or find_current() is None:
            abort(HTTPStatus.FORBIDDEN)
        with store.reading() as connection:
            g.scope = load_scope(connection, current().name)
            if g.scope.area is None or (reach is Reach.WHOLE and not g.scope.is_whole):
                abort(HTTPStatus.FORBIDDEN)
            if not all(_is_within(connection, g.scope, *each) for each in (request.view_args or {}).items()):
                abort(HTTPStatus.NOT_FOUND)

    app.before_request(check)


def current_scope() -> Scope:
    """Return what whoever asks may see; nothing where nobody has looked."""
    scope: Scope = g.get("scope", Scope())
    return scope


def _is_within(connection: Connection, scope: Scope, name: str, value: str) -> bool:
    """Tell whether what an address names is within a scope; a name that nobody knows is within none."""
    match name:
        case "venue":
            return is_venue_within(connection, scope, bytes.fromhex(value))
        case "terminal":
            terminal = load_terminals(connection, [bytes.fromhex(value)]).get(bytes.fromhex(value))
            return terminal is not None and is_venue_within(connection, scope, terminal.venue)
        case "area":
            return is_area_within(connection, scope, bytes.fromhex(value))
        case "moving":
            move = load_move(connection, bytes.fromhex(value))
            return move is not None and (
                is_area_within(connection, scope, move.station) or is_venue_within(connection, scope, move.venue)
            )
        case "account":
            area = load_scope(connection, value).area
            return scope.is_whole or (area is not None and is_area_within(connection, scope, area))
        case "enrolment":
            enrolment = load_enrolment(connection, bytes.fromhex(value))
            return enrolment is not None and is_venue_within(connection, scope, enrolment.venue)
        case "version":
            return True  # of the program; only whoever sees the whole comes here
        case "draft" | "proposal":
            return True  # belongs to an account, or to somebody's: `VenueImport` and `People` look
    return False
