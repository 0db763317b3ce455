"""Making terminals known, with an entry in the audit log."""

from __future__ import annotations

from central.audit import CentralAct
from central.store import Store
from central.store.terminals import Terminal, load_terminals, write_terminal
from service.audit import Audit


def make_terminal_known(store: Store, audit: Audit, actor: str, terminal: Terminal) -> None:
    """Make a terminal known, or give a known one this venue and key; a revoked one stays revoked.

    The audit log has it before. Where nothing changes nothing is written. Raises: AuditUnavailable, StoreError.
    """
    with store.reading() as connection:
        known = load_terminals(connection, [terminal.id]).get(terminal.id)
    if known is not None and (known.venue, known.key) == (terminal.venue, terminal.key):
        return
    act = CentralAct.ADD_TERMINAL if known is None else CentralAct.CHANGE_TERMINAL
    audit.write(actor, act, terminal.id.hex())
    with store.writing() as connection:
        write_terminal(connection, terminal)
