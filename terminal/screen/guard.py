"""What keeps other pages in the same browser away from the counter: they can neither read nor act.

Every rule is one that the browser itself enforces or states truthfully (Host, Origin, Sec-Fetch-Site);
the token is there in case one of them fails.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from terminal.screen.texts import Tongues

TOKEN_HEADER = "X-Counter-Token"  # noqa: S105 - the name of a header
MAX_BODY_BYTES = 64 * 1024
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

_ABOUT_FRAMES = ("Content-Security-Policy", "X-Frame-Options")


class Guard:
    """Refuses what does not come from the screen's own page. One token per process."""

    def __init__(self, own_origin: str, tongues: Tongues = Tongues()) -> None:  # noqa: B008 - frozen
        self._origin, self._tongues = own_origin, tongues
        self._host = urlsplit(own_origin).netloc
        self.token = secrets.token_urlsafe(24)

    def attach(self, app: Flask) -> None:
        """Check every request to `app`, and put the headers on every answer."""
        app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
        app.before_request(self._check)
        app.after_request(_add_headers)

    def _check(self) -> ResponseReturnValue | None:
        # A name that somebody let point to this machine (DNS rebinding) is not ours.
        if request.headers.get("Host") != self._host:
            return self._point_home()
        if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            return self._refuse()
        if request.method not in ("GET", "HEAD") and not self._is_own_action():
            return self._refuse()
        return None

    def _is_own_action(self) -> bool:
        token = request.headers.get(TOKEN_HEADER, "")
        return request.headers.get("Origin") == self._origin and hmac.compare_digest(
            token.encode(), self.token.encode()
        )

    def _point_home(self) -> Response:
        """Answer who came under another name, such as localhost: with the address to type, and nothing else."""
        # A link would come from another site, and be refused once more.
        words = self._tongues.load_all()
        return make_response(render_template("elsewhere.html", words=words, origin=self._origin), 421)

    def _refuse(self) -> Response:
        """Answer in words with a way on: a link from this very page is our own again."""
        words = self._tongues.load_all()
        is_page = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.method == "GET"
        page = render_template("refused.html", words=words, is_page=is_page, origin=self._origin)
        return make_response(page, 403)


def _add_headers(response: Response) -> Response:
    # A page that shows a file in a frame of its own has said so itself.
    own = {name: response.headers[name] for name in _ABOUT_FRAMES if name in response.headers}
    response.headers.update(_HEADERS | own)
    return response
