"""The little of HTTP that the relay speaks: whole bodies of bounded size, and answers without any choice in them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_S = 20.0
JSON = b"application/json"
BYTES = b"application/octet-stream"


class Refusal(Exception):
    """A request is answered with a status and nothing else."""

    def __init__(self, status: int, body: bytes = b"") -> None:
        super().__init__(status)
        self.status, self.body = status, body


@dataclass(frozen=True, slots=True)
class Request:
    """One request with its whole body."""

    method: str
    path: str
    signature: str  # the header Kjt-Signature, "" without it
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    body: bytes = field(repr=False)
    status: int = 200
    kind: bytes = BYTES


async def read_request(scope: Scope, receive: Receive, most_bytes: int, body_s: float = BODY_S) -> Request:
    """Read a request to its end. Raises: Refusal for a body that is too long, too slow, or cut off."""
    try:
        async with asyncio.timeout(body_s):
            body = await _read_body(receive, most_bytes)
    except TimeoutError:
        raise Refusal(408) from None
    headers = {name: value for name, value in scope["headers"] if name == b"kjt-signature"}
    signature = headers.get(b"kjt-signature", b"").decode("ascii", "replace")
    return Request(scope["method"], scope["path"], signature, body)


async def send_answer(send: Send, answer: Answer) -> None:
    """Send an answer: the same headers always, none of them about when or for whom."""
    headers = [
        (b"content-type", answer.kind), (b"content-length", str(len(answer.body)).encode()),
        (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _read_body(receive: Receive, most_bytes: int) -> bytes:
    parts: list[bytes] = []
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400)
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > most_bytes:
            raise Refusal(413)
        more = message.get("more_body", False)
    return b"".join(parts)
