"""The guest page's process: static files, and the relay that asks central without saying who asks.

It keeps no state about a guest, sets no cookie, and logs no address, no stay tag and no time of one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import structlog
from flask import Flask, Response, abort, request
from werkzeug.exceptions import HTTPException

from oversight.errors import KeysRefused
from oversight.notices import find_notices
from oversight.page.bucket import TokenBucket
from oversight.page.digest import HASHED, STATIC
from oversight.page.relay import AskCentral, CentralLink, CentralUnreachable, HeldEvent, HeldStay, Tombstone
from oversight.page.requests import BURST as REQUESTS_BURST
from oversight.page.requests import RATE_PER_S as REQUESTS_RATE_PER_S
from oversight.page.requests import RequestDesk, add_requests
from oversight.page.settings import PageSettings
from oversight.redress.keys import load_intake_key
from oversight.redress.link import OfficeLink
from records.errors import RootRefused
from records.notes import NoteVerifier
from records.privacy_key import load_privacy_key
from records.profile import Profile, load_profile
from records.requests import POSTED_BYTES
from records.root import RootFile, load_root, require_loopback
from records.suite import ID_BYTES
from service.bodies import BodyFirst
from service.logs import configure_logging
from service.parent import die_with_parent
from service.settings import load_own_settings

RATE_PER_S = 20.0
BURST = 100
AT_ONCE = 8  # requests at work; each may wait for central
MAX_QUESTION_BYTES = 256
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_MIME = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", "": "text/plain"}

log = structlog.get_logger()


class _Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stay_tag: str


class Disclosure(msgspec.Struct, frozen=True):
    """A disclosure of this stay that the guest may be told of."""

    court: str
    order: str
    ground: str
    opened_on: date


class RelayedStay(msgspec.Struct, frozen=True):
    """What the browser gets about a stay: central's answer, and oversight's own notices."""

    events: tuple[HeldEvent, ...]
    terminal_keys: dict[str, bytes]
    tombstone: Tombstone | None
    retention_days: int
    disclosures: tuple[Disclosure, ...]
    key_renewals: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class PageParts:
    """What the page is made of."""

    root: RootFile
    profile: Profile
    ask_central: AskCentral
    notices: Path
    now: Callable[[], datetime]  # aware UTC
    bucket: TokenBucket
    desk: RequestDesk | None = None  # none where no privacy office is set up: the page then has no form


def create_app() -> Flask:
    """Make the page of the settings file that KJT_SETTINGS names (see `service.server`).

    Raises: SettingsError, RootRefused.
    """
    die_with_parent()
    settings = load_own_settings(PageSettings, "page")
    configure_logging("oversight page", settings.log_level)
    app = make_app(open_page(settings))
    app.wsgi_app = BodyFirst(  # type: ignore[method-assign]
        app.wsgi_app, at_once=AT_ONCE, most_bytes=POSTED_BYTES, headers=SECURITY_HEADERS
    )
    return app


def open_page(settings: PageSettings) -> PageParts:
    """Put the page together from its settings. Raises: RootRefused, OSError."""
    now = datetime.now(UTC)
    root = load_root(settings.root.read_text("utf-8"), NoteVerifier.from_text(settings.root_verifier), now)
    _check_addresses(settings, root)
    return PageParts(
        root=root,
        profile=load_root_profile(root),
        ask_central=CentralLink(settings.central),
        notices=settings.notices,
        now=lambda: datetime.now(UTC),
        bucket=TokenBucket(rate_per_s=RATE_PER_S, capacity=BURST, monotonic=time.monotonic),
        desk=_open_desk(settings, root, now),
    )


def _open_desk(settings: PageSettings, root: RootFile, now: datetime) -> RequestDesk | None:
    """Return what passes requests on. Raises: KeysRefused, BadSignature, MalformedBytes, OSError."""
    if not settings.office:
        return None
    if settings.office_key is None or settings.privacy_key is None:
        raise KeysRefused("office_key, privacy_key")
    note = settings.privacy_key.read_text("utf-8")
    return RequestDesk(
        key=load_privacy_key(note, root.notice_key, root.jurisdiction, now),
        note=note,
        office=OfficeLink(settings.office, load_intake_key(settings.office_key)),
        bucket=TokenBucket(rate_per_s=REQUESTS_RATE_PER_S, capacity=REQUESTS_BURST, monotonic=time.monotonic),
    )


def _check_addresses(settings: PageSettings, root: RootFile) -> None:
    """Raise RootRefused("address") unless the page listens on this machine, and asks a central that is here or has TLS.

    The page has no TLS of its own: a reverse proxy on the same machine has it. The demonstration's central is here.
    """
    host = f"[{settings.address}]" if ":" in settings.address else settings.address
    require_loopback(f"http://{host}:{settings.port}")
    if root.is_demonstration or urlsplit(settings.central).scheme != "https":
        require_loopback(settings.central)
    if settings.office and (root.is_demonstration or urlsplit(settings.office).scheme != "https"):
        require_loopback(settings.office)


def load_root_profile(root: RootFile) -> Profile:
    """Return the profile of a root's jurisdiction. Raises: RootRefused("profile") if its digest is another."""
    profile = load_profile(root.jurisdiction)
    if profile.digest != root.profile:
        raise RootRefused("profile")
    return profile


def make_app(parts: PageParts) -> Flask:
    """Make the Flask application of the page."""
    # Flask's own static folder would serve whatever lies there; this page serves a fixed list.
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = POSTED_BYTES
    app.url_map.merge_slashes = False  # a redirect would quote what was asked for
    _add_static(app)
    _add_facts(app, parts)
    _add_relay(app, parts)
    if parts.desk is not None:
        add_requests(app, parts.desk, parts.bucket)
    app.register_error_handler(HTTPException, _answer_error)
    app.register_error_handler(Exception, _answer_fault)
    app.after_request(_add_security_headers)
    return app


def _add_static(app: Flask) -> None:
    for name in (*HASHED, "SHA256SUMS"):
        path = STATIC / name
        body, mime = path.read_bytes(), _MIME[path.suffix]
        url = "/" if name == "index.html" else f"/{name}"
        app.add_url_rule(url, endpoint=name, view_func=lambda body=body, mime=mime: Response(body, mimetype=mime))


def _add_facts(app: Flask, parts: PageParts) -> None:
    profile = parts.profile
    facts = msgspec.json.encode(
        {
            "id": profile.id,
            "name": profile.name,
            "law": profile.law,
            "authority": profile.authority,
            "redress": profile.redress,
            "retention_days": profile.retention_days,
            "digest": profile.digest,
            "is_demonstration": parts.root.is_demonstration,
            # Where there is a privacy office: the key that the browser seals a request to.
            "browser_key": parts.desk and parts.desk.key.key.browser.data,
        }
    )

    @app.get("/profile.json")
    def show_profile() -> Response:
        return Response(facts, mimetype="application/json")

    @app.get("/health")
    def show_health() -> Response:
        return _answer({"status": "ok"})


def _add_relay(app: Flask, parts: PageParts) -> None:
    @app.post("/relay/stays")
    def relay_stay() -> Response:
        if not parts.bucket.take():
            abort(HTTPStatus.TOO_MANY_REQUESTS)
        stay_tag = _read_question(request.get_data())
        try:
            held = parts.ask_central(stay_tag)
        except CentralUnreachable:
            log.warning("central_unreachable")
            abort(HTTPStatus.BAD_GATEWAY)
        return _answer(_add_disclosures(held, stay_tag, parts))


def _read_question(body: bytes) -> bytes:
    if len(body) > MAX_QUESTION_BYTES:
        abort(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        stay_tag = bytes.fromhex(msgspec.json.decode(body, type=_Question).stay_tag)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        abort(HTTPStatus.BAD_REQUEST)
    if len(stay_tag) != ID_BYTES:
        abort(HTTPStatus.BAD_REQUEST)
    return stay_tag


def _add_disclosures(held: HeldStay, stay_tag: bytes, parts: PageParts) -> RelayedStay:
    # Added here and not at central, which therefore never learns which stay was opened.
    notices, refused = find_notices(parts.notices, stay_tag, parts.root.notice_key, parts.now().date())
    if refused:
        log.warning("notices_refused", files=refused)
    disclosures = tuple(Disclosure(each.court, each.order, each.ground, each.opened_on) for each in notices)
    return RelayedStay(
        held.events, held.terminal_keys, held.tombstone, held.retention_days, disclosures, held.key_renewals
    )


def _answer(value: object, status: int = HTTPStatus.OK) -> Response:
    return Response(msgspec.json.encode(value), status, mimetype="application/json")


def _answer_error(error: HTTPException) -> Response:
    # Flask's own error pages quote what was asked for.
    return _answer({"error": error.name}, error.code or HTTPStatus.INTERNAL_SERVER_ERROR)


def _answer_fault(error: Exception) -> Response:
    # The class alone: Flask would log a trace, whose text may quote what was asked for.
    log.error("request_failed", error=type(error).__name__)
    return _answer({"error": "Internal Server Error"}, HTTPStatus.INTERNAL_SERVER_ERROR)


def _add_security_headers(response: Response) -> Response:
    response.headers.update(SECURITY_HEADERS)
    return response
