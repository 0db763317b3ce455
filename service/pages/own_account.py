"""The page on which an account's holder changes password and second factor, and sees their sessions."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.accounts import AccountAct, AccountsError, Standing
from service.accounts.sign_in import Proof, SignIn
from service.pages.access import SIGNED_IN, Access, current, find_session, serves
from service.pages.browsers import name_browser
from service.pages.cookies import Cookies
from service.pages.drawing import draw
from service.pages.factor_drawing import draw_factor
from service.pages.holder import confirm_holder, read_new_password, read_proof, renew_session
from service.pages.parts import PageParts

_SIGNED_IN = Access(SIGNED_IN)


@dataclass(frozen=True, slots=True)
class _Pages:
    parts: PageParts
    steps: SignIn
    cookies: Cookies

    def own_account(self) -> ResponseReturnValue:
        """Show the account, and everywhere it is signed in."""
        name, session = current().name, find_session()
        return draw(
            "pages/account.html",
            sessions=self.parts.sessions.list_of(name),
            number=session.number if session else "",
            codes_left=self.parts.accounts.count_recovery_codes(name),
            keys=self.parts.accounts.keys.list_of(name),
            has_keys=self.steps.relying is not None,
            done=request.args.get("done", ""),
            problem=request.args.get("problem", ""),
        )

    def change_password(self) -> ResponseReturnValue:
        """Take a new password; all other sessions end."""
        name = current().name
        if request.method == "GET":
            return draw("pages/change_password.html", problem=None)
        try:
            self._confirm(name, None)
            self.parts.accounts.set_password(name, read_new_password())
        except AccountsError as problem:
            return draw("pages/change_password.html", problem=problem)
        answer = redirect(url_for("pages.own_account", done="password"), HTTPStatus.SEE_OTHER)
        self.cookies.set_token(answer, self.parts.sessions.open(name, Standing.FULL, name_browser()))
        return answer

    def change_factor(self) -> ResponseReturnValue:
        """Set up another second factor, once password and present code are given."""
        name, session = current().name, find_session()
        assert session is not None  # noqa: S101 - admitted only so
        pending, problem = session.pending_factor, None
        if request.method == "GET" and pending is not None:
            # Whoever comes back later, perhaps somebody else, proves again who they are.
            self.parts.sessions.keep_pending(g.token, None)
            pending = None
        if request.method == "POST":
            try:
                if pending is not None:
                    return self._finish_factor(name, pending)
                self._confirm(name, read_proof())
                renew_session(self.parts)
                pending = self.parts.accounts.make_factor(name)
                self.parts.sessions.keep_pending(g.token, pending)
            except AccountsError as error:
                problem = error
        if pending is None:
            return draw("pages/confirm.html", problem=problem, use="factor", has_keys=self._has_keys)
        answer = draw("pages/new_factor.html", problem=problem, factor=draw_factor(self.parts, name, pending))
        self.cookies.set_token(answer, g.token)
        return answer

    def recovery_codes(self) -> ResponseReturnValue:
        """Make new recovery codes, once password and present code are given."""
        name, problem = current().name, None
        if request.method == "POST":
            try:
                self._confirm(name, read_proof())
                return draw("pages/recovery_codes.html", codes=self.parts.accounts.make_recovery_codes(name))
            except AccountsError as error:
                problem = error
        return draw("pages/confirm.html", problem=problem, use="codes", has_keys=self._has_keys)

    def end_session(self) -> ResponseReturnValue:
        """End one of the own sessions."""
        name, number = current().name, request.form.get("number", "")
        self.parts.audit.write(name, AccountAct.SESSION_ENDED, name)
        self.parts.sessions.close_number(name, number)
        return redirect(url_for("pages.own_account"), HTTPStatus.SEE_OTHER)

    def sign_out_everywhere(self) -> ResponseReturnValue:
        """End all of the own sessions, this one too."""
        name = current().name
        self.parts.audit.write(name, AccountAct.SIGN_OUT, name)
        self.parts.sessions.close_all_of(name)
        answer = redirect(url_for("pages.sign_in"), HTTPStatus.SEE_OTHER)
        self.cookies.drop_token(answer)
        return answer

    @property
    def _has_keys(self) -> bool:
        return self.steps.relying is not None and current().keys > 0

    def _confirm(self, name: str, proof: Proof | None) -> None:
        confirm_holder(self.parts, self.steps, self.cookies, name, proof)

    def _finish_factor(self, name: str, pending: bytes) -> ResponseReturnValue:
        codes = self.parts.accounts.confirm_second_factor(name, pending, request.form.get("code", ""))
        answer = draw("pages/recovery_codes.html", codes=codes)
        self.cookies.set_token(answer, self.parts.sessions.raise_standing(g.token, Standing.FULL))
        return answer


def add_own_account(pages: Blueprint, parts: PageParts, steps: SignIn, cookies: Cookies) -> None:
    """Add the pages to the blueprint."""
    made = _Pages(parts, steps, cookies)
    both = ("GET", "POST")
    serves(pages, "/account", _SIGNED_IN)(made.own_account)
    serves(pages, "/account/password", _SIGNED_IN, methods=both)(made.change_password)
    serves(pages, "/account/factor", _SIGNED_IN, methods=both)(made.change_factor)
    serves(pages, "/account/recovery-codes", _SIGNED_IN, methods=both)(made.recovery_codes)
    serves(pages, "/account/sessions/end", _SIGNED_IN, methods=("POST",))(made.end_session)
    serves(pages, "/account/sessions/end-all", _SIGNED_IN, methods=("POST",))(made.sign_out_everywhere)
