"""`kill -9` of the office at each step: the alert of a guest whose retry completes is raised once, under one tag."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from records.comparing.comparison import Comparison
from records.comparing.relay_wire import SealedAlert
from tests.central.relay.stage import Stage, build_stage
from tests.central.relay.test_relay_crash import decide_now
from tests.oversight.comparing.desk_world import give_permit
from tests.screening.bureau import find_listed, find_stranger
from tests.screening.test_office_process import SERVE, OfficeFiles, real_desk, wait_until

STEPS = {
    "before the claim": "wrap(HandleBook, 'claim', before=True)",
    "after the claim": "wrap(HandleBook, 'claim')",
    "before the answers": "wrap(RelayLine, 'bring_answers', before=True)",
    "after the answers": "wrap(RelayLine, 'bring_answers')",
    "after the closing": "wrap(HandleBook, 'close')",
}
SAMPLE = ("after the answers",) if "KJT_KILLS" not in os.environ else tuple(STEPS)
CRASHING = """
import os, signal
from screening.handles import HandleBook
from screening.lines import RelayLine

def wrap(owner, name, before=False):
    inner = getattr(owner, name)
    def outer(*arguments):
        result = None if before else inner(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(owner, name, outer)

"""


def ask(stage: Stage, comparison: Comparison) -> tuple[int, bytes]:
    return stage.compare(comparison)


def wait_for_key(stage: Stage, before: bytes) -> None:
    """Wait until the office that began has left a passing key of its own: what is sealed to an older one is lost."""
    wait_until(lambda: stage.read_comparing().passing_key not in (b"", before))


@pytest.mark.parametrize("step", SAMPLE)
def test_an_office_killed_at_any_step_raises_each_alert_once(tmp_path: Path, step: str) -> None:
    with (
        build_stage(tmp_path / "stage") as stage,
        real_desk(stage) as (desk, port),
        stage.run(),
        ThreadPoolExecutor(2) as threads,
    ):
        files = OfficeFiles(stage, port)
        files.write_list(decide_now(stage, 0))
        files.bring_list()
        assert files.call("activate", "1", "--yes", "--officer", files.officers[1]).exit_code == 0
        give_permit(desk, files.list_note, files.tree.leaves, timedelta(hours=20), 1000)
        stage.leave_day_key()
        guests = [find_listed(0), find_stranger()]
        with files.serve(CRASHING + STEPS[step] + "\n" + SERVE) as process:
            wait_for_key(stage, b"")
            left = stage.read_comparing().passing_key
            sealed = [stage.seal(each) for each in guests]
            told = [threads.submit(ask, stage, each) for each in sealed]
            process.wait(60)
        with files.serve():
            first = [each.result() for each in told]
            expected = (200, b"settled") if step.startswith("after the") and "claim" not in step else (503, b"")
            assert first == [expected] * 2
            wait_for_key(stage, left)
            retried = [stage.seal(guest, each.handle) for guest, each in zip(guests, sealed, strict=True)]
            again = [threads.submit(ask, stage, each) for each in retried]
            assert [each.result() for each in again] == [(200, b"settled")] * 2
        alerts = msgspec.json.decode(stage.ask_as_station("/v1/station/alerts")[1], type=list[SealedAlert])
        assert [each.handle for each in alerts] == [sealed[0].handle]
