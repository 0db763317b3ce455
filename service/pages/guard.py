"""What keeps other sites away from the pages: they can neither act nor read, nor put the pages into a frame.

Each rule is one that the browser enforces, or states truthfully (Host, Origin, Sec-Fetch-Site); docs/decisions.md
says why there are no tokens in the forms.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote, urlsplit

from flask import Flask, Response, abort, redirect, request
from flask.typing import ResponseReturnValue

MAX_BODY_BYTES = 64 * 1024
SAFE_METHODS = frozenset({"GET", "HEAD"})
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Not no-referrer: under that, a browser sends "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_HSTS = "max-age=31536000"


def attach_guard(app: Flask, origin: str) -> None:
    """Check every request to `app`, and put the headers on every answer. Static files are attached elsewhere."""
    host, aliases = urlsplit(origin).netloc, _list_aliases(origin)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES

    def check() -> ResponseReturnValue | None:
        # A name that somebody let point to this machine (DNS rebinding) is not ours.
        if request.host != host:
            if request.host in aliases and request.method in SAFE_METHODS:
                asked = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
                return redirect(origin + quote(request.path) + asked, HTTPStatus.SEE_OTHER)
            abort(HTTPStatus.MISDIRECTED_REQUEST)
        if request.method not in SAFE_METHODS and not _is_own_action(origin):
            abort(HTTPStatus.FORBIDDEN)
        return None

    def add_headers(response: Response) -> Response:
        response.headers.update(SECURITY_HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        if origin.startswith("https://"):
            response.headers["Strict-Transport-Security"] = _HSTS
        return response

    app.before_request(check)
    app.after_request(add_headers)


def _list_aliases(origin: str) -> frozenset[str]:
    """Return this machine's numbers where pages are reached by its name: whoever types one is led there."""
    parts = urlsplit(origin)
    if parts.scheme != "http" or parts.hostname != "localhost":
        return frozenset()
    port = f":{parts.port}" if parts.port else ""
    return frozenset({f"127.0.0.1{port}", f"[::1]{port}"})


def _is_own_action(origin: str) -> bool:
    named = request.headers.get("Origin")
    if named is not None:
        return named == origin
    return request.headers.get("Sec-Fetch-Site") == "same-origin"
