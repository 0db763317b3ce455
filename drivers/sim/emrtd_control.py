"""A virtual slot that is told by a socket which card lies in it: the commands of `drivers.sim.control`.

{"command": "put", "specimen": "chip-bac"}   {"command": "remove"}   {"command": "list"}
{"command": "unplug"}                        {"command": "plug"}
{"command": "fault", "name": "mute"}         name "none" clears; a fault lasts until the card is lifted
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from drivers.card import SlotDown, SlotEvent
from drivers.errors import ReaderForbidden
from drivers.sim.control import Answer, BadCommand, Command, open_control, serve_control
from drivers.sim.emrtd_slot import ChipFault, SimulatedSlot
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS


class ControlledSlot:
    """`slot` under the commands that come to the socket `control`. `drivers.card.CardSlot`."""

    def __init__(self, slot: SimulatedSlot, control: Path) -> None:
        self._slot, self._control = slot, control
        self._is_closed = threading.Event()

    def events(self) -> Iterator[SlotEvent]:
        """Yield what happens at the slot; the socket is there as long."""
        try:
            listener = open_control(self._control)
        except OSError:
            yield SlotDown(ReaderForbidden())
            self._is_closed.wait()
            return
        ended = threading.Event()
        commands = threading.Thread(
            target=serve_control, args=(listener, partial(obey_chip_command, self._slot), ended), name="chip-control"
        )
        commands.start()
        try:
            yield from self._slot.events()
        finally:
            ended.set()
            commands.join()
            listener.close()
            self._control.unlink(missing_ok=True)

    def close(self) -> None:
        """End `events()` at once."""
        self._is_closed.set()
        self._slot.close()


def obey_chip_command(slot: SimulatedSlot, command: Command) -> Answer:
    """Do what `command` says and return the reply's members beside `ok`. Raises: BadCommand."""
    match command.get("command"):
        case "put":
            specimen = command.get("specimen")
            if not isinstance(specimen, str) or specimen not in CHIP_SPECIMENS:
                raise BadCommand("unknown_specimen")
            slot.put(specimen)
        case "remove":
            slot.remove()
        case "fault":
            slot.set_fault(_read_fault(command.get("name")))
        case "unplug":
            slot.set_plugged(False)
        case "plug":
            slot.set_plugged(True)
        case "list":
            labels = [{"id": chip.id, "zh": chip.label_zh, "en": chip.label_en} for chip in CHIP_SPECIMENS.values()]
            return {"specimens": labels, "present": slot.card_id, "fault": slot.fault, "faults": list(ChipFault)}
        case _:
            raise BadCommand
    return {}


def _read_fault(name: object) -> ChipFault | None:
    try:
        return None if name == "none" else ChipFault(str(name))
    except ValueError:
        raise BadCommand("unknown_fault") from None
