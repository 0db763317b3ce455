"""Signing in, step by step. Name, password and code get one answer, after the last of them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from service.accounts.acts import AccountAct
from service.accounts.attempts import Attempt
from service.accounts.book import Account, AccountBook, Factor
from service.accounts.errors import CodesUsedUp, SignInWrong
from service.accounts.sessions import Session, SessionBook, Standing
from service.audit import Audit

NOBODY = "nobody"
_MARK_DIGITS = 64


@dataclass(frozen=True, slots=True)
class SignIn:
    """The steps from a name to a session that is signed in."""

    accounts: AccountBook
    sessions: SessionBook
    audit: Audit

    def take_password(self, attempt: Attempt, password: str, browser: str) -> tuple[str, Standing]:
        """Open a session for the next step, whether name and password fit or not. Raises: PleaseWait."""
        self.accounts.count_attempt(attempt)
        standing = find_next_step(self.accounts.check_password(attempt.name, password))
        # Also after a wrong password: the failure is logged with the account's name.
        account = self.accounts.find(attempt.name)
        return self.sessions.open(account.name if account else "", standing, browser), standing

    def take_code(self, token: str, session: Session, code: str, attempt: Attempt) -> str:
        """Sign in, and return the session's new token. Raises: SignInWrong, CodesUsedUp."""
        if not self.sessions.count_try(token):
            raise CodesUsedUp  # and not one more line in the log: strangers could fill it
        # Everything is done also where the password was wrong already, so that it takes as long.
        name = session.account if session.standing is Standing.CODE else ""
        proved = self.accounts.check_code(name, code)
        if proved is None:
            self.audit.write(session.account or NOBODY, AccountAct.SIGN_IN_FAILED, session.account)
            raise SignInWrong
        if proved is Factor.RECOVERY_CODE:
            self.audit.write(name, AccountAct.RECOVERY_CODE_USED, name)
        return self.finish(token, attempt)

    def finish(self, token: str, attempt: Attempt) -> str:
        """Sign in after the last step, and return the session's new token."""
        self.audit.write(attempt.name, AccountAct.SIGN_IN, attempt.name)
        self.accounts.forgive_attempts(attempt)
        return self.sessions.raise_standing(token, Standing.FULL)

    def mark_browser(self, name: str) -> str:
        """Return the mark that a browser keeps after its user has signed in."""
        number = secrets.token_hex(16)
        return f"{number}{self.accounts.mark_browser(name, number)}"

    def read_mark(self, name: str, mark: str) -> str:
        """Return the number of a known browser, or "" for a mark that is not one of this account's."""
        number, proof = mark[:-_MARK_DIGITS], mark[-_MARK_DIGITS:]
        fits = secrets.compare_digest(self.accounts.mark_browser(name, number).encode(), proof.encode())
        return number if fits else ""


def find_next_step(account: Account | None) -> Standing:
    """Return what comes after the password."""
    if account is None:
        return Standing.REFUSED
    if not account.has_own_password:
        return Standing.PASSWORD
    return Standing.CODE if account.has_factor else Standing.FACTOR
