"""What the relay is made of, opened from its settings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from central.relay.allowance import Allowance
from central.relay.callers import Callers
from central.relay.desk_line import DeskLine, DeskMemory, DeskState
from central.relay.keys import ensure_relay_key
from central.relay.passage import Passage
from central.relay.settings import RelaySettings
from central.relay.store import AlertRow, Store, insert_alerts, load_notice, open_relay_store, save_notice
from central.relay.terminals import TerminalBook
from central.store import open_store
from records.comparing.annex import Annex, load_annex
from records.notes import NoteVerifier
from records.root import load_root

log = structlog.get_logger()

STATE_INTERVAL_S = 2.0
DAY_KEY, DESK_MEMORY = "day key", "desk memory"


@dataclass(slots=True)
class Published:
    """What terminals are told, as each party last said it. The relay believes and changes none of it."""

    desk: DeskState = field(default_factory=DeskState)
    passing_key: bytes = b""
    day_key: bytes = b""


@dataclass(slots=True)
class RelayParts:
    """The relay's parts."""

    annex: Annex
    annex_note: str
    store: Store
    central: Store
    terminals: TerminalBook
    allowance: Allowance
    desk: DeskLine
    callers: Callers
    clock: Callable[[], datetime]
    passage: Passage = field(init=False)
    published: Published = field(default_factory=Published)
    # Set, and made anew, by every tick: the station is answered on each of them, with alerts or without.
    ticked: asyncio.Event = field(default_factory=asyncio.Event)
    _kept_memory: bytes = b""

    def __post_init__(self) -> None:
        self.passage = Passage(self.commit_alerts)

    async def commit_alerts(self, rows: list[AlertRow]) -> None:
        """Write a tick's alerts to the disk. Raises: StoreError."""
        await asyncio.to_thread(self._write_alerts, rows)
        self.ticked.set()
        self.ticked = asyncio.Event()

    def _write_alerts(self, rows: list[AlertRow]) -> None:
        try:
            with self.store.writing() as connection:
                insert_alerts(connection, rows)
        except Exception as error:
            log.error("alerts_not_committed", error=type(error).__name__)
            raise

    async def publish_day_key(self, key: bytes) -> None:
        """Keep the station's key of the day, across restarts too."""
        if key != self.published.day_key:
            await asyncio.to_thread(self._save_notice, DAY_KEY, key)
            self.published.day_key = key

    def _save_notice(self, name: str, content: bytes) -> None:
        with self.store.writing() as connection:
            save_notice(connection, name, content)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Tick, and ask the desk for permit and stop, while the block runs; then close everything."""
        tasks = [asyncio.create_task(self.passage.run()), asyncio.create_task(self._watch_desk())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks)
            self.close()

    async def _watch_desk(self) -> None:
        while True:
            # A desk that does not answer is told as what it is: no permit.
            self.published.desk = await self.desk.read_state() or DeskState()
            await self._keep_memory()
            await asyncio.sleep(STATE_INTERVAL_S)

    async def _keep_memory(self) -> None:
        """Keep what is remembered of the desk across a restart of this relay."""
        memory = self.desk.memory.write()
        if memory != self._kept_memory:
            with suppress(Exception):  # the database is full or held: what is in memory goes on being said
                await asyncio.to_thread(self._save_notice, DESK_MEMORY, memory)
                self._kept_memory = memory

    def close(self) -> None:
        """Close databases and lines."""
        self.desk.close()
        self.store.close()
        self.central.close()


def open_relay(settings: RelaySettings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> RelayParts:
    """Open the relay's parts.

    Raises: NotOnThisMachine, RootRefused, AnnexRefused, RecordsError, StoreError, OSError.
    """
    settings.require_this_machine()
    verifier = NoteVerifier.from_text(settings.root_verifier)
    root = load_root(settings.root.read_text(encoding="utf-8"), verifier, clock())
    annex_note = settings.annex.read_text(encoding="utf-8")
    annex = load_annex(annex_note, verifier, root, clock())
    key = ensure_relay_key(settings.key)
    store = open_relay_store(settings.database)
    central = open_store(settings.central_database)
    terminals = TerminalBook(central)
    with store.reading() as connection:
        memory = DeskMemory(clock, load_notice(connection, DESK_MEMORY))
    parts = RelayParts(
        annex, annex_note, store, central, terminals, Allowance(settings.blinds_at_once, settings.blinds_per_hour),
        DeskLine(settings.desk, key, clock, memory), Callers(annex, terminals, clock), clock,
    )  # fmt: skip
    with store.reading() as connection:
        parts.published.day_key = load_notice(connection, DAY_KEY)
    return parts
