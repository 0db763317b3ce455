"""The pages of enrolment: issuing a one-time code, comparing the words, approving."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from flask import Flask, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from central.audit import Look
from central.console.roles import TERMINAL_ADMINISTRATORS
from central.enrolment import MOST_ADDRESS, MOST_NAME, Enrolment, EnrolmentBook, EnrolmentState, House
from central.errors import ActRefused
from central.store import Store
from central.store.terminals import load_terminals
from central.two_people import TwoPeople
from records.enrolment import CODE_LASTS, HouseDetails
from records.profile import VenueKind
from records.suite import ID_BYTES
from service.pages import PageParts, shows
from service.pages.access import current
from service.pages.drawing import draw


@dataclass(frozen=True, slots=True)
class HouseForm:
    """What somebody typed to issue a code; nothing of it is checked yet."""

    name: str = ""
    address: str = ""
    kind: str = ""
    venue: str = ""  # hexadecimal; "" for a house that has no terminal yet
    replaces: str = ""  # hexadecimal; "" for none
    kinds: tuple[str, ...] = field(default=tuple(VenueKind))

    def read_house(self) -> House:
        """Return the house; one without an id gets a new one. Raises: ActRefused(bad_house)."""
        venue = _read_id(self.venue) if self.venue else os.urandom(ID_BYTES)
        return House(venue, HouseDetails(self.name, self.address, self.kind))

    def read_replaced(self) -> bytes | None:
        """Return the terminal that ends. Raises: ActRefused(bad_house)."""
        return _read_id(self.replaces) if self.replaces else None


def add_enrolment_pages(app: Flask, parts: PageParts, store: Store) -> None:
    """Add the pages to the console."""
    book = EnrolmentBook(store, parts.audit, TwoPeople(store, parts.accounts), parts.clock)
    _add_reading(app, parts, book)
    _add_issuing(app, store, book)
    _add_deciding(app, book)


def _add_reading(app: Flask, parts: PageParts, book: EnrolmentBook) -> None:
    @shows(app, "/enrolments", roles=TERMINAL_ADMINISTRATORS, look=Look.ENROLMENTS)
    def enrolments() -> ResponseReturnValue:
        part = "_live" if request.headers.get("HX-Target") == "live" else ""
        return draw(f"console/enrolments{part}.html", found=book.list_latest(), now=parts.clock())

    @shows(app, "/enrolments/<id:enrolment>", roles=TERMINAL_ADMINISTRATORS, look=Look.ENROLMENT)
    def enrolment(enrolment: str) -> ResponseReturnValue:
        part = "_live" if request.headers.get("HX-Target") == "live" else ""
        found = book.find(bytes.fromhex(enrolment))
        if found is None:
            abort(HTTPStatus.NOT_FOUND)
        return _draw_enrolment(found, part=part)


def _add_issuing(app: Flask, store: Store, book: EnrolmentBook) -> None:
    @shows(app, "/enrolments/new", roles=TERMINAL_ADMINISTRATORS, look=None, methods=("GET", "POST"))
    def new_enrolment() -> ResponseReturnValue:
        problem = None
        form = read_form(request.form if request.method == "POST" else request.args)
        if request.method == "POST":
            try:
                issued = book.issue(current().name, form.read_house(), replaces=form.read_replaced())
            except ActRefused as refused:
                problem = refused
            else:
                minutes = int(CODE_LASTS.total_seconds()) // 60
                return draw("console/code.html", issued=issued, form=form, minutes=minutes, shown_once=True)
        if form.replaces and not form.venue:
            form = _fill_from_terminal(store, book, form)
        return draw("console/new_enrolment.html", form=form, problem=problem, most=(MOST_NAME, MOST_ADDRESS))


def _add_deciding(app: Flask, book: EnrolmentBook) -> None:
    @shows(app, "/enrolments/<id:enrolment>/approve", roles=TERMINAL_ADMINISTRATORS, look=None, methods=("POST",))
    def approve_enrolment(enrolment: str) -> ResponseReturnValue:
        number = bytes.fromhex(enrolment)
        try:
            if request.form.get("compared") != "yes":
                raise ActRefused("not_compared")
            book.approve(current().name, number)
        except ActRefused as refused:
            return _draw_refused(book, number, refused)
        return redirect(url_for("enrolment", enrolment=enrolment), HTTPStatus.SEE_OTHER)

    @shows(app, "/enrolments/<id:enrolment>/refuse", roles=TERMINAL_ADMINISTRATORS, look=None, methods=("POST",))
    def refuse_enrolment(enrolment: str) -> ResponseReturnValue:
        number = bytes.fromhex(enrolment)
        try:
            book.refuse(current().name, number)
        except ActRefused as refused:
            return _draw_refused(book, number, refused)
        return redirect(url_for("enrolment", enrolment=enrolment), HTTPStatus.SEE_OTHER)


def read_form(values: Mapping[str, str]) -> HouseForm:
    """Return what a form, or a link that fills it, says."""
    name, address, kind = (" ".join(values.get(each, "").split()) for each in ("name", "address", "kind"))
    venue, replaces = ("".join(values.get(each, "").split()).lower()[:64] for each in ("venue", "replaces"))
    return HouseForm(name, address, kind, venue, replaces)


def _fill_from_terminal(store: Store, book: EnrolmentBook, form: HouseForm) -> HouseForm:
    """Return the form for a terminal in place of another one: of the same house."""
    try:
        old = _read_id(form.replaces)
    except ActRefused:
        return HouseForm()
    with store.reading() as connection:
        known = load_terminals(connection, [old]).get(old)
    if known is None:
        return HouseForm()
    earlier = next((each.row for each in book.list_latest() if each.row.venue == known.venue), None)
    names = (earlier.venue_name, earlier.venue_address, earlier.venue_kind) if earlier else ("", "", "")
    return HouseForm(*names, venue=known.venue.hex(), replaces=form.replaces)


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
