"""What central's processes are made of, put together from their settings once, at the start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from central.audit import care_for_audit, open_audit
from central.errors import KeyMismatch, NotAllowedHere
from central.keys import PeriodKeys, load_held
from central.limits import Allowance
from central.settings import CentralSettings
from central.store import Store, open_store
from central.store.named import KeyPair, add_named_keys
from records.errors import RootRefused
from records.notes import NoteVerifier
from records.profile import Profile, load_profile
from records.root import RootFile, load_root, require_loopback
from records.suite import SigningKey, VerifyKey
from service.audit.care import LogCare
from service.audit.log import AuditLog

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Parts:
    """Root, profile, database and keys: what ingest, keeper and hand-over work with."""

    root_note: str = field(repr=False)
    root: RootFile
    profile: Profile
    store: Store
    receipt_key: SigningKey
    period_keys: PeriodKeys
    named_keys: frozenset[KeyPair]  # by the root file in force; those of earlier ones are in the database
    audit: AuditLog
    audit_care: LogCare  # the keeper's
    any_file_system: bool = False
    allowance: Allowance = field(default_factory=Allowance)
    releases: Path = Path("releases")  # folder of the wheels that are passed on
    held_keys: tuple[SigningKey, ...] = field(default=(), repr=False)  # that this machine can sign receipts with

    def at(self, now: datetime) -> Parts:
        """Return the parts with the receipt key of a time (aware): the root file says when the next one takes over."""
        wanted = self.root.find_receipt_key(now)
        if self.receipt_key.public == wanted:
            return self
        return replace(self, receipt_key=find_held(self.held_keys, wanted))


def read_clock() -> datetime:
    """Return the time, aware UTC."""
    return datetime.now(UTC)


def open_parts(settings: CentralSettings, now: datetime, clock: Clock = read_clock) -> Parts:
    """Load root, profile and keys, and open the database. `now` is aware; the audit log reads `clock`.

    Raises: RootRefused, KeyMismatch, NotAllowedHere, KeyFileRefused, DatabaseAddressRefused, DatabaseTooNew,
    StoreError, OSError.
    """
    note = settings.root.read_text(encoding="utf-8")
    root = check_root(settings, note, now)
    held = load_held(settings)
    require_held(held, root)
    store = open_store(settings.database)
    audit = open_audit(store, clock)
    parts = Parts(
        note, root, load_profile(root.jurisdiction), store, find_held(held, root.find_receipt_key(now)),
        PeriodKeys(settings.period_keys, settings.second_copy), list_named_keys(root), audit,
        care_for_audit(audit, settings), settings.any_file_system,
        Allowance(settings.terminal_at_once, settings.terminal_per_minute), settings.releases, held,
    )  # fmt: skip
    remember_named_keys(parts, now)
    return parts


def check_root(settings: CentralSettings, note: str, now: datetime) -> RootFile:
    """Verify a root file, and that it can be in force here. Raises: RootRefused, NotAllowedHere."""
    root = load_root(note, NoteVerifier.from_text(settings.root_verifier), now)
    _check_place(settings, root)
    if load_profile(root.jurisdiction).digest != root.profile:
        raise RootRefused("profile")
    return root


def require_held(held: tuple[SigningKey, ...], root: RootFile) -> None:
    """Raise KeyMismatch unless this machine has every receipt key that a root file names: also the one to follow."""
    find_held(held, root.receipt_key)
    if root.next_receipt_key is not None:
        find_held(held, root.next_receipt_key.key)


def find_held(held: tuple[SigningKey, ...], wanted: VerifyKey) -> SigningKey:
    """Return the signing key of a public one. Raises: KeyMismatch."""
    for each in held:
        if each.public == wanted:
            return each
    raise KeyMismatch


def remember_named_keys(parts: Parts, now: datetime) -> None:
    """Keep the key ids that the root file in force names, for what is sealed to them and comes later.

    Raises: StoreError.
    """
    with parts.store.writing() as connection:
        add_named_keys(connection, parts.root.jurisdiction, parts.named_keys, int(now.timestamp()))


def list_named_keys(root: RootFile) -> frozenset[KeyPair]:
    """Return the pairs of key ids that the root file allows an envelope to name."""
    # Of any two months: a terminal takes the nearest listed month of each holder by itself.
    oversight = [each.key.key_id for each in root.oversight_keys]
    return frozenset((court.key.key_id, other) for court in root.court_keys for other in oversight)


def _check_place(settings: CentralSettings, root: RootFile) -> None:
    host = f"[{settings.address}]" if ":" in settings.address else settings.address
    # Central speaks no TLS. What comes from elsewhere comes through a reverse proxy on this machine.
    require_loopback(f"http://{host}:{settings.port}")
    if settings.any_file_system and not root.is_demonstration:
        raise NotAllowedHere("any_file_system")
