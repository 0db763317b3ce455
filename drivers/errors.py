"""What can go wrong at a reader. The docstring of each error is the sentence a person may read.

No error carries anything that stood on a document: only status words, codes and addresses of devices.
"""

from __future__ import annotations

from typing import ClassVar


class ReaderError(Exception):
    """The reader reported an error."""

    # `code` is stable: the terminal looks its own sentence up by it, in the language of the screen.
    code: ClassVar[str] = "reader_error"

    def __str__(self) -> str:
        return (type(self).__doc__ or "").partition("\n")[0]


class CardRemoved(ReaderError):
    """The document left the reader before it was read. Please place it again."""

    code = "card_removed"


class CardUnreadable(ReaderError):
    """The reader sees the document but cannot read it. Please place it again, flat and still."""

    code = "card_unreadable"

    def __init__(self, status: bytes = b"") -> None:
        super().__init__(status)
        self.status = status  # SW1 SW2 SW3 of the reply, or b"" where there was none


class DamagedFrame(ReaderError):
    """What the reader sent arrived damaged. Please place the document again."""

    code = "damaged_frame"


class ReaderTimeout(ReaderError):
    """The reader did not answer in time."""

    code = "reader_timeout"


class ReaderGone(ReaderError):
    """The reader is not there. Please check its cable."""

    code = "reader_gone"


class ReaderBusy(ReaderError):
    """Another program is using the reader. Please close that program."""

    code = "reader_busy"


class ReaderForbidden(ReaderError):
    """This program may not use the reader's port. Please ask whoever set up this computer."""

    code = "reader_forbidden"


class CardServiceGone(ReaderError):
    """This computer's service for card readers (pcscd) does not run. Please ask whoever set up this computer."""

    code = "card_service_gone"


class ReaderRefused(ReaderError):
    """The reader refused a command."""

    code = "reader_refused"

    def __init__(self, status: bytes = b"") -> None:
        super().__init__(status)
        self.status = status  # SW1 SW2 SW3


class ReaderClosed(ReaderError):
    """The reader was closed."""

    code = "reader_closed"


class UnknownLayout(ReaderError):
    """The reader sent a kind of document that this version does not know."""

    code = "unknown_layout"

    def __init__(self, layout: str = "") -> None:
        super().__init__(layout)
        self.layout = layout  # the type letter, or the name of the layout


class MrzUnreadable(ReaderError):
    """The printed lines were not read whole. Please scan them again."""

    code = "mrz_unreadable"

    def __init__(self, field: str = "") -> None:
        super().__init__(field)
        self.field = field  # the name of what cannot be; never its content


class MrzCheckFailed(ReaderError):
    """A check digit in the printed lines does not agree. Please scan them again."""

    code = "mrz_check_failed"

    def __init__(self, fields: tuple[str, ...] = ()) -> None:
        super().__init__(fields)
        self.fields = fields  # names of the fields; never their content


class BirthDateUnknown(ReaderError):
    """The printed lines do not tell the whole birth date."""

    code = "birth_date_unknown"


class CardMute(ReaderError):
    """The chip in the document stopped answering. Please lift the document and place it again."""

    code = "card_mute"


class CardReset(ReaderError):
    """Another program took hold of the document in between. Please lift the document and place it again."""

    code = "card_reset"


class ChipRefused(ReaderError):
    """The chip in the document refused a command that it should know."""

    code = "chip_refused"

    def __init__(self, sw: int = 0) -> None:
        super().__init__(sw)
        self.sw = sw  # the status word


class ChipDamaged(ReaderError):
    """What the chip in the document sent cannot be understood. Please lift the document and place it again."""

    code = "chip_damaged"

    def __init__(self, part: str = "") -> None:
        super().__init__(part)
        self.part = part  # the name of what is damaged; never its content


class ChipUnsupported(ReaderError):
    """This version cannot read the chip in this document."""

    code = "chip_unsupported"


class AccessDenied(ReaderError):
    """The chip did not open with this key. Please compare it with the document and try again."""

    code = "access_denied"


class LastTryLeft(ReaderError):
    """The chip would bar this number after one more wrong try, so none was made. Please use the printed lines."""

    code = "last_try_left"


class KeyUnusable(ReaderError):
    """This is neither a document's printed lines nor its access number."""

    code = "key_unusable"


class LinesNeeded(ReaderError):
    """This chip opens with the printed lines of the document, not with its access number."""

    code = "lines_needed"


class KeyNotGiven(ReaderError):
    """Nobody gave the key to the chip. Please place the document again, then scan its printed lines."""

    code = "key_not_given"


class NotScanner(ReaderError):
    """This is no scanner: a keyboard on which somebody types, or no input device. It was given back."""

    code = "not_scanner"


class NotSimulated(ReaderError):
    """A simulated reader was asked for, and a real device is there."""

    code = "not_simulated"


class UnsupportedReader(ReaderError):
    """This version cannot use a reader of this kind."""

    code = "unsupported_reader"

    def __init__(self, url: str = "", reason: str = "") -> None:
        super().__init__(url, reason)
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return self.reason or super().__str__()


class SimulatorGone(ReaderError):
    """The simulator does not answer. Please start it again."""

    code = "simulator_gone"


_ERRORS: dict[str, type[ReaderError]] = {
    error.code: error
    for error in (
        ReaderError,
        CardRemoved,
        CardUnreadable,
        DamagedFrame,
        ReaderTimeout,
        ReaderGone,
        ReaderBusy,
        ReaderForbidden,
        CardServiceGone,
        ReaderRefused,
        ReaderClosed,
        UnknownLayout,
        MrzUnreadable,
        MrzCheckFailed,
        BirthDateUnknown,
        CardMute,
        CardReset,
        ChipRefused,
        ChipDamaged,
        ChipUnsupported,
        AccessDenied,
        LastTryLeft,
        KeyUnusable,
        LinesNeeded,
        KeyNotGiven,
        NotScanner,
        NotSimulated,
        UnsupportedReader,
        SimulatorGone,
    )
}
ERROR_CODES: tuple[str, ...] = tuple(_ERRORS)


def make_error(code: str) -> ReaderError:
    """Return a new error of that code, without data. Raises: KeyError for a code not in `ERROR_CODES`."""
    return _ERRORS[code]()
