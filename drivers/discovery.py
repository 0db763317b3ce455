"""Readers by URL: the one place that knows which kinds there are."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from drivers.chip_reader import ChipReader
from drivers.document_chip import Examiner, Part
from drivers.errors import NotSimulated, ReaderError, ReaderGone, UnsupportedReader
from drivers.faces import draw_face_apart
from drivers.io.pcsc import is_available, list_slots
from drivers.io.serial_line import SerialLine, is_pty
from drivers.io.wedge import InputDevice
from drivers.pcsc_slot import PcscSlot, choose_slots
from drivers.photo_decoder import PhotoDecoder
from drivers.proto.csca import CscaStore
from drivers.reader import Reader
from drivers.reader_group import ReaderGroup
from drivers.reader_url import ReaderUrl, parse_reader_url, split_reader_urls
from drivers.sam_module import SamTimings
from drivers.sam_reader import SamReader
from drivers.scanner_reader import KeySource, LineSource, ScannerReader, ScannerTimings, TextSource
from drivers.sim.emrtd_control import ControlledSlot
from drivers.sim.emrtd_issuer import UTOPIA
from drivers.sim.emrtd_slot import SimulatedSlot
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS
from drivers.sim.scripted import CardsReader, ScriptedReader

_SERIAL_PORTS = Path("/dev/serial/by-id")
_INPUT_DEVICES = Path("/dev/input/by-id")


def open_reader(
    url: str,
    *,
    timings: SamTimings | None = None,
    scanner_timings: ScannerTimings | None = None,
    parts: frozenset[Part] = frozenset(),
    store: CscaStore | None = None,
    decoder: PhotoDecoder | None = None,
) -> Reader:
    """Return the reader of that URL. The device itself is opened by the first step of `events()`.

    Of several, with ` + ` between them, they are the readers of one counter: printed lines that are scanned open the
    chip that waits for them. `parts` says what to read of a chip beside its printed lines, `store` which countries'
    certificates a real chip is
    examined with (none unless given); a virtual chip is believed by its own country's, and by no other.
    `decoder` makes a picture of a resident card's photo (`drivers.photo_decoder`).
    Raises: UnsupportedReader; NotSimulated when a `sim:` URL leads to a real device.
    """
    if len(urls := split_reader_urls(url)) > 1:
        open_part = partial(
            open_reader, timings=timings, scanner_timings=scanner_timings, parts=parts, store=store, decoder=decoder
        )
        return ReaderGroup(url, [open_part(each) for each in urls])
    parsed = parse_reader_url(url)
    if parsed.kind in ("sim:sam", "sim:scan", "sim:wedge"):
        with suppress(ReaderGone):  # nothing there yet: the reader waits for it
            if not is_pty(parsed.path):
                raise NotSimulated
    match parsed.kind:
        case "pcsc":
            return _open_chip_reader(url, parsed.path, parts, store or CscaStore([]))
        case "sim:cards":
            return CardsReader(url)
        case "sim:emrtd":
            return _open_virtual_chip(url, parsed.path, parts)
        case "sim:script":
            return ScriptedReader(url, Path(parsed.path))
        case "scan" | "sim:scan" | "wedge" | "sim:wedge":
            return _open_scanner(url, parsed, scanner_timings)
    return SamReader(
        url,
        # A link may be turned to a real device later, so each opening checks again what it opened.
        lambda: SerialLine(parsed.path, parsed.baud, require_pty=parsed.is_simulated),
        is_simulated=parsed.is_simulated,
        timings=timings,
        decoder=decoder,
    )


@dataclass(frozen=True, slots=True)
class FoundReader:
    """A reader that this machine has. `model` names the device."""

    url: str
    model: str


def find_readers() -> list[FoundReader]:
    """Return the readers that may be there: slots of PC/SC readers, serial ports and input devices by lasting names.

    Nothing is sent to a serial port and no input device is opened, so what they are is not known: a port that is a
    USB device itself (ttyACM) may be a scanner or a card reader, an input device a scanner or the clerk's keyboard.
    """
    names: list[str] = []
    with suppress(ReaderError):
        names = choose_slots(list_slots(), "") if is_available() else []
    found = [FoundReader(f"pcsc:{name}", name) for name in names]
    for port in sorted(_SERIAL_PORTS.glob("*")):
        found.append(FoundReader(f"sam:{port}", f"serial port {port.name}"))
        if port.resolve().name.startswith("ttyACM"):
            found.append(FoundReader(f"scan:{port}", f"serial port {port.name}, if it is a scanner"))
    return found + [
        FoundReader(f"wedge:{device}", f"keyboard or scanner {device.name}")
        for device in sorted(_INPUT_DEVICES.glob("*-event-kbd"))
    ]


def choose_reader(found: list[FoundReader]) -> FoundReader | None:
    """Return the one to try where nobody chose; never an input device, which may be this person's own keyboard."""
    return next((reader for reader in found if not reader.url.startswith("wedge:")), None)


def _open_scanner(url: str, parsed: ReaderUrl, timings: ScannerTimings | None) -> ScannerReader:
    simulated = parsed.is_simulated

    def open_line() -> TextSource:
        return LineSource(SerialLine(parsed.path, parsed.baud, require_pty=simulated))

    def open_keys() -> TextSource:
        return KeySource(InputDevice(parsed.path, require_pty=simulated), parsed.layout)

    is_line = parsed.kind.endswith("scan")
    model = "scanner on a serial line" if is_line else "scanner that types"
    return ScannerReader(url, model, open_line if is_line else open_keys, is_simulated=simulated, timings=timings)


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
