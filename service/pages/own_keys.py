"""The pages on which an account's holder adds, names and removes security keys, and removes the authenticator app."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.accounts import AccountsError, Standing
from service.accounts.errors import KeyTooLate
from service.accounts.sign_in import APP, SignIn
from service.pages.access import SIGNED_IN, Access, current, serves
from service.pages.browsers import name_browser
from service.pages.cookies import Cookies
from service.pages.drawing import draw
from service.pages.holder import add_new_key, ask_for_new_key, confirm_holder, read_proof, renew_session
from service.pages.parts import PageParts

_SIGNED_IN = Access(SIGNED_IN)


@dataclass(frozen=True, slots=True)
class _Pages:
    parts: PageParts
    steps: SignIn
    cookies: Cookies

    def add_key(self) -> ResponseReturnValue:
        """Register a security key, once password and present second factor are given."""
        name, problem = current().name, None
        if self.steps.relying is None:
            abort(HTTPStatus.NOT_FOUND)
        if request.method == "GET":
            # Whoever comes back later, perhaps somebody else, proves again who they are.
            self.parts.sessions.drop_challenge(g.token)
            return self._ask(None, "key")
        try:
            if "title" in request.form:
                add_new_key(self.parts, self.steps, name)
                return self._go_back("key")
            confirm_holder(self.parts, self.steps, self.cookies, name, read_proof())
            renew_session(self.parts)
        except KeyTooLate as error:
            return self._ask(error, "key")
        except AccountsError as error:
            if "title" not in request.form:
                return self._ask(error, "key")
            problem = error
        asked = ask_for_new_key(self.parts, self.steps, name)
        answer = draw("pages/new_key.html", problem=problem, new_key=asked)
        self.cookies.set_token(answer, g.token)
        return answer

    def rename_key(self) -> ResponseReturnValue:
        """Give one of the own keys another name."""
        try:
            self.parts.accounts.keys.rename(
                current().name, request.form.get("number", ""), request.form.get("title", "")
            )
        except AccountsError as problem:
            return redirect(url_for("pages.own_account", problem=problem.code), HTTPStatus.SEE_OTHER)
        return self._go_back("other")

    def remove_key(self) -> ResponseReturnValue:
        """Take one of the own keys away, once something else proves who asks; all other sessions end."""
        name, number = current().name, request.values.get("number", "")
        found = next((each for each in self.parts.accounts.keys.list_of(name) if each.number == number), None)
        if found is None:
            abort(HTTPStatus.NOT_FOUND)
        if request.method == "GET":
            return self._ask(None, "remove_key", number, found.title)
        try:
            confirm_holder(self.parts, self.steps, self.cookies, name, read_proof(but_not=number))
            self.parts.accounts.keys.remove(name, number)
        except AccountsError as problem:
            return self._ask(problem, "remove_key", number, found.title)
        return self._go_back("key_removed", is_new_session=True)

    def remove_app(self) -> ResponseReturnValue:
        """Take the authenticator app away, once a key or a recovery code proves who asks; all other sessions end."""
        name = current().name
        if not current().has_app:
            abort(HTTPStatus.NOT_FOUND)
        if request.method == "GET":
            return self._ask(None, "remove_app")
        try:
            confirm_holder(self.parts, self.steps, self.cookies, name, read_proof(but_not=APP))
            self.parts.accounts.keys.remove_app(name)
        except AccountsError as problem:
            return self._ask(problem, "remove_app")
        return self._go_back("app_removed", is_new_session=True)

    def _ask(self, problem: AccountsError | None, use: str, number: str = "", title: str = "") -> ResponseReturnValue:
        has_keys = self.steps.relying is not None and current().keys > 0
        return draw("pages/confirm.html", problem=problem, use=use, has_keys=has_keys, number=number, title=title)

    def _go_back(self, done: str, *, is_new_session: bool = False) -> ResponseReturnValue:
        answer = redirect(url_for("pages.own_account", done=done), HTTPStatus.SEE_OTHER)
        if is_new_session:
            token = self.parts.sessions.open(current().name, Standing.FULL, name_browser())
            self.cookies.set_token(answer, token)
        return answer


def add_own_keys(pages: Blueprint, parts: PageParts, steps: SignIn, cookies: Cookies) -> None:
    """Add the pages to the blueprint."""
    made = _Pages(parts, steps, cookies)
    both = ("GET", "POST")
    serves(pages, "/account/keys/add", _SIGNED_IN, methods=both)(made.add_key)
    serves(pages, "/account/keys/rename", _SIGNED_IN, methods=("POST",))(made.rename_key)
    serves(pages, "/account/keys/remove", _SIGNED_IN, methods=both)(made.remove_key)
    serves(pages, "/account/factor/remove", _SIGNED_IN, methods=both)(made.remove_app)
