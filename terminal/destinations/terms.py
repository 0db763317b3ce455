"""The seam: what a destination is, what it is given, and what it may answer.

A destination module is pure but for `sign_in`, `fetch_tables`, `deliver`, `query` and `fetch_receipt`, which speak
through the `Line` they are handed and through nothing else. It keeps nothing: no file, no thread, no cache. States,
disk, sealing, time-outs, the screen and the counter are the framework's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Protocol

from records.profile import Profile, ProfileField
from records.stays import EventKind, Guest, Stay, Venue
from terminal.destinations.asked import AskedField, Finding
from terminal.destinations.line import Line, ServiceAddress
from terminal.destinations.tables import Tables
from terminal.errors import TerminalError

Answers = Mapping[ProfileField, str]


class Action(StrEnum):
    """What is told to the service about one stay. Each is a row of its own in the queue."""

    ARRIVAL = "arrival"
    CORRECTION = "correction"  # of an arrival that was accepted; only where the service has such a message
    ANNULMENT = "annulment"  # the arrival that was accepted did not take place
    DEPARTURE = "departure"


@dataclass(frozen=True, slots=True)
class Companion:
    """Another guest of the same booking, as far as a message about this one may need them."""

    guest: Guest = field(repr=False)
    answers: Answers = field(repr=False)
    is_head: bool


@dataclass(frozen=True, slots=True)
class Matter:
    """One guest, and all that a message about them may say.

    `party` names the others of the booking (same room, registered together), the head first; `is_head` tells whether
    this guest is its head: the first of age who showed a document. Whoever came when the head's message was on its way
    already is the head of a party of their own.
    """

    action: Action
    reference: str  # 32 hexadecimal digits, random, ours: the same at every attempt of this row
    guest: Guest = field(repr=False)
    stay: Stay = field(repr=False)
    venue: Venue
    zone: tzinfo | None  # of the venue; None is the machine's own
    answers: Answers = field(repr=False)
    party: tuple[Companion, ...] = field(default=(), repr=False)
    is_head: bool = True
    earlier: str = ""  # handle of the accepted message that this one corrects, annuls or ends

    def find_arrival_day(self) -> date:
        """Return the local day of the arrival."""
        return self.stay.arrived_at.astimezone(self.zone).date()

    def count_nights(self) -> int:
        """Return the planned nights, at least 0."""
        return max((self.stay.planned_departure - self.find_arrival_day()).days, 0)


@dataclass(frozen=True, slots=True)
class Item:
    """One composed message on its way: `data` is what `compose` returned, whole."""

    reference: str
    action: Action
    party: str  # items of one party are neighbours in a batch, the head first, and never split over two
    data: bytes = field(repr=False)
    handle: str = ""  # what the service called it, where it has answered before (`Pending`)
    sent_at: datetime | None = None  # of the attempt that is asked about by `query`


@dataclass(frozen=True, slots=True)
class Accepted:
    """The service has it. `handle` is the service's own name of it (no guest data), `proof` what it signed or said."""

    handle: str = ""
    proof: bytes = field(default=b"", repr=False)  # kept sealed as long as the stay
    shown: str = ""  # what people are shown of the handle; the whole of it where this is empty


@dataclass(frozen=True, slots=True)
class Refused:
    """The service looked at it and did not take it: nothing of it is kept there."""

    code: str
    about: ProfileField | str = ""  # the field to put right: a ProfileField, or a name of `Complaint.ABOUT`
    words: str = field(default="", repr=False)  # the service's own, may quote the guest: sealed, shown, never logged


@dataclass(frozen=True, slots=True)
class Pending:
    """The service has taken it and has not decided; `query` is asked later with this handle."""

    handle: str


@dataclass(frozen=True, slots=True)
class Unverified:
    """It may be there and it may not. It is queried where the service allows it, and never resent blindly."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """Not sent, because another of its party cannot be, or one before it was left without an answer: it waits."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Of `query` alone: the service says that it does not have it. It waits again."""


Outcome = Accepted | Refused | Pending | Unverified | Withheld


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One of the venue's credentials as it is typed at set-up."""

    id: str  # lower case, `credential.<destination>.<id>` are its words
    is_secret: bool = True
    is_required: bool = True
    max_chars: int = 128


@dataclass(frozen=True, slots=True)
class Credentials:
    """The venue's credentials, opened; in memory only."""

    values: Mapping[str, str] = field(repr=False)
    renew_by: date | None = None  # the day the service stops taking them, where it says so or the clerk has typed it


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in line. `token` is the service's; it lives no longer than `until`, and in memory only."""

    line: Line
    credentials: Credentials
    token: str = field(default="", repr=False)
    until: datetime | None = None
    renew_by: date | None = None  # what the service said of the credentials while signing in


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """A receipt of the service for a day, as it came. Taken to hold guest data: kept sealed."""

    day: date
    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FallbackFile:
    """What a person hands in where the line stays down: to upload at the portal, to print, to send."""

    name: str  # of the file; no guest data in it
    media_type: str
    data: bytes = field(repr=False)


class NotNow(TerminalError):
    """The receiving service cannot be reached or is not at work. Nothing was sent; it is tried again."""


class SignInRefused(TerminalError):
    """The receiving service does not take the venue's credentials. Nothing was sent."""


class NoAnswer(TerminalError):
    """Bytes have left and no answer that can be believed came back: what was sent is unverified."""


class Destination(Protocol):
    """One receiving service. One instance serves a whole process; it has no state."""

    @property
    def id(self) -> str:
        """As a profile names it: "alloggiati"."""

    @property
    def name(self) -> str:
        """As people know it: "Alloggiati Web"."""

    @property
    def address(self) -> ServiceAddress:
        """The real service, pinned here in the source. A demonstration is handed another one."""

    @property
    def credential_fields(self) -> tuple[CredentialField, ...]:
        """What the venue types once, at set-up."""

    @property
    def table_names(self) -> tuple[str, ...]:
        """The service's tables that `list_asked`, `check` and `compose` need."""

    @property
    def batch_size(self) -> int:
        """The most items of one `deliver`."""

    @property
    def hold(self) -> timedelta:
        """How long an arrival waits for the rest of its party; zero where each guest is told by itself."""

    @property
    def can_query(self) -> bool:
        """Whether the service can be asked about one message. If not, a person has to look (page of deliveries)."""

    @property
    def has_receipts(self) -> bool:
        """Whether the service gives a receipt for a day by `fetch_receipt`. If not, `Accepted` is the receipt."""

    def list_actions(self, event: EventKind, *, is_accepted: bool) -> tuple[Action, ...]:
        """Return what an event of a stay makes to be told, in this order.

        An ARRIVAL after an ANNULMENT tells the whole booking again, whoever of it is still registered: so it is where
        the service knows bookings and has no message of correction. CHECK_IN with `is_accepted` is asked of a minor who
        joins a booking that was told: an ANNULMENT there has all of it told again, with the minor.

        `is_accepted`: the arrival is with the service, or may be. If it is not, the framework tells the arrival as the
        stay now stands (or drops it, for a cancelled one) and asks this for CHECK_IN and CHECK_OUT alone.
        """

    def list_asked(self, matter: Matter, tables: Tables) -> tuple[AskedField, ...]:
        """Return what is asked at the counter of this guest beyond the document: as little as the law allows.

        Each with its `default` from document and `answers` already known. Called again after each answer.
        """

    def check(self, matter: Matter, tables: Tables) -> tuple[Finding, ...]:
        """Return what keeps this from being sent, in the order of the form; () when it can be.

        Strict: whatever the service is known to refuse is found here, so that it is put right before the guest leaves.
        """

    def compose(self, matter: Matter, tables: Tables) -> bytes:
        """Return the message about one guest, without what belongs to the batch or the session.

        Deterministic: the same matter is the same bytes. Raises: CannotCompose where `check` has findings.
        """

    def describe(self, data: bytes) -> tuple[tuple[str, str], ...]:
        """Return what a composed message says as (words key, value), for the guest's slip: all of it, no more."""

    def sign_in(self, credentials: Credentials, line: Line, now: datetime) -> Session:
        """Return a session; a service without one returns what it was given. Used to check credentials at set-up too.

        Raises: SignInRefused, NotNow.
        """

    def fetch_tables(self, session: Session) -> Tables:
        """Return the tables of `table_names`, from the service or from the release. Raises: NotNow, SignInRefused."""

    def deliver(self, items: Sequence[Item], session: Session, now: datetime) -> list[Outcome]:
        """Send a batch and return one outcome for each item, in order; `Withheld` for one that was not sent after all.

        Raises: NotNow, SignInRefused only while certainly nothing was taken: all of them wait again. NoAnswer as soon
        as bytes that could be taken have left and no whole answer came: all of them are unverified.
        """

    def query(self, items: Sequence[Item], session: Session, now: datetime) -> list[Outcome | Absent]:
        """Ask what became of items that are unverified or pending. Raises: NotNow, SignInRefused, NoAnswer."""

    def fetch_receipt(self, day: date, session: Session) -> ReceiptFile | None:
        """Return the service's receipt for a local day, None while or where there is none. Raises: as `query`."""

    def make_fallback(
        self, items: Sequence[Item], profile: Profile, venue: Venue, now: datetime, credentials: Credentials
    ) -> FallbackFile:
        """Return the file that the law takes instead, of composed items. It is written where the clerk says, once.

        `now` is local; `credentials` say how the service calls the house. Raises: CannotCompose.
        """


class CannotCompose(TerminalError):
    """Something is missing or too long for the receiving service's form. `where` names the field, never its value."""
