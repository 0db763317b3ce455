"""The files of the evaluation: JSON Lines whose first line says that they are synthetic, and who made them how.

Unknown fields, bad dates and numbers that are not compared are refused with line and field, never with the value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TextIO, TypeVar

from matcher.errors import InvalidPerson
from matcher.person import Listed, Person, PersonDocument, PersonName
from matcher.verdict import Verdict
from records.comparing.slips import tag_strings
from records.errors import InvalidDocument

T = TypeVar("T")
_LISTED_FIELDS = {"id", "names", "documents", "birth_date", "sex"}
_GUEST_FIELDS = {"id", "names", "document", "birth_date", "sex"}


class BadLine(Exception):
    """A line of a file is not as the format says."""

    def __init__(self, line: int, field: str) -> None:
        super().__init__(f"line {line}: {field}")
        self.line = line
        self.field = field


@dataclass(frozen=True, slots=True)
class Entry:
    """A listed person and its id."""

    id: str
    person: Listed


@dataclass(frozen=True, slots=True)
class Guest:
    """A guest and its id."""

    id: str
    person: Person


def read_file(file: TextIO, parse: Callable[[Any], T], bad: Callable[[BadLine], None] | None = None) -> Iterator[T]:
    """Yield what each line holds. `bad` is told of a line that is refused, else it ends the reading.

    Raises: BadLine; always where the first line does not say that the file is synthetic.
    """
    for number, line in enumerate(file, 1):
        if number == 1:
            require_synthetic(line)
            continue
        if not line.strip():
            continue
        try:
            yield parse_line(line, parse)
        except (InvalidPerson, InvalidDocument) as problem:
            error = BadLine(number, problem.field)
            if bad is None:
                raise error from None
            bad(error)


def require_synthetic(line: str) -> None:
    """Refuse a file whose first line is not {"synthetic": "…"}: people who exist are not to be tried here."""
    try:
        head = json.loads(line)
    except ValueError:
        head = None
    if not (isinstance(head, dict) and set(head) == {"synthetic"} and isinstance(head["synthetic"], str)):
        raise BadLine(1, "synthetic")
    if not head["synthetic"].strip():
        raise BadLine(1, "synthetic")


def parse_line(line: str, parse: Callable[[Any], T]) -> T:
    """Parse one line. Raises: InvalidPerson, InvalidDocument."""
    try:
        value = json.loads(line)
    except ValueError:
        raise InvalidPerson("json") from None
    return parse(value)


def parse_listed(value: Any) -> Entry:
    """Return a listed person. Raises: InvalidPerson, InvalidDocument."""
    _require_fields(value, _LISTED_FIELDS)
    if not isinstance(value["documents"], list):
        raise InvalidPerson("documents")
    documents = tuple(_parse_document(each) for each in value["documents"])
    person = Listed(_parse_names(value["names"]), documents, _text(value, "birth_date"), _text(value, "sex"))
    return Entry(_text(value, "id"), person)


def parse_guest(value: Any) -> Guest:
    """Return a guest. Raises: InvalidPerson, InvalidDocument."""
    _require_fields(value, _GUEST_FIELDS)
    names, document = _parse_names(value["names"]), _parse_document(value["document"])
    return Guest(_text(value, "id"), Person(names, document, _text(value, "birth_date"), _text(value, "sex")))


def _require_fields(value: Any, known: set[str]) -> None:
    if not isinstance(value, dict):
        raise InvalidPerson("json")
    odd = sorted(set(value) ^ known)
    if odd:
        raise InvalidPerson(odd[0] if odd[0] in known else "unknown field")


def _text(value: Any, field: str) -> str:
    if not isinstance(value[field], str):
        raise InvalidPerson(field)
    return str(value[field])


def _parse_names(value: Any) -> tuple[PersonName, ...]:
    if not isinstance(value, list):
        raise InvalidPerson("names")
    return tuple(_parse_name(each) for each in value)


def _parse_name(value: Any) -> PersonName:
    if isinstance(value, str):
        return PersonName(full=value)
    if not isinstance(value, dict) or not set(value) <= {"full", "surname", "given"}:
        raise InvalidPerson("names")
    if not all(isinstance(part, str) for part in value.values()):
        raise InvalidPerson("names")
    return PersonName(**value)


def _parse_document(value: Any) -> PersonDocument:
    if not isinstance(value, dict) or set(value) != {"kind", "number"}:
        raise InvalidPerson("documents")
    document = PersonDocument(_text(value, "kind"), _text(value, "number"))
    tag_strings(document.kind, document.number)
    return document


def write_match(guest: str, entry: str, verdict: Verdict) -> str:
    """Return the line of one match."""
    reasons = [
        {
            "feature": each.feature,
            "verdict": each.verdict,
            "weight": each.weight_bits,
            "text_zh": each.text_zh,
            "text_en": each.text_en,
        }
        for each in verdict.reasons
    ]
    match = {"guest": guest, "entry": entry, "verdict": verdict.verdict, "score": verdict.score, "reasons": reasons}
    return json.dumps(match, ensure_ascii=False)


def write_listed(entry: Entry) -> str:
    """Return the line of a listed person."""
    person = entry.person
    value = {
        "id": entry.id,
        "names": [_write_name(each) for each in person.names],
        "documents": [{"kind": each.kind, "number": each.number} for each in person.documents],
        "birth_date": person.birth_date,
        "sex": person.sex,
    }
    return json.dumps(value, ensure_ascii=False)


def write_guest(guest: Guest) -> str:
    """Return the line of a guest."""
    person = guest.person
    value = {
        "id": guest.id,
        "names": [_write_name(each) for each in person.names],
        "document": {"kind": person.document.kind, "number": person.document.number},
        "birth_date": person.birth_date,
        "sex": person.sex,
    }
    return json.dumps(value, ensure_ascii=False)


def _write_name(name: PersonName) -> Any:
    return name.full if name.full else {"surname": name.surname, "given": name.given}
