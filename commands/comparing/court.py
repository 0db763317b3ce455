"""`kjt court decisions`: a court's tool for decisions about one person. A demonstration, for specimens."""

from __future__ import annotations

from pathlib import Path

import click

from commands.comparing.annex_option import load_annex_files, with_annex
from commands.comparing.court_asking import make_ask
from commands.comparing.court_batch import import_drafts, keys_option, open_key, show, sign, sign_batch, template
from commands.comparing.court_due import due, print_notice, renew, review
from commands.comparing.court_logs import note_ending, read_clock
from commands.comparing.court_words import plain_in, say, tell, with_language
from commands.comparing.reviews import tell_notices
from commands.plain import FILE, FOLDER, FRESH_FILE, NEW_FILE
from oversight.comparing.court_log import CourtAct, open_judge_log, open_registry_log
from oversight.comparing.deciding import find_court_of, read_draft, withdraw_decision
from oversight.comparing.judge_keys import load_judge_verifier, make_judge_key, make_judge_key_on_token
from oversight.comparing.keys import PublicKeys, load_box, make_box
from oversight.comparing.list_files import read_text
from oversight.comparing.mailbox import Mailbox
from oversight.comparing.register import Register
from oversight.keys import write_private
from records.comparing.annex import Annex
from records.comparing.decisions import describe_decision, draft_text
from records.comparing.mail import LetterKind, Role, decode_outcome, encode_note, seal_letter
from records.comparing.withdrawals import WithdrawalReason, load_withdrawal
from records.notes import NoteVerifier, Signer
from records.suite import HybridPublicKey


@click.group()
def decisions() -> None:
    """Decide that one person be compared: draft, two signatures, withdraw, mail (docs/oversight.md)."""


@decisions.command()
@click.option("--out", type=FOLDER, required=True, help="Folder for the key. Each judge has one, kept by nobody else.")
@click.option("--name", required=True, help="Name in signed texts, such as town.example/court/first-judge.")
@click.option("--module", type=FILE, help="The token's own PKCS #11 library; without it the key is a file.")
@click.option("--token", help="The token's label.")
@with_language
def keys(out: Path, name: str, module: Path | None, token: str | None, language: str) -> None:
    """Make a judge's signing key: on a token, or in a file under a passphrase."""
    if (module is None) != (token is None):
        raise click.UsageError("--module and --token belong together")
    with plain_in(language):
        if module is not None and token is not None:
            verifier = make_judge_key_on_token(out, name, module, token, make_ask(language))
        else:
            verifier = make_judge_key(out, name, make_ask(language))
    click.echo(verifier.to_text())


@decisions.command()
@click.option("--out", type=FOLDER, required=True, help="Folder of the court's registry, for the key of its mail.")
@click.option("--judge", "judges", required=True, multiple=True, help="A judge's public key; two to four times.")
@click.option("--public", "public_path", type=NEW_FILE, required=True, help="File for oversight, for the annex.")
@with_language
def registry(out: Path, judges: tuple[str, ...], public_path: Path, language: str) -> None:
    """Make the key of the court's mail, and the file of public keys that goes to oversight."""
    with plain_in(language):
        verifiers = tuple(NoteVerifier.from_text(judge) for judge in judges)
        public_path.write_text(PublicKeys(verifiers, make_box(out)).to_text(), encoding="utf-8")
    tell("registry.done", language, path=public_path)


@decisions.command()
@with_annex
@keys_option
@click.option("--from", "source", type=FILE, required=True, help="JSON file; docs/oversight.md has an example.")
@click.option("--out", type=FRESH_FILE, required=True, help="File for the draft.")
@with_language
def draft(annex_files: tuple[Path, Path, str], folder: Path, source: Path, out: Path, language: str) -> None:
    """Turn a file about one person into a draft, and show everything that would be signed."""
    with plain_in(language), open_judge_log(folder, read_clock) as log:
        annex = load_annex_files(*annex_files)
        court = find_court_of(load_judge_verifier(folder).name, annex)
        drafted = read_draft(
            source.read_bytes(), jurisdiction=annex.jurisdiction, court=court.label, today=read_clock().date()
        )
        log.write_about(CourtAct.DRAFT, drafted)
        click.echo("\n".join(describe_decision(drafted)))
        write_private(out, draft_text(drafted).encode())
    tell("draft.done", language, path=out)


@decisions.command()
@with_annex
@keys_option
@click.option("--decision", "source", type=FILE, required=True, help="The decision, with its two signatures.")
@click.option("--reason", type=click.Choice([str(reason) for reason in WithdrawalReason]), required=True)
@click.option("--out", type=NEW_FILE, required=True, help="File for the withdrawal.")
@click.option("--relay", help="Address of the relay, on this machine: send it at once.")
@click.option("--registry", "registry_folder", type=FOLDER, help="Folder of the court's registry, to keep it there.")
@with_language
def withdraw(
    annex_files: tuple[Path, Path, str], folder: Path, source: Path, reason: str, out: Path, relay: str | None,
    registry_folder: Path | None, language: str,
) -> None:  # fmt: skip
    """Withdraw a decision of your court. One judge is enough, and nobody has to agree."""
    with plain_in(language):
        annex = load_annex_files(*annex_files)
        with open_key(folder, language) as signer:
            note = withdraw_decision(read_text(source), WithdrawalReason(reason), signer, annex, read_clock().date())
            note_ending(folder, CourtAct.WITHDRAW, load_withdrawal(note, annex).leaf.hex(), reason, language=language)
            out.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(out, note.encode())
            if registry_folder is not None:
                Register(registry_folder).keep_withdrawal(note, annex)
            tell("withdraw.done", language, path=out)
            if relay is None:
                tell("withdraw.send", language, path=out)
            else:
                mailbox = Mailbox(relay, "court", signer.key, read_clock)
                _send_withdrawal(mailbox, note, annex, signer, folder, language)
                tell("mail.sent", language, path=out.name)


@decisions.command()
@with_annex
@keys_option
@click.option(
    "--registry", "--box", "registry_folder", type=FOLDER, required=True, help="Folder of the court's registry."
)
@click.option("--relay", required=True, help="Address of the relay, on this machine.")
@click.option("--send", "withdrawals", type=FILE, multiple=True, help="A withdrawal, to the office and the station.")
@with_language
def mail(
    annex_files: tuple[Path, Path, str], folder: Path, registry_folder: Path, relay: str,
    withdrawals: tuple[Path, ...], language: str,
) -> None:  # fmt: skip
    """Send withdrawals, read what became of alerts, and keep it in the registry."""
    with plain_in(language):
        annex, register = load_annex_files(*annex_files), Register(registry_folder)
        box = load_box(registry_folder)
        with open_key(folder, language) as signer:
            mailbox = Mailbox(relay, "court", signer.key, read_clock)
            for path in withdrawals:
                _send_withdrawal(mailbox, read_text(path), annex, signer, folder, language)
                register.keep_withdrawal(read_text(path), annex)
                tell("mail.sent", language, path=path.name)
            with open_registry_log(register, read_clock) as log:
                log.write(CourtAct.READ_MAIL)
            for report in mailbox.fetch(box, Role.STATION, LetterKind.OUTCOME, annex.station_key.key, decode_outcome):
                register.keep_outcome(report)
                click.echo(f"{report.day}  {report.decision}  {say(f'outcome.{report.outcome}', language)}")
            tell_notices(mailbox, box, annex, register.keep_silence)
            # Only what is kept here may go there.
            mailbox.acknowledge()
            if mailbox.set_aside:
                tell("mail.set_aside", language, count=mailbox.set_aside.total(), err=True)
        print_notice(register, annex, language)


for _command in (template, import_drafts, show, sign, sign_batch, due, review, renew):
    decisions.add_command(_command)


def _send_withdrawal(
    mailbox: Mailbox, note: str, annex: Annex, signer: Signer, folder: Path, language: str
) -> None:  # fmt: skip
    note_ending(folder, CourtAct.SEND, load_withdrawal(note, annex).leaf.hex(), language=language)
    receivers: list[tuple[Role, HybridPublicKey]] = [
        (Role.OFFICE, annex.office_box),
        (Role.STATION, annex.station_box),
    ]
    for receiver, box in receivers:
        letter = seal_letter(
            LetterKind.WITHDRAWAL, Role.COURT, receiver, encode_note(note), box=box, key=signer.key
        )  # fmt: skip
        mailbox.send(letter)
