"""Simulated readers on a pseudo-terminal as a whole: the device, what lies on it, line and control channel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from drivers.sim.control import Answer, Command, obey_command, obey_scanner_command, open_control, serve_control
from drivers.sim.pty_line import PtyLine
from drivers.sim.sam_sim import Segment, SimulatedSam
from drivers.sim.scanner_sim import SimulatedScanner


def run_simulator(
    link: Path,
    control: Path,
    *,
    baud: int | None = 115200,
    must_lift: bool = False,
    is_strict: bool = False,
    stop: threading.Event,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve a simulated reader until `stop`: a pty behind the symlink `link`, commands at the socket `control`.

    The reader for it is `sim:sam:LINK`. Bytes take the time they would at `baud`; None: none. With
    `must_lift` a card that was read is found again only after it was lifted. With `is_strict` the line carries
    nothing but garbage where program and module differ in speed. `on_ready` is called once both ends can be opened.
    Raises: OSError when one of the two paths cannot be used.
    """
    sam = SimulatedSam(must_lift=must_lift)
    line = PtyLine(link, baud, (lambda: sam.baud) if is_strict else None)
    _serve(line, control, partial(obey_command, sam, line), sam.answer, tuple, stop, on_ready)


def run_scanner(
    link: Path,
    control: Path,
    scanner: SimulatedScanner,
    *,
    stop: threading.Event,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve a simulated scanner until `stop`; the reader for it is `sim:wedge:LINK` or `sim:scan:LINK`.

    Raises: OSError when one of the two paths cannot be used.
    """
    line = PtyLine(link, None)
    _serve(line, control, partial(obey_scanner_command, scanner, line), lambda _: (), scanner.draw, stop, on_ready)


def _serve(
    line: PtyLine,
    control: Path,
    obey: Callable[[Command], Answer],
    answer: Callable[[bytes], Iterable[Segment]],
    draw: Callable[[], Iterable[Segment]],
    stop: threading.Event,
    on_ready: Callable[[], None],
) -> None:
    ended = threading.Event()
    try:
        listener = open_control(control)
    except OSError:
        line.close()
        raise
    commands = threading.Thread(target=serve_control, args=(listener, obey, ended), name="simulator-control")
    commands.start()
    try:
        on_ready()
        line.serve(answer, stop, draw)
    finally:
        ended.set()
        commands.join()
        listener.close()
        control.unlink(missing_ok=True)
        line.close()
