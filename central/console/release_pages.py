"""The page of releases: how far each has gone, and opening it further."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.routing import BaseConverter

from central.console.roles import TERMINALS
from central.errors import ReleaseRefused
from central.releases import ReleaseShelf
from service.pages import shows
from service.pages.access import current
from service.pages.drawing import draw


class _Version(BaseConverter):
    """A version in an address."""

    regex = r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}"


def add_release_pages(app: Flask, shelf: ReleaseShelf) -> None:
    """Add the page of releases, and what can be done on it."""
    app.url_map.converters["version"] = _Version

    def draw_page(problem: str = "") -> ResponseReturnValue:
        status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
        done = request.args.get("done", "")
        return draw("console/releases.html", status, releases=shelf.list_progress(), problem=problem, done=done)

    def act(change: Callable[[], str]) -> ResponseReturnValue:
        try:
            done = change()
        except ReleaseRefused as error:
            return draw_page(error.field)
        return redirect(url_for("releases", done=done), HTTPStatus.SEE_OTHER)

    @shows(app, "/releases", roles=TERMINALS, look=None)
    def releases() -> ResponseReturnValue:
        return draw_page()

    @shows(app, "/releases/<version:version>/open", roles=TERMINALS, look=None, methods=("POST",))
    def open_release(version: str) -> ResponseReturnValue:
        return act(lambda: shelf.open_further(current().name, version).name.lower())

    @shows(app, "/releases/<version:version>/withdraw", roles=TERMINALS, look=None, methods=("POST",))
    def withdraw_release(version: str) -> ResponseReturnValue:
        def withdraw() -> str:
            shelf.withdraw(current().name, version)
            return "withdrawn"

        return act(withdraw)
