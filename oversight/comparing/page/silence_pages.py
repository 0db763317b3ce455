"""The page of what went quiet: decisions and courts whose alerts were too often about somebody else."""

from __future__ import annotations

from flask import Flask
from flask.typing import ResponseReturnValue

from oversight.comparing.page.parts import OversightParts
from oversight.comparing.page.roles import EVERYBODY
from oversight.comparing.silences import list_silences
from service.pages import shows
from service.pages.drawing import draw


def add_silences(app: Flask, parts: OversightParts) -> None:
    """Add the page, where the desk is on this machine."""
    desk = parts.settings.desk
    if desk is None:
        return

    @shows(app, "/silences", roles=EVERYBODY, look=None)
    def silences() -> ResponseReturnValue:
        return draw("oversight/silences.html", notices=list_silences(desk)[::-1])
