"""Whether a resident-card module answers on a serial line, and at which speed: for people with a reader in hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from drivers.errors import DamagedFrame, ReaderTimeout
from drivers.io.serial_line import SerialLine
from drivers.proto.sam_frame import BAUD_CODES
from drivers.reader_url import ReaderUrl
from drivers.sam_module import SamModule, SamTimings


@dataclass(frozen=True, slots=True)
class FoundModule:
    """A module that answered. `id` is its own printed number."""

    baud: int
    id: str


@contextmanager
def open_module(url: ReaderUrl, timings: SamTimings | None = None) -> Iterator[SamModule]:
    """Open the line of a `sam:` or `sim:sam:` URL and talk to the module on it until the block ends.

    Raises: ReaderGone, ReaderBusy, ReaderForbidden, NotSimulated.
    """
    line = SerialLine(url.path, url.baud, require_pty=url.is_simulated)
    try:
        yield SamModule(line, timings or SamTimings(), lambda: False)
    finally:
        line.close()


def find_module(url: ReaderUrl, *, wait_s: float = 0.3) -> FoundModule | None:
    """Ask for a module at each of the five speeds in turn; None where nothing answers, within `wait_s` each.

    Whatever else is on that line is sent a few bytes, so only somebody who asks for it gets this.
    Raises: ReaderGone, ReaderBusy, ReaderForbidden, NotSimulated.
    """
    for baud in BAUD_CODES:
        with open_module(ReaderUrl(url.kind, url.path, baud), SamTimings(reply_s=wait_s)) as module:
            try:
                module.check_status()
                return FoundModule(baud, module.read_id())
            except (ReaderTimeout, DamagedFrame):
                continue
    return None
