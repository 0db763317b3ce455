"""What the demonstration adds to the screen: specimen cards for the simulated reader."""

from __future__ import annotations

from typing import Protocol


class DemoCards(Protocol):
    """The specimen cards lying ready beside the simulated reader. Methods may raise CounterError."""

    def list(self) -> tuple[tuple[str, str, str], ...]:
        """Return (id, label in Chinese, label in English) of each card."""

    def put(self, card: str) -> None:
        """Put a card on the reader, in place of one that may lie there."""

    def remove(self) -> None:
        """Take off whatever lies on the reader."""
