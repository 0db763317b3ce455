"""Key renewal over HTTP (FORMAT.md, "Key renewal")."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from central.key_renewal import LEAST_APART_S, TooSoon, take_confirmation, take_renewal
from central.limits import STRANGERS, RefusalBudget
from central.parts import Clock, Parts
from central.tally import Tally
from records.errors import BadSignature, MalformedBytes
from records.receipt import RefusalReason, sign_refusal
from records.renewal import (
    CONFIRMATION_BYTES,
    CONTENT_TYPE,
    RENEWAL_BYTES,
    RENEWAL_PATH,
    open_renewal,
    parse_confirmation,
    sign_renewal_answer,
)

_LATER = {"Retry-After": str(LEAST_APART_S)}


def add_renewals(app: Flask, find_parts: Callable[[datetime], Parts], clock: Clock, tally: Tally) -> None:
    """Add the route to an application. Who gives the `tally` flushes it."""
    strangers = RefusalBudget()

    @app.post(RENEWAL_PATH)
    def renew_key() -> Response:
        now, data = clock(), _read_body()
        parts = find_parts(now)
        try:
            refusal = _take(parts, data, now)
        except (MalformedBytes, BadSignature):
            return Response(b'{"error":"This renews no key."}', 400, content_type="application/json")
        except TooSoon:
            return Response(status=429, headers=_LATER)
        if refusal is None:
            return Response(sign_renewal_answer(data, now, parts.receipt_key), content_type=CONTENT_TYPE)
        tally.add(f"refused key renewal: {refusal.name.lower()}", now)
        if not strangers.take(STRANGERS):
            return Response(status=429, headers=_LATER)
        answer = sign_refusal(hashlib.sha256(data).digest(), refusal, now, parts.receipt_key).data
        return Response(answer, content_type=CONTENT_TYPE)


def _take(parts: Parts, data: bytes, now: datetime) -> RefusalReason | None:
    if len(data) == CONFIRMATION_BYTES:
        return take_confirmation(parts.store, parts.audit, parse_confirmation(data), now)
    return take_renewal(parts.store, parts.audit, open_renewal(data), now)


def _read_body() -> bytes:
    # Two lengths only: whatever is longer is not read, and whatever did not arrive whole is none of the two.
    if request.content_length not in (RENEWAL_BYTES, CONFIRMATION_BYTES):
        return b""
    try:
        return request.get_data(cache=False)
    except HTTPException:
        return b""
