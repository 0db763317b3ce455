"""Errors of the matcher. The docstring of each is the sentence a person may read."""

from __future__ import annotations


class MatcherError(Exception):
    """Something could not be compared."""

    def __str__(self) -> str:
        # The class's own sentence and a field's name, never the data itself.
        return f"{type(self).__doc__ or type(self).__name__} ({self.field})"

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class InvalidPerson(MatcherError):
    """This is not a person's data as the matcher takes it."""
