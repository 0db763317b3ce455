"""What may be asked of a receiving service on the screen; beside `app`, and present only where there is one.

POST /told/put-right     stay, and the fields that were asked
POST /told/send-again    stay, of which something was refused
POST /told/send-now      no booking waits for its rest
POST /told/seen          reference, there=1 or 0: what a person has seen at the service
POST /told/handed-in     everything in the last file was handed in
POST /told/credentials   the house's credentials; kept once the service has taken them
POST /told/on-paper      reference, of somebody who cannot be read: a person has told the authority otherwise
POST /told/no-card       nobody has the card of an earlier machine: what it would open is let go
POST /told/kept-card     group, eight times: what is kept of earlier guests can be looked at for a while
POST /asked/check        the form as it stands: answers with what is to be said of each field
POST /asked/search       table, text: rows of a table of the service
GET  /told/fallback      the file to hand in
GET  /told/receipt/<day> a receipt of the service; /<mark> where a day has several; ?inline=1 to be shown
GET  /kept/receipt/<day> the page that shows and prints it
GET  /kept/<day>/print   what was told on a day and is kept; /<reference> of one guest
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue

from terminal.destinations.asked import parse_day
from terminal.screen.service import find_beside, say_asked_finding
from terminal.screen.tongues import read_words
from terminal.screen.view import View
from terminal.service_state import ServiceCounter
from terminal.state import CounterError, CounterService

__all__ = ["ServiceActions", "find_beside"]

Action = Callable[[View], View]
# A receipt is shown in a page of our own: the browser's own viewer needs no leave for anything.
IN_OWN_FRAME = {"Content-Security-Policy": "frame-ancestors 'self'", "X-Frame-Options": "SAMEORIGIN"}


class ServiceActions:
    """The actions of one screen."""

    def __init__(self, counter: CounterService, service: ServiceCounter) -> None:
        self._counter, self._service = counter, service

    def attach(self, app: Flask) -> dict[str, Action]:
        """Add what answers by itself to `app`, and return the actions that lead to another view."""
        app.post("/asked/check", endpoint="asked_check")(self.check)
        app.post("/asked/search", endpoint="asked_search")(self.search)
        app.get("/told/fallback", endpoint="fallback")(self.fallback)
        app.get("/told/receipt/<day>", endpoint="receipt")(self.receipt)
        app.get("/told/receipt/<day>/<mark>", endpoint="receipt_of_many")(self.receipt)
        return {
            "/told/put-right": self.put_right,
            "/told/send-again": self.send_again,
            "/told/send-now": self.send_now,
            "/told/seen": self.seen,
            "/told/handed-in": self.handed_in,
            "/told/credentials": self.credentials,
            "/told/on-paper": self.on_paper,
            "/told/no-card": self.no_card,
            "/told/kept-card": self.kept_card,
        }

    def put_right(self, view: View) -> View:
        """Register other answers."""
        self._service.put_right(request.form.get("stay", ""), request.form.to_dict())
        return view.close()

    def send_again(self, view: View) -> View:
        """Send what was refused as it is."""
        self._service.send_again(request.form.get("stay", ""))
        return view

    def send_now(self, view: View) -> View:
        """Do not wait for the rest of any booking."""
        self._service.send_now()
        return view

    def seen(self, view: View) -> View:
        """Take a person's word for what became of something unverified."""
        self._service.note_seen(request.form.get("reference", ""), is_there=request.form.get("there") == "1")
        return view

    def handed_in(self, view: View) -> View:
        """Take a person's word that the last file was handed in."""
        self._service.note_handed_in()
        return view.close()

    def credentials(self, view: View) -> View:
        """Try and keep the house's credentials."""
        self._service.save_credentials(request.form.to_dict(), parse_day(request.form.get("renew_by", "")))
        lock = self._counter.state().lock
        offers_card = lock.can_make_card and lock.card_made_at is None
        return view.close(page="told", open="card" if offers_card else "")

    def on_paper(self, view: View) -> View:
        """Take a person's word for somebody who cannot be read."""
        self._service.note_on_paper(request.form.get("reference", ""))
        return view.close()

    def kept_card(self, view: View) -> View:
        """Let what is kept of earlier guests be looked at for a while."""
        self._service.open_kept(request.form.getlist("group"))
        return view.close(page="kept")

    def no_card(self, view: View) -> View:
        """Go on without the card of an earlier machine."""
        self._service.give_up_card()
        return view.close(page="house")

    def check(self) -> ResponseReturnValue:
        """Say of each field what there is to say; nothing is kept."""
        form, answers = request.form, request.form.to_dict()
        try:
            if stay := form.get("stay", ""):
                asked = self._service.ask_again(stay, answers)
            else:
                nights = form.get("nights", 1, type=int)
                found = self._service.ask(
                    form.get("pending", ""), form.get("room", ""), nights, form.get("beside", ""), answers
                )
                if found is None:
                    return jsonify(findings={}, told={})
                asked = found
        except CounterError:
            return jsonify(findings={}, told={})  # registered, or gone, while the question was on its way
        words = read_words()
        findings = {
            field.id: {
                "tone": "missing" if field.finding == "missing" else "wrong",
                "text": say_asked_finding(field.finding, words),
            }
            for field in asked.fields
            if field.finding
        }
        return jsonify(findings=findings, told={})

    def search(self) -> ResponseReturnValue:
        """Return the rows of a table that fit what was typed."""
        rows = self._service.search(request.form.get("table", ""), request.form.get("text", "")[:100])
        return jsonify(rows=[text for _, text in rows])

    def fallback(self) -> ResponseReturnValue:
        """Return the file to hand in."""
        try:
            file = self._service.make_fallback()
        except CounterError:
            return "", 404
        headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
        return Response(file.data, mimetype=file.media_type, headers=headers)

    def receipt(self, day: str, mark: str = "") -> ResponseReturnValue:
        """Return a receipt of the service."""
        try:
            media_type, data = self._service.open_receipt(date.fromisoformat(day), mark)
        except (CounterError, ValueError):
            return "", 404
        way = "inline" if request.args.get("inline") == "1" else "attachment"
        headers = {"Content-Disposition": f'{way}; filename="{date.fromisoformat(day)}.pdf"'}
        if way == "inline":
            headers |= IN_OWN_FRAME
        return Response(data, mimetype=media_type, headers=headers)
