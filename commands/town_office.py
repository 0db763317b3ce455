"""The demonstration's privacy office: its keys, settings, process and log-ins."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from commands.office import open_accounts
from commands.supervisor import Job
from commands.town_folder import write_whole
from commands.town_log_ins import LogIn, keep_log_ins
from oversight.keys import Role as KeyRole
from oversight.keys import load_signer
from oversight.redress.keys import load_public, make_intake_key, make_privacy_key, sign_privacy_note
from oversight.redress.roles import AUDITORS, OFFICERS, Role
from oversight.redress.settings import OfficeSettings
from oversight.root_file import DEMONSTRATION
from service.audit.keys import create_log_keys
from service.settings import load_settings, write_settings

_ACCOUNTS: dict[str, tuple[Role, ...]] = {"privacy-officer": OFFICERS, "office-auditor": AUDITORS}
Settings = dict[str, str | int | bool | Path]


def name_console(port: int) -> str:
    """Return the address of a page of the demonstration that people sign in to; it listens on loopback alone."""
    return f"http://localhost:{port}/"


def prepare_office(folder: Path, root: Settings, port: int, now: datetime) -> Settings:
    """Make the office's keys and settings in a town's folder, and return what the guest page's settings say of it.

    `root` is what all settings say of the root file, `now` aware UTC. Raises: KeysRefused, OSError.
    """
    office, page, privacy = folder / "office", folder / "page", folder / "oversight" / "privacy"
    for each in (office, office / "keys"):
        each.mkdir(mode=0o700, exist_ok=True)
    if not any(privacy.glob("*.key")):
        make_privacy_key(privacy, now)
    if not (office / "intake.key").exists():
        make_intake_key(office / "intake.key")
    if not (office / "keys" / "audit.key").exists():
        create_log_keys(office / "keys" / "audit.key", "demo/office/audit")
    # In life these two files travel: one from the officer to the page, the other through whoever signs it.
    shutil.copy2(office / "intake.key", page / "intake.key")
    key = load_public(max(privacy.glob("*.key")))
    note = sign_privacy_note(key, DEMONSTRATION, now, load_signer(folder / "oversight", KeyRole.NOTICE))
    write_whole(page / "privacy-key.note", note)
    own: Settings = {
        "data": office, "port": port, "privacy_keys": privacy, "intake_key": office / "intake.key",
        "openings": folder / "oversight" / "notices" / "openings.log", "any_file_system": True,
        "origin": name_console(port).rstrip("/"),
    }  # fmt: skip
    write_settings(folder / "office.toml", root | own)
    return {
        "office": name_console(port), "office_key": page / "intake.key",
        "privacy_key": page / "privacy-key.note",
    }  # fmt: skip


def make_office_job(folder: Path, url: str) -> Job:
    """Return the office's process."""
    return Job("office", ("office", "serve", "--settings", str(folder / "office.toml")), url + "health")


def ensure_office_log_ins(folder: Path, now: datetime) -> list[LogIn]:
    """Return the office's log-ins of a town, and make those that there are not. `now` is aware.

    Raises: StoreError, OSError.
    """
    settings = load_settings(folder / "office.toml", OfficeSettings)
    with open_accounts(settings, now) as book:
        path, service = settings.data / "log-ins.json", ("privacy office", settings.origin + "/")
        return keep_log_ins(book, _ACCOUNTS, path, service, now)
