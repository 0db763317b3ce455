"""The plug-in for the photo: absent, foreign, broken, or good."""

from importlib.metadata import EntryPoint

import pytest

from drivers.photo_decoder import GROUP, MAX_PICTURE_BYTES, PhotoDecoder, decode_photo, find_photo_decoder

PNG = b"\x89PNG\r\n\x1a\n..."
WLT = bytes(1024)


class Fixed:
    """Decodes everything to one picture."""

    def decode(self, wlt: bytes) -> bytes:
        return PNG


class Broken:
    def decode(self, wlt: bytes) -> bytes:
        raise RuntimeError("name of a guest")


class Raw:
    """Says whatever it is told."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def decode(self, wlt: bytes) -> bytes:
        return self.answer  # type: ignore[return-value]


READY = Fixed()


def make_broken() -> PhotoDecoder:
    raise RuntimeError


def offer(name: str) -> EntryPoint:
    return EntryPoint("wlt", f"tests.drivers.test_photo_decoder:{name}", GROUP)


def test_no_decoder_ships_with_the_product() -> None:
    assert find_photo_decoder() is None
    assert decode_photo(None, WLT) == WLT


@pytest.mark.parametrize("name", ["Fixed", "READY"])
def test_decoder_that_is_installed_is_taken(name: str) -> None:
    found = find_photo_decoder(lambda: [offer(name)])
    assert decode_photo(found, WLT) == PNG
    assert decode_photo(found, b"") == b""


@pytest.mark.parametrize("names", [["GROUP"], ["make_broken"], ["nobody"], ["Fixed", "READY"]])
def test_decoder_that_cannot_be_used_is_none(names: list[str]) -> None:
    assert find_photo_decoder(lambda: [offer(name) for name in names]) is None


@pytest.mark.parametrize(
    "decoder", [Broken(), Raw(None), Raw("text"), Raw(b""), Raw(b"GIF89a"), Raw(PNG + bytes(MAX_PICTURE_BYTES))]
)
def test_whatever_is_no_picture_leaves_the_photo_as_it_is(decoder: PhotoDecoder) -> None:
    assert decode_photo(decoder, WLT) == WLT
