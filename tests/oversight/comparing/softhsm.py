"""Real tokens in software: SoftHSM."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

# Whose they are: each test file has its own.
LABELS = ("first judge", "second judge", "pulled out", "first", "second")
PIN, ADMIN_PIN = "4711-08", "0815-47"


def find_module() -> str:
    """Return SoftHSM's library, or skip; `./kjt test` installs it, and fails in CI where it cannot."""
    found = sorted(Path("/usr/lib").glob("*/softhsm/libsofthsm2.so"))
    if not found or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed: Debian package softhsm2")
    return str(found[0])


@dataclass(frozen=True)
class Tokens:
    """A folder of tokens."""

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


@cache
def plug_in_tokens() -> Tokens:
    """Return the tokens of this process: the library reads its settings once, so they are made together."""
    folder = Path(tempfile.mkdtemp(prefix="kjt-softhsm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    tokens = Tokens(folder, find_module())
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    for label in LABELS:
        tokens.make(label)
    os.environ["SOFTHSM2_CONF"] = tokens.environment["SOFTHSM2_CONF"]
    return tokens
