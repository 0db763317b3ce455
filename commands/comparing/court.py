"""`kjt court decisions`: a court's tool for decisions about one person. A demonstration, for specimens."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from commands.comparing.annex_option import load_annex_files, plain_refusals, with_annex
from commands.comparing.reviews import tell_notices
from commands.plain import FILE, FOLDER, NEW_FILE
from oversight.comparing.deciding import find_court_of, read_draft, sign_next, withdraw_decision
from oversight.comparing.keys import KeyFile, PublicKeys, load_box, load_signing_key, make_box, make_signing_key
from oversight.comparing.list_files import read_text
from oversight.comparing.mailbox import Mailbox
from oversight.keys import write_private
from records.comparing.annex import Annex
from records.comparing.decisions import check_decision, describe_decision, draft_text, parse_draft
from records.comparing.mail import LetterKind, Outcome, Role, decode_outcome, encode_note, seal_letter
from records.comparing.withdrawals import WithdrawalReason, load_withdrawal
from records.notes import NoteVerifier
from records.suite import HybridPublicKey

_keys_option = click.option("--keys", "folder", type=FOLDER, required=True, help="Your own key folder.")
_OUTCOMES = {
    Outcome.CONFIRMED: "是本人 it was this person: the decision ends",
    Outcome.OTHER_PERSON: "是他人 it was another person",
    Outcome.IDENTITY_MISUSED: "身份被冒用 the identity was misused",
    Outcome.DECISION_WRONG: "决定有误，请审查 the decision is wrong: please look at it",
    Outcome.COULD_NOT_BE_FOUND: "未找到；第二次后决定中止 could not be found; the second time suspends the decision",
}


@click.group()
def decisions() -> None:
    """Decide that one person be compared: draft, two signatures, withdraw, mail (docs/oversight.md)."""


@decisions.command()
@click.option("--out", type=FOLDER, required=True, help="Folder for the key. Each judge has one, kept by nobody else.")
@click.option("--name", required=True, help="Name in signed texts, such as town.example/court/first-judge.")
def keys(out: Path, name: str) -> None:
    """Make a judge's signing key."""
    with plain_refusals():
        click.echo(make_signing_key(out, KeyFile.JUDGE, name).to_text())


@decisions.command()
@click.option("--out", type=FOLDER, required=True, help="Folder of the court's registry, for the key of its mail.")
@click.option("--judge", "judges", required=True, multiple=True, help="A judge's public key; two to four times.")
@click.option("--public", "public_path", type=NEW_FILE, required=True, help="File for oversight, for the annex.")
def registry(out: Path, judges: tuple[str, ...], public_path: Path) -> None:
    """Make the key of the court's mail, and the file of public keys that goes to oversight."""
    with plain_refusals():
        verifiers = tuple(NoteVerifier.from_text(judge) for judge in judges)
        public_path.write_text(PublicKeys(verifiers, make_box(out)).to_text(), encoding="utf-8")
    click.echo(f"{public_path} goes to oversight, which reads each key's fingerprint back to its judge.")


@decisions.command()
@with_annex
@_keys_option
@click.option("--from", "source", type=FILE, required=True, help="JSON file; docs/oversight.md has an example.")
@click.option("--out", type=NEW_FILE, required=True, help="File for the draft.")
def draft(annex_files: tuple[Path, Path, str], folder: Path, source: Path, out: Path) -> None:
    """Turn a file about one person into a draft, and show everything that would be signed."""
    with plain_refusals():
        annex = load_annex_files(*annex_files)
        court = find_court_of(load_signing_key(folder, KeyFile.JUDGE).name, annex)
        drafted = read_draft(
            source.read_bytes(), jurisdiction=annex.jurisdiction, court=court.label, today=datetime.now(UTC).date()
        )
        click.echo("\n".join(describe_decision(drafted)))
        write_private(out, draft_text(drafted).encode())
    click.echo(f"草稿 Draft: {out}　尚未签署 nobody has signed it.")


@decisions.command()
@with_annex
@_keys_option
@click.option("--decision", "source", type=FILE, required=True, help="A draft, or a decision with one signature.")
@click.option("--out", type=NEW_FILE, required=True, help="File for the decision with your signature.")
@click.option("--yes", is_flag=True, help="Sign without asking.")
def sign(annex_files: tuple[Path, Path, str], folder: Path, source: Path, out: Path, yes: bool) -> None:
    """Read one decision in full, and sign it. The second judge signs what the first has signed."""
    with plain_refusals():
        annex = load_annex_files(*annex_files)
        # Read once: what is shown is what is signed.
        text = read_text(source)
        decision = parse_draft(text if "\n\n" not in text else text.rpartition("\n\n")[0] + "\n")
        # Before it is shown: what would be refused must not reach the screen, whose orders a text could carry.
        check_decision(decision, datetime.now(UTC).date())
        click.echo("\n".join(describe_decision(decision)))
        if not yes:
            click.confirm("以上全部属实，签署吗？ Is all of this so, and do you sign it?", abort=True)
        signed = sign_next(text, load_signing_key(folder, KeyFile.JUDGE), annex, datetime.now(UTC).date())
        write_private(out, signed.note.encode())
    if signed.is_complete:
        click.echo(f"已有两人签署 Two have signed: {out} goes to oversight, which reads it and may say no.")
    else:
        click.echo(f"已有一人签署 One has signed: {out} goes to a second judge. It does nothing yet.")


@decisions.command()
@with_annex
@_keys_option
@click.option("--decision", "source", type=FILE, required=True, help="The decision, with its two signatures.")
@click.option("--reason", type=click.Choice([str(reason) for reason in WithdrawalReason]), required=True)
@click.option("--out", type=NEW_FILE, required=True, help="File for the withdrawal.")
def withdraw(annex_files: tuple[Path, Path, str], folder: Path, source: Path, reason: str, out: Path) -> None:
    """Withdraw a decision of your court. One judge is enough, and nobody has to agree."""
    with plain_refusals():
        annex, signer = load_annex_files(*annex_files), load_signing_key(folder, KeyFile.JUDGE)
        today = datetime.now(UTC).date()
        note = withdraw_decision(read_text(source), WithdrawalReason(reason), signer, annex, today)
        write_private(out, note.encode())
    click.echo(f"已撤回 Withdrawn: {out}")
    click.echo(f"Send it now with `kjt court decisions mail --send {out}`, and give it to oversight.")


@decisions.command()
@with_annex
@_keys_option
@click.option("--box", "box_folder", type=FOLDER, required=True, help="Folder of the court's registry.")
@click.option("--relay", required=True, help="Address of the relay, on this machine.")
@click.option("--send", "withdrawals", type=FILE, multiple=True, help="A withdrawal, to the office and the station.")
def mail(
    annex_files: tuple[Path, Path, str], folder: Path, box_folder: Path, relay: str, withdrawals: tuple[Path, ...]
) -> None:
    """Send withdrawals, and read what became of alerts."""
    with plain_refusals():
        annex, signer = load_annex_files(*annex_files), load_signing_key(folder, KeyFile.JUDGE)
        mailbox = Mailbox(relay, "court", signer.key, lambda: datetime.now(UTC))
        for path in withdrawals:
            for letter in _write_withdrawal(read_text(path), annex, folder):
                mailbox.send(letter)
            click.echo(f"已发送 Sent to the office and the station: {path.name}")
        box = load_box(box_folder)
        for content in mailbox.fetch(box, Role.STATION, LetterKind.OUTCOME, annex.station_key.key):
            report = decode_outcome(content)
            click.echo(f"{report.day}  {report.decision}  {_OUTCOMES[report.outcome]}")
        tell_notices(mailbox, box, annex)
        mailbox.acknowledge()


def _write_withdrawal(note: str, annex: Annex, folder: Path) -> list[bytes]:
    load_withdrawal(note, annex)
    signer = load_signing_key(folder, KeyFile.JUDGE)
    receivers: list[tuple[Role, HybridPublicKey]] = [
        (Role.OFFICE, annex.office_box),
        (Role.STATION, annex.station_box),
    ]
    return [
        seal_letter(LetterKind.WITHDRAWAL, Role.COURT, receiver, encode_note(note), box=box, key=signer.key)
        for receiver, box in receivers
    ]
