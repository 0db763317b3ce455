"""Errors of the relay. The docstring of each is the sentence a person may read."""

from __future__ import annotations

from central.errors import CentralError


class RelayError(CentralError):
    """The relay cannot do this."""


class RelayFull(RelayError):
    """Too many comparisons are on their way. Please try again in a minute."""


class HandleTaken(RelayError):
    """A comparison of this handle is on its way already."""


class AnswersRefused(RelayError):
    """These answers are not those of one whole batch that is waited for."""


class NotCommitted(RelayError):
    """The alerts of this batch could not be written. Nobody of it was settled."""


class TooManyLetters(RelayError):
    """Too many of this writer's letters of one kind wait for this receiver. The others are kept; send it later."""


class NotOnThisMachine(RelayError):
    """The demonstration of comparison runs on this machine only: every address must be a loopback address."""
