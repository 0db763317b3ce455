"""The station's database: alerts under keys of their own, accounts, the audit log. SQL stands in this folder alone."""

from station.store.base import Connection, Store, StoreError, open_store

__all__ = ["Connection", "Store", "StoreError", "open_store"]
