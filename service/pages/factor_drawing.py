"""A second factor as its holder sees it once: a QR code, and the same as text."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import segno
from markupsafe import Markup

from service.accounts.one_time_codes import make_address, show_secret
from service.pages.holder import ISSUER
from service.pages.parts import PageParts


@dataclass(frozen=True, slots=True)
class ShownFactor:
    """What is shown of a second factor that is being set up."""

    qr: Markup = field(repr=False)
    text: str = field(repr=False)


def draw_factor(parts: PageParts, name: str, pending: bytes) -> ShownFactor:
    """Return QR code and text of a secret."""
    secret = parts.accounts.show_factor(name, pending)
    address = make_address(secret, issuer=f"{ISSUER} {parts.name}", name=name)
    out = io.BytesIO()
    # Styles in attributes would break the content security policy; segno's colours are attributes of SVG.
    segno.make(address, error="m", micro=False).save(
        out, kind="svg", border=4, xmldecl=False, svgns=False, omitsize=True, nl=False, light="#fff"
    )
    return ShownFactor(Markup(out.getvalue().decode()), show_secret(secret))
