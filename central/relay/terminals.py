"""Which terminals there are: read from central's tables, remembered for less than a revocation may take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from central.store import Store
from central.store.terminals import Terminal, TerminalState, load_terminals

# A revocation works within 60 s.
REMEMBERED_S = 20.0
MAX_REMEMBERED = 50_000


class TerminalBook:
    """The active terminals by id."""

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store, self._monotonic = store, monotonic
        self._known: dict[bytes, tuple[float, Terminal | None]] = {}

    async def find(self, terminal: bytes) -> Terminal | None:
        """Return a terminal that is active; None for all others. Raises: StoreError."""
        read_at_s, found = self._known.get(terminal, (-REMEMBERED_S, None))
        if self._monotonic() - read_at_s >= REMEMBERED_S:
            found = await asyncio.to_thread(self._load, terminal)
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[terminal] = (self._monotonic(), found)
        return found

    def _load(self, terminal: bytes) -> Terminal | None:
        with self._store.reading() as connection:
            found = load_terminals(connection, [terminal]).get(terminal)
        return found if found is not None and found.state is TerminalState.ACTIVE else None
