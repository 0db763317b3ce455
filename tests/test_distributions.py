"""Two distributions from one repository: registration neither contains nor needs comparison."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.test_layering import ROOT, SECOND, is_second

# Imports every module of the unpacked wheel at argv[1]; third-party packages come from argv[2], where no .pth file
# is read, so that the repository itself is not on the path.
IMPORT_ALL = """
import importlib, pathlib, sys
root = pathlib.Path(sys.argv[1])
sys.path[:0] = [str(root), sys.argv[2]]
sys.argv = ["kjt"]
for path in sorted(root.rglob("*.py")):
    parts = path.relative_to(root).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    if name != "drivers.io.pcsc" and "migrations" not in parts and not name.endswith("__main__"):
        importlib.import_module(name)
print(len(sys.modules))
"""


def build_wheel(project: Path, folder: Path) -> Path:
    """Build a wheel of a project of this repository."""
    pytest.importorskip("hatchling", reason="hatchling comes with requirements.lock")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=project, check=True, capture_output=True, env=os.environ, timeout=100)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheels of registration and of comparison."""
    return {
        name: build_wheel(project, tmp_path_factory.mktemp(name))
        for name, project in (("registration", ROOT), ("comparison", ROOT / "comparison"))
    }


def list_modules(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
            for name in archive.namelist()
            if name.endswith(".py")
        }


def test_registration_holds_nothing_of_comparison(wheels: dict[str, Path]) -> None:
    modules = list_modules(wheels["registration"])
    assert "records.envelope" in modules
    assert [name for name in sorted(modules) if is_second(name)] == []


def test_comparison_holds_its_rooms_and_nothing_of_registration(wheels: dict[str, Path]) -> None:
    modules = list_modules(wheels["comparison"])
    assert [name for name in sorted(modules) if not is_second(name)] == []
    assert [area for area in SECOND if area not in modules] == []


def test_registration_runs_without_comparison(wheels: dict[str, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(wheels["registration"]) as archive:
        archive.extractall(tmp_path)
    packages = sysconfig.get_paths()["purelib"]
    command = [sys.executable, "-I", "-S", "-c", IMPORT_ALL, str(tmp_path), packages]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 300
