"""The station as a process: uvicorn, one worker, because live pages wait in hundreds and threads would run out.

On PostgreSQL any number of them share a database and a data folder; one of them keeps house (`station.lease`).
"""

from __future__ import annotations

import uvicorn

from service.audit.in_force import digest_settings
from service.logs import configure_logging
from station.audit import KEEPER
from station.parts import Clock, claim_station, open_station
from station.rounds import Rounds
from station.settings import StationSettings

# The streams end when they are told to; nobody waits for them longer.
_STOP_S = 2
# Connections beyond are answered 503 at once: pages, and one stream for each browser.
_MOST_CONNECTIONS = 1200


def serve_station(settings: StationSettings, clock: Clock) -> None:
    """Serve the officers' pages until SIGTERM or SIGINT. Raises as `open_station`, and StationInUse."""
    configure_logging("station", settings.log_level)
    with claim_station(settings):
        station = open_station(settings, clock)
        # What a process left behind that died before its commit.
        station.book.release_unused()
        in_force = digest_settings(settings, settings.stations, settings.root, settings.annex)
        station.audit.note_settings(KEEPER, in_force)
        config = uvicorn.Config(
            station.app, host=settings.address, port=settings.port, lifespan="on", log_config=None, access_log=False,
            server_header=False, proxy_headers=False, ws="none", timeout_keep_alive=15,
            timeout_graceful_shutdown=_STOP_S, limit_concurrency=_MOST_CONNECTIONS,
        )  # fmt: skip
        try:
            with Rounds(station).going():
                uvicorn.Server(config).run()
        finally:
            station.close()
