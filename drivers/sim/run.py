"""A simulated serial reader as a whole: module, card, line and control channel."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from drivers.sim.control import obey_command, open_control, serve_control
from drivers.sim.pty_line import PtyLine
from drivers.sim.sam_sim import SimulatedSam


def run_simulator(
    link: Path,
    control: Path,
    *,
    baud: int | None = 115200,
    must_lift: bool = False,
    stop: threading.Event,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve a simulated reader until `stop`: a pty behind the symlink `link`, commands at the socket `control`.

    The reader for it is `sim:sam:LINK`. Bytes take the time they would at `baud`; None: none. With
    `must_lift` a card that was read is found again only after it was lifted. `on_ready` is called once both
    ends can be opened. Raises: OSError when one of the two paths cannot be used.
    """
    sam = SimulatedSam(must_lift=must_lift)
    line = PtyLine(link, baud)
    ended = threading.Event()
    try:
        listener = open_control(control)
    except OSError:
        line.close()
        raise
    commands = threading.Thread(
        target=serve_control, args=(listener, partial(obey_command, sam, line), ended), name="simulator-control"
    )
    commands.start()
    try:
        on_ready()
        line.serve(sam.answer, stop)
    finally:
        ended.set()
        commands.join()
        listener.close()
        control.unlink(missing_ok=True)
        line.close()
