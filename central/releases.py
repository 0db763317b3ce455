"""Releases on their way to terminals: to a few first, then to a tenth, then to all. Central signs none of them.

A release that does not start is taken back by each terminal itself (`terminal.updates`). What a ring is for is a
release that starts and does something wrong: somebody looks before it goes further, and another one than last time.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path

from central.audit import CentralAct
from central.errors import ReleaseRefused
from central.store import Connection, Store
from central.store.releases import (
    ReleaseRow,
    add_release,
    change_ring,
    count_versions,
    is_active,
    list_active_terminals,
    list_releases,
)
from central.store.standing import had_a_grip
from records.errors import RecordsError
from records.log_keys import LogVerifier
from records.notes import NoteVerifier
from records.release import SignedRelease, read_version, verify_release, verify_wheel
from service.audit import Audit

FEW_OF = 50
TENTH_OF = 10


class Ring(IntEnum):
    """How far a release has gone."""

    NOBODY = 0
    FEW = 1  # one terminal in fifty, at least one
    TENTH = 2
    ALL = 3


_SHARE_OF = {Ring.FEW: FEW_OF, Ring.TENTH: TENTH_OF}


@dataclass(frozen=True, slots=True)
class ReleaseProgress:
    """A release as administrators see it."""

    row: ReleaseRow
    offered: int  # terminals it is offered to
    running: int  # active terminals that said they run it

    @property
    def ring(self) -> Ring:
        """How far it has gone."""
        return Ring(self.row.ring)

    @property
    def next_ring(self) -> Ring | None:
        """The ring it can be opened to."""
        return None if self.ring is Ring.ALL else Ring(self.ring + 1)


@dataclass(frozen=True, slots=True)
class ReleaseShelf:
    """What is passed on, and by whose word."""

    store: Store
    folder: Path  # of the wheels
    audit: Audit
    clock: Callable[[], datetime]

    def add(self, actor: str, signed: SignedRelease, wheel: bytes, signer: NoteVerifier, log: LogVerifier) -> str:
        """Take a release in; it is offered to nobody yet. Return its version.

        Raises: ReleaseRefused("signature" or "known"), AuditUnavailable, StoreError, OSError.
        """
        try:
            release = verify_release(signed, signer, log)
            verify_wheel(release, wheel)
        except RecordsError:
            raise ReleaseRefused("signature") from None
        row = ReleaseRow(
            release.version, signed.note, signed.proof, release.wheel, int(self.clock().timestamp()), Ring.NOBODY, ""
        )
        if release.version in {each.version for each in self._list()}:
            raise ReleaseRefused("known")
        self.audit.write(actor, CentralAct.ADD_RELEASE, release.version)
        self._keep_wheel(release.wheel, wheel)
        with self.store.writing() as connection:
            add_release(connection, row)
        return release.version

    def open_further(self, actor: str, version: str) -> Ring:
        """Offer a release to the next ring. Return which.

        Beyond the first ring it takes another person than the one who opened the ring before.
        Raises: ReleaseRefused("unknown", "everywhere", "same person", "not independent" or "changed"),
        AuditUnavailable, StoreError.
        """
        row = self._find(version)
        if row.ring == Ring.ALL:
            raise ReleaseRefused("everywhere")
        if row.ring != Ring.NOBODY and row.opened_by == actor:
            raise ReleaseRefused("same person")
        with self.store.reading() as connection:
            _check_other(connection, row, actor)
        return self._change(actor, row, Ring(row.ring + 1), CentralAct.OPEN_RELEASE)

    def withdraw(self, actor: str, version: str) -> None:
        """Offer a release to nobody any more; whoever has it keeps it. One person's word is enough.

        Raises: ReleaseRefused("unknown" or "changed"), AuditUnavailable, StoreError.
        """
        row = self._find(version)
        if row.ring != Ring.NOBODY:
            self._change(actor, row, Ring.NOBODY, CentralAct.WITHDRAW_RELEASE)

    def list_progress(self) -> list[ReleaseProgress]:
        """Return every release, the newest version first. Raises: StoreError."""
        with self.store.reading() as connection:
            rows, known, running = (
                list_releases(connection), list_active_terminals(connection), count_versions(connection)
            )  # fmt: skip
        return [
            ReleaseProgress(row, len(choose_terminals(row, known)), running.get(row.version, 0)) for row in _sort(rows)
        ]

    def find_offer(self, terminal: bytes) -> SignedRelease | None:
        """Return the highest version that is offered to a terminal. Raises: StoreError."""
        with self.store.reading() as connection:
            rows = [row for row in list_releases(connection) if row.ring != Ring.NOBODY]
            # Anybody may ask, and going through the whole fleet for a stranger would let them hold us up.
            if not rows or not is_active(connection, terminal):
                return None
            is_for_some = any(row.ring != Ring.ALL for row in rows)
            known = list_active_terminals(connection) if is_for_some else []
        for row in _sort(rows):
            if row.ring == Ring.ALL or terminal in choose_terminals(row, known):
                return SignedRelease(row.note, row.proof)
        return None

    def find_wheel(self, digest: str) -> Path | None:
        """Return the file of a release that is offered to somebody. Raises: StoreError."""
        is_offered = digest in {row.wheel for row in self._list() if row.ring != Ring.NOBODY}
        return self._path(digest) if is_offered else None

    def _change(self, actor: str, row: ReleaseRow, ring: Ring, act: CentralAct) -> Ring:
        self.audit.write(actor, act, f"{row.version} {ring.name.lower()}")
        with self.store.writing() as connection:
            if ring:
                _check_other(connection, row, actor)  # again: somebody may have reset an account meanwhile
            if not change_ring(connection, row, ring, actor if ring else ""):
                raise ReleaseRefused("changed")
        return ring

    def _list(self) -> list[ReleaseRow]:
        with self.store.reading() as connection:
            return list_releases(connection)

    def _find(self, version: str) -> ReleaseRow:
        found = next((row for row in self._list() if row.version == version), None)
        if found is None:
            raise ReleaseRefused("unknown")
        return found

    def _keep_wheel(self, digest: str, wheel: bytes) -> None:
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        fresh = self._path(digest).with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(wheel)
            file.flush()
            os.fsync(file.fileno())
        os.rename(fresh, self._path(digest))

    def _path(self, digest: str) -> Path:
        return self.folder / f"{digest}.whl"


def choose_terminals(row: ReleaseRow, known: Collection[bytes]) -> frozenset[bytes]:
    """Return the terminals that a release is offered to.

    Which houses come first follows from the version: it is not always the same ones that take the risk.
    """
    ring = Ring(row.ring)
    if ring in (Ring.NOBODY, Ring.ALL):
        return frozenset(known if ring is Ring.ALL else ())
    count = -(-len(known) // _SHARE_OF[ring])
    ordered = sorted(known, key=lambda each: hashlib.sha256(row.version.encode() + b"\0" + each).digest())
    return frozenset(ordered[:count])


def _check_other(connection: Connection, row: ReleaseRow, actor: str) -> None:
    """Raise ReleaseRefused unless whoever opens it further is another person than the one before."""
    if row.ring != Ring.NOBODY and had_a_grip(connection, actor, row.opened_by):
        raise ReleaseRefused("not independent")


def _sort(rows: Sequence[ReleaseRow]) -> list[ReleaseRow]:
    return sorted(rows, key=lambda row: read_version(row.version), reverse=True)
