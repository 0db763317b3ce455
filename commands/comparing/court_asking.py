"""What the court's commands ask of a person, on a terminal and nowhere else: a PIN, a passphrase, a file number."""

from __future__ import annotations

import sys
import unicodedata
from enum import Enum

import click

from commands.comparing.court_words import say, tell
from oversight.comparing.judge_keys import Asked, AskSecret

_TRIES = 3
_BACK = frozenset({"back", "退回"})
_STOP = frozenset({"stop", "停止"})


class Reply(Enum):
    """What the judge said to one decision."""

    SIGN = "sign"
    LATER = "later"
    BACK = "back"
    STOP = "stop"


def is_terminal() -> bool:
    """Tell whether a person can answer here."""
    return sys.stdin.isatty()


def require_terminal(language: str) -> None:
    """Refuse to ask a pipe: a file of numbers would be a yes to all."""
    if not is_terminal():
        raise click.ClickException(say("on_terminal", language))


def make_ask(language: str) -> AskSecret:
    """Return what asks for a secret without showing it. It is kept nowhere."""

    def ask(what: Asked) -> str:
        require_terminal(language)
        is_new = what is Asked.NEW_PHRASE
        return str(click.prompt(say(f"ask.{what}", language), hide_input=True, confirmation_prompt=is_new, err=True))

    return ask


def ask_number(number: str, language: str, *, how: str, is_batch: bool = False) -> Reply:
    """Say `how`, and ask for the file number of what was just shown: only it is a yes."""
    require_terminal(language)
    tell(how, language)
    for _ in range(_TRIES):
        typed = click.prompt(say("sign.ask", language), default="", show_default=False)
        answer = unicodedata.normalize("NFC", typed).strip()
        if answer == number:
            return Reply.SIGN
        if not answer:
            return Reply.LATER
        if is_batch and answer.lower() in _BACK | _STOP:
            return Reply.BACK if answer.lower() in _BACK else Reply.STOP
        tell("sign.other_number", language)
    return Reply.LATER


def ask_notice(number: int, language: str) -> bool:
    """Ask for the number of the notice that was just shown, once: only it is a yes."""
    require_terminal(language)
    typed = click.prompt(say("silence.ask", language), default="", show_default=False)
    return unicodedata.normalize("NFKC", typed).strip() == str(number)
