"""Refusals of the station. `code` is that of the texts `refused.…`; nothing here names a person."""

from __future__ import annotations


class StationError(Exception):
    """Something about an alert was refused."""

    code = "refused"

    def __init__(self, detail: str = "") -> None:
        """`detail` is an account's name, or nothing."""
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return type(self).__doc__ or type(self).__name__


class AlertUnknown(StationError):
    """There is no such alert, or its data was deleted."""

    code = "unknown"


class InOtherHands(StationError):
    """Another officer was quicker, or the alert has ended."""

    code = "other_hands"


class NoRoom(StationError):
    """The station holds as many alerts as it can. This one waits at the relay."""

    code = "no_room"


class KeysRefused(StationError):
    """The station's key files cannot be used. Please make them with: kjt station keys"""

    code = "keys"


class StationInUse(StationError):
    """Another process serves this station's folder already."""

    code = "in_use"


class OtherFolder(StationError):
    """This database goes with another data folder: the keys of its alerts lie there. Every process has to share it."""

    code = "other_folder"


class RelayUnreachable(StationError):
    """The relay did not answer, or not as it should."""

    code = "unreachable"


class OutcomeMissing(StationError):
    """An alert is closed with an outcome only."""

    code = "outcome"


class SecondOfficerNeeded(StationError):
    """Another officer has to look at this: one who had no part in the alert."""

    code = "second_officer"


class SecondedAlready(StationError):
    """Somebody has looked at this alert again already."""

    code = "seconded"


class NotWritten(StationError):
    """A text is missing or too long."""

    code = "not_written"


class NobodyThere(StationError):
    """There is no such officer at this station who could take an alert."""

    code = "nobody_there"


class NothingOffered(StationError):
    """Nothing is offered any more: the alerts have ended, or the offer was taken back."""

    code = "nothing_offered"


class StationsRefused(StationError):
    """The file of the stations cannot be used: codes and houses stand there once, and one station supervises."""

    code = "stations"


class StationUnknown(StationError):
    """There is no station of this code."""

    code = "station_unknown"
