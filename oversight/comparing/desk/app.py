"""The desk over HTTP: state for everybody, evaluation for the relay, the list for the office. Loopback only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

import msgspec
from flask import Flask, Response, abort, request

from oversight.comparing.desk.desk import BATCH_BYTES, Desk, Refused, Status
from records.comparing.annex import Annex
from records.comparing.desk_memory import Remembered
from records.comparing.requests import HEADER, check_request
from records.errors import RecordsError
from records.suite import VerifyKey

STATE_PATH, EVALUATE_PATH, LIST_PATH = "/v1/state", "/v1/evaluate", "/v1/list"
OFFICE, RELAY = "office", "relay"
# 200 decisions of 3 KiB, each character at worst written as six.
MAX_LIST_BYTES = 4 * 1024 * 1024
# What browsers send and no party of ours does: a page that is open on this machine must not reach the desk.
_OF_BROWSERS = ("Origin", "Sec-Fetch-Site", "Referer")


class _State(msgspec.Struct, frozen=True, omit_defaults=True):
    permit: str
    stop: str
    mark: str = ""  # for the relay to remember, and for nobody else


class _Evaluated(msgspec.Struct, frozen=True):
    leaf: str
    outputs: tuple[bytes, ...]


def make_app(desk: Desk, annex: Annex, relay_key: VerifyKey, clock: Callable[[], datetime]) -> Flask:
    """Return the application. It keeps no cookie, no session and no log of requests.

    It evaluates for the relay alone; the office could otherwise try numbers against the tags that it sees.
    """
    app = Flask("oversight.comparing.desk", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_LIST_BYTES

    @app.before_request
    def refuse_browsers() -> None:
        if any(name in request.headers for name in _OF_BROWSERS):
            abort(HTTPStatus.FORBIDDEN)

    @app.errorhandler(Refused)
    def tell_refusal(error: Refused) -> Response:
        return Response(status=int(error.status))

    @app.get(STATE_PATH)
    def state() -> Response:
        mark = _tell_mark(desk, relay_key, clock()) if request.query_string else ""
        permit, stop = desk.read_state()
        return _json(_State(permit, stop, mark))

    @app.post(EVALUATE_PATH)
    def evaluate() -> Response:
        # Nothing that says which terminal asks is read here, nor looked at by the relay when it passes it on.
        if (request.content_length or 0) != BATCH_BYTES:
            abort(HTTPStatus.BAD_REQUEST)
        _require(desk, RELAY, relay_key, clock())
        if request.query_string and not desk.hear_relay(_read_query(request.query_string)):
            raise Refused(Status.NO_PERMIT)
        return Response(desk.evaluate(request.get_data()), mimetype="application/octet-stream")

    @app.post(LIST_PATH)
    def evaluate_list() -> Response:
        body = request.get_data()
        _require(desk, OFFICE, annex.office_key.key, clock())
        try:
            notes = msgspec.json.decode(body, type=list[str])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            abort(HTTPStatus.BAD_REQUEST)
        found = desk.evaluate_decisions(notes)
        return _json([_Evaluated(each.leaf.hex(), each.outputs) for each in found])

    return app


def _require(desk: Desk, party: str, key: VerifyKey, now: datetime) -> None:
    """Refuse and count a question that this party has not signed."""

    def find_keys(named: str) -> list[VerifyKey]:
        return [key] if named == party else []

    target = request.path + ("?" + request.query_string.decode("latin-1") if request.query_string else "")
    try:
        check_request(request.headers.get(HEADER, ""), request.method, target, request.get_data(), now, find_keys)
    except RecordsError:
        desk.count_stranger()
        abort(HTTPStatus.FORBIDDEN)


def _tell_mark(desk: Desk, relay_key: VerifyKey, now: datetime) -> str:
    """Hear what the relay remembers, and tell it the newest mark.

    It goes on from what the desk has just known for its own: a book that was put back cannot overtake it.
    """
    _require(desk, RELAY, relay_key, now)
    desk.hear_relay(_read_query(request.query_string))
    return desk.read_mark().to_text()


def _read_query(query: bytes) -> Remembered:
    try:
        return Remembered.from_query(query.decode("latin-1"))
    except RecordsError:
        abort(HTTPStatus.BAD_REQUEST)


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), mimetype="application/json", headers={"Cache-Control": "no-store"})
