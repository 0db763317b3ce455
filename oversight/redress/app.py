"""The privacy office's application: the officer's pages, and the intake beside them under a key of its own."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import IO, Any

from flask import Flask, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.routing import BaseConverter

from oversight.errors import OfficeInUse
from oversight.redress.audit import ABOUT, KEEPER, OfficeAct, open_audit
from oversight.redress.book import RequestBook, open_slots
from oversight.redress.care import care_for_office
from oversight.redress.counts import load_counts
from oversight.redress.errors import RedressError, RequestUnknown
from oversight.redress.intake import make_intake
from oversight.redress.keys import load_intake_key, load_privacy_keys
from oversight.redress.reading import load_list, load_request
from oversight.redress.roles import AUDITORS, EVERYBODY, OFFICERS, Role
from oversight.redress.settings import OfficeSettings
from oversight.redress.states import Reason
from oversight.store import open_store
from oversight.store.schema import account_tables, audit_tables
from records.errors import MalformedBytes
from records.notes import NoteVerifier
from records.requests import MOST_ANSWER_CHARACTERS, SEALED_BYTES
from records.root import RootFile, load_root, require_loopback
from service.accounts import AccountBook, SessionBook, ensure_account_key
from service.accounts.passwords import STRONG, Strength
from service.audit.in_force import digest_settings
from service.bodies import BodyFirst, Environ, WsgiApp
from service.logs import configure_logging
from service.pages import NavigationEntry, PageParts, current, load_words, make_pages, shows
from service.pages.access import Access, serves
from service.pages.drawing import draw
from service.pages.guard import MAX_BODY_BYTES, SECURITY_HEADERS
from service.pages.log_reading import load_entries, read_wanted
from service.parent import die_with_parent
from service.settings import load_own_settings

NAVIGATION = (
    NavigationEntry("requests", "nav.requests", "list-details", OFFICERS),
    NavigationEntry("counts", "nav.counts", "info-circle", EVERYBODY),
    NavigationEntry("audit_log", "nav.audit", "shield-lock", AUDITORS),
)
AT_ONCE = 8
TEXTS = "oversight.redress"
BLOCKS = ("kept", "corrected", "at_counter", "not_held", "objection", "disclosed", "complain")
_EVERYBODY_UNASKED = Access(standings=None)


class _Id(BaseConverter):
    """A request's id in an address. What is none leads nowhere, and so never into the audit log."""

    regex = "[0-9a-f]{32}"


@dataclass(frozen=True, slots=True)
class Office:
    """What the office's process is made of."""

    settings: OfficeSettings
    root: RootFile
    book: RequestBook
    parts: PageParts


def create_app() -> Flask:
    """Make the application of the office's process from its own settings file (see `service.server`)."""
    die_with_parent()
    settings = load_own_settings(OfficeSettings, "office")
    configure_logging("privacy office", settings.log_level)
    office = open_office(settings)
    # Held for as long as the process lives: two would each free the other's newest keys.
    claim = claim_office(settings)
    office.book.release_unused()
    open_audit(office.book.store, office.book.clock).note_settings(KEEPER, digest_settings(settings, settings.root))
    app = make_app(office)
    app.extensions["kjt-claim"] = claim
    threading.Thread(target=care_for_office, args=(office.book, office.settings), name="care", daemon=True).start()
    app.wsgi_app = BodyFirst(  # type: ignore[method-assign]
        app.wsgi_app, at_once=AT_ONCE, most_bytes=max(MAX_BODY_BYTES, SEALED_BYTES), headers=SECURITY_HEADERS
    )
    return app


def claim_office(settings: OfficeSettings) -> IO[bytes]:
    """Hold the office's folder for this process, until the file is closed. Raises: OfficeInUse, OSError."""
    file = (settings.data / "office.lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise OfficeInUse from None
    return file


def open_office(settings: OfficeSettings, strength: Strength = STRONG) -> Office:
    """Open the office's data. Raises: RootRefused, KeysRefused, KeyFileRefused, StoreError, OSError."""
    host = f"[{settings.address}]" if ":" in settings.address else settings.address
    require_loopback(f"http://{host}:{settings.port}")  # TLS is a reverse proxy's, on the same machine
    root = load_root(settings.root.read_text("utf-8"), NoteVerifier.from_text(settings.root_verifier), _read_clock())
    slots = open_slots(settings.slots, any_file_system=settings.any_file_system and root.is_demonstration)
    store = open_store(settings.database)
    book = RequestBook(store, slots, load_privacy_keys(settings.privacy_keys), _read_clock)
    return make_office(settings, root, book, strength)


def make_office(settings: OfficeSettings, root: RootFile, book: RequestBook, strength: Strength = STRONG) -> Office:
    """Put the office together. Raises: AccountKeyRefused, OSError."""
    audit = open_audit(book.store, book.clock)
    key = ensure_account_key(settings.account_key)
    accounts = AccountBook(book.store, account_tables, key, audit, book.clock, strength)
    sessions = SessionBook(book.store, account_tables, book.clock)
    parts = PageParts(
        name="privacy office", accounts=accounts, sessions=sessions, audit=audit, clock=book.clock, roles=Role,
        texts=TEXTS, origin=settings.origin, is_demonstration=root.is_demonstration, navigation=NAVIGATION,
    )  # fmt: skip
    return Office(settings, root, book, parts)


def make_app(office: Office) -> Flask:
    """Make the pages with the intake beside them."""
    app = make_office_pages(office)
    intake = make_intake(office.book, load_intake_key(office.settings.intake_key))
    # Not one of the pages: it has no accounts and no cookies, and its key opens none of them.
    app.wsgi_app = _Beside(app.wsgi_app, intake.wsgi_app)  # type: ignore[method-assign]
    return app


def make_office_pages(office: Office) -> Flask:
    """Make the officer's pages alone."""
    app = make_pages(office.parts, "oversight.redress")
    app.url_map.converters["id"] = _Id
    app.jinja_env.globals.update(blocks=BLOCKS, reasons=tuple(Reason), most_characters=MOST_ANSWER_CHARACTERS)
    app.jinja_env.globals.update(words_of=lambda language: load_words(TEXTS, language))
    _add_requests(app, office)
    _add_acts(app, office)
    _add_counts(app, office)
    return app


class _Beside:
    """The pages, and the intake under its own path, which stays part of the address."""

    def __init__(self, pages: WsgiApp, intake: WsgiApp) -> None:
        self._pages, self._intake = pages, intake

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        is_intake = str(environ.get("PATH_INFO", "")).startswith("/intake/")
        return (self._intake if is_intake else self._pages)(environ, start_response)


def _add_requests(app: Flask, office: Office) -> None:
    @shows(app, "/", roles=OFFICERS, look=OfficeAct.LIST)
    def requests() -> ResponseReturnValue:
        return draw("office/requests.html", found=load_list(office.book, office.book.clock()))

    @shows(app, "/requests/<id:request_id>", roles=OFFICERS, look=OfficeAct.LOOK)
    def one_request(request_id: str) -> ResponseReturnValue:
        return _draw_request(office, request_id)


def _add_acts(app: Flask, office: Office) -> None:
    @shows(app, "/requests/<id:request_id>/take", roles=OFFICERS, look=OfficeAct.TAKE, methods=("POST",))
    def take(request_id: str) -> ResponseReturnValue:
        try:
            held_by = request.form.get("held_by", "")
            office.book.take(bytes.fromhex(request_id), current().name, held_by=held_by)
        except RedressError as problem:
            return _refuse(office, request_id, problem)
        return _show_again(request_id)

    @shows(app, "/requests/<id:request_id>/answer", roles=OFFICERS, look=OfficeAct.ANSWER, methods=("POST",))
    def answer(request_id: str) -> ResponseReturnValue:
        text = "\n".join(request.form.get("text", "").splitlines()).strip()
        is_correction = request.form.get("correction") == "yes"
        try:
            office.book.answer(bytes.fromhex(request_id), current().name, text, is_correction=is_correction)
        except MalformedBytes:
            return _refuse(office, request_id, _TextRefused(), draft=text, is_correction=is_correction)
        except RedressError as problem:
            return _refuse(office, request_id, problem, draft=text, is_correction=is_correction)
        return _show_again(request_id)

    @shows(app, "/requests/<id:request_id>/close", roles=OFFICERS, look=OfficeAct.CLOSE, methods=("POST",))
    def close(request_id: str) -> ResponseReturnValue:
        reason = request.form.get("reason", "")
        if reason not in set(Reason):
            abort(HTTPStatus.BAD_REQUEST)
        try:
            office.book.close(bytes.fromhex(request_id), current().name, Reason(reason))
        except RedressError as problem:
            return _refuse(office, request_id, problem)
        return _show_again(request_id)


def _add_counts(app: Flask, office: Office) -> None:
    @shows(app, "/counts", roles=EVERYBODY, look=None)
    def counts() -> ResponseReturnValue:
        found = load_counts(office.book.store, office.settings.openings, office.book.clock())
        return draw("office/counts.html", found=found)

    @shows(app, "/audit-log", roles=AUDITORS, look=OfficeAct.AUDIT_LOG)
    def audit_log() -> ResponseReturnValue:
        return draw(
            "office/audit_log.html",
            found=load_entries(office.book.store, audit_tables, read_wanted(request.args), ABOUT),
        )

    @serves(app, "/health", _EVERYBODY_UNASKED)
    def health() -> ResponseReturnValue:
        with office.book.store.reading():
            return Response(b'{"ready":true}', content_type="application/json")


class _TextRefused(RedressError):
    """An answer has 1 to 2,000 characters, and none that only a machine sees."""

    code = "text"


def _draw_request(
    office: Office, request_id: str, problem: RedressError | None = None, draft: str = "", is_correction: bool = False
) -> Response:
    try:
        shown = load_request(office.book, bytes.fromhex(request_id), office.book.clock())
    except RequestUnknown:
        shown = None  # erased between the two looks
    if shown is None:
        abort(HTTPStatus.NOT_FOUND)
    status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
    return draw("office/request.html", status, shown=shown, problem=problem, draft=draft, is_correction=is_correction)


def _refuse(
    office: Office, request_id: str, problem: RedressError, draft: str = "", is_correction: bool = False
) -> Response:
    # The page that says so shows the request: that is a look of its own.
    office.parts.audit.write(current().name, OfficeAct.LOOK, request_id)
    return _draw_request(office, request_id, problem, draft, is_correction)


def _show_again(request_id: str) -> ResponseReturnValue:
    return redirect(url_for("one_request", request_id=request_id), HTTPStatus.SEE_OTHER)


def _read_clock() -> datetime:
    return datetime.now(UTC)
