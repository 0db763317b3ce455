"""The relay's routes (ASGI). Terminals hand comparisons in, the office and the station ask; nobody else is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import structlog

from central.relay.errors import AnswersRefused, HandleTaken, NotCommitted, RelayFull, TooManyLetters
from central.relay.http import Answer, Receive, Refusal, Request, Scope, Send, read_request, send_answer
from central.relay.office_routes import add_office_routes
from central.relay.parts import RelayParts
from central.relay.station_routes import add_station_routes
from central.relay.store import StoreError
from central.relay.terminal_routes import add_terminal_routes
from records.errors import BadSignature, RecordsError

log = structlog.get_logger()

Handler = Callable[[Request], Awaitable[Answer]]
HEALTH_PATH = "/health"
# What is wrong on our side, or will pass: the terminal tries again.
_LATER = (RelayFull, HandleTaken, NotCommitted, StoreError)


class RelayApp:
    """The ASGI application. Its passage ticks between the server's start and its end."""

    def __init__(self, parts: RelayParts) -> None:
        self._parts = parts
        self._routes: dict[tuple[str, str], tuple[int, Handler]] = {("GET", HEALTH_PATH): (0, self._tell_health)}
        for add in (add_terminal_routes, add_office_routes, add_station_routes):
            self._routes.update(add(parts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or see to the beginning and end of the process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await send_answer(send, await self._answer(scope, receive))

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        route = self._routes.get((scope["method"], scope["path"]))
        if route is None:
            return Answer(b"", 404)
        most_bytes, handler = route
        try:
            return await handler(await read_request(scope, receive, most_bytes))
        except Refusal as refusal:
            return Answer(refusal.body, refusal.status)
        except BadSignature:
            return Answer(b"", 403)
        except TooManyLetters as problem:
            log.warning("relay_full_box")
            return Answer((type(problem).__doc__ or "").encode(), 429)
        except AnswersRefused:
            return Answer(b"", 409)
        except _LATER as problem:
            log.warning("relay_later", reason=type(problem).__name__)
            return Answer(b"", 503)
        except RecordsError:
            return Answer(b"", 400)
        except Exception as error:  # the class alone: its text may quote what it saw
            log.error("relay_failed", error=type(error).__name__)
            return Answer(b"", 500)

    async def _tell_health(self, _: Request) -> Answer:
        return Answer(f"ok, {self._parts.passage.on_their_way} on their way".encode())

    async def _live(self, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as stack:
            while True:
                message = await receive()
                if message["type"] == "lifespan.startup":
                    await stack.enter_async_context(self._parts.working())
                    await send({"type": "lifespan.startup.complete"})
                else:
                    break
        await send({"type": "lifespan.shutdown.complete"})
