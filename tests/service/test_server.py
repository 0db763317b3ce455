"""The server's process: told to stop at any moment, it stops."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.parent import die_with_parent
from service.settings import SETTINGS_VARIABLE

HERE = Path(__file__).resolve()
START = f"""
from pathlib import Path
from service.server import serve_app
serve_app("{HERE.stem}:make_slowly", Path("settings.toml"), address="127.0.0.1", port=0)
"""


def make_slowly() -> None:
    """Begin to build an application, and not come to an end."""
    die_with_parent()
    Path(os.environ["KJT_MARK"]).touch()
    time.sleep(100)


def test_server_told_to_stop_while_it_starts_leaves_nobody_waiting(tmp_path: Path) -> None:
    mark = tmp_path / "building"
    paths = os.pathsep.join([str(HERE.parent), str(HERE.parents[2])])
    environment = os.environ | {"KJT_MARK": str(mark), "PYTHONPATH": paths, SETTINGS_VARIABLE: ""}
    with subprocess.Popen([sys.executable, "-c", START], env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            while not mark.exists():
                assert server.poll() is None
                time.sleep(0.01)
            server.send_signal(signal.SIGTERM)
            server.wait(30)
        except subprocess.TimeoutExpired:
            pytest.fail("it waits for a worker that does not hear it")
        finally:
            server.kill()
