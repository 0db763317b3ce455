"""Signing an act with one's own password and second factor: the holder does it, not who found the browser open."""

from __future__ import annotations

from service.accounts.errors import SignInWrong
from service.accounts.key_ceremonies import find_relying_party
from service.accounts.sign_in import SignIn
from service.pages import current
from service.pages.cookies import Cookies
from service.pages.holder import confirm_holder, read_proof
from service.pages.parts import PageParts
from station.errors import NotSigned


def check_signature(parts: PageParts) -> None:
    """Check password and code, or security key, that came with a request, of whoever is signed in.

    Tries are counted as those of signing in. Raises: NotSigned, PleaseWait, KeyTooLate, KeySuspected, AuditUnavailable.
    """
    steps = SignIn(parts.accounts, parts.sessions, parts.audit, find_relying_party(parts.origin))
    try:
        confirm_holder(parts, steps, Cookies(parts.name, parts.is_https), current().name, read_proof())
    except SignInWrong:
        raise NotSigned from None


def may_sign_with_key(parts: PageParts) -> bool:
    """Tell whether whoever is signed in has a security key that can be used at this address."""
    return current().keys > 0 and find_relying_party(parts.origin) is not None
