"""Errors of the screening office. The docstring of each is the sentence a person may read."""

from __future__ import annotations

from records.errors import RecordsError


class ScreeningError(RecordsError):
    """The screening office cannot do this."""


class KeysRefused(ScreeningError):
    """This key file is missing, damaged, or others may read it."""


class KeysExist(ScreeningError):
    """There are keys in this folder already."""


class ListRefused(ScreeningError):
    """This list is not taken. Nothing of it was kept."""


class DeltaRefused(ListRefused):
    """This delta does not lead from the active list to the one that oversight signed."""


class NothingBefore(ScreeningError):
    """There is no list before the active one to go back to."""


class OfficerRefused(ScreeningError):
    """This is not the key of an officer of this office."""


class SecondPersonNeeded(ScreeningError):
    """Whoever imported a list cannot activate it. Please ask the other officer."""


class NotThere(ScreeningError):
    """There is no such list, decision or suppression here."""


class NoPermit(ScreeningError):
    """There is no permit in force, or none that fits an activated list. Nothing is compared."""


class LineBroken(ScreeningError):
    """The relay or the desk did not answer as it should."""
