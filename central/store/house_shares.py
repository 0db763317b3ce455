"""The house shares: one for each terminal that ever asked for it."""

from __future__ import annotations

from sqlalchemy import select, update

from central.store.base import Connection
from central.store.schema import house_shares


def take_share(connection: Connection, terminal: bytes, fresh: bytes, sent_at: int) -> bytes | None:
    """Return a terminal's share; `fresh` becomes it where there is none yet.

    Return None, and change nothing, unless `sent_at` is later than that of the last request so answered. The caller
    has locked the terminal (`central.store.terminals.lock_terminals`).
    """
    mine = house_shares.c.terminal == terminal
    row = connection.execute(select(house_shares.c.share, house_shares.c.asked_at).where(mine)).one_or_none()
    if row is None:
        connection.execute(house_shares.insert().values(terminal=terminal, share=fresh, asked_at=sent_at))
        return fresh
    if sent_at <= row.asked_at:
        return None
    connection.execute(update(house_shares).where(mine).values(asked_at=sent_at))
    return bytes(row.share)
