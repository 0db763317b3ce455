"""From a judge's key to a stopped permit, by the commands that people use; and what they refuse to do."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from commands.audit import audit
from commands.comparing.court import decisions
from commands.comparing.desk import desk
from commands.comparing.oversight import annex, countersign
from commands.comparing.town_page import NAME, write_page_settings
from oversight.comparing.book import hold_folder
from oversight.comparing.desk.process import run_desk
from oversight.comparing.desk.settings import DeskSettings
from oversight.comparing.keys import PublicKeys
from oversight.comparing.page.settings import PageSettings
from oversight.keys import Role, write_private
from records.comparing.lists import build_tree
from records.comparing.withdrawals import WithdrawalReason
from records.log_keys import LogVerifier
from records.root import sign_root
from service.audit.verify import verify_export
from service.settings import load_settings, write_settings
from tests.records import samples
from tests.records.comparing import world
from tests.records.comparing.world import make_number

TODAY = datetime.now(UTC).date()
PERSON: dict[str, Any] = {
    "number": "(2026) Demo 17",
    "act": "armed-robbery",
    "valid_until": (TODAY + timedelta(days=300)).isoformat(),
    "names": ["王小明"],
    "born": "1990-03-07",
    "sex": "1",
    "documents": [{"kind": "111", "issuing_state": "CHN", "number": make_number(world.make_decision().born)}],
}


class Office:
    """Folders of everybody, and the commands run in them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        now = datetime.now(UTC).replace(microsecond=0)
        root = samples.replace(samples.make_root(), valid_from=now - timedelta(days=1), valid_until=now + timedelta(60))
        self.write("root.note", sign_root(root, world.ROOT))
        (folder / "root").mkdir()
        write_private(folder / "root" / f"{Role.ROOT}.key", world.ROOT.key.data)
        self.write(f"root/{Role.ROOT}.pub", world.ROOT.verifier.to_text())
        for party, signer, box in (
            ("office", world.OFFICE, world.OFFICE_BOX),
            ("station", world.STATION, world.STATION_BOX),
        ):
            self.write(f"{party}.pub", PublicKeys((signer.verifier,), box.public).to_text())

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, command: Any, *arguments: object, say: str = "") -> Result:
        return CliRunner().invoke(command, [str(each) for each in arguments], input=say)

    def with_annex(self, command: Any, *arguments: object, say: str = "") -> Result:
        first, *others = arguments
        files = ("--annex", self.folder / "annex.note", "--root", self.folder / "root.note")
        verifier = ("--root-verifier", world.ROOT.verifier.to_text())
        return self.run(command, *([first] if command is decisions else []), *files, *verifier, *others, say=say)


PHRASE = "a phrase of this judge"


@pytest.fixture(autouse=True, scope="module")
def person() -> Iterator[None]:
    """Somebody at a terminal; test_court_commands.py has a real one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("commands.comparing.court_asking.is_terminal", lambda: True)
        yield


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, person: None) -> Office:
    """Every key made and the annex signed, as docs/oversight.md tells it."""
    made = Office(tmp_path_factory.mktemp("o"))
    f = made.folder
    judges = []
    for judge in ("first", "second"):
        twice = f"{PHRASE}\n{PHRASE}\n"
        result = made.run(decisions, "keys", "--out", f / judge, "--name", f"demo/court/{judge}", say=twice)
        assert PHRASE not in result.output
        judges += ["--judge", result.stdout.strip()]
    assert made.run(decisions, "registry", "--out", f / "court", *judges, "--public", f / "court.pub").exit_code == 0
    assert made.run(annex, "keys", "--offline", f / "offline", "--desk", f / "desk").exit_code == 0
    result = made.run(
        annex, "sign", "--keys", f / "root", "--root", f / "root.note", "--offline", f / "offline",
        "--desk", f / "desk", "--office", f / "office.pub", "--station", f / "station.pub",
        "--court", "Demo Court", f / "court.pub",
        "--out", f / "annex.note", say="y\n",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "演示" in result.output
    assert "demonstration" in result.output
    return made


@pytest.fixture(scope="module")
def signed(office: Office) -> Path:
    """A decision that both judges signed."""
    f = office.folder
    office.write("person.json", json.dumps(PERSON))
    result = office.with_annex(
        decisions, "draft", "--keys", f / "first", "--from", f / "person.json", "--out", f / "draft.txt"
    )
    assert result.exit_code == 0, result.output
    for judge, source, out in (("first", "draft.txt", "half.note"), ("second", "half.note", "whole.note")):
        result = office.with_annex(
            decisions, "sign", "--keys", f / judge, "--decision", f / source, "--out", f / out,
            "--registry", f / "court", say=f"{PERSON['number']}\n{PHRASE}\n",
        )  # fmt: skip
        assert result.exit_code == 0, result.output
        assert "王小明" in result.output
        assert "armed robbery" in result.output
    (f / "brought").mkdir()
    office.write("brought/17.note", (f / "whole.note").read_text(encoding="utf-8"))
    return f / "whole.note"


def test_a_forbidden_field_makes_no_draft(office: Office) -> None:
    f = office.folder
    office.write("wrong.json", json.dumps({**PERSON, "ethnicity": "any"}))
    result = office.with_annex(decisions, "draft", "--keys", f / "first", "--from", f / "wrong.json", "--out", f / "x")
    assert result.exit_code == 1
    assert "ethnicity" in result.output
    assert not (f / "x").exists()


def test_who_says_no_has_signed_nothing(office: Office, signed: Path) -> None:
    f = office.folder
    for say in ("n\n\n", "\n", "", "y\nyes\n17\n", "(2026) Demo 71\n\n"):
        result = office.with_annex(
            decisions, "sign", "--keys", f / "first", "--decision", f / "draft.txt", "--out", f / "no.note",
            "--registry", f / "court", say=say,
        )  # fmt: skip
        assert result.exit_code == 1
        assert not (f / "no.note").exists()


def test_the_same_judge_does_not_sign_twice(office: Office, signed: Path) -> None:
    f = office.folder
    result = office.with_annex(
        decisions, "sign", "--keys", f / "first", "--decision", f / "half.note", "--out", f / "no.note",
        "--registry", f / "court", say=f"{PERSON['number']}\n{PHRASE}\n",
    )  # fmt: skip
    assert result.exit_code == 1
    assert not (f / "no.note").exists()


def run_countersign(office: Office, out: str, say: str, *more: object) -> Result:
    f = office.folder
    return office.with_annex(
        countersign, None, "--offline", f / "offline", "--decisions", f / "brought", "--out", f / out, *more, say=say
    )


@pytest.fixture(scope="module")
def listed(office: Office, signed: Path) -> Path:
    """A list of the decision, after a look at which oversight said no."""
    silent = run_countersign(office, "no-list", "\n")
    assert silent.exit_code == 0, silent.output
    assert "List 1: 0" in silent.output
    # Another's date of birth, or a mere yes, is no yes; and a pipe is nobody at a terminal.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("commands.comparing.court_asking.is_terminal", lambda: False)
        assert "at a terminal" in run_countersign(office, "no-list", "19900307\n").output
    agreed = run_countersign(office, "list", "y\n1990-03-08\n1990-03-07\n")
    assert agreed.output.count("not the date of birth") == 2
    assert "王小明" in agreed.output
    assert "List 2: 1" in agreed.output
    assert "<5" in agreed.output
    return office.folder / "list"


def test_each_decision_that_was_read_here_is_in_a_log_with_its_answer(office: Office, listed: Path) -> None:
    out = office.folder / "countersigned.tar"
    made = office.run(audit, "export-own", office.folder / "offline" / "countersigned.audit", "--out", out)
    assert made.exit_code == 0, made.output
    found = verify_export(out.read_bytes(), LogVerifier.from_texts(made.stdout.split()))
    done = [(each.act, each.subject) for each in found.entries if each.actor == "command line"][:6]
    leaf = done[0][1]
    assert (found.faults, len(leaf)) == ((), 64)
    assert done[:2] == [("look at decision", leaf), ("refuse decision", leaf)]
    assert [each[0] for each in done[2:6]] == ["sign list", "look at decision", "agree to decision", "sign list"]
    assert done[4][1] == leaf
    assert done[5][1] == build_tree([bytes.fromhex(leaf)]).root.hex()


def test_what_was_agreed_to_is_not_shown_again(office: Office, listed: Path) -> None:
    again = run_countersign(office, "again", "")
    assert "王小明" not in again.output
    assert "List 3: 1" in again.output


def test_a_refused_decision_is_told_with_file_line_and_reason(office: Office, listed: Path) -> None:
    false = office.write("brought/18.note", (office.folder / "whole.note").read_text("utf-8").replace("小明", "大明"))
    result = run_countersign(office, "again", "")
    false.unlink()
    assert "18.note:1: 签名与文本不符" in result.output


def test_a_withdrawn_decision_is_on_no_list(office: Office, listed: Path) -> None:
    f = office.folder
    (f / "withdrawn").mkdir()
    result = office.with_annex(
        decisions, "withdraw", "--keys", f / "second", "--decision", f / "whole.note",
        "--reason", WithdrawalReason.MISTAKE, "--out", f / "withdrawn" / "17.note", say=f"{PHRASE}\n",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert ": 0 项决定" in run_countersign(office, "without", "", "--withdrawals", f / "withdrawn").output


Ask = Callable[..., Result]


@pytest.fixture
def ask_desk(office: Office) -> Iterator[Ask]:
    f = office.folder
    values = {
        "address": "127.0.0.1", "port": 0, "folder": f / "desk", "root": f / "root.note",
        "root_verifier": world.ROOT.verifier.to_text(), "annex": f / "annex.note",
        "relay_key": base64.b64encode(world.OTHER_JUDGE.key.public.data).decode(),
    }  # fmt: skip
    write_settings(f / "desk.toml", values)
    settings = DeskSettings(**values)  # type: ignore[arg-type]
    with run_desk(settings, lambda: datetime.now(UTC)):
        yield lambda name, *more, say="": office.run(desk, name, "--settings", f / "desk.toml", *more, say=say)


def test_a_person_permits_and_stops(ask_desk: Ask, listed: Path, office: Office) -> None:
    files = ("--list", listed / "list.note", "--leaves", listed / "leaves.txt", "--list-key", office.folder / "offline")
    assert ask_desk("permit", *files[:4], say="y\n").exit_code == 2, "a permit needs the list key as well"
    assert ask_desk("permit", *files, say="n\n").exit_code == 1
    permitted = ask_desk("permit", *files, say="y\n")
    assert "is in force" in permitted.output
    assert "许可" in permitted.output
    assert "is stopped" in ask_desk("stop").output
    assert ask_desk("stop").exit_code == 1
    assert "permits <5  stops <5" in ask_desk("counts").output


def test_a_permit_for_other_leaves_is_refused(ask_desk: Ask, listed: Path) -> None:
    empty = listed.parent / "empty.txt"
    empty.write_text("", encoding="utf-8")
    result = ask_desk(
        "permit", "--list", listed / "list.note", "--leaves", empty, "--draft", empty.parent / "x", "--yes"
    )
    assert result.exit_code == 1
    assert "root" in result.output


def test_a_desk_that_does_not_run_is_told_in_a_sentence(office: Office) -> None:
    settings = office.folder / "desk.toml"
    if not settings.exists():
        pytest.skip("written by the desk's own fixture")
    result = office.run(desk, "stop", "--settings", settings)
    assert result.exit_code == 1
    assert "does not answer" in result.output


def test_a_draft_that_gives_the_terminal_orders_is_not_shown(office: Office, signed: Path) -> None:
    f = office.folder
    text = (f / "draft.txt").read_text("utf-8").replace("(2026) Demo 17", "17\x1b[2Kother")
    office.write("escape.txt", text)
    result = office.with_annex(
        decisions, "sign", "--keys", f / "first", "--decision", f / "escape.txt", "--out", f / "no.note",
        "--registry", f / "court", say=f"{PERSON['number']}\n{PHRASE}\n",
    )  # fmt: skip
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    assert not (f / "no.note").exists()


def test_the_towns_page_counts_orders_where_they_are_written_down(tmp_path: Path) -> None:
    (tmp_path / "root.pub").write_text("key\n")
    (tmp_path / "court").mkdir()
    urls = {"relay": "http://127.0.0.1:8720/", "oversight": "http://localhost:8723/"}
    write_page_settings(tmp_path, tmp_path, 8723, urls)
    openings = load_settings(tmp_path / f"{NAME}.toml", PageSettings).openings
    guide = Path("docs/disclosure.md").read_text(encoding="utf-8")
    (folder,) = set(re.findall(r"--notices \$DATA/(\S+)", guide))
    assert openings == tmp_path / folder / "openings.log"


def test_two_do_not_countersign_at_once(office: Office, listed: Path) -> None:
    with hold_folder(office.folder / "offline", "book"):
        result = run_countersign(office, "twice", "")
    assert result.exit_code == 1
    assert "Another process works with this folder" in result.output
