"""The office's commands as its officers see them: two languages, 80 columns, plain refusals, progress."""

from __future__ import annotations

import string
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from commands.comparing.deltas import delta
from commands.comparing.screen_text import COLUMNS, measure
from commands.comparing.screening import screening
from commands.comparing.screening_words import load_texts, make_progress, write_lines
from matcher.compare import compare_person
from matcher.person import Person, PersonDocument, PersonName
from oversight.comparing.keys import KeyFile
from oversight.keys import write_private
from records.comparing.decisions import Decision, ListedDocument, ListedName
from records.comparing.slips import tag_strings
from records.documents import DocumentKind
from screening.index import make_listed
from screening.worker import Came, may_be_one
from tests.records.comparing import world
from tests.screening.bureau import Bureau, Turned, decide
from tests.screening.test_list_life import make_passport, withdraw_by_court, write_folder
from tests.screening.test_office_process import call_office, write_office_settings

OUTCOMES = ("confirmed", "other-person", "identity-misused", "decision-wrong", "could-not-be-found")


@pytest.fixture
def files(bureau: Bureau, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[Path]]:
    """Settings and officers' keys of the office, whose commands go by the test's clock."""
    monkeypatch.setattr("commands.comparing.screening_lists.Clock", bureau.turned.as_clock)
    monkeypatch.setattr("commands.comparing.screening.Clock", bureau.turned.as_clock)
    return write_office_settings(bureau.folder, tmp_path)


def test_every_text_is_there_in_both_languages_with_the_same_values_and_within_80_columns() -> None:
    for code, words in load_texts().items():
        names = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in words.values()]
        assert words.keys() == ({"zh"} if code.startswith("count_") and "en" not in words else {"zh", "en"}), code
        if code not in ("count", "version", "suppression"):
            assert all(each == names[0] for each in names), code
        assert all(measure(text) <= COLUMNS for text in words.values()), code
    for each in (*(str(came) for came in Came), *(f"outcome-{outcome}" for outcome in OUTCOMES)):
        if each != "seal-again":
            assert f"count_{each}" in load_texts()


def test_what_is_too_long_is_folded_at_spaces_and_chinese_counts_twice() -> None:
    lines = list(write_lines("changed", name="云溪镇法院（虚构） Yunxi Court (2026) 17" * 2, fields="x" * 200))
    assert len(lines) > 4
    assert all(measure(each) <= COLUMNS for each in lines)


def test_an_import_says_how_far_it_is_only_when_it_takes_more_than_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    turned = Turned()
    tell = make_progress(lambda: turned.passed_s, lambda: False)
    for done in range(5):
        tell(done, 100)
    assert capsys.readouterr().err == ""
    for done in range(5, 101):
        turned.passed_s += 0.3
        tell(done, 100)
    said = capsys.readouterr().err.splitlines()
    assert 8 <= len(said) / 2 <= 12
    assert said[-1] == "checking 100 of 100 (100%)"
    assert "正在检查" in said[-2]
    tell = make_progress(lambda: turned.passed_s, lambda: True)
    turned.passed_s += 2
    tell(50, 100)
    assert capsys.readouterr().err == "\r正在检查 50 / 100（50%）　checking 50 of 100 (50%)"


def bring(files: tuple[Path, list[Path]], folder: Path) -> str:
    done = call_office(
        files[0], "import", "--officer", files[1][0], "--list", folder / "list.note", folder / "decisions.note"
    )
    assert done.exit_code == 0, done.output
    return done.output


def test_the_life_of_a_list_on_the_command_line(
    bureau: Bureau, tmp_path: Path, files: tuple[Path, list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = decide(4)
    write_folder(bureau, tmp_path / "1", old, 1)
    said = bring(files, tmp_path / "1")
    assert "List 1: 4 decisions, 0 left out" in said
    assert "清单 1：4 项决定" in said
    second = ["--officer", files[1][1]]
    refused = call_office(files[0], "activate", "1", *second, "--yes", "--officer", files[1][0])
    assert refused.exit_code == 1
    assert "导入清单的人不能启用它" in refused.output
    assert "Traceback" not in refused.output
    asked = CliRunner().invoke(
        screening, ["activate", "1", *map(str, second), "--settings", str(files[0])], input="n\n"
    )
    assert asked.exit_code == 1
    assert "4 added" in asked.output
    assert call_office(files[0], "activate", "1", *second, "--yes").exit_code == 0
    withdraw_by_court(bureau, old[0])
    write_folder(bureau, tmp_path / "2", [*old[1:], make_passport(1, "U0000001"), make_passport(2, "U0000002")], 2)
    make_delta(bureau, tmp_path, monkeypatch)
    done = call_office(files[0], "import-delta", "--officer", files[1][0], tmp_path / "delta")
    assert done.exit_code == 0, done.output
    for words in ("3 the same", "2 added", "1 withdrawn by their court", "numbers one slip apart", "仅差一处"):
        assert words in done.output
    assert call_office(files[0], "activate", "2", *second, "--yes").exit_code == 0
    again = call_office(files[0], "import-delta", "--officer", files[1][0], tmp_path / "delta")
    assert (again.exit_code, "the delta is not made for the active list" in again.output) == (1, True)
    (tmp_path / "delta" / "delta.note").unlink()
    none = call_office(files[0], "import-delta", "--officer", files[1][0], tmp_path / "delta")
    assert none.exit_code == 1
    assert all(word in none.output for word in ("没有增量：缺少 delta.note", "delta.note is missing"))
    assert "启用清单 activate list" in call_office(files[0], "read-log").output
    back = call_office(files[0], "rollback", "--officer", files[1][1])
    assert "List 2 is off; list 1 is active again, less what is over: 3." in back.output
    assert call_office(files[0], "rollback", "--officer", files[1][1]).exit_code == 1
    outputs = (said, asked.output, done.output, again.output, back.output, call_office(files[0], "versions").output)
    assert all(measure(line) <= COLUMNS for output in outputs for line in output.splitlines())
    # Nothing that anybody sees names a person, or says what stands in a field.
    assert not [each for each in outputs for decision in old if decision.names[0].full in each]


def make_delta(bureau: Bureau, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let oversight write the step from list 1 to list 2."""
    offline = folder / "offline"
    offline.mkdir()
    write_private(offline / f"{KeyFile.LIST}.key", world.LIST.key.data)
    (offline / f"{KeyFile.LIST}.pub").write_text(world.LIST.verifier.to_text() + "\n", encoding="utf-8")
    monkeypatch.setattr("commands.comparing.deltas.load_annex_files", lambda *_: bureau.annex)
    command: Sequence[str | Path] = (
        "--offline", offline, "--before", folder / "1", "--after", folder / "2", "--out", folder / "delta",
        "--annex", folder / "annex.note", "--root", folder / "root.note", "--root-verifier", "x",
    )  # fmt: skip
    done = CliRunner().invoke(delta, [*map(str, command)])
    assert done.exit_code == 0, done.output
    assert "1 → 2: +2 −1" in done.output


@pytest.mark.parametrize("command", ["--help", *sorted(screening.commands)])
def test_the_help_of_every_command_fits_80_columns_and_begins_in_both_languages(command: str) -> None:
    done = CliRunner().invoke(screening, [command, "--help"] if command != "--help" else [command], prog_name="kjt")
    assert done.exit_code == 0
    assert any("\u4e00" <= each <= "\u9fff" for each in done.output)
    assert [line for line in done.output.splitlines() if measure(line) > COLUMNS] == []


def test_the_office_opens_under_an_annex_that_has_ended_and_takes_no_list_then(
    bureau: Bureau, tmp_path: Path, files: tuple[Path, list[Path]]
) -> None:
    from screening.parts import open_office
    from screening.settings import ScreeningSettings
    from service.settings import load_settings

    write_folder(bureau, tmp_path / "1", decide(2), 1)
    bureau.turned.turn(40 * 86_400)
    office = open_office(load_settings(files[0], ScreeningSettings), bureau.turned.as_clock())
    office.watch_desk()
    assert office.days.why_off == "annex"
    office.store.close()
    done = call_office(
        files[0], "import", "--officer", files[1][0], "--list", tmp_path / "1" / "list.note", tmp_path / "1"
    )
    assert done.exit_code == 1
    assert "expired" in done.output


def test_a_guest_whom_the_quick_look_leaves_out_is_one_whom_the_matcher_clears() -> None:
    import random

    chance, outcomes = random.Random(21), set[tuple[bool, bool]]()
    for _ in range(400):
        base = [chance.choice("AB012") for _ in range(8)]
        other = list(base)
        for _ in range(chance.randrange(3)):
            other.insert(chance.randrange(8), other.pop(chance.randrange(8)))
        if chance.random() < 0.3:
            other[chance.randrange(8)] = "Z"
        listed = make_listed(
            Decision(
                "demo", "c", "n", world.TODAY, None, None, world.TODAY, (ListedName(surname="WANG", given="LI"),),  # type: ignore[arg-type]
                world.TODAY.replace(year=1990), "1", (ListedDocument(DocumentKind.PASSPORT, "UTO", "".join(base)),),
            )
        )  # fmt: skip
        guest = Person(
            (PersonName("", "WANG", "LI"),), PersonDocument("414", "".join(other)), listed.birth_date, "1", "chip",
            "verified",
        )  # fmt: skip
        is_near = may_be_one(listed, guest)
        is_cleared = compare_person(listed, guest).verdict == "cleared"
        assert is_near or is_cleared
        shares = bool({*tag_strings("414", "".join(base))} & {*tag_strings("414", "".join(other))})
        outcomes.add((shares, is_near))
    assert {(True, True), (True, False)} <= outcomes  # tags bring some together that are no slip apart


def test_what_somebody_called_a_file_does_not_reach_the_terminal_as_a_control_sequence() -> None:
    assert not any("\x1b" in line for line in write_lines("refusal", where="\x1b[2Ja.note:1", why=("字", "x")))
