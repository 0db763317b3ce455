"""Central's database: tables and queries. Nothing outside this folder writes SQL.

Times are whole seconds since 1970-01-01T00:00Z, days are numbered from that day, ids and digests are raw bytes.
"""

from central.store.base import Connection, Store, StoreError, open_store
from central.store.fleet import list_terminals  # also: its tables are known before the first database is opened
from central.store.terminals import seed_terminal

__all__ = ["Connection", "Store", "StoreError", "list_terminals", "open_store", "seed_terminal"]
