"""`kjt update` on a counter that its owner has set up on the screen."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from commands.__main__ import main
from terminal.setup.state import SetupStage, SetupState, write_setup
from tests.central.test_processes import find_port
from tests.terminal.updates.releases import LOG_SIGNER, RELEASER

ROOT = Path(__file__).parents[2]


def run_update(folder: Path, settings: Path) -> str:
    arguments = [
        "update", "--settings", settings, "--folder", folder / "updates", "--lock", ROOT / "requirements.lock",
        "--release-key", RELEASER.verifier.to_text(), "--log-key", LOG_SIGNER.verifier.to_text(),
    ]  # fmt: skip
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exit_code == 0, done.output
    return done.output.strip().splitlines()[-1]


def test_counter_that_its_owner_has_set_up_asks_for_releases(tmp_path: Path) -> None:
    settings = tmp_path / "terminal.toml"
    central = f"http://127.0.0.1:{find_port()}"
    settings.write_text(f'data = "{tmp_path}"\nroot = "r"\nroot_verifier = "v"\ncentral = "{central}"\n')
    assert run_update(tmp_path, settings) == "not set up"
    chosen = SetupState(
        SetupStage.DONE, "en", "5a" * 16, "", "b0" * 16, "Fresh Inn", "1 New Lane", "guesthouse", "sim:cards", "1 2"
    )
    write_setup(tmp_path, chosen)
    assert run_update(tmp_path, settings) == "not reached"
