"""A list that the court's registry brings, as CSV or a spreadsheet: unsigned drafts, one file a decision, or errors.

Everything wrong is told with line, field and what to do, and never with what stands there: a name or number belongs on
no screen beside an error. Each line becomes a decision by the same rules as a single draft; only specimens do.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from oversight.comparing.deciding import compose_decision
from oversight.comparing.errors import DraftRefused
from oversight.comparing.import_columns import find_columns
from oversight.errors import FileRefused
from oversight.keys import write_private
from records.comparing import texts
from records.comparing.acts import Act, describe_act
from records.comparing.decision_rules import MAX_DOCUMENTS, MAX_NAMES
from records.comparing.decisions import Decision, describe_kind, draft_text
from records.comparing.errors import DecisionFault, DecisionRefused
from records.documents import DocumentKind
from service.sheets import Cell, CellForm, SheetRefused, SheetRow, read_rows, restore

# A person signs each of them; who has more brings another file.
MOST_DECISIONS = 2_000
MOST_CELL = 200
DRAFT_SUFFIX = ".draft"
_DAYS = ("decided_on", "valid_until", "born")
# A program that took these for figures has perhaps dropped a zero at the front.
_FIGURES = ("sex", "kind")
_SEXES = {"1": "1", "2": "2", "男": "1", "女": "2", "male": "1", "female": "2", "m": "1", "f": "2"}
_ACTS = {word.lower(): str(act) for act in Act for word in (str(act), *describe_act(act))}
_KINDS = {word.lower(): str(kind) for kind in DocumentKind for word in (str(kind), *describe_kind(kind)) if word}
# Where a fault of the whole decision is to be looked for.
_FIELD_OF = {
    DecisionFault.NUMBER: "number", DecisionFault.NOT_YET: "decided_on", DecisionFault.ACT: "act",
    DecisionFault.ESCAPED_FROM: "escaped_from", DecisionFault.VALIDITY: "valid_until",
    DecisionFault.EXPIRED: "valid_until", DecisionFault.NAMES: "name", DecisionFault.MINOR: "born",
    DecisionFault.BIRTH_DATE: "born", DecisionFault.SEX: "sex", DecisionFault.KIND: "kind",
    DecisionFault.ISSUING_STATE: "issuing_state", DecisionFault.DOCUMENTS: "document",
    DecisionFault.DOCUMENT_NUMBER: "document", DecisionFault.CONTRADICTION: "document",
    DecisionFault.NOT_A_SPECIMEN: "document",
}  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong in a line: which field, and a code that has words. Never what stands there."""

    line: int
    field: str
    code: str
    other_line: int = 0  # of what repeats another line


@dataclass(frozen=True, slots=True)
class ImportedDraft:
    """A decision of one line."""

    line: int
    decision: Decision = field(repr=False)

    @property
    def file_name(self) -> str:
        """Line and file number; nothing of the person."""
        kept = "".join(each if each.isalnum() else "-" for each in self.decision.number)[:40]
        return f"{self.line:05}-{'-'.join(filter(None, kept.split('-')))}{DRAFT_SUFFIX}"


@dataclass(frozen=True, slots=True)
class ImportedList:
    """What a file holds."""

    drafts: tuple[ImportedDraft, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def import_list(data: bytes, *, jurisdiction: str, court: str, today: date) -> ImportedList:
    """Read a list. Nothing is written. Raises: SheetRefused for a file that is no list at all."""
    rows = read_rows(data, MOST_DECISIONS + 1)
    head = next(rows, None)
    if head is None:
        raise SheetRefused("empty")
    columns = find_columns([cell.text for cell in head.cells])
    drafts: list[ImportedDraft] = []
    problems: list[Problem] = []
    for row in rows:
        raw, wrong = _read_row(row, columns)
        if not wrong:
            try:
                made = compose_decision(raw, jurisdiction=jurisdiction, court=court, today=today)
                drafts.append(ImportedDraft(row.line, made))
            except DecisionRefused as error:
                wrong = [Problem(row.line, _FIELD_OF.get(error.fault, error.field_name), str(error.fault))]
            except DraftRefused:
                wrong = [Problem(row.line, "", "form")]
        problems += wrong
    if not drafts and not problems:
        raise SheetRefused("empty")
    twice = _find_twice(drafts)
    refused = {each.line for each in twice}
    kept = tuple(each for each in drafts if each.line not in refused)
    return ImportedList(kept, tuple(sorted([*problems, *twice])), tuple(_find_same_documents(kept)))


def write_drafts(folder: Path, drafts: tuple[ImportedDraft, ...]) -> None:
    """Write a new folder with one file a decision, all of them or none. Raises: FileRefused, OSError."""
    if folder.exists():
        raise FileRefused(f"{folder.name}: exists")
    temporary = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(temporary, ignore_errors=True)  # of an import that was killed
    temporary.mkdir(mode=0o700, parents=True)
    try:
        for each in drafts:
            write_private(temporary / each.file_name, draft_text(each.decision).encode())
        os.rename(temporary, folder)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _read_row(row: SheetRow, columns: list[str]) -> tuple[dict[str, Any], list[Problem]]:
    cells: dict[str, str] = {}
    wrong: list[Problem] = []
    for place, cell in enumerate(row.cells):
        name = columns[place] if place < len(columns) else ""
        code = _find_fault(name, cell)
        if code:
            wrong.append(Problem(row.line, name, code))
        elif cell.text:
            cells[name] = restore(cell.text)
    raw = _compose(row.line, cells, wrong)
    return raw, wrong


def _find_fault(name: str, cell: Cell) -> str:
    """Return what is wrong with a cell as such."""
    if not name:
        return "extra" if cell.text or cell.form is not CellForm.TEXT else ""
    if cell.form in (CellForm.FORMULA, CellForm.ROUNDED, CellForm.OTHER):
        return str(cell.form)
    if cell.form is CellForm.DAY and name not in _DAYS:
        return "other"
    if cell.form is CellForm.NUMBER and name.split(" ")[0] not in _FIGURES:
        return "rounded"
    return "long" if len(cell.text) > MOST_CELL else ""


def _compose(line: int, cells: dict[str, str], wrong: list[Problem]) -> dict[str, Any]:
    """Return the fields of a decision; what cannot be one is added to `wrong`."""
    told = {each.field for each in wrong}

    def take(name: str, words: dict[str, str] | None = None, code: str = "") -> str | None:
        text = cells.get(name)
        if text is None:
            return None
        found = text if words is None else words.get(text.lower())
        if found is None:
            wrong.append(Problem(line, name, code))
        return found

    for name in ("number", "act", "valid_until", "name", "born", "sex"):
        if name not in cells and name not in told:
            wrong.append(Problem(line, name, "missing"))
    for name in _DAYS:
        if name in cells and not _is_day(cells[name]):
            wrong.append(Problem(line, name, "date"))
    raw: dict[str, Any] = {
        "number": take("number"),
        "decided_on": take("decided_on"),
        "act": take("act", _ACTS, "act"),
        "escaped_from": take("escaped_from", _ACTS, "act"),
        "valid_until": take("valid_until"),
        "born": take("born"),
        "sex": take("sex", _SEXES, "sex"),
        "names": [_split_name(cells[name]) for name in _repeat("name", MAX_NAMES) if name in cells],
        "documents": [],
    }
    for n in range(MAX_DOCUMENTS):
        parts = [_repeat(each, MAX_DOCUMENTS)[n] for each in ("kind", "issuing_state", "document")]
        if not any(part in cells or part in told for part in parts) and n:
            continue
        wrong += [Problem(line, part, "missing") for part in parts if part not in cells and part not in told]
        raw["documents"].append(
            {"kind": take(parts[0], _KINDS, "kind"), "issuing_state": take(parts[1]), "number": take(parts[2])}
        )
    return {name: value for name, value in raw.items() if value is not None}


def _repeat(name: str, most: int) -> list[str]:
    return [name, *(f"{name} {n}" for n in range(2, most + 1))]


def _split_name(text: str) -> str | dict[str, str]:
    """Return a whole name, or its parts on both sides of a stroke."""
    surname, stroke, given = text.partition("/")
    return {"surname": surname, "given": given} if stroke else text


def _is_day(text: str) -> bool:
    try:
        texts.read_day(text)
    except ValueError:
        return False
    return True


def _find_twice(drafts: list[ImportedDraft]) -> list[Problem]:
    """Find file numbers that another line has: which of the two is meant, nobody knows."""
    lines: dict[str, list[int]] = {}
    for each in drafts:
        lines.setdefault(each.decision.number, []).append(each.line)
    return [
        Problem(line, "number", "twice", next(other for other in same if other != line))
        for same in lines.values()
        if len(same) > 1
        for line in same
    ]


def _find_same_documents(drafts: tuple[ImportedDraft, ...]) -> list[Problem]:
    """Find lines that name a document of an earlier line: allowed, but a person should know."""
    first: dict[tuple[str, str], int] = {}
    warnings = []
    for each in drafts:
        for document in each.decision.documents:
            earlier = first.setdefault((document.issuing_state, document.number), each.line)
            if earlier != each.line:
                warnings.append(Problem(each.line, "document", "same-document", earlier))
    return warnings
