"""`kjt admin`: areas, venues and the report at the machine, and the table of access."""

from pathlib import Path

import openpyxl

from commands.admin import draw_access_table
from tests.commands.installation import Installation, fail_kjt, run_kjt
from tests.test_layering import ROOT

HEAD = "licence,kind,name,address,rooms,station\n"


def test_access_document_is_what_the_code_says() -> None:
    written = (ROOT / "docs" / "access.md").read_text("utf-8")
    assert written == draw_access_table(), "write it again: kjt admin access-table --out docs/access.md"


def test_list_of_venues_at_the_machine(installation: Installation, tmp_path: Path) -> None:
    settings = ("--settings", installation.settings)
    run_kjt("admin", "areas", "add", "district", "North", *settings)
    run_kjt("admin", "areas", "add", "station", "First", "--in", "North", *settings)
    assert "There is an area of this name" in fail_kjt("admin", "areas", "add", "district", "North", *settings)
    assert "No district has this path" in fail_kjt("admin", "areas", "add", "station", "x", "--in", "y", *settings)
    bad, good = tmp_path / "bad.csv", tmp_path / "good.xlsx"
    bad.write_text(HEAD + "LIC-0001,private home,Home,1 Quay,1,First\n")
    said = fail_kjt("admin", "venues", "import", bad, "--do", *settings)
    assert "line 2" in said
    assert "private homes" in said
    book = openpyxl.Workbook()
    for row in (HEAD.strip().split(","), ["LIC-0001", "hotel", "Inn", "1 Quay", 12, "First"]):
        book.active.append(row)
    book.save(good)
    assert "1 new" in run_kjt("admin", "venues", "import", good, *settings)
    assert "First (station)  0 venues" in run_kjt("admin", "areas", "list", *settings)
    assert "Imported" in run_kjt("admin", "venues", "import", good, "--do", *settings)
    assert "First (station)  1 venues" in run_kjt("admin", "areas", "list", *settings)
    out = tmp_path / "out.csv"
    run_kjt("admin", "venues", "export", "--out", out, *settings)
    assert "LIC-0001,hotel,Inn,1 Quay,,,12,North / First" in out.read_text("utf-8")
    nothing = tmp_path / "nothing.csv"
    nothing.write_bytes(b"\0")
    assert "neither text nor" in fail_kjt("admin", "venues", "import", nothing, *settings)


def test_report_is_a_file(installation: Installation, tmp_path: Path) -> None:
    out = tmp_path / "report.csv"
    run_kjt("admin", "report", "--out", out, "--days", "7", "--settings", installation.settings)
    assert len(out.read_text("utf-8").splitlines()) == 8


def test_after_two_account_administrators_the_command_line_only_proposes(installation: Installation) -> None:
    settings = ("--settings", installation.settings)
    common = ("admin", "accounts")
    for name in ("anna", "berta"):
        said = run_kjt(*common, "add", name, "--role", "account administrator", *settings)
        assert "has to confirm" not in said
    said = run_kjt(*common, "add", "carl", "--role", "venue administrator", "--role", "auditor", *settings)
    assert "has to confirm in the console: venue administrator" in said
    listed = run_kjt(*common, "list", *settings)
    assert "auditor  [everything]  (venue administrator waits)" in listed
    assert "waits" in fail_kjt(*common, "give", "carl", "--role", "venue administrator", *settings)
    assert "There is no account" in fail_kjt(*common, "give", "dora", "--role", "auditor", *settings)
    run_kjt("admin", "areas", "add", "district", "North", *settings)
    assert "carl sees North" in run_kjt(*common, "area", "carl", "--area", "North", *settings)
    run_kjt(*common, "take", "carl", "--role", "auditor", *settings)
    assert "No area has this path" in fail_kjt(*common, "area", "carl", "--area", "South", *settings)
