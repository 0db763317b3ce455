"""Virtual chips for the real PC/SC daemon: the card's side of vpcd's line (vsmartcard), one connection a card.

A message is two bytes of length and that many of content; one byte alone is a command of the reader. vpcd takes a card
that connects for one that was put in, and one that hangs up for one that was lifted.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from enum import IntEnum

from drivers.card import CardPut, CardRefused
from drivers.errors import CardMute, CardRemoved, DamagedFrame
from drivers.sim.emrtd_slot import ChipFault, SimulatedSlot, SimulatedTransport

# As a contactless reader answers for a chip of ISO/IEC 14443-4 (PC/SC part 3), without historical bytes.
_ATR = bytes.fromhex("3b80800101")
_BAD_ATR = bytes.fromhex("00ff")
_TICK_S = 0.05
_RETRY_S = 0.2


class _Order(IntEnum):
    OFF = 0
    ON = 1
    RESET = 2
    ATR = 4


class VpcdLine:
    """Puts each card of `slot` into the vpcd that `connect` reaches, in threads of its own, until it is closed."""

    def __init__(self, slot: SimulatedSlot, connect: Callable[[], socket.socket]) -> None:
        """Begin at once. A vpcd that `connect` does not reach (OSError) is tried again while a card lies there."""
        self._slot, self._connect = slot, connect
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow_slot, name="vpcd-slot", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Lift the card and end."""
        self._stop.set()
        self._slot.close()
        self._thread.join()

    def _follow_slot(self) -> None:
        serving: list[threading.Thread] = []
        for event in self._slot.events():
            transport = self._slot.transport
            if isinstance(event, CardPut | CardRefused) and transport is not None:
                serving.append(threading.Thread(target=self._serve, args=(transport,), name="vpcd-card", daemon=True))
                serving[-1].start()
            serving = [thread for thread in serving if thread.is_alive()]
            del event
        for thread in serving:
            thread.join()

    def _serve(self, transport: SimulatedTransport) -> None:
        """Be the card until it is lifted, also for a daemon that was started again meanwhile."""
        while not self._stop.is_set() and transport.is_card_there():
            try:
                with self._connect() as connection:
                    connection.settimeout(_TICK_S)
                    self._converse(connection, transport)
            except OSError:
                transport.wait_for_lift(_RETRY_S)
            except CardRemoved:
                return

    def _converse(self, connection: socket.socket, transport: SimulatedTransport) -> None:
        """Answer until the daemon hangs up. Raises: CardRemoved, OSError."""
        while True:
            size = int.from_bytes(self._receive(connection, 2, transport), "big")
            answer = self._obey(self._receive(connection, size, transport), transport)
            if answer is not None:
                connection.sendall(len(answer).to_bytes(2, "big") + answer)

    def _receive(self, connection: socket.socket, size: int, transport: SimulatedTransport) -> bytes:
        received = b""
        while len(received) < size:
            if self._stop.is_set() or not transport.is_card_there():
                raise CardRemoved
            try:
                # vpcd sends a message in two pieces, and the second waits for this end's word on the first.
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                piece = connection.recv(size - len(received))
            except TimeoutError:
                continue
            if not piece:
                raise ConnectionResetError
            received += piece
        return received

    def _obey(self, message: bytes, transport: SimulatedTransport) -> bytes | None:
        """Return what is answered, None for nothing. Raises: CardRemoved."""
        if len(message) != 1:
            return self._transmit(message, transport)
        if message[0] == _Order.ATR:
            return _BAD_ATR if transport.fault is ChipFault.BAD_ATR else _ATR
        if message[0] in (_Order.OFF, _Order.ON, _Order.RESET):
            transport.reset()
        return None

    def _transmit(self, apdu: bytes, transport: SimulatedTransport) -> bytes:
        try:
            return transport.transmit(apdu)
        except DamagedFrame:
            return b""
        except CardMute:
            while not self._stop.is_set() and not transport.wait_for_lift(_TICK_S):
                pass
            raise CardRemoved from None
