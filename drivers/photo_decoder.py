"""The photo of a resident card, for whoever has a decoder: a plug-in, absent unless somebody installs one.

Resident cards hold 1,024 bytes in a format (WLT) that only proprietary programs decode; none is shipped. A package
offers one by an entry point in the group `kuaijietong.photo_decoder`: an object with the method of `PhotoDecoder`, or
a class or function without arguments that makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, runtime_checkable

GROUP = "kuaijietong.photo_decoder"
MAX_PICTURE_BYTES = 256 * 1024
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


@runtime_checkable
class PhotoDecoder(Protocol):
    """Makes a picture of a photo."""

    def decode(self, wlt: bytes) -> bytes:
        """Return the picture as PNG or JPEG. May raise anything: the photo then stays as it is."""


def find_photo_decoder(
    find: Callable[[], Iterable[EntryPoint]] = lambda: entry_points(group=GROUP),
) -> PhotoDecoder | None:
    """Return the decoder that is installed, None where there is none, or more than one, or one that does not load."""
    offered = list(find())
    if len(offered) != 1:
        return None
    try:
        loaded = offered[0].load()
        made = loaded() if isinstance(loaded, type) or not isinstance(loaded, PhotoDecoder) else loaded
    except Exception:
        return None  # a foreign package's trouble must not keep the counter from working
    return made if isinstance(made, PhotoDecoder) else None


def decode_photo(decoder: PhotoDecoder | None, wlt: bytes) -> bytes:
    """Return the picture, or `wlt` itself where nobody can or does make one of it."""
    if decoder is None or not wlt:
        return wlt
    try:
        picture = decoder.decode(wlt)
    except Exception:
        return wlt
    is_picture = isinstance(picture, bytes) and picture.startswith(_PICTURES) and len(picture) <= MAX_PICTURE_BYTES
    return picture if is_picture else wlt
