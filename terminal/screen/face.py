"""The face of a guest who waits, for the eye of the person at the counter, and the key that opens a chip."""

from __future__ import annotations

from flask import Response, request

from terminal.chip_key import compose_key
from terminal.codes import ProblemCode
from terminal.screen.view import View
from terminal.state import CounterError, CounterService, PendingGuest

# What the module of a resident card hands over is signed by nobody, so there is nothing to be said of it.
_UNSIGNED_KINDS = ("111", "112", "553", "x01")


def send_face(counter: CounterService, pending: str) -> Response:
    """Answer with the face of a guest who waits, 404 for everybody else. Nothing keeps it (`guard`: no-store)."""
    face = counter.face(pending)
    return Response(face.image, mimetype=face.mime) if face else Response("", 404)


def give_key(counter: CounterService, view: View) -> View:
    """Give the chip that waits what was typed, and close the window. Raises: CounterError."""
    fields = ("access_number", "number", "birth", "expiry")
    key = compose_key(*(request.form.get(name, "")[:64].strip() for name in fields))
    if not key:
        raise CounterError(ProblemCode.KEY_INCOMPLETE)
    counter.give_key(key)
    return view.close()


def describe_chip(guest: PendingGuest) -> str:
    """Return what is said of the chip: "verified", "not_verified", "failed", or "" where nothing is to be said."""
    is_silent = guest.how_read != "chip" or (guest.chip == "not_verified" and guest.document_kind in _UNSIGNED_KINDS)
    return "" if is_silent else guest.chip
