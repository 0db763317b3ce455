"""What the commands share: errors in one plain sentence instead of a traceback, and days as arguments."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from importlib import resources
from pathlib import Path

import click

from oversight.errors import OversightError
from records.errors import RecordsError
from service.audit import AuditError
from service.settings import SettingsError

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


class _FreshFile(click.ParamType[Path]):
    """A file that is not there yet: what somebody signed is not replaced by a slip of the hand."""

    name = "file"

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        if path.exists():
            self.fail(f"{path.name}: 文件已存在，未覆盖 exists already, and is not replaced", param, ctx)
        return path


FRESH_FILE = _FreshFile()


class Day(click.ParamType[date]):
    """A calendar day, YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day, or fail in plain words."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            self.fail("日期写作 YYYY-MM-DD a day is written YYYY-MM-DD", param, ctx)


class Month(click.ParamType[date]):
    """A calendar month, YYYY-MM."""

    name = "YYYY-MM"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the first day of the month, or fail in plain words."""
        try:
            return value if isinstance(value, date) else datetime.strptime(str(value), "%Y-%m").date()
        except ValueError:
            self.fail("月份写作 YYYY-MM a month is written YYYY-MM", param, ctx)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn a refusal into its sentences, Chinese before English, and exit status 1."""
    try:
        yield
    except (OversightError, RecordsError, SettingsError, AuditError) as error:
        raise click.ClickException(say_error(error)) from None
    except OSError as error:
        english = f"{error.strerror}: {error.filename}"
        raise click.ClickException(_put_before(_find_chinese(error), english)) from None


def say_error(error: Exception) -> str:
    """Return an error's sentence, the Chinese line before the English; one that no `errors.toml` has, in English."""
    english, chinese = str(error), _find_chinese(error)
    sentence = type(error).__doc__ or ""
    # What the English names behind its sentence: a field, a file, a month.
    detail = english.removeprefix(sentence) if sentence and english.startswith(sentence) else ""
    return _put_before(chinese and chinese + detail, english)


def say_database_error(error: Exception) -> str:
    """Return what to say of a database that cannot be used, in both languages."""
    kind = type(error).__name__
    return f"数据库无法使用（{kind}）。\nThe database cannot be used ({kind})."


def _put_before(chinese: str, english: str) -> str:
    return f"{chinese}\n{english}" if chinese else english


def _find_chinese(error: Exception) -> str:
    kind = type(error)
    return _load_sentences().get(kind.__module__, {}).get(kind.__qualname__, "")


@cache
def _load_sentences() -> dict[str, dict[str, str]]:
    """Return the Chinese sentences by module and class; a distribution beside this one brings its own folder."""
    here = resources.files("commands")
    found = [each / "errors.toml" for each in (here, *here.iterdir()) if each.is_dir()]
    tables = [tomllib.loads(each.read_text("utf-8")) for each in found if each.is_file()]
    return {module: sentences for table in tables for module, sentences in table.items()}
