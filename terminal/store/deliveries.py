"""The delivery queue: what is told to a receiving service, one row for each stay and action.

A row belongs into the transaction that keeps the stay; what it says stands in the sealed house record alone, until it
is composed. States (`_MOVES` is the whole of it):

    waiting    → sending      written, with the sealed bytes, and synced before the first of them leaves
    waiting    → refused      found wrong here, before anything was sent
    sending    → accepted     the service says that it has it
    sending    → refused      the service says why it does not take it; nothing of it is kept there
    sending    → pending      the service has taken it and will decide; it is asked again
    sending    → waiting      certainly nothing has left this machine, or nothing was taken
    sending    → unverified   anything else: no answer, an answer nobody can read, a crash (at the next start)
    pending    → accepted, refused, unverified
    pending    → waiting      it was refused for another of its party, and nothing of it was taken
    unverified → accepted, refused, pending, waiting    by the service's answer to a query, or what a person saw there
    refused    → waiting      put right, or to be sent again as it is
    waiting, refused, pending, unverified → handed_in   a person has handed it in on paper or by file
    waiting, refused           → withdrawn              the stay did not take place, and the service never had it

`accepted`, `handed_in` and `withdrawn` are the end. Nothing leads from `unverified` to `sending` but a new look.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import structlog

from terminal.clock import Clock
from terminal.errors import NotSaved
from terminal.store.database import Connection, Database

REFERENCE_BYTES = 16


class DeliveryState(StrEnum):
    """Where a row stands."""

    WAITING = "waiting"
    SENDING = "sending"
    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNVERIFIED = "unverified"
    HANDED_IN = "handed_in"
    WITHDRAWN = "withdrawn"


_S = DeliveryState
_MOVES: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    _S.WAITING: frozenset({_S.SENDING, _S.REFUSED, _S.HANDED_IN, _S.WITHDRAWN}),
    _S.SENDING: frozenset({_S.ACCEPTED, _S.REFUSED, _S.PENDING, _S.WAITING, _S.UNVERIFIED}),
    _S.PENDING: frozenset({_S.ACCEPTED, _S.REFUSED, _S.UNVERIFIED, _S.WAITING, _S.HANDED_IN}),
    _S.UNVERIFIED: frozenset({_S.ACCEPTED, _S.REFUSED, _S.PENDING, _S.WAITING, _S.HANDED_IN}),
    _S.REFUSED: frozenset({_S.WAITING, _S.HANDED_IN, _S.WITHDRAWN}),
    _S.ACCEPTED: frozenset(),
    _S.HANDED_IN: frozenset(),
    _S.WITHDRAWN: frozenset(),
}
SETTLED = frozenset({_S.ACCEPTED, _S.HANDED_IN, _S.WITHDRAWN})
OPEN = frozenset(DeliveryState) - SETTLED
_COLUMNS = (
    "number, reference, stay, party, action, state, ready_s, due_s, attempts, sent_s, settled_s, handle, code, about,"
    " sealed"
)


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One row. Nothing here says who it is; `sealed` opens with the stay's key and record alone."""

    number: int
    reference: str  # 32 hexadecimal digits
    stay: str
    party: str
    action: str
    state: DeliveryState
    ready_at: datetime  # not sent before: the party may grow
    due_at: datetime  # the law's deadline
    attempts: int
    sent_at: datetime | None  # of the last attempt
    settled_at: datetime | None
    handle: str
    code: str  # of a refusal
    about: str  # of a refusal: the field to put right
    sealed: bytes | None


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a row. None leaves a column as it is."""

    reference: str
    state: DeliveryState
    handle: str | None = None
    shown: str = ""  # of the handle, at the stay
    code: str = ""
    about: str = ""
    sealed: bytes | None = None


class DeliveryQueue:
    """The rows of one terminal. `add` and `move` belong into the transaction that keeps the stay."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        # A full disk must not keep the counter from starting; nothing is sent before this has worked.
        self._is_swept = False
        with suppress(NotSaved):
            self.sweep()

    def sweep(self) -> int:
        """Once after a start: what was on its way when the last run ended may be there. Return how many such."""
        if self._is_swept:
            return 0
        with self._database.transaction() as connection:
            swept = connection.execute("UPDATE delivery SET state = 'unverified' WHERE state = 'sending'")
        self._is_swept = True
        if swept.rowcount:
            structlog.get_logger().warning("deliveries unverified after a restart", count=swept.rowcount)
        return int(swept.rowcount)

    def add(
        self, connection: Connection, stay: str, party: str, action: str, *, ready_at: datetime, due_at: datetime
    ) -> str:
        """Let an action of a stay wait. Return its reference."""
        reference = os.urandom(REFERENCE_BYTES).hex()
        connection.execute(
            "INSERT INTO delivery (reference, stay, party, action, state, ready_s, due_s)"
            " VALUES (?, ?, ?, ?, 'waiting', ?, ?)",
            (reference, stay, party, action, ready_at.timestamp(), due_at.timestamp()),
        )
        return reference

    def move(self, connection: Connection, changes: Iterable[Change]) -> None:
        """Move rows to other states, each by a way that `_MOVES` has. Raises: NotSaved for any other."""
        now_s = self._clock.now().timestamp()
        for change in changes:
            before = connection.execute(
                "SELECT state FROM delivery WHERE reference = ?", (change.reference,)
            ).fetchone()
            if before is None or change.state not in _MOVES[DeliveryState(before[0])]:
                raise NotSaved
            connection.execute(
                "UPDATE delivery SET state = ?, handle = coalesce(?, handle), code = ?, about = ?,"
                " sealed = coalesce(?, sealed), settled_s = ? WHERE reference = ?",
                (
                    change.state, change.handle, change.code, change.about, change.sealed,
                    now_s if change.state in SETTLED else None, change.reference,
                ),
            )  # fmt: skip

    def start(self, sealed: Mapping[str, bytes]) -> None:
        """Commit, before the first byte leaves, that these rows are on their way with these sealed bytes.

        Raises: NotSaved; then nothing may be sent.
        """
        if not self._is_swept:
            raise NotSaved
        now_s = self._clock.now().timestamp()
        with self._database.transaction() as connection:
            self.move(connection, [Change(each, _S.SENDING, sealed=data) for each, data in sealed.items()])
            connection.executemany(
                "UPDATE delivery SET sent_s = ?, attempts = attempts + 1 WHERE reference = ?",
                [(now_s, each) for each in sealed],
            )

    def settle(self, changes: Iterable[Change], also: Callable[[Connection], None] = lambda _: None) -> None:
        """Commit what became of rows, all or none, and `also` with it; an arrival accepted is noted at its stay."""
        with self._database.transaction() as connection:
            listed = list(changes)
            self.move(connection, listed)
            also(connection)
            connection.executemany(
                "UPDATE house SET acknowledgement = ? WHERE stay ="
                " (SELECT stay FROM delivery WHERE reference = ? AND action IN ('arrival', 'correction'))",
                [(each.shown or each.handle or "", each.reference) for each in listed if each.state is _S.ACCEPTED],
            )

    def is_in_house(self, connection: Connection, stay: str) -> bool:
        """Tell whether the house store still has a stay."""
        return connection.execute("SELECT 1 FROM house WHERE stay = ?", (stay,)).fetchone() is not None

    def hold_party(self, connection: Connection, party: str, ready_at: datetime) -> None:
        """Let the waiting rows of a party wait until another moment."""
        connection.execute(
            "UPDATE delivery SET ready_s = ? WHERE party = ? AND state = 'waiting'", (ready_at.timestamp(), party)
        )

    def list_rows(
        self, states: Collection[DeliveryState] = OPEN, *, stay: str | None = None, party: str | None = None
    ) -> list[DeliveryRow]:
        """Return rows in these states, oldest first."""
        with self._database.reading() as connection:
            return read_rows(connection, states, stay=stay, party=party)

    def find(self, reference: str) -> DeliveryRow | None:
        """Return one row."""
        with self._database.reading() as connection:
            row = connection.execute(f"SELECT {_COLUMNS} FROM delivery WHERE reference = ?", (reference,)).fetchone()
        return None if row is None else _read_row(*row)

    def forget_content(self, connection: Connection, stay: str) -> None:
        """Forget what was sent of a stay; that it was accepted stays."""
        connection.execute("UPDATE delivery SET sealed = NULL WHERE stay = ?", (stay,))

    def delete_old(self, before: datetime) -> int:
        """Delete rows that were settled before a moment and whose stay has left the house store. Return how many."""
        with self._database.transaction() as connection:
            deleted = connection.execute(
                "DELETE FROM delivery WHERE settled_s < ? AND stay NOT IN (SELECT stay FROM house)",
                (before.timestamp(),),
            )
        return int(deleted.rowcount)


def read_rows(
    connection: Connection,
    states: Collection[DeliveryState],
    *,
    stay: str | None = None,
    party: str | None = None,
) -> list[DeliveryRow]:
    """Return rows in these states, oldest first, as the transaction under way sees them."""
    marks = ", ".join("?" * len(states))
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM delivery WHERE state IN ({marks}) AND (? IS NULL OR stay = ?)"
        " AND (? IS NULL OR party = ?) ORDER BY number",
        (*states, stay, stay, party, party),
    ).fetchall()
    return [_read_row(*row) for row in rows]


def _read_row(
    number: int,
    reference: str,
    stay: str,
    party: str,
    action: str,
    state: str,
    ready_s: float,
    due_s: float,
    attempts: int,
    sent_s: float | None,
    settled_s: float | None,
    *rest: object,
) -> DeliveryRow:
    handle, code, about, sealed = rest
    return DeliveryRow(
        number, reference, stay, party, action, DeliveryState(state), _read_moment(ready_s), _read_moment(due_s),
        attempts, None if sent_s is None else _read_moment(sent_s),
        None if settled_s is None else _read_moment(settled_s), str(handle), str(code), str(about),
        sealed if isinstance(sealed, bytes) else None,
    )  # fmt: skip


def _read_moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
