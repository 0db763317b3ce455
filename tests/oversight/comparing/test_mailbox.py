"""The line for mail: whatever answers badly is one plain "silent", and nothing else gets out of it."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from oversight.comparing.errors import RelaySilent
from oversight.comparing.mailbox import Mailbox
from records.suite import SigningKey
from tests.records.comparing.world import NOW

HEAD = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "a chunk of less than nothing": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nx\r\n0\r\n\r\n",
    "a length that is no number": HEAD + b"Content-Length: x\r\n\r\n",
    "half an answer": HEAD + b"Content-Length: 100\r\n\r\nabc",
    "nothing": b"",
    "no HTTP": b"\x00\xff\x00",
    "packed rubbish": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_none_is_silence(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _ = server.accept()
            with line:
                line.recv(65536)
                line.sendall(ANSWERS[name])

        thread = threading.Thread(target=answer)
        thread.start()
        key = SigningKey.from_bytes(os.urandom(32))
        box = Mailbox(f"http://127.0.0.1:{server.getsockname()[1]}", "court", key, lambda: NOW)
        with pytest.raises(RelaySilent):
            box.fetch(None, None, None, None, bytes)  # type: ignore[arg-type]  # nothing of it is reached
        thread.join()
