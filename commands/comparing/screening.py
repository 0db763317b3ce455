"""`kjt screening`: the screening office. A demonstration, on this machine only; it listens nowhere."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from commands.comparing.screening_lists import LIST_COMMANDS, officer_option, open_settings, settings_option
from commands.comparing.screening_words import find_words, plain_office_errors, say
from commands.plain import FOLDER, NEW_FILE
from oversight.comparing.annexing import fingerprint
from records.small_counts import FEWEST, round_count
from screening.audit import COMMAND_LINE, OfficeAct, open_audit
from screening.clock import Clock
from screening.keys import load_officer_key, make_office_keys, make_officer_key
from screening.officers import load_officers
from screening.process import serve_screening
from screening.settings import ScreeningSettings
from screening.store.handles import load_counts
from screening.store.suppressions import list_suppressions
from screening.suppressing import approve as approve_suppression
from service.audit.export import list_members, write_archive
from service.audit.keys import load_audit_key
from service.settings import load_settings


@click.group()
def screening() -> None:
    """The screening office: compare what passes with courts' decisions, and forget it (docs/oversight.md).

    比对办公室：将经过的信息与法院决定比对，随即忘记。
    """


for each in LIST_COMMANDS:
    screening.add_command(each)


@screening.command()
@click.option("--out", required=True, type=FOLDER, help="Folder for the office's keys.")
@click.option("--name", required=True, help="The office's name, such as town.example/office.")
def keys(out: Path, name: str) -> None:
    """Make the office's keys; office.pub goes to oversight, for the annex.

    生成办公室的密钥。
    """
    with plain_office_errors():
        made = make_office_keys(out, name)
    say("keys_made", file=out / "office.pub")
    click.echo(fingerprint(made.signer.verifier))


@screening.command()
@click.option("--out", required=True, type=NEW_FILE, help="The officer's key file; kept by the officer alone.")
@click.option("--name", required=True, help="The officer's name, such as town.example/office/first.")
def officer(out: Path, name: str) -> None:
    """Make an officer's key, and print its public half for the settings.

    生成工作人员的密钥。
    """
    with plain_office_errors():
        click.echo(make_officer_key(out, name).verifier.to_text())


@screening.command()
@settings_option
def counts(settings_path: Path) -> None:
    """Print the counts of today (UTC). There is nothing else to print: no guest was kept.

    当日计数。
    """
    with open_settings(settings_path) as (_, store):
        open_audit(store, Clock().now).write(COMMAND_LINE, OfficeAct.COUNTS)
        with store.reading() as connection:
            found = load_counts(connection, Clock().day)
    if not found:
        say("no_counts")
    few = tuple(words.format(most=FEWEST) for words in find_words("few"))
    for name, count in sorted(found.items()):
        rounded = round_count(count)
        told = few if rounded is None else (str(rounded), str(rounded))
        click.echo(f"{find_words(f'count_{name}')[0]}　{told[0]}")
        click.echo(f"{name}  {told[1]}")


@screening.group()
def suppressions() -> None:
    """Guests who were found not to be the person of a decision.

    已核实为他人的旅客。
    """


@suppressions.command("list")
@settings_option
def list_(settings_path: Path) -> None:
    """List them by the digest of their decision: there is no more to show.

    列出。
    """
    with open_settings(settings_path) as (_, store):
        open_audit(store, Clock().now).write(COMMAND_LINE, OfficeAct.SUPPRESSIONS)
        with store.reading() as connection:
            rows = list_suppressions(connection)
    for each in rows:
        zh, en = find_words("state_approved" if each.approved else "state_proposed")
        say("suppression", number=each.id, leaf=each.leaf.hex()[:16], state_zh=zh, state_en=en)


@suppressions.command()
@settings_option
@officer_option
@click.argument("number", type=click.IntRange(1))
def approve(settings_path: Path, officer_path: Path, number: int) -> None:
    """Approve one that an officer of the station proposed by closing an alert as "other person".

    批准。
    """
    with open_settings(settings_path) as (settings, store):
        officers, signer = load_officers(settings.officers), load_officer_key(officer_path)
        open_audit(store, Clock().now).write(signer.name, OfficeAct.SUPPRESS, str(number))
        approve_suppression(store, officers, number, signer, datetime.now(UTC))
    say("approved", number=number)


@screening.command()
@settings_option
@click.option("--last", type=click.IntRange(1), default=100, show_default=True, help="How many places to go back.")
def read_log(settings_path: Path, last: int) -> None:
    """Show the latest entries of the audit log. That you did is an entry too.

    查看审计日志。
    """
    with open_settings(settings_path) as (_, store):
        log = open_audit(store, Clock().now)
        count = log.count()
        entries = log.read(COMMAND_LINE, max(0, count - last), count + 1)
    for each in entries:
        moment = datetime.fromtimestamp(each.time, UTC)
        said, _ = find_words(f"act_{each.act.replace(' ', '_')}")
        click.echo(
            f"{each.number:>8}  {moment:%Y-%m-%d %H:%M:%S}  {each.actor}  {said} {each.act}  {each.subject}".rstrip()
        )


@screening.command()
@settings_option
@click.option("--out", required=True, type=NEW_FILE, help="The file to write; new.")
def export_log(settings_path: Path, out: Path) -> None:
    """Write the audit log into a file, and print its public keys (kjt audit verify).

    导出审计日志。
    """
    with open_settings(settings_path) as (settings, store):
        signer = load_audit_key(settings.audit_key)
        copy = open_audit(store, Clock().now).copy(COMMAND_LINE, signer)
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(write_archive(list_members(copy)))
    say("exported", file=out, leaves=len(copy.commitments), entries=len(copy.entries), err=True)
    click.echo("\n".join(signer.log_verifier.to_texts()))


@screening.command()
@settings_option
def serve(settings_path: Path) -> None:
    """Compare until SIGTERM, while there is a permit. Outgoing connections only.

    开始工作。
    """
    with plain_office_errors():
        serve_screening(load_settings(settings_path, ScreeningSettings))
    sys.exit(0)


for name, command in (
    *screening.commands.items(),
    *((f"suppressions_{n}", c) for n, c in suppressions.commands.items()),
):
    command.short_help = " ".join(find_words(f"help_{name}"))
