"""Heartbeats over HTTP (FORMAT.md, "Heartbeat"). Every answer tells central's time; none of it is signed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from central.fleet.heartbeats import LEAST_APART_S, BeatOutcome, HeartbeatBook
from central.fleet.notices import NoticePost
from central.parts import Clock, Parts
from central.remote_settings import find_note
from records.heartbeat import (
    HEARTBEAT_LENGTHS,
    HEARTBEAT_PATH,
    HeartbeatReply,
    encode_heartbeat_reply,
    parse_heartbeat,
)
from records.remote_settings import SETTINGS_PATH

_ID = re.compile("[0-9a-f]{32}")
_ANSWERS: dict[BeatOutcome, tuple[int, str]] = {
    BeatOutcome.TAKEN: (200, ""),
    BeatOutcome.REPEATED: (200, ""),
    BeatOutcome.TOO_SOON: (429, "One heartbeat a minute is enough."),
    BeatOutcome.MALFORMED: (400, "This is not a heartbeat."),
    BeatOutcome.UNKNOWN_TERMINAL: (403, "This terminal is not known here."),
    BeatOutcome.TERMINAL_REVOKED: (403, "This terminal is revoked."),
    BeatOutcome.TERMINAL_SUSPENDED: (403, "This terminal is suspended."),
    BeatOutcome.BAD_SIGNATURE: (403, "The signature is not this terminal's."),
    BeatOutcome.WRONG_TIME: (409, "The terminal's clock is more than ten minutes off. Please set it."),
    BeatOutcome.FULL: (503, "No more heartbeats can be kept at the moment."),
}


def add_heartbeats(
    app: Flask,
    book: HeartbeatBook,
    clock: Clock,
    *,
    notices: NoticePost | None = None,
    on_outcome: Callable[[BeatOutcome], None] = lambda _: None,
) -> None:
    """Add the route to an application."""

    @app.post(HEARTBEAT_PATH)
    def take_heartbeat() -> Response:
        now = clock()
        body = _read_body()
        outcome = book.take(body, now)
        on_outcome(outcome)
        status, error = _ANSWERS[outcome]
        # Only the terminal itself gets them: its signature was verified just now.
        settings = 0
        post: tuple[str, ...] = ()
        if outcome is BeatOutcome.TAKEN:
            beat = parse_heartbeat(body).heartbeat
            settings = book.find_waiting_settings(beat.terminal)
            post = notices.find(beat, now) if notices is not None else ()
        reply = encode_heartbeat_reply(HeartbeatReply(int(now.timestamp()), error, settings, post))
        waits = {"Retry-After": str(LEAST_APART_S)} if status == HTTPStatus.TOO_MANY_REQUESTS else {}
        return Response(reply, status, headers=waits, content_type="application/json")


def add_settings_route(app: Flask, find_parts: Callable[[datetime], Parts], clock: Clock) -> None:
    """Add the route by which a terminal gets its remote settings: signed, and no secret."""

    @app.get(f"{SETTINGS_PATH}<terminal>")
    def give_settings(terminal: str) -> Response:
        note = find_note(find_parts(clock()), bytes.fromhex(terminal)) if _ID.fullmatch(terminal) else None
        if note is None:
            return Response(b'{"error":"Not Found."}', 404, content_type="application/json")
        return Response(note, content_type="text/plain; charset=utf-8")


def _read_body() -> bytes:
    # Two lengths only: whatever is longer is not read, and whatever did not arrive whole is no heartbeat.
    if request.content_length not in HEARTBEAT_LENGTHS:
        return b""
    try:
        return request.get_data(cache=False)
    except HTTPException:
        return b""
