"""The requests that the privacy office holds, each under a key of its own that is erased with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from oversight.redress.errors import AnotherText, InOtherHands, NoRoom, NotReadable, RequestUnknown
from oversight.redress.states import DELETE_AFTER, ENDED, MAY_FOLLOW, OPEN, TOMBSTONE_LASTS, Reason, State
from oversight.store import Store
from oversight.store.requests import (
    RequestRow,
    change_request,
    delete_tombstones,
    insert_request,
    list_requests,
    list_slots,
    load_request,
)
from records import suite
from records.erasable import ErasableKeys, require_overwriting
from records.errors import CannotOpen, MalformedBytes
from records.privacy_key import PrivacySecretKey
from records.requests import Answer, GuestRequest, SealedRequest, open_request, seal_answer
from records.suite import KEY_BYTES, make_context

SLOTS = 4096


@dataclass(frozen=True, slots=True)
class RequestBook:
    """Receives, shows, takes, answers, closes and deletes requests. One process at a time has it open."""

    store: Store
    slots: ErasableKeys
    keys: Mapping[bytes, PrivacySecretKey] = field(repr=False)  # by the key id of the hybrid half
    clock: Callable[[], datetime]
    turn: threading.Lock = field(default_factory=threading.Lock, repr=False)  # for the choice of a slot

    def receive(self, sealed: SealedRequest) -> RequestRow:
        """Commit a request to the disk and return it; the same one again is the same.

        Raises: AnotherText, NoRoom, NotReadable for a key that the office does not have, StoreError.
        """
        if sealed.key_id not in self.keys:
            raise NotReadable
        with self.turn:
            kept = self.find(sealed.request)
            if kept is not None:
                return _require_same(kept, sealed)
            slot = self.slots.find_empty()
            if slot is None:
                raise NoRoom
            # The key first: a row whose key was lost would be a request that was lost. A key whose row was not
            # committed locks nothing, and goes at the next start.
            key = os.urandom(KEY_BYTES)
            self.slots.write(slot, key)
            locked = _lock(key, "kept request", sealed.request, sealed.to_bytes())
            row = RequestRow(sealed.request, sealed.mark, State.RECEIVED, self._now(), slot, locked)
            with self.store.writing() as connection:
                insert_request(connection, row)
        return row

    def find(self, request: bytes) -> RequestRow | None:
        """Return a request by its id, also what is left of a deleted one."""
        with self.store.reading() as connection:
            return load_request(connection, request)

    def list_open(self) -> list[RequestRow]:
        """Return what waits for an answer, the nearest deadline first."""
        return self._list(OPEN)

    def list_ended(self) -> list[RequestRow]:
        """Return what was answered or closed and is not deleted, the last one first."""
        return sorted(self._list(ENDED), key=lambda row: row.ended_at or 0, reverse=True)

    def open(self, row: RequestRow) -> GuestRequest:
        """Return what the guest wrote. Raises: NotReadable, RequestUnknown when it was deleted."""
        data = self._unlock(row, "kept request", row.locked)
        try:
            sealed = SealedRequest.from_bytes(data)
            return open_request(sealed, self.keys[sealed.key_id])
        except (CannotOpen, MalformedBytes, KeyError):
            raise NotReadable from None

    def find_sealed_answer(self, row: RequestRow) -> bytes | None:
        """Return the answer, sealed for the guest; None where there is none (any more)."""
        if row.locked_answer is None:
            return None
        try:
            return self._unlock(row, "kept answer", row.locked_answer)
        except RequestUnknown:
            return None

    def take(self, request: bytes, officer: str, *, held_by: str = "") -> None:
        """Take a request that nobody has, or that is in the hands of `held_by`. Raises: InOtherHands."""
        values = {"state": State.TAKEN, "holder": officer, "taken_at": self._now()}
        self._change(request, State.TAKEN, held_by, values)

    def answer(self, request: bytes, officer: str, text: str, *, is_correction: bool) -> None:
        """Seal an answer for the guest and keep it.

        Raises: InOtherHands, RequestUnknown, NotReadable, MalformedBytes("answer") for an empty or too long text.
        """
        row = self.find(request)
        if row is None:
            raise RequestUnknown
        asked = self.open(row)
        answer = Answer(text, is_correction, self.clock().date())
        sealed = seal_answer(answer, request, asked.answer_key)
        key = self.slots.read(row.slot) if row.slot is not None else None
        if key is None:
            raise RequestUnknown
        locked = _lock(key, "kept answer", request, sealed)
        values = {"state": State.ANSWERED, "ended_at": self._now(), "locked_answer": locked}
        self._change(request, State.ANSWERED, officer, values)

    def close(self, request: bytes, officer: str, reason: Reason) -> None:
        """End a request that has no answer. Raises: InOtherHands."""
        values = {"state": State.CLOSED, "ended_at": self._now(), "reason": reason}
        self._change(request, State.CLOSED, officer, values)

    def list_due(self) -> list[RequestRow]:
        """Return what is to be deleted now."""
        before = self._now() - int(DELETE_AFTER.total_seconds())
        return [row for row in self.list_ended() if (row.ended_at or 0) <= before]

    def delete(self, row: RequestRow) -> None:
        """Erase a request's key, and leave a tombstone. Done again after a power cut, it does what was left undone."""
        if row.slot is not None:
            self.slots.destroy(row.slot)
        values = {
            "state": State.DELETED, "deleted_at": self._now(), "slot": None, "locked": None, "locked_answer": None,
            "holder": "",
        }  # fmt: skip
        with self.turn:
            with self.store.writing() as connection:
                change_request(connection, row.id, MAY_FOLLOW[State.DELETED], row.holder, values)
            if row.slot is not None:
                self.slots.release(row.slot)
        self.store.truncate_log()

    def forget_tombstones(self) -> int:
        """Remove tombstones that have lasted their year; return how many."""
        with self.store.writing() as connection:
            return delete_tombstones(connection, self._now() - int(TOMBSTONE_LASTS.total_seconds()))

    def release_unused(self) -> int:
        """Free the slots that no request uses: a process died before its commit. Only before any is received."""
        with self.store.reading() as connection:
            used = list_slots(connection)
        unused = [each for each in (*self.slots.list_live(), *self.slots.list_destroyed()) if each not in used]
        for slot in unused:
            self.slots.release(slot)
        return len(unused)

    def _list(self, states: frozenset[State]) -> list[RequestRow]:
        with self.store.reading() as connection:
            return list_requests(connection, states)

    def _change(self, request: bytes, state: State, holder: str, values: Mapping[str, object]) -> None:
        # One statement decides who was first.
        with self.store.writing() as connection:
            if change_request(connection, request, MAY_FOLLOW[state], holder, values):
                return
            row = load_request(connection, request)
        raise InOtherHands(row.holder if row else "")

    def _unlock(self, row: RequestRow, use: str, locked: bytes | None) -> bytes:
        key = self.slots.read(row.slot) if row.slot is not None else None
        if key is None or locked is None:
            raise RequestUnknown
        try:
            salt = locked[:KEY_BYTES]
            return suite.decrypt_once(_derive(key, use, salt), locked[KEY_BYTES:], make_context(use, row.id))
        except CannotOpen:
            raise NotReadable from None

    def _now(self) -> int:
        return int(self.clock().timestamp())


def open_slots(path: Path, *, any_file_system: bool) -> ErasableKeys:
    """Open the key file, or make it the first time. Raises: KeyFileRefused, OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not any_file_system:
        require_overwriting(path.parent)
    if not path.exists():
        return ErasableKeys.create(path, 0, SLOTS, any_file_system=any_file_system)
    return ErasableKeys.load(path)


def _require_same(kept: RequestRow, sealed: SealedRequest) -> RequestRow:
    # A line that broke after the commit brings the same text again, sealed anew.
    if kept.mark != sealed.mark:
        raise AnotherText
    return kept


def _lock(key: bytes, use: str, request: bytes, data: bytes) -> bytes:
    salt = os.urandom(KEY_BYTES)
    return salt + suite.encrypt_once(_derive(key, use, salt), data, make_context(use, request))


def _derive(key: bytes, use: str, salt: bytes) -> bytes:
    return suite.derive_key(key, salt, make_context(use))
