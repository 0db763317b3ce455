"""Faces of guests who wait for a room: in memory, until the guest waits no longer."""

from __future__ import annotations

from collections.abc import Collection

from drivers.reader import Face


class WaitingFaces:
    """The face of each guest who waits and has one, by the id they wait under. The caller holds the lock.

    A face is no part of a guest: what is registered, taken back or sent never comes near it.
    """

    def __init__(self) -> None:
        self._faces: dict[str, Face] = {}

    def put(self, pending: str, face: Face | None) -> None:
        """Keep the face of the reading that counts; a later reading without one leaves none."""
        self._faces.pop(pending, None)
        if face is not None:
            self._faces[pending] = face

    def find(self, pending: str) -> Face | None:
        """Return a guest's face, None where there is none (any more)."""
        return self._faces.get(pending)

    def keep_only(self, pending: Collection[str]) -> None:
        """Forget the faces of everybody else."""
        for gone in self._faces.keys() - set(pending):
            del self._faces[gone]
