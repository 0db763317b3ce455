"""`kjt desk`: oversight's desk. A demonstration, for specimens on this machine."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import click

from commands.comparing.reviews import describe_notice
from commands.plain import FILE, FOLDER, NEW_FILE, plain_errors
from oversight.comparing.desk.control import ask_desk
from oversight.comparing.desk.process import serve_desk
from oversight.comparing.desk.settings import DeskSettings, open_annex
from oversight.comparing.keys import KeyFile, load_box, load_signing_key
from oversight.comparing.list_files import read_leaves, read_text
from oversight.comparing.offline_log import open_offline_log
from oversight.comparing.page.audit import PageAct
from oversight.comparing.permitting import ask_for_draft, countersign_permit
from oversight.comparing.silences import fetch_silences, list_silences, open_mailbox
from oversight.keys import write_private
from oversight.own_log import COMMAND_LINE
from records.comparing.fault_words import ALERT_FAULT_WORDS, FAULT_WORDS
from records.comparing.lists import load_list
from records.comparing.mail import LetterKind, Role, decode_refusal
from records.small_counts import round_count, write_count
from service.settings import load_settings

_settings_option = click.option("--settings", "settings_path", required=True, type=FILE, help="Settings file (TOML).")


@click.group()
def desk() -> None:
    """Permit comparison day by day, and stop it (docs/oversight.md)."""


@desk.command()
@_settings_option
def serve(settings_path: Path) -> None:
    """Serve the desk until SIGTERM. It begins without a permit."""
    with plain_errors():
        settings = load_settings(settings_path, DeskSettings)
        serve_desk(settings, lambda port: _tell_ready(settings.address, port))


@desk.command()
@_settings_option
@click.option("--list", "list_path", type=FILE, required=True, help="list.note, as countersigned.")
@click.option("--leaves", "leaves_path", type=FILE, required=True, help="leaves.txt beside it.")
@click.option("--hours", type=click.FloatRange(0, 36, min_open=True), default=24.0, show_default=True)
@click.option("--max-comparisons", type=click.IntRange(1), help="Default: what the annex allows for a day.")
@click.option("--list-key", "offline", type=FOLDER, help="Folder of the list key, where it is on this machine.")
@click.option("--draft", "draft_path", type=NEW_FILE, help="Else: write what the holder of the list key is to sign.")
@click.option("--yes", is_flag=True, help="Permit without asking.")
def permit(
    settings_path: Path, list_path: Path, leaves_path: Path, hours: float, max_comparisons: int | None,
    offline: Path | None, draft_path: Path | None, yes: bool,
) -> None:  # fmt: skip
    """Permit that guests be compared with the decisions of one list, from now on and for at most 36 hours.

    A permit needs the desk's key and the list key. Where they are on two machines: `--draft` here, `kjt oversight
    agree` there, and `kjt desk issue` here, within half an hour.
    """
    if (offline is None) == (draft_path is None):
        raise click.UsageError("--list-key FOLDER, or --draft FILE")
    with plain_errors():
        settings, now = load_settings(settings_path, DeskSettings), datetime.now(UTC)
        annex, note = open_annex(settings, now), read_text(list_path)
        made, most = load_list(note, annex), max_comparisons or annex.max_comparisons_per_day
        click.echo(
            f"许可比对 Permit comparison: 自现在起 {hours:g} 小时 from now on for {hours:g} hours,\n"
            f"  清单 with list {made.number} of {made.made_on:%Y-%m-%d %H:%M} UTC: {made.count} 项决定 decisions,\n"
            f"  最多 at most {most} 次比对 comparisons. 在此之前的许可随即失效。 Any permit before this one ends."
        )
        if not yes:
            click.confirm("许可吗？ Do you permit it?", abort=True)
        drafted = ask_desk(settings.folder, ask_for_draft(note, read_leaves(leaves_path), hours, most))
        if draft_path is not None:
            write_private(draft_path, drafted.encode())
            click.echo(f"草案 Draft: {draft_path} — 须用清单密钥会签 to be signed with `kjt oversight agree`.")
            return
        signer = load_signing_key(cast(Path, offline), KeyFile.LIST)
        signed = countersign_permit(drafted, made, hours, most, annex, signer, now)
        with open_offline_log(cast(Path, offline), lambda: now) as own:
            own.write(COMMAND_LINE, PageAct.PERMIT, made.root.hex())
        _issue(settings, signed)


@desk.command()
@_settings_option
@click.option("--permit", "path", type=FILE, required=True, help="The draft, as `kjt oversight agree` signed it.")
def issue(settings_path: Path, path: Path) -> None:
    """Issue the permit that the holder of the list key has countersigned; the one before it ends."""
    with plain_errors():
        _issue(load_settings(settings_path, DeskSettings), read_text(path))


def _issue(settings: DeskSettings, note: str) -> None:
    number = ask_desk(settings.folder, {"command": "permit", "note": note})
    click.echo(f"许可第 {number} 号已生效。 Permit {number} is in force.")


@desk.command()
@_settings_option
def stop(settings_path: Path) -> None:
    """Stop comparison now. The key of the day is gone; only another permit begins again."""
    with plain_errors():
        number = ask_desk(load_settings(settings_path, DeskSettings).folder, {"command": "stop"})
    click.echo(f"许可第 {number} 号已停止。 Permit {number} is stopped. Nothing that was left out is made up for.")


@desk.command()
@_settings_option
def counts(settings_path: Path) -> None:
    """Show what was asked of the desk, day by day: evaluations, and everything that it refused, in steps of five."""
    with plain_errors():
        days = ask_desk(load_settings(settings_path, DeskSettings).folder, {"command": "counts"})
    for day, counted in days.items():
        click.echo(
            f"{day}  "
            + "  ".join(f"{what} {write_count(round_count(count))}" for what, count in sorted(counted.items()))
        )


@desk.command()
@_settings_option
@click.option("--relay", required=True, help="Address of the relay, on this machine.")
def refusals(settings_path: Path, relay: str) -> None:
    """Read which alerts the station refused, and why. Each is a question to the screening office."""
    with plain_errors():
        settings = load_settings(settings_path, DeskSettings)
        annex = open_annex(settings, datetime.now(UTC))
        mailbox = open_mailbox(relay, settings.folder, lambda: datetime.now(UTC))
        box = load_box(settings.folder)
        station = annex.station_key.key
        for report in mailbox.fetch(box, Role.STATION, LetterKind.REFUSAL_REPORT, station, decode_refusal):
            words = (
                ALERT_FAULT_WORDS[report.fault] if report.decision_fault is None else FAULT_WORDS[report.decision_fault]
            )
            click.echo(f"{report.day}  许可 permit {report.permit}  拒绝 refused: {'　'.join(words)}")
        fetch_silences(mailbox, settings.folder, annex)
        # Kept, and shown each time: the page may have read the letter first.
        for notice in list_silences(settings.folder):
            click.echo(describe_notice(notice))
        mailbox.acknowledge()
        if mailbox.set_aside:
            count = mailbox.set_aside.total()
            click.echo(
                f"另有 {count} 封信无法读取，已搁置，请询问派出所 "
                f"{count} letters could not be read and were set aside: ask the station",
                err=True,
            )


def _tell_ready(address: str, port: int) -> None:
    click.echo(f"服务台已启动，尚无许可 The desk listens on http://{address}:{port}, without a permit.")
    sys.stdout.flush()
