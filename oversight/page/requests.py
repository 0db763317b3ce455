"""Guests' requests on the page: sealed once more on receipt, and passed on. Nothing of them stays here."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import msgspec
import structlog
from flask import Flask, Response, abort, request

from oversight.page.bucket import TokenBucket
from oversight.redress.errors import AnotherText, OfficeUnreachable
from oversight.redress.link import Office
from oversight.redress.wire import StatesQuestion
from records.errors import MalformedBytes
from records.privacy_key import PrivacyKeyNote
from records.requests import PostedRequest, seal_request

# For everybody together: requests are rare, and each takes one of the office's few thousand places.
RATE_PER_S = 0.1
BURST = 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RequestDesk:
    """What passes requests on: the privacy officer's key, and the line to the office."""

    key: PrivacyKeyNote
    note: str  # the signed note of the key, for anybody to check
    office: Office
    bucket: TokenBucket  # of what is left here, not of questions


def add_requests(app: Flask, desk: RequestDesk, questions: TokenBucket) -> None:
    """Add the routes of requests. `questions` limits how often states are asked for."""

    @app.get("/privacy-key.note")
    def show_privacy_key() -> Response:
        return Response(desk.note, mimetype="text/plain")

    _add_leaving(app, desk)

    @app.post("/requests/states")
    def tell_states() -> Response:
        if not questions.take():
            abort(HTTPStatus.TOO_MANY_REQUESTS)
        try:
            ids = msgspec.json.decode(request.get_data(), type=StatesQuestion).read_ids()
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
            abort(HTTPStatus.BAD_REQUEST)
        try:
            return _answer(desk.office.ask_states(ids))
        except OfficeUnreachable:
            log.warning("office_unreachable")
            abort(HTTPStatus.BAD_GATEWAY)


def _add_leaving(app: Flask, desk: RequestDesk) -> None:
    @app.post("/requests")
    def leave_request() -> Response:
        try:
            posted = PostedRequest.from_bytes(request.get_data())
        except MalformedBytes:
            abort(HTTPStatus.BAD_REQUEST)
        if not desk.bucket.take():
            abort(HTTPStatus.TOO_MANY_REQUESTS)
        try:
            standing = desk.office.receive(seal_request(posted, desk.key.key))
        except AnotherText:
            abort(HTTPStatus.CONFLICT)
        except OfficeUnreachable:
            log.warning("office_unreachable")
            abort(HTTPStatus.BAD_GATEWAY)
        return _answer(standing)


def _answer(value: object) -> Response:
    return Response(msgspec.json.encode(value), mimetype="application/json")
