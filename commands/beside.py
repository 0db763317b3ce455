"""What another distribution may add to the demonstration town: found by its entry point, none by default."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import entry_points
from typing import Protocol

from commands.supervisor import Job
from commands.town import Town
from commands.town_log_ins import LogIn

GROUP = "kuaijietong.town"


class Beside(Protocol):
    """Parties that an addition runs beside the town's own."""

    @property
    def services(self) -> tuple[Job, ...]:
        """What starts together with the town's services."""

    @property
    def followers(self) -> tuple[Job, ...]:
        """What starts with the counters, once the services answer."""

    @property
    def log_ins(self) -> tuple[LogIn, ...]:
        """Who can sign in to the added pages."""

    def open_day(self) -> bool:
        """Do what somebody does by hand each day, once the services answer and before counters start.

        False where the day is to stay closed. Raises: NotStarted.
        """

    def wait_open(self) -> None:
        """Wait until every counter says that the day is open: only then may anybody be told so. Raises: NotStarted."""

    def describe(self) -> dict[str, object]:
        """Return addresses and paths, as the town does of its own."""

    def announce(self) -> str:
        """Return the lines for whoever started the demonstration, each ending in a newline."""

    def advise(self) -> str:
        """Return the lines that say what to try, likewise."""


Prepare = Callable[[Town, datetime], Beside]


def prepare_beside(town: Town, now: datetime) -> tuple[Beside, ...]:
    """Prepare whatever is installed beside the town, which is prepared itself. `now` is aware UTC."""
    makers: list[Prepare] = [found.load() for found in entry_points(group=GROUP)]
    return tuple(make(town, now) for make in makers)
