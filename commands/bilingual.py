"""The help of commands in Chinese before the English, from the `help.toml` that lies beside their modules.

A text is found by its English, the first paragraph of a docstring or the help of an option: one that changed has no
Chinese until somebody has looked, and tests say where it is missing.
"""

from __future__ import annotations

import inspect
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources

import click

PACKAGE = "commands"
_SHORT = 60  # characters of English in a list of commands
# Stands for the second column of a wide character while lines are broken. A private-use character, in no text.
_SECOND_COLUMN = "\ue000"
_HEADINGS = {"Options": "选项 Options", "Commands": "命令 Commands"}
_CLICKS_OWN = (
    ("Show this message and exit.", "显示本帮助。 Show this message and exit."),
    ("[required]", "[必填 required]"),
    ("[default: ", "[默认 default: "),
)


class BilingualFormatter(click.HelpFormatter):
    """Writes help for a terminal on which a Chinese character takes two columns."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line of usage."""
        super().write_usage(prog, args, prefix or "用法 Usage: ")

    def write_heading(self, heading: str) -> None:
        """Write a heading; click's own in both languages."""
        super().write_heading(_HEADINGS.get(heading, heading))

    def write_text(self, text: str) -> None:
        """Write a text in lines of the terminal's width."""
        super().write_text(_widen(text))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names and what is said of each."""
        said = [(name, _widen(_say_clicks_own(text))) for name, text in rows]
        super().write_dl(said, col_max, col_spacing)

    def getvalue(self) -> str:
        """Return all that was written."""
        return super().getvalue().replace(_SECOND_COLUMN, "")


class BilingualContext(click.Context):
    """The context of a command whose help is in both languages."""

    formatter_class = BilingualFormatter


def add_chinese(command: click.Command, package: str = PACKAGE) -> None:
    """Put the Chinese before the English help of a command and of all below it, once. What has none stays."""
    module = getattr(command.callback, "__module__", "")
    package = module.rpartition(".")[0] or package
    command.context_class = BilingualContext
    if command.help:
        _explain(command, inspect.cleandoc(command.help).split("\n\n"), package)
    for option in command.params:
        if isinstance(option, click.Option) and option.help and not is_chinese(option.help):
            option.help = f"{_find(option.help, package)} {option.help}".strip()
    if isinstance(command, click.Group):
        for each in command.commands.values():
            add_chinese(each, package)


def _explain(command: click.Command, paragraphs: Sequence[str], package: str) -> None:
    own = next(filter(is_chinese, paragraphs), "")  # a docstring may say it itself
    if chinese := own or _find(paragraphs[0], package):
        command.short_help = command.short_help or f"{chinese} {command.get_short_help_str(_SHORT)}"
        command.help = "\n\n".join(paragraphs if own else (chinese, *paragraphs))


def is_chinese(text: str) -> bool:
    """Tell whether there is a Chinese character in a text."""
    return any("\u4e00" <= each <= "\u9fff" for each in text)


def _find(english: str, package: str) -> str:
    texts = _load_texts(PACKAGE) | _load_texts(package)
    return texts.get(" ".join(english.split()), "")


@cache
def _load_texts(package: str) -> dict[str, str]:
    file = resources.files(package) / "help.toml"
    return tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}


def _say_clicks_own(text: str) -> str:
    for english, both in _CLICKS_OWN:
        text = text.replace(english, both)
    return text


def _widen(text: str) -> str:
    return "".join(each + _SECOND_COLUMN if unicodedata.east_asian_width(each) in ("W", "F") else each for each in text)
