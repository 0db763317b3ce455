"""Oversight's page in the demonstration town: its settings, its log's keys, and its log-ins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from central.reports import load_report, write_report
from central.settings import CentralSettings
from central.store import open_store as open_central_store
from commands.comparing.oversight_console import open_accounts
from commands.supervisor import Job
from commands.town_folder import write_whole
from commands.town_log_ins import LogIn, keep_log_ins
from oversight.comparing.page.roles import Role
from oversight.comparing.page.settings import PageSettings
from service.audit.keys import create_log_keys
from service.settings import load_settings, write_settings

NAME = "oversight-console"
_REPORT_DAYS = 366
_SERVICE = "oversight of comparison"
_ACCOUNTS: dict[str, tuple[Role, ...]] = {
    "oversight-officer": (Role.OFFICER,),
    "second-oversight-officer": (Role.OFFICER,),
    "oversight-auditor": (Role.AUDITOR,),
}


def write_page_settings(town: Path, folder: Path, port: int, urls: Mapping[str, str]) -> None:
    """Write the page's settings, beside the parties' folders, and make its log's keys once. Raises: OSError."""
    data = folder / NAME
    (folder / "court" / "withdrawn").mkdir(mode=0o700, exist_ok=True)
    key = data / "keys" / "audit.key"
    key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not key.exists():
        create_log_keys(key, "demo/oversight/audit")
    write_settings(
        folder / f"{NAME}.toml",
        {
            "data": data, "address": "127.0.0.1", "port": port, "root": town / "root.note",
            "root_verifier": (town / "root.pub").read_text(encoding="utf-8").strip(), "annex": folder / "annex.note",
            # What the court keeps is what it brings: what two judges sign there waits here to be read.
            "offline": folder / "oversight", "decisions": folder / "court" / "decisions",
            "withdrawals": folder / "court" / "withdrawn", "lists": folder / "list",
            "desk": folder / "desk", "relay": urls["relay"].rstrip("/"),
            "origin": urls["oversight"].rstrip("/"), "central_report": folder / NAME / "central-report.csv",
            # Where `kjt oversight open` leaves its lines, as the privacy office reads them.
            "openings": town / "oversight" / "notices" / "openings.log",
        },
    )  # fmt: skip


def bring_central_report(town: Path, folder: Path, now: datetime) -> None:
    """Bring the registration service's report to oversight, as somebody does by hand. Raises: StoreError, OSError."""
    store = open_central_store(load_settings(town / "central.toml", CentralSettings).database)
    try:
        lines = "".join(write_report(load_report(store, now, _REPORT_DAYS)))
    finally:
        store.close()
    write_whole(folder / NAME / "central-report.csv", lines)


def make_job(folder: Path, url: str) -> Job:
    """Return what starts beside the town's services."""
    settings = folder / f"{NAME}.toml"
    return Job(NAME, ("oversight", "console", "serve", "--settings", str(settings)), f"{url}health")


def ensure_page_log_ins(folder: Path, now: datetime) -> list[LogIn]:
    """Return the log-ins of the page, made the first time. Raises: StoreError, OSError."""
    settings = load_settings(folder / f"{NAME}.toml", PageSettings)
    with open_accounts(settings, now) as book:
        return keep_log_ins(book, _ACCOUNTS, folder / "oversight-log-ins.json", (_SERVICE, settings.origin + "/"), now)
