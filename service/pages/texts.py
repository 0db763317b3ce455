"""The words of the pages, in Chinese and English: ours, and those of the service, from `texts/*.toml`."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from functools import cache
from importlib import resources

# Each language is named in itself, so that whoever needs it can find it.
LANGUAGES = {"zh": "中文", "en": "English"}
DEFAULT_LANGUAGE = "zh"
OWN_TEXTS = "service.pages"


class Words:
    """The words of one language by dotted key ("sign_in.title")."""

    def __init__(self, language: str, texts: dict[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its {placeholders} filled. Raises: KeyError for an unknown key."""
        text = self._texts[key]
        return text.format(**values) if values else text

    @property
    def gap(self) -> str:
        """What stands between two sentences of this language: none in Chinese, whose stops are as wide as a letter."""
        return "" if self.language == "zh" else " "

    def list_keys(self) -> frozenset[str]:
        """Return every key."""
        return frozenset(self._texts)

    def count(self, key: str, n: int, **values: object) -> str:
        """Return the text `key`_one or `key`_many, as `n` asks for."""
        return self(f"{key}_{'one' if n == 1 else 'many'}", n=n, **values)

    def name(self, family: str, code: str) -> str:
        """Return the words for a code (its spaces are underscores in the key), or the family's for everything else."""
        return self._texts.get(f"{family}.{code.replace(' ', '_')}") or self._texts.get(f"{family}.other", code)

    def wait(self, seconds: int) -> str:
        """Return how long to wait, in seconds up to a minute, then in minutes begun."""
        return self.count("wait.seconds", seconds) if seconds <= 60 else self.count("wait.minutes", -(-seconds // 60))

    def full_date(self, day: date) -> str:
        """Return a date with its year."""
        return self("date.full", y=day.year, m=day.month, d=day.day, month=self._month(day))

    def moment(self, moment: datetime) -> str:
        """Return day and time in this machine's time zone."""
        local = moment.astimezone()
        return self("date.moment", m=local.month, d=local.day, month=self._month(local), time=f"{local:%H:%M}")

    def _month(self, day: date) -> str:
        return self("date.months").split()[day.month - 1]


@cache
def load_words(package: str, language: str) -> Words:
    """Load the words of "zh" or "en": those of the pages, and those of a service's package over them."""
    texts = _load_texts(OWN_TEXTS, language)
    if package != OWN_TEXTS:
        texts |= _load_texts(package, language)
    return Words(language, texts)


def _load_texts(package: str, language: str) -> dict[str, str]:
    file = resources.files(package) / "texts" / f"{language}.toml"
    sections = tomllib.loads(file.read_text("utf-8"))
    return {f"{name}.{key}": text for name, texts in sections.items() for key, text in texts.items()}
