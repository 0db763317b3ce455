"""Who may talk to the simulated Czech service: NTLM, checked as a Windows server does, for each connection."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import spnego

from terminal.destinations.czechia.ntlm import DOMAIN
from terminal.destinations.line import ServiceAnswer

_SCHEME = "NTLM "
_CONNECTIONS = 256
# Where the library looks for accounts of an NTLM server.
_ACCOUNTS = "NTLM_USER_FILE"


class NtlmDoor:
    """Lets requests in whose connection has answered the challenge. One account."""

    def __init__(self, user: str, password: str) -> None:
        self._account = f"{DOMAIN}:{user}:{password}\n"
        self._contexts: dict[str, spnego.ContextProxy] = {}

    def check(self, connection: str, authorization: str) -> ServiceAnswer | None:
        """Return None where the request may pass, and what is answered instead where it may not."""
        context = self._contexts.get(connection)
        if context is not None and context.complete:
            return None
        if not authorization.startswith(_SCHEME):
            return _ask_for("")
        try:
            token = self._step(connection, base64.b64decode(authorization[len(_SCHEME) :], validate=True))
        except Exception:
            # A wrong password, or bytes that are no token.
            self._contexts.pop(connection, None)
            return _ask_for("")
        if self._contexts[connection].complete:
            return None
        return _ask_for(base64.b64encode(token or b"").decode("ascii"))

    def _step(self, connection: str, token: bytes) -> bytes | None:
        with self._hold_accounts():
            if connection not in self._contexts:
                if len(self._contexts) >= _CONNECTIONS:
                    self._contexts.pop(next(iter(self._contexts)))
                self._contexts[connection] = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
            return self._contexts[connection].step(token)

    @contextmanager
    def _hold_accounts(self) -> Iterator[None]:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="kjt-") as accounts:
            accounts.write(self._account)
            accounts.flush()
            before = os.environ.get(_ACCOUNTS)
            os.environ[_ACCOUNTS] = accounts.name
            try:
                yield
            finally:
                os.environ.pop(_ACCOUNTS)
                if before is not None:
                    os.environ[_ACCOUNTS] = before


def _ask_for(token: str) -> ServiceAnswer:
    return ServiceAnswer(401, b"", {"www-authenticate": f"{_SCHEME}{token}".strip()})
