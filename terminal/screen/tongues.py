"""Which languages an application of the screen speaks, and which of them a request asks for."""

from __future__ import annotations

from dataclasses import replace

from flask import Flask, current_app, request

from terminal.screen.texts import Tongues, Words
from terminal.service_state import ServiceCounter
from terminal.state import CounterService

LANGUAGE_COOKIE = "kjt_language"
TONGUES = "TONGUES"


def read_words() -> Words:
    """Return the words of the language that this request asks for."""
    return find_tongues().load(request.cookies.get(LANGUAGE_COOKIE, ""))


def find_tongues() -> Tongues:
    """Return the languages of the application that answers."""
    tongues: Tongues = current_app.config[TONGUES]
    return tongues


def choose_tongues(counter: CounterService, service: ServiceCounter | None, language: str) -> Tongues:
    """Return the languages of a counter; `language` is that of the settings, "" where they name none."""
    shown = counter.state().service if service is not None else None
    return Tongues(first=language) if shown is None else Tongues(shown.language, shown.name, language)


def change_first_language(app: Flask, language: str) -> None:
    """Let whoever has chosen no language see this one from now on; "" is the usual one."""
    app.config[TONGUES] = replace(app.config[TONGUES], first=language)
