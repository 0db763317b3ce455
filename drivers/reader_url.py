"""Readers' URLs: which kind of reader, where, and how it is set."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from drivers.errors import UnsupportedReader
from drivers.proto.sam_frame import BAUD_CODES
from drivers.proto.scanner_keys import KeyboardLayout
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS

DEFAULT_BAUD = 115200
# A scanner that is a USB device itself takes any.
SCANNER_BAUDS = (*BAUD_CODES, 4800, 2400, 1200)
# Between the readers of one counter. No device's name has a plus sign between spaces.
_BETWEEN = " + "


@dataclass(frozen=True, slots=True)
class ReaderUrl:
    """A reader's URL in parts. `kind` is sam, scan, wedge, pcsc, or one of them, script, cards, emrtd after sim:."""

    kind: str
    path: str = ""
    baud: int = DEFAULT_BAUD  # sam and scan
    layout: KeyboardLayout = KeyboardLayout.US  # wedge

    @property
    def is_simulated(self) -> bool:
        """True for every `sim:` kind and for no other."""
        return self.kind.startswith("sim:")


def split_reader_urls(url: str) -> list[str]:
    """Return the URLs of the readers of one counter, which stand with ` + ` between them."""
    return [part.strip() for part in url.split(_BETWEEN)]


def parse_reader_url(url: str) -> ReaderUrl:
    """Parse `sam:PATH[?baud=N]`, `scan:PATH[?baud=N]`, `wedge:PATH[?layout=us|de|fr]`, each also with `sim:` before it,
    `pcsc:[NAME]`, or `sim:script:PATH`, `sim:cards`, `sim:emrtd:CHIP|PATH`.

    Raises: UnsupportedReader with a sentence that says why.
    """
    scheme, _, rest = url.partition(":")
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
    options = dict(parse_qsl(query, keep_blank_values=True))
    if path:
        match scheme.removeprefix("sim:"):
            case "sam":
                return ReaderUrl(scheme, path, baud=_take_baud(url, options, BAUD_CODES))
            case "scan":
                return ReaderUrl(scheme, path, baud=_take_baud(url, options, SCANNER_BAUDS))
            case "wedge":
                return ReaderUrl(scheme, path, layout=_take_layout(url, options))
    raise UnsupportedReader(url, "This is not the address of a reader, such as sam:/dev/ttyUSB0.")


def _take_baud(url: str, options: dict[str, str], known: tuple[int, ...]) -> int:
    baud = options.pop("baud", str(DEFAULT_BAUD))
    if options or baud not in {str(each) for each in known}:
        raise UnsupportedReader(
            url, f"The only option of a serial reader is baud, one of {', '.join(map(str, known))}."
        )
    return int(baud)


def _take_layout(url: str, options: dict[str, str]) -> KeyboardLayout:
    layout = options.pop("layout", KeyboardLayout.US)
    if options or layout not in list(KeyboardLayout):
        raise UnsupportedReader(
            url, f"The only option of such a scanner is layout, one of {', '.join(KeyboardLayout)}."
        )
    return KeyboardLayout(layout)
