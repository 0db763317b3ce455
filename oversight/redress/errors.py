"""Refusals of the privacy office. `code` is that of the texts `refused.…`; nothing here names a guest."""

from __future__ import annotations


class RedressError(Exception):
    """Something about a request was refused."""

    code = "refused"

    def __init__(self, detail: str = "") -> None:
        """`detail` is an account's name, or nothing."""
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return type(self).__doc__ or type(self).__name__


class AnotherText(RedressError):
    """Under this id another text is held already. It is not replaced."""

    code = "another_text"


class NoRoom(RedressError):
    """The office holds as many requests as it can. This one was not received."""

    code = "no_room"


class RequestUnknown(RedressError):
    """There is no such request, or it was deleted."""

    code = "unknown"


class InOtherHands(RedressError):
    """Another officer was quicker, or the request has ended."""

    code = "other_hands"


class NotReadable(RedressError):
    """The request does not open with the office's keys. It can only be closed."""

    code = "not_readable"


class OfficeUnreachable(RedressError):
    """The privacy office did not answer."""

    code = "unreachable"
