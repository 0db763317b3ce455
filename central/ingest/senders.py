"""Whose envelopes these are: parsing, and checking signatures before the database is locked."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from central.ingest.ledger import is_taken, number_of
from central.limits import RefusalBudget
from central.parts import Clock, read_clock
from central.store import Store
from central.store.deliveries import load_answers, load_runs
from central.store.standing import add_security_event
from central.store.terminal_keys import find_ended
from central.store.terminals import Terminal, load_senders
from records.delivery import Item
from records.envelope import MAX_ENVELOPE_BYTES, Envelope, parse_envelope, verify_envelope
from records.errors import BadSignature, MalformedBytes
from records.receipt import RefusalReason
from records.suite import VerifyKey

ENDED_KEY = "ended key"
# Whoever forges a terminal's name makes central look its key up so often and no more.
LOOK_AGAIN_S = 1.0


class Senders:
    """The terminals as this process last saw them.

    For their keys alone: venue, standing and key are looked at again where an envelope is judged.
    """

    def __init__(
        self, store: Store, clock: Clock = read_clock, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._clock, self._monotonic = store, clock, monotonic
        self._looked_again_s: dict[bytes, float] = {}
        self._known: dict[bytes, Terminal] = {}  # as many as there are terminals
        self.refusals = RefusalBudget()

    def check_items(self, items: list[Item]) -> list[tuple[Envelope, Terminal] | RefusalReason | None]:
        """Return each item's envelope and sender, or why it is refused, before anything is known of its number.

        None: its signature is wrong by the key that was looked up a moment ago, and right perhaps by a newer one.

        Raises: StoreError.
        """
        parsed = [_parse_item(item.data) for item in items]
        self._load({each.header.terminal for each in parsed if isinstance(each, Envelope)} - self._known.keys())
        return [each if isinstance(each, RefusalReason) else self._check(each) for each in parsed]

    def _check(self, envelope: Envelope) -> tuple[Envelope, Terminal] | RefusalReason | None:
        terminal = self._known.get(envelope.header.terminal)
        if terminal is None:
            return RefusalReason.UNKNOWN_TERMINAL
        if is_signed_by(envelope, terminal):
            return envelope, terminal
        # It may have been given another key since this process looked.
        now_s = self._monotonic()
        if now_s - self._looked_again_s.get(terminal.id, float("-inf")) < LOOK_AGAIN_S:
            return None
        self._looked_again_s[terminal.id] = now_s
        self._load({terminal.id})
        latest = self._known[terminal.id]
        if is_signed_by(envelope, latest):
            return envelope, latest
        self._note_ended(envelope)
        return RefusalReason.BAD_SIGNATURE

    def _note_ended(self, envelope: Envelope) -> None:
        """Tell where a key that has ended was used: an old copy of a disk, or a thief."""
        header, number = envelope.header, number_of(envelope.header)
        with self._store.reading() as connection:
            key = find_ended(connection, header.terminal, header.terminal_key)
            answered = load_answers(connection, [number]).get(number)
            was_taken = is_taken(load_runs(connection, [number]), number)
        # What was accepted when the key was good may be anybody's who sends it again: guests have theirs.
        is_old = was_taken and (answered is None or answered.digest == envelope.digest)
        if key is not None and not is_old and _is_by(envelope, key):
            with self._store.writing() as connection:
                add_security_event(connection, ENDED_KEY, header.terminal, 0, int(self._clock().timestamp()))

    def _load(self, ids: Collection[bytes]) -> None:
        if ids:
            with self._store.reading() as connection:
                self._known.update(load_senders(connection, sorted(ids)))


def is_signed_by(envelope: Envelope, terminal: Terminal) -> bool:
    """Tell whether a key of the terminal made the signature: its present one, or the one that is to follow."""
    key = terminal.find_key(envelope.header.terminal_key)
    return key is not None and _is_by(envelope, key)


def _is_by(envelope: Envelope, key: VerifyKey) -> bool:
    try:
        verify_envelope(envelope, key)
    except BadSignature:
        return False
    return True


def read_sender(data: bytes) -> bytes:
    """Return the terminal that an envelope names, nothing of it verified; b"" where its form is wrong."""
    parsed = _parse_item(data)
    return parsed.header.terminal if isinstance(parsed, Envelope) else b""


def _parse_item(data: bytes) -> Envelope | RefusalReason:
    if len(data) > MAX_ENVELOPE_BYTES:
        return RefusalReason.TOO_LARGE
    try:
        return parse_envelope(data)
    except MalformedBytes:
        return RefusalReason.MALFORMED
