"""`kjt receipt`: says whether a receipt that a house shows was really signed by the registration service."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from commands.plain import FILE, plain_errors
from records.errors import RecordsError
from records.notes import NoteVerifier
from records.receipt_text import parse_receipt_text
from records.root import load_root
from records.suite import AnyOf, Verifier


@click.command()
@click.argument("texts", nargs=-1)
@click.option("--root", "root_path", type=FILE, required=True, help="root.note of the jurisdiction")
@click.option("--root-verifier", required=True, help="Verifier key of the root file.")
def receipt(texts: tuple[str, ...], root_path: Path, root_verifier: str) -> None:
    """Check receipts as the codes on a proof of registration say them; without TEXTS, from standard input.

    Says of each which terminal it is for, under which number, and when it was received. It names no guest.
    Exit status 1 when one is not genuine, or was given twice.
    """
    with plain_errors():
        note = root_path.read_text(encoding="utf-8")
        root = load_root(note, NoteVerifier.from_text(root_verifier), datetime.now(UTC))
        # Both, whatever day it is: a receipt of before the change stays a proof.
        key = AnyOf((root.receipt_key, *([root.next_receipt_key.key] if root.next_receipt_key else [])))
    said: list[str] = []
    for text in texts or sys.stdin.read().split():
        line = describe_receipt(text, key)
        # One guest's receipt on the papers of two: both are genuine, and only one of them is registered.
        said.append(f"AGAIN, given before: {line}" if line.startswith("genuine") and line in said else line)
    for line in said or ["nothing to check: no receipt was given"]:
        click.echo(line)
    if not said or not all(line.startswith("genuine") for line in said):
        raise SystemExit(1)


def describe_receipt(text: str, key: Verifier) -> str:
    """Return what there is to say of one receipt's text, in one line."""
    try:
        found = parse_receipt_text(text, key)
    except RecordsError:
        # What was given is not repeated: it may be a control sequence for the inspector's window.
        return "NOT GENUINE: this was not signed by the registration service of this root file"
    return (
        f"genuine: {found.acknowledgement}, received {found.received_at:%Y-%m-%d %H:%M:%S} UTC,"
        f" from terminal {found.terminal.hex()}, number {found.generation}/{found.sequence}"
    )
