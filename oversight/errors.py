"""Errors of the court's and the oversight body's tools. The docstring of each is the sentence a person reads."""

from __future__ import annotations


class OversightError(Exception):
    """Something at the court or the oversight body is not as it must be."""

    def __init__(self, detail: str = "") -> None:
        """`detail` is a file name, a key id or a month; never anything of a guest."""
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return f"{type(self).__doc__} ({self.detail})" if self.detail else f"{type(self).__doc__}"


class KeysRefused(OversightError):
    """This key file cannot be used: it is missing, damaged, or other users of this machine may read it."""


class KeysExist(OversightError):
    """There are keys in this folder already. Nothing was overwritten."""


class FileRefused(OversightError):
    """This file does not have the form it should have."""


class OrderAltered(OversightError):
    """The order does not carry the court's signature as it stands: it was altered, or another key signed it."""


class OtherNumber(OversightError):
    """This is not the number that the court signed for in this order."""


class OtherOrder(OversightError):
    """These records were handed over under another order."""


class OutsideOrder(OversightError):
    """A record lies outside the venue or the days of the order. Nothing was opened."""


class KeyMissing(OversightError):
    """The disclosure key of this record's month is not in this folder."""


class DoesNotOpen(OversightError):
    """A record does not open with this key and this number. Nothing is shown."""


class NotSigned(OversightError):
    """A record is not signed by the terminal's key that came with it. Nothing is shown."""


class OrdersExhausted(OversightError):
    """The root file allows no more orders today."""


class OfficeInUse(OversightError):
    """Another process works with this office's folder. End it first."""
