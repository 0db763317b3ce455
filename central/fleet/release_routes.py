"""Where a terminal asks for a release. Neither answer is secret: who may run which version is no guest's business."""

from __future__ import annotations

import re

from flask import Flask, Response

from central.releases import ReleaseShelf
from records.release import OFFER_PATH, WHEEL_PATH, encode_offer

_TERMINAL = re.compile(r"[0-9a-f]{32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NOT_HERE = b'{"error":"Not Found."}'


def add_releases(app: Flask, shelf: ReleaseShelf) -> None:
    """Add the two routes to an application."""

    @app.get(f"{OFFER_PATH}<terminal>")
    def offer_release(terminal: str) -> Response:
        # The same answer for a terminal that there is not as for one to which nothing is offered.
        offer = shelf.find_offer(bytes.fromhex(terminal)) if _TERMINAL.fullmatch(terminal) else None
        return Response(encode_offer(offer), content_type="application/json")

    @app.get(f"{WHEEL_PATH}<digest>")
    def give_wheel(digest: str) -> Response:
        wheel = shelf.load_wheel(digest) if _DIGEST.fullmatch(digest) else None
        if wheel is None:
            return Response(_NOT_HERE, 404, content_type="application/json")
        return Response(wheel, content_type="application/octet-stream")
