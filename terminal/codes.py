"""Every reason the counter gives to the screen, as one stable lower-case code; the screen has the words.

Where each can appear:

* `CounterState.failure` (why the last document was not taken): the codes under "The document", and the
  `code` of any `drivers` error (for example a card that was lifted too early), which belongs to `drivers`.
* `CounterError.code`: `check_in` gives those under "The stay" and "The disk", `already_in_house`, `no_adult` and
  `guardian_needed`; `take_typed` gives those under "The document"; the other events of a stay give those under
  "The stay", "A change of the stay" and "The disk"; `check_out`, `cancel`, `send_again` and `slip` give
  `no_such_stay`, `house_locked` and those under "The disk".
* `QueueState.problem`: those under "The queue" and "The disk".
* `HouseLock.problem`: those under "The queue"; `unlock` and `make_card` give those under "The recovery card".
* `GuestInHouse.refusal`: the name of a `records.receipt.RefusalReason` in lower case.
* `ReaderState.problem`: the `code` of a `drivers` error, or `reader_stopped`.
"""

from __future__ import annotations

from enum import StrEnum


class ProblemCode(StrEnum):
    """Why something at the counter was not done."""

    # The document
    INVALID_NUMBER = "invalid_number"  # length, date within, or check character
    INVALID_BIRTH_DATE = "invalid_birth_date"  # in the future, or not the one in the number
    INVALID_SEX = "invalid_sex"  # not the one in the number
    INVALID_NAMES = "invalid_names"  # no name could be read
    INVALID_DOCUMENT = "invalid_document"  # not understood, for another reason
    EXPIRED = "expired"  # valid until a day before today
    KIND_NOT_ALLOWED = "kind_not_allowed"  # the profile does not take this kind of document
    NOT_A_SPECIMEN = "not_a_specimen"  # the demonstration takes specimens only
    ALREADY_IN_HOUSE = "already_in_house"  # this document is registered and has not left
    TOO_MANY_PENDING = "too_many_pending"  # finish or put aside a guest first
    NUMBER_REPAIRED = "number_repaired"  # taken, but somebody has to compare the number with the document
    TYPED_INCOMPLETE = "typed_incomplete"  # something typed is missing, wrong, or a doubt that nobody has settled
    NO_ADULT = "no_adult"  # a guest without a document, and the adult beside them is not (or no longer) in house
    GUARDIAN_NEEDED = "guardian_needed"  # a minor, where the profile demands who can be reached about them
    KEY_INCOMPLETE = "key_incomplete"  # what was typed cannot be a chip's key
    NO_CHIP_WAITS = "no_chip_waits"  # the document was lifted, or its chip is open already
    READER_STOPPED = "reader_stopped"  # the reader's own program failed; restart the terminal

    # The stay
    NO_SUCH_GUEST = "no_such_guest"  # not pending any more
    NO_SUCH_ROOM = "no_such_room"
    TOO_FEW_NIGHTS = "too_few_nights"
    TOO_MANY_NIGHTS = "too_many_nights"
    NO_SUCH_STAY = "no_such_stay"  # not in house any more
    HOUSE_LOCKED = "house_locked"  # in house, but the key that shows who it is is not there (yet)
    HOUSE_FULL = "house_full"  # as many guests in house as the key file has places

    # A change of the stay
    SAME_ROOM = "same_room"  # the guest is in this room already
    NOT_LATER = "not_later"  # an extension to a day that is not later than the planned one, or is past
    STAY_TOO_LONG = "stay_too_long"  # more nights in total than a stay may have
    NOTHING_TO_CORRECT = "nothing_to_correct"  # what was said to be right is what is registered
    TOO_LATE_TO_UNDO = "too_late_to_undo"  # the minute is over; a registration is then cancelled from the list

    # The recovery card
    CARD_MISTYPED = "card_mistyped"  # a group is missing, or is none that was ever printed
    CARD_REFUSED = "card_refused"  # an earlier card, or another machine's
    MACHINE_CHANGED = "machine_changed"  # guests are sealed to the key of another secret: their card opens them
    NO_CARD_YET = "no_card_yet"  # the list is closed, or central's share has never come: there is nothing to recover

    # The disk
    DISK_FULL = "disk_full"
    DATABASE_DAMAGED = "database_damaged"  # its pages do not fit together; the next start sets it aside
    NOT_SAVED = "not_saved"  # the disk refused for another reason, or what was sealed did not open again

    # The queue
    UNREACHABLE = "unreachable"  # no answer from the registration service; it is tried again
    ASKED_TO_WAIT = "asked_to_wait"  # the registration service has much to do, or had much from here
    UNTRUSTED = "untrusted"  # an answer without a valid signature; it is tried again
    CERTIFICATE_EXPIRED = "certificate_expired"  # of the registration service, or this machine's clock is ahead
    CERTIFICATE_EARLY = "certificate_early"  # not valid yet: this machine's clock is behind
    CERTIFICATE_REFUSED = "certificate_refused"  # somebody else answers in the registration service's place
    UNKNOWN_TERMINAL = "unknown_terminal"  # an administrator has to enrol this terminal
    TERMINAL_REVOKED = "terminal_revoked"  # an administrator has withdrawn this terminal
    TERMINAL_SUSPENDED = "terminal_suspended"  # two administrators have to let it in again
    WRONG_TIME = "wrong_time"  # of a request for the house share: this machine's clock is off
    OTHER_SHARE = "other_share"  # central's share is not the one the list was sealed with

    # A receiving service (terminal/destinations)
    ASKED_INCOMPLETE = "asked_incomplete"  # something that the service asks of a guest is missing or wrong
    TOLD_ALREADY = "told_already"  # the service has it, and has no message that changes it
    NO_CREDENTIALS = "no_credentials"  # the venue's credentials were never typed in
    CREDENTIALS_REFUSED = "credentials_refused"  # the service does not take them
    NO_TABLES = "no_tables"  # the service's tables were never loaded, so nothing can be composed
    SERVICE_DOWN = "service_down"  # it cannot be reached, or is not at work; it is tried again
    SERVICE_UNCLEAR = "service_unclear"  # it answered with what nobody can read
    NO_SUCH_DELIVERY = "no_such_delivery"  # settled meanwhile
    KEPT_CLOSED = "kept_closed"  # of guests who left long ago: opened with the recovery card, for a while
    NOTHING_TO_HAND_IN = "nothing_to_hand_in"
