"""The relay's process: uvicorn, one process, one event loop."""

from __future__ import annotations

import socket

import uvicorn

from central.relay.app import RelayApp
from central.relay.parts import open_relay
from central.relay.settings import RelaySettings
from service.logs import configure_logging

# Terminals hold a request open for a second or two, and a station and an office one each.
MAX_CONNECTIONS = 4500


def serve_relay(settings: RelaySettings, *, listener: socket.socket | None = None) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises: NotOnThisMachine, RootRefused, AnnexRefused, RecordsError, StoreError, OSError.
    """
    configure_logging("relay", settings.log_level)
    app = RelayApp(open_relay(settings))
    config = uvicorn.Config(
        app, host=settings.address, port=settings.port, lifespan="on", log_config=None, access_log=False,
        server_header=False, date_header=False, limit_concurrency=MAX_CONNECTIONS, timeout_keep_alive=30,
        proxy_headers=False, ws="none", loop="asyncio", http="h11", timeout_graceful_shutdown=3,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=None if listener is None else [listener])
