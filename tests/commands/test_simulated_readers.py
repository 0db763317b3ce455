"""`kjt readers` with a drawer of readers: simulate, list, watch, read and module, as a person types them."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from commands.readers import readers
from tests.drivers.watching import RunningScanner, RunningSimulator

KJT = [sys.executable, "-m", "commands", "readers"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(readers, list(arguments))


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    running = RunningSimulator(tmp_path / "sam", is_strict=True)
    yield running
    running.stop()


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[RunningScanner]:
    running = RunningScanner(tmp_path / "scanner")
    yield running
    running.stop()


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([*KJT, *arguments], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)


def read_events(process: subprocess.Popen[str], last: str) -> list[str]:
    """Return the names of the events that `watch --json` prints, up to the first `last`."""
    assert process.stdout is not None
    names: list[str] = []
    while not names or names[-1] != last:
        names.append(json.loads(process.stdout.readline())["event"])
    return names


def test_simulators_run_by_themselves_and_are_obeyed_and_watched(tmp_path: Path) -> None:
    link, control = tmp_path / "gun", tmp_path / "gun.sock"
    with running("watch", "--reader", f"sim:wedge:{link}?layout=de", "--json") as watching:
        assert read_events(watching, "reader_down") == ["reader_down"]  # it is waited for
        with running("simulate", "scanner", "--link", str(link), "--control", str(control), "--layout", "de"):
            assert read_events(watching, "reader_up") == ["reader_up"]
            assert run("simulate", "scan", "eriksson", "--control", str(control)).exit_code == 0
            assert read_events(watching, "document_removed")[-2:] == ["document_read", "document_removed"]
            run("simulate", "scan", "eriksson", "--fault", "torn", "--control", str(control))
            assert "document_failed" in read_events(watching, "document_removed")


def test_card_and_fault_and_cable_are_moved_by_command(simulator: RunningSimulator) -> None:
    at = ["--control", str(simulator.control)]
    assert "moved" in run("simulate", "list", *at).stdout
    assert run("simulate", "put", "moved", *at).exit_code == 0
    assert run("simulate", "fault", "split", "--times", "1", *at).exit_code == 0
    assert simulator.send("list")["fault"] == "split"
    told = json.loads(run("read", "--reader", simulator.url, "--json").stdout)
    assert told["address"].endswith("24号")
    assert run("simulate", "remove", *at).exit_code == 0
    assert run("simulate", "unplug", *at).exit_code == 0
    done = run("read", "--reader", simulator.url)
    assert "reader_gone" in done.stderr
    assert run("simulate", "plug", *at).exit_code == 0
    assert "unknown_fault" in run("simulate", "fault", "fire", *at).stderr
    assert "not answer" in run("simulate", "put", "wang", "--control", "/nowhere").stderr


def test_scan_is_read_as_json(scanner: RunningScanner) -> None:
    with running("read", "--reader", scanner.url, "--json") as reading:
        assert reading.stdout is not None
        while not has_open(reading.pid, scanner.link.resolve()):
            assert reading.poll() is None
        scanner.send("scan", specimen="eriksson")
        told = json.loads(reading.stdout.readline())
    assert (told["number"], told["how_read"]) == ("L898902C3", "mrz")


def has_open(process: int, path: Path) -> bool:
    """Tell whether the process has the file open: what is scanned before is lost, as from a real scanner."""
    found = []
    for descriptor in Path(f"/proc/{process}/fd").glob("*"):
        with suppress(FileNotFoundError):  # closed between the two looks
            found.append(descriptor.readlink())
    return path in found


def test_module_tells_its_number_and_takes_another_speed(simulator: RunningSimulator) -> None:
    told = json.loads(run("module", "--reader", simulator.url, "--reset", "--set-baud", "9600", "--json").stdout)
    assert told == {"module": "05.01-20261122-000123456-000000789", "baud": 9600}
    assert "reader_timeout" in run("module", "--reader", simulator.url).stderr
    assert "9600" in run("module", "--reader", f"{simulator.url}?baud=9600").stdout
    for url in ("sim:cards", "nonsense"):
        assert run("module", "--reader", url).exit_code == 1


def test_list_probes_serial_ports_only_when_asked(
    simulator: RunningSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "by-id"
    folder.mkdir()
    (folder / "usb-Acme").symlink_to(simulator.link.resolve())
    monkeypatch.setattr("drivers.discovery._SERIAL_PORTS", folder)
    monkeypatch.setattr("drivers.discovery._INPUT_DEVICES", tmp_path)
    monkeypatch.setattr("drivers.discovery.is_available", lambda: False)
    run("module", "--reader", simulator.url, "--set-baud", "57600")
    plain = json.loads(run("list", "--json").stdout)["readers"]
    assert [reader["url"] for reader in plain] == [f"sam:{folder}/usb-Acme"]
    (probed,) = json.loads(run("list", "--probe", "--json").stdout)["readers"]
    assert probed["url"] == f"sam:{folder}/usb-Acme?baud=57600"
    assert "05.01-20261122-000123456-000000789" in probed["model"]
    simulator.send("fault", name="mute")
    (mute,) = json.loads(run("list", "--probe", "--json").stdout)["readers"]
    assert mute["model"].endswith("no resident-card module answers")
