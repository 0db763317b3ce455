"""Real tokens in software: SoftHSM, each test with tokens of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

PIN, ADMIN_PIN = "4711-08", "0815-47"


def find_module() -> str:
    """Return SoftHSM's library, or skip; `./kjt test` installs it, and fails in CI where it cannot."""
    found = sorted(Path("/usr/lib").glob("*/softhsm/libsofthsm2.so"))
    if not found or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed: Debian package softhsm2")
    return str(found[0])


@dataclass(frozen=True)
class Tokens:
    """A folder of tokens. The library reads its settings once a process, so there is one a test run."""

    folder: Path
    module: str

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")}

    def util(self, *words: str) -> None:
        subprocess.run(["softhsm2-util", *words], env=self.environment, check=True, capture_output=True, timeout=30)

    def make(self, label: str) -> None:
        self.util("--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", ADMIN_PIN)

    def find_folder(self, serial: str) -> Path:
        """Return the folder that is a token: moved away, it is pulled out."""
        (found,) = [each for each in (self.folder / "tokens").iterdir() if each.name.replace("-", "").endswith(serial)]
        return found


def make_tokens(folder: Path, *labels: str) -> Tokens:
    """Make tokens in a folder, and prepare this process to use them. Later ones are seen by later processes alone."""
    tokens = Tokens(folder, find_module())
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    for label in labels:
        tokens.make(label)
    os.environ["SOFTHSM2_CONF"] = tokens.environment["SOFTHSM2_CONF"]
    return tokens
