"""The pages of the permit and the stop."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue

from oversight.comparing.errors import DeskRefuses
from oversight.comparing.page.audit import PageAct
from oversight.comparing.page.decision_pages import list_counts, say_act
from oversight.comparing.page.parts import OversightParts
from oversight.comparing.page.roles import EVERYBODY, OFFICERS
from oversight.comparing.permitting import MOST_HOURS, USUAL_HOURS, ListAtHand, PermitRoom, ends_at
from oversight.errors import OversightError
from records.errors import RecordsError
from service.audit import AuditError
from service.pages import current, shows
from service.pages.drawing import draw


class FormRefused(OversightError):
    """Hours and maximum must be whole numbers within their limits, and the box must be ticked."""


def add_permits(app: Flask, parts: OversightParts, room: PermitRoom) -> None:
    """Add the pages of the permit and the stop."""
    app.jinja_env.globals.update(say_act=say_act)
    _add_permit(app, parts, room)
    _add_going_on(app, parts, room)
    _add_stop(app, parts, room)


def _add_permit(app: Flask, parts: OversightParts, room: PermitRoom) -> None:
    @shows(app, "/permits", roles=OFFICERS, look=None)
    def permits() -> ResponseReturnValue:
        return _draw_permits(parts, room)

    @shows(app, "/permits/permit", roles=OFFICERS, look=None, methods=("POST",))
    def permit() -> ResponseReturnValue:
        try:
            root, hours, most = _read_form(parts)
            _note(parts, PageAct.PERMIT, root)
            room.renew(root, hours, most, current().name)
        except (OversightError, RecordsError) as problem:
            return _draw_permits(parts, room, problem)
        return _go("permits")


def _add_going_on(app: Flask, parts: OversightParts, room: PermitRoom) -> None:
    @shows(app, "/permits/propose", roles=OFFICERS, look=None, methods=("POST",))
    def propose() -> ResponseReturnValue:
        try:
            root, hours, most = _read_form(parts)
            _note(parts, PageAct.PROPOSE, root)
            room.propose(current().name, root, hours, most)
        except (OversightError, RecordsError) as problem:
            return _draw_permits(parts, room, problem)
        return _go("permits")

    @shows(app, "/permits/go-on", roles=OFFICERS, look=None, methods=("POST",))
    def go_on() -> ResponseReturnValue:
        proposal = room.find_proposal()
        _note(parts, PageAct.GO_ON, proposal.root if proposal else b"")
        if proposal and not _is_officer(parts, proposal.by):
            room.forget_proposal()  # whoever was sent away meanwhile is no second person
        try:
            room.go_on(current().name, request.form.get("proposal", ""))
        except (OversightError, RecordsError) as problem:
            return _draw_permits(parts, room, problem)
        return _go("permits")


def _add_stop(app: Flask, parts: OversightParts, room: PermitRoom) -> None:
    @shows(app, "/stop", roles=EVERYBODY, look=None)
    def stop() -> ResponseReturnValue:
        return draw("oversight/stop.html", now=room.read(), problem=None, is_logged=True)

    # It waits for no disk: what cannot be written down is done all the same, and the page says that it was not.
    @shows(app, "/stop", roles=EVERYBODY, look=None, methods=("POST",))
    def stop_now() -> ResponseReturnValue:
        problem: OversightError | None = None
        try:
            room.stop()
        except OversightError as found:
            problem = found
        try:
            parts.audit.write(current().name, PageAct.STOP)
            is_logged = True
        except AuditError:
            is_logged = False
        status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
        return draw("oversight/stop.html", status, now=room.read(), problem=problem, is_logged=is_logged)


def _is_officer(parts: OversightParts, name: str) -> bool:
    account = parts.pages.accounts.find(name)
    return account is not None and account.is_enabled and not account.roles.isdisjoint(OFFICERS)


def _note(parts: OversightParts, act: PageAct, root: bytes) -> None:
    """Write down what somebody sets out to do, and with which list. Raises: AuditUnavailable."""
    parts.audit.write(current().name, act, root.hex())


def _draw_permits(parts: OversightParts, room: PermitRoom, problem: Exception | None = None) -> ResponseReturnValue:
    now, annex, proposal = room.read(), parts.load_annex(), room.find_proposal()
    found: ListAtHand | None = None
    unreadable: Exception | None = None
    try:
        found = room.find_list()
    except (OversightError, RecordsError, OSError) as error:
        unreadable = error
    return draw(
        "oversight/permits.html", HTTPStatus.CONFLICT if problem else HTTPStatus.OK, now=now, found=found,
        counts=list_counts(found.counts) if found else [], unreadable=unreadable, problem=problem,
        is_refused=type(problem) is DeskRefuses, annex=annex,
        # Nobody can agree to what was proposed before somebody permitted or stopped comparison.
        proposal=proposal if now and proposal and proposal.acts == now.acts else None,
        hours=USUAL_HOURS, most_hours=MOST_HOURS, ends=ends_at(parts.clock(), USUAL_HOURS, annex),
        is_ended=parts.clock() >= annex.valid_until,
    )  # fmt: skip


def _read_form(parts: OversightParts) -> tuple[bytes, int, int]:
    """Return the list's root, hours and maximum that somebody chose. Raises: FormRefused."""
    root, hours, most = (request.form.get(name, "") for name in ("root", "hours", "most"))
    if request.form.get("looked") != "yes" or not all(each.isascii() and each.isdecimal() for each in (hours, most)):
        raise FormRefused
    try:
        chosen = bytes.fromhex(root), int(hours), int(most)
    except ValueError:
        raise FormRefused from None
    if not 1 <= chosen[1] <= MOST_HOURS or not 1 <= chosen[2] <= parts.load_annex().max_comparisons_per_day:
        raise FormRefused
    return chosen


def _go(endpoint: str) -> ResponseReturnValue:
    return redirect(url_for(endpoint), HTTPStatus.SEE_OTHER)
