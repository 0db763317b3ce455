"""Live consoles without browsers: streams of signed-in officers that ask for the list when told, as their pages do."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from commands.comparing.station import open_accounts, put_officer
from service.accounts import SessionBook, Standing
from service.pages.cookies import Cookies
from service.settings import load_settings
from station.roles import Role
from station.settings import StationSettings
from station.store import open_store
from station.store.schema import account_tables

OF_ONE = 20  # streams of one account; the station takes no more than 24
SPREAD_S = 1.5  # as the page's own


@dataclass(slots=True)
class Consoles:
    """Consoles in one event loop, in a thread of its own."""

    origin: str
    cookies: list[str] = field(repr=False)
    live: int = 0
    told: int = 0
    lists: int = 0
    broken: int = 0

    @contextmanager
    def going(self) -> Iterator[None]:
        """Keep them open while the block runs."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        kept = [asyncio.run_coroutine_threadsafe(self._keep(cookie), loop) for cookie in self.cookies]
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(self._end(), loop).result(60)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
            kept.clear()  # a loop alone does not hold its tasks

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _keep(self, cookie: str) -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._listen(cookie)
            self.broken += 1
            await asyncio.sleep(1)

    async def _listen(self, cookie: str) -> None:
        reader, writer = await self._ask(cookie, "/stream", "")
        asked: asyncio.Task[None] | None = None
        try:
            self.live += 1
            while line := await reader.readline():
                if line.startswith(b"data: ") and "alert" in json.loads(line[6:]):
                    self.told += 1
                    if asked is None or asked.done():
                        asked = asyncio.create_task(self._fetch_list(cookie))
        finally:
            self.live -= 1
            writer.close()

    async def _fetch_list(self, cookie: str) -> None:
        await asyncio.sleep(random.random() * SPREAD_S)
        reader, writer = await self._ask(
            cookie, "/", "HX-Request: true\r\nHX-Target: live\r\nKjt-Poll: 1\r\nConnection: close\r\n"
        )
        await reader.read()
        writer.close()
        self.lists += 1

    async def _ask(self, cookie: str, path: str, more: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self.origin.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookie}\r\n{more}\r\n".encode())
        return reader, writer


def make_consoles(settings_path: Path, count: int, station: str) -> Consoles:
    """Sign in as many officers of one station as so many consoles need; everything that it is told, they all hear."""
    settings = load_settings(settings_path, StationSettings)
    names = [f"console-{number:03}" for number in range(-(-count // OF_ONE))]
    with open_accounts(settings) as book:
        for name in names:
            book.add(name, [Role.DUTY_OFFICER], by="bench", language="zh")
            put_officer(settings, book, name, station)
    store = open_store(settings.database)
    try:
        sessions = SessionBook(store, account_tables, lambda: datetime.now(UTC))
        tokens = [sessions.open(name, Standing.FULL) for name in names]
    finally:
        store.close()
    cookie = Cookies("station", False).name_cookie("session")
    return Consoles(settings.origin, [f"{cookie}={tokens[n // OF_ONE]}" for n in range(count)])
