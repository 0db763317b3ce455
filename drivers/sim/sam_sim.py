"""A SAM module with its card, simulated: bytes in, bytes out, byte for byte as the protocol has them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from itertools import pairwise
from time import monotonic

from drivers.proto import sam_frame
from drivers.proto.sam_frame import PREAMBLE, FrameDecoder, encode_frame
from drivers.sim.specimens import PHOTO_BYTES, SPECIMENS, Specimen, build_card, build_new_address

# 05.01, then three little-endian words; an invented module.
_SAM_ID = bytes.fromhex("05000100") + b"".join(word.to_bytes(4, "little") for word in (20261122, 123456, 789))
_FIND_DATA = bytes(4)
_SELECT_DATA = bytes(8)
_LENGTHS = (256).to_bytes(2, "big") + PHOTO_BYTES.to_bytes(2, "big")
# Two of 512 bytes, no real finger's.
_PRINTS = b"FINGERPRINT-" * 85 + bytes(4)
_SPLIT_PAUSE_S = 0.04


class Fault(StrEnum):
    """What may go wrong. All but `MUTE` meet the reply to the read command only."""

    NOISE = "noise"  # bytes before the reply, the beginning of a preamble among them
    FALSE_PREAMBLE = "false_preamble"  # a whole preamble that announces more than ever comes
    SPLIT = "split"  # the reply in pieces, with pauses
    BAD_CHECKSUM = "bad_checksum"
    TRUNCATED = "truncated"
    SILENT = "silent"
    CARD_REMOVED = "card_removed"  # the card is lifted between select and read
    WRONG_STATUS = "wrong_status"  # read failed, though the card lies there
    FINGERPRINTS = "fingerprints"  # two of them sent along, unasked
    MUTE = "mute"  # no answer to anything, until the fault is cleared


class _Stage(Enum):
    """How far the module has come with the card on it."""

    NONE = auto()
    PLACED = auto()
    FOUND = auto()
    SELECTED = auto()
    READ = auto()


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes for the line, after a pause of `pause_s` seconds."""

    data: bytes = field(repr=False)
    pause_s: float = 0.0


class SimulatedSam:
    """One module. Cards and faults may be changed from any thread while another one feeds it requests."""

    def __init__(self, *, must_lift: bool = False) -> None:
        """With `must_lift` a card that was read is found again only after it was lifted: real modules differ."""
        self._must_lift = must_lift
        self._decoder = FrameDecoder()
        self._lock = threading.Lock()
        self._card: Specimen | None = None
        self._stage = _Stage.NONE
        self._is_lift_unseen = False
        self._lift_at = float("inf")
        self._fault: Fault | None = None
        self._fault_times = 0.0
        self.baud = sam_frame.BAUD_CODES[0]  # until it loses its power

    @property
    def card_id(self) -> str | None:
        """The id of the specimen on the reader."""
        with self._lock:
            self._lift_when_due()
            return self._card.id if self._card else None

    @property
    def fault(self) -> Fault | None:
        """The fault in force."""
        with self._lock:
            self._lift_when_due()
            return self._fault

    def put_card(self, specimen_id: str, lift_after_s: float | None = None) -> None:
        """Put a card on the reader, in place of any other. Raises: KeyError for an unknown specimen."""
        with self._lock:
            self._is_lift_unseen = self._is_lift_unseen or self._card is not None
            self._card = SPECIMENS[specimen_id]
            self._stage = _Stage.PLACED
            self._lift_at = monotonic() + lift_after_s if lift_after_s is not None else float("inf")

    def remove_card(self) -> None:
        """Lift the card; a fault that came with it ends."""
        with self._lock:
            self._lift()

    def set_fault(self, fault: Fault | None, times: int | None = None) -> None:
        """Let `fault` happen `times` times, or (None) until the card is lifted; None for `fault` clears it."""
        with self._lock:
            self._fault = fault
            self._fault_times = float("inf") if times is None else times

    def answer(self, piece: bytes) -> list[Segment]:
        """Take what arrived on the line; return what the module sends back."""
        with self._lock:
            self._lift_when_due()
            before = self._decoder.damaged
            segments = [segment for body in self._decoder.feed(piece) for segment in self._reply(body)]
            if self._decoder.damaged > before and not segments:
                return self._send(sam_frame.BAD_CHECKSUM)
            return segments

    def _reply(self, body: bytes) -> list[Segment]:
        if self._fault is Fault.MUTE:
            return []
        if body[0] == sam_frame.SET_BAUD:
            return self._set_baud(body)
        match body[:2]:
            case sam_frame.STATUS:
                return self._send(sam_frame.OK)
            case sam_frame.RESET:
                self._stage = _Stage.PLACED if self._card else _Stage.NONE
                return self._send(sam_frame.OK)
            case sam_frame.SAM_ID:
                return self._send(sam_frame.OK, _SAM_ID)
            case sam_frame.FIND:
                return self._find()
            case sam_frame.SELECT:
                return self._select()
            case sam_frame.READ_BASE:
                return self._read()
            case sam_frame.READ_NEW_ADDRESS:
                return self._read_new_address()
            case _:
                return self._send(sam_frame.UNKNOWN_COMMAND)

    def _set_baud(self, body: bytes) -> list[Segment]:
        if body[1] >= len(sam_frame.BAUD_CODES):
            return self._send(sam_frame.UNKNOWN_COMMAND)
        self.baud = sam_frame.BAUD_CODES[body[1]]
        return self._send(sam_frame.OK)  # which leaves at the speed of before

    def _find(self) -> list[Segment]:
        # No hand is so quick that a module does not notice one card leaving before the next arrives.
        if self._card is None or self._is_lift_unseen or (self._must_lift and self._stage is _Stage.READ):
            self._is_lift_unseen = False
            return self._send(sam_frame.NO_CARD)
        self._stage = _Stage.FOUND
        return self._send(sam_frame.CARD_FOUND, _FIND_DATA)

    def _select(self) -> list[Segment]:
        if self._stage is not _Stage.FOUND:
            return self._send(sam_frame.SELECT_FAILED)
        self._stage = _Stage.SELECTED
        return self._send(sam_frame.OK, _SELECT_DATA)

    def _read(self) -> list[Segment]:
        fault = self._take_fault()
        if fault is Fault.CARD_REMOVED:
            self._lift()
        if fault is Fault.WRONG_STATUS or self._card is None or self._stage not in (_Stage.SELECTED, _Stage.READ):
            return self._send(sam_frame.READ_FAILED)
        self._stage = _Stage.READ
        data = _LENGTHS + build_card(self._card)
        if fault is Fault.FINGERPRINTS:
            data = _LENGTHS + len(_PRINTS).to_bytes(2, "big") + build_card(self._card) + _PRINTS
        return _spoil_frame(encode_frame(bytes((0, 0, sam_frame.OK)) + data), fault)

    def _read_new_address(self) -> list[Segment]:
        if self._card is None or self._stage is not _Stage.READ:
            return self._send(sam_frame.READ_FAILED)
        address = build_new_address(self._card)
        return self._send(sam_frame.OK, address) if address else self._send(sam_frame.NO_CONTENT)

    def _take_fault(self) -> Fault | None:
        fault = self._fault
        self._fault_times -= 1
        if self._fault_times <= 0:
            self._fault = None
        return fault

    def _lift_when_due(self) -> None:
        if monotonic() >= self._lift_at:
            self._lift()

    def _lift(self) -> None:
        self._is_lift_unseen = self._is_lift_unseen or self._card is not None
        self._card, self._stage, self._lift_at = None, _Stage.NONE, float("inf")
        if self._fault is not Fault.MUTE:
            self._fault = None

    @staticmethod
    def _send(code: int, data: bytes = b"") -> list[Segment]:
        return [Segment(encode_frame(bytes((0, 0, code)) + data))]


def _spoil_frame(frame: bytes, fault: Fault | None) -> list[Segment]:
    """Return the frame as `fault` lets it arrive."""
    match fault:
        case Fault.NOISE:
            return [Segment(b"\x00\xff" + PREAMBLE[:4] + b"\x00\xaa" + frame)]
        case Fault.FALSE_PREAMBLE:
            return [Segment(PREAMBLE + (4000).to_bytes(2, "big") + frame)]
        case Fault.SPLIT:
            cuts = (0, 3, 6, 40, len(frame) - 1, len(frame))
            return [Segment(frame[a:b], _SPLIT_PAUSE_S) for a, b in pairwise(cuts)]
        case Fault.BAD_CHECKSUM:
            return [Segment(frame[:-1] + bytes([frame[-1] ^ 0x55]))]
        case Fault.TRUNCATED:
            return [Segment(frame[:700])]
        case Fault.SILENT:
            return []
        case _:
            return [Segment(frame)]
