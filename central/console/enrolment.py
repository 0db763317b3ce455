"""The pages of enrolment: issuing a one-time code, comparing the words, approving."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from central.audit import Look
from central.console.roles import TERMINALS
from central.console.scopes import current_scope
from central.enrolment import Enrolment, EnrolmentBook, EnrolmentState, House
from central.errors import ActRefused
from central.store import Store
from central.store.venues import load_venue
from central.two_people import TwoPeople
from records.enrolment import CODE_LASTS, HouseDetails
from records.suite import ID_BYTES
from service.pages import PageParts, shows
from service.pages.access import current
from service.pages.drawing import draw


def add_enrolment_pages(app: Flask, parts: PageParts, store: Store) -> None:
    """Add the pages to the console."""
    book = EnrolmentBook(store, parts.audit, TwoPeople(store), parts.clock)
    _add_reading(app, parts, book)
    _add_issuing(app, store, book)
    _add_deciding(app, book)


def _add_reading(app: Flask, parts: PageParts, book: EnrolmentBook) -> None:
    @shows(app, "/enrolments", roles=TERMINALS, look=Look.ENROLMENTS)
    def enrolments() -> ResponseReturnValue:
        part = "_live" if request.headers.get("HX-Target") == "live" else ""
        return draw(f"console/enrolments{part}.html", found=book.list_latest(current_scope()), now=parts.clock())

    @shows(app, "/enrolments/<id:enrolment>", roles=TERMINALS, look=Look.ENROLMENT)
    def enrolment(enrolment: str) -> ResponseReturnValue:
        part = "_live" if request.headers.get("HX-Target") == "live" else ""
        found = book.find(bytes.fromhex(enrolment))
        if found is None:
            abort(HTTPStatus.NOT_FOUND)
        return _draw_enrolment(found, part=part)


def _add_issuing(app: Flask, store: Store, book: EnrolmentBook) -> None:
    @shows(app, "/venues/<id:venue>/enrol", roles=TERMINALS, look=None, methods=("GET", "POST"))
    def new_enrolment(venue: str) -> ResponseReturnValue:
        # For a registered house alone, which has a licence: who may see it was asked before.
        with store.reading() as connection:
            row = load_venue(connection, bytes.fromhex(venue))
        if row is None or row.is_closed:
            abort(HTTPStatus.NOT_FOUND)
        replaces, problem = request.values.get("replaces", "")[:64], None
        if request.method == "POST":
            house = House(row.id, HouseDetails(row.name, row.address, row.kind))
            try:
                issued = book.issue(current().name, house, replaces=_read_id(replaces) if replaces else None)
            except ActRefused as refused:
                problem = refused
            else:
                minutes = int(CODE_LASTS.total_seconds()) // 60
                return draw("console/code.html", issued=issued, house=row, minutes=minutes, shown_once=True)
        return draw("console/new_enrolment.html", house=row, replaces=replaces, problem=problem)


def _add_deciding(app: Flask, book: EnrolmentBook) -> None:
    @shows(app, "/enrolments/<id:enrolment>/approve", roles=TERMINALS, look=None, methods=("POST",))
    def approve_enrolment(enrolment: str) -> ResponseReturnValue:
        number = bytes.fromhex(enrolment)
        try:
            if request.form.get("compared") != "yes":
                raise ActRefused("not_compared")
            book.approve(current().name, number)
        except ActRefused as refused:
            return _draw_refused(book, number, refused)
        return redirect(url_for("enrolment", enrolment=enrolment), HTTPStatus.SEE_OTHER)

    @shows(app, "/enrolments/<id:enrolment>/refuse", roles=TERMINALS, look=None, methods=("POST",))
    def refuse_enrolment(enrolment: str) -> ResponseReturnValue:
        number = bytes.fromhex(enrolment)
        try:
            book.refuse(current().name, number)
        except ActRefused as refused:
            return _draw_refused(book, number, refused)
        return redirect(url_for("enrolment", enrolment=enrolment), HTTPStatus.SEE_OTHER)


def _draw_refused(book: EnrolmentBook, number: bytes, refused: ActRefused) -> ResponseReturnValue:
    found = book.find(number)
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    return _draw_enrolment(found, problem=refused)


def _draw_enrolment(found: Enrolment, *, part: str = "", problem: ActRefused | None = None) -> ResponseReturnValue:
    is_own = found.row.issued_by == current().name
    waits = found.state is EnrolmentState.CODE
    status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
    return draw(f"console/enrolment{part}.html", status, found=found, is_own=is_own, waits=waits, problem=problem)


def _read_id(text: str) -> bytes:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if len(data) != ID_BYTES:
        raise ActRefused("bad_house")
    return data
