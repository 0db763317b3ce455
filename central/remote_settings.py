"""Setting harmless things at a terminal from the console: written down, signed by ingest, confirmed by a heartbeat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from central.audit import CentralAct
from central.errors import ActRefused
from central.parts import Clock, Parts
from central.store import Store
from central.store.remote_settings import SettingsRow, add_settings, find_next_number, list_settings
from central.store.terminal_keys import list_keys
from central.store.terminals import load_terminals, lock_terminals
from records.remote_settings import (
    AS_INSTALLED,
    DISK_WARNINGS,
    LANGUAGES,
    LOG_LEVELS,
    RemoteSettings,
    sign_settings,
)
from service.audit import Audit

CHOICES: Mapping[str, tuple[str, ...]] = {
    "language": LANGUAGES, "log_level": LOG_LEVELS, "disk_warning": DISK_WARNINGS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SettingsBook:
    """Sets what is on the closed list, and nothing else; one administrator is enough."""

    store: Store
    audit: Audit
    clock: Clock

    def change(self, by: str, terminal: bytes, chosen: Mapping[str, str], *, new_key: bool) -> int:
        """Set a terminal's settings; with `new_key` it renews its signing key now. Return their number.

        Raises: ActRefused(bad_settings, not_in_state, nothing_changed), AuditUnavailable, StoreError.
        """
        values = {name: chosen.get(name, AS_INSTALLED) for name in CHOICES}
        if any(values[name] not in (AS_INSTALLED, *allowed) for name, allowed in CHOICES.items()):
            raise ActRefused("bad_settings")
        with self.store.reading() as connection:
            known = load_terminals(connection, [terminal]).get(terminal)
            before = next(iter(list_settings(connection, terminal, 1)), None)
        if known is None or known.state.is_final:
            raise ActRefused("not_in_state")
        if not new_key and values == {name: getattr(before, name, AS_INSTALLED) for name in CHOICES}:
            raise ActRefused("nothing_changed")
        self.audit.write(by, CentralAct.SET_TERMINAL, f"{terminal.hex()} {_describe(values, new_key=new_key)}")
        with self.store.writing() as connection:
            lock_terminals(connection, [terminal])  # of two at once, each gets a number of its own
            number = find_next_number(connection, terminal)
            keys = list_keys(connection, terminal)
            present = keys[-1].number if keys else 1
            least = present + 1 if new_key else getattr(before, "least_key", 1)
            row = SettingsRow(
                terminal, number, values["language"], values["log_level"], values["disk_warning"], least, by,
                int(self.clock().timestamp()),
            )  # fmt: skip
            add_settings(connection, row)
        return number


def find_note(parts: Parts, terminal: bytes) -> str | None:
    """Return the signed settings of a terminal, None where nobody has ever set any. Raises: StoreError."""
    with parts.store.reading() as connection:
        row = next(iter(list_settings(connection, terminal, 1)), None)
    if row is None:
        return None
    found = RemoteSettings(
        row.terminal, row.number, datetime.fromtimestamp(row.set_at, UTC), row.language, row.log_level,
        row.disk_warning, row.least_key,
    )  # fmt: skip
    return sign_settings(found, parts.receipt_key)


def _describe(values: Mapping[str, str], *, new_key: bool) -> str:
    told = [f"{name}={value or 'as installed'}" for name, value in values.items()]
    return " ".join([*told, *(["new key"] if new_key else [])])
