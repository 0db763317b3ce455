"""Taking a terminal's next signing key, and ending the one before: the terminal does both by itself.

    present ──(renewal, signed by both keys)──► present + coming ──(confirmation, by the new key)──► ended + present

Between the two both are taken, so that no answer that is lost costs a guest. A key that has ended is good for nothing,
and whoever uses one is a security event: an old copy of the disk, or a stolen key.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from central.audit import RENEWING, CentralAct
from central.store import Connection, Store
from central.store.standing import add_security_event
from central.store.terminal_keys import (
    KeyRow,
    KeyStanding,
    add_key,
    end_key,
    list_keys,
    make_present,
)
from central.store.terminals import Terminal, load_terminals, lock_terminals
from records.errors import BadSignature
from records.receipt import RefusalReason
from records.renewal import KeyConfirmation, KeyRenewal, open_renewal, verify_confirmation
from service.audit import Audit

KEY_CONFLICT = "key conflict"
# Nobody needs a new key so often, and each is written into the audit log for good.
LEAST_APART_S = 600


class _Verdict(Enum):
    """What is to be done with a renewal that is not refused."""

    NEW = "new"
    KNOWN = "known"  # it was taken before


class TooSoon(Exception):
    """The key was renewed a moment ago. Please wait."""


def take_renewal(store: Store, audit: Audit, renewal: KeyRenewal, now: datetime) -> RefusalReason | None:
    """Take a key that is to follow the present one; None when it was, also the second time. `now` is aware.

    Raises: TooSoon, AuditUnavailable, StoreError.
    """
    now_s = int(now.timestamp())
    with store.reading() as connection:
        verdict = _judge(connection, renewal, load_terminals(connection, [renewal.terminal]), now_s)
    if verdict is RefusalReason.SEQUENCE_CONFLICT:
        with store.writing() as connection:
            add_security_event(connection, KEY_CONFLICT, renewal.terminal, renewal.number, now_s)
    if verdict is not _Verdict.NEW:
        return verdict if isinstance(verdict, RefusalReason) else None
    audit.write(RENEWING, CentralAct.RENEW_KEY, _describe(renewal))
    with store.writing() as connection:
        known = lock_terminals(connection, [renewal.terminal])
        verdict = _judge(connection, renewal, known, now_s)
        if verdict is _Verdict.NEW:
            _add(connection, known[renewal.terminal], renewal, now_s)
    return verdict if isinstance(verdict, RefusalReason) else None


def take_confirmation(store: Store, audit: Audit, confirmation: KeyConfirmation, now: datetime) -> RefusalReason | None:
    """End the present key for the one that was to come; None when it was done, also the second time.

    `now` is aware. Raises: AuditUnavailable, StoreError.
    """
    with store.reading() as connection:
        known = load_terminals(connection, [confirmation.terminal])
        found = _find_confirmed(connection, confirmation, known)
    if isinstance(found, RefusalReason):
        return found
    if found.standing != KeyStanding.COMING:
        return None
    audit.write(RENEWING, CentralAct.END_KEY, f"{confirmation.terminal.hex()} {found.number - 1}")
    with store.writing() as connection:
        found = _find_confirmed(connection, confirmation, lock_terminals(connection, [confirmation.terminal]))
        if isinstance(found, RefusalReason):
            return found
        if found.standing == KeyStanding.COMING:
            end_key(connection, found.terminal, found.number - 1, int(now.timestamp()))
            make_present(connection, found)
    return None


def _judge(
    connection: Connection, renewal: KeyRenewal, known: dict[bytes, Terminal], now_s: int
) -> RefusalReason | _Verdict:
    """Return why a renewal is refused, or whether it is new. Raises: TooSoon."""
    terminal = known.get(renewal.terminal)
    if terminal is None:
        return RefusalReason.UNKNOWN_TERMINAL
    rows = list_keys(connection, renewal.terminal)
    if terminal.key != renewal.old and not any(each.renewal == renewal.data for each in rows):
        return RefusalReason.BAD_SIGNATURE
    if terminal.state.refusal is not None:
        return terminal.state.refusal
    if any(each.renewal == renewal.data and each.standing != KeyStanding.ENDED for each in rows):
        return _Verdict.KNOWN
    if terminal.key != renewal.old:
        return RefusalReason.BAD_SIGNATURE  # of a key that has ended since
    present = rows[-1] if rows else None
    if present is not None and present.standing == KeyStanding.COMING:
        return RefusalReason.SEQUENCE_CONFLICT  # two machines, or two copies of one, each with a key of its own
    if renewal.number != (present.number if present else 1) + 1:
        return RefusalReason.SEQUENCE_CONFLICT
    if any(each.public_key == renewal.new.data for each in rows):
        return RefusalReason.BAD_SIGNATURE  # a key that has ended stays so
    if present is not None and now_s - present.since < LEAST_APART_S:
        raise TooSoon
    return _Verdict.NEW


def _find_confirmed(
    connection: Connection, confirmation: KeyConfirmation, known: dict[bytes, Terminal]
) -> KeyRow | RefusalReason:
    """Return the key that a confirmation is about, or why it is refused."""
    terminal = known.get(confirmation.terminal)
    if terminal is None:
        return RefusalReason.UNKNOWN_TERMINAL
    for row in list_keys(connection, confirmation.terminal):
        if row.renewal is None or row.standing == KeyStanding.ENDED:
            continue
        try:
            verify_confirmation(confirmation, open_renewal(row.renewal))
        except BadSignature:
            continue
        return terminal.state.refusal or row
    return RefusalReason.BAD_SIGNATURE


def _add(connection: Connection, terminal: Terminal, renewal: KeyRenewal, now_s: int) -> None:
    if not list_keys(connection, terminal.id):
        add_key(connection, KeyRow(terminal.id, 1, terminal.key.data, KeyStanding.PRESENT.value, 0, None))
    new = KeyRow(
        terminal.id, renewal.number, renewal.new.data, KeyStanding.COMING.value, now_s, None, renewal.data
    )  # fmt: skip
    add_key(connection, new)


def _describe(renewal: KeyRenewal) -> str:
    return f"{renewal.terminal.hex()} {renewal.number} {renewal.new.key_id.hex()}"
