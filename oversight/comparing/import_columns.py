"""The columns of a list that a court's registry imports, in either language, and the file to begin with."""

from __future__ import annotations

from collections.abc import Sequence

from records.comparing.acts import Act, describe_act
from records.comparing.decision_rules import MAX_DOCUMENTS, MAX_NAMES
from records.comparing.decisions import describe_kind
from records.documents import DocumentKind
from service.sheets import SheetRefused, write_line, write_sheet

# Field, head in Chinese, head in English. What repeats gets its number behind.
_ONCE = (
    ("number", "文号", "file number"),
    ("decided_on", "决定日期", "decided on"),
    ("act", "行为", "act"),
    ("escaped_from", "羁押所涉行为", "escaped from"),
    ("valid_until", "有效期至", "valid until"),
    ("born", "出生日期", "born"),
    ("sex", "性别", "sex"),
)
_NAME = ("name", "姓名", "name")
_DOCUMENT = (("kind", "证件种类", "document kind"), ("issuing_state", "签发国", "issuing state"),
             ("document", "证件号码", "document number"))  # fmt: skip
NEEDED = frozenset({"number", "act", "valid_until", "name", "born", "sex", "kind", "issuing_state", "document"})
# Which head stands where in the file to begin with; further names and documents are added as they are needed.
_TEMPLATE = ("number", "decided_on", "act", "escaped_from", "valid_until", "name", "name 2", "born", "sex", "kind",
             "issuing_state", "document", "kind 2", "issuing_state 2", "document 2")  # fmt: skip


def _list_heads() -> dict[str, tuple[str, str]]:
    heads = {field: (zh, en) for field, zh, en in (*_ONCE, _NAME, *_DOCUMENT)}
    repeated = [(_NAME, MAX_NAMES), *((each, MAX_DOCUMENTS) for each in _DOCUMENT)]
    for (field, zh, en), most in repeated:
        heads |= {f"{field} {n}": (f"{zh} {n}", f"{en} {n}") for n in range(2, most + 1)}
    return heads


HEADS = _list_heads()
_FIELDS = {head: field for field, heads in HEADS.items() for head in (*heads, field.replace("_", " "))}


def find_columns(heads: Sequence[str]) -> list[str]:
    """Return each column's field, "" for an empty head.

    Raises: SheetRefused("column C"), naming a column whose head no decision has; SheetRefused("columns_twice"),
    SheetRefused("columns_missing").
    """
    found = []
    for place, head in enumerate(heads):
        text = " ".join(head.lower().split())
        # 姓名2 and 姓名 2 are the same head.
        text = text if text in _FIELDS or not text[-1:].isdigit() else f"{text[:-1].rstrip()} {text[-1]}"
        if text and text not in _FIELDS:
            # By its place: a file without heads has a name or a number there.
            raise SheetRefused(f"column {name_column(place)}")
        found.append(_FIELDS[text] if text else "")
    named = [each for each in found if each]
    if len(named) != len(set(named)):
        raise SheetRefused("columns_twice")
    if not set(named) >= NEEDED:
        raise SheetRefused("columns_missing")
    return found


def name_column(place: int) -> str:
    """Return a column's letters, as spreadsheets show them; `place` counts from 0."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def describe_field(field: str, language: str) -> str:
    """Return a column's head in one language."""
    heads = HEADS.get(field)
    return field if heads is None else heads[0 if language == "zh" else 1]


def write_template(suffix: str, language: str) -> bytes:
    """Return an empty list to fill in: `.csv`, or `.xlsx` with a second sheet that explains. Raises: SheetRefused."""
    heads = [describe_field(field, language) for field in _TEMPLATE]
    if suffix == ".csv":
        # With a mark, so that Excel reads UTF-8.
        return ("\ufeff" + write_line(heads)).encode()
    if suffix == ".xlsx":
        titles = ("决定", "说明") if language == "zh" else ("decisions", "notes")
        return write_sheet(titles[0], heads, (titles[1], explain_columns()))
    raise SheetRefused("suffix")


def explain_columns() -> list[tuple[str, str, str]]:
    """Return what may stand in the columns, for people: code, Chinese, English."""
    return [
        ("", "一行一项决定；只收样本。日期写作 2026-03-07。", "One decision a line; specimens only. Days: 2026-03-07."),
        ("name, name 2 … 5", "完整姓名；或“姓 / 名”", "The whole name, or surname / given"),
        ("sex", "1 或 男；2 或 女", "1 or male; 2 or female"),
        ("issuing state", "三个字母；样本护照为 UTO", "Three letters; specimen passports have UTO"),
        ("escaped from", "仅用于脱逃：羁押所涉行为", "With escape from custody alone: what custody was for"),
        *((str(act), *describe_act(act)) for act in Act),
        *((str(kind), *describe_kind(kind)) for kind in DocumentKind if describe_kind(kind)[0]),
    ]
