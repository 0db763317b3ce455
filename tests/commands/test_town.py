"""The demonstration's town: what stays from start to start when the number of its counters changes."""

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from commands.town import PortTaken, Town, prepare_town
from commands.town_folder import claim_folder, read_mark, write_mark

NOW = datetime.now(UTC)


def start(folder: Path, counters: int = 1) -> Town:
    with claim_folder(folder, fresh=False):
        return prepare_town(folder, now=NOW, counters=counters)


def test_every_port_stays_whatever_the_number_of_counters(tmp_path: Path) -> None:
    first = start(tmp_path, 2).ports
    assert len({first.counter, first.central, first.page, first.metrics, *first.others}) == 5
    alone = start(tmp_path, 1).ports
    assert (alone.counter, alone.central, alone.page, alone.metrics) == (
        first.counter, first.central, first.page, first.metrics,
    )  # fmt: skip
    assert alone.others == ()
    more = start(tmp_path, 3).ports
    assert more.others[:1] == first.others
    assert len(set(more.others)) == 2
    assert start(tmp_path, 3).ports == more


def test_town_from_before_there_were_several_counters_keeps_its_ports(tmp_path: Path) -> None:
    ports = start(tmp_path).ports
    with claim_folder(tmp_path, fresh=False):
        write_mark(tmp_path, {"counter": ports.counter, "central": ports.central, "page": ports.page})
        assert "metrics" not in read_mark(tmp_path)
    later = start(tmp_path, 2).ports
    assert (later.counter, later.central, later.page) == (ports.counter, ports.central, ports.page)
    assert later.metrics
    assert len(later.others) == 1


@pytest.mark.parametrize("place", ["page", "metrics", "second counter"])
def test_port_of_the_town_that_is_taken_is_not_changed_in_silence(tmp_path: Path, place: str) -> None:
    ports = start(tmp_path, 2).ports
    port = ports.others[0] if place == "second counter" else getattr(ports, place)
    with socket.create_server(("127.0.0.1", port)), pytest.raises(PortTaken, match=str(port)):
        start(tmp_path, 2)
    assert start(tmp_path, 2).ports == ports


def test_fresh_start_throws_away_every_counter(tmp_path: Path) -> None:
    start(tmp_path, 3)
    with claim_folder(tmp_path, fresh=True):
        assert [path.name for path in tmp_path.iterdir()] == ["town.lock"]
