"""Orders for one record, and the notice that one was opened (FORMAT.md, "Orders").

The signed order that central sees names a venue and days. The number travels apart, to the court's
tool and to oversight only; the order commits to it, so that nobody can exchange it afterwards.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from records.errors import MalformedBytes
from records.notes import NoteSigner, NoteVerifier, join_lines, open_note, parse_unique_fields, sign_note
from records.stays import lengthen_order_number
from records.suite import make_context

ORDER_LINE = "kuaijietong order for one record v1"
NOTICE_LINE = "kuaijietong notice of disclosure v1"
MAX_DAYS = 7
MAX_DELAY = timedelta(days=90)
SALT_BYTES = 16
_HEX_ID = re.compile("[0-9a-f]{32}")
_HEX_DIGEST = re.compile("[0-9a-f]{64}")
_ORDER_FIELDS = frozenset(
    {"jurisdiction", "order", "court", "ground", "venue", "from", "to", "ordered-on", "show-from", "number-commitment"}
)
_NOTICE_FIELDS = frozenset({"jurisdiction", "order", "court", "ground", "stay", "opened-on", "show-from"})


@dataclass(frozen=True, slots=True)
class Order:
    """A court's order for the record of one number at one venue within at most seven days."""

    jurisdiction: str
    order: str  # the court's own file number
    court: str
    ground: str
    venue: str  # 32 hexadecimal digits
    first_day: date
    last_day: date
    ordered_on: date
    show_from: date  # when the guest page may say so: at once, or at most 90 days after the order
    number_commitment: str  # hexadecimal, see `commit_number`

    @property
    def days(self) -> list[date]:
        """The ordered days, in order."""
        return [self.first_day + timedelta(n) for n in range((self.last_day - self.first_day).days + 1)]

    def covers(self, captured_at: datetime) -> bool:
        """Tell whether a record captured at this time lies within the order's days (UTC)."""
        return self.first_day <= captured_at.astimezone(UTC).date() <= self.last_day


@dataclass(frozen=True, slots=True)
class OrderedNumber:
    """The number an order is about, and the salt of its commitment. Never given to central."""

    number: str = field(repr=False)
    salt: bytes = field(repr=False)  # at least 16 random bytes


@dataclass(frozen=True, slots=True)
class Notice:
    """Oversight's word, for the guest page, that a stay was opened under an order."""

    jurisdiction: str
    order: str
    court: str
    ground: str
    stay: str  # stay tag, hexadecimal
    opened_on: date
    show_from: date


def commit_number(ordered: OrderedNumber) -> str:
    """Return the commitment of an order to its number (salted SHA-256, hexadecimal).

    Raises: MalformedBytes("salt") when the salt is shorter than 16 bytes.
    """
    if len(ordered.salt) < SALT_BYTES:
        raise MalformedBytes("salt")
    # The zero byte ends the number, so that no part of it can be passed off as salt later.
    number = lengthen_order_number(ordered.number).encode("ascii") + b"\x00"
    return hashlib.sha256(make_context("ordered number", number, ordered.salt)).hexdigest()


def sign_order(order: Order, signer: NoteSigner) -> str:
    """Return the order as a signed note. Raises: MalformedBytes naming the limit it breaks."""
    _check_limits(order)
    lines = [
        ORDER_LINE,
        f"jurisdiction: {order.jurisdiction}",
        f"order: {order.order}",
        f"court: {order.court}",
        f"ground: {order.ground}",
        f"venue: {order.venue}",
        f"from: {order.first_day.isoformat()}",
        f"to: {order.last_day.isoformat()}",
        f"ordered-on: {order.ordered_on.isoformat()}",
        f"show-from: {order.show_from.isoformat()}",
        f"number-commitment: {order.number_commitment}",
    ]
    return sign_note(join_lines(lines), signer)


def load_order(note: str, verifier: NoteVerifier) -> Order:
    """Verify and parse an order. Raises: BadSignature, MalformedBytes."""
    found = parse_unique_fields(open_note(note, verifier), ORDER_LINE, _ORDER_FIELDS)
    try:
        order = Order(
            found["jurisdiction"], found["order"], found["court"], found["ground"], found["venue"],
            _read_date(found["from"]), _read_date(found["to"]),
            _read_date(found["ordered-on"]), _read_date(found["show-from"]), found["number-commitment"],
        )  # fmt: skip
    except ValueError:
        raise MalformedBytes("order") from None
    _check_limits(order)
    return order


def check_number(order: Order, ordered: OrderedNumber) -> None:
    """Check that this is the number the court signed. Raises: MalformedBytes("number-commitment")."""
    if not hmac.compare_digest(commit_number(ordered), order.number_commitment):
        raise MalformedBytes("number-commitment")


def sign_notice(notice: Notice, signer: NoteSigner) -> str:
    """Return the notice of disclosure as a signed note. Raises: MalformedBytes."""
    _check_notice(notice)
    lines = [
        NOTICE_LINE,
        f"jurisdiction: {notice.jurisdiction}",
        f"order: {notice.order}",
        f"court: {notice.court}",
        f"ground: {notice.ground}",
        f"stay: {notice.stay}",
        f"opened-on: {notice.opened_on.isoformat()}",
        f"show-from: {notice.show_from.isoformat()}",
    ]
    return sign_note(join_lines(lines), signer)


def load_notice(note: str, verifier: NoteVerifier) -> Notice:
    """Verify and parse a notice. Raises: BadSignature, MalformedBytes."""
    found = parse_unique_fields(open_note(note, verifier), NOTICE_LINE, _NOTICE_FIELDS)
    try:
        notice = Notice(
            found["jurisdiction"], found["order"], found["court"], found["ground"], found["stay"],
            _read_date(found["opened-on"]), _read_date(found["show-from"]),
        )  # fmt: skip
    except ValueError:
        raise MalformedBytes("notice") from None
    _check_notice(notice)
    return notice


def _check_limits(order: Order) -> None:
    if not timedelta(0) <= order.last_day - order.first_day < timedelta(days=MAX_DAYS):
        raise MalformedBytes("to")
    if not timedelta(0) <= order.show_from - order.ordered_on <= MAX_DELAY:
        raise MalformedBytes("show-from")
    if order.last_day > order.ordered_on:
        raise MalformedBytes("to")  # an order looks back: it cannot be signed for days to come
    if not _HEX_ID.fullmatch(order.venue):
        raise MalformedBytes("venue")
    if not _HEX_DIGEST.fullmatch(order.number_commitment):
        raise MalformedBytes("number-commitment")


def _check_notice(notice: Notice) -> None:
    if not _HEX_ID.fullmatch(notice.stay):
        raise MalformedBytes("stay")
    # The order came before the opening, so its 90 days are over at the latest then.
    if notice.show_from - notice.opened_on > MAX_DELAY:
        raise MalformedBytes("show-from")


def _read_date(text: str) -> date:
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError  # Python also takes 20260102 and 2026-W01-5
    return day
