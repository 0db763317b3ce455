"""`kjt court decisions due, review, renew`: what ends, what came back, and what follows."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import click

from commands.comparing.annex_option import load_annex_files, with_annex
from commands.comparing.court_asking import Reply, ask_number
from commands.comparing.court_batch import registry_option
from commands.comparing.court_logs import open_registry, read_clock
from commands.comparing.court_view import draw_decision
from commands.comparing.court_words import choose, plain_in, say, tell, with_language
from commands.comparing.screen_text import draw_fields, draw_table, wrap
from commands.plain import FRESH_FILE, Day
from oversight.comparing.court_log import CourtAct
from oversight.comparing.register import KeptDecision, Register
from oversight.comparing.standing import ASKS_FOR_SOMETHING, Due, list_standing, renew_decision
from oversight.keys import write_private
from records.comparing.acts import describe_act
from records.comparing.annex import Annex
from records.comparing.decisions import draft_text

NOTICE = timedelta(days=30)
_WIDTHS = (30, 10, 36)
_number_option = click.option("--number", "number", required=True, help="File number of the decision.")


@click.command()
@with_annex
@registry_option
@click.option("--within", type=click.IntRange(0, 366), default=NOTICE.days, show_default=True, help="Days of notice.")
@click.option("--all", "is_all", is_flag=True, help="Every decision, also those that ask for nothing.")
@with_language
def due(annex_files: tuple[Path, Path, str], registry_folder: Path, within: int, is_all: bool, language: str) -> None:
    """List the decisions that end soon, came back, or are to be looked at again. Names nobody."""
    with plain_in(language):
        register = Register(registry_folder)
        dues = list_standing(register.load(load_annex_files(*annex_files)), _today(), timedelta(days=within))
        _print_silences(register, language)
    shown = [each for each in dues if is_all or each.standing in ASKS_FOR_SOMETHING]
    if not shown:
        quiet = sum(each.standing == "in-force" for each in dues)
        tell("due.none", language, days=within, count=len(dues), quiet=quiet)
        return
    heads = [f"{say('due.number', language)} / {say('due.act', language)}"]
    heads += [say("due.by", language), say("due.standing", language)]
    for line in draw_table(heads, [row for each in shown for row in _lay_out(each, language)], _WIDTHS):
        click.echo(line)
    tell("due.how", language)


@click.command()
@with_annex
@registry_option
@_number_option
@with_language
def review(annex_files: tuple[Path, Path, str], registry_folder: Path, number: str, language: str) -> None:
    """Look at a decision again, with all that came back; note that it stays, or withdraw it."""
    with plain_in(language), open_registry(registry_folder) as (register, log):
        kept, today = register.load(load_annex_files(*annex_files)), _today()
        found = _find(kept, number, language)
        log.write_about(CourtAct.LOOK, found.decision)
        for line in draw_decision(found.decision, kept, today, language):
            click.echo(line)
        back = [f"{each.day}  {say(f'outcome.{each.outcome}', language)}" for each in found.outcomes]
        for line in draw_fields([(say("review.back", language) if n == 0 else "", text) for n, text in enumerate(
            back or [say("review.back_none", language)]
        )]):  # fmt: skip
            click.echo(line)
        if ask_number(found.decision.number, language, how="review.how") is not Reply.SIGN:
            raise click.ClickException(say("review.not_noted", language))
        log.write_about(CourtAct.REVIEW, found.decision)
        register.keep_review(found.decision, today)
    tell("review.done", language, day=today)


@click.command()
@with_annex
@registry_option
@_number_option
@click.option("--new-number", required=True, help="File number of the new decision.")
@click.option("--valid-until", type=Day(), required=True, help="At most twelve months from today.")
@click.option("--out", type=FRESH_FILE, required=True, help="File for the draft.")
@with_language
def renew(
    annex_files: tuple[Path, Path, str], registry_folder: Path, number: str, new_number: str, valid_until: date,
    out: Path, language: str,
) -> None:  # fmt: skip
    """Draft the decision that follows an earlier one, to be signed anew by two judges. None follows a confirmed one."""
    with plain_in(language), open_registry(registry_folder) as (register, log):
        kept = register.load(load_annex_files(*annex_files))
        found = _find(kept, number, language)
        renewed = renew_decision(found, kept, number=new_number, valid_until=valid_until, today=_today())
        log.write_about(CourtAct.RENEW, found.decision, renewed)
        for line in draw_decision(renewed, kept, _today(), language):
            click.echo(line)
        write_private(out, draft_text(renewed).encode())
    tell("renew.done", language, path=out)


def print_notice(register: Register, annex: Annex, language: str) -> None:
    """Say that something is due, where something is: below what else a command says."""
    _print_silences(register, language)
    dues = list_standing(register.load(annex), _today(), NOTICE)
    if count := sum(each.standing in ASKS_FOR_SOMETHING for each in dues):
        tell("due.some", language, count=count)


def _print_silences(register: Register, language: str) -> None:
    for each in register.list_silences():
        tell("due.silence", language, court=each.court, day=each.day, number=each.number)


def _lay_out(each: Due, language: str) -> list[tuple[str, str, str]]:
    """Return a decision's rows: number, day and standing; the rest of a long number and the act below."""
    act = choose(describe_act(each.decision.act), language)
    number, *more = wrap(each.decision.number, _WIDTHS[0])
    return [
        (number, each.by.isoformat(), say(f"standing.{each.standing}", language)),
        *((line, "", "") for line in [*more, *wrap(f"  {act}", _WIDTHS[0])]),
    ]


def _find(kept: list[KeptDecision], number: str, language: str) -> KeptDecision:
    fitting = [each for each in kept if each.decision.number == number.strip()]
    if not fitting:
        raise click.ClickException(say("review.unknown", language))
    return max(fitting, key=lambda each: each.decision.decided_on)


def _today() -> date:
    return read_clock().date()
