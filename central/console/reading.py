"""The audit log as an auditor of central reads it: all of it, or one act, or one actor."""

from __future__ import annotations

from collections.abc import Mapping

from central.audit import ACTS
from central.console.table import read_text
from service.pages.log_reading import list_readable, read_wanted
from service.store.audit_pages import WantedEntries

READABLE = list_readable(ACTS)


def read_entries_filter(query: Mapping[str, str]) -> WantedEntries:
    """Return what an address asks for; an act that there is not is left out."""
    act = query.get("act", "")
    return read_wanted(query, act if act in READABLE else "", read_text(query.get("actor", "")))
