"""Bytes as they come, over a socket, at a real ingest process: whatever they are, it goes on serving."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from records.delivery import DELIVERY_PATH, DIGEST_HEADER, Item, compute_content_digest, decode_reply, encode_delivery
from records.heartbeat import HEARTBEAT_PATH
from tests.central.test_limits import ask
from tests.central.test_processes import find_port, run_process, wait_ready
from tests.central.town import build_town, make_envelope

SHOTS = int(os.environ.get("KJT_HTTP_EXAMPLES", "150"))
MARK = b"Zq7Xmark"
BODY = encode_delivery([Item(0, make_envelope(1).data)])
DIGEST = f"{DIGEST_HEADER}: {compute_content_digest(BODY)}\r\n".encode()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    folder, port = tmp_path_factory.mktemp("wire") / "town", find_port()
    town = build_town(folder, now=datetime.now(UTC), port=port, threads=4)
    with run_process("ingest", town.settings_path):
        wait_ready(port)
        yield port, folder / "ingest.log"
    town.parts.store.close()


def draw_shot(chance: random.Random) -> bytes:
    """Return a request with lies about its length, its encoding or its form."""
    length = str(len(BODY)).encode()
    lengths = [
        length,
        b"0",
        b"5",
        b"-1",
        b"999999999999999999999",
        b"+3",
        b"0x10",
        b"1,2",
        length + b"\r\nContent-Length: 3",
        MARK,
    ]
    encodings = [b"", b"", b"", b"chunked", b"gzip, chunked", b"identity", MARK]
    paths = [
        DELIVERY_PATH.encode(),
        HEARTBEAT_PATH.encode(),
        b"/v1/stays",
        b"/%00",
        b"//" + MARK,
        b"*",
        b"http://x/health",
    ]
    head = b"%s %s %s\r\n" % (
        chance.choice([b"POST", b"POST", b"POST", b"GET", b"get", b"PRI", b"CONNECT", MARK]),
        chance.choice([*paths, b"/" + b"a" * 9000]),
        chance.choice([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9", b""]),
    )  # fmt: skip
    head += b"Host: x\r\n" + DIGEST + b"Content-Length: %s\r\n" % chance.choice([length] * len(lengths) + lengths)
    if encoding := chance.choice(encodings):
        head += b"Transfer-Encoding: %s\r\n" % encoding
    head += chance.choice(
        [b"", b"Expect: 100-continue\r\n", b"X: " + MARK * 2000 + b"\r\n", b"\x00\r\n", b" folded\r\n"]
    )
    body = chance.choice(
        [BODY, BODY[:-9], BODY + MARK, b"5\r\nhello\r\n0\r\n\r\n", b"fffffffff\r\nx", b"-1\r\n\r\n", b""]
    )
    return head + chance.choice([b"\r\n", b"\r\n", b"\r\n", b"\n", b""]) + body


def fire(port: int, shot: bytes) -> bytes:
    """Send bytes and half-close; return the first piece of what comes back, b"" where the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        try:
            connection.sendall(shot)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(4096)
        except TimeoutError:
            raise
        except OSError:  # closed before everything was sent
            return b""


@pytest.mark.timeout(0 if SHOTS > 1000 else 120)
def test_lies_on_the_wire_get_an_error_or_nothing_and_the_next_delivery_its_receipt(served: tuple[int, Path]) -> None:
    port, log = served
    chance = random.Random(7 if SHOTS <= 1000 else None)
    for number in range(SHOTS):
        shot = draw_shot(chance)
        answer = fire(port, shot)
        status = answer[9:12]
        assert answer == b"" or answer.startswith(b"HTTP/1."), shot
        assert not status.startswith(b"5"), (shot, answer)
        if not status.startswith(b"2"):
            assert MARK not in answer
        if number % 50 == 0:
            body = encode_delivery([Item(0, make_envelope(2 + number).data)])
            code, _, data = ask(port, DELIVERY_PATH, body)
            assert (code, bool(decode_reply(data).answers[0].receipt)) == (200, True)
    assert MARK not in log.read_bytes()
