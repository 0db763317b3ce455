"""Queries of courts that are quiet, and of which of their silences was reviewed."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from screening.store.schema import quiet_courts
from service.store import make_upsert


def keep_notice(connection: Connection, court: str, notice: int) -> bool:
    """Write down that a court is quiet since its notice of this number; False for one that is known or older."""
    statement = make_upsert(connection, quiet_courts)
    is_later = quiet_courts.c.notice < statement.excluded.notice
    later = statement.values(court=court, notice=notice, reviewed=0).on_conflict_do_update(
        index_elements=["court"], set_={"notice": statement.excluded.notice}, where=is_later
    )
    return connection.execute(later).rowcount == 1


def answer_notice(connection: Connection, court: str, notice: int) -> bool:
    """Write down that a court's latest notice was reviewed; False where this is another one, or was answered.

    The review of the next silence may come before its notice, for letters have no order: then that notice is answered.
    """
    query = select(quiet_courts.c.notice, quiet_courts.c.reviewed).where(quiet_courts.c.court == court)
    row = connection.execute(query).one_or_none()
    last, reviewed = (0, 0) if row is None else (row.notice, row.reviewed)
    if notice - 1 == last == reviewed:
        keep_notice(connection, court, notice)
    is_asked = (quiet_courts.c.court == court) & (quiet_courts.c.notice == notice) & (quiet_courts.c.reviewed < notice)
    return connection.execute(update(quiet_courts).where(is_asked).values(reviewed=notice)).rowcount == 1


def list_quiet_courts(connection: Connection) -> frozenset[str]:
    """Return the courts whose latest notice nobody has answered."""
    is_quiet = quiet_courts.c.notice > quiet_courts.c.reviewed
    return frozenset(connection.scalars(select(quiet_courts.c.court).where(is_quiet)))
