"""Enrolment over HTTP (FORMAT.md, "Enrolment"): a new terminal proves its code, and asks how far it has come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from central.enrolment import take_request
from central.limits import STRANGERS, RefusalBudget
from central.parts import Clock, Parts
from central.tally import Tally
from records.enrolment import (
    CONTENT_TYPE,
    ENROLMENT_PATH,
    REQUEST_BYTES,
    EnrolmentAnswer,
    EnrolmentStatus,
    HouseDetails,
    parse_enrolment_request,
    sign_enrolment_answer,
    verify_enrolment_request,
)
from records.errors import BadSignature, MalformedBytes
from records.suite import ID_BYTES

_WAIT_S = 30
# What somebody should know of; the rest is told to whoever stands at the terminal.
_COUNTED = frozenset({EnrolmentStatus.UNKNOWN_CODE, EnrolmentStatus.CODE_USED, EnrolmentStatus.WRONG_ROOT})


def add_enrolment(app: Flask, find_parts: Callable[[datetime], Parts], clock: Clock, tally: Tally) -> None:
    """Add the route to an application. Who gives the `tally` flushes it."""
    # Codes cannot be guessed; whoever tries all the same does not make this process sign without end.
    strangers = RefusalBudget()

    @app.post(ENROLMENT_PATH)
    def take_enrolment() -> Response:
        now = clock()
        try:
            answer = answer_enrolment(find_parts(now), _read_body(), now)
        except (MalformedBytes, BadSignature):
            # One answer for whatever was not made by somebody who has a code of the right form.
            body = b'{"error":"This is not a request for enrolment."}'
            return Response(body, HTTPStatus.BAD_REQUEST, content_type="application/json")
        status, data = answer
        if status in _COUNTED:
            tally.add(f"refused enrolment: {status.name.lower()}", now)
        if status is EnrolmentStatus.UNKNOWN_CODE and not strangers.take(STRANGERS):
            return Response(status=HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(_WAIT_S)})
        return Response(data, content_type=CONTENT_TYPE)


def answer_enrolment(parts: Parts, data: bytes, now: datetime) -> tuple[EnrolmentStatus, bytes]:
    """Return the signed answer to a request, and what it says. `now` is aware.

    Raises: MalformedBytes, BadSignature, for which there is no signed answer; AuditUnavailable, StoreError.
    """
    signed = parse_enrolment_request(data)
    verify_enrolment_request(signed)
    status, house = take_request(parts.store, parts.audit, parts.root, signed, now)
    venue, details = (house.venue, house.details) if house else (bytes(ID_BYTES), HouseDetails())
    answer = EnrolmentAnswer(signed.digest, status, now, venue, details)
    return status, sign_enrolment_answer(answer, parts.receipt_key)


def _read_body() -> bytes:
    # One length only: whatever is longer is not read, and whatever did not arrive whole is no request.
    if request.content_length != REQUEST_BYTES:
        return b""
    try:
        return request.get_data(cache=False)
    except HTTPException:
        return b""
