"""The way of an alert as a line of five stages, with who and when: 受理, 分流, 办理, 反馈, 结单."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from station.alerts.changes import TakenStep
from station.alerts.states import ENDED, State, Step
from station.store.alerts import AlertRow


class Reached(StrEnum):
    """How far a stage is."""

    DONE = "done"
    NEXT = "next"
    LATER = "later"
    LEFT_OUT = "left out"  # what comes after it was done without


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the five stages."""

    key: str  # of the texts `stage.…`
    reached: Reached
    officer: str
    at: datetime | None


_STAGES = (State.ACCEPTED, State.DISPATCHED, State.HANDLING, State.REPORTED, State.CLOSED)


def find_progress(row: AlertRow, steps: Sequence[TakenStep]) -> tuple[Stage, ...]:
    """Return the five stages; what was done before the alert came back to the queue counts no more."""
    came_back = max((number for number, each in enumerate(steps) if each.step is Step.RETURNED), default=-1)
    latest = {each.step: each for each in steps[came_back + 1 :]}
    if Step.CONFIRMED in latest:
        latest[Step.CLOSED] = latest[Step.CONFIRMED]
    done = [Step(stage) in latest for stage in _STAGES]
    last = max((number for number, each in enumerate(done) if each), default=-1)
    if row.state == State.CONFIRMING:
        last = len(_STAGES) - 2  # whatever was left out, closing is next
    is_over = row.state in ENDED
    return tuple(
        _make_stage(stage, latest.get(Step(stage)), number - last, is_over=is_over)
        for number, stage in enumerate(_STAGES)
    )


def _make_stage(stage: State, taken: TakenStep | None, beyond: int, *, is_over: bool) -> Stage:
    if taken is not None:
        return Stage(stage, Reached.DONE, taken.officer, datetime.fromtimestamp(taken.at, UTC))
    reached = Reached.LEFT_OUT if beyond <= 0 or is_over else Reached.NEXT if beyond == 1 else Reached.LATER
    return Stage(stage, reached, "", None)
