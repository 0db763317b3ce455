"""The privacy office's database: guests' requests, accounts, the audit log. Nothing outside this folder writes SQL."""

from oversight.store.base import Store, StoreError, open_store

__all__ = ["Store", "StoreError", "open_store"]
