"""What administrators do with terminals that are known: each act is in the audit log before it is done.

One person alone may shut a terminal out; to let it in again, or to make a new one known, takes two
(`central.enrolment`, `central.two_people`). `TerminalState` names the states.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from central.audit import CentralAct
from central.errors import ActRefused
from central.parts import Clock
from central.store import Store
from central.store.gaps import list_gaps, settle_gap
from central.store.standing import (
    LiftRequest,
    drop_lift_request,
    find_event_terminal,
    load_lift_request,
    write_lift_request,
    write_settled,
)
from central.store.terminal_keys import drop_coming
from central.store.terminals import (
    Terminal,
    TerminalState,
    change_state,
    load_terminals,
    revoke_terminal,
    write_terminal,
)
from central.two_people import TwoPeople
from service.audit import Audit

LIFT_LASTS = timedelta(hours=24)


class EventFinding(StrEnum):
    """What somebody found who looked into a security event."""

    RESTORED = "restored"  # the house, or whoever serves it, put an old copy of its disk back
    COPIED = "copied"  # its disk or its key is, or was, used a second time
    OTHER = "other"


def make_terminal_known(store: Store, audit: Audit, actor: str, terminal: Terminal) -> None:
    """Make a terminal known, or give a known one this venue and key; its state stays.

    For the demonstration, and for whoever has the machine: administrators enrol. The audit log has it before. Where
    nothing changes nothing is written. Raises: AuditUnavailable, StoreError.
    """
    with store.reading() as connection:
        known = load_terminals(connection, [terminal.id]).get(terminal.id)
    if known is not None and (known.venue, known.key) == (terminal.venue, terminal.key):
        return
    act = CentralAct.ADD_TERMINAL if known is None else CentralAct.CHANGE_TERMINAL
    audit.write(actor, act, terminal.id.hex())
    with store.writing() as connection:
        write_terminal(connection, terminal)


def withdraw_terminal(store: Store, audit: Audit, actor: str, terminal: bytes) -> bool:
    """Accept nothing more from a terminal, for good; False when there is none of this id.

    The audit log has it before. Raises: AuditUnavailable, StoreError.
    """
    with store.reading() as connection:
        known = load_terminals(connection, [terminal]).get(terminal)
    if known is None:
        return False
    if not known.state.is_final:
        audit.write(actor, CentralAct.REVOKE_TERMINAL, terminal.hex())
        with store.writing() as connection:
            revoke_terminal(connection, terminal)
            drop_lift_request(connection, terminal)
    return True


def suspend_terminal(store: Store, audit: Audit, actor: str, terminal: bytes) -> None:
    """Accept nothing from a terminal until two administrators lift it; what waits there is sent later.

    Raises: ActRefused(not_in_state), AuditUnavailable, StoreError.
    """
    _require_state(store, terminal, TerminalState.ACTIVE)
    audit.write(actor, CentralAct.SUSPEND_TERMINAL, terminal.hex())
    with store.writing() as connection:
        # A request from before this suspension is not one to lift it.
        drop_lift_request(connection, terminal)
        if not change_state(connection, terminal, TerminalState.SUSPENDED, among={TerminalState.ACTIVE}):
            raise ActRefused("not_in_state")


@dataclass(frozen=True, slots=True)
class Suspensions:
    """Lifting a suspension: one administrator asks, another one does it."""

    store: Store
    audit: Audit
    two_people: TwoPeople
    clock: Clock

    def ask_to_lift(self, by: str, terminal: bytes) -> None:
        """Ask a second administrator to lift a suspension. Raises: ActRefused(not_in_state, asked_already)."""
        _require_state(self.store, terminal, TerminalState.SUSPENDED)
        if self.find_request(terminal) is not None:
            # A second one in its place would let whoever asks last choose whose request is confirmed.
            raise ActRefused("asked_already")
        self.audit.write(by, CentralAct.ASK_TO_LIFT, terminal.hex())
        with self.store.writing() as connection:
            write_lift_request(connection, terminal, LiftRequest(by, self._now()))

    def find_request(self, terminal: bytes) -> LiftRequest | None:
        """Return the request that waits for a second person; after a day it is none."""
        with self.store.reading() as connection:
            found = load_lift_request(connection, terminal)
        if found is None or abs(self._now() - found.asked_at) > LIFT_LASTS.total_seconds():
            return None
        return found

    def lift(self, by: str, terminal: bytes) -> None:
        """Accept what a suspended terminal sends again.

        Raises: ActRefused(not_in_state, not_asked, same_person, not_enabled, not_independent, too_new).
        """
        _require_state(self.store, terminal, TerminalState.SUSPENDED)
        asked = self.find_request(terminal)
        if asked is None:
            raise ActRefused("not_asked")
        self.two_people.require_second(asked.asked_by, asked.asked_at, by)
        self.audit.write(by, CentralAct.LIFT_SUSPENSION, terminal.hex())
        with self.store.writing() as connection:
            # The very request that was judged: another may have been made, or a suspension begun anew, meanwhile.
            if load_lift_request(connection, terminal) != asked or not drop_lift_request(connection, terminal):
                raise ActRefused("not_asked")
            self.two_people.judge_second(connection, asked.asked_by, asked.asked_at, by, lock=True)
            if not change_state(connection, terminal, TerminalState.ACTIVE, among={TerminalState.SUSPENDED}):
                raise ActRefused("not_in_state")

    def _now(self) -> int:
        return int(self.clock().timestamp())


def settle_event(
    store: Store, audit: Audit, actor: str, terminal: bytes, event: int, finding: EventFinding, now_s: int
) -> None:
    """Keep what somebody found about a security event. A copied disk suspends its terminal.

    Raises: ActRefused(gone), AuditUnavailable, StoreError.
    """
    with store.reading() as connection:
        if find_event_terminal(connection, event) != terminal:
            raise ActRefused("gone")
        known = load_terminals(connection, [terminal]).get(terminal)
    audit.write(actor, CentralAct.SETTLE_EVENT, f"{terminal.hex()} {event} {finding.value}")
    if finding is EventFinding.COPIED and known is not None and known.state is TerminalState.ACTIVE:
        # Before the event is settled: nobody must believe that something was done that was not.
        suspend_terminal(store, audit, actor, terminal)
    with store.writing() as connection:
        if not write_settled(connection, event, finding.value, actor, now_s):
            raise ActRefused("gone")
        if finding is EventFinding.RESTORED:
            # The key that was to come went with the disk; the terminal makes another one by itself.
            drop_coming(connection, terminal)


def account_for_gap(
    store: Store, audit: Audit, actor: str, terminal: bytes, generation: int, missing: int, now_s: int
) -> None:
    """Note that somebody knows what became of the numbers that are missing, and that none of them will come.

    Raises: ActRefused(gone) where it is another number by now, AuditUnavailable, StoreError.
    """
    with store.reading() as connection:
        found = [each for each in list_gaps(connection, terminal) if each.generation == generation]
    if not found or found[0].missing != missing or not found[0].is_open:
        raise ActRefused("gone")
    audit.write(actor, CentralAct.SETTLE_GAP, f"{terminal.hex()} {generation} {missing}")
    with store.writing() as connection:
        if not settle_gap(connection, terminal, generation, missing, actor, now_s):
            raise ActRefused("gone")


def _require_state(store: Store, terminal: bytes, state: TerminalState) -> None:
    with store.reading() as connection:
        known = load_terminals(connection, [terminal]).get(terminal)
    if known is None or known.state is not state:
        raise ActRefused("not_in_state")
