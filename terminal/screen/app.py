"""The counter's touch screen as a local web application. It knows the counter by `CounterService` alone.

    GET  /                      the page; its query is a view (`view.View`)
    GET  /state?since=N         the regions as HTML, once the version differs from N or after 20 s; at once without N
    POST /check-in              pending, room, nights; join=1 where others are in the room already; steps=1 and the
                                fields of a guardian for a minor
    POST /discard               pending
    POST /dismiss               puts the last failure of the reader away
    POST /check-out             stays, with commas
    POST /notice-read           puts away what was said of the clock and of a file that was set aside
    POST /notice-seen           number: puts a notice by central away
    POST /undo                  stay: a check-in of less than a minute ago
    POST /move                  stay, room; join=1 where others are in the room already
    POST /extend                stay, first (day of departure for one night more), nights
    POST /correct               stay, and one of: room; first and nights; pending, whose document is the right one, with
                                steps=1 as above; the fields of a guardian
    POST /cancel                stay, reason
    POST /send-again            stay, of which something was refused
    POST /scan                  text: what a scanner typed, printed lines of a document
    POST /key                   access_number, or number, birth and expiry: opens the chip that waits
    GET  /face/<pending>        the face from the document of a guest who waits
    POST /type                  the fields of a document that is typed
    POST /check                 the same fields, or a guardian's: answers with what is to be said of each
    GET  /slip/<stays>/print    the slips on paper, stays with commas
    POST /card                  makes a recovery card; the old one ends
    GET  /proof/<stays>/print   the signed receipts on paper, for an inspector, stays with commas
    GET  /proof/print           the same of everybody in house, by room
    GET  /proof/left/<day>/print    those of guests who have left, by the day on which the receipt came
    GET  /card/print            the card just made, once; then it leads back to the page
    POST /unlock                group, eight times: what is printed on the recovery card
    POST /demo/put, /demo/remove    card; the demonstration only
    GET  /health                "ok": the counter answers

Beside these, where a receiving service is told, what `service_actions` names.

Each POST but /check, like /state, takes the view as its query and answers with the next one and its regions. An
action that was refused answers the same way, and the view names the reason. `guard` says who may ask.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from threading import BoundedSemaphore

from flask import Flask, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from terminal.screen import face
from terminal.screen.demo import DemoCards
from terminal.screen.draw import draw_regions
from terminal.screen.guard import TOKEN_HEADER, Guard
from terminal.screen.notices import say_notice
from terminal.screen.papers import Papers
from terminal.screen.service_actions import ServiceActions, find_beside
from terminal.screen.texts import Words
from terminal.screen.tongues import LANGUAGE_COOKIE, TONGUES, choose_tongues, find_tongues, read_words
from terminal.screen.typing import read_draft, read_fields, say_findings
from terminal.screen.view import FORM_WINDOWS, View, parse_stays, parse_view
from terminal.self_test import Check
from terminal.service_state import ServiceCounter
from terminal.state import CancelReason, CounterError, CounterService, CounterState
from terminal.typed.check import tell_from_number
from terminal.typed.draft import TypedField
from terminal.typed.guardians import check_guardian
from terminal.version import IDLE_HEADER, VERSION_HEADER, find_version

WAIT_S = 20.0
SETTLE_MS = 350  # what moved under a finger is not touched by it
ANSWER_MS = 10_000  # a terminal that takes longer is taken for gone
# Each waiting request holds a thread of the server; further windows ask again after a second instead.
# The server needs a few threads more than this.
MAX_WAITING = 4

_log = logging.getLogger(__name__)

Action = Callable[[View], View]


def make_screen(
    counter: CounterService,
    *,
    demo_cards: DemoCards | None,
    own_origin: str,
    language: str = "",
    find_checks: Callable[[], list[Check]] = list,
    service: ServiceCounter | None = None,
) -> Flask:
    """Return the screen's application. `own_origin` is the only address it answers to, as a browser writes it.

    `demo_cards` is given in the demonstration and nowhere else; `service` where a receiving service is told.
    `language` is that of the screen until somebody chooses another, `find_checks` runs the self-test when somebody
    looks at it.
    """
    app = Flask(__name__)
    app.url_map.merge_slashes = False  # a redirect would quote what was asked for
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    tongues = choose_tongues(counter, service, language)
    app.config[TONGUES] = tongues
    app.jinja_env.globals["say_notice"] = say_notice
    guard = Guard(own_origin, tongues)
    guard.attach(app)
    _Screen(counter, demo_cards, guard, find_checks, service).attach(app)
    return app


class _Screen:
    """The views of the application. The text of a problem may quote a guest, so only its class is logged."""

    def __init__(
        self,
        counter: CounterService,
        demo_cards: DemoCards | None,
        guard: Guard,
        find_checks: Callable[[], list[Check]],
        service: ServiceCounter | None,
    ) -> None:
        self._counter, self._find_checks, self._service = counter, find_checks, service
        self._demo_cards = demo_cards
        self._guard = guard
        # Versions begin anew with each process: a page of an earlier one must load again.
        self._process = secrets.token_hex(8)
        self._waiting = BoundedSemaphore(MAX_WAITING)

    def attach(self, app: Flask) -> None:
        app.get("/")(self.page)
        app.get("/state")(self.state)
        app.get("/face/<pending>", endpoint="face")(partial(face.send_face, self._counter))
        Papers(self._counter, self._service).attach(app)
        app.get("/health")(self.health)
        actions: dict[str, Action] = {
            "/check-in": self.check_in,
            "/discard": self.discard,
            "/dismiss": self.dismiss,
            "/check-out": self.check_out,
            "/notice-read": self.accept_notice,
            "/notice-seen": self.see_notice,
            "/undo": self.undo,
            "/move": self.move,
            "/extend": self.extend,
            "/correct": self.correct,
            "/cancel": self.cancel,
            "/send-again": self.send_again,
            "/scan": self.scan,
            "/key": partial(face.give_key, self._counter),
            "/type": self.take_typed,
            "/card": self.make_card,
            "/unlock": self.unlock,
        }
        if self._demo_cards is not None:
            actions |= {"/demo/put": self.put_card, "/demo/remove": self.remove_card}
        if self._service is not None:
            actions |= ServiceActions(self._counter, self._service).attach(app)
        for path, action in actions.items():
            app.post(path, endpoint=path)(self._answer(action))
        app.post("/check")(self.check)
        app.register_error_handler(Exception, self.report)

    def page(self) -> ResponseReturnValue:
        words = read_words()
        state, view, regions = self._draw(words, parse_view(request.args))
        return render_template(
            "page.html",
            w=words,
            both=find_tongues().load_all(),
            state=state,
            view=view,
            regions=regions,
            process=self._process,
            token=self._guard.token,
            token_header=TOKEN_HEADER,
            cookie=LANGUAGE_COOKIE,
            settle_ms=SETTLE_MS,
            wait_ms=round(WAIT_S * 1000),
            answer_ms=ANSWER_MS,
        )

    def state(self) -> ResponseReturnValue:
        since = request.args.get("since", type=int)
        if since is not None and self._waiting.acquire(blocking=False):
            try:
                self._counter.wait_for_change(since, WAIT_S)
            finally:
                self._waiting.release()
        return self._reply(parse_view(request.args))

    def health(self) -> ResponseReturnValue:
        # Whoever updates the program restarts it while nobody waits at the counter.
        idle = "no" if self._counter.state().pending else "yes"
        return Response("ok\n", headers={VERSION_HEADER: find_version(), IDLE_HEADER: idle}, mimetype="text/plain")

    def make_card(self, view: View) -> View:
        self._counter.make_card()
        return view.close(open="card_ready")

    def unlock(self, view: View) -> View:
        self._counter.unlock(request.form.getlist("group"))
        return view.close(page="house")

    def check_in(self, view: View) -> View:
        pending, room = request.form.get("pending", ""), request.form.get("room", "")
        nights = request.form.get("nights", 0, type=int)
        before = self._counter.state()
        present = {guest.stay for guest in before.house if guest.room == room}
        party = tuple(stay for stay in view.done if stay in present)
        if present and not party and request.form.get("join") != "1":
            return view.close(open="join", guest=pending, room=room, nights=nights)
        if _is_minor(before, pending) and request.form.get("steps") != "1":
            return view.close(open="minor", guest=pending, room=room, nights=nights)
        beside = find_beside(view, before, room)
        is_asked = self._service is None or request.form.get("asked") == "1"
        if not is_asked and self._service and self._service.ask(pending, room, nights, beside) is not None:
            return view.close(open="asked", guest=pending, room=room, nights=nights)
        guardian = self._read_guardian(before)
        if self._service is None:
            done = self._counter.check_in(pending, room, nights, guardian)
        else:
            answers = request.form.to_dict()
            done = self._counter.check_in(pending, room, nights, guardian, answers=answers, beside=beside)
        # A party shares a room; whoever came before is no longer shown to who comes next.
        return view.close(done=(*party, done.stay), guest="", reveal="", nights=nights)

    def discard(self, view: View) -> View:
        self._counter.discard(request.form.get("pending", ""))
        return view.close(guest="", reveal="")

    def dismiss(self, view: View) -> View:
        self._counter.dismiss()
        return view

    def accept_notice(self, view: View) -> View:
        self._counter.accept_notice()
        return view

    def see_notice(self, view: View) -> View:
        self._counter.see_notice(request.form.get("number", 0, type=int))
        return view

    def check_out(self, view: View) -> View:
        self._counter.check_out(list(parse_stays(request.form.get("stays", ""))))
        return view.close()

    def undo(self, view: View) -> View:
        stay = request.form.get("stay", "")
        pending = self._counter.undo(stay)
        return view.close(done=tuple(each for each in view.done if each != stay), guest=pending, reveal="")

    def move(self, view: View) -> View:
        stay, room = request.form.get("stay", ""), request.form.get("room", "")
        present = any(guest.room == room and guest.stay != stay for guest in self._counter.state().house)
        if present and request.form.get("join") != "1":
            return view.close(open="move", stays=parse_stays(stay), room=room)
        self._counter.move(stay, room)
        return view.close()

    def extend(self, view: View) -> View:
        self._counter.extend(request.form.get("stay", ""), _read_departure() or date.min)
        return view.close()

    def correct(self, view: View) -> View:
        stay, pending, state = request.form.get("stay", ""), request.form.get("pending"), self._counter.state()
        if pending is not None and _is_minor(state, pending) and request.form.get("steps") != "1":
            return view.close(open="minor", stays=parse_stays(stay), guest=pending)
        self._counter.correct(
            stay,
            pending=pending,
            guardian=self._read_guardian(state),
            room=request.form.get("room"),
            departure=_read_departure(),
        )
        return view.close()

    def cancel(self, view: View) -> View:
        reason = request.form.get("reason", "")
        if reason not in set(CancelReason):
            abort(400)
        self._counter.cancel(request.form.get("stay", ""), CancelReason(reason))
        return view.close()

    def send_again(self, view: View) -> View:
        self._counter.send_again(request.form.get("stay", ""))
        return view

    def scan(self, view: View) -> View:
        self._counter.scan(request.form.get("text", ""))
        return replace(view, drawer=False)

    def take_typed(self, view: View) -> View:
        pending = self._counter.take_typed(read_draft(request.form))
        if view.stays:
            return view.close(open="correct_guest", stays=view.stays)
        return view.close(page="desk", guest=pending)

    def check(self) -> ResponseReturnValue:
        """Say of each field what there is to say; nothing is kept, and nothing is drawn."""
        words, form = read_words(), request.form
        try:
            if form.get("form") == "guardian":
                findings, told = check_guardian(read_fields(form)), {}
            else:
                draft = read_draft(form)
                findings, told = self._counter.check_typed(draft), tell_from_number(draft)
        except CounterError:
            abort(400)
        return jsonify(findings=say_findings(findings, words, self._counter.state().today), told=told)

    def put_card(self, view: View) -> View:
        assert self._demo_cards is not None  # noqa: S101 - the route exists in the demonstration only
        self._demo_cards.put(request.form.get("card", ""))
        if view.open == "correct_guest":
            return replace(view, drawer=False)
        return view.close(drawer=False, page="desk")

    def remove_card(self, view: View) -> View:
        assert self._demo_cards is not None  # noqa: S101 - the route exists in the demonstration only
        self._demo_cards.remove()
        return view

    def report(self, error: Exception) -> ResponseReturnValue:
        """Answer what keeps the counter from being shown in words, and a fault of our own with none in the log."""
        if isinstance(error, HTTPException):
            return "", error.code or 500
        if isinstance(error, CounterError):
            _log.error("not shown: %s at %s", error.code, request.endpoint)
            both = find_tongues().load_all()
            return render_template("broken.html", both=both, code=error.code), 503
        _log.error("unexpected %s at %s", type(error).__name__, request.endpoint)
        return "", 500

    @staticmethod
    def _read_guardian(state: CounterState) -> Mapping[TypedField, str] | None:
        is_asked = state.typing.with_guardian and TypedField.GUARDIAN_NAME in request.form
        return read_fields(request.form) if is_asked else None

    def _answer(self, action: Action) -> Callable[[], ResponseReturnValue]:
        def act() -> ResponseReturnValue:
            view = parse_view(request.args)
            try:
                return self._reply(replace(action(view), problem=""))
            except CounterError as error:
                # What was typed is not lost because something was refused.
                is_typed = view.open in FORM_WINDOWS
                return self._reply(replace(view, problem=error.code) if is_typed else view.close(problem=error.code))
            except HTTPException:
                raise
            except Exception as error:
                _log.error("unexpected %s at %s", type(error).__name__, request.endpoint)
                return self._reply(view.close(problem="internal"))

        return act

    def _draw(self, words: Words, view: View) -> tuple[CounterState, View, dict[str, str]]:
        # Only where it is looked at: it asks the disk and other programs.
        checks = self._find_checks() if view.open == "check" else []
        return draw_regions(self._counter, self._demo_cards, words, view, find_tongues(), self._service, checks)

    def _reply(self, view: View) -> Response:
        words = read_words()
        state, view, regions = self._draw(words, view)
        return jsonify(
            process=self._process,
            version=state.version,
            language=words.language,
            view=view.to_query(),
            pending=_newest(state),
            regions=regions,
        )


def _read_departure() -> date | None:
    """Return the day that a stepper stands for: so many nights from the first one on."""
    try:
        first = date.fromisoformat(request.form["first"])
    except (KeyError, ValueError):
        return None
    nights = min(max(request.form.get("nights", 1, type=int), 1), 999)
    return first + timedelta(days=nights - 1)


def _is_minor(state: CounterState, pending: str) -> bool:
    return any(guest.id == pending and guest.is_minor for guest in state.pending)


def _newest(state: CounterState) -> str:
    """Return the id of the guest read last: when it changes, somebody has put a document down."""
    return state.pending[-1].id if state.pending else ""
