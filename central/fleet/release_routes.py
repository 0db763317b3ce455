"""Where a terminal asks for a release. Neither answer is secret: who may run which version is no guest's business."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from flask import Flask, Response

from central.releases import ReleaseShelf
from records.release import OFFER_PATH, WHEEL_PATH, encode_offer

# A wheel goes out in pieces, and few at once: a fleet that is told of a release asks for all of it together.
PIECE_BYTES = 64 * 1024
WHEELS_AT_ONCE = 32
_WAIT_S = 30
_TERMINAL = re.compile(r"[0-9a-f]{32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NOT_HERE = b'{"error":"Not Found."}'


def add_releases(app: Flask, shelf: ReleaseShelf) -> None:
    """Add the two routes to an application."""
    places = threading.BoundedSemaphore(WHEELS_AT_ONCE)

    @app.get(f"{OFFER_PATH}<terminal>")
    def offer_release(terminal: str) -> Response:
        # The same answer for a terminal that there is not as for one to which nothing is offered.
        offer = shelf.find_offer(bytes.fromhex(terminal)) if _TERMINAL.fullmatch(terminal) else None
        return Response(encode_offer(offer), content_type="application/json")

    @app.get(f"{WHEEL_PATH}<digest>")
    def give_wheel(digest: str) -> Response:
        path = shelf.find_wheel(digest) if _DIGEST.fullmatch(digest) else None
        if path is None:
            return Response(_NOT_HERE, 404, content_type="application/json")
        if not places.acquire(blocking=False):
            return Response(status=503, headers={"Retry-After": str(_WAIT_S)})
        try:
            pieces = _Pieces(path, places)
        except OSError:
            places.release()
            raise
        length = {"Content-Length": str(pieces.size)}
        return Response(pieces, headers=length, content_type="application/octet-stream", direct_passthrough=True)


class _Pieces:
    """A file, piece by piece; at its end, or when nobody wants the rest, it is closed and its place is free."""

    def __init__(self, path: Path, places: threading.BoundedSemaphore) -> None:
        self.size = path.stat().st_size
        self._file: BinaryIO | None = path.open("rb")
        self._places = places

    def __iter__(self) -> Iterator[bytes]:
        while self._file is not None and (piece := self._file.read(PIECE_BYTES)):
            yield piece
        self.close()

    def close(self) -> None:
        """Let go of file and place. Does nothing the second time."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
            self._places.release()

    def __del__(self) -> None:
        # A server that forgets to close must not use the places up.
        if hasattr(self, "_file"):
            self.close()
