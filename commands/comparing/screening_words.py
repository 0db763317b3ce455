"""What the office's commands say: Chinese, then English, in lines of at most 80 columns."""

from __future__ import annotations

import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources

import click

from commands.comparing.screen_text import COLUMNS, wrap
from commands.plain import plain_errors
from oversight.errors import FileRefused
from records.errors import RecordsError
from screening.errors import ListRefused
from screening.store import StoreError

# Below this a run says nothing until it is done.
PROGRESS_AFTER_S = 1.0
_PROGRESS_EACH_S = 0.5


@cache
def load_texts() -> dict[str, dict[str, str]]:
    """Return the words by code."""
    return tomllib.loads((resources.files("commands.comparing") / "screening.toml").read_text(encoding="utf-8"))


def find_words(code: str) -> tuple[str, str]:
    """Return the words of a code, Chinese and English; of an unknown one, the code itself."""
    texts = load_texts().get(code, {})
    return texts.get("zh", code), texts.get("en", code)


def say(code: str, *, err: bool = False, **values: object) -> None:
    """Print the words of a code in both languages. A value of two words is one for each language."""
    for line in write_lines(code, **values):
        click.echo(line, err=err)


def write_lines(code: str, **values: object) -> Iterator[str]:
    """Yield the words of a code in both languages, folded."""
    for at, words in enumerate(find_words(code)):
        chosen = {name: value[at] if isinstance(value, tuple) else value for name, value in values.items()}
        yield from wrap(words.format(**{name: make_plain(value) for name, value in chosen.items()}), COLUMNS)


@contextmanager
def plain_office_errors() -> Iterator[None]:
    """Turn a refusal into its sentences and exit status 1."""
    with plain_errors():
        try:
            yield
        except ListRefused as error:
            why = find_words(f"why_{error.field}")
            known = f"why_{error.field}" in load_texts()
            raise explain("nothing_kept", why=why if known else (error.field, error.field)) from None
        except RecordsError as error:
            if type(error).__name__ not in load_texts():
                raise
            raise explain(type(error).__name__) from None
        except FileRefused as error:
            raise explain("file_refused", name=error.detail) from None
        except FileNotFoundError as error:
            raise explain("no_file", name=error.filename) from None
        except StoreError as error:
            raise explain("database", kind=type(error).__name__) from None


def make_progress(
    clock: Callable[[], float] = time.monotonic, is_terminal: Callable[[], bool] = sys.stderr.isatty
) -> Callable[[int, int], None]:
    """Return what an import tells how far it is: to a terminal a line that changes, else one for each tenth.

    A run of less than a second says nothing.
    """
    began, said_at, said_tenth = clock(), 0.0, -1

    def tell(done: int, total: int) -> None:
        nonlocal said_at, said_tenth
        now, tenth = clock(), 10 * done // total if total else 10
        if now - began < PROGRESS_AFTER_S or (done < total and now - said_at < _PROGRESS_EACH_S):
            return
        shows_line = is_terminal()
        if not shows_line and tenth == said_tenth:
            return
        said_at, said_tenth = now, tenth
        lines = write_lines("checking", done=done, total=total, percent=100 * done // total if total else 100)
        if shows_line:
            click.echo("\r" + "　".join(lines), err=True, nl=done >= total)
        else:
            click.echo("\n".join(lines), err=True)

    return tell


def explain(code: str, **values: object) -> click.ClickException:
    """Return the refusal that says the words of a code in both languages."""
    return click.ClickException("\n".join(write_lines(code, **values)))


def make_plain(value: object) -> object:
    """Return what may stand on a terminal: what somebody called a file must not reach it as a control sequence."""
    text = str(value)
    return value if text.isprintable() else ascii(text)
