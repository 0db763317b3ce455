"""The station's one web application: the live stream as ASGI, and the Flask pages beside it through a2wsgi."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any

from a2wsgi import WSGIMiddleware

from service.bodies import WsgiApp
from service.pages.guard import MAX_BODY_BYTES, SECURITY_HEADERS
from station.console.hub import EventHub
from station.console.stream import STREAM_PATH, AlertStream, Receive, Scope, Send

AT_ONCE = 8
# For a whole body: whoever sends slowly holds a connection, and no thread of the pages.
BODY_S = 20.0


class StationApp:
    """Routes a request to the stream or to the pages, and runs the hub for as long as the server runs."""

    def __init__(
        self, pages: WsgiApp, hub: EventHub, stream: AlertStream, leave: Callable[[], None] = lambda: None
    ) -> None:
        """`leave` is done, in a thread of its own, when the server ends: uvicorn ends the process right after."""
        self._pages = WSGIMiddleware(pages, workers=AT_ONCE)  # type: ignore[arg-type]
        self._hub, self._stream, self._leave = hub, stream, leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and scope["path"] == STREAM_PATH:
            await self._stream(scope, receive, send)
        elif scope["type"] == "http":
            await self._show(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        running = asyncio.create_task(self._hub.run())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        running.cancel()
        await asyncio.gather(running, asyncio.to_thread(self._leave), return_exceptions=True)
        await send({"type": "lifespan.shutdown.complete"})

    async def _show(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(BODY_S):
                body = await _read_body(receive)
        except TimeoutError:
            await _refuse_slow(send)
            return
        if body is None:
            return
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def hand_over() -> MutableMapping[str, Any]:
            return waiting.pop() if waiting else await receive()

        await self._pages(scope, hand_over, send)  # type: ignore[arg-type]


async def _read_body(receive: Receive) -> bytes | None:
    """Return a body, of a too long one a byte more than is allowed, so that the pages refuse it; None if it broke."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        part: bytes = message.get("body", b"")
        body += part[: MAX_BODY_BYTES + 1 - len(body)]
        if not message.get("more_body", False) or len(body) > MAX_BODY_BYTES:
            return body


async def _refuse_slow(send: Send) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
    headers += [(b"connection", b"close"), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 408, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
