"""What `kjt check` finds at any service beside central and the guest page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from commands.findings import Finding, check_audit_key, check_root, check_settings_file, is_shared
from commands.known_services import Kept, KnownService
from records.erasable import find_file_system, require_overwriting
from records.errors import KeyFileRefused, RecordsError
from records.root import require_loopback
from service.store import DatabaseAddressRefused, StoreError, open_engine
from service.store.inspection import find_missing_tables, list_without_factor


def inspect_service(service: KnownService, settings_path: Path, now: datetime) -> Iterator[Finding]:
    """Yield what is missing or unsafe, in the order in which it is to be put right. Raises: SettingsError."""
    kept = service.load(settings_path)
    yield from check_settings_file(settings_path)
    root, _ = check_root(kept, service.name, now)
    yield from (each for each in root if not (service.is_demonstration and each.code == "root_demonstration"))
    if kept.address:
        yield from _check_address(kept, service.name)
    yield from _check_files(kept, service)
    yield from _check_database(kept, service)
    if service.look is not None:
        yield from service.look(settings_path, now)


def _check_address(kept: Kept, name: str) -> Iterator[Finding]:
    host = f"[{kept.address}]" if ":" in kept.address else kept.address
    try:
        require_loopback(f"http://{host}:{kept.port}")
    except RecordsError:
        yield Finding("listens_outside", {"address": kept.address, "section": name})


def _check_files(kept: Kept, service: KnownService) -> Iterator[Finding]:
    private = (*kept.keys, *kept.erasable, *([kept.database] if isinstance(kept.database, Path) else ()))
    for folder in sorted({kept.data, *(path.parent for path in private)}):
        if folder.is_dir() and is_shared(folder):
            yield Finding("folder_mode", {"path": folder})
    for path in private:
        if path.is_file() and is_shared(path):
            yield Finding("file_mode", {"path": path})
    for path in kept.keys:
        if not path.is_file():
            yield Finding("key_missing", {"path": path, "service": service.name})
    if kept.audit_key is not None:
        yield from check_audit_key(kept.audit_key)
    if kept.any_file_system and not service.is_demonstration:
        yield Finding("any_file_system")
    if not kept.any_file_system:
        yield from _check_erasable(kept)


def _check_erasable(kept: Kept) -> Iterator[Finding]:
    for folder in sorted({path.parent for path in kept.erasable if path.parent.is_dir()}):
        try:
            require_overwriting(folder)
        except KeyFileRefused:
            yield Finding("file_system", {"path": folder, "kind": find_file_system(folder) or "?"})


def _check_database(kept: Kept, service: KnownService) -> Iterator[Finding]:
    # An address may hold a password: it is not shown.
    where = {"path": kept.database if isinstance(kept.database, Path) else "PostgreSQL"}
    if isinstance(kept.database, Path) and not kept.database.exists():
        yield Finding("database_missing", where)
        return
    try:
        engine = open_engine(kept.database)
        try:
            missing = find_missing_tables(engine, service.tables)
            names = list_without_factor(engine) if service.has_accounts and not missing else None
        finally:
            engine.dispose()
    except (StoreError, DatabaseAddressRefused, OSError):
        yield Finding("database_unreachable", where)
        return
    if missing:
        yield Finding("database_other", {**where, "missing": ", ".join(missing)})
    if names is not None and not names.all:
        yield Finding("service_no_account", {"service": service.name})
    if names is not None and names.without_factor:
        yield Finding("service_no_factor", {"service": service.name, "names": ", ".join(names.without_factor)})
