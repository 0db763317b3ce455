"""The note for whoever was stopped, to take along: in their language, with nobody's name on it."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, abort, request
from flask.typing import ResponseReturnValue

from records.comparing.mail import Outcome
from service.pages import current, load_words, shows
from service.pages.drawing import draw, get_words
from station.alerts.states import ENDED
from station.audit import StationAct
from station.console.parts import ConsoleParts
from station.console.routes.one_alert import find_or_abort, may_look_back, open_or_abort
from station.console.shown import ListedAlert
from station.roles import OFFICERS

# As each calls itself; the page's own language is the officer's, the note's is the guest's.
LANGUAGES = (("zh", "中文"), ("en", "English"))


# Not where somebody used another person's document: that may have been who was stopped.
FOUND = frozenset({Outcome.OTHER_PERSON, Outcome.DECISION_WRONG})


def add_notes(app: Flask, parts: ConsoleParts) -> None:
    """Add the note to the application."""

    @shows(app, "/alerts/<id:alert>/note", roles=OFFICERS, look=StationAct.NOTE)
    def note(alert: str) -> ResponseReturnValue:
        row = find_or_abort(parts, alert)
        if row.state in ENDED and not (may_look_back(row) or parts.seconds.is_for(row, current().name)):
            abort(HTTPStatus.FORBIDDEN)
        chosen = request.args.get("language", get_words().language)
        language = chosen if chosen in dict(LANGUAGES) else LANGUAGES[0][0]
        return draw(
            "station/note.html", listed=ListedAlert(row), decision=open_or_abort(parts, row).decision,
            say=load_words("station.console", language), note_languages=LANGUAGES,
            found=row.outcome if row.outcome in FOUND else "", raised_at=ListedAlert(row).raised_at,
        )  # fmt: skip
