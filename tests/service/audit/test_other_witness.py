"""A witness that others wrote cosigns our log (C2SP tlog-witness), where one is at hand.

`./kjt test` installs it beside the rest (requirements-witness.lock); where the index does not have it this is skipped.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import urllib3

from records.cosignature import ML_DSA_44, Witness, open_cosigned
from records.log_keys import LogSigner
from service.audit.errors import WitnessRefused
from service.audit.witnesses import WitnessLink
from tests.path.test_power_cuts import wait_until
from tests.service.audit.small_log import SIGNER, SmallLog, open_small_log

OTHER = Path(sys.prefix) / "other-witness"
BOTH = LogSigner(SIGNER.name, SIGNER.key, Witness(SIGNER.name, ML_DSA_44, bytes(range(32))))

pytestmark = pytest.mark.skipif(not OTHER.exists(), reason="the witness of others is not installed: ./kjt test")


def run(folder: Path, *arguments: str) -> str:
    command = [
        sys.executable,
        "-m",
        "aics_witness",
        arguments[0],
        "--config",
        str(folder / "witness.json"),
        *arguments[1:],
    ]
    environment = os.environ | {"PYTHONPATH": str(OTHER)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=30
    ).stdout


@pytest.fixture
def other(tmp_path: Path) -> Iterator[WitnessLink]:
    key = run(tmp_path, "init", "--name", "witness.example/other").split()[-1]
    run(tmp_path, "add-log", "--origin", SIGNER.name, "--vkey", SIGNER.verifier.to_text())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with (tmp_path / "log").open("w") as log:
        command = [sys.executable, "-m", "aics_witness", "serve", "--config", str(tmp_path / "witness.json")]
        process = subprocess.Popen(
            [*command, "--listen", address],
            cwd=tmp_path,
            stdout=log,
            stderr=log,
            env=os.environ | {"PYTHONPATH": str(OTHER)},
        )
    url = f"http://{address}"

    def answers() -> bool:
        try:
            return urllib3.request("GET", f"{url}/healthz", retries=False).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    try:
        wait_until(answers, "it answers")
        yield WitnessLink.from_text(f"{url} {key}")
    finally:
        process.terminate()
        process.wait(20)


def cosign(small: SmallLog, other: WitnessLink) -> None:
    note = small.log.find_latest()
    assert note is not None
    both = BOTH.sign_second(note, 1)
    lines = other.cosign(both, small.log)
    text, _ = open_cosigned(both + lines, other.keys[0])
    assert both.startswith(text)


def test_witness_of_others_cosigns_our_log_as_it_grows_and_refuses_a_fork(other: WitnessLink, tmp_path: Path) -> None:
    small = open_small_log(tmp_path / "log.db")
    for acts in (3, 40, 20):
        small.work(acts)
        cosign(small, other)
    fork = open_small_log(tmp_path / "fork.db")
    fork.work(90)
    with pytest.raises(WitnessRefused):
        cosign(fork, replace(other))
    small.store.close()
    fork.store.close()
