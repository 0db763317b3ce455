"""The root file: which keys a jurisdiction's terminals seal to and believe (FORMAT.md, "Root file").

Its fields are a closed list. It has none for decision keys, a screening office or a station: a root
file that names them is refused, because registration has no use for them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from records.errors import RecordsError, RootRefused
from records.notes import NoteSigner, NoteVerifier, join_lines, open_note, parse_fields, sign_note
from records.suite import AnyOf, HybridPublicKey, VerifyKey

FIRST_LINE = "kuaijietong root file v1"
MAX_VALIDITY = timedelta(days=366)
MAX_MONTHS = 13
# A ceiling in the source: an order is about one person, and many a day would be something else.
MAX_ORDERS_PER_DAY = 50
_SINGLE = frozenset(
    {
        "kind", "jurisdiction", "profile", "valid-from", "valid-until", "receipt-key", "order-key", "notice-key",
        "orders-per-day", "guest-page",
    }
)  # fmt: skip
_OPTIONAL = "next-receipt-key"
# After the next receipt key has taken over, the one before is believed for so long: what it signed may be on its way.
OVERLAP = timedelta(days=30)
_REPEATED = frozenset({"court-disclosure-key", "oversight-disclosure-key"})
_DIGEST = re.compile("[0-9a-f]{64}")
_MONTH = re.compile("[0-9]{4}-(0[1-9]|1[0-2])")
_COUNT = re.compile("[0-9]{1,6}")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# Where one library ends a host, another may not: "http://192.0.2.1\\@127.0.0.1/" is this machine to `urlsplit`, and
# the other one to what then connects. So nothing stands between scheme and path but host and port.
_PLAIN_URL = re.compile(r"https?://(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+)(:[0-9]{0,5})?([/?#][!-\[\]-~]*)?")


class RootKind(StrEnum):
    """What a root file is for."""

    EPHEMERAL = "ephemeral"  # made by `./kjt run` for specimens on one machine
    REGISTRATION = "registration"


@dataclass(frozen=True, slots=True)
class DisclosureKey:
    """A disclosure key of one holder for one month (UTC, of captured-at)."""

    month: str  # YYYY-MM
    key: HybridPublicKey


@dataclass(frozen=True, slots=True)
class NextReceiptKey:
    """The key that central signs with from a time on."""

    takes_over: datetime  # aware UTC, whole seconds
    key: VerifyKey


@dataclass(frozen=True, slots=True)
class RootFile:
    """A verified root file."""

    kind: RootKind
    jurisdiction: str
    profile: str  # SHA-256 of the profile file, hexadecimal
    valid_from: datetime
    valid_until: datetime
    receipt_key: VerifyKey  # central's
    order_key: NoteVerifier  # the disclosure court's
    notice_key: NoteVerifier  # oversight's
    orders_per_day: int  # at most MAX_ORDERS_PER_DAY
    guest_page: str
    court_keys: tuple[DisclosureKey, ...]
    oversight_keys: tuple[DisclosureKey, ...]
    digest: str = ""  # SHA-256 of the whole note, hexadecimal; "" before it is signed
    next_receipt_key: NextReceiptKey | None = None  # central's too: this file is the manifest of its keys

    @property
    def is_demonstration(self) -> bool:
        """True for the root that `./kjt run` makes."""
        return self.kind is RootKind.EPHEMERAL

    def find_receipt_key(self, now: datetime) -> VerifyKey:
        """Return the key that central signs with at a time (aware)."""
        following = self.next_receipt_key
        return following.key if following is not None and now >= following.takes_over else self.receipt_key

    def list_receipt_keys(self, now: datetime) -> AnyOf:
        """Return the keys whose signatures are believed at a time (aware): clocks differ, and answers are late."""
        following = self.next_receipt_key
        if following is None:
            return AnyOf((self.receipt_key,))
        is_over = now >= following.takes_over + OVERLAP
        return AnyOf((following.key,) if is_over else (self.receipt_key, following.key))


def sign_root(root: RootFile, signer: NoteSigner) -> str:
    """Return the root file as a signed note."""
    lines = [
        FIRST_LINE,
        f"kind: {root.kind}",
        f"jurisdiction: {root.jurisdiction}",
        f"profile: {root.profile}",
        f"valid-from: {_write_time(root.valid_from)}",
        f"valid-until: {_write_time(root.valid_until)}",
        f"receipt-key: {_write_bytes(root.receipt_key.data)}",
        f"order-key: {root.order_key.to_text()}",
        f"notice-key: {root.notice_key.to_text()}",
        f"orders-per-day: {root.orders_per_day}",
        f"guest-page: {root.guest_page}",
        *_write_next(root.next_receipt_key),
        *(f"court-disclosure-key: {each.month} {_write_bytes(each.key.data)}" for each in root.court_keys),
        *(f"oversight-disclosure-key: {each.month} {_write_bytes(each.key.data)}" for each in root.oversight_keys),
    ]
    return sign_note(join_lines(lines), signer)


def load_root(note: str, verifier: NoteVerifier, now: datetime) -> RootFile:
    """Verify and parse a root file.

    An expired root still loads: registration never stops for it. Raises: RootRefused naming the field:
    signature, form, one of the fields, or "not yet valid".
    """
    try:
        pairs = parse_fields(open_note(note, verifier), FIRST_LINE)
        root = _parse(pairs, hashlib.sha256(note.encode()).hexdigest())
    except RootRefused:
        raise
    except RecordsError as error:
        raise RootRefused(error.field or "signature") from None
    if not timedelta(0) < root.valid_until - root.valid_from <= MAX_VALIDITY:
        raise RootRefused("valid-until")
    if now < root.valid_from:
        raise RootRefused("not yet valid")
    return root


def require_loopback(url: str) -> None:
    """Raise RootRefused("address") unless the URL's host is this machine."""
    try:
        host = urlsplit(url).hostname if _PLAIN_URL.fullmatch(url) else None
    except ValueError:
        raise RootRefused("address") from None
    if host not in _LOOPBACK:
        raise RootRefused("address")


def choose_disclosure_keys(root: RootFile, captured_at: datetime) -> tuple[HybridPublicKey, HybridPublicKey]:
    """Return the court's and oversight's key of the month of `captured_at`, or the nearest listed one."""
    month = captured_at.astimezone(UTC).isoformat()[:7]
    return _nearest(root.court_keys, month), _nearest(root.oversight_keys, month)


def _nearest(keys: tuple[DisclosureKey, ...], month: str) -> HybridPublicKey:
    return min(keys, key=lambda each: (abs(_count_months(each.month) - _count_months(month)), each.month)).key


def _count_months(month: str) -> int:
    year, _, number = month.partition("-")
    return int(year) * 12 + int(number)


def _parse(pairs: list[tuple[str, str]], digest: str) -> RootFile:
    single = {name: value for name, value in pairs if name in _SINGLE}
    for name, _ in pairs:
        if name not in _SINGLE | _REPEATED | {_OPTIONAL}:
            raise RootRefused("a field that registration has no use for")
    names = [name for name, _ in pairs if name in _SINGLE]
    if sorted(names) != sorted(_SINGLE):
        raise RootRefused("form")
    try:
        root = RootFile(
            kind=RootKind(single["kind"]),
            jurisdiction=single["jurisdiction"],
            profile=single["profile"],
            valid_from=_read_time(single["valid-from"]),
            valid_until=_read_time(single["valid-until"]),
            receipt_key=VerifyKey.from_bytes(_read_bytes(single["receipt-key"])),
            order_key=NoteVerifier.from_text(single["order-key"]),
            notice_key=NoteVerifier.from_text(single["notice-key"]),
            orders_per_day=int(single["orders-per-day"]),
            guest_page=single["guest-page"],
            court_keys=_read_keys(pairs, "court-disclosure-key"),
            oversight_keys=_read_keys(pairs, "oversight-disclosure-key"),
            digest=digest,
            next_receipt_key=_read_next([value for name, value in pairs if name == _OPTIONAL]),
        )
    except (ValueError, binascii.Error):
        raise RootRefused("form") from None
    if root.orders_per_day > MAX_ORDERS_PER_DAY:
        raise RootRefused("orders-per-day")
    if not (_COUNT.fullmatch(single["orders-per-day"]) and _DIGEST.fullmatch(root.profile) and root.jurisdiction):
        raise RootRefused("form")
    _check_holders(root)
    _check_guest_page(root)
    return root


def _check_holders(root: RootFile) -> None:
    # "Nobody alone" is a word without content where two holders have one key.
    court, oversight = ({each.key.data for each in keys} for keys in (root.court_keys, root.oversight_keys))
    signing = [root.receipt_key.data, root.order_key.key.data, root.notice_key.key.data]
    if root.next_receipt_key is not None:
        signing.append(root.next_receipt_key.key.data)
        if not root.valid_from <= root.next_receipt_key.takes_over <= root.valid_until:
            raise RootRefused(_OPTIONAL)
    if court & oversight or len(set(signing)) != len(signing):
        raise RootRefused("one key for two holders")


def _check_guest_page(root: RootFile) -> None:
    try:
        parts = urlsplit(root.guest_page)
        is_secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    except ValueError:
        raise RootRefused("guest-page") from None
    # The fragment is the slip's own; a query would go to a server.
    if not is_secure or not parts.hostname or parts.fragment or parts.query:
        raise RootRefused("guest-page")
    if root.is_demonstration:
        require_loopback(root.guest_page)


def _write_next(following: NextReceiptKey | None) -> list[str]:
    if following is None:
        return []
    return [f"{_OPTIONAL}: {_write_time(following.takes_over)} {_write_bytes(following.key.data)}"]


def _read_next(values: list[str]) -> NextReceiptKey | None:
    if not values:
        return None
    takes_over, _, encoded = values[0].partition(" ")
    if len(values) > 1:
        raise RootRefused(_OPTIONAL)
    return NextReceiptKey(_read_time(takes_over), VerifyKey.from_bytes(_read_bytes(encoded)))


def _read_keys(pairs: list[tuple[str, str]], name: str) -> tuple[DisclosureKey, ...]:
    keys = []
    for field, value in pairs:
        if field == name:
            month, _, encoded = value.partition(" ")
            if not _MONTH.fullmatch(month):
                raise RootRefused(name)
            keys.append(DisclosureKey(month, HybridPublicKey.from_bytes(_read_bytes(encoded))))
    months = [each.month for each in keys]
    if not 1 <= len(keys) <= MAX_MONTHS or len(set(months)) != len(months):
        raise RootRefused(name)
    return tuple(keys)


def _write_bytes(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _read_bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _write_time(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read_time(text: str) -> datetime:
    time = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if _write_time(time) != text:
        raise ValueError  # strptime also takes "2026-1-2T3:4:5Z"
    return time
