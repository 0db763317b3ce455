"""The real ingest application and the keeper's pass, as children of the nursery."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from waitress.server import create_server

from central.ingest.app import create_app
from central.parts import open_parts
from central.retention.keeper import keep
from central.settings import CentralSettings
from service.parent import PARENT_VARIABLE
from service.settings import SETTINGS_VARIABLE, load_settings
from tests.faults.nursery import Death, prepare_death

# What becomes of a delivery, in its order.
STEPS = [
    "central.ingest.app:decode_delivery",
    "central.ingest.app:prepare_delivery",
    "central.ingest.accept:lock_terminals",
    "central.ingest.accept:load_ledger",
    "central.ingest.accept:_Round.judge",
    "central.store.deliveries:insert_rows",
    "central.ingest.accept:write_changes",
    "central.ingest.accept:write_runs",
    "sqlalchemy.engine.default:DefaultDialect.do_commit",
    "central.ingest.grouping:GroupedCommits.commit",
    "central.ingest.app:encode_reply",
]
KEEPER_STEPS = [
    "central.keys:PeriodKeys.destroy_until",
    "records.erasable:ErasableKeys.destroy",
    "records.erasable:ErasableKeys.write",
    "central.retention.keeper:delete_expired",
    "sqlalchemy.engine.default:DefaultDialect.do_commit",
    "service.store.store:Store.truncate_log",
]


def serve(settings: str, port: int, death: dict[str, Any] | None = None) -> None:
    """Serve ingest on a port until killed; what it does before it serves does not count."""
    os.environ |= {SETTINGS_VARIABLE: settings, PARENT_VARIABLE: str(os.getppid())}
    app = create_app()
    if death is not None:
        prepare_death(Death(**death))
    create_server(app, host="127.0.0.1", port=port, threads=4).run()


def pass_by(settings: str, days: int) -> None:
    """Let the keeper pass by as it does so many days from now."""
    now = datetime.now(UTC) + timedelta(days=days)
    parts = open_parts(load_settings(Path(settings), CentralSettings, "central"), now)
    keep(parts, now)
