"""What an entry of an audit log is about, in words: an id alone says nothing to whoever reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from service.accounts import AccountAct
from service.audit.entry import LogAct
from service.pages.texts import Words

# What the words of an act's subject are, in their order: each has a text `about.…` of the service. One that begins with
# a number sign fills the numbers of a subject into its text.
About = Mapping[str, tuple[str, ...]]
COUNTED = "#"
COMMON: About = {
    **dict.fromkeys(AccountAct, ("account",)),
    LogAct.READ: ("#read",), LogAct.FORGET: ("entry",), LogAct.SETTINGS: ("settings",),
}  # fmt: skip


def say_subject(words: Words, about: About, act: str, subject: str) -> str:
    """Return a subject in words, or as it stands where it is of another form than `about` says."""
    kinds = about.get(act, ())
    if not kinds or not subject:
        return subject
    if kinds[0].startswith(COUNTED):
        return _fill(words(f"about.{kinds[0].removeprefix(COUNTED)}"), subject)
    parts = subject.split(" ", len(kinds) - 1)
    said = [words(f"about.{kind}", it=words.name(kind, part)) for kind, part in zip(kinds, parts, strict=False)]
    return words("about.and").join(said)


def _fill(text: str, subject: str) -> str:
    numbers = re.findall(r"\d+", subject)
    return text.format(*numbers) if text.count("{") == len(numbers) else subject
