"""`kjt review`: a court whose list went quiet comes back by a review that a judge and oversight sign."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from commands.comparing.annex_option import load_annex_files, with_annex
from commands.comparing.court_asking import ask_notice, require_terminal
from commands.comparing.court_batch import open_key
from commands.comparing.court_logs import read_clock
from commands.comparing.court_words import plain_in, say, tell, with_language
from commands.plain import FILE, FOLDER, FRESH_FILE
from oversight.comparing.court_log import CourtAct, open_judge_log
from oversight.comparing.deciding import find_court_of
from oversight.comparing.judge_keys import load_judge_verifier
from oversight.comparing.keys import KeyFile, load_signing_key
from oversight.comparing.list_files import read_text
from oversight.comparing.mailbox import Mailbox
from oversight.comparing.offline_log import open_offline_log
from oversight.comparing.page.audit import PageAct
from oversight.comparing.register import Register
from oversight.keys import write_private
from oversight.own_log import COMMAND_LINE
from records.comparing.annex import Annex
from records.comparing.mail import LetterKind, QuietNotice, Role, decode_quiet, encode_note, seal_letter
from records.comparing.reviews import Review, agree_to_review, load_review, read_review, sign_review
from records.suite import HybridSecretKey

# In oversight's own log, beside what it countersigned. Subject: the court, the number of the notice.
_keys_option = click.option("--keys", "folder", type=FOLDER, required=True, help="Your own key folder.")


@click.group()
def review() -> None:
    """End the silence of a court: a judge signs, then oversight, then the court sends it (docs/oversight.md)."""


@review.command()
@with_annex
@_keys_option
@click.option("--notice", "number", type=click.IntRange(1), required=True, help="Number of the notice to answer.")
@click.option("--out", type=FRESH_FILE, required=True, help="File for the review with your signature.")
@with_language
def sign(annex_files: tuple[Path, Path, str], folder: Path, number: int, out: Path, language: str) -> None:
    """Sign, as a judge, that your court has looked at what made its list quiet."""
    with plain_in(language), open_judge_log(folder, read_clock) as log:
        require_terminal(language)
        annex = load_annex_files(*annex_files)
        court = find_court_of(load_judge_verifier(folder).name, annex)
        made = Review(annex.jurisdiction, court.label, number, read_clock().date())
        _ask(made, "silence.sign", language)
        with open_key(folder, language) as signer:
            log.write(CourtAct.SIGN_REVIEW, made.court, made.notice)
            write_private(out, sign_review(made, signer).encode())
    click.echo(f"{out}: " + say("silence.signed", language))


@review.command()
@with_annex
@click.option("--offline", type=FOLDER, required=True, help="Oversight's folder of the key that signs lists.")
@click.option("--review", "source", type=FILE, required=True, help="The review that the court has signed.")
@click.option("--out", type=FRESH_FILE, required=True, help="File for the review with both signatures.")
@with_language
def agree(annex_files: tuple[Path, Path, str], offline: Path, source: Path, out: Path, language: str) -> None:
    """Agree, as oversight, that the court's decisions are compared again."""
    with plain_in(language):
        require_terminal(language)
        # Read once: what is shown is what is signed.
        annex, note = load_annex_files(*annex_files), read_text(source)
        shown = read_review(note, annex)
        _ask(shown, "silence.agree", language)
        signed = agree_to_review(note, annex, load_signing_key(offline, KeyFile.LIST))
        with open_offline_log(offline, read_clock) as own:
            own.write(COMMAND_LINE, PageAct.REVIEW, str(shown.notice))
        write_private(out, signed.encode())
    click.echo(f"{out}: " + say("silence.agreed", language))


@review.command()
@with_annex
@_keys_option
@click.option("--relay", required=True, help="Address of the relay, on this machine.")
@click.option("--registry", "registry_folder", type=FOLDER, help="Folder of the court's registry, to note it there.")
@click.argument("source", type=FILE)
@with_language
def send(
    annex_files: tuple[Path, Path, str], folder: Path, relay: str, registry_folder: Path | None, source: Path,
    language: str,
) -> None:  # fmt: skip
    """Send a review with both signatures to the office and the station, as the court."""
    with plain_in(language), open_judge_log(folder, read_clock) as log:
        annex, note = load_annex_files(*annex_files), read_text(source)
        loaded = load_review(note, annex)
        with open_key(folder, language) as signer:
            mailbox = Mailbox(relay, "court", signer.key, read_clock)
            log.write(CourtAct.SEND_REVIEW, loaded.court, loaded.notice)
            for receiver, box in ((Role.OFFICE, annex.office_box), (Role.STATION, annex.station_box)):
                content = encode_note(note)
                mailbox.send(seal_letter(LetterKind.REVIEW, Role.COURT, receiver, content, box=box, key=signer.key))
        if registry_folder is not None:
            Register(registry_folder).keep_answer(loaded)
    tell("silence.sent", language)


def tell_notices(
    mailbox: Mailbox, box: HybridSecretKey, annex: Annex, keep: Callable[[QuietNotice], None] | None = None
) -> None:
    """Say which decisions and courts went quiet, and keep each. Raises: RelaySilent."""
    for notice in mailbox.fetch(box, Role.STATION, LetterKind.QUIET, annex.station_key.key, decode_quiet):
        if keep is not None:
            keep(notice)
        click.echo(describe_notice(notice))


def describe_notice(notice: QuietNotice) -> str:
    """Return what went quiet, in both languages."""
    head = f"{notice.day}  {notice.court}  {notice.decision}".rstrip()
    if notice.leaf is not None:
        return (
            f"{head}  误报 {notice.false} 次，该决定已停用；如有需要，请另作决定 "
            f"{notice.false} false alerts: it is compared no longer; decide anew if it is needed"
        )
    return (
        f"{head}  第 {notice.number} 号通知：结单 {notice.closed} 件中误报 {notice.false} 件，"
        f"本院全部决定停用，待法院与监督机构复查 notice {notice.number}: {notice.false} of {notice.closed} closed "
        "alerts were false: none of its decisions is compared until court and oversight have reviewed that"
    )


def _ask(made: Review, question: str, language: str) -> None:
    """Show what would be signed; only the notice's number, typed at a terminal, is a yes."""
    tell("silence.shown", language, court=made.court, notice=made.notice, day=made.reviewed_on)
    tell(question, language)
    if not ask_notice(made.notice, language):
        raise click.ClickException(say("sign.not_signed", language))
