"""The words of the screen, in Chinese and English, from `texts/*.toml`; loaded once."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from functools import cache
from importlib import resources

# Each language is named in itself, so that whoever needs it can find it.
LANGUAGES = {"zh": "中文", "en": "English"}
DEFAULT_LANGUAGE = "zh"

_AGES = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))


class Words:
    """The words of one language by dotted key ("guest.name")."""

    def __init__(self, language: str, texts: dict[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its {placeholders} filled. Raises: KeyError for an unknown key."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def list_keys(self) -> frozenset[str]:
        """Return every key."""
        return frozenset(self._texts)

    def count(self, key: str, n: int, **values: object) -> str:
        """Return the text `key`_one or `key`_many, as `n` asks for."""
        return self(f"{key}_{'one' if n == 1 else 'many'}", n=n, **values)

    def name(self, family: str, code: str) -> str:
        """Return the words for a code, or the family's word for everything else."""
        return self._texts.get(f"{family}.{code}") or self._texts.get(f"{family}.other", code)

    def knows(self, family: str, code: str) -> bool:
        """Tell whether there are words for this very code."""
        return f"{family}.{code}" in self._texts

    def full_date(self, day: date) -> str:
        """Return a date with its year."""
        return self("date.full", y=day.year, m=day.month, d=day.day, month=self._month(day))

    def short_date(self, day: date) -> str:
        """Return a date near today: with its weekday, without its year."""
        weekday = self("date.weekdays").split()[day.weekday()]
        return self("date.short", m=day.month, d=day.day, month=self._month(day), weekday=weekday)

    def moment(self, moment: datetime) -> str:
        """Return day and time in this machine's time zone."""
        local = moment.astimezone()
        return self("date.moment", m=local.month, d=local.day, month=self._month(local), time=f"{local:%H:%M}")

    def age(self, seconds: int) -> str:
        """Return how long something has waited, in its largest whole unit."""
        for length, unit in _AGES:
            if seconds >= length:
                return self.count(f"foot.{unit}", seconds // length)
        return self("foot.seconds")

    def _month(self, day: date) -> str:
        return self("date.months").split()[day.month - 1]


@cache
def load_words(language: str) -> Words:
    """Load the words of "zh" or "en"."""
    file = resources.files("terminal.screen") / "texts" / f"{language}.toml"
    sections = tomllib.loads(file.read_text("utf-8"))
    return Words(language, {f"{name}.{key}": text for name, texts in sections.items() for key, text in texts.items()})
