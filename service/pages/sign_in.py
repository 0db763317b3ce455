"""The pages from a name to being signed in, and out again."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, Response, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as BaseResponse

from service.accounts import AccountAct, AccountsError, Attempt, Standing
from service.accounts.book import plain_name
from service.accounts.errors import CodesUsedUp, PleaseWait
from service.accounts.sign_in import SignIn
from service.pages.access import NEXT_STEP, SIGNED_IN, Access, current, find_session, serves
from service.pages.browsers import name_browser
from service.pages.cookies import Cookies
from service.pages.drawing import draw
from service.pages.factor_drawing import draw_factor
from service.pages.holder import add_new_key, ask_for_new_key, read_attempt, read_new_password, read_proof
from service.pages.parts import PageParts
from service.pages.texts import LANGUAGES

_PUBLIC = Access(standings=None)
_CODE = Access(frozenset({Standing.CODE, Standing.REFUSED}))
_PROVING = Access(frozenset({Standing.CODE, Standing.REFUSED, Standing.FULL}))
_PASSWORD = Access(frozenset({Standing.PASSWORD}))
_FACTOR = Access(frozenset({Standing.FACTOR}))
_ANY_STEP = Access(frozenset(Standing))
_SIGNED_IN = Access(SIGNED_IN)


@dataclass(frozen=True, slots=True)
class _Pages:
    parts: PageParts
    steps: SignIn
    cookies: Cookies

    def sign_in(self) -> ResponseReturnValue:
        """Ask for name and password."""
        session = find_session()
        if request.method == "GET":
            if session is not None and session.standing is Standing.FULL:
                return redirect(url_for("pages.home"), HTTPStatus.SEE_OTHER)
            return draw("pages/sign_in.html", problem=None)
        attempt = self._read_attempt(plain_name(request.form.get("name", "")))
        try:
            token, standing = self.steps.take_password(attempt, request.form.get("password", ""), name_browser())
        except PleaseWait as problem:
            return draw("pages/sign_in.html", HTTPStatus.TOO_MANY_REQUESTS, problem=problem)
        if session is not None:
            self.parts.sessions.close(g.token)
        return self._go_on(NEXT_STEP[standing], token)

    def code(self) -> ResponseReturnValue:
        """Ask for the code; only its answer says whether name and password were right."""
        session = find_session()
        assert session is not None  # noqa: S101 - admitted only so
        if request.method == "GET":
            return self._draw_code(None, takes_codes=session.takes_codes)
        try:
            attempt = self._read_attempt(session.account)
            token = self.steps.take_proof(g.token, session, read_proof(), attempt)
        except AccountsError as problem:
            takes_codes = session.takes_codes and not isinstance(problem, CodesUsedUp)
            return self._draw_code(problem, takes_codes=takes_codes)
        # "/" was wanted by nobody in particular, and may be of a role that this account does not have.
        wanted = _read_next()
        answer = self._go_on(wanted if wanted not in ("", "/") else url_for("pages.home"), token)
        self.cookies.set_mark(answer, self.steps.mark_browser(session.account, self.cookies.read_mark()))
        return answer

    def first_password(self) -> ResponseReturnValue:
        """Have the one-time password replaced by one of the holder's own."""
        name = g.account.name
        if request.method == "GET":
            return draw("pages/first_password.html", problem=None)
        try:
            self.parts.accounts.set_password(name, read_new_password())
        except AccountsError as problem:
            return draw("pages/first_password.html", problem=problem)
        return self._go_on(NEXT_STEP[Standing.FACTOR], self.parts.sessions.open(name, Standing.FACTOR, name_browser()))

    def first_factor(self) -> ResponseReturnValue:
        """Have a second factor set up; then the account is signed in."""
        name, session = g.account.name, find_session()
        assert session is not None  # noqa: S101 - admitted only so
        if g.account.has_factor:
            # Set up meanwhile in another browser: whoever sits at this one has to prove it.
            self.parts.sessions.close(g.token)
            return redirect(url_for("pages.sign_in"), HTTPStatus.SEE_OTHER)
        pending, problem = session.pending_factor, None
        codes: tuple[str, ...] = ()
        if pending is None:
            pending = self.parts.accounts.make_factor(name)
            self.parts.sessions.keep_pending(g.token, pending)
        if request.method == "POST":
            try:
                codes = self._set_first_factor(name, pending)
            except AccountsError as error:
                problem = error
        if not codes:
            shown, new_key = draw_factor(self.parts, name, pending), ask_for_new_key(self.parts, self.steps, name)
            return draw("pages/first_factor.html", problem=problem, factor=shown, new_key=new_key)
        token = self.steps.finish(g.token, self._read_attempt(name))
        answer = draw("pages/recovery_codes.html", codes=codes)
        self.cookies.set_token(answer, token)
        self.cookies.set_mark(answer, self.steps.mark_browser(name, self.cookies.read_mark()))
        return answer

    def sign_out(self) -> ResponseReturnValue:
        """End this session."""
        session = find_session()
        if session is not None and session.standing is Standing.FULL:
            self.parts.audit.write(session.account, AccountAct.SIGN_OUT, session.account)
        self.parts.sessions.close(g.token)
        answer = redirect(url_for("pages.sign_in"), HTTPStatus.SEE_OTHER)
        self.cookies.drop_token(answer)
        return answer

    def language(self) -> ResponseReturnValue:
        """Change the language of this browser, and of the account that is signed in."""
        chosen = request.form.get("language", "")
        answer = redirect(_read_next() or url_for("pages.home"), HTTPStatus.SEE_OTHER)
        if chosen in LANGUAGES:
            self.cookies.set_language(answer, chosen)
            session = find_session()
            if session is not None and session.standing is Standing.FULL:
                self.parts.accounts.set_language(session.account, chosen)
        return answer

    def home(self) -> ResponseReturnValue:
        """Lead to the first page that is for this account."""
        roles = current().roles
        entries = [each for each in self.parts.navigation if not roles.isdisjoint(str(role) for role in each.roles)]
        return redirect(url_for(entries[0].endpoint if entries else "pages.own_account"), HTTPStatus.SEE_OTHER)

    def key_challenge(self) -> ResponseReturnValue:
        """Return what the browser asks a security key, as JSON; the same whoever may have typed which name."""
        asked = self.steps.ask_for_proof(g.token)
        if asked is None:
            abort(HTTPStatus.NOT_FOUND)
        return Response(asked, mimetype="application/json")

    def _set_first_factor(self, name: str, pending: bytes) -> tuple[str, ...]:
        """Return the recovery codes once an app or a security key is set up. Raises: AccountsError."""
        if not request.form.get("signed"):
            return self.parts.accounts.confirm_second_factor(name, pending, request.form.get("code", ""))
        add_new_key(self.parts, self.steps, name)
        return self.parts.accounts.make_recovery_codes(name)

    def _draw_code(self, problem: AccountsError | None, *, takes_codes: bool) -> BaseResponse:
        has_keys = self.steps.relying is not None
        return draw("pages/code.html", problem=problem, has_keys=has_keys, takes_codes=takes_codes or not has_keys)

    def _read_attempt(self, name: str) -> Attempt:
        return read_attempt(self.parts, self.steps, self.cookies, name)

    def _go_on(self, target: str, token: str) -> BaseResponse:
        address = target if target.startswith("/") else url_for(target, next=_read_next() or None)
        answer = redirect(address, HTTPStatus.SEE_OTHER)
        self.cookies.set_token(answer, token)
        return answer


def add_sign_in(pages: Blueprint, parts: PageParts, steps: SignIn, cookies: Cookies) -> None:
    """Add the pages to the blueprint."""
    made = _Pages(parts, steps, cookies)
    both = ("GET", "POST")
    serves(pages, "/sign-in", _PUBLIC, methods=both)(made.sign_in)
    serves(pages, "/sign-in/code", _CODE, methods=both)(made.code)
    serves(pages, "/key-challenge", _PROVING, methods=("POST",))(made.key_challenge)
    serves(pages, "/sign-in/password", _PASSWORD, methods=both)(made.first_password)
    serves(pages, "/sign-in/factor", _FACTOR, methods=both)(made.first_factor)
    serves(pages, "/sign-out", _ANY_STEP, methods=("POST",))(made.sign_out)
    serves(pages, "/language", _PUBLIC, methods=("POST",))(made.language)
    serves(pages, "/home", _SIGNED_IN)(made.home)


def _read_next() -> str:
    """Return the page that somebody wanted before signing in; only a path of ours."""
    wanted = request.values.get("next", "")
    is_path = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable()
    return wanted if is_path else ""
