"""Who may see which page. A view that was not registered here, with its roles, answers 403."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.accounts import Account, Session, Standing
from service.pages.cookies import Cookies
from service.pages.guard import SAFE_METHODS
from service.pages.parts import PageParts

Run = Callable[..., ResponseReturnValue]
# A page that refreshes itself says so: it must not keep a session alive with nobody there.
POLL_HEADER = "Kjt-Poll"
SIGNED_IN = frozenset({Standing.FULL})
# The page at which each standing goes on.
NEXT_STEP = {
    Standing.REFUSED: "pages.code",
    Standing.CODE: "pages.code",
    Standing.PASSWORD: "pages.first_password",
    Standing.FACTOR: "pages.first_factor",
    Standing.FULL: "pages.home",
}

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Access:
    """Whom a view is for. No standings: everybody. No roles: everybody of these standings."""

    standings: frozenset[Standing] | None
    roles: frozenset[str] | None = None
    look: str | None = None  # written to the audit log before the view runs


@dataclass(frozen=True, slots=True)
class View:
    """A view with its access: what Flask calls."""

    access: Access
    run: Run

    def __call__(self, **values: Any) -> ResponseReturnValue:
        """Answer a request that was admitted."""
        return self.run(**values)


def shows(
    app: Flask | Blueprint,
    rule: str,
    *,
    roles: Collection[StrEnum],
    look: StrEnum | None,
    methods: Collection[str] = ("GET",),
) -> Callable[[Run], Run]:
    """Register a view for accounts that have one of these roles, under the name of its function.

    `look` is written to the audit log, and committed, before the view runs; None for pages that show nothing
    of anybody.
    """
    return serves(app, rule, Access(SIGNED_IN, frozenset(str(role) for role in roles), look), methods=methods)


def serves(
    app: Flask | Blueprint, rule: str, access: Access, *, methods: Collection[str] = ("GET",)
) -> Callable[[Run], Run]:
    """Register a view of the pages themselves."""

    def register(run: Run) -> Run:
        app.add_url_rule(
            rule, endpoint=run.__name__, view_func=View(access, run), methods=methods, provide_automatic_options=False
        )
        return run

    return register


def current() -> Account:
    """Return the account of the request. Raises: LookupError where nobody is signed in."""
    account = find_current()
    if account is None:
        raise LookupError("nobody is signed in")
    return account


def find_current() -> Account | None:
    """Return the account of the request, None where nobody is signed in or not all the way."""
    session = find_session()
    return g.account if session is not None and session.standing is Standing.FULL else None


def find_session() -> Session | None:
    """Return the session of the request, however far it has come."""
    found: Session | None = g.get("session")
    return found


def attach_access(app: Flask, parts: PageParts, cookies: Cookies) -> None:
    """Find out who asks, and admit or refuse every request to `app`."""

    def admit() -> ResponseReturnValue | None:
        _identify(parts, cookies)
        if request.endpoint is None:
            return None  # there is no such page, which Flask says
        access = getattr(app.view_functions[request.endpoint], "access", None)
        if not isinstance(access, Access):
            abort(HTTPStatus.FORBIDDEN)
        if access.standings is None:
            return None
        refusal = _refuse(access)
        if refusal is None and access.look is not None:
            parts.audit.write(current().name, access.look, _name_subject())
        return refusal

    app.before_request(admit)


def _identify(parts: PageParts, cookies: Cookies) -> None:
    g.session = g.account = None
    token = cookies.read_token()
    session = parts.sessions.find(token, is_use=POLL_HEADER not in request.headers) if token else None
    if session is None:
        return
    account = parts.accounts.find(session.account)
    if session.standing is not Standing.REFUSED and (account is None or not account.is_enabled):
        return
    g.session, g.account, g.token = session, account, token


def _refuse(access: Access) -> ResponseReturnValue | None:
    session = find_session()
    if session is None:
        return _lead_to("pages.sign_in", request.full_path.removesuffix("?"))
    if access.standings is not None and session.standing not in access.standings:
        return _lead_to(NEXT_STEP[session.standing])
    if access.roles is not None and access.roles.isdisjoint(current().roles):
        abort(HTTPStatus.FORBIDDEN)
    return None


def _lead_to(endpoint: str, wanted: str = "") -> ResponseReturnValue:
    """Send a person to the page where they can go on; an action that came too early is refused."""
    if request.method not in SAFE_METHODS:
        abort(HTTPStatus.FORBIDDEN)
    address = url_for(endpoint, next=wanted or None)
    if "HX-Request" in request.headers:
        # htmx would put the other page into a part of this one.
        return Response(status=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": url_for(endpoint)})
    return redirect(address, HTTPStatus.SEE_OTHER)


def _name_subject() -> str:
    """Return what a page is about: the values in its address. Only ids belong into the audit log."""
    values = [str(value) for value in (request.view_args or {}).values()]
    if not all(_ID.fullmatch(value) for value in values):
        abort(HTTPStatus.NOT_FOUND)
    return " ".join(values)
