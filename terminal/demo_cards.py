"""The specimen cards of the demonstration, put on the simulated reader through its control socket."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.errors import SimulatorGone
from drivers.sim.control import send_control
from terminal.state import CounterError


@dataclass(frozen=True, slots=True)
class SimulatorCards:
    """The cards lying ready beside the simulated reader at `socket`."""

    socket: Path

    def list(self) -> tuple[tuple[str, str, str], ...]:
        """Return (id, label in Chinese, label in English) of each card. Raises: CounterError."""
        cards = self._send({"command": "list"})["specimens"]
        return tuple((card["id"], card["zh"], card["en"]) for card in cards)

    def put(self, card: str) -> None:
        """Put a card on the reader, in place of one that may lie there. Raises: CounterError."""
        self._send({"command": "put", "specimen": card})

    def remove(self) -> None:
        """Take off whatever lies on the reader. Raises: CounterError."""
        self._send({"command": "remove"})

    def _send(self, command: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = send_control(self.socket, command)
        except SimulatorGone as error:
            raise CounterError(error.code) from None
        if not answer.get("ok"):
            raise CounterError(str(answer.get("error", "bad_command")))
        return answer
