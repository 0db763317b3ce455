"""The live stream of alerts: server-sent events, spoken as ASGI itself, beside the pages.

It tells that an alert changed, and never who or where: a page fetches that as a look of its own, which the audit log
has before it is shown. A beat every few seconds says that the line lives and whether comparison is on; a page that
misses two of them says so.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from service.accounts import Standing as SignedIn
from service.pages import PageParts
from service.pages.cookies import Cookies
from service.pages.guard import SECURITY_HEADERS
from station.console.hub import CatchUp, EventHub
from station.roles import OFFICERS
from station.stations import Sight
from station.store import StoreError
from station.store.events import EventRow

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

STREAM_PATH = "/stream"
BEAT_S = 3.0
# Whoever was signed out, disabled, or lost the role is cut off within so long.
ASK_AGAIN_S = 12.0
MOST_STREAMS = 1000
MOST_OF_ONE = 24
# A browser whose line broke comes back at a moment of this span: not all of a station's in the same one.
RETRY_MS = (500, 2500)
_MOST_NUMBER = 2**53


@dataclass(frozen=True, slots=True)
class _Viewer:
    token: str = field(repr=False)
    account: str
    sight: Sight | None  # whose alerts are told; None: nobody's

    def may_hear(self, each: EventRow) -> bool:
        """Tell whether a change is of an alert that this officer may see."""
        return self.sight is not None and self.sight.covers(each.station, is_supervised=each.is_supervised)


class AlertStream:
    """The ASGI application of the stream."""

    def __init__(
        self,
        hub: EventHub,
        parts: PageParts,
        find_standing: Callable[[], str],
        find_sight: Callable[[str], Sight | None],
    ) -> None:
        self._hub, self._parts, self._find_standing, self._find_sight = hub, parts, find_standing, find_sight
        self._host = urlsplit(parts.origin).netloc
        self._cookie = Cookies(parts.name, parts.is_https).name_cookie("session")
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        status, viewer = await self._admit(scope, headers)
        if viewer is None:
            await _refuse(send, status)
            return
        with self._counting(viewer.account) as has_room:
            if not has_room:
                await _refuse(send, HTTPStatus.TOO_MANY_REQUESTS)
                return
            await _begin(send)
            telling = asyncio.create_task(self._tell(viewer, _read_after(scope, headers), send))
            leaving = asyncio.create_task(_wait_for_leaving(receive))
            _, rest = await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
            for each in rest:
                each.cancel()
            for each in (telling, leaving):
                with suppress(asyncio.CancelledError, OSError):
                    await each

    async def _admit(self, scope: Scope, headers: dict[str, str]) -> tuple[HTTPStatus, _Viewer | None]:
        if scope["method"] != "GET":
            return HTTPStatus.METHOD_NOT_ALLOWED, None
        # As for the pages: a name that somebody let point here is not ours, and no other site may listen.
        if headers.get("host") != self._host:
            return HTTPStatus.MISDIRECTED_REQUEST, None
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return HTTPStatus.FORBIDDEN, None
        token = _read_cookie(headers.get("cookie", ""), self._cookie)
        try:
            viewer = await asyncio.to_thread(self._find_officer, token)
        except StoreError:
            return HTTPStatus.SERVICE_UNAVAILABLE, None
        return HTTPStatus.UNAUTHORIZED if viewer is None else HTTPStatus.OK, viewer

    def _find_officer(self, token: str) -> _Viewer | None:
        """Return the officer of a session that may see alerts. An open console is in use: it is not signed out for
        being quiet, only when its twelve hours are over (docs/decisions.md)."""
        session = self._parts.sessions.find(token) if token else None
        if session is None or session.standing is not SignedIn.FULL:
            return None
        account = self._parts.accounts.find(session.account)
        if account is None or not account.is_enabled or account.roles.isdisjoint(map(str, OFFICERS)):
            return None
        return _Viewer(token, account.name, self._find_sight(account.name))

    async def _tell(self, viewer: _Viewer, after: int | None, send: Send) -> None:
        loop = asyncio.get_running_loop()
        last = 0
        if after is None:
            last = (await self._hub.catch_up(_MOST_NUMBER)).last
        else:
            last = await self._send_missed(viewer, await self._hub.catch_up(after), send)
        asked_at = said_at = loop.time()
        turn = self._hub.turn
        await self._beat(last, send)
        while True:
            found = await self._hub.wait(last, turn, BEAT_S)
            if loop.time() - asked_at >= ASK_AGAIN_S:
                asked_at = loop.time()
                with suppress(StoreError):
                    again = await asyncio.to_thread(self._find_officer, viewer.token)
                    if again is None:
                        await _write(send, "signed_out", {})
                        await send({"type": "http.response.body", "body": b""})
                        return
                    viewer = again
            last = await self._send_missed(viewer, found, send) if found.events or not found.is_whole else last
            # Also while others' alerts change all the time: a page that hears nothing says that the line is lost.
            if not found.events or loop.time() - said_at >= BEAT_S:
                said_at = loop.time()
                turn = self._hub.turn
                await self._beat(last, send)

    async def _send_missed(self, viewer: _Viewer, found: CatchUp, send: Send) -> int:
        if not found.is_whole:
            await _write(send, "reset", {}, found.last)
        for each in filter(viewer.may_hear, found.events):
            await _write(send, "alert", {"alert": each.alert.hex(), "state": each.state}, each.number)
        return found.last

    async def _beat(self, last: int, send: Send) -> None:
        await _write(send, "beat", {"last": last, "standing": self._find_standing()})

    @contextmanager
    def _counting(self, account: str) -> Iterator[bool]:
        if self._open.total() >= MOST_STREAMS or self._open[account] >= MOST_OF_ONE:
            yield False
            return
        self._open[account] += 1
        try:
            yield True
        finally:
            self._open[account] -= 1


def _read_after(scope: Scope, headers: dict[str, str]) -> int | None:
    """Return the last number that a page has seen: the browser's own header first, then what the page asks for."""
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("after", [""])[-1]
    for text in (headers.get("last-event-id", ""), asked):
        if text.isascii() and text.isdigit() and len(text) <= 15:
            return int(text)
    return None


def _read_cookie(header: str, name: str) -> str:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


async def _begin(send: Send) -> None:
    headers = {
        **SECURITY_HEADERS, "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
    }  # fmt: skip
    await send(
        {
            "type": "http.response.start", "status": 200,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
    )  # fmt: skip
    retry = f"retry: {random.randint(*RETRY_MS)}\n\n"
    await send({"type": "http.response.body", "body": retry.encode(), "more_body": True})


async def _write(send: Send, kind: str, data: dict[str, Any], number: int | None = None) -> None:
    head = f"id: {number}\n" if number is not None else ""
    body = f"{head}event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"
    await send({"type": "http.response.body", "body": body.encode(), "more_body": True})


async def _refuse(send: Send, status: HTTPStatus) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
    await send({"type": "http.response.start", "status": int(status), "headers": [*headers, (b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def _wait_for_leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
