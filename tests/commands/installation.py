"""A real installation in a folder, made by the commands that docs/install.md tells a person to run."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from commands.__main__ import main
from tests.central.test_processes import PROJECT, find_port


def run_kjt(*arguments: str | Path, answer: str = "") -> str:
    """Run a command in this process and return what it said. Fails the test when the command does."""
    done = CliRunner().invoke(main, [str(each) for each in arguments], input=answer)
    assert done.exit_code == 0, done.output
    return done.output


def fail_kjt(*arguments: str | Path) -> str:
    """Run a command that must end with status 1 and a sentence; return the sentence."""
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit)
    return done.output


@dataclass(frozen=True, slots=True)
class Installation:
    """Where everything of it lies."""

    folder: Path
    central_port: int
    page_port: int
    console_port: int
    verifier: str

    @property
    def settings(self) -> Path:
        return self.folder / "settings.toml"

    @property
    def data(self) -> Path:
        return self.folder / "central"

    @property
    def root(self) -> Path:
        return self.folder / "root.note"

    def append(self, section: str, line: str) -> None:
        """Add a line to a table of the settings."""
        text = self.settings.read_text()
        assert f"[{section}]\n" in text
        self.settings.write_text(text.replace(f"[{section}]\n", f"[{section}]\n{line}\n"))


def write_settings(folder: Path, central_port: int, page_port: int, console_port: int, verifier: str) -> None:
    root = f'root = "{folder}/root.note"\nroot_verifier = "{verifier}"\naddress = "127.0.0.1"\n'
    (folder / "settings.toml").write_text(
        f'[central]\ndata = "{folder}/central"\nport = {central_port}\nconsole_port = {console_port}\n{root}\n'
        f'[page]\ncentral = "http://127.0.0.1:{central_port}"\nnotices = "{folder}/notices"\nport = {page_port}\n{root}'
    )
    (folder / "settings.toml").chmod(0o640)


def make_installation(folder: Path) -> Installation:
    """Make keys, root file and settings; no process runs yet."""
    folder.mkdir(mode=0o700, exist_ok=True)
    court, oversight = folder / "court", folder / "oversight"
    run_kjt("court", "keys", "--out", court, "--name", "test/court")
    run_kjt("oversight", "keys", "--out", oversight, "--name", "test/oversight")
    public = folder / "court.txt"
    fingerprint = run_kjt("court", "public", "--keys", court, "--out", public).splitlines()[-1]
    verifier = (oversight / "root.pub").read_text().strip()
    ports = find_port(), find_port(), find_port()
    write_settings(folder, *ports, verifier)
    (folder / "central").mkdir(mode=0o700)
    (folder / "notices").mkdir(mode=0o700)
    receipt_key = run_kjt("serve", "receipt-key", "--settings", folder / "settings.toml").strip()
    run_kjt("audit", "key", "--settings", folder / "settings.toml", "--name", "test.example/kuaijietong")
    said = run_kjt(
        "oversight", "registration-root", "--keys", oversight, "--court", public, "--receipt-key", receipt_key,
        "--guest-page", "https://guests.example.org/", "--out", folder / "root.note", answer="y\n",
    )  # fmt: skip
    assert fingerprint in said
    assert verifier in said
    return Installation(folder, *ports, verifier)


@contextmanager
def serve(installation: Installation, *processes: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run `kjt serve` processes; afterwards end them as a service manager does, which must be clean."""
    running = []
    for name in processes:
        with (installation.folder / f"{name}.log").open("ab") as log:
            arguments = [sys.executable, "-P", "-m", "commands", "serve", name]
            running.append(
                subprocess.Popen(
                    [*arguments, "--settings", str(installation.settings)], cwd=PROJECT, stdout=log, stderr=log
                )
            )
    try:
        yield running
        for process in reversed(running):
            process.terminate()
        assert [process.wait(20) for process in running] == [0] * len(running)
    finally:
        for process in running:
            process.kill()
            process.wait()
