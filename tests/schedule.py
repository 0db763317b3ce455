"""Which tests pytest-xdist keeps together on one worker, and which files it begins with.

A file stays on one worker, so that what its tests share is made once; so do the files that live in one of the towns
of tests/path/conftest.py. What starts real processes begins, for a long file that begins last keeps everybody
waiting; xdist by itself begins with the files of most tests, which are the quickest ones.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

ONE_TOWN = "tests/path in one town"
IN_ONE_TOWN = {
    f"tests/path/test_{name}.py"
    for name in ("counters", "enrolment", "kept_record", "one_guest", "passport", "stay_life")
}
COMPARING_TOWN = "tests/path in the town with comparison"
IN_COMPARING_TOWN = {f"tests/path/test_{name}.py" for name in ("comparison", "comparison_apart", "comparison_kills")}
# The beginnings of their names, in this order. All others follow, those of most tests first.
LONG = (
    ONE_TOWN, COMPARING_TOWN, "tests/path/", "tests/browser/test_screen", "tests/browser/test_typing", "tests/faults/",
    "tests/central/test_processes", "tests/http/", "tests/destinations/test_steps", "tests/crash/", "tests/browser/",
    "tests/central/test_limits", "tests/central/test_migrations",
)  # fmt: skip


class LongFilesFirst(LoadFileScheduling):
    """Hands out the files in the order of `LONG`, each as a whole."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)
        self.workqueue = _Waiting()

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        if file in IN_COMPARING_TOWN:
            return COMPARING_TOWN
        return ONE_TOWN if file in IN_ONE_TOWN else file


class _Waiting(OrderedDict[str, dict[str, bool]]):
    """What is not handed out yet. The scheduler takes its first item, whatever order they came in."""

    def popitem(self, last: bool = True) -> tuple[str, dict[str, bool]]:
        scope = min(self, key=self._rank)
        return scope, self.pop(scope)

    def _rank(self, scope: str) -> tuple[int, int]:
        return next((n for n, start in enumerate(LONG) if scope.startswith(start)), len(LONG)), -len(self[scope])
