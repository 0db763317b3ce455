"""The words of the court's commands, in one language, and every refusal in them."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from typing import Any

import click

from commands.check import LANGUAGES
from commands.comparing.screen_text import COLUMNS, wrap
from commands.plain import plain_errors
from oversight.errors import OversightError
from records.comparing.errors import DecisionRefused
from records.comparing.fault_words import FAULT_WORDS
from service.audit import AuditError
from service.sheets import SheetRefused

with_language: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="zh: 中文."
)


@cache
def load_texts() -> dict[str, Any]:
    """Return the words by code, as nested tables."""
    return tomllib.loads((resources.files("commands.comparing") / "court.toml").read_text(encoding="utf-8"))


def say(code: str, language: str, /, **values: object) -> str:
    """Return a sentence; `code` is its table's path."""
    table = load_texts()
    for part in code.split("."):
        table = table[part]
    return str(table[language]).format(**values)


def tell(code: str, language: str, /, *, err: bool = False, **values: object) -> None:
    """Print a sentence, broken to 80 columns."""
    for line in wrap(say(code, language, **values), COLUMNS):
        click.echo(line, err=err)


def choose(pair: tuple[str, str], language: str) -> str:
    """Return one of a pair of words: Chinese, English."""
    return pair[0 if language == "zh" else 1]


def explain(error: OversightError | DecisionRefused | AuditError, language: str) -> str:
    """Return an error's sentence."""
    if isinstance(error, DecisionRefused):
        field = f" ({error.field_name})" if error.field_name else ""
        return choose(FAULT_WORDS[error.fault], language) + field
    words = load_texts()["error"].get(type(error).__name__, {}).get(language)
    if words is None:
        return str(error)
    detail = "" if isinstance(error, AuditError) else error.detail
    return f"{words}（{detail}）" if detail else str(words)


def explain_sheet(error: SheetRefused, language: str) -> str:
    """Return why a file as a whole is no list, and what to do."""
    reason, _, place = error.reason.partition(" ")
    return say(f"sheet.{reason}", language, place=place)


@contextmanager
def plain_in(language: str) -> Iterator[None]:
    """Turn every refusal into its sentence in this language; exit status 1."""
    with plain_errors():
        try:
            yield
        except (OversightError, DecisionRefused, AuditError) as error:
            raise click.ClickException(explain(error, language)) from None
        except SheetRefused as error:
            raise click.ClickException(explain_sheet(error, language)) from None
