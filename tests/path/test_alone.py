"""`./kjt run --profile it`: a terminal by itself beside its simulated service, from the command line."""

from pathlib import Path

import urllib3

from tests.path.demonstration import run_demonstration


def test_counter_alone_starts_beside_its_simulated_service_and_is_marked(tmp_path: Path) -> None:
    with run_demonstration(tmp_path / "data", "--profile", "it") as running:
        page = urllib3.request("GET", running.facts["counter"], retries=False).data.decode()
        assert '<html lang="it"' in page
        assert "solo esemplari" in page
        told = urllib3.request("GET", f"{running.facts['service']}simulator/told", retries=False)
        assert told.json() == []
        assert sorted(running.facts["pids"]) == ["service", "terminal"]
