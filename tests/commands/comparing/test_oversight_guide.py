"""docs/oversight.md, "The oversight body": every command typed as it stands there, at a real terminal, in its order."""

from __future__ import annotations

import base64
import os
import re
import shlex
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from oversight.comparing.keys import KeyFile, PublicKeys, load_signing_key
from oversight.keys import Role, write_private
from oversight.witness.keys import create_witness_key
from records.comparing.decisions import sign_decision
from records.root import sign_root
from service.audit.keys import create_log_keys
from tests.commands.comparing.at_a_terminal import AtTerminal
from tests.commands.comparing.small_relay import run_relay
from tests.records import samples
from tests.records.comparing import world
from tests.test_layering import ROOT

NOW = datetime.now(UTC).replace(microsecond=0)
# What is typed, by the end of the question.
ANSWERS = {
    "do you sign? [y/N]: ": "y", "Date of birth: ": f"{world.make_decision().born}", "Do you permit it? [y/N]: ": "y",
    "Do you countersign it? [y/N]: ": "y",
}  # fmt: skip
# What stays until it is ended, and what it says once it listens.
SERVES = {"desk serve": "without a permit.", "console serve": "Oversight's page: http"}


def read_guide() -> tuple[list[str], list[str]]:
    """Return the commands of oversight's section, those within its sentences last, and its settings files."""
    text = (ROOT / "docs" / "oversight.md").read_text("utf-8")
    section = text.partition("\n## The oversight body\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```(sh|toml)\n(.*?)```", section, re.DOTALL)
    lines = "".join(block for kind, block in blocks if kind == "sh").replace("\\\n", " ").splitlines()
    within = re.findall(r"`(\./kjt desk [^`]*--settings[^`]*)`", section)
    return [*lines, *within], [block for kind, block in blocks if kind == "toml"]


def find_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def prepare(folder: Path) -> dict[str, str]:
    """Put there what the others bring; return what stands in the guide for something else, longest first."""
    root = replace(samples.make_root(), valid_from=NOW - timedelta(days=1), valid_until=NOW + timedelta(60))
    (folder / "root.note").write_text(sign_root(root, world.ROOT), encoding="utf-8")
    for name in ("oversight", "brought", "withdrawn", "office"):
        (folder / name).mkdir()
    write_private(folder / "oversight" / f"{Role.ROOT}.key", world.ROOT.key.data)
    (folder / "oversight" / f"{Role.ROOT}.pub").write_text(world.ROOT.verifier.to_text(), encoding="utf-8")
    judges = world.FIRST_JUDGE.verifier, world.SECOND_JUDGE.verifier
    for party, keys, box in (
        ("court", judges, world.COURT_BOX), ("office", (world.OFFICE.verifier,), world.OFFICE_BOX),
        ("station", (world.STATION.verifier,), world.STATION_BOX),
    ):  # fmt: skip
        (folder / f"{party}.pub").write_text(PublicKeys(keys, box.public).to_text(), encoding="utf-8")
    note = sign_decision(
        world.make_decision(court="Yunxi Court", decided_on=NOW.date(), valid_until=NOW.date() + timedelta(100)),
        world.FIRST_JUDGE, world.SECOND_JUDGE,
    )  # fmt: skip
    (folder / "brought" / "17.note").write_text(note, encoding="utf-8")
    verifier = world.ROOT.verifier.to_text()
    second = create_witness_key(folder / "witness.key", "witness.example")[-1].key
    log = create_log_keys(folder / "log.key", "town.example/office/audit").log_verifier.to_texts()
    return {
        'witness_key = "KEY"': f'witness_key = "{second.to_text()}"',
        'keys = ["KEY", "KEY"]': f'keys = ["{log[0]}", "{log[1]}"]',
        '"KEY"': f'"{verifier}"',
        "BASE64": base64.b64encode(world.OTHER_JUDGE.key.public.data).decode(),
        "8790": str(find_port()),
        "8723": str(find_port()),
        "…": f"--annex annex.note --root root.note --root-verifier {verifier}",
    }


def type_line(line: str, folder: Path) -> AtTerminal:
    """Type a line of the guide, and answer what is asked; one that serves has then said that it listens."""
    words = shlex.split(line, comments=True)
    assert words[0] == "./kjt"
    command = AtTerminal(list(words[1:]), dict(os.environ), folder)
    said = next((said for serves, said in SERVES.items() if serves in line), None)
    if said is not None:
        command.wait_for(said)
        return command
    while (question := command.wait_for_any([*ANSWERS])) is not None:
        command.type(ANSWERS[question])
    assert command.end() == 0, f"{line}: {command.shown}"
    return command


@pytest.mark.timeout(200)
def test_oversights_guide_is_typed_as_it_stands(tmp_path: Path) -> None:
    lines, files = read_guide()
    stand_for = prepare(tmp_path)
    serving: list[AtTerminal] = []
    shown = {}
    with run_relay([]) as (relay, address):
        stand_for["http://127.0.0.1:PORT"] = address

        def put_in(text: str) -> str:
            for word, value in stand_for.items():
                text = text.replace(word, value)
            return text

        for name, text in zip(("desk.toml", "console.toml"), files, strict=True):
            (tmp_path / name).write_text(put_in(text), encoding="utf-8")
        try:
            for line in lines:
                command = type_line(put_in(line), tmp_path)
                shown[" ".join(line.split()[1:4])] = command.shown
                if any(each in line for each in SERVES):
                    serving.append(command)
                elif " annex keys " in line:
                    relay.keys += [load_signing_key(tmp_path / "desk", KeyFile.PERMIT).key.public]
        finally:
            for each in serving:
                each.kill()
    assert "List 1: 1" in shown["oversight countersign --offline"]
    assert "Draft" in shown["desk permit --settings"]
    assert "Permit 2 is in force" in shown["desk issue --settings"]
    assert "Permit 2 is stopped" in shown["desk stop --settings"]
    assert "permits <5  stops <5" in shown["desk counts --settings"]
    assert (tmp_path / "public" / "comparison.zh.html").is_file()
    assert sum("desk" in line for line in lines) >= 5
