"""`kjt court decisions template, import, sign, sign-batch`: from a list to decisions, each signed by itself."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import click

from commands.comparing.annex_option import load_annex_files, with_annex
from commands.comparing.court_asking import Reply, ask_number, make_ask, require_terminal
from commands.comparing.court_logs import open_registry, read_clock
from commands.comparing.court_view import draw_decision
from commands.comparing.court_words import explain, plain_in, say, tell, with_language
from commands.comparing.screen_text import draw_table, pad, wrap
from commands.plain import FILE, FOLDER, FRESH_FILE, NEW_FILE
from oversight.comparing.batch import Batch, draft_of, plan_batch, send_back, sign_item
from oversight.comparing.court_log import CourtAct, CourtLog, open_judge_log
from oversight.comparing.deciding import read_next, sign_next
from oversight.comparing.errors import NotThisCourt
from oversight.comparing.import_columns import describe_field, explain_columns, write_template
from oversight.comparing.importing import ImportedList, Problem, import_list, write_drafts
from oversight.comparing.judge_keys import KeptAs, find_keeping, load_judge_verifier, open_judge_key
from oversight.comparing.list_files import read_text
from oversight.comparing.register import Register
from oversight.comparing.standing import refuse_confirmed
from oversight.keys import write_private
from records.comparing.annex import Annex
from records.comparing.decisions import check_decision, parse_draft
from records.notes import Signer
from service.sheets import MOST_BYTES, SheetRefused

_MOST_SHOWN = 200
_WIDTHS = (6, 20, 50)
keys_option = click.option("--keys", "folder", type=FOLDER, required=True, help="Your own key folder.")
registry_option = click.option(
    "--registry", "registry_folder", type=FOLDER, required=True, help="Folder of the court's registry, or its copy."
)


@click.command()
@click.option("--out", type=NEW_FILE, required=True, help="New file, .csv or .xlsx.")
@with_language
def template(out: Path, language: str) -> None:
    """Write an empty list to fill in: a decision a line."""
    with plain_in(language):
        data = write_template(out.suffix.lower(), language)
        with out.open("xb") as file:
            file.write(data)
    tell("import.template", language, path=out)
    for code, zh, en in explain_columns():
        text = zh if language == "zh" else en
        for n, line in enumerate(wrap(text, 44)):
            click.echo(f"  {pad(code if n == 0 else '', 33)} {line}".rstrip())


@click.command("import")
@with_annex
@registry_option
@click.option("--from", "source", type=FILE, required=True, help="The list: CSV or .xlsx, as `template` writes it.")
@click.option("--out", type=FOLDER, required=True, help="New folder for the drafts, one file a decision.")
@click.option("--court", "court_label", help="The court's name in the annex; needed where there are several.")
@click.option("--good-lines-only", is_flag=True, help="Leave out lines with problems, and take the others.")
@with_language
def import_drafts(
    annex_files: tuple[Path, Path, str], registry_folder: Path, source: Path, out: Path, court_label: str | None,
    good_lines_only: bool, language: str,
) -> None:  # fmt: skip
    """Turn a list into unsigned drafts. All of it or nothing; what is wrong is told by line and field."""
    with plain_in(language), open_registry(registry_folder) as (_, log):
        annex = load_annex_files(*annex_files)
        court = _choose_court(annex, court_label)
        if source.stat().st_size > MOST_BYTES:
            raise SheetRefused("large")
        data = source.read_bytes()
        found = import_list(data, jurisdiction=annex.jurisdiction, court=court, today=_today())
        _print_problems(found, language)
        bad = {each.line for each in found.problems}
        if bad and not (good_lines_only and found.drafts):
            lines = len(bad | {each.line for each in found.drafts})
            key = "import.no_good" if good_lines_only else "import.nothing"
            raise click.ClickException(say(key, language, problems=len(found.problems), lines=lines))
        log.write(CourtAct.IMPORT, hashlib.sha256(data).hexdigest(), len(found.drafts))
        write_drafts(out, found.drafts)
    if bad:
        tell("import.some", language, lines=len(bad))
    tell("import.done", language, count=len(found.drafts), folder=out)


@click.command()
@with_annex
@keys_option
@registry_option
@click.option("--decision", "source", type=FILE, required=True, help="A draft, or a decision with one signature.")
@click.option("--out", type=FRESH_FILE, required=True, help="File for the decision with your signature.")
@with_language
def sign(
    annex_files: tuple[Path, Path, str], folder: Path, registry_folder: Path, source: Path, out: Path, language: str
) -> None:
    """Read one decision in full, and sign it. The second judge signs what the first has signed."""
    with plain_in(language), open_judge_log(folder, read_clock) as log:
        require_terminal(language)
        annex, register, today = load_annex_files(*annex_files), Register(registry_folder), _today()
        # Read once: what is shown is what is signed.
        text, kept = read_text(source), register.load(annex)
        # Before it is shown: what would be refused must not reach the screen, whose orders a text could carry.
        decision = read_next(text, load_judge_verifier(folder), annex, today)
        refuse_confirmed(decision, kept)
        log.write_about(CourtAct.LOOK, decision)
        for line in draw_decision(decision, kept, today, language, is_second="\n\n" in text):
            click.echo(line)
        if ask_number(decision.number, language, how="sign.how_one") is not Reply.SIGN:
            log.write_about(CourtAct.LEAVE, decision)
            raise click.ClickException(say("sign.not_signed", language))
        with open_key(folder, language) as signer:
            log.write_about(CourtAct.SIGN, decision)
            signed = sign_next(text, signer, annex, today)
        if signed.is_complete:
            register.keep_decision(signed.decision)
        write_private(out, signed.note.encode())
    click.echo(f"{out}: " + say("sign.signed_second" if signed.is_complete else "sign.signed_first", language))


@click.command()
@with_annex
@registry_option
@click.argument("sources", metavar="FILE...", nargs=-1, required=True, type=FILE)
@with_language
def show(annex_files: tuple[Path, Path, str], registry_folder: Path, sources: tuple[Path, ...], language: str) -> None:
    """Show drafts or decisions as a judge sees them, one below the other. Needs nobody's key."""
    with plain_in(language), open_registry(registry_folder) as (register, log):
        kept, today = register.load(load_annex_files(*annex_files)), _today()
        for at, source in enumerate(sources, 1):
            decision = parse_draft(draft_of(read_text(source)))
            check_decision(decision, decision.decided_on)
            log.write_about(CourtAct.LOOK, decision)
            for line in draw_decision(decision, kept, today, language, place=(at, len(sources))):
                click.echo(line)


@click.command("sign-batch")
@with_annex
@keys_option
@registry_option
@click.option("--drafts", type=FOLDER, required=True, help="Folder of drafts; for the second judge, the first one's.")
@click.option("--out", type=FOLDER, required=True, help="Folder for what you sign; the same one to go on.")
@with_language
def sign_batch(
    annex_files: tuple[Path, Path, str], folder: Path, registry_folder: Path, drafts: Path, out: Path, language: str
) -> None:
    """Sign the decisions of a folder one at a time; break off whenever you like, and go on later."""
    with plain_in(language), open_judge_log(folder, read_clock) as log:
        require_terminal(language)
        annex, register, today = load_annex_files(*annex_files), Register(registry_folder), _today()
        plan = plan_batch(drafts, out, load_judge_verifier(folder), annex, register.load(annex), today)
        _print_plan(plan, language)
        if plan.waiting:
            with open_key(folder, language) as signer:
                _go_through(plan, signer, annex, out, register, today, language, log)
    if plan.refused:
        raise SystemExit(1)


def open_key(folder: Path, language: str) -> AbstractContextManager[Signer]:
    """Open a judge's key, asking on the terminal; a bare one is told."""
    if find_keeping(folder) is KeptAs.BARE:
        tell("bare_key", language, err=True)
    return open_judge_key(folder, make_ask(language))


def _go_through(
    plan: Batch, signer: Signer, annex: Annex, out: Path, register: Register, today: date, language: str, log: CourtLog
) -> None:
    """Show each decision, ask for its number, sign that one; whatever ends it, say how far it came."""
    signed = asked = back = 0
    try:
        for item in plan.waiting:
            # Anew each time: what was signed a moment ago may be what this one follows.
            kept = register.load(annex)
            refuse_confirmed(item.decision, kept)
            log.write_about(CourtAct.LOOK, item.decision)
            place, is_second = (asked + 1, len(plan.waiting)), "\n\n" in item.text
            click.echo()
            for line in draw_decision(item.decision, kept, today, language, place=place, is_second=is_second):
                click.echo(line)
            reply = ask_number(item.decision.number, language, how="sign.how", is_batch=True)
            if reply is Reply.STOP:
                break
            asked += 1
            if reply is Reply.SIGN:
                log.write_about(CourtAct.SIGN, item.decision)
                step = sign_item(item, signer, annex, out, register, today)
                signed += 1
                tell("sign.signed_second" if step.is_complete else "sign.signed_first", language)
            elif reply is Reply.BACK:
                log.write_about(CourtAct.RETURN, item.decision)
                send_back(item, out)
                back += 1
                tell("sign.back", language)
            else:
                log.write_about(CourtAct.LEAVE, item.decision)
                tell("sign.later", language)
    finally:
        click.echo()
        tell("batch.ends", language, now=signed, left=len(plan.waiting) - signed - back)


def _print_plan(plan: Batch, language: str) -> None:
    tell(
        "batch.begins", language, waiting=len(plan.waiting), signed=plan.signed, back=len(plan.sent_back),
        refused=len(plan.refused),
    )  # fmt: skip
    for name, error in plan.refused:
        # Whoever can put a file there can name it so that it gives the screen orders.
        name = "".join(each if each.isprintable() else "?" for each in name)
        for line in wrap(say("batch.refused", language, file=name, why=explain(error, language)), 78):
            click.echo("  " + line)
    if plan.waiting:
        tell("batch.whole_day", language)


def _print_problems(found: ImportedList, language: str) -> None:
    heads = [say(f"import.{each}", language) for each in ("line", "field", "do")]
    for problems, is_warning in ((found.problems, False), (found.warnings, True)):
        if not problems:
            continue
        if is_warning:
            tell("import.warning", language, err=True)
        for line in draw_table(heads, _lay_out(problems[:_MOST_SHOWN], language), _WIDTHS):
            click.echo(line, err=True)
        if len(problems) > _MOST_SHOWN:
            tell("import.more", language, more=len(problems) - _MOST_SHOWN, err=True)


def _lay_out(problems: tuple[Problem, ...], language: str) -> list[tuple[str, str, str]]:
    """Return the rows of the table, long advice broken below itself."""
    rows = []
    for each in problems:
        lines = wrap(say(f"do.{each.code}", language, other=each.other_line), _WIDTHS[2])
        field = describe_field(each.field, language) if each.field else ""
        rows.append((str(each.line), field, lines[0]))
        rows += [("", "", line) for line in lines[1:]]
    return rows


def _choose_court(annex: Annex, label: str | None) -> str:
    labels = [each.label for each in annex.courts]
    if label is None and len(labels) == 1:
        return labels[0]
    if label not in labels:
        raise NotThisCourt(", ".join(labels))
    return label


def _today() -> date:
    return read_clock().date()
