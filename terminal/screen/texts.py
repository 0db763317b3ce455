"""The words of the screen, in Chinese and English, from `texts/*.toml`; loaded once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources

# Each language is named in itself, so that whoever needs it can find it.
LANGUAGES = {"zh": "中文", "en": "English"}
# Of the places whose receiving service a terminal may tell: beside the two above, at such a terminal alone.
LOCAL_LANGUAGES = {"it": "Italiano", "cs": "Čeština", "es": "Español", "hr": "Hrvatski"}
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

    @property
    def texts(self) -> dict[str, str]:
        """Every text by its key."""
        return self._texts

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

    def month(self, day: date) -> str:
        """Return the month and the year of a day."""
        return self("date.month", y=day.year, m=day.month, month=self._month(day))

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


@dataclass(frozen=True, slots=True)
class Tongues:
    """The languages of one screen, and the name of the receiving service that its words speak of ("": none).

    `first` is the language that the settings name, "" where they name none.
    """

    local: str = ""
    service: str = ""
    first: str = ""

    @property
    def names(self) -> dict[str, str]:
        """The languages, each named in itself; that of the place first."""
        own = {self.local: LOCAL_LANGUAGES[self.local]} if self.local else {}
        return own | LANGUAGES

    @property
    def usual(self) -> str:
        """The language of whoever has chosen none."""
        return self.first if self.first in self.names else self.local or DEFAULT_LANGUAGE

    def load(self, language: str) -> Words:
        """Return the words of a language, of the usual one where there is no such."""
        return load_words(language if language in self.names else self.usual, self.service)

    def load_all(self) -> list[Words]:
        """Return the words of every language."""
        return [self.load(language) for language in self.names]


@cache
def load_words(language: str, service: str = "") -> Words:
    """Load the words of "zh", "en" or the language of a place; with `service` those that speak of it by name.

    What a language of a place has no words for stands in English.
    """
    texts = {} if language in LANGUAGES else dict(load_words("en", service).texts)
    names = [f"{language}.toml"] if language in LANGUAGES else []
    if service:
        names.append(f"service/{language}.toml")
    for name in names:
        sections = tomllib.loads((resources.files("terminal.screen") / "texts" / name).read_text("utf-8"))
        for section, entries in sections.items():
            texts |= {f"{section}.{key}": text.replace("{service}", service) for key, text in entries.items()}
    return Words(language, texts)
