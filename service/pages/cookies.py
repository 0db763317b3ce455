"""The pages' cookies. What a cookie holds is random, or proves itself; nothing of a person is in one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import request
from werkzeug.wrappers import Response

_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Cookies:
    """Names and flags of the cookies of one service."""

    name: str
    is_https: bool

    def read_token(self) -> str:
        """Return the session's token, or ""."""
        return request.cookies.get(self.name_cookie("session"), "")

    def set_token(self, response: Response, token: str) -> None:
        """Give the browser its session's token, for as long as it is open."""
        self._set(response, "session", token, None)

    def drop_token(self, response: Response) -> None:
        """Take the token away."""
        response.delete_cookie(self.name_cookie("session"), secure=self.is_https, httponly=True, samesite="Strict")

    def read_mark(self) -> str:
        """Return the marks of a known browser, or ""."""
        return request.cookies.get(self.name_cookie("browser"), "")

    def set_mark(self, response: Response, mark: str) -> None:
        """Let the browser keep who signed in here before, by marks that name nobody."""
        self._set(response, "browser", mark, _YEAR)

    def read_language(self) -> str:
        """Return the language that was chosen in this browser, or ""."""
        return request.cookies.get(self.name_cookie("language"), "")

    def set_language(self, response: Response, language: str) -> None:
        """Keep a language in this browser."""
        self._set(response, "language", language, _YEAR)

    def _set(self, response: Response, use: str, value: str, max_age: timedelta | None) -> None:
        response.set_cookie(
            self.name_cookie(use),
            value,
            max_age=max_age,
            secure=self.is_https,
            httponly=True,
            samesite="Strict",
            path="/",
        )

    def name_cookie(self, use: str) -> str:
        """Return the name of the cookie of one use."""
        # A browser takes __Host- from this very host alone, and with Secure: no neighbour can plant one.
        # Loopback addresses share their cookies over all ports, hence the service's name.
        prefix = "__Host-" if self.is_https else ""
        return f"{prefix}kjt-{self.name.replace(' ', '-')}-{use}"
