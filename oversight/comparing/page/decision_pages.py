"""The pages of countersigning: what waits, one decision in full, and the list that is signed."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from oversight.comparing import countersigning
from oversight.comparing.countersigning import count_by_act
from oversight.comparing.errors import BirthDateDiffers, DayFull, DecisionNotOpen, TooManyDecisions
from oversight.comparing.page.audit import PageAct
from oversight.comparing.page.parts import OversightParts
from oversight.comparing.page.roles import OFFICERS
from oversight.comparing.sitting import Sitting
from oversight.errors import OversightError
from records.comparing.acts import Act, describe_act
from records.comparing.decisions import Decision
from records.comparing.errors import DecisionRefused
from records.comparing.fault_words import FAULT_WORDS
from records.errors import RecordsError
from records.notes import split_note
from records.small_counts import round_count
from service.pages import current, shows
from service.pages.drawing import draw


@dataclass(frozen=True, slots=True)
class CountedAct:
    """How many decisions a court has for an act, in steps of five; few ones are not told."""

    court: str
    act: Act
    n: int | None


def list_counts(counts: dict[tuple[str, str], int]) -> list[CountedAct]:
    """Return the counts by court and act, the courts in order.

    In steps, as what is published: the list tells its exact sum, and a small count could be found by taking away.
    """
    return [CountedAct(court, Act(act), round_count(n)) for (court, act), n in sorted(counts.items())]


def say_act(act: Act, language: str) -> str:
    """Return an act in plain words of one language."""
    return describe_act(act)[0 if language == "zh" else 1]


def say_refusal(error: DecisionRefused, language: str) -> str:
    """Return why a decision is refused, with the name of a field that it may not have or that is missing."""
    field = f" ({error.field_name})" if error.field_name else ""
    return FAULT_WORDS[error.fault][0 if language == "zh" else 1] + field


def list_signers(decision: Decision) -> list[str]:
    """Return the names of the keys that signed a decision. They were checked when it was loaded."""
    return [name for name, _ in split_note(decision.note)[1]]


def add_decisions(app: Flask, parts: OversightParts, sitting: Sitting) -> None:
    """Add the pages of countersigning."""
    app.jinja_env.globals.update(say_act=say_act, list_signers=list_signers, say_refusal=say_refusal)
    _add_reading(app, sitting)
    _add_answers(app, parts, sitting)
    _add_list(app, sitting)


def _add_reading(app: Flask, sitting: Sitting) -> None:
    @shows(app, "/", roles=OFFICERS, look=None)
    def decisions() -> ResponseReturnValue:
        return _draw_overview(sitting)

    @shows(app, "/decisions/next", roles=OFFICERS, look=None, methods=("POST",))
    def next_decision() -> ResponseReturnValue:
        try:
            found = sitting.take_next(current().name)
        except (DayFull, TooManyDecisions) as problem:
            return _draw_overview(sitting, problem)
        # The look at it is the next request's, and written down before it is shown.
        address = url_for("decisions") if found is None else url_for("decision", leaf=found.leaf.hex())
        return redirect(address, HTTPStatus.SEE_OTHER)

    @shows(app, "/decisions/<digest:leaf>", roles=OFFICERS, look=PageAct.LOOK)
    def decision(leaf: str) -> ResponseReturnValue:
        return _draw_decision(sitting, leaf)


def _add_answers(app: Flask, parts: OversightParts, sitting: Sitting) -> None:
    @shows(app, "/decisions/<digest:leaf>/agree", roles=OFFICERS, look=PageAct.AGREE, methods=("POST",))
    def agree(leaf: str) -> ResponseReturnValue:
        try:
            sitting.agree(current().name, bytes.fromhex(leaf), request.form.get("born", ""))
        except BirthDateDiffers as problem:
            parts.audit.write(current().name, PageAct.NOT_AGREED, leaf)
            parts.audit.write(current().name, PageAct.LOOK, leaf)  # the page that says so shows it again
            return _draw_decision(sitting, leaf, problem)
        except DecisionNotOpen as problem:
            parts.audit.write(current().name, PageAct.NOT_AGREED, leaf)
            return _draw_overview(sitting, problem)
        return _go("decisions")

    @shows(app, "/decisions/<digest:leaf>/refuse", roles=OFFICERS, look=PageAct.REFUSE, methods=("POST",))
    def refuse(leaf: str) -> ResponseReturnValue:
        try:
            sitting.refuse(current().name, bytes.fromhex(leaf))
        except DecisionNotOpen as problem:
            return _draw_overview(sitting, problem)
        return _go("decisions")


def _add_list(app: Flask, sitting: Sitting) -> None:
    @shows(app, "/list", roles=OFFICERS, look=None)
    def list_draft() -> ResponseReturnValue:
        return _draw_list(sitting)

    @shows(app, "/list/<digest:root>/sign", roles=OFFICERS, look=PageAct.SIGN, methods=("POST",))
    def sign_list(root: str) -> ResponseReturnValue:
        try:
            made = sitting.sign(bytes.fromhex(root))
        except (OversightError, RecordsError) as problem:
            return _draw_list(sitting, problem)
        return redirect(url_for("decisions", signed=made.made.number), HTTPStatus.SEE_OTHER)


def _draw_overview(sitting: Sitting, problem: Exception | None = None) -> ResponseReturnValue:
    try:
        found = sitting.review()
    except (OversightError, RecordsError, OSError) as unreadable:
        return draw("oversight/unreadable.html", HTTPStatus.CONFLICT, problem=unreadable)
    signed = request.args.get("signed", "")
    return draw(
        "oversight/decisions.html", HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
        found=found, waiting=len(sitting.list_waiting()), room=sitting.count_room(), said_no=sitting.count_refused(),
        most=countersigning.MOST_NEW_A_DAY, draft=sitting.draft(), problem=problem,
        signed=signed if signed.isascii() and signed.isdecimal() else "",
    )  # fmt: skip


def _draw_decision(sitting: Sitting, leaf: str, problem: OversightError | None = None) -> ResponseReturnValue:
    try:
        shown = sitting.find_open(current().name, bytes.fromhex(leaf))
    except DecisionNotOpen:
        abort(HTTPStatus.NOT_FOUND)
    status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
    return draw(
        "oversight/decision.html", status, shown=shown, waiting=len(sitting.list_waiting()),
        room=sitting.count_room(), problem=problem,
    )  # fmt: skip


def _draw_list(sitting: Sitting, problem: Exception | None = None) -> ResponseReturnValue:
    try:
        draft = sitting.draft()
    except (OversightError, RecordsError, OSError) as unreadable:
        return draw("oversight/unreadable.html", HTTPStatus.CONFLICT, problem=unreadable)
    status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
    counts = list_counts(count_by_act(draft.decisions))
    return draw(
        "oversight/list.html", status, draft=draft, counts=counts, problem=problem, new=len(sitting.list_waiting())
    )


def _go(endpoint: str) -> ResponseReturnValue:
    return redirect(url_for(endpoint), HTTPStatus.SEE_OTHER)
