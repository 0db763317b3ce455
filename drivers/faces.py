"""Faces for the eye of the person at the counter: drawn anew in a process of their own, kept in memory alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from drivers.proto.face_record import IMAGE_BYTES_MAX, measure_image
from drivers.reader import Face

_LIMIT_S = 5.0
_DRAWN_BYTES_MAX = 200_000
_PROGRAM = Path(__file__).resolve().parents[1]
_WORKER = "import sys; sys.path.insert(0, sys.argv[1]); from drivers.face_worker import main; main()"
_JPEG = b"\xff\xd8\xff"


def draw_face_apart(image: bytes, limit_s: float = _LIMIT_S) -> Face | None:
    """Return the face of a document's image (JPEG, JPEG 2000, PNG), None where it cannot be drawn.

    That is: broken, hostile, too large or too slow. Never raises: a guest is registered without a face too. Waits at
    most `limit_s`.
    """
    # Most of what is no face is told without a process: nothing, a photo in a module's own form, an absurd size.
    size = measure_image(image)
    if len(image) > IMAGE_BYTES_MAX or size is None or not size.is_reasonable:
        return None
    # Isolated: neither this folder nor the environment says what that process loads. It is the program that runs here,
    # which after an update is not the one that is installed.
    command = [sys.executable, "-I", "-c", _WORKER, str(_PROGRAM)]
    try:
        done = subprocess.run(  # nothing of the command comes from outside
            command,
            input=image,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=limit_s,
            env={},
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    is_drawn = done.returncode == 0 and done.stdout.startswith(_JPEG) and len(done.stdout) <= _DRAWN_BYTES_MAX
    return Face(done.stdout, "image/jpeg") if is_drawn else None
