"""Icons, drawn into the page itself. They are Tabler's (MIT); `service.pages.vendor` brings them here."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from markupsafe import Markup

ICONS = Path(__file__).parent / "static" / "vendor" / "icons"


@cache
def draw_icon(name: str) -> Markup:
    """Return an icon as SVG. It says nothing to a screen reader: the text beside it does."""
    svg = " ".join((ICONS / f"{name}.svg").read_text("utf-8").split())
    return Markup(svg.replace("<svg", '<svg aria-hidden="true"', 1))
