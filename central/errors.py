"""Errors of the registration service. The docstring of each is the sentence a person may read."""

from __future__ import annotations

from records.errors import RecordsError


class CentralError(RecordsError):
    """The registration service cannot do this."""


class NotReady(CentralError):
    """The key for today's records is not there yet. Please send again in a minute."""


class Busy(CentralError):
    """Too many deliveries are waiting. Please send again in a minute."""


class NotAllowedHere(CentralError):
    """This setting is for the demonstration only, on this machine only."""


class KeyMismatch(CentralError):
    """The receipt key is not the one that the root file names."""


class KeeperRunning(CentralError):
    """Another keeper already writes this key file."""


class ClockLeapt(CentralError):
    """The clock is far ahead of the keeper's latest pass. Nothing is destroyed until somebody says that it is right."""


class OrderRefused(CentralError):
    """The order is not carried out."""
