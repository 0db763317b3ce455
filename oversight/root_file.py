"""Root files: the demonstration's, made afresh on the machine that runs it, and those for registration alone."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from oversight.errors import FileRefused
from records.errors import RecordsError, RootRefused
from records.notes import NoteSigner, NoteVerifier, join_lines, parse_fields
from records.profile import load_profile
from records.root import DisclosureKey, NextReceiptKey, RootFile, RootKind, load_root, require_loopback, sign_root
from records.suite import HybridPublicKey, VerifyKey

DEMONSTRATION = "demo"
ORDERS_PER_DAY = 3
VALIDITY = timedelta(days=365)
_COURT_FIRST_LINE = "kuaijietong public keys of the court v1"


@dataclass(frozen=True, slots=True)
class CourtKeys:
    """The public half of a court's keys, as it brings them to oversight."""

    order_key: NoteVerifier
    disclosure_keys: tuple[DisclosureKey, ...]

    def to_text(self) -> str:
        """Return the file's text: the fields of the root file that are the court's."""
        encoded = [(each.month, base64.b64encode(each.key.data).decode()) for each in self.disclosure_keys]
        return join_lines(
            [
                _COURT_FIRST_LINE,
                f"order-key: {self.order_key.to_text()}",
                *(f"court-disclosure-key: {month} {key}" for month, key in encoded),
            ]
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the text, in groups of four: court and oversight read it to each other before oversight signs."""
        digits = hashlib.sha256(self.to_text().encode()).hexdigest()[:32]
        return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))

    @classmethod
    def from_text(cls, text: str) -> CourtKeys:
        """Read the file's text. Raises: FileRefused for any other form."""
        try:
            pairs = parse_fields(text, _COURT_FIRST_LINE)
            (order_key,) = (value for name, value in pairs if name == "order-key")
            keys = tuple(_read_key(value) for name, value in pairs if name == "court-disclosure-key")
            court = cls(NoteVerifier.from_text(order_key), keys)
        except (ValueError, binascii.Error, RecordsError):
            raise FileRefused("the court's public keys") from None
        if court.to_text() != text:
            raise FileRefused("the court's public keys")
        return court


def make_demonstration_root(
    *,
    now: datetime,
    signer: NoteSigner,
    receipt_key: VerifyKey,
    order_key: NoteVerifier,
    notice_key: NoteVerifier,
    court_keys: tuple[DisclosureKey, ...],
    oversight_keys: tuple[DisclosureKey, ...],
    guest_page: str,
) -> str:
    """Return a signed root file of kind `ephemeral`, valid for 365 days from `now` (aware).

    Raises: RootRefused("address") when the guest page is not on this machine.
    """
    require_loopback(guest_page)
    root = RootFile(
        kind=RootKind.EPHEMERAL,
        jurisdiction=DEMONSTRATION,
        profile=load_profile(DEMONSTRATION).digest,
        valid_from=now,
        valid_until=now + VALIDITY,
        receipt_key=receipt_key,
        order_key=order_key,
        notice_key=notice_key,
        orders_per_day=ORDERS_PER_DAY,
        guest_page=guest_page,
        court_keys=court_keys,
        oversight_keys=oversight_keys,
    )
    return sign_root(root, signer)


def find_first_month(now: datetime) -> date:
    """Return a day of the month before `now`: the first of the thirteen that a root file made now should list.

    A guest who was saved on the last night of a month is sealed to that month's keys, and may arrive later.
    """
    return now.astimezone(UTC).date().replace(day=1) - timedelta(days=1)


def make_registration_root(
    *,
    jurisdiction: str,
    now: datetime,
    signer: NoteSigner,
    receipt_key: VerifyKey,
    notice_key: NoteVerifier,
    court: CourtKeys,
    oversight_keys: tuple[DisclosureKey, ...],
    orders_per_day: int,
    guest_page: str,
    next_receipt_key: NextReceiptKey | None = None,
) -> str:
    """Return a signed root file for registration alone, valid for 365 days from `now` (aware).

    `jurisdiction` is the id of a shipped profile. Raises: RootRefused naming the field: "profile" for one that does
    not ship and for the demonstration's, "guest-page" unless it is https, and whatever a reader would refuse.
    """
    if jurisdiction == DEMONSTRATION:
        raise RootRefused("profile")
    if not guest_page.startswith("https://"):
        raise RootRefused("guest-page")
    root = RootFile(
        kind=RootKind.REGISTRATION,
        jurisdiction=jurisdiction,
        profile=load_profile(jurisdiction).digest,
        valid_from=now,
        valid_until=now + VALIDITY,
        receipt_key=receipt_key,
        order_key=court.order_key,
        notice_key=notice_key,
        orders_per_day=orders_per_day,
        guest_page=guest_page,
        court_keys=court.disclosure_keys,
        oversight_keys=oversight_keys,
        next_receipt_key=next_receipt_key,
    )
    note = sign_root(root, signer)
    # Read as a terminal will read it: what it would refuse must not leave this machine.
    load_root(note, signer.verifier, now)
    return note


def _read_key(value: str) -> DisclosureKey:
    month, _, encoded = value.partition(" ")
    return DisclosureKey(month, HybridPublicKey.from_bytes(base64.b64decode(encoded, validate=True)))
