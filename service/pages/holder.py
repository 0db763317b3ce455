"""Who sits at the browser: what a request gives to prove it, and what registers a security key."""

from __future__ import annotations

from flask import g, request

from service.accounts import Attempt, Standing
from service.accounts.book import Factor
from service.accounts.errors import KeyTooLate, PasswordsDiffer, SignInWrong
from service.accounts.key_ceremonies import find_relying_party
from service.accounts.sessions import ChallengeUse
from service.accounts.sign_in import Proof, SignIn
from service.pages.cookies import Cookies
from service.pages.parts import PageParts

ISSUER = "Kuaijietong"


def make_steps(parts: PageParts) -> SignIn:
    """Return what judges, at these pages, who somebody is."""
    return SignIn(parts.accounts, parts.sessions, parts.audit, find_relying_party(parts.origin))


def read_attempt(parts: PageParts, steps: SignIn, cookies: Cookies, name: str) -> Attempt:
    """Return who is tried, from where, in the request."""
    # Behind our own proxy, which is all that can reach this port, and writes this header itself.
    address = request.headers.get("X-Real-IP", "") if parts.is_https else request.remote_addr or ""
    return Attempt(name, address, steps.read_mark(name, cookies.read_mark()))


def read_new_password() -> str:
    """Return the password that was typed twice. Raises: PasswordsDiffer."""
    password = request.form.get("new", "")
    if request.form.get("again", "") != password:
        raise PasswordsDiffer
    return password


def read_proof(but_not: str = "") -> Proof:
    """Return the code, or what a security key signed, that a form gives."""
    return Proof(request.form.get("code", ""), request.form.get("signed", ""), but_not)


def confirm_holder(parts: PageParts, steps: SignIn, cookies: Cookies, name: str, proof: Proof | None) -> Factor | None:
    """Make sure that the account's holder sits there, not somebody who found the browser open.

    `proof` is None where the password alone is enough; else what it proved is returned.
    Raises: SignInWrong, PleaseWait, KeyTooLate, KeySuspected.
    """
    attempt = read_attempt(parts, steps, cookies, name)
    parts.accounts.count_attempt(attempt)
    factor: Factor | None = None
    fits = parts.accounts.check_password(name, request.form.get("password", "")) is not None
    # Nobody's proof after a wrong password: it takes as long, and uses up no code.
    if proof is not None:
        factor = steps.prove(g.token, name if fits else "", proof)
        fits = factor is not None
    if not fits:
        raise SignInWrong
    parts.accounts.forgive_attempts(attempt)
    return factor


def renew_session(parts: PageParts) -> str:
    """Give the session of whoever has just proved to be the holder a new token, and return it.

    What the proof lets them do is then for this browser alone: whoever copied the token before is signed out.
    """
    g.token = parts.sessions.raise_standing(g.token, Standing.FULL)
    token: str = g.token
    return token


def ask_for_new_key(parts: PageParts, steps: SignIn, name: str) -> str | None:
    """Return what the browser asks of a security key that is to be registered; None where keys cannot be used."""
    if steps.relying is None:
        return None
    challenge = parts.sessions.give_challenge(g.token, ChallengeUse.NEW_KEY)
    return parts.accounts.keys.ask_for_new(steps.relying, challenge, name, f"{ISSUER} {parts.name}")


def add_new_key(parts: PageParts, steps: SignIn, name: str) -> None:
    """Register the key of a form. Raises: KeyTooLate, KeyRefused and the others of `SecurityKeys.add`."""
    challenge = parts.sessions.take_challenge(g.token, ChallengeUse.NEW_KEY)
    if steps.relying is None or challenge is None:
        raise KeyTooLate
    signed, title = request.form.get("signed", ""), request.form.get("title", "")
    parts.accounts.keys.add(name, steps.relying, challenge, signed, title)
