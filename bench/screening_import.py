"""Taking a list of as many decisions as the source allows: time and memory of the real command.

    python -m bench.screening_import [--decisions 20000] [--folder DIR]

The decisions are specimens (residents of division 99xxxx, with check characters), generated and signed here by two
invented judges; nobody else loads. The command runs in a process of its own, so that its peak of memory is its own;
the baseline is the same command with one decision: Python and its libraries.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.screening import find_name, find_number
from records.comparing.annex import MAX_DECISIONS, sign_annex
from records.comparing.decisions import ListedDocument, ListedName, hash_decision, sign_decision
from records.comparing.lists import DecisionList, build_tree, sign_list
from records.documents import DocumentKind
from records.notes import split_note
from tests.records.comparing import world
from tests.screening import bureau
from tests.screening.test_office_process import write_office_settings

_COMMAND = "from tests.screening.bureau import NOW; from screening import clock; from datetime import timedelta\n"
_COMMAND += "import resource, sys\nfrom commands.comparing.screening import screening\n"
# The decisions are of the tests' day, so the office's clock stands there.
_COMMAND += "import commands.comparing.screening_lists as lists\nlists.Clock = lambda: clock.Clock(lambda: NOW)\n"
_COMMAND += "try:\n    screening()\nfinally:\n"
_COMMAND += (
    "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=open(sys.argv[0] or 'peak', 'w'))\n"
)


def write_decisions(folder: Path, count: int) -> None:
    """Write a signed list of invented people."""
    folder.mkdir()
    leaves = []
    with (folder / "decisions.note").open("w", encoding="utf-8") as file:
        for n in range(count):
            born, number = find_number(n)
            made = world.make_decision(
                number=f"(2026) Bench {n}", names=(ListedName(full=find_name(n)),), born=born,
                documents=(ListedDocument(DocumentKind.RESIDENT_CARD, "CHN", number),),
            )  # fmt: skip
            note = sign_decision(made, world.FIRST_JUDGE, world.SECOND_JUDGE)
            leaves.append(hash_decision(split_note(note)[0]))
            file.write(note)
    made_list = DecisionList("demo", 1, bureau.NOW, count, build_tree(leaves).root)
    (folder / "list.note").write_text(sign_list(made_list, world.LIST), encoding="utf-8")


def measure(folder: Path, count: int) -> tuple[float, int, str]:
    """Return seconds, the peak in MB, and what the command said, of one import into an empty office."""
    folder.mkdir()
    write_decisions(folder / "list", count)
    root, _ = world.make_root()
    (folder / "root.note").write_text(root, encoding="utf-8")
    annex = world.make_annex(max_decisions=MAX_DECISIONS)
    (folder / "annex.note").write_text(sign_annex(annex, world.ROOT), encoding="utf-8")
    bureau.make_keys(folder / "office" / "keys")
    settings, officers = write_office_settings(folder / "office", folder)
    peak = folder / "peak"
    program = _COMMAND.replace("sys.argv[0] or 'peak'", repr(str(peak)))
    command = [sys.executable, "-c", program, "import", "--settings", str(settings), "--officer", str(officers[0])]
    command += ["--list", str(folder / "list" / "list.note"), str(folder / "list" / "decisions.note")]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    spent_s = time.monotonic() - began
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout)
    return spent_s, int(peak.read_text(encoding="utf-8")), done.stderr + done.stdout


def main() -> None:
    """Measure, and print a line for docs/measurements.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, default=MAX_DECISIONS)
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        base_s, base_mb, _ = measure(Path(name) / "one", 1)
        spent_s, peak_mb, said = measure(Path(name) / "all", chosen.decisions)
    print(said)
    when = f"{datetime.now(UTC):%Y-%m-%d}, load {os.getloadavg()[0]:.1f}"
    print(f"{when}: {chosen.decisions} decisions imported in {spent_s:.1f} s, {peak_mb} MB at most")
    print(f"one decision: {base_s:.1f} s, {base_mb} MB")


if __name__ == "__main__":
    main()
