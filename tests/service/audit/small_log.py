"""A small log with its clock in the test's hand."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from central.store import open_store
from central.store.schema import audit_tables
from records.notes import NoteSigner
from records.suite import SigningKey
from service.audit.export import list_members, write_archive
from service.audit.log import AuditLog
from service.store import Store

START = datetime(2026, 3, 10, 21, 30, 5, tzinfo=UTC)
SIGNER = NoteSigner("audit.example/log", SigningKey.from_bytes(os.urandom(32)))


class Act(StrEnum):
    """The acts of a service that is none."""

    LOOK = "look: terminals"
    REVOKE = "revoke terminal"


@dataclass(slots=True)
class SmallLog:
    """The log, and what a person does with it."""

    store: Store
    now: datetime = START
    log: AuditLog = field(init=False)

    def __post_init__(self) -> None:
        self.log = AuditLog(self.store, audit_tables, frozenset(Act), lambda: self.now)

    def work(self, acts: int) -> None:
        """Some acts, a minute apart, and a checkpoint."""
        for number in range(acts):
            self.log.write("anna" if number % 2 else "bo", Act.LOOK if number % 3 else Act.REVOKE, f"t{number}")
            self.now += timedelta(minutes=1)
        self.log.make_checkpoint(SIGNER)

    def export(self) -> bytes:
        return write_archive(list_members(self.log.copy("anna", SIGNER)))


def open_small_log(address: Path | str) -> SmallLog:
    return SmallLog(open_store(address))
