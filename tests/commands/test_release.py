"""`kjt release`: the same source is the same wheel; what is signed is checked as a terminal checks it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from commands.__main__ import main
from commands.release import build_wheel

ROOT = Path(__file__).parents[2]
PACKAGED = ("records", "drivers", "terminal", "central", "oversight", "service", "commands")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(ROOT, tmp_path_factory.mktemp("dist"))


def run(*arguments: object) -> str:
    done = CliRunner().invoke(main, ["release", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


def test_whoever_builds_the_same_source_gets_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in PACKAGED:
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    assert build_wheel(copy, tmp_path / "dist").read_bytes() == wheel.read_bytes()


def test_release_that_was_signed_is_verified_and_a_changed_wheel_is_not(wheel: Path, tmp_path: Path) -> None:
    release_key, *log_keys = run("keys", "--out", tmp_path / "keys", "--name", "example.org/kuaijietong").split()
    out = tmp_path / "out"
    shown = run(
        "sign", "--keys", tmp_path / "keys", "--wheel", wheel, "--lock", ROOT / "requirements.lock",
        "--log", tmp_path / "log", "--out", out,
    )  # fmt: skip
    assert "kuaijietong release v1\nversion: " in shown
    options = ["--offer", out / "offer.json", "--release-key", release_key, "--log-key", " ".join(log_keys)]
    assert "this is its wheel" in run("verify", *options, "--wheel", next(out.glob("*.whl")))
    other = tmp_path / "other.whl"
    other.write_bytes(wheel.read_bytes() + b"\0")
    done = CliRunner().invoke(main, ["release", "verify", *map(str, options), "--wheel", str(other)])
    assert done.exit_code == 1
    assert "signature" in done.output


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    run("keys", "--out", tmp_path, "--name", "example.org/kuaijietong")
    done = CliRunner().invoke(main, ["release", "keys", "--out", str(tmp_path), "--name", "example.org/kuaijietong"])
    assert done.exit_code == 1
    assert "Traceback" not in done.output
