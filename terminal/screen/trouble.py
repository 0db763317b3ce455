"""The page of a counter that cannot start: what is wrong, what to do, and a touch to try again.

    GET  /              the page; so is every other address but the two below
    GET  /health        503, and the code of what is wrong: nobody may take this for the counter
    POST /try-again     starts the next attempt at once

The same guard stands before it as before the counter, and there is nothing on it that is not in the source.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, render_template
from flask.typing import ResponseReturnValue
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from terminal.screen.guard import TOKEN_HEADER, Guard
from terminal.screen.texts import Tongues


def make_trouble_screen(own_origin: str, code: str, line: str, *, on_retry: Callable[[], None]) -> Flask:
    """Return the application. `line` names a line of the settings, "" for none."""
    app = Flask(__name__)
    app.jinja_env.undefined = StrictUndefined
    tongues = Tongues()
    guard = Guard(own_origin, tongues)
    guard.attach(app)

    def draw() -> ResponseReturnValue:
        page = render_template(
            "trouble.html", both=tongues.load_all(), code=code, line=line, token=guard.token, token_header=TOKEN_HEADER
        )
        return page, 503

    @app.get("/")
    def page() -> ResponseReturnValue:
        return draw()

    @app.get("/health")
    def health() -> ResponseReturnValue:
        return Response(f"{code}\n", 503, mimetype="text/plain")

    @app.post("/try-again")
    def try_again() -> ResponseReturnValue:
        answer = Response("ok\n", mimetype="text/plain")
        answer.call_on_close(on_retry)  # once it is written: the attempt takes this page's server away
        return answer

    @app.errorhandler(HTTPException)
    def answer(error: HTTPException) -> ResponseReturnValue:
        # The browser may still stand on an address of the counter.
        return draw() if error.code == 404 else ("", error.code or 500)

    return app
