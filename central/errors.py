"""Errors of the registration service. The docstring of each is the sentence a person may read."""

from __future__ import annotations

from records.errors import RecordsError


class CentralError(RecordsError):
    """The registration service cannot do this."""


class NotReady(CentralError):
    """The key for today's records is not there yet. Please send again in a minute."""


class Busy(CentralError):
    """Too many deliveries are waiting. Please send again in a minute."""


class OverLimit(CentralError):
    """This terminal has sent a lot. Please go on when the time that Retry-After names is over."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(str(wait_s))
        self.wait_s = wait_s


class NotAllowedHere(CentralError):
    """This setting is for the demonstration only, on this machine only."""


class KeyMismatch(CentralError):
    """The receipt key is not the one that the root file names."""


class KeeperRunning(CentralError):
    """Another keeper already writes this key file."""


class SecondCopyAway(CentralError):
    """The second copy of the period keys is not there. No new key is made until it is back."""


class ClockLeapt(CentralError):
    """The clock is far ahead of the keeper's latest pass. Nothing is destroyed until somebody says that it is right."""


class ActRefused(CentralError):
    """An administrator's act is not done. `code` says why; the console has the words."""

    def __init__(self, code: str) -> None:
        super().__init__(code.replace("_", " "))
        self.code = code


class OrderRefused(CentralError):
    """The order is not carried out."""


class AreaRefused(CentralError):
    """This area cannot be made, changed or removed so."""


class VenueRefused(CentralError):
    """This cannot be done with the venue."""


class ReleaseRefused(CentralError):
    """This cannot be done with the release."""


class PeopleRefused(CentralError):
    """This cannot be done with the account."""


class FileRefused(CentralError):
    """This file cannot be read as a list of venues."""

    def __init__(self, reason: str, place: str = "") -> None:
        super().__init__(reason)
        self.place = place  # a row, a column or a cell
