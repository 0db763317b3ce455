"""Tables of codes: places, states, kinds of document. Public data of the service, nothing of any guest."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import msgspec

# What the form offers at once; typing more letters narrows it.
OFFERED = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the service's code, its name in the service's language, and what else the service says of it."""

    code: str
    name: str
    more: str = ""  # of a place its province; of a state its ISO 3166 alpha-3 code where the service gives it
    until: date | None = None  # the service takes the code no longer for what is later

    def is_used(self, day: date) -> bool:
        """Tell whether the code is still taken on a day."""
        return self.until is None or day <= self.until


@dataclass(frozen=True)
class Table:
    """The rows of one table, in the service's order."""

    rows: tuple[Row, ...] = ()

    @cached_property
    def _by_code(self) -> Mapping[str, Row]:
        return {row.code: row for row in self.rows}

    @cached_property
    def _folded(self) -> Sequence[tuple[str, Row]]:
        return [(fold_name(row.name), row) for row in self.rows]

    @cached_property
    def _folded_more(self) -> Mapping[str, str]:
        return {row.code: fold_name(row.more) for row in self.rows if row.more}

    def has(self, code: str) -> bool:
        """Tell whether there is such a code."""
        return code in self._by_code

    def get(self, code: str) -> Row | None:
        """Return the row of a code, or None."""
        return self._by_code.get(code)

    def find_code(self, text: str) -> str:
        """Return the code that a person means by a code or a whole name (capitals and accents aside), "" for none.

        "Name (MORE)" names one of several rows of the same name, as `label` writes them.
        """
        if text in self._by_code:
            return text
        wanted = fold_name(text)
        found = [row for folded, row in self._folded if folded == wanted or fold_name(label(row)) == wanted]
        return found[0].code if len(found) == 1 else ""

    def search(self, text: str, limit: int = OFFERED) -> list[Row]:
        """Return the rows whose name begins with `text`, then those that hold it, also in `more`; short ones first."""
        wanted = fold_name(text)
        if not wanted:
            return list(self.rows[:limit])
        first = [row for folded, row in self._folded if folded.startswith(wanted)]
        more = self._folded_more
        rest = [
            row
            for folded, row in self._folded
            if not folded.startswith(wanted) and (wanted in folded or wanted in more.get(row.code, ""))
        ]
        return [*sorted(first, key=lambda row: len(row.name)), *sorted(rest, key=lambda row: len(row.name))][:limit]

    def narrow(self, codes: Iterable[str]) -> Table:
        """Return the table of these codes alone, in their order; unknown ones are left out."""
        return Table(tuple(self._by_code[code] for code in codes if code in self._by_code))


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one destination as they were last loaded."""

    by_name: Mapping[str, Table] = field(default_factory=dict)

    def find(self, name: str) -> Table:
        """Return a table; an empty one where it was never loaded."""
        return self.by_name.get(name, Table())

    def has_all(self, names: Iterable[str]) -> bool:
        """Tell whether every one of these was loaded and has rows."""
        return all(self.find(name).rows for name in names)


def label(row: Row) -> str:
    """Return what the form shows of a row: its name, and what tells it from another of that name."""
    return f"{row.name} ({row.more})" if row.more else row.name


def fold_name(text: str) -> str:
    """Return a name without capitals, accents and punctuation, for comparing what people type."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    kept = (sign if sign.isalnum() else " " for sign in decomposed if not unicodedata.combining(sign))
    return " ".join("".join(kept).split())


def encode_tables(tables: Tables) -> bytes:
    """Return tables as they are kept on disk."""
    return msgspec.json.encode({name: table.rows for name, table in tables.by_name.items()})


def decode_tables(data: bytes) -> Tables:
    """Return tables that were kept; none where the bytes are damaged: they are loaded again."""
    try:
        rows = msgspec.json.decode(data, type=dict[str, tuple[Row, ...]])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Tables()
    return Tables({name: Table(each) for name, each in rows.items()})
