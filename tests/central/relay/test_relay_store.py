"""The relay's database: what waits for the station is bounded, and full is full for everybody alike."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from central.relay.errors import RelayFull
from central.relay.store import AlertRow, alerts, delete_alerts, insert_alerts, list_alerts, open_relay_store


def make_alert() -> AlertRow:
    return AlertRow(os.urandom(32), bytes(16), bytes(8), bytes(8), 12, b"block", b"place", bytes(16))


def test_an_office_that_answers_every_guest_with_an_alert_does_not_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "MAX_KEPT", 3)
    store = open_relay_store(tmp_path / "relay.db")
    with store.writing() as connection:
        insert_alerts(connection, [make_alert() for _ in range(3)])
    # Also a tick without alerts: whether it is refused must not tell whether there was one.
    for rows in ([make_alert()], []):
        with pytest.raises(RelayFull), store.writing() as connection:
            insert_alerts(connection, rows)
    with store.writing() as connection:
        delete_alerts(connection, [list_alerts(connection, 1)[0].id])
        insert_alerts(connection, [make_alert()])
    store.close()
