"""What desk and reader refuse, as the screen hears it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from drivers.errors import ReaderError
from drivers.reader import KeyedReader
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


def find_key_fault(reader: KeyedReader, text: str) -> str:
    """Give a waiting chip its key. Return why it cannot be one, or ""."""
    try:
        reader.give_key(text)
    except ReaderError as error:
        return error.code
    return ""
