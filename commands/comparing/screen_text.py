"""Text for a terminal of 80 columns, where a Chinese character takes two."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

COLUMNS = 80
_WIDE = frozenset("WF")


def measure(text: str) -> int:
    """Return how many columns a text takes."""
    return sum(
        0 if unicodedata.category(each) in ("Mn", "Me", "Cf") else 1 + (unicodedata.east_asian_width(each) in _WIDE)
        for each in text
    )


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines of at most `width` columns: after a space, or beside a wide character."""
    lines, line = [], ""
    for word in _split(text):
        if measure(line + word.rstrip()) > width and line:
            lines.append(line.rstrip())
            line = ""
        while measure(word) > width:
            head = _fit(word, width)
            lines.append(line + head)
            line, word = "", word[len(head) :]
        line += word
    return [*lines, line.rstrip()]


def pad(text: str, width: int) -> str:
    """Return a text filled with spaces, or cut with an ellipsis, to exactly `width` columns."""
    if measure(text) > width:
        text = _fit(text, width - 1) + "…"
    return text + " " * (width - measure(text))


def draw_fields(fields: Sequence[tuple[str, str]], indent: int = 14) -> Iterator[str]:
    """Yield lines `head   value`, values broken below themselves."""
    for head, value in fields:
        for n, line in enumerate(wrap(value, COLUMNS - indent)):
            yield (pad(head, indent - 1) + " " if n == 0 else " " * indent) + line


def draw_table(heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Yield a table's lines; a width per column, two spaces between, 80 columns together at most."""
    yield "  ".join(pad(each, width) for each, width in zip(heads, widths, strict=True)).rstrip()
    yield "  ".join("-" * width for width in widths)
    for row in rows:
        yield "  ".join(pad(each, width) for each, width in zip(row, widths, strict=True)).rstrip()


def _split(text: str) -> Iterator[str]:
    word = ""
    for each in text:
        is_wide = unicodedata.east_asian_width(each) in _WIDE
        # A closing mark stays with what it closes.
        if word and (word[-1] == " " or (is_wide and unicodedata.category(each) not in ("Po", "Pe", "Pf"))):
            yield word
            word = ""
        word += each
    yield word


def _fit(text: str, width: int) -> str:
    end = 0
    while end < len(text) and measure(text[: end + 1]) <= width:
        end += 1
    return text[:end]
