"""What `kjt check` finds: pure questions about an installation's files, each with its answer as a code and figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from central.accounts import list_enabled_accounts
from central.console.place import is_origin_safe
from central.health import EXPIRES_SOON_DAYS, FEW_FREE_BYTES
from central.keys import PeriodKeys, count_days, find_expiry_day, load_receipt_key
from central.retention.keeper import DAYS_AHEAD
from central.settings import CentralSettings
from central.store import StoreError, find_missing
from commands.machine import Machine
from oversight.page.settings import PageSettings
from records.erasable import find_file_system, require_overwriting
from records.errors import KeyFileRefused, RecordsError
from records.notes import NoteVerifier
from records.profile import Profile, load_profile
from records.root import DisclosureKey, RootFile, load_root, require_loopback
from service.audit import AuditKeyMissing, AuditKeyRefused
from service.audit.keys import load_audit_key
from service.store import DatabaseAddressRefused

FEW_MONTHS = 2
CENTRAL_UNITS = ("kuaijietong-ingest.service", "kuaijietong-keeper.service", "kuaijietong-console.service")
PAGE_UNITS = ("kuaijietong-page.service",)
_OTHERS = 0o077
_OTHERS_WRITE = 0o022


class Level(StrEnum):
    """How a finding counts."""

    WRONG = "wrong"  # missing or unsafe: exit status 1
    UNKNOWN = "unknown"  # cannot be known from here


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: the code of its text, and the figures in it."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)
    level: Level = Level.WRONG


def is_shared(path: Path) -> bool:
    """Tell whether other users of this machine may read a file, or enter a folder."""
    return bool(path.stat().st_mode & _OTHERS)


def check_settings_file(path: Path) -> Iterator[Finding]:
    """Look at who may change the settings, which pin the root's verifier key."""
    if path.stat().st_mode & _OTHERS_WRITE:
        yield Finding("settings_mode", {"path": path})


class RootNamed(Protocol):
    """Settings that name a root file."""

    @property
    def root(self) -> Path:
        """The file."""

    @property
    def root_verifier(self) -> str:
        """The key that it is believed under."""


def check_root(settings: RootNamed, section: str, now: datetime) -> tuple[list[Finding], RootFile | None]:
    """Look at the root file of one table of the settings; `now` is aware."""
    where = {"path": settings.root, "section": section}
    try:
        note = settings.root.read_text(encoding="utf-8")
        root = load_root(note, NoteVerifier.from_text(settings.root_verifier), now)
    except OSError:
        return [Finding("root_missing", where)], None
    except (RecordsError, UnicodeDecodeError) as error:
        return [Finding("root_refused", {**where, "field": getattr(error, "field", "")})], None
    found = [Finding("root_demonstration", where)] if root.is_demonstration else []
    days = (root.valid_until - now).days
    if now >= root.valid_until:
        found.append(Finding("root_expired", {**where, "day": root.valid_until.date()}))
    elif days < EXPIRES_SOON_DAYS:
        found.append(Finding("root_expires", {**where, "days": days}))
    for holder, keys in (("court", root.court_keys), ("oversight", root.oversight_keys)):
        months = count_months_left(keys, now)
        if months < FEW_MONTHS:
            found.append(Finding(f"{holder}_months", {"months": months}))
    return found, root


def count_months_left(keys: tuple[DisclosureKey, ...], now: datetime) -> int:
    """Return for how many months, this one included, there is a disclosure key of its own."""
    this_month = now.astimezone(UTC).isoformat()[:7]
    return sum(each.month >= this_month for each in keys)


def check_profile(root: RootFile) -> tuple[list[Finding], Profile | None]:
    """Look at the profile that the root file names."""
    try:
        profile = load_profile(root.jurisdiction)
    except RecordsError:
        return [Finding("profile_unknown", {"id": root.jurisdiction})], None
    if profile.digest != root.profile:
        return [Finding("profile_other", {"id": profile.id})], None
    return [Finding("profile_generic", {"id": profile.id})] if profile.is_generic else [], profile


def check_place(settings: CentralSettings | PageSettings, section: str) -> Iterator[Finding]:
    """Look at where a process listens: without TLS of its own, on this machine only."""
    host = f"[{settings.address}]" if ":" in settings.address else settings.address
    try:
        require_loopback(f"http://{host}:{settings.port}")
    except RecordsError:
        yield Finding("listens_outside", {"address": settings.address, "section": section})


def check_page(settings: PageSettings) -> Iterator[Finding]:
    """Look at what only the guest page has."""
    if not settings.notices.is_dir():
        yield Finding("notices_missing", {"path": settings.notices})
    if not settings.central.startswith("https://"):
        try:
            require_loopback(settings.central)
        except RecordsError:
            yield Finding("central_without_tls", {"address": settings.central})


def check_keys(settings: CentralSettings, root: RootFile | None) -> Iterator[Finding]:
    """Look at central's key files: who may read them, whether they are the right ones, and what they lie on."""
    key_files = [path for path in (settings.period_keys, settings.second_copy) if path is not None]
    for folder in (settings.data, settings.receipt_key.parent):
        if folder.is_dir() and is_shared(folder):
            yield Finding("folder_mode", {"path": folder})
    for path in (settings.database_file, settings.account_key, *key_files):
        if path is not None and path.is_file() and is_shared(path):
            yield Finding("file_mode", {"path": path})
    yield from _check_receipt_key(settings, root)
    yield from check_audit_key(settings.audit_key)
    if settings.any_file_system:
        yield Finding("any_file_system")
    for path in key_files:
        if path.parent.is_dir():
            try:
                require_overwriting(path.parent)
            except KeyFileRefused:
                yield Finding("file_system", {"path": path.parent, "kind": find_file_system(path.parent) or "?"})


def _check_receipt_key(settings: CentralSettings, root: RootFile | None) -> Iterator[Finding]:
    path = settings.receipt_key
    try:
        key = load_receipt_key(path)
    except FileNotFoundError:
        yield Finding("receipt_key_missing", {"path": path})
    except OSError:
        yield Finding("receipt_key_unreadable", {"path": path})
    except RecordsError as error:
        yield Finding("file_mode" if error.field == "mode" else "receipt_key_damaged", {"path": path})
    else:
        if root is not None and key.public != root.receipt_key:
            yield Finding("receipt_key_other", {"path": path})


def check_audit_key(path: Path) -> Iterator[Finding]:
    """Look at the key that signs an audit log."""
    try:
        load_audit_key(path)
    except AuditKeyMissing:
        yield Finding("audit_key_missing", {"path": path})
    except (AuditKeyRefused, OSError) as error:
        code = "file_mode" if getattr(error, "field", "") == "mode" else "audit_key_damaged"
        yield Finding(code, {"path": path})


def check_period_keys(settings: CentralSettings, profile: Profile, now: datetime) -> Iterator[Finding]:
    """Look for the keys of the coming days, and for those that should be gone."""
    keys = PeriodKeys(settings.period_keys, settings.second_copy)
    first = find_expiry_day(now, profile.retention_days)
    try:
        live = set(keys.list_live())
        differences = keys.find_differences()
    except FileNotFoundError:
        yield Finding("period_keys_none", {"path": settings.period_keys})
        return
    except (RecordsError, OSError) as error:
        yield Finding("period_keys_damaged", {"path": settings.period_keys, "field": getattr(error, "field", "")})
        return
    if missing := [day for day in range(first, first + DAYS_AHEAD) if day not in live]:
        yield Finding("period_keys_days", {"days": len(missing), "ahead": DAYS_AHEAD})
    if due := [day for day in live if day <= count_days(now.astimezone(UTC).date())]:
        yield Finding("period_keys_due", {"days": len(due)})
    yield from _check_second_copy(settings, differences)


def _check_second_copy(settings: CentralSettings, differences: int | None) -> Iterator[Finding]:
    copy = settings.second_copy
    if copy is None:
        yield Finding("second_copy_none")
    elif differences is None:
        yield Finding("second_copy_away", {"path": copy})
    elif copy.stat().st_dev == settings.period_keys.stat().st_dev:
        yield Finding("second_copy_same_disk", {"path": copy})
    elif differences:
        yield Finding("second_copy_differs", {"days": differences, "path": copy})


def check_database(settings: CentralSettings) -> Iterator[Finding]:
    """Look whether the database answers and has what this release needs."""
    # An address may hold a password: it is not shown.
    path = settings.database_file or "PostgreSQL"
    try:
        missing = find_missing(settings.database_file or settings.database)
    except FileNotFoundError:
        yield Finding("database_missing", {"path": path})
    except (StoreError, DatabaseAddressRefused, OSError):
        yield Finding("database_unreachable", {"path": path})
    else:
        if missing:
            yield Finding("database_other", {"path": path, "missing": ", ".join(missing)})


def check_console(settings: CentralSettings) -> Iterator[Finding]:
    """Look at who can sign in to the console, and how their passwords reach it."""
    if not is_origin_safe(settings.console_origin):
        yield Finding("console_origin", {"origin": settings.console_origin})
    try:
        accounts = list_enabled_accounts(settings.database_file or settings.database)
    except (StoreError, DatabaseAddressRefused, OSError):
        return  # a finding of its own
    if not accounts:
        yield Finding("console_no_account")
    if names := [each.name for each in accounts if not each.has_factor]:
        yield Finding("console_no_factor", {"names": ", ".join(names)})


def check_machine(machine: Machine, folders: list[Path], units: tuple[str, ...]) -> Iterator[Finding]:
    """Look at clock, free disk, and what the service manager grants the running units."""
    synchronised = machine.is_clock_synchronised()
    if synchronised is None:
        yield Finding("clock_unknown", level=Level.UNKNOWN)
    elif not synchronised:
        yield Finding("clock_unset")
    for folder in folders:
        # A folder that is not there is a finding of its own.
        free = machine.count_free_bytes(folder) if folder.is_dir() else FEW_FREE_BYTES
        if free < FEW_FREE_BYTES:
            yield Finding("disk_full", {"path": folder, "megabytes": free // 1_000_000})
    for unit in units:
        limits = machine.read_limits(unit)
        if limits is None:
            yield Finding("unit_unknown", {"unit": unit}, Level.UNKNOWN)
            continue
        if limits.dumps_core:
            yield Finding("core_dumps", {"unit": unit})
        if limits.may_swap:
            yield Finding("swap", {"unit": unit})
