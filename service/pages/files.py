"""The files that a browser fetches beside the pages: ours under /static, a service's own under /own."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, current_app, send_from_directory, url_for
from flask.typing import ResponseReturnValue

from service.pages.access import Access, View

STATIC = Path(__file__).parent / "static"
_ALWAYS = "public, max-age=31536000, immutable"
_PUBLIC = Access(standings=None)


def attach_files(app: Flask) -> None:
    """Serve the files; nothing in them is anybody's."""
    own = Path(app.root_path) / "static"

    def serve_from(folder: Path) -> View:
        def send(name: str) -> ResponseReturnValue:
            return _keep(send_from_directory(folder, name))

        return View(_PUBLIC, send)

    app.add_url_rule("/static/<path:name>", "static", serve_from(STATIC), provide_automatic_options=False)
    app.add_url_rule("/own/<path:name>", "own", serve_from(own), provide_automatic_options=False)


def find_address(name: str) -> str:
    """Return the address of a file of ours, or of the service's own ("own/…"); it changes with the contents."""
    endpoint, folder = "static", STATIC
    if name.startswith("own/"):
        endpoint, folder, name = "own", Path(current_app.root_path) / "static", name.removeprefix("own/")
    return url_for(endpoint, name=name, v=_digest_file(folder / name))


@cache
def _digest_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _keep(response: Response) -> Response:
    response.headers["Cache-Control"] = _ALWAYS
    return response
