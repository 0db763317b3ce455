"""Draws one face anew: an image from a chip on standard input, a small JPEG on standard output. A process of its own.

A chip's image is a stranger's, and its decoders are C: what goes wrong in them ends this process and nothing else. Run
by `drivers.faces` in an isolated Python; it can open no file and keeps nothing.
"""

from __future__ import annotations

import resource
import sys
from io import BytesIO

from PIL import Image, Jpeg2KImagePlugin, JpegImagePlugin, PngImagePlugin

from drivers.proto.face_record import IMAGE_BYTES_MAX, ImageSize, measure_image

# Loaded before this process is limited; no other decoder is ever asked.
_FORMATS = (
    JpegImagePlugin.JpegImageFile.format,
    Jpeg2KImagePlugin.Jpeg2KImageFile.format,
    PngImagePlugin.PngImageFile.format,
)
_SHOWN = (360, 480)
_MEMORY_BYTES = 384 << 20
_CPU_S = 3
_OPEN_ALREADY = 3  # the standard streams


def draw_face(image: bytes) -> bytes:
    """Return the face as a JPEG of at most 360 by 480 points that holds nothing but them.

    Raises: ValueError for what is no image, or too large a one, and whatever the decoder raises.
    """
    if len(image) > IMAGE_BYTES_MAX or not _is_reasonable(measure_image(image)):
        raise ValueError("no face")
    with Image.open(BytesIO(image), formats=_FORMATS) as opened:
        # The decoder's own idea of the size decides what it allocates.
        if not _is_reasonable(ImageSize(*opened.size, 3)):
            raise ValueError("too large")
        opened.draft("RGB", _SHOWN)
        points = opened.convert("RGB")
    points.thumbnail(_SHOWN)
    # The library carries comments and profiles over from one image to the other; a fresh one has none.
    drawn = Image.new("RGB", points.size)
    drawn.paste(points)
    written = BytesIO()
    drawn.save(written, "JPEG", quality=85)
    return written.getvalue()


def _is_reasonable(size: ImageSize | None) -> bool:
    return size is not None and size.is_reasonable


def limit_process() -> None:
    """Allow this process little memory and time: no file or socket to open, no child, no core."""
    for what, limit in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_NOFILE, _OPEN_ALREADY),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))


def main() -> None:
    """Read, draw, write; a face that cannot be drawn leaves nothing and a status of 1."""
    Image.preinit()  # else the library would look for its parts afterwards
    limit_process()
    try:
        drawn = draw_face(sys.stdin.buffer.read(IMAGE_BYTES_MAX + 1))
    except Exception:
        # Its text may quote the image.
        raise SystemExit(1) from None
    sys.stdout.buffer.write(drawn)
