"""The privacy office as `kjt check` and `kjt backup` know it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from commands.findings import Finding
from commands.known_services import Kept, KnownService
from oversight.errors import KeysRefused
from oversight.redress.audit import COMMAND_LINE, OfficeAct, open_audit
from oversight.redress.keys import load_privacy_keys
from oversight.redress.settings import OfficeSettings
from oversight.store import Store, open_store
from oversight.store.schema import metadata
from service.backup import BackupForm
from service.settings import load_settings

_ROOT, _SETTINGS = "root.note", "settings.toml"


def _load(path: Path) -> Kept:
    settings = load_settings(path, OfficeSettings, "office")
    return Kept(
        settings.data, settings.database, settings.root, settings.root_verifier, (settings.intake_key,),
        (settings.slots,), {_ROOT: settings.root}, settings.audit_key, settings.address, settings.port,
        settings.any_file_system,
    )  # fmt: skip


def _look(path: Path, _: datetime) -> Iterator[Finding]:
    settings = load_settings(path, OfficeSettings, "office")
    try:
        load_privacy_keys(settings.privacy_keys)
    except (KeysRefused, OSError):
        yield Finding("privacy_keys", {"path": settings.privacy_keys})


def _note_restore(store: Store, subject: str) -> None:
    open_audit(store, lambda: datetime.now(UTC)).write(COMMAND_LINE, OfficeAct.RESTORE, subject)


OFFICE = KnownService(
    name="office",
    load=_load,
    open_store=open_store,
    tables=metadata,
    has_accounts=True,
    is_demonstration=False,
    form=BackupForm("kuaijietong backup of the privacy office v1", "office.db", (_ROOT, _SETTINGS)),
    note_restore=_note_restore,
    look=_look,
)
