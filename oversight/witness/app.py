"""The witness as a web service: one route."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask, Response, request

from oversight.witness.cosigning import MAX_BODY_BYTES, CosigningDesk
from oversight.witness.keys import load_witness_key
from oversight.witness.memory import WitnessMemory
from oversight.witness.settings import WitnessSettings
from records.log_keys import LogVerifier
from service.bodies import BodyFirst
from service.logs import configure_logging
from service.parent import die_with_parent
from service.settings import load_own_settings

_AT_ONCE = 8


def create_app() -> Flask:
    """Make the witness of the settings file that KJT_SETTINGS names. Raises: SettingsError, OversightError."""
    die_with_parent()
    settings = load_own_settings(WitnessSettings)
    configure_logging("witness", settings.log_level)
    app = make_app(open_desk(settings))
    app.wsgi_app = BodyFirst(  # type: ignore[method-assign]
        app.wsgi_app, at_once=_AT_ONCE, most_bytes=MAX_BODY_BYTES, headers={}
    )
    return app


def open_desk(settings: WitnessSettings) -> CosigningDesk:
    """Put the witness together. Raises: KeyMissing, FileRefused, MalformedBytes."""
    texts: dict[str, list[str]] = {}
    for text in settings.logs:
        texts.setdefault(text.partition("+")[0].strip(), []).append(text)
    logs = {name: LogVerifier.from_texts(each) for name, each in texts.items()}
    witnesses = load_witness_key(settings.key)
    return CosigningDesk(witnesses, logs, WitnessMemory(settings.data), lambda: datetime.now(UTC))


def make_app(desk: CosigningDesk) -> Flask:
    """Return the application."""
    app = Flask("oversight.witness", static_folder=None)

    @app.post("/add-checkpoint")
    def add_checkpoint() -> Response:
        answer = desk.add_checkpoint(request.get_data())
        return Response(answer.body, answer.status, content_type=f"{answer.content_type}; charset=utf-8")

    @app.get("/health")
    def health() -> Response:
        return Response("ok\n", mimetype="text/plain")

    return app
