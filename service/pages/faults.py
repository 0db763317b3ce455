"""Errors as pages in words. Their texts and traces stay out of the log: they may quote what somebody typed."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from service.audit import AuditUnavailable
from service.pages.drawing import draw
from service.store import StoreError

log = structlog.get_logger()

# Statuses that have words of their own.
STATUSES_WITH_WORDS = frozenset({
    HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.MISDIRECTED_REQUEST,
    HTTPStatus.SERVICE_UNAVAILABLE,
})  # fmt: skip


def attach_faults(app: Flask) -> None:
    """Answer errors of `app` in words."""
    app.register_error_handler(HTTPException, _answer_refusal)
    app.register_error_handler(AuditUnavailable, _answer_outage)
    app.register_error_handler(StoreError, _answer_outage)
    app.register_error_handler(Exception, _answer_fault)


def _answer_refusal(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error.get_response()
    return _draw(error.code)


def _answer_outage(error: Exception) -> ResponseReturnValue:
    log.error("service_unavailable", error=type(error).__name__, endpoint=request.endpoint)
    return _draw(HTTPStatus.SERVICE_UNAVAILABLE)


def _answer_fault(error: Exception) -> ResponseReturnValue:
    log.error("request_failed", error=type(error).__name__, endpoint=request.endpoint)
    return _draw(HTTPStatus.INTERNAL_SERVER_ERROR)


def _draw(status: int) -> ResponseReturnValue:
    # What was asked for and does not exist is not quoted, not even as the way back after a change of language.
    more = {"can_return": False} if status < HTTPStatus.INTERNAL_SERVER_ERROR else {}
    return draw("pages/fault.html", status, key=f"fault.s{_choose_words(status)}", **more)


def _choose_words(status: int) -> int:
    if status in STATUSES_WITH_WORDS:
        return status
    return HTTPStatus.BAD_REQUEST if status < HTTPStatus.INTERNAL_SERVER_ERROR else HTTPStatus.INTERNAL_SERVER_ERROR
