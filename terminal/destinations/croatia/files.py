"""The files for eVisitor's "check-in by file": attributes alone, as the samples of its maker show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import quoteattr

_SCHEMAS = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
# The actions and the files name one field differently.
_RENAMED = {"BorderCrossingHr": "BorderCrossing"}
# XML 1.0 has no place for these, escaped or not.
_NO_XML = dict.fromkeys(range(32))


def write_check_ins(bodies: Sequence[Mapping[str, str]], *, edits: frozenset[str] = frozenset()) -> bytes:
    """Return the file of check-ins; `edits` are the ids of those that change one which the service has."""
    marked = [{**body, "EditOfExistingCheckIn": "true"} if body.get("ID") in edits else dict(body) for body in bodies]
    return _write("TouristCheckIn", marked)


def write_check_outs(bodies: Sequence[Mapping[str, str]]) -> bytes:
    """Return the file of check-outs."""
    return _write("TouristCheckOut", bodies)


def _write(element: str, bodies: Sequence[Mapping[str, str]]) -> bytes:
    rows = "".join(f"\t<{element} {_write_attributes(body)} />\n" for body in bodies)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<ArrayOf{element} {_SCHEMAS}>\n{rows}</ArrayOf{element}>\n'.encode()
    )


def _write_attributes(body: Mapping[str, str]) -> str:
    pairs = ((_RENAMED.get(name, name), value.translate(_NO_XML)) for name, value in body.items() if value)
    return " ".join(f"{name}={quoteattr(value)}" for name, value in pairs)
