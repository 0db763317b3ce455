"""The house shares: one for each terminal that ever asked for it."""

from __future__ import annotations

from sqlalchemy import select, update

from central.store.base import Connection
from central.store.schema import house_shares


def was_asked(connection: Connection, terminal: bytes, sent_at: int) -> bool:
    """Tell whether a request sent at that time, or later, was answered with this terminal's share."""
    asked = select(house_shares.c.terminal).where(house_shares.c.terminal == terminal)
    return connection.execute(asked.where(house_shares.c.asked_at >= sent_at)).first() is not None


def take_share(connection: Connection, terminal: bytes, fresh: bytes, sent_at: int) -> bytes:
    """Return a terminal's share, asked for at `sent_at`; `fresh` becomes it where there is none yet.

    The caller has locked the terminal (`central.store.terminals.lock_terminals`) and found that the request is new.
    """
    mine = house_shares.c.terminal == terminal
    share = connection.execute(select(house_shares.c.share).where(mine)).scalar_one_or_none()
    if share is None:
        connection.execute(house_shares.insert().values(terminal=terminal, share=fresh, asked_at=sent_at))
        return fresh
    connection.execute(update(house_shares).where(mine).values(asked_at=sent_at))
    return bytes(share)
