"""Readers by URL: the one place that knows which kinds there are."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from drivers.errors import NotSimulated, ReaderGone, UnsupportedReader
from drivers.io.serial_sam import SerialLine, is_pty
from drivers.reader import Reader
from drivers.sam_module import SamTimings
from drivers.sam_reader import SamReader
from drivers.sim.scripted import CardsReader, ScriptedReader

DEFAULT_BAUD = 115200
# What command 60 00..04 can set a module to; other speeds are none of this protocol.
BAUDS = (115200, 57600, 38400, 19200, 9600)
_LATER = {
    "pcsc": "Card readers over PC/SC come with a later release.",
    "wedge": "A scanner by its device comes with a later release; the counter's page takes its keys already.",
}


@dataclass(frozen=True, slots=True)
class ReaderUrl:
    """A reader's URL in parts. `kind` is sam, sim:sam, sim:script or sim:cards."""

    kind: str
    path: str = ""
    baud: int = DEFAULT_BAUD

    @property
    def is_simulated(self) -> bool:
        """True for every `sim:` kind and for no other."""
        return self.kind.startswith("sim:")


def parse_reader_url(url: str) -> ReaderUrl:
    """Parse `sam:PATH[?baud=N]`, `sim:sam:PATH[?baud=N]`, `sim:script:PATH` or `sim:cards`.

    Raises: UnsupportedReader with a sentence that says why.
    """
    scheme, _, rest = url.partition(":")
    if scheme in _LATER:
        raise UnsupportedReader(url, _LATER[scheme])
    if url == "sim:cards":
        return ReaderUrl("sim:cards")
    if scheme == "sim":
        inner, _, rest = rest.partition(":")
        scheme = f"sim:{inner}"
    if scheme == "sim:script" and rest:
        return ReaderUrl(scheme, rest)
    path, _, query = rest.partition("?")
    if scheme not in ("sam", "sim:sam") or not path:
        raise UnsupportedReader(url, "This is not the address of a reader, such as sam:/dev/ttyUSB0.")
    return ReaderUrl(scheme, path, _parse_baud(url, query))


def open_reader(url: str, *, timings: SamTimings | None = None) -> Reader:
    """Return the reader of that URL. The device itself is opened by the first step of `events()`.

    Raises: UnsupportedReader; NotSimulated when a `sim:` URL leads to a real device.
    """
    parsed = parse_reader_url(url)
    match parsed.kind:
        case "sim:cards":
            return CardsReader(url)
        case "sim:script":
            return ScriptedReader(url, Path(parsed.path))
        case "sim:sam":
            with suppress(ReaderGone):  # nothing there yet: the reader waits for it
                if not is_pty(parsed.path):
                    raise NotSimulated
    return SamReader(
        url,
        # A link may be turned to a real device later, so each opening checks again what it opened.
        lambda: SerialLine(parsed.path, parsed.baud, require_pty=parsed.is_simulated),
        is_simulated=parsed.is_simulated,
        timings=timings,
    )


def _parse_baud(url: str, query: str) -> int:
    options = dict(parse_qsl(query, keep_blank_values=True))
    baud = options.pop("baud", str(DEFAULT_BAUD))
    if options or baud not in {str(known) for known in BAUDS}:
        raise UnsupportedReader(
            url, f"The only option of a serial reader is baud, one of {', '.join(map(str, BAUDS))}."
        )
    return int(baud)
