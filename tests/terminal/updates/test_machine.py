"""What the updater, which is root, takes from the terminal, which is not."""

from __future__ import annotations

import socket
import threading
import time

from terminal.updates.machine import SystemdTerminal
from terminal.version import IDLE_HEADER, VERSION_HEADER


def test_terminal_whose_answer_never_ends_is_read_no_further_than_its_head() -> None:
    sent = []

    def answer(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.settimeout(10)
            connection.recv(4096)
            head = f"HTTP/1.1 200 OK\r\n{VERSION_HEADER}: 0.2.0\r\n{IDLE_HEADER}: no\r\n\r\n"
            connection.sendall(head.encode())
            try:
                while len(sent) < 1000:
                    sent.append(connection.send(bytes(1 << 16)))
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, args=(listening,))
        thread.start()
        terminal = SystemdTerminal(f"http://127.0.0.1:{listening.getsockname()[1]}", lambda: None)
        assert not terminal.is_idle()
        thread.join(20)
    assert sum(sent) < 16 << 20  # what the two sockets hold, and no more


def test_terminal_that_drips_its_head_does_not_hold_the_updater() -> None:
    over = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(4096)
            try:
                for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.02)
            except OSError:
                over.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert SystemdTerminal(origin, lambda: None, answer_timeout_s=0.3).is_idle()
        thread.join(20)
    assert over.is_set()
