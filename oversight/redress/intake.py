"""Where the guest page leaves requests and asks for their state. It knows the page by a key, and keeps no addresses."""

from __future__ import annotations

import hmac
from http import HTTPStatus

import msgspec
import structlog
from flask import Flask, Response, abort, request
from werkzeug.exceptions import HTTPException

from oversight.redress.book import RequestBook
from oversight.redress.errors import AnotherText, NoRoom, NotReadable
from oversight.redress.wire import RECEIVE_PATH, STATES_PATH, Standing, StatesQuestion, describe_standing
from records.errors import MalformedBytes
from records.requests import SEALED_BYTES, SealedRequest

log = structlog.get_logger()


def make_intake(book: RequestBook, key: str) -> Flask:
    """Make the intake's application. `key` is what the page shows as its bearer token."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = SEALED_BYTES
    app.url_map.merge_slashes = False
    _add_routes(app, book)
    wanted = f"Bearer {key}".encode()

    def admit() -> None:
        # Before anything else, and for every address: who has no key learns not even what there is.
        shown = request.headers.get("Authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(shown, wanted):
            abort(HTTPStatus.FORBIDDEN)

    app.before_request(admit)
    app.register_error_handler(HTTPException, _answer_error)
    app.register_error_handler(Exception, _answer_fault)
    return app


def _add_routes(app: Flask, book: RequestBook) -> None:
    @app.post(RECEIVE_PATH)
    def receive() -> Response:
        try:
            row = book.receive(SealedRequest.from_bytes(request.get_data()))
        except MalformedBytes:
            abort(HTTPStatus.BAD_REQUEST)
        except AnotherText:
            abort(HTTPStatus.CONFLICT)
        except (NoRoom, NotReadable) as problem:
            log.error("request_refused", reason=problem.code)
            abort(HTTPStatus.SERVICE_UNAVAILABLE)
        # Only now, after the commit: what is said to be received is on the disk.
        return _answer(describe_standing(row))

    @app.post(STATES_PATH)
    def tell_states() -> Response:
        try:
            ids = msgspec.json.decode(request.get_data(), type=StatesQuestion).read_ids()
        except (msgspec.MsgspecError, ValueError):
            abort(HTTPStatus.BAD_REQUEST)
        return _answer([_describe(book, each) for each in ids])


def _describe(book: RequestBook, request_id: bytes) -> Standing | None:
    row = book.find(request_id)
    return None if row is None else describe_standing(row, book.find_sealed_answer(row))


def _answer(value: object, status: int = HTTPStatus.OK) -> Response:
    return Response(msgspec.json.encode(value), status, mimetype="application/json")


def _answer_error(error: HTTPException) -> Response:
    return _answer({"error": error.name}, error.code or HTTPStatus.INTERNAL_SERVER_ERROR)


def _answer_fault(error: Exception) -> Response:
    log.error("intake_failed", error=type(error).__name__)  # the class alone: its text may quote what it saw
    return _answer({"error": "Internal Server Error"}, HTTPStatus.INTERNAL_SERVER_ERROR)
