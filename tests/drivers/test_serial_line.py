"""The serial line over a real pty, and what leaks through pyserial when a device goes away."""

import errno
import os
import pty
import termios
from collections.abc import Callable, Iterator

import pytest
import serial

from drivers.errors import NotSimulated, ReaderBusy, ReaderError, ReaderForbidden, ReaderGone, ReaderTimeout
from drivers.io.serial_line import SerialLine, is_pty

Pair = tuple[int, str]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A pty: the descriptor of its master and the path of its slave. The test may have closed the master."""
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    yield master, path
    for descriptor in (master, slave):
        try:
            os.close(descriptor)
        except OSError:
            continue


def test_bytes_cross_unchanged_in_both_directions(pair: Pair) -> None:
    master, path = pair
    every_byte = bytes(range(256))
    line = SerialLine(path, 115200, require_pty=True)
    line.send(every_byte)
    assert os.read(master, 1000) == every_byte
    os.write(master, every_byte)
    assert line.receive() == every_byte
    assert line.receive() == b""
    os.write(master, b"old")
    line.discard_input()
    assert line.receive() == b""
    line.close()


USES: list[Callable[[SerialLine], object]] = [
    lambda line: line.send(b"x"),
    lambda line: line.receive(),
    lambda line: line.discard_input(),
]


@pytest.mark.parametrize("use", USES)
def test_unplugged_device_is_gone(pair: Pair, use: Callable[[SerialLine], object]) -> None:
    master, path = pair
    line = SerialLine(path, 115200)
    os.close(master)
    with pytest.raises(ReaderGone):
        use(line)
    line.close()


@pytest.mark.parametrize("use", USES)
def test_closed_line_is_gone(pair: Pair, use: Callable[[SerialLine], object]) -> None:
    line = SerialLine(pair[1], 115200)
    line.close()
    with pytest.raises(ReaderGone):
        use(line)
    line.close()


def test_second_opener_is_told_that_the_port_is_busy(pair: Pair) -> None:
    line = SerialLine(pair[1], 115200)
    with pytest.raises(ReaderBusy):
        SerialLine(pair[1], 115200)
    line.close()
    SerialLine(pair[1], 115200).close()


@pytest.mark.parametrize(
    ("leak", "error"),
    [
        (serial.SerialException(errno.EBUSY, "busy"), ReaderBusy),
        (serial.SerialException(errno.EACCES, "no"), ReaderForbidden),
        (serial.SerialException("device reports readiness to read but returned no data"), ReaderGone),
        (serial.PortNotOpenError(), ReaderGone),
        (OSError(errno.EIO, "io"), ReaderGone),
        (OSError(errno.ENODEV, "gone"), ReaderGone),
        (termios.error(errno.EIO, "io"), ReaderGone),
        (TypeError("fileno"), ReaderGone),
        (ValueError("speed"), ReaderGone),
    ],
)
def test_what_leaks_on_opening_is_translated(
    leak: Exception, error: type[ReaderError], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **named: object) -> None:
        raise leak

    monkeypatch.setattr(serial, "Serial", fail)
    with pytest.raises(error) as caught:
        SerialLine("/dev/ttyNONE", 115200)
    assert type(caught.value) is error


def test_line_that_takes_nothing_times_out(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.io.serial_line._WRITE_TIMEOUT_S", 0.05)
    line = SerialLine(pair[1], 115200)
    with pytest.raises(ReaderTimeout):
        line.send(bytes(1_000_000))
    line.close()


@pytest.mark.parametrize("path", ["/dev/null", "/etc/hostname", "/"])
def test_what_is_no_pty_is_refused_where_one_is_required(path: str) -> None:
    assert not is_pty(path)
    with pytest.raises(NotSimulated):
        SerialLine(path, 115200, require_pty=True)


def test_link_turned_between_look_and_opening_is_refused(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.io.serial_line.is_pty", bool)
    monkeypatch.setattr("drivers.io.serial_line._PTY_MAJORS", range(0))
    with pytest.raises(NotSimulated):
        SerialLine(pair[1], 115200, require_pty=True)
    SerialLine(pair[1], 115200).close()


def test_nothing_at_the_path_is_gone() -> None:
    with pytest.raises(ReaderGone):
        is_pty("/dev/ttyNONE")
