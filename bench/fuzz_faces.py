"""Coverage-guided fuzzing of faces: records of DG2, headers of images, and their decoders.

`python -m bench.fuzz_faces [SECONDS]` (60 unless told). Whatever lies on a chip must end in a face, in none, or in a
typed error. What is decoded is decoded here in this process, under the worker's own limits of size: an image that the
decoders take must be small, and one that ends the process is a finding (at the counter it ends the worker alone).
"""

from __future__ import annotations

import struct
import sys
import warnings

import atheris

with atheris.instrument_imports(include=["drivers.proto", "drivers.face_worker", "PIL"]):
    from PIL import UnidentifiedImageError

    from drivers.errors import ReaderError
    from drivers.face_worker import draw_face
    from drivers.proto.face_record import find_face, measure_image

from bench.fuzz_tlv import draw_bytes
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS, build_chip, build_face

JPEG, JP2 = build_face(600), build_face(20_000, "second.jp2")
STREAM = JP2[JP2.index(b"\xff\x4f\xff\x51") :]
RECORD = build_chip(CHIP_SPECIMENS["chip-bac"], photo_bytes=600).files[0x0102]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000600000008080200000055a4196f0000001449444154789c63ac88b2614005"
    "4c0c1880fe4200a3c8011e729eb4ab0000000049454e44ae426082"
)
SAMPLES = [JPEG, JPEG, JP2, STREAM, RECORD, PNG]
# What the libraries say of a broken image; the worker takes any of it for "no face".
REFUSALS = (ValueError, OSError, SyntaxError, EOFError, struct.error, UnidentifiedImageError, KeyError, IndexError)


def try_face(raw: bytes) -> None:
    data = draw_bytes(atheris.FuzzedDataProvider(raw), SAMPLES)
    try:
        image = find_face(data) or data
    except ReaderError:
        image = data
    size = measure_image(image)
    try:
        drawn = draw_face(image)
    except (*REFUSALS, TypeError, AttributeError, MemoryError, OverflowError, RuntimeError, ZeroDivisionError):
        return
    shown = measure_image(drawn)
    assert size is not None
    assert shown is not None
    assert shown.width <= 360
    assert shown.height <= 480


def main() -> None:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    warnings.simplefilter("ignore")  # the libraries' own, of images that are cut off
    options = [f"-max_total_time={seconds}", "-max_len=2048", "-len_control=0", "-rss_limit_mb=1024", "-timeout=10"]
    atheris.Setup([sys.argv[0], *options], try_face)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
