"""What the commands of comparison share: the options by which they find the annex, and refusals in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from commands.plain import FILE, plain_errors
from oversight.comparing.list_files import read_text
from records.comparing.annex import Annex, load_annex
from records.comparing.errors import DecisionRefused
from records.comparing.fault_words import describe_refusal
from records.notes import NoteVerifier
from records.root import load_root


def with_annex(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `annex_files`: annex, root, and the root's verifier key."""

    @click.option("--annex", "annex_path", type=FILE, required=True, help="annex.note")
    @click.option("--root", "root_path", type=FILE, required=True, help="root.note")
    @click.option("--root-verifier", required=True, help="Verifier key of the root file.")
    @wraps(command)
    def wrapped(annex_path: Path, root_path: Path, root_verifier: str, **others: Any) -> Any:
        return command(annex_files=(annex_path, root_path, root_verifier), **others)

    return wrapped


def load_annex_files(annex_path: Path, root_path: Path, root_verifier: str) -> Annex:
    """Return the annex as of now. Raises: RootRefused, AnnexRefused, MalformedBytes, OSError."""
    now, verifier = datetime.now(UTC), NoteVerifier.from_text(root_verifier)
    return load_annex(read_text(annex_path), verifier, load_root(read_text(root_path), verifier, now), now)


@contextmanager
def plain_refusals() -> Iterator[None]:
    """Turn the refusal of a decision into its words, and every other error into its sentence; exit status 1."""
    with plain_errors():
        try:
            yield
        except DecisionRefused as error:
            raise click.ClickException(f"拒绝 Refused: {describe_refusal(error)}") from None
