"""Services beside central and the guest page that `kjt check`, `kjt backup` and `kjt restore` know.

Each says what it keeps and what of that a backup may hold. Another distribution names its own by the entry point below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from click import ClickException

from commands.findings import Finding
from service.backup import BackupForm
from service.store import Store

GROUP = "kuaijietong.services"
# The commands that know central and the guest page by themselves.
OWN = "installation"


@dataclass(frozen=True, slots=True)
class Kept:
    """What lies where, as a service's settings say it."""

    data: Path
    database: Path | str  # a SQLite file, or the URL of a PostgreSQL
    root: Path
    root_verifier: str
    keys: tuple[Path, ...]  # private ones that must be there
    erasable: tuple[Path, ...]  # key files whose keys are destroyed on time: in no backup, ever
    others: Mapping[str, Path] = field(default_factory=dict)  # what is backed up beside the database, but the settings
    audit_key: Path | None = None
    address: str = ""  # where it listens; "" for a service that does not
    port: int = 0
    any_file_system: bool = False


@dataclass(frozen=True, slots=True)
class KnownService:
    """One service, and how to look at it."""

    name: str  # of `--service`, and of its table in an installation's file
    load: Callable[[Path], Kept]  # Raises: SettingsError
    open_store: Callable[[Path], Store]  # Raises: StoreError
    tables: Any  # its SQLAlchemy metadata
    has_accounts: bool
    is_demonstration: bool  # it runs beside no other root file, so that this is no finding
    form: BackupForm | None  # None: nothing of it may be backed up, for the reason below
    note_restore: Callable[[Store, str], None] | None = None  # write into its audit log that it was restored
    no_backup: str = ""
    look: Callable[[Path, datetime], Iterator[Finding]] | None = None  # what it alone has
    texts: Callable[[], dict[str, dict[str, str]]] = dict  # words of its own findings


def list_services() -> dict[str, KnownService]:
    """Return the known services by name: the privacy office, and those of another distribution."""
    from commands.office_kept import OFFICE

    added: list[KnownService] = [found.load() for found in entry_points(group=GROUP)]
    return {each.name: each for each in (OFFICE, *added)}


def find_service(name: str) -> KnownService:
    """Return a service by its name. Raises: ClickException naming those that there are."""
    found = list_services()
    if name not in found:
        raise ClickException(f"There is no service {name} here. Known are: {', '.join(sorted(found))}.")
    return found[name]
