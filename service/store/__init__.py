"""Databases of our services: engines, transactions, migrations. SQL stands here and in each party's `store`."""

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError as Outage
from sqlalchemy.exc import SQLAlchemyError as StoreError

from service.store.engine import (
    DatabaseAddressRefused,
    DatabaseTooNew,
    begin_reading,
    is_on_this_machine,
    migrate,
    open_engine,
    upgrade_database,
)
from service.store.store import Store, make_upsert

__all__ = [
    "Connection",
    "DatabaseAddressRefused",
    "DatabaseTooNew",
    "Outage",
    "Store",
    "StoreError",
    "begin_reading",
    "is_on_this_machine",
    "make_upsert",
    "migrate",
    "open_engine",
    "upgrade_database",
]
