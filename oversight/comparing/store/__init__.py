"""The database of oversight's own page: accounts, the audit log, and the counts that others send. Nobody is in it.

SQL of oversight's half of comparison stands in this folder alone.
"""

from oversight.comparing.store.base import Store, StoreError, open_store

__all__ = ["Store", "StoreError", "open_store"]
