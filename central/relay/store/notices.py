"""What parties published and terminals ask for."""

from __future__ import annotations

from sqlalchemy import Connection, select

from central.relay.store.schema import notices
from service.store import make_upsert


def save_notice(connection: Connection, name: str, content: bytes) -> None:
    """Keep the latest notice of a name."""
    statement = make_upsert(connection, notices).values(name=name, content=content)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"content": content}))


def load_notice(connection: Connection, name: str) -> bytes:
    """Return the latest notice of a name, b"" where there is none."""
    return connection.scalar(select(notices.c.content).where(notices.c.name == name)) or b""
