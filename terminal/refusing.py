"""What the desk refuses, as the screen hears it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from terminal.codes import ProblemCode
from terminal.errors import NotSaved, NotSealed, NotTaken
from terminal.state import CounterError


@contextmanager
def as_counter_error() -> Iterator[None]:
    """Raise CounterError for what the desk raises, with its code and nothing else."""
    try:
        yield
    except (NotTaken, NotSaved) as error:
        raise CounterError(error.code) from None
    except NotSealed:
        raise CounterError(ProblemCode.NOT_SAVED) from None
