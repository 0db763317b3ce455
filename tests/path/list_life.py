"""A decision's way from the court to the office in the town with comparison, each step by the command that it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
import msgspec
import urllib3
from click.testing import CliRunner

from commands.comparing.court import decisions
from commands.comparing.screening import screening
from drivers.sim.specimens import Specimen
from oversight.comparing.list_files import DECISIONS_FILE, LIST_FILE
from records.comparing.annex import load_annex
from records.comparing.passing_keys import parse_passing_key
from records.comparing.relay_wire import COMPARING_PATH, Comparing
from records.errors import RecordsError
from records.notes import NoteVerifier
from records.root import load_root
from tests.path.demonstration import Demonstration


@dataclass(frozen=True, slots=True)
class Bodies:
    """Court, office and relay of a town, as those who work there use them."""

    town: Demonstration
    folder: Path  # of the judges' own files

    @property
    def comparison(self) -> Path:
        """Where the parties' folders lie side by side."""
        return self.town.folder / "comparison"

    def run_court(self, act: str, *words: object, typed: str = "", **more: object) -> str:
        """Return what an act of `kjt court decisions` prints; what is typed, a judge types."""
        options = {
            "annex": self.comparison / "annex.note", "root": self.town.folder / "root.note",
            "root-verifier": (self.town.folder / "root.pub").read_text("utf-8").strip(), **more,
        }  # fmt: skip
        return run(decisions, act, *words, *spread(options), typed=typed)

    def decide(self, person: Specimen, number: str) -> Path:
        """Let one judge draft and both sign a decision about a specimen; return its file."""
        body = {
            "number": number, "act": "armed-robbery", "names": [person.name], "sex": person.sex,
            "valid_until": (datetime.now(UTC).date() + timedelta(days=100)).isoformat(),
            "born": date.fromisoformat(person.birth).isoformat(),
            "documents": [{"kind": "111", "issuing_state": "CHN", "number": person.number}],
        }  # fmt: skip
        (self.folder / "person.json").write_text(json.dumps(body), encoding="utf-8")
        court, path = self.comparison / "court", self.folder / "0.draft"
        self.run_court("draft", keys=court / "first", out=path, **{"from": self.folder / "person.json"})
        for n, judge in enumerate(("first", "second"), 1):
            out = self.folder / f"{n}.note"
            shown = self.run_court(
                "sign", keys=court / judge, registry=court, decision=path, out=out, typed=f"{number}\n"
            )
            assert person.name in shown
            path = out
        return path

    def bring(self, decision: Path) -> None:
        """Bring a decision to oversight, beside those that it has."""
        with (self.comparison / "list" / DECISIONS_FILE).open("a", encoding="utf-8") as file:
            file.write("\n" + decision.read_text("utf-8"))

    def take_list(self, number: int) -> None:
        """Let one officer of the office import the newest list, and another one activate it."""
        made, officers = self.comparison / "list", self.comparison / "officers"
        settings = ("--settings", self.comparison / "screening.toml")
        brought = ("--list", made / LIST_FILE, made / DECISIONS_FILE)
        run(screening, "import", *settings, "--officer", officers / "first.key", *brought)
        run(screening, "activate", *settings, "--officer", officers / "second.key", number, typed="y\n")

    def is_comparing_under(self, permit: int) -> bool:
        """Tell whether the office compares under a permit: then its passing key is at the relay."""
        said = urllib3.request("GET", self.town.facts["relay"].rstrip("/") + COMPARING_PATH, retries=False).data
        told = msgspec.json.decode(said, type=Comparing)
        verifier = NoteVerifier.from_text((self.town.folder / "root.pub").read_text("utf-8").strip())
        root = load_root((self.town.folder / "root.note").read_text("utf-8"), verifier, datetime.now(UTC))
        annex = load_annex(told.annex, verifier, root, datetime.now(UTC))
        try:
            return parse_passing_key(told.passing_key, annex.office_key.key).permit == permit
        except RecordsError:
            return False


def run(group: click.Group, *words: object, typed: str = "") -> str:
    """Return what a command prints, which must succeed."""
    done = CliRunner().invoke(group, [str(each) for each in words], input=typed)
    assert done.exit_code == 0, done.output
    return done.output


def spread(options: dict[str, object]) -> list[object]:
    """Return options as words."""
    return [word for name, value in options.items() for word in (f"--{name}", value)]
