"""Central's database: tables and queries. Nothing outside this folder writes SQL.

Times are whole seconds since 1970-01-01T00:00Z, days are numbered from that day, ids and digests are raw bytes.
"""

from central.store.base import Connection, Outage, Store, StoreError, open_store
from central.store.inspection import find_missing
from central.store.terminals import seed_terminal

__all__ = [
    "Connection",
    "Outage",
    "Store",
    "StoreError",
    "find_missing",
    "open_store",
    "seed_terminal",
]
