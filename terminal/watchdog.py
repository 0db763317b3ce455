"""Tells the service manager that the counter answers, and lets it start the terminal anew when it does not.

The protocol of sd_notify(3): datagrams to the socket that $NOTIFY_SOCKET names. Without one nothing is sent.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog
import urllib3

SOCKET_VARIABLE = "NOTIFY_SOCKET"
INTERVAL_VARIABLE = "WATCHDOG_USEC"
_ANSWER_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """Whoever started this process, and how often they want to hear from it (None: never)."""

    address: str
    interval_s: float | None

    def tell(self, state: str) -> None:
        """Send one line; nobody there is no error."""
        # A name that begins with @ stands for an abstract socket, whose first byte is zero (unix(7)).
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.sendto(state.encode("ascii"), address)


def find_service_manager(environment: Mapping[str, str] = os.environ) -> ServiceManager | None:
    """Return the service manager, None where there is none."""
    address, interval = environment.get(SOCKET_VARIABLE, ""), environment.get(INTERVAL_VARIABLE, "")
    if not address:
        return None
    microseconds = int(interval) if interval.isascii() and interval.isdigit() else 0
    return ServiceManager(address, microseconds / 1e6 / 2 if microseconds else None)


def wait_watched(
    stop: threading.Event,
    manager: ServiceManager | None,
    answers: Callable[[], bool],
    is_end: Callable[[], bool] = lambda: True,
) -> None:
    """Wait until `stop` is set, and tell the service manager twice in its interval while the counter answers.

    A counter that hangs is not put right by saying so: silence is what makes the manager start it anew. `is_end` tells
    whether the process ends then; else something else goes on in it, which the manager must not wait for to end.
    """
    if manager is None:
        stop.wait()
        return
    manager.tell("READY=1")
    while not stop.wait(manager.interval_s):
        if answers():
            manager.tell("WATCHDOG=1")
        else:
            structlog.get_logger().error("the counter does not answer")
    if is_end():
        manager.tell("STOPPING=1")


def ask_screen(origin: str) -> bool:
    """Tell whether the screen answers at this address within five seconds."""
    try:
        answer = urllib3.request("GET", f"{origin}/health", timeout=_ANSWER_TIMEOUT_S, retries=False, redirect=False)
    except (urllib3.exceptions.HTTPError, OSError):
        return False
    return answer.status == 200
