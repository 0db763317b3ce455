"""Errors of the terminal. The docstring of each is the sentence a person may read; none carries personal data."""

from __future__ import annotations

from terminal.codes import ProblemCode


class TerminalError(Exception):
    """The terminal cannot do this."""

    def __init__(self, where: str = "") -> None:
        super().__init__(where)
        self.where = where

    def __str__(self) -> str:
        sentence = type(self).__doc__ or type(self).__name__
        return f"{sentence} ({self.where})" if self.where else sentence


class SettingsRefused(TerminalError):
    """The terminal's settings cannot be used. Please correct the line that is named."""


class SecretRefused(TerminalError):
    """The terminal's secret cannot be used."""


class StoreRefused(TerminalError):
    """The terminal's database cannot be used."""


class UpdateRefused(TerminalError):
    """This release cannot be installed here. The program that runs stays as it is."""


class NotTaken(TerminalError):
    """The document or the stay is not one that can be registered here."""

    def __init__(self, code: ProblemCode) -> None:
        super().__init__(code)
        self.code = code


class NotSaved(TerminalError):
    """Nothing was saved. What was there before is unchanged."""

    def __init__(self, code: ProblemCode = ProblemCode.NOT_SAVED) -> None:
        super().__init__(code)
        self.code = code


class NotSealed(TerminalError):
    """What was sealed does not open again, so it was not kept."""


class Unreachable(TerminalError):
    """The registration service gave no answer, or broke it off."""


class AskedToWait(TerminalError):
    """The registration service asks to wait before anything more is sent."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"{wait_s} s")
        self.wait_s = wait_s


class Untrusted(TerminalError):
    """The registration service gave an answer that nobody signed for."""
