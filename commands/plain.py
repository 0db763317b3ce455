"""What the commands share: errors in one plain sentence instead of a traceback, and days as arguments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
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
            self.fail("a day is written YYYY-MM-DD", param, ctx)


class Month(click.ParamType[date]):
    """A calendar month, YYYY-MM."""

    name = "YYYY-MM"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the first day of the month, or fail in plain words."""
        try:
            return value if isinstance(value, date) else datetime.strptime(str(value), "%Y-%m").date()
        except ValueError:
            self.fail("a month is written YYYY-MM", param, ctx)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn a refusal into its sentence and exit status 1."""
    try:
        yield
    except (OversightError, RecordsError, SettingsError, AuditError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.strerror}: {error.filename}") from None
