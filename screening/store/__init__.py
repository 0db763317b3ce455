"""The office's database: decisions, officers' acts, hashes of handles, suppressions, counts. Nothing of any guest."""

from screening.store.base import Connection, Store, StoreError, open_screening_store

__all__ = ["Connection", "Store", "StoreError", "open_screening_store"]
