"""The loopback ports of a demonstration: chosen once, and the same from start to start."""

from __future__ import annotations

import socket
from contextlib import closing


class PortTaken(Exception):
    """A port of this town is in use by another program. Slips point to it, so the town keeps it."""

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} is in use by another program. Free it, or start another town with --data.")


def choose_port(last: int | None, preferred: int) -> int:
    """Return the port of the last start; at the first one the preferred or another. Raises: PortTaken."""
    # The slips that were given out point to the guest page's port, so ports stay from start to start.
    return _find_port(preferred) if last is None else _require_port(last)


def _require_port(port: int) -> int:
    if _try_port(port) is None:
        raise PortTaken(port)
    return port


def _find_port(wanted: int) -> int:
    port = _try_port(wanted) or _try_port(0)
    if port is None:
        raise PortTaken(wanted)
    return port


def _try_port(port: int) -> int | None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return None
        return int(probe.getsockname()[1])
