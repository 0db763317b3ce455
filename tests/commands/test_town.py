"""The demonstration's town: what stays from start to start when the number of its counters changes."""

import base64
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from central.accounts import open_accounts
from central.audit import open_audit
from central.parts import read_clock
from central.settings import CentralSettings
from central.store import open_store
from commands.ports import PortTaken
from commands.town import Town, add_log_ins, prepare_town
from commands.town_folder import claim_folder, read_mark, write_mark
from service.accounts import ensure_account_key
from service.accounts.one_time_codes import compute_code
from service.settings import load_settings

NOW = datetime.now(UTC)


def start(folder: Path, counters: int = 1) -> Town:
    with claim_folder(folder, fresh=False):
        return prepare_town(folder, now=NOW, counters=counters)


def start_with_accounts(folder: Path) -> Town:
    return add_log_ins(start(folder), NOW)


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


def test_log_ins_of_a_folder_stay_from_start_to_start_and_are_its_own(tmp_path: Path) -> None:
    first = start_with_accounts(tmp_path / "a")
    names = ["administrator", "colleague", "auditor", "privacy-officer", "office-auditor"]
    assert [each.name for each in first.log_ins] == names
    assert start_with_accounts(tmp_path / "a").log_ins == first.log_ins
    assert (tmp_path / "a" / "log-ins.json").stat().st_mode & 0o777 == 0o600
    other = start_with_accounts(tmp_path / "b")
    assert not {each.password for each in other.log_ins} & {each.password for each in first.log_ins}
    assert first.log_ins[0].password not in repr(first)
    (tmp_path / "a" / "log-ins.json").unlink()
    anew = start_with_accounts(tmp_path / "a")
    assert anew.log_ins != first.log_ins
    settings = load_settings(tmp_path / "a" / "central.toml", CentralSettings)
    store = open_store(settings.database)
    book, _ = open_accounts(store, ensure_account_key(settings.account_key), open_audit(store, read_clock), read_clock)
    for each in anew.log_ins[:2]:  # the others are the privacy office's
        secret = base64.b32decode(each.totp_secret)
        # At once, and not a moment later: no code is good twice, and the first start has used none of now.
        assert book.check_password(each.name, each.password)
        assert book.check_code(each.name, compute_code(secret, int(datetime.now(UTC).timestamp())))
    store.close()


def test_fresh_start_throws_away_every_counter(tmp_path: Path) -> None:
    start(tmp_path, 3)
    with claim_folder(tmp_path, fresh=True):
        assert [path.name for path in tmp_path.iterdir()] == ["town.lock"]
