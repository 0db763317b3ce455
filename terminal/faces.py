"""Faces of guests who wait for a room: in memory, until the guest waits no longer."""

from __future__ import annotations

from collections.abc import Callable, Collection

from drivers.reader import Face

# A document that nobody took up again: who passes an unattended counter need not see a face. It can be read again.
KEPT_S = 600.0


class WaitingFaces:
    """The face of each guest who waits and has one, by the id they wait under. The caller holds the lock.

    A face is no part of a guest: what is registered, taken back or sent never comes near it.
    """

    def __init__(self, read_clock_s: Callable[[], float]) -> None:
        """`read_clock_s` tells the seconds since some moment, and is not set by anybody."""
        self._read_clock_s = read_clock_s
        self._faces: dict[str, tuple[Face, float]] = {}

    def put(self, pending: str, face: Face | None) -> None:
        """Keep the face of the reading that counts; a later reading without one leaves none."""
        self._faces.pop(pending, None)
        if face is not None:
            self._faces[pending] = (face, self._read_clock_s())

    def find(self, pending: str) -> Face | None:
        """Return a guest's face, None where there is none (any more)."""
        found = self._faces.get(pending)
        if found is not None and self._read_clock_s() - found[1] > KEPT_S:
            del self._faces[pending]
            return None
        return found[0] if found else None

    def keep_only(self, pending: Collection[str]) -> None:
        """Forget the faces of everybody else."""
        for gone in self._faces.keys() - set(pending):
            del self._faces[gone]
