"""Values in JSON of fixed size, so that no length tells anything: two bytes of length, the text, zeros."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from records.errors import MalformedBytes

_LENGTH_BYTES = 2
_Value = TypeVar("_Value")


def encode_padded(value: Any, size: int, what: str) -> bytes:
    """Return a dataclass as JSON of exactly `size` bytes. Raises: MalformedBytes(what) when it is too long."""
    try:
        text = msgspec.json.encode(value)
    except ValueError:
        raise MalformedBytes(what) from None  # a lone surrogate; the error would quote the text
    if len(text) + _LENGTH_BYTES > size:
        raise MalformedBytes(what)
    return (len(text).to_bytes(_LENGTH_BYTES, "big") + text).ljust(size, b"\x00")


def decode_padded(data: bytes, size: int, form: type[_Value], what: str) -> _Value:
    """Read what `encode_padded` made, in that one form: no other member, order or spelling. Raises: MalformedBytes."""
    end = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "big")
    if len(data) != size or end > size:
        raise MalformedBytes(what)
    try:
        value = msgspec.json.decode(data[_LENGTH_BYTES:end], type=form)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise MalformedBytes(what) from None  # its reason would quote the text
    if encode_padded(value, size, what) != data:
        raise MalformedBytes(what)
    return value


def is_plain(text: str, most: int) -> bool:
    """Tell whether a text is one line of at most `most` characters that all can be seen."""
    return len(text) <= most and text.isprintable()
