"""The face of a document (DG2): the image in its record, and how large it claims to be before anybody decodes it. Pure.

Records of ISO/IEC 19794-5 and of ISO/IEC 39794-5 are known. What they say of the face beside the image (sex, colour of
eyes and hair, points) is stepped over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drivers.errors import ChipDamaged
from drivers.proto.tlv import Tlv, parse_all, parse_one

# No face of a document is larger; most have 15 kB.
IMAGE_BYTES_MAX = 1 << 20
_DG2, _FACES, _FACE = 0x75, 0x7F61, 0x7F60
_FACE_DATA = (0x5F2E, 0x7F2E)
# ISO/IEC 19794-5: a record header, one face's block of facts, its points, and how the image was taken.
_RECORD = b"FAC\x00"
_RECORD_BYTES = 14
_FACTS_BYTES = 20
_POINTS_AT = _RECORD_BYTES + 4
_POINT_BYTES = 8
_IMAGE_FACTS_BYTES = 12
# ISO/IEC 39794-5: data objects in data objects, of which the image is one.
_DEPTH_MAX = 12
_CONSTRUCTED = 0x20

_JPEG, _JP2, _CODESTREAM = b"\xff\xd8\xff", b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"
_IMAGES = (_JPEG, _JP2, _CODESTREAM)
# Not on chips: what a decoder of other photos may make.
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_COMPONENTS = {0: 1, 2: 3, 3: 3, 4: 3, 6: 4}  # by kind of colour
# Markers of JPEG that hold the size: start of frame, baseline and progressive; arithmetic coding is nobody's.
_FRAMES = (0xC0, 0xC1, 0xC2)
_SCAN, _END, _FILLER = 0xDA, 0xD9, 0xFF
_JP2_HEADER, _JP2_SIZE = b"jp2h", b"ihdr"
# The standard's faces have less than one million points.
_SIDE_MAX, _POINTS_MAX = 4000, 4_000_000


@dataclass(frozen=True, slots=True)
class ImageSize:
    """What an image says of itself."""

    width: int
    height: int
    components: int  # of each point: 1 for grey, 3 for colours

    @property
    def is_reasonable(self) -> bool:
        """Tell whether a face may be so large; nothing larger is decoded."""
        is_small = 0 < self.width <= _SIDE_MAX and 0 < self.height <= _SIDE_MAX
        return is_small and self.width * self.height <= _POINTS_MAX and self.components in (1, 3, 4)


def find_face(data: bytes) -> bytes:
    """Return the first face of DG2 as it lies there, JPEG or JPEG 2000; b"" for a form that is not known.

    Raises: ChipDamaged.
    """
    faces = _first(parse_all(parse_one(data, _DG2)), _FACES)
    content = _first(parse_all(_first(parse_all(faces), _FACE)), *_FACE_DATA)
    if not content.startswith(_RECORD):
        return next(_walk_images(content, _DEPTH_MAX), b"")
    points = int.from_bytes(content[_POINTS_AT : _POINTS_AT + 2], "big")
    image = content[_RECORD_BYTES + _FACTS_BYTES + points * _POINT_BYTES + _IMAGE_FACTS_BYTES :]
    return image if image.startswith(_IMAGES) else b""


def measure_image(image: bytes) -> ImageSize | None:
    """Return the size that the image claims, None where it does not say. Decodes nothing."""
    if image.startswith(_JPEG):
        return _measure_jpeg(image)
    if image.startswith(_CODESTREAM):
        return _measure_codestream(image)
    if image.startswith(_PNG) and len(image) >= 26 and image[12:16] == b"IHDR":
        width, height = (int.from_bytes(image[n : n + 4], "big") for n in (16, 20))
        return ImageSize(width, height, _PNG_COMPONENTS.get(image[25], 0))
    return _measure_jp2(image) if image.startswith(_JP2) else None


def _walk_images(data: bytes, depth: int) -> Iterator[bytes]:
    try:
        items = parse_all(data)
    except ChipDamaged:
        return
    for item in items:
        if item.value.startswith(_IMAGES):
            yield item.value
        elif depth and item.tag >> ((item.tag.bit_length() - 1) // 8 * 8) & _CONSTRUCTED:
            yield from _walk_images(item.value, depth - 1)


def _measure_jpeg(image: bytes) -> ImageSize | None:
    at = 2
    while at + 4 <= len(image) and image[at] == _FILLER:
        marker = image[at + 1]
        if marker == _FILLER:
            at += 1
            continue
        if marker in (_SCAN, _END):
            return None
        length = int.from_bytes(image[at + 2 : at + 4], "big")
        if marker in _FRAMES and at + 10 <= len(image):
            height, width = (int.from_bytes(image[at + n : at + n + 2], "big") for n in (5, 7))
            return ImageSize(width, height, image[at + 9])
        if length < 2:
            return None
        at += 2 + length
    return None


def _measure_codestream(image: bytes) -> ImageSize | None:
    """Read the SIZ segment, which is always the first (ISO/IEC 15444-1, A.5.1)."""
    if len(image) < 42:
        return None
    right, bottom, left, top = (int.from_bytes(image[n : n + 4], "big") for n in (8, 12, 16, 20))
    return ImageSize(right - left, bottom - top, int.from_bytes(image[40:42], "big"))


def _measure_jp2(image: bytes) -> ImageSize | None:
    """Read both sizes, that of the box and that of the codestream, and return the larger in each way."""
    header = image.find(_JP2_HEADER)
    size_at = image.find(_JP2_SIZE, header) + 4 if header >= 0 else 3
    stream = image.find(_CODESTREAM)
    inner = _measure_codestream(image[stream:]) if stream >= 0 else None
    if size_at < 4 or len(image) < size_at + 10 or inner is None:
        return None
    height, width = (int.from_bytes(image[size_at + n : size_at + n + 4], "big") for n in (0, 4))
    components = int.from_bytes(image[size_at + 8 : size_at + 10], "big")
    return ImageSize(max(width, inner.width), max(height, inner.height), max(components, inner.components))


def _first(items: tuple[Tlv, ...], *tags: int) -> bytes:
    for item in items:
        if item.tag in tags:
            return item.value
    raise ChipDamaged("DG2")
