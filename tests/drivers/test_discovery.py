"""Readers by URL, and the demonstration's promise that a simulated one is never real."""

from pathlib import Path

import pytest

from drivers.discovery import ReaderUrl, open_reader, parse_reader_url
from drivers.errors import NotSimulated, UnsupportedReader
from drivers.reader import ReaderDown
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
    ],
)
def test_what_is_no_reader_is_refused(url: str) -> None:
    with pytest.raises(UnsupportedReader):
        open_reader(url)


@pytest.mark.parametrize("url", ["wedge:/dev/input/by-id/x", "wedge:"])
def test_later_readers_are_refused_in_plain_words(url: str) -> None:
    with pytest.raises(UnsupportedReader, match="later release"):
        open_reader(url)


@pytest.mark.parametrize("device", ["/dev/null", "/etc/hostname"])
def test_simulated_url_that_leads_to_a_real_device_is_refused(device: str, tmp_path: Path) -> None:
    link = tmp_path / "tty"
    link.symlink_to(device)
    with pytest.raises(NotSimulated):
        open_reader(f"sim:sam:{link}")


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
