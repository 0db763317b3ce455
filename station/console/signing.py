"""Signing an act with one's own password and code: the account's holder does it, not who found the browser open."""

from __future__ import annotations

from flask import request

from service.accounts import AccountAct, Factor
from service.accounts.sign_in import SignIn
from service.pages import current
from service.pages.cookies import Cookies
from service.pages.holder import read_attempt
from service.pages.parts import PageParts
from station.errors import NotSigned


def check_signature(parts: PageParts) -> None:
    """Check password and code that came with a request, of whoever is signed in.

    Tries are counted as those of signing in. Raises: NotSigned, PleaseWait, AuditUnavailable.
    """
    name, accounts = current().name, parts.accounts
    steps = SignIn(accounts, parts.sessions, parts.audit)
    attempt = read_attempt(parts, steps, Cookies(parts.name, parts.is_https), name)
    accounts.count_attempt(attempt)
    fits = accounts.check_password(name, request.form.get("password", "")) is not None
    # Nobody's code after a wrong password: it takes as long, and uses up none.
    proved = accounts.check_code(name if fits else "", request.form.get("code", ""))
    if proved is Factor.RECOVERY_CODE:
        parts.audit.write(name, AccountAct.RECOVERY_CODE_USED, name)
    if proved is None:
        raise NotSigned
    accounts.forgive_attempts(attempt)
