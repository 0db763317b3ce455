"""Oversight's witness in the demonstration town: every service asks it, and oversight's page shows what it saw.

At each start the town plays the auditor too: an export of each log is brought to oversight, as it would be by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from central.audit import open_audit as open_central_audit
from central.settings import CentralSettings
from central.store import open_store as open_central_store
from commands.supervisor import Job
from oversight.comparing.page.audit import open_audit as open_page_audit
from oversight.comparing.page.settings import PageSettings
from oversight.comparing.store import open_store as open_page_store
from oversight.keys import write_private
from oversight.redress.audit import open_audit as open_privacy_audit
from oversight.redress.settings import OfficeSettings
from oversight.store import open_store as open_privacy_store
from oversight.witness.keys import create_witness_key, load_witness_key
from screening.audit import open_audit as open_office_audit
from screening.keys import ensure_audit_key
from screening.parts import open_store as open_office_store
from screening.settings import ScreeningSettings
from service.audit.export import list_members, write_archive
from service.audit.keys import load_audit_key
from service.audit.log import AuditLog
from service.settings import load_settings, write_settings
from service.store import Store
from station.audit import open_audit as open_station_audit
from station.settings import StationSettings
from station.store import open_store as open_station_store

NAME = "witness"
AUDITOR = "auditor of the town"
_KEY_NAME = "demo/oversight/witness"
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class LoggingService:
    """A service of the town that keeps an audit log."""

    name: str
    title: str
    settings: Path
    key: Path
    data: Path
    open_log: Callable[[Clock], tuple[Store, AuditLog]]


def list_services(town: Path, folder: Path, console: Path) -> list[LoggingService]:
    """Return the services of a prepared town whose logs are watched. `console` is the page's settings file."""
    central = load_settings(town / "central.toml", CentralSettings)
    privacy = load_settings(town / "office.toml", OfficeSettings)
    office = load_settings(folder / "screening.toml", ScreeningSettings)
    station = load_settings(folder / "station.toml", StationSettings)
    page = load_settings(console, PageSettings)
    ensure_audit_key(office.keys)

    def open_central(clock: Clock) -> tuple[Store, AuditLog]:
        store = open_central_store(central.database)
        return store, open_central_audit(store, clock)

    def open_privacy(clock: Clock) -> tuple[Store, AuditLog]:
        store = open_privacy_store(privacy.database)
        return store, open_privacy_audit(store, clock)

    def open_office(clock: Clock) -> tuple[Store, AuditLog]:
        store = open_office_store(office)
        return store, open_office_audit(store, clock)

    def open_station(clock: Clock) -> tuple[Store, AuditLog]:
        store = open_station_store(station.database)
        return store, open_station_audit(store, clock)

    def open_page(clock: Clock) -> tuple[Store, AuditLog]:
        store = open_page_store(page.database)
        return store, open_page_audit(store, clock)

    return [
        LoggingService(
            "central", "登记服务 Registration service", town / "central.toml", central.audit_key, central.data,
            open_central,
        ),
        LoggingService(
            "screening", "比对办公室 Screening office", folder / "screening.toml", office.audit_key, office.data,
            open_office,
        ),
        LoggingService(
            "station", "派出所 Police station", folder / "station.toml", station.audit_key, station.data, open_station
        ),
        LoggingService("oversight", "本页 This page", console, page.audit_key, page.data, open_page),
        LoggingService(
            "privacy", "隐私专员 Privacy officer", town / "office.toml", privacy.audit_key, privacy.data, open_privacy
        ),
    ]  # fmt: skip


def prepare_witness(services: list[LoggingService], folder: Path, console: Path, port: int) -> None:
    """Make the witness's key once, tell it of the logs, the services of it, and the page of both. Raises: OSError."""
    data = folder / NAME
    data.mkdir(mode=0o700, exist_ok=True)
    key = data / "witness.key"
    if not key.exists():
        create_witness_key(key, _KEY_NAME)
    ours = [each.key.to_text() for each in load_witness_key(key)]
    logs = {each.name: load_audit_key(each.key).log_verifier.to_texts() for each in services}
    write_settings(
        folder / f"{NAME}.toml",
        {
            "address": "127.0.0.1", "port": port, "data": data / "memory", "key": key,
            "logs": [text for texts in logs.values() for text in texts],
        },
    )  # fmt: skip
    for each in services:
        _append(each.settings, {"witnesses": [" ".join([f"http://127.0.0.1:{port}", *ours])]})
    _append(console, {"witness": str(data / "memory"), "witness_key": ours[0]})
    for each in services:
        shown = {
            "title": each.title, "keys": logs[each.name], "cosigned": str(each.data / "cosigned-checkpoint"),
            "export": str(_name_export(folder, each)),
        }  # fmt: skip
        _append(console, shown, table="[[logs]]")


def bring_exports(services: list[LoggingService], folder: Path, now: datetime) -> None:
    """Bring an export of each log to oversight, up to now (aware). Raises: AuditError, StoreError, OSError."""
    for each in services:
        path = _name_export(folder, each)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        store, log = each.open_log(lambda: now)
        try:
            write_private(path, write_archive(list_members(log.copy(AUDITOR, load_audit_key(each.key)))))
        finally:
            store.close()


def make_witness_job(folder: Path, url: str) -> Job:
    """Return the witness's process."""
    return Job(NAME, ("witness", "serve", "--settings", str(folder / f"{NAME}.toml")), f"{url}health")


def _name_export(folder: Path, service: LoggingService) -> Path:
    return folder / NAME / "exports" / f"{service.name}.tar"


def _append(path: Path, values: Mapping[str, object], table: str = "") -> None:
    """Add lines to a settings file that was written anew at this start."""
    lines = [f"{name} = {msgspec.json.encode(value).decode()}\n" for name, value in values.items()]
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{table}\n{''.join(lines)}" if table else "".join(lines))
