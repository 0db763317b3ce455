"""The PC/SC service: the only file that imports pyscard. Calls block, and say so; whoever calls keeps the watch.

`drivers.pcsc_slot` watches slots with it, `drivers.pcsc_card` talks to cards. pyscard's own monitors are not used: they
end for good when the daemon stops.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drivers.errors import (
    CardMute,
    CardRemoved,
    CardReset,
    CardServiceGone,
    CardUnreadable,
    DamagedFrame,
    ReaderBusy,
    ReaderError,
    ReaderForbidden,
    ReaderGone,
)

try:
    from smartcard import scard
except ImportError:  # there is no ready-made build for Linux, and the product runs without it
    scard = None

# PC/SC part 10: what a reader can do, asked with control codes (SCARD_CTL_CODE of pcsc-lite).
_GET_FEATURES = 0x42000000 + 3400
_FEATURE_PROPERTIES = 0x12
_PROPERTY_MAX_DATA = 0x0A
# pcsc-lite keeps a count of insertions and removals above the state's own bits.
_COUNT_SHIFT = 16
# The binding gives some codes with a sign, some without.
_UNSIGNED = 0xFFFFFFFF


def is_available() -> bool:
    """Tell whether this installation has the binding to PC/SC."""
    return scard is not None


@dataclass(frozen=True, slots=True)
class SlotState:
    """What the service knows of a slot. Nothing is known yet of a state of 0."""

    raw: int = 0

    @property
    def has_card(self) -> bool:
        """True where something lies in the slot."""
        return bool(self.raw & scard.SCARD_STATE_PRESENT)

    @property
    def changes(self) -> int:
        """How often a card came or went, as far as the service counted; it starts over after 65,535."""
        return self.raw >> _COUNT_SHIFT


class CardService:
    """A connection to the PC/SC service. For one thread at a time."""

    def __init__(self) -> None:
        """Connect. Raises: CardServiceGone, ReaderForbidden."""
        result, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        _check(result)

    def list_readers(self) -> tuple[str, ...]:
        """Return the names of all slots. Raises: CardServiceGone."""
        result, names = scard.SCardListReaders(self._context, [])
        if result == scard.SCARD_E_NO_READERS_AVAILABLE:
            return ()
        _check(result)
        return tuple(names)

    def wait_for_change(self, known: Mapping[str, SlotState], timeout_s: float) -> dict[str, SlotState]:
        """Return the slots' states as soon as one differs from what is known, or after the time.

        Raises: CardServiceGone, ReaderGone when a slot went away.
        """
        asked = [(name, state.raw) for name, state in known.items()]
        result, states = scard.SCardGetStatusChange(self._context, round(timeout_s * 1000), asked)
        if result == scard.SCARD_E_TIMEOUT:
            return dict(known)
        _check(result)
        return {name: SlotState(raw & ~scard.SCARD_STATE_CHANGED) for name, raw, _ in states}

    def connect(self, name: str) -> ConnectedCard:
        """Connect to the card in a slot, shared with other programs.

        Raises: CardRemoved, CardUnreadable for a card without a sound answer to reset, ReaderBusy, ReaderGone,
        CardServiceGone.
        """
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        result, handle, protocol = scard.SCardConnect(self._context, name, scard.SCARD_SHARE_SHARED, protocols)
        _check(result)
        return ConnectedCard(handle, protocol)

    def close(self) -> None:
        """Let go of the service."""
        scard.SCardReleaseContext(self._context)


def list_slots() -> tuple[str, ...]:
    """Return the names of all slots that are there now. Raises: CardServiceGone, ReaderForbidden."""
    service = CardService()
    try:
        return service.list_readers()
    finally:
        service.close()


class ConnectedCard:
    """A card with power, through the service. For one thread at a time."""

    def __init__(self, handle: int, protocol: int) -> None:
        self._handle, self._protocol = handle, protocol

    def transmit(self, apdu: bytes) -> bytes:
        """Return the card's answer, however long that takes.

        Raises: CardRemoved, CardReset, DamagedFrame, CardMute, ReaderGone, ReaderBusy, CardServiceGone.
        """
        pci = scard.SCARD_PCI_T0 if self._protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        result, answer = scard.SCardTransmit(self._handle, pci, list(apdu))
        if result & _UNSIGNED == scard.SCARD_W_SECURITY_VIOLATION & _UNSIGNED:
            # Also what a service leaves behind that ends in the middle; it refuses only where one connects.
            raise CardServiceGone
        _check(result)
        if not answer:
            raise DamagedFrame
        return bytes(answer)

    def take_over(self) -> None:
        """Go on after another program reset the card. Raises: as `transmit`."""
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        result, self._protocol = scard.SCardReconnect(
            self._handle, scard.SCARD_SHARE_SHARED, protocols, scard.SCARD_LEAVE_CARD
        )
        _check(result)

    def find_max_data(self) -> int | None:
        """Return how many bytes of data reader and driver pass in one command: 0 for short length, None untold."""
        for tag, content in _parse_items(self._ask(_GET_FEATURES)):
            if tag == _FEATURE_PROPERTIES:
                properties = dict(_parse_items(self._ask(int.from_bytes(content, "big"))))
                told = properties.get(_PROPERTY_MAX_DATA)
                return int.from_bytes(told, "little") if told else None
        return None

    def close(self) -> None:
        """Let go of the card and leave it as it is: on some readers a reset looks like a card placed anew."""
        scard.SCardDisconnect(self._handle, scard.SCARD_LEAVE_CARD)

    def _ask(self, code: int) -> bytes:
        result, answer = scard.SCardControl(self._handle, code, [])
        return bytes(answer) if result == scard.SCARD_S_SUCCESS else b""


def _parse_items(data: bytes) -> Iterable[tuple[int, bytes]]:
    """Yield tag and content of items with one byte of tag and one of length; what is cut off is left out."""
    while len(data) >= 2 and len(data) >= 2 + data[1]:
        yield data[0], data[2 : 2 + data[1]]
        data = data[2 + data[1] :]


def _check(result: int) -> None:
    if result != scard.SCARD_S_SUCCESS:
        raise translate(result)


def translate(result: int) -> ReaderError:
    """Return our error for one of PC/SC."""
    for error, names in _ERRORS.items():
        if result & _UNSIGNED in {getattr(scard, name) & _UNSIGNED for name in names}:
            return error()
    return CardUnreadable()


_ERRORS: dict[type[ReaderError], tuple[str, ...]] = {
    CardRemoved: ("SCARD_W_REMOVED_CARD", "SCARD_E_NO_SMARTCARD"),
    CardReset: ("SCARD_W_RESET_CARD",),
    CardMute: ("SCARD_E_TIMEOUT",),
    DamagedFrame: ("SCARD_E_NOT_TRANSACTED", "SCARD_E_COMM_DATA_LOST", "SCARD_E_INSUFFICIENT_BUFFER"),
    ReaderBusy: ("SCARD_E_SHARING_VIOLATION", "SCARD_E_SERVER_TOO_BUSY", "SCARD_E_NO_MEMORY"),
    ReaderGone: ("SCARD_E_READER_UNAVAILABLE", "SCARD_E_UNKNOWN_READER", "SCARD_E_NO_READERS_AVAILABLE"),
    ReaderForbidden: ("SCARD_W_SECURITY_VIOLATION", "SCARD_E_NO_ACCESS"),
    CardServiceGone: (
        *("SCARD_E_NO_SERVICE", "SCARD_E_SERVICE_STOPPED", "SCARD_E_INVALID_HANDLE", "SCARD_E_CANCELLED"),
        *("SCARD_F_COMM_ERROR", "SCARD_F_INTERNAL_ERROR", "SCARD_E_SYSTEM_CANCELLED"),
    ),
}
