"""The drill on the real processes: yesterday's database is restored, and the terminal brings back what is missing."""

from pathlib import Path

import pytest

from tests.path.demonstration import run_demonstration
from tests.path.test_kept_record import run_kjt
from tests.path.test_power_cuts import Clerk, read_rows, wait_until

BEFORE, AFTER, LATEST = {"wang": "101", "li": "102"}, {"zhou": "103", "chen-father": "104"}, {"long-name": "105"}


def nothing() -> None:
    """Disturb nobody."""


def wait_delivered(folder: Path, count: int) -> None:
    outbox = folder / "terminal" / "terminal.sqlite"
    states = "select state, count(*) from outbox group by state"
    wait_until(lambda: read_rows(outbox, states) == [("delivered", count)], "everything is delivered")


@pytest.mark.timeout(240)
def test_terminal_brings_back_what_a_restored_database_lacks(tmp_path: Path) -> None:
    folder, backup = tmp_path / "town", tmp_path / "backup.tar"
    outbox, central = folder / "terminal" / "terminal.sqlite", folder / "central" / "central.db"
    settings = folder / "central.toml"
    with run_demonstration(folder) as town:
        clerk = Clerk(town)
        for card, room in BEFORE.items():
            clerk.register(card, room, nothing)
        wait_delivered(folder, len(BEFORE))
        assert "no key" in run_kjt("backup", "--settings", settings, "--out", backup)
        for card, room in AFTER.items():
            clerk.register(card, room, nothing)
        wait_delivered(folder, len(BEFORE | AFTER))
    kept = {row[0] for row in read_rows(central, "select record from records")}
    for path in central.parent.glob("central.db*"):
        path.unlink()
    assert "revoke again" in run_kjt("restore", "--settings", settings, "--from", backup)
    assert {row[0] for row in read_rows(central, "select record from records")} < kept

    with run_demonstration(folder) as town:
        clerk = Clerk(town)
        for card, room in LATEST.items():
            clerk.register(card, room, nothing)
        everybody = BEFORE | AFTER | LATEST
        wait_until(
            lambda: read_rows(central, "select count(*) from records") == [(len(everybody),)],
            "the terminal sends again what central lacks",
        )
        wait_delivered(folder, len(everybody))
        rows = read_rows(central, "select record, count(*) from records group by record")
        assert {record for record, _ in rows} > kept
        assert [count for _, count in rows] == [1] * len(everybody)
        assert read_rows(central, "select first, last from runs") == [(1, len(everybody))]
        assert sorted(clerk.list_house()) == sorted(everybody)
        # Each guest's receipt is one that central gives now.
        receipts = {row[0] for row in read_rows(outbox, "select receipt from outbox")}
        assert receipts == {row[0] for row in read_rows(central, "select receipt from envelopes")}
        assert all(len(receipt) == 136 for receipt in receipts)
