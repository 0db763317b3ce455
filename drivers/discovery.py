"""Readers by URL: the one place that knows which kinds there are."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from drivers.chip_reader import ChipReader
from drivers.document_chip import Examiner, Part
from drivers.errors import NotSimulated, ReaderError, ReaderGone, UnsupportedReader
from drivers.faces import draw_face_apart
from drivers.io.pcsc import is_available, list_slots
from drivers.io.serial_sam import SerialLine, is_pty
from drivers.pcsc_slot import PcscSlot, choose_slots
from drivers.proto.csca import CscaStore
from drivers.reader import Reader
from drivers.sam_module import SamTimings
from drivers.sam_reader import SamReader
from drivers.sim.emrtd_control import ControlledSlot
from drivers.sim.emrtd_issuer import UTOPIA
from drivers.sim.emrtd_slot import SimulatedSlot
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS
from drivers.sim.scripted import CardsReader, ScriptedReader

DEFAULT_BAUD = 115200
# What command 60 00..04 can set a module to; other speeds are none of this protocol.
BAUDS = (115200, 57600, 38400, 19200, 9600)
_SERIAL_PORTS = Path("/dev/serial/by-id")
_LATER = {
    "wedge": "A scanner by its device comes with a later release; the counter's page takes its keys already.",
}


@dataclass(frozen=True, slots=True)
class ReaderUrl:
    """A reader's URL in parts. `kind` is sam, pcsc, sim:sam, sim:script, sim:cards or sim:emrtd."""

    kind: str
    path: str = ""
    baud: int = DEFAULT_BAUD

    @property
    def is_simulated(self) -> bool:
        """True for every `sim:` kind and for no other."""
        return self.kind.startswith("sim:")


def parse_reader_url(url: str) -> ReaderUrl:
    """Parse `sam:PATH[?baud=N]`, `pcsc:[NAME]`, or `sim:sam:PATH[?baud=N]`, `sim:script:PATH`, `sim:cards`,
    `sim:emrtd:CHIP|PATH`.

    Raises: UnsupportedReader with a sentence that says why.
    """
    scheme, _, rest = url.partition(":")
    if scheme in _LATER:
        raise UnsupportedReader(url, _LATER[scheme])
    if url == "sim:cards":
        return ReaderUrl("sim:cards")
    if url.startswith("pcsc:"):
        return ReaderUrl("pcsc", rest)
    if scheme == "sim":
        inner, _, rest = rest.partition(":")
        scheme = f"sim:{inner}"
    if scheme == "sim:emrtd" and (rest in CHIP_SPECIMENS or "/" in rest):
        return ReaderUrl(scheme, rest)
    if scheme == "sim:script" and rest:
        return ReaderUrl(scheme, rest)
    path, _, query = rest.partition("?")
    if scheme not in ("sam", "sim:sam") or not path:
        raise UnsupportedReader(url, "This is not the address of a reader, such as sam:/dev/ttyUSB0.")
    return ReaderUrl(scheme, path, _parse_baud(url, query))


def open_reader(
    url: str,
    *,
    timings: SamTimings | None = None,
    parts: frozenset[Part] = frozenset(),
    store: CscaStore | None = None,
) -> Reader:
    """Return the reader of that URL. The device itself is opened by the first step of `events()`.

    `parts` says what to read of a chip beside its printed lines, `store` which countries' certificates a real chip is
    examined with (none unless given); a virtual chip is believed by its own country's, and by no other.
    Raises: UnsupportedReader; NotSimulated when a `sim:` URL leads to a real device.
    """
    parsed = parse_reader_url(url)
    match parsed.kind:
        case "pcsc":
            return _open_chip_reader(url, parsed.path, parts, store or CscaStore([]))
        case "sim:cards":
            return CardsReader(url)
        case "sim:emrtd":
            return _open_virtual_chip(url, parsed.path, parts)
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


@dataclass(frozen=True, slots=True)
class FoundReader:
    """A reader that this machine has. `model` names the device."""

    url: str
    model: str


def find_readers() -> list[FoundReader]:
    """Return the readers that are there now: slots of PC/SC readers, and serial ports by the names that last.

    Nothing is sent to a serial port, so what is behind it is not known before it is opened.
    """
    names: list[str] = []
    with suppress(ReaderError):
        names = choose_slots(list_slots(), "") if is_available() else []
    ports = sorted(_SERIAL_PORTS.glob("*"))
    return [FoundReader(f"pcsc:{name}", name) for name in names] + [
        FoundReader(f"sam:{port}", f"serial port {port.name}") for port in ports
    ]


def _open_chip_reader(url: str, wanted: str, parts: frozenset[Part], store: CscaStore) -> ChipReader:
    if not is_available():
        raise UnsupportedReader(
            url,
            "Readers over PC/SC need these Debian packages, then ./kjt setup: "
            "pcscd, libccid, libpcsclite-dev, gcc, swig, python3-dev.",
        )
    return ChipReader(
        url, PcscSlot(wanted), Examiner(store), is_simulated=False, parts=parts, draw_face=draw_face_apart
    )


def _open_virtual_chip(url: str, chosen: str, parts: frozenset[Part]) -> ChipReader:
    """Return a reader with one specimen in it, or one whose cards come through the socket at a path."""
    slot = SimulatedSlot()
    if chosen in CHIP_SPECIMENS:
        slot.put(chosen)
    watched = slot if chosen in CHIP_SPECIMENS else ControlledSlot(slot, Path(chosen))
    # The store believes the country that does not exist, and no other: a real document is never verified here.
    return ChipReader(url, watched, Examiner(UTOPIA.store), is_simulated=True, parts=parts, draw_face=draw_face_apart)


def _parse_baud(url: str, query: str) -> int:
    options = dict(parse_qsl(query, keep_blank_values=True))
    baud = options.pop("baud", str(DEFAULT_BAUD))
    if options or baud not in {str(known) for known in BAUDS}:
        raise UnsupportedReader(
            url, f"The only option of a serial reader is baud, one of {', '.join(map(str, BAUDS))}."
        )
    return int(baud)
