"""The page of a terminal's notices: what was sent and read, and one form for each kind there is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus

from flask import Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue

from central.audit import Look
from central.console.roles import TERMINALS
from central.errors import ActRefused
from central.notices import MOST_UNREAD, NoticeDesk, NoticeDraft
from central.store import Store
from records.service_notice import NO_RECORD, NoticeField, NoticeKind
from service.pages import PageParts, shows
from service.pages.access import current
from service.pages.drawing import draw

MINUTES = (15, 30, 60, 120, 240, 480, 1440)
_RECORD = re.compile(r"[0-9a-f]{32}")


def add_notice_pages(app: Flask, parts: PageParts, store: Store) -> None:
    """Add the page, and sending."""
    desk = NoticeDesk(store, parts.audit, parts.clock)

    def draw_page(terminal: str, problem: ActRefused | None = None) -> ResponseReturnValue:
        return draw(
            "console/notices.html", HTTPStatus.CONFLICT if problem else HTTPStatus.OK, terminal=terminal,
            sent=desk.list_sent(bytes.fromhex(terminal)), problem=problem, kinds=list(NoticeKind), minutes=MINUTES,
            fields=[each for each in NoticeField if each is not NoticeField.NONE], most=MOST_UNREAD,
            done=request.args.get("done", type=int),
        )  # fmt: skip

    @shows(app, "/terminals/<id:terminal>/notices", roles=TERMINALS, look=Look.TERMINAL)
    def notices(terminal: str) -> ResponseReturnValue:
        return draw_page(terminal)

    @shows(app, "/terminals/<id:terminal>/notices/send", roles=TERMINALS, look=None, methods=("POST",))
    def send_notice(terminal: str) -> ResponseReturnValue:
        try:
            whole_house = request.form.get("house") == "yes"
            count = desk.send(current().name, bytes.fromhex(terminal), read_draft(), whole_house=whole_house)
        except ActRefused as refused:
            return draw_page(terminal, refused)
        return redirect(url_for("notices", terminal=terminal, done=count), HTTPStatus.SEE_OTHER)


def read_draft() -> NoticeDraft:
    """Return what the form says; of each kind its own fields alone are read. Raises: ActRefused(notice_form)."""
    try:
        kind = NoticeKind[request.form.get("kind", "").upper()]
        return _READERS[kind](kind)
    except (KeyError, ValueError, OverflowError):
        raise ActRefused("notice_form") from None


def _read_field(kind: NoticeKind) -> NoticeDraft:
    record = request.form.get("record", "").strip().lower()
    if record and not _RECORD.fullmatch(record):
        raise ValueError
    about = NoticeField[request.form.get("field", "").upper()]
    return NoticeDraft(kind, about, record=bytes.fromhex(record) if record else NO_RECORD)


def _read_day(kind: NoticeKind) -> NoticeDraft:
    day = date.fromisoformat(request.form.get("day", ""))
    return NoticeDraft(kind, moment=datetime(day.year, day.month, day.day, tzinfo=UTC))


def _read_moment(kind: NoticeKind) -> NoticeDraft:
    # As the page's own times are written: in the time zone of this machine.
    begin = datetime.fromisoformat(request.form.get("begin", "")).replace(tzinfo=None).astimezone(UTC)
    quarter = begin - timedelta(minutes=begin.minute % 15, seconds=begin.second, microseconds=begin.microsecond)
    return NoticeDraft(kind, moment=quarter, minutes=int(request.form.get("minutes", "")))


_READERS: dict[NoticeKind, Callable[[NoticeKind], NoticeDraft]] = {
    NoticeKind.FIELD_WRONG: _read_field,
    NoticeKind.READER_WRONG: NoticeDraft,
    NoticeKind.PLEASE_CALL: NoticeDraft,
    NoticeKind.LICENCE_ENDS: _read_day,
    NoticeKind.MAINTENANCE: _read_moment,
}
