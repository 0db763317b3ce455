"""docs/oversight.md, "The court": every command typed as it stands there, at a real terminal, in its order."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from oversight.comparing.judge_keys import load_judge_verifier
from oversight.comparing.keys import KeyFile, PublicKeys
from oversight.keys import write_private
from records.comparing.annex import CourtOfDecisions, load_annex, sign_annex
from records.comparing.decisions import load_decision
from records.comparing.mail import LetterKind, parse_letter
from records.root import load_root, sign_root
from tests.commands.comparing.at_a_terminal import AtTerminal
from tests.commands.comparing.small_relay import run_relay
from tests.oversight.comparing.softhsm import PIN, plug_in_tokens
from tests.records import samples
from tests.records.comparing import world
from tests.test_layering import ROOT

TODAY = datetime.now(UTC).date()
PHRASE = "twelve letters and more"
NUMBER, LISTED = "(2026) 17", "(2026) 18"
# What is typed, by the question; the last is asked again until it ends.
ANSWERS = {
    "A passphrase for your key, at least 12 characters: ": PHRASE, "Repeat for confirmation: ": PHRASE,
    "Passphrase of your key: ": PHRASE, "PIN of the token: ": PIN,
    "\nNumber of the notice: ": "1",
}  # fmt: skip


def read_guide() -> tuple[list[str], str]:
    """Return the commands and the JSON of the court's section, with days that do not pass."""
    text = (ROOT / "docs" / "oversight.md").read_text("utf-8")
    section = text.partition("\n## The court\n")[2].partition("\n## ")[0]
    for day, days in (("2027-06-30", 200), ("2027-12-31", 300)):
        section = section.replace(day, (TODAY + timedelta(days=days)).isoformat())
    blocks = re.findall(r"```(sh|json)\n(.*?)```", section, re.DOTALL)
    lines = [line for kind, block in blocks if kind == "sh" for line in block.splitlines()]
    return lines, next(block for kind, block in blocks if kind == "json")


class Guide:
    """A folder in which the commands are typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.words: dict[str, str] = {}

    def expand(self, word: str) -> list[str]:
        """Do what the shell does with a star."""
        return sorted(str(each.relative_to(self.folder)) for each in self.folder.glob(word)) if "*" in word else [word]

    def type(self, line: str, number: str) -> str:
        """Type a line of the guide, answer what is asked, and return what was shown."""
        for word, value in self.words.items():
            line = line.replace(word, value)
        words = [path for word in shlex.split(line, comments=True) for path in self.expand(word)]
        assert words[:3] == ["./kjt", "court", "decisions"] or words[:2] == ["./kjt", "review"]
        command = AtTerminal(list(words[1:]), plug_in_tokens().environment, self.folder)
        answers = {**ANSWERS, "\nFile number: ": number}
        while (question := command.wait_for_any([*answers])) is not None:
            command.type(answers[question])
        assert command.end() == 0, f"{line}: {command.shown}"
        return command.shown


@pytest.fixture
def guide(tmp_path: Path) -> Guide:
    plug_in_tokens()
    (tmp_path / "guide").mkdir()
    return Guide(tmp_path / "guide")


def sign_the_annex(guide: Guide) -> None:
    """Do what oversight does with court.pub."""
    now = datetime.now(UTC).replace(microsecond=0)
    root = replace(samples.make_root(), valid_from=now - timedelta(days=1), valid_until=now + timedelta(60))
    note = sign_root(root, world.ROOT)
    loaded = load_root(note, world.ROOT.verifier, now)
    keys = PublicKeys.from_text((guide.folder / "court.pub").read_text("utf-8"))
    annex = world.make_annex(
        root_digest=loaded.digest, valid_from=now - timedelta(hours=1), valid_until=now + timedelta(days=1),
        courts=(CourtOfDecisions(world.COURT, keys.signers, keys.box),),
    )  # fmt: skip
    (guide.folder / "root.note").write_text(note, encoding="utf-8")
    (guide.folder / "annex.note").write_text(sign_annex(annex, world.ROOT), encoding="utf-8")
    (guide.folder / "offline").mkdir()
    write_private(guide.folder / "offline" / f"{KeyFile.LIST}.key", world.LIST.key.data)
    (guide.folder / "offline" / f"{KeyFile.LIST}.pub").write_text(world.LIST.verifier.to_text(), encoding="utf-8")


def fill_in(path: Path) -> None:
    """Fill in a line of the template as a clerk does."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    values = {
        "file number": LISTED, "act": "armed-robbery", "valid until": TODAY + timedelta(days=100), "name": "王小明",
        "born": "1990-03-07", "sex": "male", "document kind": "111", "issuing state": "CHN",
        "document number": world.make_number(world.make_decision().born, sequence=9),
    }  # fmt: skip
    sheet.append([values.get(cell.value) for cell in sheet[1]])
    book.save(path)


@pytest.mark.timeout(200)
def test_the_guide_is_typed_as_it_stands(guide: Guide) -> None:
    lines, person = read_guide()
    (guide.folder / "person.json").write_text(person, encoding="utf-8")
    f = guide.folder
    with run_relay([]) as (relay, address):
        guide.words = {
            "http://127.0.0.1:PORT": address,
            "…": f"--annex annex.note --root root.note --root-verifier {world.ROOT.verifier.to_text()}",
        }
        for line in lines:
            if " registry --out" in line:
                judges = [load_judge_verifier(f / each) for each in ("first-judge", "second-judge")]
                relay.keys += [each.key for each in judges]
                guide.words |= {
                    f"KEY-OF-THE-{name}": each.to_text() for name, each in zip(("FIRST", "SECOND"), judges, strict=True)
                }
            shown = guide.type(line, LISTED if "sign-batch" in line else NUMBER)
            if " registry --out" in line:
                sign_the_annex(guide)
            elif " template " in line:
                fill_in(f / "list.xlsx")
            elif " due " in line:
                assert "Nothing is due" in shown
        # The withdrawal and the review, each to office and station.
        kinds = [parse_letter(each).kind for each in relay.sent]
        assert kinds == [LetterKind.WITHDRAWAL] * 2 + [LetterKind.REVIEW] * 2
    now = datetime.now(UTC)
    root = load_root((f / "root.note").read_text("utf-8"), world.ROOT.verifier, now)
    annex = load_annex((f / "annex.note").read_text("utf-8"), world.ROOT.verifier, root, now)
    (listed,) = (f / "decided").glob("*.note")
    for path, number in ((f / "17.note", NUMBER), (listed, LISTED)):
        assert load_decision(path.read_text("utf-8"), annex, TODAY).number == number
