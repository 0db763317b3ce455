"""Signing in with Windows NTLM, as the Czech police's web service asks: version 2, once on every connection."""

from __future__ import annotations

import base64

import spnego

from terminal.destinations.line import NotSent, ServiceAnswer

# The operating rules, 5.14: accounts of the web service are looked up in this domain.
DOMAIN = "EXRESORTMV"
_SCHEME = "NTLM "


class NtlmHandshake:
    """One connection's sign-in. Not the password leaves this machine but what it makes of the server's challenge."""

    def __init__(self, user: str, password: str, host: str) -> None:
        self._context = spnego.client(
            f"{DOMAIN}\\{user}",
            password,
            hostname=host,
            service="HTTP",
            protocol="ntlm",
            options=spnego.NegotiateOptions.use_ntlm,
        )

    def open(self) -> str:
        """Return the `Authorization` of the empty request."""
        return _write_token(self._context.step())

    def answer(self, challenge: ServiceAnswer) -> str:
        """Return the `Authorization` that answers a challenge. Raises: NotSent for one that is none."""
        for line in challenge.headers.get("www-authenticate", "").split("\n"):
            if line.upper().startswith(_SCHEME):
                return _write_token(self._answer(line[len(_SCHEME) :]))
        raise NotSent("no challenge")

    def _answer(self, token: str) -> bytes | None:
        try:
            return self._context.step(base64.b64decode(token, validate=True))
        except Exception:
            # The library cuts the challenge up with `struct`: whatever breaks there, nothing has been told.
            raise NotSent("challenge") from None


def _write_token(token: bytes | None) -> str:
    return _SCHEME + base64.b64encode(token or b"").decode("ascii")
