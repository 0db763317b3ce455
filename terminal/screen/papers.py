"""What is printed: slips, proofs for an inspector, and the recovery card."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from flask import Flask, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from terminal.screen.draw import draw_left_proofs, draw_proofs, draw_slips
from terminal.screen.service import read_kept_day
from terminal.screen.tongues import find_tongues, read_words
from terminal.screen.view import parse_stays, parse_view
from terminal.service_state import ServiceCounter
from terminal.state import CounterService

_WITH_FRAME = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; frame-src 'self'; frame-ancestors 'none';"
    " base-uri 'none'"
)


class Papers:
    """The pages of one screen that go to a printer."""

    def __init__(self, counter: CounterService, service: ServiceCounter | None) -> None:
        self._counter, self._service = counter, service

    def attach(self, app: Flask) -> None:
        """Add the pages to `app`."""
        app.get("/slip/<stays>/print")(self.paper)
        if self._service is None:  # the receipts that it prints are central's
            app.get("/proof/print", endpoint="proof_all")(self.proof)
            app.get("/proof/<stays>/print")(self.proof)
            app.get("/proof/left/<day>/print")(self.left)
        else:
            app.get("/kept/receipt/<day>", endpoint="kept_receipt")(self.receipt_page)
            app.get("/kept/receipt/<day>/<mark>", endpoint="kept_receipt_of_many")(self.receipt_page)
            app.get("/kept/<day>/print", endpoint="kept_of_day")(self.kept_paper)
            app.get("/kept/<day>/<reference>/print", endpoint="kept_of_one")(self.kept_paper)
        app.get("/card/print")(self.card_paper)

    def paper(self, stays: str) -> ResponseReturnValue:
        """Return the slips of stays, in the order asked for."""
        state = self._counter.state()
        drawn = draw_slips(self._counter, state, parse_stays(stays), self._service)
        slips = [slip for slip in drawn if slip.code is not None or slip.told is not None]
        if not slips:
            return "", 404
        return render_template(
            "paper.html",
            w=read_words(),
            both=find_tongues().load_all(),
            state=state,
            slips=slips,
            notice=self._counter.notice(),
            back=parse_view(request.args).to_query(),
            now=datetime.now().astimezone(),
        )

    def proof(self, stays: str = "") -> ResponseReturnValue:
        """Return the receipts of stays, or of everybody in house."""
        state = self._counter.state()
        proofs = draw_proofs(state, parse_stays(stays) if stays else None)
        if not proofs:
            return redirect("/?page=today", 303)  # nobody is in house, or they have just left
        return render_template(
            "proof.html",
            w=read_words(),
            both=find_tongues().load_all(),
            state=state,
            proofs=proofs,
            received=sum(proof.guest.acknowledgement is not None for proof in proofs),
            back=parse_view(request.args).to_query(),
            now=datetime.now().astimezone(),
        )

    def receipt_page(self, day: str, mark: str = "") -> ResponseReturnValue:
        """Return the page that shows a receipt of the service and prints it."""
        try:
            shown = date.fromisoformat(day)
        except ValueError:
            return "", 404
        back = replace(parse_view(request.args), page="kept", day=day[:7]).to_query()
        if self._service is None or not self._service.is_kept_open(shown):
            return redirect(f"/?{back}", 303)  # there the card opens it
        page = render_template("receipt_page.html", w=read_words(), day=shown, mark=mark, back=back)
        return Response(page, headers={"Content-Security-Policy": _WITH_FRAME})

    def kept_paper(self, day: str, reference: str = "") -> ResponseReturnValue:
        """Return what was told on a day and is kept, of everybody or of one guest."""
        found = None if self._service is None else read_kept_day(self._service, day)
        rows = () if found is None else found[1]
        if reference:
            rows = tuple(each for each in rows if each.reference == reference)
        if not rows:
            return "", 404
        return render_template(
            "kept_paper.html",
            w=read_words(),
            both=find_tongues().load_all(),
            state=self._counter.state(),
            rows=rows,
            law=self._counter.notice()["law"],
            back=replace(parse_view(request.args), page="kept", day=day[:7]).to_query(),
            now=datetime.now().astimezone(),
        )

    def left(self, day: str) -> ResponseReturnValue:
        """Return the receipts of guests who have left, by the day on which they came."""
        try:
            chosen = date.fromisoformat(day)
        except ValueError:
            return "", 404
        proofs = self._counter.left_proofs(chosen)
        if not proofs:
            return redirect("/?page=today&open=left", 303)  # their time was over meanwhile
        return render_template(
            "left_paper.html",
            w=read_words(),
            both=find_tongues().load_all(),
            state=self._counter.state(),
            day=chosen,
            proofs=draw_left_proofs(proofs),
            back=parse_view(request.args).to_query(),
            now=datetime.now().astimezone(),
        )

    def card_paper(self) -> ResponseReturnValue:
        """Return the card just made, once."""
        groups, state = self._counter.take_card(), self._counter.state()
        if not groups or state.lock.card_made_at is None:
            return redirect("/?page=house", 303)  # shown once: whoever loads it again sees nothing
        return render_template(
            "card_paper.html",
            w=read_words(),
            both=find_tongues().load_all(),
            state=state,
            groups=groups,
            made_at=state.lock.card_made_at,
            back=parse_view(request.args).to_query(),
        )
