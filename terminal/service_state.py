"""What the screen is shown of a receiving service, and what it may ask for: beside `state`, where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from terminal.destinations.terms import CredentialField, FallbackFile


@dataclass(frozen=True, slots=True)
class ShownDelivery:
    """One row of the queue that is not settled, with whom it is about where that can be read."""

    reference: str
    stay: str
    number: int | None  # the stay's running number
    room: str
    name: str | None = field(repr=False)
    action: str  # terms.Action
    state: str  # DeliveryState
    due_at: datetime
    is_late: bool  # the law's deadline has passed
    is_near: bool  # it passes soon
    is_closed: bool  # who it is about cannot be read: nothing of it can be sent
    ready_at: datetime | None  # waits for the rest of its booking until then
    sent_at: datetime | None
    code: str = ""  # why it was refused: the service's code, or "check_…" for what was found here
    about: str = ""  # which part of the guest or which field
    words: str = field(default="", repr=False)  # the service's own
    can_put_right: bool = False  # by the form; otherwise the document or the stay is wrong


@dataclass(frozen=True, slots=True)
class ShownReceipt:
    """A receipt of the service that is kept."""

    day: date
    kept_at: datetime
    until: datetime | None
    mark: str = ""  # the service's own name of it, where a day has more than one


@dataclass(frozen=True, slots=True)
class KeptDay:
    """A day of which something is kept for inspections."""

    day: date
    receipts: tuple[ShownReceipt, ...]
    registrations: int  # what was told of so many guests is kept, because the law has the house keep it
    until: datetime | None  # the last of it is deleted then


@dataclass(frozen=True, slots=True)
class KeptRegistration:
    """What was told of one guest, and is kept."""

    reference: str
    told: tuple[tuple[str, str], ...] = field(repr=False)  # (words key, value), as on the slip
    acknowledgement: str
    accepted_at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ServiceState:
    """The receiving service at a glance, and the page of deliveries."""

    id: str  # of the destination
    name: str  # as people know it
    language: str  # of the place: it, cs, es, hr
    online: bool
    problem: str | None
    waiting: int
    refused: int
    unverified: int
    pending: int
    late: int
    near: int
    next_due: datetime | None
    closed: int  # cannot be read, and so not be sent
    closed_due: datetime | None  # the first of them
    can_query: bool
    rows: tuple[ShownDelivery, ...]
    receipts: tuple[ShownReceipt, ...]
    credential_fields: tuple[CredentialField, ...]
    has_credentials: bool
    renew_by: date | None = None
    is_renewal_near: bool = False
    last_accepted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ShownField:
    """One field of the form of what a service asks; `value` is a code, an ISO day or text."""

    id: str
    kind: str  # asked.FieldKind
    table: str
    options: tuple[tuple[str, str], ...]  # (code, words) of a choice that is touched; () where it is searched
    value: str = field(repr=False)
    shown: str = field(repr=False)  # the words of the value
    is_required: bool
    only_if: tuple[str, str] | None
    unless: tuple[str, tuple[str, ...]] | None
    finding: str = ""  # asked.FindingCode


@dataclass(frozen=True, slots=True)
class AskedForm:
    """What is asked of one guest, as it stands; findings that no field of the form can put right come beside it."""

    fields: tuple[ShownField, ...]
    others: tuple[tuple[str, str], ...] = ()  # (part of the guest, FindingCode)


class ServiceCounter(Protocol):
    """What the screen may ask about the receiving service. Every method may raise CounterError."""

    def ask(
        self, pending: str, room: str, nights: int, beside: str, answers: Mapping[str, str] | None = None
    ) -> AskedForm | None:
        """Return what the service asks of a pending guest; None where it asks nothing, or need not know of them."""

    def ask_again(self, stay: str, answers: Mapping[str, str] | None = None) -> AskedForm:
        """Return what was asked of somebody registered, with the answers. Codes: no_such_stay, house_locked."""

    def search(self, table: str, text: str) -> list[tuple[str, str]]:
        """Return (code, words) of the rows of a table that fit what was typed."""

    def put_right(self, stay: str, answers: Mapping[str, str]) -> None:
        """Register other answers and send again. Codes: asked_incomplete, told_already, no_such_stay, disk_full…"""

    def send_again(self, stay: str) -> None:
        """Send what was refused once more as it is. Codes: no_such_delivery, disk_full…"""

    def send_now(self) -> None:
        """Do not wait for the rest of any booking."""

    def note_seen(self, reference: str, *, is_there: bool) -> None:
        """Take a person's word for what became of something unverified. Codes: no_such_delivery, disk_full…"""

    def make_fallback(self) -> FallbackFile:
        """Return the file to hand in, of everything that is not there. Codes: nothing_to_hand_in, house_locked."""

    def note_handed_in(self) -> None:
        """Take a person's word that the last file made was handed in. Codes: nothing_to_hand_in, disk_full…"""

    def save_credentials(self, values: Mapping[str, str], renew_by: date | None) -> None:
        """Keep the venue's credentials once the service has taken them. Codes: credentials_refused, service_down…"""

    def note_on_paper(self, reference: str) -> None:
        """Take a person's word that somebody who cannot be read was told otherwise. Codes: no_such_delivery…"""

    def give_up_card(self) -> None:
        """Go on without the card of an earlier secret. Codes: disk_full…"""

    def list_kept(self) -> tuple[KeptDay, ...]:
        """Return the days of which something is kept for inspections, newest first."""

    def list_registrations(self, day: date) -> tuple[KeptRegistration, ...]:
        """Return what was told on a day and is kept. Codes: house_locked, no_such_delivery."""

    def is_kept_open(self, day: date) -> bool:
        """Tell whether what is kept of a day may be looked at now: that of the last days, and for a while all."""

    def open_kept(self, groups: list[str]) -> None:
        """Let all be looked at for a while. Codes: card_mistyped, card_refused."""

    def open_receipt(self, day: date, mark: str = "") -> tuple[str, bytes]:
        """Return media type and bytes of a receipt that is kept. Codes: no_such_delivery, house_locked."""

    def describe_told(self, stay: str) -> tuple[tuple[str, str], ...]:
        """Return what is or was told of a guest, as (words key, value), for the slip; () once it is let go."""
