"""Signing in, step by step. Name, password and code get one answer, after the last of them."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from service.accounts.acts import AccountAct
from service.accounts.attempts import Attempt
from service.accounts.book import Account, AccountBook, Factor
from service.accounts.errors import CodesUsedUp, KeyTooLate, SignInWrong
from service.accounts.key_ceremonies import RelyingParty, ask_for_proof
from service.accounts.sessions import CODE_TRIES, KEY_TRIES, ChallengeUse, Session, SessionBook, Standing
from service.audit import Audit

NOBODY = "nobody"
APP = "app"
_MARK_DIGITS = 64
_MARK = re.compile(r"[0-9a-f]{96}")
_MOST_MARKS = 16  # with which a cookie stays below half of what browsers keep
_BETWEEN = "."


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody gives beside a password: a code that was typed, or what a security key signed (JSON)."""

    code: str = field(default="", repr=False)
    signed: str = field(default="", repr=False)
    but_not: str = ""  # what proves nothing here because it is to go: a key by its number, or APP


@dataclass(frozen=True, slots=True)
class SignIn:
    """The steps from a name to a session that is signed in."""

    accounts: AccountBook
    sessions: SessionBook
    audit: Audit
    relying: RelyingParty | None = None  # None: security keys cannot be used at this address

    def take_password(self, attempt: Attempt, password: str, browser: str) -> tuple[str, Standing]:
        """Open a session for the next step, whether name and password fit or not. Raises: PleaseWait."""
        no_code_s = self.accounts.count_attempt(attempt, may_use_key=self.relying is not None)
        standing = find_next_step(self.accounts.check_password(attempt.name, password))
        if no_code_s and standing is Standing.FACTOR:
            standing = Standing.REFUSED  # its page would tell a guesser that the password was right
        # Also after a wrong password: the failure is logged with the account's name.
        account = self.accounts.find(attempt.name)
        token = self.sessions.open(account.name if account else "", standing, browser, takes_codes=not no_code_s)
        return token, standing

    def take_proof(self, token: str, session: Session, proof: Proof, attempt: Attempt) -> str:
        """Sign in, and return the session's new token. Raises: SignInWrong, CodesUsedUp, KeyTooLate, KeySuspected."""
        if not self.sessions.count_try(token, CODE_TRIES + KEY_TRIES if proof.signed else CODE_TRIES):
            raise CodesUsedUp  # and not one more line in the log: strangers could fill it
        # Everything is done also where the password was wrong already, so that it takes as long.
        name = session.account if session.standing is Standing.CODE else ""
        if self.prove(token, name, proof) is None:
            self.audit.write(session.account or NOBODY, AccountAct.SIGN_IN_FAILED, session.account)
            raise SignInWrong
        return self.finish(token, attempt)

    def ask_for_proof(self, token: str) -> str | None:
        """Return what a browser asks a security key in this session, as JSON; None where keys cannot be used."""
        if self.relying is None:
            return None
        return ask_for_proof(self.relying, self.sessions.give_challenge(token, ChallengeUse.PROOF))

    def prove(self, token: str, name: str, proof: Proof) -> Factor | None:
        """Return what proves that an account's holder is there; a code or challenge is used up by it.

        Raises: KeyTooLate, KeySuspected.
        """
        if proof.signed:
            challenge = self.sessions.take_challenge(token, ChallengeUse.PROOF)
            if self.relying is None or challenge is None:
                raise KeyTooLate
            fits = self.accounts.keys.prove(name, self.relying, challenge, proof.signed, but_not=proof.but_not)
            return Factor.SECURITY_KEY if fits else None
        proved = self.accounts.check_code(name, proof.code)
        if proved is Factor.RECOVERY_CODE:
            self.audit.write(name, AccountAct.RECOVERY_CODE_USED, name)
        return None if proved is Factor.APP and proof.but_not == APP else proved

    def finish(self, token: str, attempt: Attempt) -> str:
        """Sign in after the last step, and return the session's new token."""
        self.audit.write(attempt.name, AccountAct.SIGN_IN, attempt.name)
        self.accounts.forgive_attempts(attempt)
        return self.sessions.raise_standing(token, Standing.FULL)

    def mark_browser(self, name: str, kept: str) -> str:
        """Return what a browser keeps after its user has signed in: a mark of them, and those `kept` of others.

        A console that officers share at the change of shifts knows each of them.
        """
        number = secrets.token_hex(16)
        others = [each for each in _split_marks(kept) if not self._is_mark_of(name, each)]
        return _BETWEEN.join([f"{number}{self.accounts.mark_browser(name, number)}", *others][:_MOST_MARKS])

    def read_mark(self, name: str, kept: str) -> str:
        """Return the number of a known browser, or "" where none of its marks is this account's."""
        return next((each[:-_MARK_DIGITS] for each in _split_marks(kept) if self._is_mark_of(name, each)), "")

    def _is_mark_of(self, name: str, mark: str) -> bool:
        expected = self.accounts.mark_browser(name, mark[:-_MARK_DIGITS])
        return secrets.compare_digest(expected.encode(), mark[-_MARK_DIGITS:].encode())


def _split_marks(kept: str) -> list[str]:
    return [each for each in kept.split(_BETWEEN)[:_MOST_MARKS] if _MARK.fullmatch(each)]


def find_next_step(account: Account | None) -> Standing:
    """Return what comes after the password."""
    if account is None:
        return Standing.REFUSED
    if not account.has_own_password:
        return Standing.PASSWORD
    return Standing.CODE if account.has_factor else Standing.FACTOR
