"""The set-up's screen as a local web application, under the same guard as the counter's.

GET  /                   the page
GET  /state              what is to be shown now, as HTML, with the digest by which a browser knows that it is new
POST /setup/language     language
POST /setup/code         group, seven times
POST /setup/drop-code    back to typing another code
POST /setup/reader       reader: its address
POST /setup/reader-again back to the readers
POST /setup/rooms        rooms: what was typed
POST /demo/put           card; the demonstration only
GET  /health             "ok"
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from records.enrolment import CODE_GROUPS
from records.groups import CHECK, GROUP_DIGITS, LARGEST_GROUP
from terminal.screen.demo import DemoCards
from terminal.screen.guard import TOKEN_HEADER, Guard
from terminal.screen.texts import Tongues
from terminal.setup.wizard import SetupRefused, Wizard
from terminal.state import CounterError

LANGUAGE_COOKIE = "kjt_language"
REFRESH_MS = 1000
STEPS = ("language", "code", "reader", "rooms")
# What was typed then is of no more use.
_USELESS_CODES = {"unknown_code", "code_used", "code_expired", "refused"}
_log = logging.getLogger(__name__)
Act = Callable[[], None]


def make_setup_screen(
    wizard: Wizard,
    *,
    demo_cards: DemoCards | None,
    own_origin: str,
    tongues: Tongues = Tongues(),  # noqa: B008 - frozen
) -> Flask:
    """Return the application. `own_origin` is the only address it answers to; `demo_cards` as for the counter."""
    app = Flask(__name__)
    app.url_map.merge_slashes = False
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    guard = Guard(own_origin, tongues)
    guard.attach(app)
    _SetupScreen(wizard, demo_cards, guard, tongues).attach(app)
    return app


class _SetupScreen:
    def __init__(self, wizard: Wizard, demo_cards: DemoCards | None, guard: Guard, tongues: Tongues) -> None:
        self._wizard, self._demo_cards, self._guard, self._tongues = wizard, demo_cards, guard, tongues
        self._process = secrets.token_hex(8)

    def attach(self, app: Flask) -> None:
        app.get("/")(self.page)
        app.get("/state")(self.state)
        app.get("/health")(self.health)
        wizard = self._wizard
        acts: dict[str, Act] = {
            "/setup/language": lambda: wizard.choose_language(request.form.get("language", "")),
            "/setup/code": lambda: wizard.take_code(request.form.getlist("group")),
            "/setup/drop-code": wizard.drop_code,
            "/setup/reader": lambda: wizard.choose_reader(request.form.get("reader", "")),
            "/setup/reader-again": wizard.choose_again,
            "/setup/rooms": lambda: wizard.take_rooms(request.form.get("rooms", "")),
        }
        if self._demo_cards is not None:
            acts["/demo/put"] = self.put_card
        for path, act in acts.items():
            app.post(path, endpoint=path)(self._answer(act))
        app.register_error_handler(Exception, self.report)

    def page(self) -> ResponseReturnValue:
        words, both = self._tongues.load(self._language()), self._tongues.load_all()
        return render_template(
            "setup.html", w=words, both=both, main=self._draw(), cookie=LANGUAGE_COOKIE, process=self._process,
            token=self._guard.token, token_header=TOKEN_HEADER, refresh_ms=REFRESH_MS,
        )  # fmt: skip

    def state(self) -> ResponseReturnValue:
        return self._reply()

    def health(self) -> ResponseReturnValue:
        return Response("ok\n", mimetype="text/plain")

    def put_card(self) -> None:
        assert self._demo_cards is not None  # noqa: S101 - the route exists in the demonstration only
        try:
            self._demo_cards.put(request.form.get("card", ""))
        except CounterError as error:
            raise SetupRefused(error.code) from None

    def report(self, error: Exception) -> ResponseReturnValue:
        """Answer a fault of our own; its text and its trace stay out of the log."""
        if isinstance(error, HTTPException):
            return "", error.code or 500
        _log.error("unexpected %s at %s", type(error).__name__, request.endpoint)
        return "", 500

    def _answer(self, act: Act) -> Callable[[], ResponseReturnValue]:
        def run() -> ResponseReturnValue:
            try:
                act()
            except SetupRefused as refused:
                return self._reply(refused)
            return self._reply()

        return run

    def _reply(self, refused: SetupRefused | None = None) -> Response:
        # What was typed stays in the fields: only the browser puts it there again.
        html = self._draw(refused)
        digest = hashlib.sha256(html.encode()).hexdigest()[:16]
        return jsonify(
            process=self._process, html=html, digest=digest, language=self._language(), refused=refused is not None,
            stage=self._wizard.state.stage.value, forget=self._wizard.view().problem in _USELESS_CODES,
        )  # fmt: skip

    def _draw(self, refused: SetupRefused | None = None) -> str:
        view = self._wizard.view()
        language = self._language()
        cards = self._demo_cards.list() if self._demo_cards and view.state.stage.value == "reader" else ()
        return render_template(
            "setup_main.html", w=self._tongues.load(language), both=self._tongues.load_all(), view=view,
            stage=view.state.stage.value, problem=refused.code if refused else view.problem,
            about=refused.about if refused else "", cards=cards, languages=self._tongues.names,
            others=[item for item in self._tongues.names.items() if item[0] != language], steps=STEPS,
            groups=CODE_GROUPS, digits=GROUP_DIGITS, check=CHECK, largest=LARGEST_GROUP,
        )  # fmt: skip

    def _language(self) -> str:
        return self._wizard.state.language or self._tongues.usual
