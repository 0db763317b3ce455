"""Readers by URL, and the demonstration's promise that a simulated one is never real."""

from pathlib import Path

import pytest

from drivers.discovery import choose_reader, find_readers, open_reader
from drivers.errors import NotSimulated, UnsupportedReader
from drivers.proto.scanner_keys import KeyboardLayout
from drivers.reader import ReaderDown
from drivers.reader_url import ReaderUrl, parse_reader_url
from drivers.sim.scripted import CardsReader, ScriptedReader
from tests.drivers.watching import FAST, RunningSimulator, watch_reader


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("sam:/dev/ttyUSB0", ReaderUrl("sam", "/dev/ttyUSB0", 115200)),
        ("sam:/dev/serial/by-id/x?baud=9600", ReaderUrl("sam", "/dev/serial/by-id/x", 9600)),
        ("sim:sam:/tmp/a b", ReaderUrl("sim:sam", "/tmp/a b", 115200)),
        ("sim:sam:/tmp/tty?baud=57600", ReaderUrl("sim:sam", "/tmp/tty", 57600)),
        ("sim:script:/tmp/x?y", ReaderUrl("sim:script", "/tmp/x?y")),
        ("scan:/dev/ttyACM0?baud=4800", ReaderUrl("scan", "/dev/ttyACM0", 4800)),
        ("wedge:/dev/input/by-id/x-event-kbd", ReaderUrl("wedge", "/dev/input/by-id/x-event-kbd")),
        ("sim:wedge:/tmp/tty?layout=fr", ReaderUrl("sim:wedge", "/tmp/tty", layout=KeyboardLayout.FR)),
        ("sim:cards", ReaderUrl("sim:cards")),
        ("pcsc:", ReaderUrl("pcsc", "")),
        ("pcsc:ACME Reader [PICC] 00 00", ReaderUrl("pcsc", "ACME Reader [PICC] 00 00")),
    ],
)
def test_url_is_parsed(url: str, parsed: ReaderUrl) -> None:
    assert parse_reader_url(url) == parsed
    assert parsed.is_simulated == url.startswith("sim:")


@pytest.mark.parametrize(
    "url",
    [
        *("", "sam", "sam:", "sam:?baud=9600", "sim", "sim:", "sim:sam", "sim:sam:", "sim:script:", "sim:cards:x"),
        *("usb:/dev/x", "sam:/dev/x?baud=1200", "sam:/dev/x?baud=", "sam:/dev/x?speed=9600", "sim:pcsc:", "SAM:/dev/x"),
        *("wedge:", "wedge:/dev/x?layout=xx", "wedge:/dev/x?baud=9600", "scan:/dev/x?baud=7", "scan:/dev/x?layout=us"),
        *("sim:cards + ", "sim:cards + wedge:"),
    ],
)
def test_what_is_no_reader_is_refused(url: str) -> None:
    with pytest.raises(UnsupportedReader):
        open_reader(url)


def make_devices(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay out by-id folders with links as udev makes them."""
    for place, links in {
        "serial": {"usb-Acme_Bridge-port0": "ttyUSB0", "usb-Acme_Gun-if00": "ttyACM3"},
        "input": {"usb-Acme_Gun-event-kbd": "event7", "usb-Acme_Mouse-event-mouse": "event8"},
    }.items():
        (folder / place).mkdir()
        for name, device in links.items():
            (folder / place / name).symlink_to(folder / device)
    monkeypatch.setattr("drivers.discovery._SERIAL_PORTS", folder / "serial")
    monkeypatch.setattr("drivers.discovery._INPUT_DEVICES", folder / "input")
    monkeypatch.setattr("drivers.discovery.is_available", lambda: False)


def test_ports_and_devices_are_listed_by_names_that_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_devices(tmp_path, monkeypatch)
    assert [reader.url for reader in find_readers()] == [
        f"sam:{tmp_path}/serial/usb-Acme_Bridge-port0",
        f"sam:{tmp_path}/serial/usb-Acme_Gun-if00",
        f"scan:{tmp_path}/serial/usb-Acme_Gun-if00",
        f"wedge:{tmp_path}/input/usb-Acme_Gun-event-kbd",
    ]


def test_keyboard_is_never_the_reader_that_nobody_chose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_devices(tmp_path, monkeypatch)
    keyboards = [reader for reader in find_readers() if reader.url.startswith("wedge:")]
    assert choose_reader(keyboards) is None
    assert choose_reader(find_readers()) == find_readers()[0]


@pytest.mark.parametrize("scheme", ["sam", "scan", "wedge"])
@pytest.mark.parametrize("device", ["/dev/null", "/etc/hostname"])
def test_simulated_url_that_leads_to_a_real_device_is_refused(scheme: str, device: str, tmp_path: Path) -> None:
    link = tmp_path / "tty"
    link.symlink_to(device)
    with pytest.raises(NotSimulated):
        open_reader(f"sim:{scheme}:{link}")


def test_link_turned_to_a_real_device_later_is_refused(simulator: RunningSimulator) -> None:
    reader = open_reader(simulator.url, timings=FAST)
    simulator.link.unlink()
    simulator.link.symlink_to("/dev/null")
    with watch_reader(reader) as watcher:
        assert watcher.expect(ReaderDown).error.code == "not_simulated"


def test_real_reader_is_not_simulated_even_on_a_pty(simulator: RunningSimulator) -> None:
    assert not open_reader(f"sam:{simulator.link}").is_simulated


def test_simulated_readers_have_their_classes(tmp_path: Path) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text("")
    assert isinstance(open_reader("sim:cards"), CardsReader)
    assert isinstance(open_reader(f"sim:script:{script}"), ScriptedReader)


@pytest.mark.parametrize(
    "line",
    [
        *("x", "[]", "{}", '"put"', '{"put": "nobody"}', '{"put": ["wang"]}', '{"wait_ms": -1}', '{"wait_ms": "5"}'),
        *('{"wait_ms": true}', '{"fail": "no_such_code"}', '{"remove": false}', '{"put": "wang", "remove": true}'),
        '{"dance": true}',
    ],
)
def test_script_with_a_step_that_cannot_be_played_names_its_line(line: str, tmp_path: Path) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text(f'{{"put": "wang"}}\n\n{line}\n')
    with pytest.raises(UnsupportedReader, match="line 3"):
        open_reader(f"sim:script:{script}")


def test_script_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedReader, match="cannot be read"):
        open_reader(f"sim:script:{tmp_path}/none")


def test_one_real_part_makes_a_counters_readers_real(simulator: RunningSimulator) -> None:
    assert open_reader(f"{simulator.url} + sim:cards").is_simulated
    assert not open_reader(f"{simulator.url} + wedge:/dev/input/by-id/x").is_simulated
