"""Giving a terminal its house share: to itself alone, and only while it is neither suspended nor revoked.

No cache stands between a revocation and the next request: its standing is read in the transaction that answers.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from central.parts import Clock, Parts
from central.store import Connection
from central.store.house_shares import take_share, was_asked
from central.store.terminal_keys import load_coming
from central.store.terminals import Terminal, load_senders, lock_terminals
from central.tally import Tally
from records.errors import BadSignature, MalformedBytes
from records.house_share import (
    CONTENT_TYPE,
    HOUSE_SHARE_PATH,
    REQUEST_BYTES,
    SHARE_BYTES,
    TOLERANCE_S,
    SignedShareRequest,
    parse_share_request,
    seal_share,
    verify_share_request,
)
from records.receipt import RefusalReason, sign_refusal


def answer_share_request(parts: Parts, data: bytes, now: datetime, tally: Tally) -> bytes:
    """Return the signed answer to a request: the sealed share or a refusal. `now` is aware.

    Raises: MalformedBytes, for which there is no signed answer; StoreError.
    """
    signed = parse_share_request(data)
    found = _find_share(parts, signed, now, tally)
    if isinstance(found, bytes):
        return seal_share(found, signed, now, parts.receipt_key)
    if found is RefusalReason.TERMINAL_REVOKED:
        # The terminal's own key signed it: somebody has switched on a machine that was taken out of use.
        structlog.get_logger().warning("revoked terminal asks for its share", terminal=signed.request.terminal.hex())
    return sign_refusal(signed.digest, found, now, parts.receipt_key).data


def add_shares(app: Flask, find_parts: Callable[[datetime], Parts], clock: Clock, tally: Tally) -> None:
    """Add the route to an application. Who gives the `tally` flushes it."""

    @app.post(HOUSE_SHARE_PATH)
    def give_share() -> Response:
        try:
            now = clock()
            answer = answer_share_request(find_parts(now), _read_body(), now, tally)
        except MalformedBytes:
            body = b'{"error":"This is not a request for a house share."}'
            return Response(body, 400, content_type="application/json")
        return Response(answer, content_type=CONTENT_TYPE)


def _find_share(parts: Parts, signed: SignedShareRequest, now: datetime, tally: Tally) -> bytes | RefusalReason:
    terminal_id = signed.request.terminal
    with parts.store.reading() as connection:
        terminal = load_senders(connection, [terminal_id]).get(terminal_id)
        # Strangers end here, before anything is written or locked.
        if terminal is None:
            return RefusalReason.UNKNOWN_TERMINAL
        if not _is_signed_by(signed, terminal):
            return RefusalReason.BAD_SIGNATURE
        # And so does what a terminal, or whoever recorded it, sends again and again.
        refusal = _find_refusal(connection, terminal, signed, now)
    if refusal is None:
        with parts.store.writing() as connection:
            found = _judge(connection, signed, now)
        if isinstance(found, bytes):
            return found
        refusal = found
    tally.add(f"refused house share: {refusal.name.lower()}", now)
    return refusal


def _judge(connection: Connection, signed: SignedShareRequest, now: datetime) -> bytes | RefusalReason:
    request = signed.request
    # Locked until the commit: a revocation comes before this answer or after it.
    terminal = lock_terminals(connection, [request.terminal])[request.terminal]
    terminal = replace(terminal, coming=load_coming(connection, [request.terminal]).get(request.terminal))
    if not _is_signed_by(signed, terminal):
        return RefusalReason.BAD_SIGNATURE  # it was given another key in between
    if refusal := _find_refusal(connection, terminal, signed, now):
        return refusal
    return take_share(connection, request.terminal, os.urandom(SHARE_BYTES), int(request.sent_at.timestamp()))


def _find_refusal(
    connection: Connection, terminal: Terminal, signed: SignedShareRequest, now: datetime
) -> RefusalReason | None:
    if terminal.state.refusal is not None:
        return terminal.state.refusal
    sent_at = signed.request.sent_at
    is_off = abs((sent_at - now).total_seconds()) > TOLERANCE_S
    return RefusalReason.WRONG_TIME if is_off or was_asked(connection, terminal.id, int(sent_at.timestamp())) else None


def _is_signed_by(signed: SignedShareRequest, terminal: Terminal) -> bool:
    key = terminal.find_key(signed.request.terminal_key)
    if key is None:
        return False
    try:
        verify_share_request(signed, key)
    except BadSignature:
        return False
    return True


def _read_body() -> bytes:
    # One length only: whatever is longer is not read, and whatever did not arrive whole is no request.
    if request.content_length != REQUEST_BYTES:
        return b""
    try:
        return request.get_data(cache=False)
    except HTTPException:
        return b""
