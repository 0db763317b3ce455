"""Errors of the shared formats. The docstring of each is the sentence a person may read."""

from __future__ import annotations


class RecordsError(Exception):
    """Something shared between the parties is not as the format says."""

    def __str__(self) -> str:
        # The message is the class's own sentence and a field name, never the data itself.
        # Python -OO drops docstrings; the class's name then has to do.
        where = f" ({self.field})" if self.field else ""
        return f"{type(self).__doc__ or type(self).__name__}{where}"

    def __init__(self, field: str = "") -> None:
        super().__init__(field)
        self.field = field


class MalformedBytes(RecordsError):
    """The bytes do not have the form that FORMAT.md gives for them."""


class BadSignature(RecordsError):
    """The signature does not fit the bytes and the key."""


class CannotOpen(RecordsError):
    """This key or number does not open this record."""


class InvalidDocument(RecordsError):
    """The document contradicts the rules of its kind. Please read or type it again."""


class InvalidStay(RecordsError):
    """The stay is not complete, or not allowed by the profile."""


class RootRefused(RecordsError):
    """The root file cannot be used here."""


class NotForDemonstration(RecordsError):
    """The demonstration takes specimens from simulated readers on this machine only."""


class KeyFileRefused(RecordsError):
    """Keys that must be erasable cannot be kept in this file."""
